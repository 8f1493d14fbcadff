//! `dbbench report --export`: a result in the formats of other tools, and what is wrong with what is asked for.

use std::fs;

use crate::support::{Place, measured, tiny};

/// A result of three rounds in `out`, with an expectation that the null target leaves undecided: it is no server to judge.
fn result() -> Place {
    let place = Place::new();
    let expect = "\n[[expect]]\nclaim = \"nothing takes any time\"\nvariant = \"two\"\nmetric = \"response.p50\"\nvalue = { at_most = \"1ns\" }\n";
    place.workload(&format!("{}{expect}", tiny(&[])));
    let options = ["--target", "null:", "--rounds", "3", "--measure", "40ms", "--warmup", "10ms", "--quiet"];
    place.run_out(&options).ends_with(measured(0));
    place
}

#[test]
fn every_format_is_written_where_it_is_said() {
    let place = result();
    let all =
        ["--export", "hgrm", "--export", "csv=table.csv", "--export", "openmetrics", "--export", "junit=tests.xml"];
    let outcome = place.run(&[&["report", "out"], &all[..]].concat()).ends_with(measured(0));
    assert_eq!(outcome.stdout.lines().last(), Some("out"), "stdout is as without");
    outcome.says(&["exported: 4 files in out/hgrm", "exported: table.csv", "exported: out/openmetrics.txt"]);
    for name in ["one.hgrm", "one.one.hgrm", "two.hgrm", "two.two.hgrm"] {
        let text = fs::read_to_string(place.path("out/hgrm").join(name)).unwrap();
        assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"), "{name}: {text}");
        assert!(text.contains("#[Max     ="), "{name}");
    }
    let table = fs::read_to_string(place.path("table.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 2 + 2);
    let metrics = fs::read_to_string(place.path("out/openmetrics.txt")).unwrap();
    assert!(metrics.ends_with("# EOF\n") && metrics.contains("dbbench_response_seconds_count{workload=\"tiny\""));
    let cases = fs::read_to_string(place.path("tests.xml")).unwrap();
    assert!(cases.contains("<skipped message=\"undecided: response p50 of two"), "{cases}");
    place.run(&["report", "out", "--strict", "--export", "junit=tests.xml"]).ends_with(measured(3));
    let cases = fs::read_to_string(place.path("tests.xml")).unwrap();
    assert!(cases.contains("<failure message=\"undecided: response p50 of two"), "{cases}");
}

/// The median of the table by percentile is that of the summary.
#[test]
fn percentiles_are_those_of_the_summary() {
    let place = result();
    place.run(&["report", "out", "--export", "hgrm=percentiles", "--quiet"]).ends_with(2);
    place.run(&["report", "out", "--export", "hgrm=percentiles"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    for variant in summary["variants"].as_array().unwrap() {
        let text =
            fs::read_to_string(place.path("percentiles").join(format!("{}.hgrm", variant["name"].as_str().unwrap())))
                .unwrap();
        let median = text.lines().find(|line| line.contains(" 0.500000000000 ")).expect("a median");
        let median_ms: f64 = median.split_whitespace().next().unwrap().parse().unwrap();
        let stated_us = variant["mix"]["response_us"]["p50"].as_f64().unwrap();
        assert!((median_ms * 1e3 - stated_us).abs() < 1e-3, "{median}: {stated_us}");
    }
}

#[test]
fn annotations_and_the_summary_of_a_step_are_for_github() {
    let place = result();
    let asked = ["report", "out", "--export", "github", "--export", "step-summary", "--format", "json"];
    // Elsewhere there is no such thing.
    let mut command = place.dbbench(&asked);
    command.env_remove("GITHUB_STEP_SUMMARY");
    place.start(command).wait().ends_with(2).says(&["GITHUB_STEP_SUMMARY is not set", "step-summary=FILE"]);
    place.file("step.md", "what stood there\n");
    let mut command = place.dbbench(&asked);
    command.env("GITHUB_STEP_SUMMARY", place.path("step.md"));
    let outcome = place.start(command).wait().ends_with(measured(0));
    assert!(serde_json::from_str::<serde_json::Value>(&outcome.stdout).is_ok(), "stdout is JSON alone");
    outcome.says(&["::warning file=w.toml,title=tiny%3A expectation undecided::"]);
    let step = fs::read_to_string(place.path("step.md")).unwrap();
    assert!(step.starts_with("what stood there\n### tiny\n") && step.contains("| two |"), "{step}");
}

#[test]
fn what_is_asked_wrongly_is_told_before_anything_is_written() {
    let place = result();
    let page = fs::metadata(place.path("out/report.html")).unwrap().modified().unwrap();
    let report = |exports: &[&str]| {
        let asked: Vec<&str> = exports.iter().flat_map(|export| ["--export", export]).collect();
        place.run(&[&["report", "out"], &asked[..]].concat())
    };
    report(&["xml"])
        .ends_with(2)
        .says(&["there is no format \"xml\"; there are hgrm, csv, openmetrics, junit, github, step-summary"]);
    report(&["junit="]).ends_with(2).says(&["nothing stands behind `junit=`"]);
    report(&["csv=a", "junit=a"]).ends_with(2).says(&["the file a is asked for twice"]);
    assert_eq!(fs::metadata(place.path("out/report.html")).unwrap().modified().unwrap(), page);
    report(&["csv=nowhere/x.csv"]).ends_with(1).says(&["nowhere/x.csv"]);
}
