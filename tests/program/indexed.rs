//! `dbbench report` over a folder of results that the null target left: the index, what it ties together, and how long it takes.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{Outcome, Place, measured, tiny};

fn run(place: &Place, out: &str, options: &[&str]) {
    let fixed = ["run", "w.toml", "--target", "null:", "--out", out, "--quiet", "--measure", "40ms", "--warmup", "5ms"];
    place.run(&[&fixed[..], &["--rounds", "3"], options].concat()).ends_with(measured(0));
}

/// Two runs and a third of another workload, at several depths.
fn results() -> Place {
    let place = Place::new();
    place.workload(&tiny(&[]));
    run(&place, "results/a", &[]);
    run(&place, "results/by day/b #1", &[]);
    place.workload(&tiny(&[("name = \"tiny\"", "name = \"other\"")]));
    run(&place, "results/x/y/other", &[]);
    place
}

/// A comparison of two of the runs, whatever came of it.
fn compare(place: &Place, out: &str) -> Outcome {
    let sides = ["results/a", "results/by day/b #1"];
    let outcome = place.run(&["compare", sides[0], sides[1], "--format", "html", "--out", out]);
    assert!(place.path(out).is_file(), "{}", outcome.stderr);
    outcome
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

#[test]
fn every_run_is_listed_with_its_comparisons_and_each_page_links_them() {
    let place = results();
    fs::create_dir(place.path("results/pages")).unwrap();
    compare(&place, "results/pages/ab.html");
    let plain = fs::read_to_string(place.path("results/a/report.html")).unwrap();
    let index = json(&place.run(&["report", "results", "--format", "json"]).ends_with(0));
    let runs: Vec<(&str, &str)> = index["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["workload"].as_str().unwrap(), run["dir"].as_str().unwrap()))
        .collect();
    assert_eq!(runs, [("other", "x/y/other"), ("tiny", "by day/b #1"), ("tiny", "a")]);
    assert_eq!(index["runs"][2]["comparisons"], serde_json::json!(["pages/ab.html"]));
    assert_eq!(index["comparisons"][0]["sides"][1]["runs"], serde_json::json!(["by day/b #1"]));
    assert_eq!(index["left_out"], serde_json::json!([]));
    let page = fs::read_to_string(place.path("results/index.html")).unwrap();
    assert!(page.contains("by%20day&#x2f;b%20%231&#x2f;report.html") && page.contains("pages&#x2f;ab.html"));
    let linked = fs::read_to_string(place.path("results/a/report.html")).unwrap();
    assert!(linked.contains("href=\"..&#x2f;pages&#x2f;ab.html\""), "the page of the run links its comparison");
    let comparison = fs::read_to_string(place.path("results/pages/ab.html")).unwrap();
    assert!(comparison.contains("href=\"..&#x2f;by%20day&#x2f;b%20%231&#x2f;report.html\""));
    // Made anew, the page keeps its links; another index after a move finds all at their places.
    place.run(&["report", "results/a"]).ends_with(measured(0));
    assert!(fs::read_to_string(place.path("results/a/report.html")).unwrap() == linked, "rebuilding lost the links");
    fs::create_dir(place.path("moved")).unwrap();
    fs::rename(place.path("results"), place.path("moved/there")).unwrap();
    let moved = json(&place.run(&["report", "moved/there", "--format", "json"]).ends_with(0));
    assert_eq!((&moved["runs"], &moved["comparisons"]), (&index["runs"], &index["comparisons"]));
    assert!(fs::read_to_string(place.path("moved/there/a/report.html")).unwrap() == linked);
    // Without the comparison there is nothing to link.
    fs::remove_file(place.path("moved/there/pages/ab.html")).unwrap();
    place.run(&["report", "moved/there"]).ends_with(0);
    assert!(fs::read_to_string(place.path("moved/there/a/report.html")).unwrap() == plain, "a link leads nowhere");
}

#[test]
fn what_cannot_be_used_is_named_and_the_rest_is_shown() {
    let place = results();
    let summary = fs::read_to_string(place.path("results/a/summary.json")).unwrap();
    for name in ["cut", "newer", "going", "foreign", "deep/1/2/3/4/5/6/7"] {
        fs::create_dir_all(place.path("results").join(name)).unwrap();
    }
    place.file("results/cut/summary.json", &summary[..300]);
    place.file("results/newer/summary.json", &summary.replace("\"schema_version\": 1", "\"schema_version\": 99"));
    place.file("results/foreign/summary.json", "{\"total\": 1}");
    place.file("results/deep/1/2/3/4/5/6/7/summary.json", &summary);
    fs::copy(place.path("results/a/run.json"), place.path("results/going/run.json")).unwrap();
    fs::write(place.path("results/page.html"), "id=\"comparison-data\">{\"workload\":</script>").unwrap();
    std::os::unix::fs::symlink(place.path("results"), place.path("results/loop")).unwrap();
    let outcome = place.run(&["report", "results"]).ends_with(0);
    assert_eq!(outcome.stdout, "results/index.html\n");
    let outcome = outcome.says(&[
        "3 runs of 2 workloads",
        "left out: cut: results/cut/summary.json does not hold what a result of dbbench holds",
        "left out: newer: results/newer/summary.json has schema version 99",
        "left out: going: the run has not come to its end",
    ]);
    outcome.never_says(&["foreign", "deep", "loop"]);
    place.run(&["report", "results", "--strict"]).ends_with(2).says(&["`--strict` is about the verdict of one result"]);
    // Nothing but what cannot be read.
    fs::create_dir(place.path("bad")).unwrap();
    fs::rename(place.path("results/cut"), place.path("bad/cut")).unwrap();
    place.run(&["report", "bad"]).ends_with(1).says(&["left out: cut", "error: none of the results found can be read"]);
}

#[test]
fn a_page_of_somebody_else_is_not_written_over() {
    let place = results();
    place.file("results/index.html", "<html>mine</html>");
    place.run(&["report", "results"]).ends_with(1).says(&["results/index.html is none that dbbench has written"]);
    assert_eq!(fs::read_to_string(place.path("results/index.html")).unwrap(), "<html>mine</html>");
    fs::remove_file(place.path("results/index.html")).unwrap();
    place.run(&["report", "results"]).ends_with(0);
    place.run(&["report", "results"]).ends_with(0);
    // Nothing of what else there is was touched.
    assert!(!place.path("results/a/links.json").exists(), "there is nothing to link");
}

/// Two seconds are meant for a build that is released; this bound finds what reads all files, or each of them more than once.
#[test]
fn a_thousand_results_take_seconds() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    run(&place, "one", &[]);
    let summary = fs::read(place.path("one/summary.json")).unwrap();
    for number in 0..1_000 {
        let folder = place.path(&format!("results/branch-{}/run-{number}", number % 7));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("summary.json"), &summary).unwrap();
    }
    let begin = Instant::now();
    place.run(&["report", "results"]).ends_with(0).says(&["1000 runs of 1 workload"]);
    let took = begin.elapsed();
    let bytes = fs::metadata(place.path("results/index.html")).unwrap().len();
    println!("1,000 results of {} bytes each: {took:.2?}, a page of {bytes} bytes", summary.len());
    assert!(took < Duration::from_secs(40), "{took:?}");
    assert!(bytes < 1_000_000, "{bytes} bytes");
}
