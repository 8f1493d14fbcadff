//! What dbbench itself costs: measured, kept, quoted; and runs against the null endpoint.

use std::fs;

use serde_json::Value;

use crate::support::{Place, measured, tiny};

const OVER_LOOPBACK: &[&str] = &["--target", "null:?over=loopback&rows=3", "--measure", "300ms", "--warmup", "20ms"];
const NOT_CALIBRATED: &str = "Not calibrated on this machine: the command dbbench calibrate";

/// The median of a figure, whose range holds it.
fn median(calibration: &Value, path: &str) -> f64 {
    let figure = calibration.pointer(path).unwrap_or_else(|| panic!("no {path}"));
    let of = |name: &str| figure[name].as_f64().unwrap_or_else(|| panic!("no {name} in {path}: {figure}"));
    assert!(of("low") <= of("median") && of("median") <= of("high"), "{path}: {figure}");
    assert!(figure["repeats"].as_u64().unwrap() >= 3, "{path}: {figure}");
    of("median")
}

#[test]
fn any_workload_runs_against_the_null_endpoint_as_against_the_null_target() {
    let place = Place::cold();
    place.workload(&tiny(&[]));
    let outcome = place.run_out(OVER_LOOPBACK).ends_with(measured(0));
    let outcome = outcome.says(&["against the null endpoint over loopback", "answers not compared", NOT_CALIBRATED]);
    assert_eq!(outcome.stdout, "out\n");
    let summary = place.json("out/summary.json");
    let figures = |at: usize| {
        let mix = &summary["variants"][at]["mix"];
        let rows = mix["rows_per_s"].as_f64().unwrap() / mix["goodput_per_s"].as_f64().unwrap();
        (mix["statements_per_operation"].as_f64().unwrap(), rows.round(), mix["failed"].as_u64().unwrap())
    };
    // Three rows, and a statement for each of them: what the null target within the process answers too.
    assert_eq!([figures(0), figures(1)], [(1.0, 3.0, 0), (4.0, 12.0, 0)]);
    assert_eq!((&summary["same_answer"], &summary["harness"]), (&Value::Null, &Value::Null));
    assert!(place.server_folders().is_empty());
    // Answers that enter JSON too, of whose columns nobody knows the type.
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads/n-plus-one.toml");
    for (out, target) in [("within", "null:"), ("over", "null:?over=loopback")] {
        let run = ["run", shipped, "--out", out, "--target", target, "--rounds", "1", "--measure", "40ms"];
        place.run(&[&run[..], &["--warmup", "20ms"]].concat()).ends_with(measured(0));
    }
}

#[test]
fn a_calibration_is_measured_kept_and_quoted() {
    let place = Place::cold();
    place.workload(&tiny(&[]));
    let outcome = place.run(&["calibrate", "--seconds", "4", "--format", "json"]).ends_with(0);
    let calibration: Value = serde_json::from_str(&outcome.stdout).expect("stdout is JSON and nothing else");
    assert_eq!(calibration["calibration_version"], 1);
    // Far wider than any machine: what is wrong by a unit is found.
    for (path, least, most) in [
        ("/in_process/cpu_us_per_statement", 0.01, 1_000.0),
        ("/in_process/operations_per_core_per_s", 1e3, 1e8),
        ("/loopback/cpu_us_per_statement", 0.1, 10_000.0),
        ("/loopback/operations_per_core_per_s", 1e2, 1e7),
        ("/response_p50_us", 1.0, 100_000.0),
        ("/bare_p50_us", 1.0, 100_000.0),
        ("/timer_late_p50_us", 0.01, 100_000.0),
    ] {
        let figure = median(&calibration, path);
        assert!((least..most).contains(&figure), "{path}: {figure}");
    }
    let sockets = median(&calibration, "/loopback/cpu_us_per_statement");
    assert!(sockets > median(&calibration, "/in_process/cpu_us_per_statement"), "sockets cost nothing");
    // Differences may lie on either side of 0 on a machine that does other things too.
    for path in ["/added_p50_us", "/link_error_us"] {
        assert!(median(&calibration, path).abs() < 100_000.0, "{path}");
    }
    assert_eq!(calibration["timer_late_p99_us"], Value::Null, "four seconds have too few waits for it");
    let kept: Vec<_> = fs::read_dir(place.path("cache/calibrations")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(kept[0].path()).unwrap()).unwrap(), calibration);

    // One that says less does not take its place, unless that is wished.
    let mut better = calibration.clone();
    better["took_s"] = 1e6.into();
    better["added_p50_us"] = serde_json::json!({ "median": 1.0, "low": 1.0, "high": 1.0, "repeats": 7 });
    fs::write(kept[0].path(), better.to_string()).unwrap();
    let again = place.run(&["calibrate", "--seconds", "1"]).ends_with(0);
    again.says(&["reports go on quoting the calibration of", "--replace", "cache/calibrations/"]);
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(kept[0].path()).unwrap()).unwrap(), better);
    let again = place.run(&["calibrate", "--seconds", "1", "--replace"]).ends_with(0);
    again.says(&["kept in ", "cache/calibrations/"]);
    assert_ne!(serde_json::from_slice::<Value>(&fs::read(kept[0].path()).unwrap()).unwrap(), better);

    // A figure that can be told from any other.
    let mut known = calibration.clone();
    known["added_p50_us"] = serde_json::json!({ "median": 0.25, "low": 0.2, "high": 0.3, "repeats": 7 });
    known["calibrated_at"] = "2026-03-01T12:00:00Z".into();
    fs::write(kept[0].path(), known.to_string()).unwrap();
    let outcome = place.run_out(OVER_LOOPBACK).ends_with(measured(0));
    outcome.says(&["dbbench itself", "(calibrated", "2026-03-01)"]).never_says(&[NOT_CALIBRATED]);
    assert_eq!(place.json("out/run.json")["environment"]["calibration"], known);
    let summary = place.json("out/summary.json");
    assert_eq!(summary["harness"]["added_p50_us"], known["added_p50_us"]);
    assert_eq!(summary["variants"][1]["harness_us_per_operation"], 1.0, "four statements");
    // The report quotes the calibration of the run, wherever it is made.
    fs::remove_file(kept[0].path()).unwrap();
    place.run(&["report", "out"]).ends_with(measured(0)).says(&["2026-03-01)"]);
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("dbbench itself") && page.contains("250 ns (200 ns to 300 ns)"));

    // Nothing but the harness is measured here: it is no share of itself.
    let within = ["run", "w.toml", "--out", "within", "--target", "null:", "--measure", "60ms", "--warmup", "20ms"];
    place.run(&within).ends_with(measured(0)).never_says(&[NOT_CALIBRATED, "(calibrated"]);
}

#[test]
fn a_calibration_that_cannot_be_kept_is_printed_all_the_same() {
    let place = Place::new();
    place.file("taken", "");
    let mut command = place.dbbench(&["calibrate", "--seconds", "1"]);
    command.env("DBBENCH_CACHE_DIR", place.path("taken/cache"));
    let outcome = place.start(command).wait().ends_with(0);
    let outcome =
        outcome.says(&["warning: reports will not quote this calibration", "name a folder", "DBBENCH_CACHE_DIR"]);
    for figure in ["added to a response, p50", "CPU per statement over loopback", "error of the link"] {
        assert!(outcome.stdout.contains(figure), "{figure:?} is not in:\n{}", outcome.stdout);
    }
    place.run(&["calibrate", "--seconds", "0"]).ends_with(2).says(&["--seconds", "1..=3600"]);
}

#[test]
fn the_null_target_is_not_reached_over_everything() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let outcome = place.run_out(&["--target", "null:?over=air"]).ends_with(2);
    outcome.says(&["cannot be reached over `air`", "null:?over=loopback"]);
}
