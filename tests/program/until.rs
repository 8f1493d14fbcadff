//! `--until`: rounds end when the intervals are narrow enough, and what is said of that.

use crate::support::{Place, measured, tiny};

const NULL: &[&str] = &["--target", "null:?service=1ms", "--warmup", "10ms", "--no-progress"];

#[test]
fn rounds_end_when_the_goal_is_reached_and_the_folder_knows() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    // Wide enough for the noisiest machine: how narrow it becomes, simulations test.
    let options = ["--target", "null:?service=1ms", "--warmup", "10ms", "--until", "50%", "--max-rounds", "20"];
    let outcome = place.run_out(&options).ends_with(measured(0));
    let outcome = outcome.says(&[
        "round 1 of at most 20 · slice 1 · ",
        "round 5, interval ± ",
        ", goal ± 50 %",
        "rounds of 2 variants until the intervals are within ± 50 %, at most 20 · ",
        " · goal reached after ",
    ]);
    outcome.never_says(&["round 4, interval", "partial"]);
    let summary = place.json("out/summary.json");
    let rounds = summary["rounds"].as_u64().unwrap();
    assert!((5..20).contains(&rounds), "{rounds} rounds");
    assert_eq!(summary["variants"][0]["rounds"].as_array().unwrap().len() as u64, rounds);
    assert_eq!((&summary["partial"], &summary["comparisons"][0]["rounds"]), (&false.into(), &rounds.into()));
    assert_eq!(summary["comparisons"][0]["confidence"], 0.95);
    let precision = &summary["precision"];
    assert_eq!((&precision["goal"], &precision["max_rounds"]), (&0.5.into(), &20.into()));
    assert_eq!((&precision["reached"], &precision["computed_at"]), (&true.into(), &0.97.into()));
    let half_width = precision["half_width"].as_f64().unwrap();
    assert!(half_width <= 0.5);
    let end = |name: &str| summary["comparisons"][0][name].as_f64().unwrap();
    let farther = (end("ci_high") / end("ratio")).max(end("ratio") / end("ci_low"));
    assert!((farther - 1.0 - half_width).abs() < 1e-9, "the width is that of the interval beside it");
    let run = place.json("out/run.json");
    assert_eq!((&run["rounds"], &run["until"]["half_width"]), (&rounds.into(), &0.5.into()));
    assert_eq!(run["origins"]["run.rounds"], "--until");
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("within ± 50 %, at most 20 rounds. It was reached with ± "), "the page says how it ended");
    place.run(&["report", "out"]).ends_with(0);
    assert_eq!(place.json("out/summary.json"), summary, "rebuilt, it says the same");
}

#[test]
fn a_goal_that_is_not_reached_is_said_with_what_helps() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    // As narrow as a histogram can tell figures apart: five rounds never do.
    let options = ["--target", "null:", "--warmup", "10ms", "--until", "0.11%", "--max-rounds", "5"];
    let outcome = place.run_out(&options).ends_with(measured(0));
    outcome.says(&["goal ± 0.11 %", "goal not reached after 5 rounds"]);
    let summary = place.json("out/summary.json");
    assert_eq!((&summary["rounds"], &summary["partial"]), (&5.into(), &false.into()));
    assert_eq!(summary["precision"]["reached"], false);
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("the goal was ± 0.11 %: raise --max-rounds, or measure longer"), "{warnings}");
}

#[test]
fn a_goal_that_may_never_be_judged_is_said_at_the_first_look() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    // Every operation of the measurement is one that began before it.
    let options = ["--target", "null:?service=400ms", "--warmup", "10ms", "--measure", "20ms", "--until", "50%"];
    let outcome = place.run_out(&[&options[..], &["--max-rounds", "6"]].concat()).ends_with(1);
    let outcome = outcome.says(&[
        "no round so far has a median response time of both one and two: the goal of ± 50 % may never be judged, and up to 6 \
         rounds are run",
    ]);
    assert_eq!(outcome.stderr.matches("may never be judged").count(), 1, "{}", outcome.stderr);
    let warnings = place.json("out/summary.json")["warnings"].to_string();
    assert!(warnings.contains("could not be judged after 6 rounds"), "{warnings}");
}

#[test]
fn an_interrupted_run_keeps_its_goal_open() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let mut arguments = vec!["run", "w.toml", "--out", "out", "--until", "0.11%"];
    arguments.extend(NULL);
    let mut running = place.start(place.dbbench(&arguments));
    running.until_slices(3);
    running.signal(rustix::process::Signal::INT);
    running.wait().ends_with(130);
    let summary = place.json("out/summary.json");
    assert_eq!((&summary["partial"], &summary["precision"]["reached"]), (&true.into(), &false.into()));
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("of at most 120 slices closed"), "{warnings}");
}

#[test]
fn wrong_goals_are_refused_with_the_remedy() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    for (options, says) in [
        (
            &["--until", "3"][..],
            "`--until` takes a width above 0.1 % and at most 100 %, for example 3% or 0.03, got `3`",
        ),
        (&["--until", "3%", "--max-rounds", "4"], "`--max-rounds` must be between 5"),
        (&["--max-rounds", "9"], "`--max-rounds` limits the rounds of `--until`: give both"),
        (&["--until", "3%", "--rounds", "7"], "`--until` and `--rounds` both say how many rounds there are"),
        (&["--until", "3%", "--set", "run.rounds=7"], "`--until` and `--set run.rounds` both say"),
        (&["--until", "3%", "--only", "one"], "\"tiny\" runs one variant, \"one\": use `--rounds`"),
    ] {
        for command in ["run", "check"] {
            place.run(&[&[command, "w.toml"], options].concat()).ends_with(2).says(&[says]);
        }
    }
    assert!(!place.path("results").exists());
}

#[test]
fn check_tells_the_range_of_a_run_with_a_goal() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let outcome = place.run(&["check", "w.toml", "--until", "3%", "--max-rounds", "40"]).ends_with(0);
    let line = outcome.stdout.lines().find(|line| line.starts_with("run: ")).expect("a line on the run");
    let rounds = "run: 5 to 40 rounds × 2 variants = 10 to 80 slices of 150ms, until the intervals are within ± 3 %";
    assert!(line.starts_with(rounds), "{line}");
    assert!(line.contains(": about ") && line.contains(" s to ") && line.ends_with(" after start and load"), "{line}");
}
