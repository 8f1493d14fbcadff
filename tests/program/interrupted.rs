//! Runs that do not reach their end: signals, a server that dies, dbbench itself killed. What was measured stays readable,
//! nothing of the servers stays.

use std::fs;
use std::time::Instant;

use rustix::process::{Signal, kill_process};

use crate::support::{GONE, Place, measured, tiny};

/// More rounds than any test waits for.
const ENDLESS: &[&str] = &["run", "w.toml", "--out", "out", "--no-progress", "--rounds", "1000"];

fn place() -> Place {
    let place = Place::new();
    place.workload(&tiny(&[]));
    place
}

/// A partial result that has a page.
#[track_caller]
fn assert_partial(place: &Place) {
    let summary = place.json("out/summary.json");
    assert_eq!(summary["partial"], true);
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("of 2000 slices closed"), "{warnings}");
    assert!(place.path("out/report.html").exists(), "no page");
}

#[test]
fn a_server_killed_in_mid_run_fails_its_slice_and_keeps_the_others() {
    let place = place();
    let mut run = place.start(place.dbbench(ENDLESS));
    run.until_slices(2);
    kill_process(place.postmaster(), Signal::KILL).unwrap();
    let outcome = run.wait().ends_with(1);
    let outcome =
        outcome.says(&["error: the run ended in round ", "the server is gone", "the end of the server's log:"]);
    assert_eq!(outcome.stdout.trim(), "out");
    assert_partial(&place);

    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let failed: Vec<bool> = slices
        .lines()
        .map(|line| !serde_json::from_str::<serde_json::Value>(line).expect("whole lines")["failed"].is_null())
        .collect();
    let (last, others) = failed.split_last().expect("slices");
    assert!(*last && others.iter().all(|failed| !failed), "{failed:?}");
    // What failed was the run, not its report; but of a variant with one round out of two nothing is valid.
    let valid = place.json("out/summary.json")["valid"] == true;
    place.run(&["report", "out"]).ends_with(if valid { 0 } else { 5 });
}

#[test]
fn ctrl_c_keeps_what_was_measured() {
    let place = place();
    let mut run = place.start(place.dbbench(ENDLESS));
    run.until_slices(1);
    run.signal_group(Signal::INT);
    let outcome = run.wait().ends_with(130);
    let outcome = outcome.says(&["interrupted: ending, and keeping what was measured", "the run is partial"]);
    assert_eq!(outcome.stdout.trim(), "out");
    assert_partial(&place);
    let reasons = place.json("out/summary.json")["invalid_reasons"].to_string();
    assert!(!reasons.contains("left out"), "the slice that was cut is held against the run: {reasons}");
}

#[test]
fn sigterm_keeps_what_was_measured() {
    let place = place();
    let mut run = place.start(place.dbbench(ENDLESS));
    run.until_slices(1);
    run.signal(Signal::TERM);
    run.wait().ends_with(130).says(&["the result is partial"]);
    assert_partial(&place);
}

#[test]
fn a_second_signal_ends_at_once_and_leaves_nothing() {
    let place = Place::new();
    // Each statement takes longer than anybody waits for.
    place.workload(&tiny(&[(
        "SELECT id, name FROM users WHERE org_id = :org",
        "SELECT id, pg_sleep(0.2) FROM users WHERE id = :org",
    )]));
    let mut run = place.start(place.dbbench(&[ENDLESS, &["--set", "compare.same_answer=false"]].concat()));
    run.until("a result", || place.path("out/run.json").exists());
    run.signal(Signal::INT);
    run.signal(Signal::INT);
    let start = Instant::now();
    run.signal(Signal::TERM);
    run.wait().ends_with(130);
    assert!(start.elapsed() < GONE, "{:?}", start.elapsed());
}

#[test]
fn interrupted_while_loading_there_is_no_result() {
    let place = Place::new();
    place.workload(&tiny(&[("rows = 200", "rows = 20_000_000")]));
    let mut run = place.start(place.dbbench(&["run", "w.toml", "--out", "out", "--no-progress"]));
    run.until("a server", || place.server_processes().len() > 2);
    run.signal_group(Signal::INT);
    let outcome = run.wait().ends_with(130).says(&["interrupted before anything was measured"]);
    assert_eq!(outcome.stdout, "");
    assert!(!place.path("out").exists(), "a result was made");
}

#[test]
fn a_server_killed_while_loading_ends_the_run_with_its_log() {
    let place = Place::new();
    place.workload(&tiny(&[("rows = 200", "rows = 20_000_000")]));
    let mut run = place.start(place.dbbench(&["run", "w.toml", "--out", "out", "--no-progress"]));
    run.until("a server that loads", || place.server_processes().len() > 6);
    kill_process(place.postmaster(), Signal::KILL).unwrap();
    let outcome = run.wait().ends_with(1);
    assert_eq!(outcome.stdout, "");
    // Whether a session notices, or the next one finds nobody, depends on the moment.
    outcome.says(&["error: ", "the end of the server's log:", "database system is ready to accept connections"]);
    assert!(!place.path("out").exists(), "a result was made");
}

/// Kills dbbench by SIGKILL in mid-run, after `before`; nothing is left, the result is read, the next run works.
fn killed(before: impl Fn(&Place)) {
    let place = place();
    let mut run = place.start(place.dbbench(ENDLESS));
    run.until_slices(1);
    assert!(!place.server_processes().is_empty());
    before(&place);
    run.signal(Signal::KILL);
    let outcome = run.wait();
    assert_eq!(outcome.code, None);
    assert!(!place.path("out/summary.json").exists(), "it was killed before the summary");

    place.run(&["report", "out"]).ends_with(measured(0)).says(&["the run is partial"]);
    assert_partial(&place);
    let next = ["run", "w.toml", "--out", "next", "--quiet"];
    place.run(&next).ends_with(measured(0));
}

#[test]
fn killed_in_mid_run_nothing_is_left() {
    killed(|_| {});
}

#[test]
fn killed_with_the_server_paused_nothing_is_left() {
    killed(|place| {
        let postmaster = place.postmaster();
        kill_process(postmaster, Signal::STOP).unwrap();
        let stopped = |pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_none_or(|rest| rest.starts_with(['T', 'Z']) || rest.is_empty())
        };
        let start = Instant::now();
        loop {
            let mut running = place.server_processes();
            running.retain(|pid| !stopped(pid.as_raw_nonzero()));
            if running.is_empty() {
                break;
            }
            assert!(start.elapsed() < GONE, "{running:?} run on");
            for pid in running {
                let _ = kill_process(pid, Signal::STOP);
            }
        }
        assert!(place.server_processes().len() > 2, "paused, not ended");
    });
}
