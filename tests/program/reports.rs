//! `dbbench report` on what is a result, what was one, and what is none.

use std::fs;

use crate::support::{Place, measured, tiny};

/// A result of three rounds in `out`.
fn result() -> Place {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let options = ["--target", "null:", "--rounds", "3", "--measure", "40ms", "--warmup", "10ms", "--quiet"];
    place.run_out(&options).ends_with(measured(0));
    place
}

#[test]
fn a_whole_result_is_rebuilt_as_it_was() {
    let place = result();
    let summary = place.json("out/summary.json");
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    fs::remove_file(place.path("out/summary.json")).unwrap();
    fs::remove_file(place.path("out/report.html")).unwrap();
    fs::remove_dir_all(place.path("out/plots")).unwrap();
    let outcome = place.run(&["report", "out", "--format", "json"]).ends_with(measured(0));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&outcome.stdout).unwrap(), summary);
    assert_eq!(place.json("out/summary.json"), summary);
    assert!(fs::read_to_string(place.path("out/report.html")).unwrap() == page, "the page differs");
    assert!(place.path("out/plots").is_dir());
    assert_eq!(place.run(&["report", "out"]).ends_with(measured(0)).stdout.lines().last(), Some("out"));
}

#[test]
fn what_is_no_result_is_said() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    place.file("file", "text");
    for name in ["folder", "file", "nowhere"] {
        let says = format!("error: {name} is not a result folder");
        place.run(&["report", name]).ends_with(1).says(&[&says]);
    }
    assert!(fs::read_dir(place.path("folder")).unwrap().next().is_none(), "something was written");
}

#[test]
fn a_line_cut_off_in_the_middle_costs_its_slice_alone() {
    let place = result();
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    fs::write(place.path("out/slices.jsonl"), &slices[..slices.len() - 100]).unwrap();
    place.run(&["report", "out"]).ends_with(measured(0)).says(&["the run is partial: 5 of 6 slices closed"]);
    assert_eq!(place.json("out/summary.json")["partial"], true);
    // Before the first slice was closed there is nothing to state.
    fs::write(place.path("out/slices.jsonl"), &slices[..50]).unwrap();
    let nothing = place.run(&["report", "out"]).ends_with(1);
    nothing.says(&["0 of 6 slices closed", "one: no slice of it was closed", "error: no slice was closed"]);
    assert_eq!(place.json("out/summary.json")["slices_closed"], 0);
}

#[test]
fn a_slice_counts_once_however_often_it_is_written() {
    let place = result();
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    // A round in which the machine was disturbed does not count, before as after.
    let before = place.json("out/summary.json")["comparisons"][0]["rounds"].clone();
    let first = slices.lines().next().unwrap();
    fs::write(place.path("out/slices.jsonl"), format!("{slices}{first}\n")).unwrap();
    let outcome = place.run(&["report", "out"]).ends_with(measured(0));
    outcome.says(&["slices.jsonl:7 is left out: round 1 of ", " stands in line 1 already"]).never_says(&["partial"]);
    let summary = place.json("out/summary.json");
    assert_eq!(summary["comparisons"][0]["rounds"], before);
    assert!(summary["variants"].as_array().unwrap().iter().all(|v| v["rounds"].as_array().unwrap().len() == 3));
}

#[test]
fn counts_that_were_edited_are_not_figures() {
    let place = result();
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let mut lines: Vec<serde_json::Value> = slices.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let succeeded = lines[1]["operations"][0]["succeeded"].as_u64().unwrap();
    lines[1]["operations"][0]["succeeded"] = (succeeded * 10).into();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.path("out/slices.jsonl"), text).unwrap();
    place.run(&["report", "out"]).ends_with(5).says(&[
        "not valid: the accounting of ",
        "in round 1 contradicts itself: slices.jsonl:2: operation `",
        "≠ succeeded",
    ]);
}

#[test]
fn a_damaged_line_is_left_out_and_said() {
    let place = result();
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    fs::write(place.path("out/slices.jsonl"), slices.replacen("\"round\":", "\"rond\":", 1)).unwrap();
    place
        .run(&["report", "out"])
        .ends_with(measured(0))
        .says(&["line 1 of slices.jsonl is left out", "5 of 6 slices closed"]);
}

#[test]
fn a_result_of_a_newer_version_is_refused() {
    let place = result();
    let run = fs::read_to_string(place.path("out/run.json")).unwrap();
    fs::write(place.path("out/run.json"), run.replace("\"schema_version\": 1", "\"schema_version\": 99")).unwrap();
    place.run(&["report", "out"]).ends_with(1).says(&["out/run.json has schema version 99", "newer dbbench"]);
}
