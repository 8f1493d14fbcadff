//! Operations asked for at a rate, from the command line to the files of the result.

use std::fs;

use crate::support::{Place, measured, tiny};

#[test]
fn more_than_the_target_can_do_is_told_as_what_never_started() {
    let place = Place::new();
    place.workload(&tiny(&[("two = {}", "")]));
    let options = ["--target", "null:?service=10ms", "--set", "load.rate=600", "--set", "load.arrivals=constant"];
    let outcome = place.run_out(&[&options[..], &["--measure", "500ms", "--warmup", "50ms", "--no-progress"]].concat());
    let outcome = outcome.ends_with(measured(0));
    // Two clients of 10 ms each do 200 per second.
    let (summary, run) = (place.json("out/summary.json"), place.json("out/run.json"));
    let mix = &summary["variants"][0]["mix"];
    let count = |name: &str| mix[name].as_u64().unwrap();
    assert_eq!(count("planned"), 300);
    assert_eq!(count("planned"), count("succeeded") + count("unstarted"));
    assert!((190..280).contains(&count("unstarted")), "{mix}");
    for figure in ["p50", "p90", "p99", "mean"] {
        assert!(mix["response_us"][figure].is_null(), "{figure} of {mix}");
    }
    assert!(mix["response_us"]["not_below"]["p50"].as_f64() >= Some(100_000.0), "{mix}");
    assert!(mix["service_us"]["p50"].as_f64() < Some(100_000.0), "{mix}");
    outcome.says(&["p50, p95, p99 not reached", "of the operations never started"]);
    assert_eq!(
        (&run["variants"][0]["rate_per_s"], &run["variants"][0]["arrivals"]),
        (&600.0.into(), &"constant".into())
    );
    let slice: serde_json::Value =
        serde_json::from_str(fs::read_to_string(place.path("out/slices.jsonl")).unwrap().lines().next().unwrap())
            .unwrap();
    assert_eq!(slice["asked_per_s"], 600.0);
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    for words in ["open loop, 600 operations", "constant arrivals, at most 2 clients at once"] {
        assert!(page.contains(words), "{words}");
    }
    // Starts of the measurement, over all intervals; what never started has none.
    let intervals = fs::read_to_string(place.path("out/intervals.csv")).unwrap();
    let mut lines = intervals.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = |name: &str| header.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{header:?}"));
    let (phase, operation, started) = (column("phase"), column("operation"), column("started"));
    let started: u64 = lines
        .filter(|row| row[phase] == "measure" && row[operation] == "*")
        .map(|row| row[started].parse::<u64>().unwrap())
        .sum();
    assert_eq!(started, count("succeeded"));
}

#[test]
fn a_round_without_any_operation_is_refused_before_anything_starts() {
    let place = Place::new();
    place.workload(&tiny(&[("two = {}", "")]));
    for command in ["run", "check"] {
        // 0.02 operations in 100 ms; the seed decides in which round there is one.
        place.run(&[command, "w.toml", "--set", "load.rate=0.2", "--rounds", "50", "--seed", "1"]).ends_with(2).says(
            &[
                "variant \"one\" of \"tiny\" would have no operation to start in the measurement of round ",
                "its `load.rate` asks for 0.02 on average; raise `load.rate`, or measure for longer (run.measure)",
            ],
        );
    }
    assert!(!place.path("results").exists());
    // Equal gaps begin at once.
    let constant = ["--set", "load.rate=0.2", "--set", "load.arrivals=constant"];
    place.run(&[&["check", "w.toml"], &constant[..]].concat()).ends_with(0);
}
