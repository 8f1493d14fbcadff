//! `dbbench compare` on results that the null target left: what it finds, in every format, and what is wrong with what it is given.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Outcome, Place, files_below, measured, tiny};

/// A run on a target that takes so long for a statement, in the given folder.
fn run(place: &Place, out: &str, service: &str, options: &[&str]) {
    let target = format!("null:?service={service}");
    let fixed =
        ["run", "w.toml", "--target", &target, "--out", out, "--quiet", "--measure", "150ms", "--warmup", "5ms"];
    place.run(&[&fixed[..], &["--rounds", "3"], options].concat()).ends_with(measured(0));
}

/// Three runs a side, alternating: `b` takes four times as long, which no machine of tests hides. Measured once for all tests.
fn sides() -> Place {
    static MEASURED: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    let files = MEASURED.get_or_init(|| {
        let place = Place::new();
        place.workload(&tiny(&[]));
        for number in 1..=3 {
            run(&place, &format!("a/{number}"), "1ms", &[]);
            run(&place, &format!("b/{number}"), "4ms", &[]);
        }
        let folder = place.path("");
        let within = |path: PathBuf| path.strip_prefix(&folder).unwrap().to_owned();
        let wanted = |path: &PathBuf| !path.starts_with("cache");
        files_below(&folder)
            .into_iter()
            .map(|(path, text)| (within(path), text))
            .filter(|file| wanted(&file.0))
            .collect()
    });
    let place = Place::new();
    for (path, text) in files {
        let path = place.path("").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

/// The deciding comparison of a variant, in the median response.
fn decides<'a>(compared: &'a Value, variant: &str) -> &'a Value {
    let all = compared["comparisons"].as_array().unwrap();
    let wanted = |c: &&Value| c["variant"] == variant && c["metric"] == "response_us.p50" && c["decides"] == true;
    all.iter().find(wanted).expect("a comparison")
}

const P50: [&str; 2] = ["--metric", "response.p50"];

#[test]
fn a_slower_side_is_a_regression_in_every_format_and_the_other_way_round_none() {
    let place = sides();
    let compare = |sides: [&str; 2], options: &[&str]| place.run(&[&["compare"], &sides[..], &P50, options].concat());
    // The baseline itself is slower; the ratio of the other variant to it stays.
    let gate = ["--fail-above", "5%"];
    let text = compare(["a", "b"], &gate).ends_with(measured(3));
    for words in [
        "B against A, response p50: one worse (",
        "higher, worse",
        "to one",
        "1 regression beyond 5 %",
        "regression: response p50 of one",
    ] {
        assert!(text.stdout.contains(words), "{words:?} is not in:\n{}", text.stdout);
    }
    let found = json(&compare(["a", "b"], &["--format", "json"]).ends_with(measured(0)));
    assert_eq!((&found["compared_version"], &found["workload"]), (&Value::from(1), &Value::from("tiny")));
    let one = decides(&found, "one");
    assert!((2.0..6.0).contains(&one["ratio"].as_f64().unwrap()), "{one}");
    assert_eq!((&one["verdict"], &one["interval_over"], &one["runs"]), (&"higher".into(), &"runs".into(), &3.into()));
    assert_eq!(decides(&found, "two")["relative_to"], "one");
    compare(["b", "a"], &["--fail-above", "5%", "--only", "one"]).ends_with(measured(0));
    // Files hold the same as stdout, and whoever sees the exit code alone is told why.
    for (format, starts) in [("markdown", "**"), ("csv", "side,against,variant"), ("html", "<!doctype html>")] {
        let options = ["--format", format, "--out", "x", "--fail-above", "5%"];
        let outcome = compare(["a", "b"], &options)
            .ends_with(measured(3))
            .says(&["error: regression: response_us.p50 of one in B"]);
        assert_eq!(outcome.stdout, "");
        let file = fs::read_to_string(place.path("x")).unwrap();
        assert!(file.trim_start().starts_with(starts), "{format}: {}", &file[..200.min(file.len())]);
        let printed = compare(["a", "b"], &["--format", format, "--fail-above", "5%"]).stdout;
        // A page in a file says beyond that where its runs lie from there, which a printed one cannot.
        assert!(file == printed || format == "html", "{format}: what is printed is not what is written");
        assert!(!file.contains("http://") && !file.contains("https://"), "{format} asks somebody for something");
    }
}

#[test]
fn one_run_each_is_undecided_unless_others_know_the_spread() {
    let place = sides();
    let compare =
        |options: &[&str]| place.run(&[&["compare", "a/1", "b/1", "--format", "json"], &P50[..], options].concat());
    let found = json(&compare(&[]).ends_with(measured(0)));
    let one = decides(&found, "one");
    assert_eq!((&one["verdict"], &one["interval_over"]), (&"undecided".into(), &"rounds".into()));
    assert!(one["reason"].as_str().unwrap().starts_with("one run each; "), "{one}");
    assert!(one["reason"].as_str().unwrap().ends_with("three runs a side"), "{one}");
    // Where the text on stdout does not say why, stderr does.
    let strict = compare(&["--strict"]).ends_with(measured(3));
    strict.says(&["error: undecided: response_us.p50 of one in B: one run each; "]);
    // More runs of the same workload on this machine beside them.
    for number in 4..=6 {
        run(&place, &format!("a/{number}"), "1ms", &[]);
    }
    let found = json(&compare(&[]).ends_with(measured(0)));
    let one = decides(&found, "one");
    assert_eq!((&one["verdict"], &one["interval_over"]), (&"higher".into(), &"known_spread".into()), "{one}");
    assert_eq!(found["history"]["runs"], 7, "a/2 … a/6, b/2 and b/3");
    let empty = place.path("empty");
    fs::create_dir(&empty).unwrap();
    let found = json(&compare(&["--history", "empty"]).ends_with(measured(0)));
    assert_eq!(decides(&found, "one")["interval_over"], "rounds");
}

#[test]
fn variants_of_one_run_and_lists_of_runs_are_sides_too() {
    let place = sides();
    let outcome = place.run(&["compare", "a/1::one", "a/1::two", "--format", "json"]).ends_with(measured(0));
    let found = json(&outcome);
    let two = decides(&found, "two");
    assert_eq!((&two["against_variant"], &two["interval_over"]), (&"one".into(), &"same_rounds".into()));
    let of_run = place.json("a/1/summary.json");
    let own = of_run["comparisons"].as_array().unwrap().iter().find(|c| c["metric"] == "response_us.p50").unwrap();
    for field in ["ratio", "ci_low", "ci_high", "verdict"] {
        assert_eq!(two[field], own[field], "what the run itself found");
    }
    let found = json(&place.run(&["compare", "a/1,a/2,a/3", "b/1,b/2,b/3", "--format", "json"]).ends_with(measured(0)));
    assert_eq!(
        (&decides(&found, "one")["interval_over"], &found["sides"][0]["name"]),
        (&"runs".into(), &"a/1,a/2,a/3".into())
    );
    let found = json(&place.run(&["compare", "a/1", "a/2", "a/3", "--format", "json"]).ends_with(measured(0)));
    let sides: Vec<&str> = found["comparisons"].as_array().unwrap().iter().filter_map(|c| c["side"].as_str()).collect();
    assert!(sides.contains(&"B") && sides.contains(&"C"), "each is compared with the first: {sides:?}");
}

#[test]
fn unlike_runs_are_listed_and_other_work_is_refused() {
    let place = sides();
    run(&place, "seed", "1ms", &["--seed", "9"]);
    run(&place, "load", "1ms", &["--set", "load.clients=1"]);
    let outcome = place.run(&["compare", "a/1", "seed"]).ends_with(measured(0));
    assert!(outcome.stdout.contains("unlike: seed: 1 in A, 9 in B"), "{}", outcome.stdout);
    let says = ["do not measure the same: A (a/1) has workload hash ", "load.clients: 2 in A, 1 in B", "--force"];
    let outcome = place.run(&["compare", "a/1", "load"]).ends_with(2).says(&says);
    assert_eq!(outcome.stdout, "");
    let outcome = place.run(&["compare", "a/1", "load", "--force"]).ends_with(measured(0));
    assert!(outcome.stdout.contains("load.clients: 2 in A, 1 in B (decides what is measured"), "{}", outcome.stdout);
}

#[test]
fn what_is_wrong_with_a_side_is_said() {
    let place = sides();
    place.file("file", "text");
    fs::create_dir(place.path("empty")).unwrap();
    for (arguments, code, says) in [
        (&["a", "nowhere"][..], 1, "error: nowhere is not a result folder"),
        (&["a", "file"], 1, "error: file is not a result folder"),
        (&["a", "empty"], 1, "error: empty is not a result folder"),
        (&["a", "a/1"], 2, "error: a/1 is part of both A and B"),
        (&["a/1", "a/1"], 2, "error: a/1 is part of both A and B"),
        (&["a/1,a/1", "b"], 2, "error: side A names a/1 twice"),
        (&["a::one,a::two", "b"], 2, "side A names several variants, one and two"),
        (&["a::three", "b"], 2, "A (a::three) has no variant \"three\"; it has one and two"),
        (&["a", "b", "--only", "three"], 2, "has no variant \"three\""),
        (&["a", "b", "--metric", "response_us.p50"], 2, "the name is `response.p50`"),
        (&["a", "b", "--metric", "speed"], 2, "there is no metric `speed`; for example response.p50"),
        (
            &["a", "b", "--metric", "statements", "--fail-above", "5%"],
            2,
            "of `statements` neither more nor less is worse",
        ),
        (&["a", "b", "--fail-above", "much"], 2, "`--fail-above` takes a share"),
        (&["a", "b", "--out", "nowhere/x"], 1, "cannot write nowhere/x; the folder it belongs to is not there"),
        (&["a"], 2, "2 values required"),
    ] {
        let outcome = place.run(&[&["compare"], arguments].concat()).ends_with(code).says(&[says]);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_used() {
    let place = sides();
    let run_json = fs::read_to_string(place.path("a/3/run.json")).unwrap();
    fs::write(place.path("a/3/run.json"), run_json.replace("\"schema_version\": 1", "\"schema_version\": 99")).unwrap();
    fs::write(place.path("b/2/run.json"), "{ half").unwrap();
    let slices = fs::read_to_string(place.path("b/1/slices.jsonl")).unwrap();
    fs::write(place.path("b/1/slices.jsonl"), &slices[..slices.len() - 100]).unwrap();
    let outcome = place.run(&["compare", "a", "b"]).ends_with(measured(0));
    let words = outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "A: a/3 is left out: a/3/run.json has schema version 99",
        "B: b/2 is left out: b/2/run.json does not hold what a result of dbbench holds",
        "B: b/1 is partial: 5 of 6 slices closed",
        "the last line of slices.jsonl is cut off",
        "two runs each; ",
    ] {
        assert!(words.contains(said), "{said:?} is not in:\n{}", outcome.stdout);
    }
    place.run(&["compare", "a/3", "b"]).ends_with(1).says(&["a/3/run.json has schema version 99", "newer dbbench"]);
}

#[test]
fn a_folder_of_several_workloads_needs_one_to_be_named() {
    let place = sides();
    place.workload(&tiny(&[("name = \"tiny\"", "name = \"other\"")]));
    run(&place, "b/other", "1ms", &[]);
    let says = ["side B: b has runs of several workloads, other, tiny; choose one with --workload"];
    place.run(&["compare", "a", "b"]).ends_with(2).says(&says);
    let outcome = place.run(&["compare", "a", "b", "--workload", "tiny"]).ends_with(measured(0));
    assert!(outcome.stdout.contains("B b, 3 runs of tiny"), "{}", outcome.stdout);
    place.run(&["compare", "a", "b", "--workload", "none"]).ends_with(2).says(&["no run of workload \"none\" in a"]);
}

#[test]
fn help_has_examples_and_the_exit_codes() {
    let place = Place::new();
    let outcome = place.run(&["compare", "--help"]).ends_with(0);
    for words in ["--fail-above 5%", "results/x::join results/x::batch", "Exit codes: 0", "--history", "--force"] {
        assert!(outcome.stdout.contains(words), "{words:?} is not in:\n{}", outcome.stdout);
    }
}
