//! `dbbench history` on many results: a run that the null target left, again and again with other days and figures.

use std::fs;
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Outcome, Place, measured, tiny};

/// `run.json` and `summary.json` of a run, measured once for all tests.
fn measured_once() -> &'static (String, Value) {
    static MEASURED: OnceLock<(String, Value)> = OnceLock::new();
    MEASURED.get_or_init(|| {
        let place = Place::new();
        place.workload(&tiny(&[]));
        let options = ["--target", "null:", "--rounds", "3", "--measure", "40ms", "--warmup", "10ms", "--quiet"];
        place.run_out(&options).ends_with(measured(0));
        let mut summary = place.json("out/summary.json");
        // A build with debug assertions is never valid; what is shown here is not what it measured anyway.
        summary["valid"] = json!(true);
        summary["invalid_reasons"] = json!([]);
        (fs::read_to_string(place.path("out/run.json")).unwrap(), summary)
    })
}

/// The summary of a day: `two` takes so long in every round, its baseline 100 µs.
fn summary(day: u32, two_us: f64) -> Value {
    let mut summary = measured_once().1.clone();
    summary["started_at"] = json!(format!("2026-{:02}-{:02}T03:00:00Z", 1 + day / 28, 1 + day % 28));
    for (variant, p50_us) in summary["variants"].as_array_mut().unwrap().iter_mut().zip([100.0, two_us]) {
        variant["valid"] = json!(true);
        for round in variant["rounds"].as_array_mut().unwrap() {
            round["valid"] = json!(true);
            round["response_us"]["p50"] = json!(p50_us);
        }
    }
    for comparison in summary["comparisons"].as_array_mut().unwrap() {
        if comparison["metric"] == "response_us.p50" {
            comparison["ratio"] = json!(two_us / 100.0);
        }
    }
    summary
}

fn put(place: &Place, dir: &str, summary: &Value) {
    fs::create_dir_all(place.path(dir)).unwrap();
    place.file(&format!("{dir}/run.json"), &measured_once().0);
    place.file(&format!("{dir}/summary.json"), &summary.to_string());
}

/// Thirty nights; `two` becomes a tenth slower after the twentieth.
fn nights() -> Place {
    let place = Place::new();
    for day in 0..30 {
        let level = if day < 20 { 200.0 } else { 220.0 };
        put(&place, &format!("results/night-{day:02}"), &summary(day, level + f64::from(day % 4)));
    }
    place
}

fn parsed(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

#[test]
fn a_change_is_shown_in_every_format() {
    let place = nights();
    let text = place.run(&["history", "results"]).ends_with(0);
    for words in ["changed once on 2026-01-21", "higher, worse (1.1", "first in night-20", "tiny on ", "▲ 220 µs"] {
        assert!(text.stdout.contains(words), "{words:?} is not in:\n{}", text.stdout);
    }
    let found = parsed(&place.run(&["history", "results", "--format", "json"]).ends_with(0));
    assert_eq!((&found["history_version"], found["runs"].as_array().unwrap().len()), (&json!(1), 30));
    let two = found["series"].as_array().unwrap().iter().find(|series| series["variant"] == "two").unwrap();
    assert_eq!(two["changes"][0]["dir"], "results/night-20");
    assert_eq!(two["changes"].as_array().unwrap().len(), 1);
    place.run(&["history", "results", "--format", "html", "--out", "history.html"]).ends_with(0);
    let page = fs::read_to_string(place.path("history.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg") && page.contains("night-20"));
    let table = place.run(&["history", "results", "--format", "csv", "--variant", "two"]).ends_with(0).stdout;
    assert!(table.starts_with("time,run,workload,"), "{table}");
    let head = table.lines().next().unwrap();
    assert!(head.ends_with(",two.response_us.p50,two.response_us.p50.to.one"), "{head}");
    assert_eq!(table.lines().count(), 31);
}

#[test]
fn results_lie_where_they_lie_and_count_once() {
    let place = nights();
    put(&place, "results/archive/2025/old", &summary(0, 200.0));
    let runs = |arguments: &[&str]| {
        let found = parsed(&place.run(&[&["history", "--format", "json"], arguments].concat()).ends_with(0));
        found["runs"].as_array().unwrap().len()
    };
    assert_eq!(runs(&["results"]), 31, "also those further below");
    assert_eq!(runs(&["results/night-00", "results/night-01", "results/night-01/"]), 2);
    assert_eq!(runs(&["results", "results/night-00"]), 31, "named twice");
}

#[test]
fn what_cannot_be_used_is_named_and_the_rest_is_shown() {
    let place = nights();
    let mut partial = summary(3, 200.0);
    partial["partial"] = json!(true);
    for variant in partial["variants"].as_array_mut().unwrap() {
        // Its last round never came; where all came and a slice failed, a run stays.
        variant["rounds"].as_array_mut().unwrap().pop();
    }
    put(&place, "results/partial", &partial);
    let mut invalid = summary(4, 200.0);
    (invalid["valid"], invalid["invalid_reasons"]) = (json!(false), json!(["the generator was the limit"]));
    put(&place, "results/invalid", &invalid);
    put(&place, "results/corrupt", &summary(5, 200.0));
    place.file("results/corrupt/summary.json", "{\"schema_version\": 1, \"work");
    put(&place, "results/newer", &json!({ "schema_version": 99 }));
    put(&place, "results/cut", &summary(5, 200.0));
    fs::remove_file(place.path("results/cut/summary.json")).unwrap();
    let outcome = place.run(&["history", "results", "--format", "json"]).ends_with(0);
    let found = parsed(&outcome);
    assert_eq!(found["runs"].as_array().unwrap().len(), 30);
    let left_out = found["left_out"].as_array().unwrap();
    for (dir, reason) in [
        ("results/partial", "partial: "),
        ("results/invalid", "not valid: the generator was the limit"),
        ("results/corrupt", "it may have been cut off or edited"),
        ("results/newer", "read it with a newer dbbench"),
        ("results/cut", "dbbench report results/cut makes it"),
    ] {
        let run = left_out.iter().find(|run| run["dir"] == dir).unwrap_or_else(|| panic!("{dir} is not named"));
        assert!(run["reason"].as_str().unwrap().contains(reason), "{run}");
    }
    // Of the CSV, which has no place for it, stderr says it.
    place.run(&["history", "results", "--format", "csv"]).ends_with(0).says(&["results/corrupt is left out"]);
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let place = nights();
    fs::create_dir(place.path("empty")).unwrap();
    let history = |arguments: &[&str]| place.run(&[&["history"], arguments].concat());
    history(&["nowhere"]).ends_with(1).says(&["error: cannot read nowhere"]);
    history(&["empty"]).ends_with(1).says(&["error: there is no result in empty or below"]);
    history(&[]).ends_with(2).says(&["<DIR>..."]);
    history(&["results", "--workload", "huge"]).ends_with(2).says(&["no run of workload \"huge\"; there is tiny on "]);
    history(&["results", "--variant", "three"])
        .ends_with(2)
        .says(&["no run of tiny has a variant \"three\"; there are one, two"]);
    history(&["results", "--metric", "respons.p50"]).ends_with(2).says(&["there is no metric `respons.p50`"]);
    history(&["results", "--metric", "response_us.p50"]).ends_with(2).says(&["the name is `response.p50`"]);
    history(&["results", "--metric", "queue.p50"]).ends_with(2).says(&["no run of tiny states queue.p50"]);
    history(&["results", "--out", "nowhere/x.txt"]).ends_with(1).says(&["nowhere/x.txt"]);
}

#[test]
fn who_reads_only_the_beginning_has_what_he_wanted() {
    let place = nights();
    let program = env!("CARGO_BIN_EXE_dbbench");
    let mut command = place.command("sh");
    command.args(["-c", &format!("{program} history results | head -1; exit ${{PIPESTATUS:-0}}")]);
    let outcome = place.start(command).wait();
    assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
}

/// The bound is wide, for the build may be without optimization and the machine busy; what it takes is printed.
#[test]
fn a_thousand_results_take_a_moment() {
    let place = Place::new();
    for day in 0..1_000 {
        put(&place, &format!("results/{day:04}"), &summary(day % 300, 200.0 + f64::from(day % 7)));
    }
    let start = Instant::now();
    place.run(&["history", "results", "--format", "html", "--out", "history.html"]).ends_with(0);
    let took = start.elapsed();
    eprintln!("a thousand results: {took:.2?}");
    assert!(took.as_secs() < 30, "{took:?}");
    assert!(fs::metadata(place.path("history.html")).unwrap().len() < 1_000_000);
}
