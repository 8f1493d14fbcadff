//! Sides whose figures are known, against what must be found.

use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::result::TimesUs;
use crate::result::run::{Environment, OperationRecord, SameAnswer, VariantRecord};
use crate::result::slice::SliceRecord;
use crate::result::summary::Verdict;
use crate::stats::{ratio, ratio_between};
use crate::words::{ExitCode, Percentile, TimeKind};

const P50: Metric = Metric::Time(TimeKind::Response, Percentile::P50);

/// A run of these variants: each with its median response, µs, round by round.
fn run(dir: &str, figures: &[(&str, &[f64])]) -> Reader {
    let operation = |name: &str| OperationRecord { name: name.to_owned(), ..OperationRecord::default() };
    let variant = |name: &str| VariantRecord {
        name: name.to_owned(),
        operations: vec![operation(name)],
        ..VariantRecord::default()
    };
    let slices = figures
        .iter()
        .flat_map(|(name, rounds)| rounds.iter().zip(1..).map(|(p50_us, round)| slice(name, round, *p50_us)));
    let rounds = figures.iter().map(|(_, rounds)| rounds.len()).max().unwrap_or(0) as u32;
    let run = RunRecord {
        workload: "w".to_owned(),
        workload_hash: "hash".to_owned(),
        resolved: json!({"load": {"clients": 8}, "run": {"rounds": rounds}, "operations": {"old": {"sql": "SELECT 1"}}}),
        environment: Environment { machine: "m".to_owned(), ..Environment::default() },
        baseline: figures[0].0.to_owned(),
        margin: 0.05,
        histogram_digits: 3,
        rounds,
        variants: figures.iter().map(|(name, _)| variant(name)).collect(),
        ..RunRecord::default()
    };
    Reader { dir: PathBuf::from(dir), run, slices: slices.collect(), notes: Vec::new() }
}

fn slice(variant: &str, round: u32, p50_us: f64) -> SliceRecord {
    let mut slice =
        SliceRecord { round, variant: variant.to_owned(), valid: true, measure_s: 1.0, ..SliceRecord::default() };
    slice.mix.response.us = TimesUs { p50: Some(p50_us), ..TimesUs::default() };
    slice.mix.succeeded = 1_000;
    slice
}

fn side(runs: Vec<Reader>) -> SideRuns {
    SideRuns { name: "side".to_owned(), runs, ..SideRuns::default() }
}

fn of(variant: &str, runs: Vec<Reader>) -> SideRuns {
    SideRuns { variant: Some(variant.to_owned()), ..side(runs) }
}

/// Runs of one variant, each with the given medians.
fn runs(prefix: &str, medians: &[&[f64]]) -> Vec<Reader> {
    medians.iter().enumerate().map(|(at, rounds)| run(&format!("{prefix}{at}"), &[("old", rounds)])).collect()
}

fn asked() -> Question {
    Question { metrics: vec![P50], remedy: "three runs a side".to_owned(), ..Question::default() }
}

fn found(sides: &[SideRuns]) -> Compared {
    compare(sides, &Past::default(), &asked()).unwrap()
}

fn close(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() <= 1e-9 * b.abs())
}

#[test]
fn the_run_is_the_unit_and_its_figure_the_mean_of_logs() {
    let first = runs("a", &[&[100.0, 121.0], &[110.0, 110.0], &[90.0, 100.0, 112.0]]);
    let other = runs("b", &[&[200.0], &[210.0], &[190.0]]);
    let compared = found(&[side(first), side(other)]);
    let one = &compared.comparisons[0];
    let geometric = [110.0, 110.0, (90.0_f64 * 100.0 * 112.0).cbrt()];
    let expected = ratio_between(&geometric, &[200.0, 210.0, 190.0], 0.001, None).unwrap();
    assert!(close(one.ratio, expected.value), "{one:?}");
    assert!(close(one.ci_low, expected.interval.unwrap().low) && close(one.ci_high, expected.interval.unwrap().high));
    assert_eq!((one.interval_over, one.verdict, one.better), (Some(IntervalOver::Runs), Verdict::Higher, Some(false)));
    assert_eq!((one.against_runs, one.runs, one.against_rounds, one.rounds), (3, 3, 7, 3));
    assert!(compared.valid && compared.unlike.iter().all(|unlike| !unlike.measured), "{:?}", compared.unlike);
}

#[test]
fn what_slows_whole_runs_cancels_in_the_ratio_to_the_baseline() {
    let moods = [1.0, 1.3, 0.8, 1.1, 0.7, 1.5];
    let both = |at: usize, factor: f64| {
        let mood = moods[at];
        let wobble = 1.0 + 0.001 * at as f64;
        run(&format!("r{at}"), &[("old", &[100.0 * mood, 100.0 * mood]), ("new", &[50.0 * mood * factor * wobble; 2])])
    };
    let first = side((0..3).map(|at| both(at, 1.0)).collect());
    let other = side((3..6).map(|at| both(at, 1.2)).collect());
    let compared = found(&[first, other]);
    let summary: Vec<(&str, Option<&str>, bool, Verdict)> = compared
        .comparisons
        .iter()
        .map(|c| (c.variant.as_str(), c.relative_to.as_deref(), c.decides, c.verdict))
        .collect();
    assert_eq!(
        summary,
        [
            ("old", None, true, Verdict::Undecided),
            ("new", None, false, Verdict::Undecided),
            ("new", Some("old"), true, Verdict::Higher)
        ]
    );
    assert!(close(compared.comparisons[2].against_figure, (0.5_f64.powi(3) * 1.001 * 1.002).cbrt()));
    assert_eq!(compared.by_chance, 2.0 * (1.0 - 0.95), "those that do not decide are not counted");
}

#[test]
fn a_baseline_that_does_something_else_cancels_nothing() {
    let with = |dir: &str, sql: &str| {
        let mut run = run(dir, &[("old", &[100.0]), ("new", &[50.0])]);
        run.run.resolved = json!({"operations": {"old": {"sql": sql}}});
        run
    };
    let sides = [of("new", vec![with("a", "SELECT 1")]), of("new", vec![with("b", "SELECT 2")])];
    assert!(found(&sides).comparisons.iter().all(|c| c.relative_to.is_none()));
    let same = [of("new", vec![with("a", "SELECT 1")]), of("new", vec![with("b", "SELECT 1")])];
    assert!(found(&same).comparisons.iter().any(|c| c.relative_to.as_deref() == Some("old")));
}

#[test]
fn one_run_each_has_an_interval_within_and_no_verdict() {
    let compared = found(&[side(runs("a", &[&[100.0, 101.0, 99.0]])), side(runs("b", &[&[200.0, 202.0, 198.0]]))]);
    let one = &compared.comparisons[0];
    let within = ratio_between(&[100.0, 101.0, 99.0], &[200.0, 202.0, 198.0], 0.001, None).unwrap();
    assert!(close(one.ratio, within.value) && close(one.ci_low, within.interval.unwrap().low));
    assert_eq!((one.verdict, one.interval_over), (Verdict::Undecided, Some(IntervalOver::Rounds)));
    assert_eq!(one.reason.as_deref(), Some("one run each; three runs a side"));
}

#[test]
fn two_runs_a_side_have_an_estimate_alone() {
    let two = |prefix: &str, us: f64| side(runs(prefix, &[&[us; 4], &[us * 1.01; 4]]));
    let compared = found(&[two("a", 100.0), two("b", 200.0)]);
    let one = &compared.comparisons[0];
    assert!(close(one.ratio, 2.0) && one.ci_low.is_none() && one.interval_over.is_none());
    assert_eq!((one.verdict, one.reason.as_deref()), (Verdict::Undecided, Some("two runs each; three runs a side")));
    let three = side(runs("c", &[&[200.0], &[201.0], &[202.0]]));
    let compared = found(&[two("a", 100.0), three]);
    assert_eq!(compared.comparisons[0].reason.as_deref(), Some("3 runs against 2; three runs a side"));
}

#[test]
fn five_other_runs_know_the_spread_and_four_do_not() {
    let past = |count: usize, spread: f64| Past {
        dir: "results".to_owned(),
        runs: (0..count).map(|at| run(&format!("p{at}"), &[("old", &[100.0 * (1.0 + spread * at as f64)])])).collect(),
    };
    let sides = [side(runs("a", &[&[100.0; 3]])), side(runs("b", &[&[112.0; 3]]))];
    let with = |past: &Past| compare(&sides, past, &asked()).unwrap();
    let quiet = with(&past(5, 0.001));
    let one = &quiet.comparisons[0];
    assert_eq!((one.verdict, one.interval_over), (Verdict::Higher, Some(IntervalOver::KnownSpread)));
    assert_eq!(quiet.history, Some(History { dir: "results".to_owned(), runs: 5 }));
    assert_eq!(with(&past(5, 0.1)).comparisons[0].verdict, Verdict::Undecided, "runs differ by more than these two do");
    let few = with(&past(4, 0.001));
    assert_eq!((few.comparisons[0].interval_over, few.history), (Some(IntervalOver::Rounds), None));
    // Five runs on one side know as much.
    let five = runs("c", &[&[100.0], &[100.1], &[100.2], &[99.9], &[100.0]]);
    let compared = found(&[side(five), side(runs("b", &[&[112.0]]))]);
    assert_eq!((compared.comparisons[0].verdict, compared.history), (Verdict::Higher, None));
}

#[test]
fn only_runs_of_the_same_workload_on_the_same_machine_are_a_past() {
    let sides = [side(runs("a", &[&[1.0]])), side(runs("b", &[&[1.0]]))];
    let same = run("p", &[("old", &[1.0])]).run;
    assert!(needs_past(&sides) && is_past(&same, &sides));
    let elsewhere = Environment { machine: "other".to_owned(), ..Environment::default() };
    assert!(!is_past(&RunRecord { environment: elsewhere.clone(), ..same.clone() }, &sides));
    assert!(!is_past(&RunRecord { workload_hash: "other".to_owned(), ..same.clone() }, &sides));
    let mut apart = sides;
    apart[1].runs[0].run.environment = elsewhere;
    assert!(!is_past(&same, &apart), "of two machines none knows the spread");
}

#[test]
fn two_variants_of_one_run_are_compared_as_the_run_does() {
    let (old, new) = ([100.0, 130.0, 90.0], [50.0, 64.0, 45.5]);
    let one = || vec![run("r", &[("old", &old), ("new", &new)])];
    let compared = found(&[of("old", one()), of("new", one())]);
    let pairs: Vec<(f64, f64)> = new.into_iter().zip(old).collect();
    let expected = ratio(&pairs, 0.001).unwrap();
    let found_one = &compared.comparisons[0];
    assert!(close(found_one.ratio, expected.value) && close(found_one.ci_high, expected.interval.unwrap().high));
    assert_eq!((found_one.interval_over, found_one.verdict), (Some(IntervalOver::SameRounds), Verdict::Lower));
    let three = || (0..3).map(|at| run(&format!("r{at}"), &[("old", &old), ("new", &new)])).collect::<Vec<_>>();
    let compared = found(&[of("old", three()), of("new", three())]);
    assert_eq!(
        (compared.comparisons[0].interval_over, compared.comparisons[0].verdict),
        (Some(IntervalOver::SameRuns), Verdict::Lower)
    );
}

#[test]
fn a_zero_is_compared_by_difference() {
    let failing = |dir: &str, failed: u64| {
        let mut run = run(dir, &[("old", &[1.0; 3])]);
        run.slices.iter_mut().for_each(|slice| slice.mix.failed = failed);
        run
    };
    let sides = [
        side((0..3).map(|at| failing(&format!("a{at}"), 0)).collect()),
        side((0..3).map(|at| failing(&format!("b{at}"), 100 + at)).collect()),
    ];
    let question = Question { metrics: vec![Metric::FailuresShare], fail_above: Some(0.05), ..asked() };
    let compared = compare(&sides, &Past::default(), &question).unwrap();
    let one = &compared.comparisons[0];
    assert!(one.ratio.is_none() && one.difference.is_some_and(|difference| difference > 0.09), "{one:?}");
    assert_eq!((one.verdict, one.regression), (Verdict::Higher, true), "from nothing anything is too much");
}

#[test]
fn a_regression_is_a_verdict_to_the_worse_beyond_what_is_allowed() {
    let sides = |factor: f64| {
        let of = |prefix: &str, us: f64| side(runs(prefix, &[&[us], &[us * 1.001], &[us * 0.999]]));
        [of("a", 100.0), of("b", 100.0 * factor)]
    };
    let code = |factor: f64, fail_above: Option<f64>, strict: bool| {
        let question = Question { fail_above, ..asked() };
        exit_code(&compare(&sides(factor), &Past::default(), &question).unwrap(), strict)
    };
    assert_eq!(code(1.2, Some(0.05), false), ExitCode::Refuted);
    assert_eq!(code(1.2, Some(0.25), false), ExitCode::Done, "worse, but by less than that");
    assert_eq!(code(1.2, None, false), ExitCode::Done, "nobody asked");
    assert_eq!(code(0.8, Some(0.05), true), ExitCode::Done, "to the better");
    let one_each = [side(runs("a", &[&[100.0; 3]])), side(runs("b", &[&[300.0; 3]]))];
    let question = Question { fail_above: Some(0.05), ..asked() };
    let undecided = compare(&one_each, &Past::default(), &question).unwrap();
    assert_eq!((exit_code(&undecided, false), exit_code(&undecided, true)), (ExitCode::Done, ExitCode::Refuted));
    let mut debug = sides(1.2);
    debug[1].runs[0].run.dbbench.debug_assertions = true;
    let compared = compare(&debug, &Past::default(), &question).unwrap();
    assert_eq!(exit_code(&compared, true), ExitCode::NotValid, "which says that a regression cannot be relied on");
    assert_eq!((compared.sides[0].runs[0].valid, compared.sides[1].runs[0].valid), (true, false));
}

#[test]
fn goodput_is_worse_when_it_falls() {
    let of = |prefix: &str, succeeded: [u64; 3]| {
        side(
            succeeded
                .iter()
                .enumerate()
                .map(|(at, count)| {
                    let mut run = run(&format!("{prefix}{at}"), &[("old", &[1.0])]);
                    run.slices[0].mix.succeeded = *count;
                    run
                })
                .collect(),
        )
    };
    let question = Question { metrics: vec![Metric::Goodput], fail_above: Some(0.05), ..asked() };
    let compared =
        compare(&[of("a", [1000, 1001, 999]), of("b", [900, 901, 899])], &Past::default(), &question).unwrap();
    assert_eq!((compared.comparisons[0].better, compared.comparisons[0].regression), (Some(false), true));
}

#[test]
fn what_measures_something_else_is_refused_with_the_keys() {
    let mut other = run("b", &[("old", &[1.0])]);
    other.run.resolved = json!({"load": {"clients": 16}, "run": {"rounds": 9}, "operations": {"old": {"sql": "SELECT 1"}},
        "params": {"new": {"uniform": [1, 2]}}});
    other.run.workload_hash = "0123456789abcdef".to_owned();
    let sides = [side(runs("a", &[&[1.0]])), side(vec![other])];
    let refusal = compare(&sides, &Past::default(), &asked()).unwrap_err().to_string();
    assert!(refusal.contains("A (side) has workload hash hash, B (side) has workload hash 0123456789ab"), "{refusal}");
    assert!(refusal.contains("load.clients: 8 in A, 16 in B") && refusal.contains("--force"), "{refusal}");
    assert!(!refusal.contains("run.rounds") && !refusal.contains("params"), "neither decides: {refusal}");
    let forced = compare(&sides, &Past::default(), &Question { force: true, ..asked() }).unwrap();
    let listed: Vec<&str> = forced.unlike.iter().map(|unlike| unlike.what.as_str()).collect();
    assert!(forced.forced && listed[0] == "load.clients", "{listed:?}");
    assert!(
        ["run.rounds", "params.new.uniform", "workload_hash"].iter().all(|what| listed.contains(what)),
        "{listed:?}"
    );
}

#[test]
fn without_the_resolved_workload_its_hash_decides() {
    let bare = |dir: &str, hash: &str| {
        let mut run = run(dir, &[("old", &[1.0])]);
        (run.run.resolved, run.run.workload_hash) = (serde_json::Value::Null, hash.to_owned());
        side(vec![run])
    };
    assert!(matches!(
        compare(&[bare("a", "x"), bare("b", "y")], &Past::default(), &asked()),
        Err(Refusal::NotTheSame { .. })
    ));
    assert!(compare(&[bare("a", "x"), bare("b", "x")], &Past::default(), &asked()).is_ok());
}

#[test]
fn servers_seed_and_machine_are_listed_and_compared() {
    let mut other = run("b", &[("old", &[1.0])]);
    (other.run.seed, other.run.environment.machine) = (7, "n".to_owned());
    let compared = found(&[side(runs("a", &[&[1.0]])), side(vec![other])]);
    let listed: Vec<(&str, &str, &str)> =
        compared.unlike.iter().map(|one| (one.what.as_str(), one.against_value.as_str(), one.value.as_str())).collect();
    assert_eq!(listed, [("machine", "m", "n"), ("seed", "0", "7")]);
}

#[test]
fn nothing_in_common_is_said_with_what_there_is() {
    let refused = |first: SideRuns, other: SideRuns, only: &[&str]| {
        let question = Question { only: only.iter().map(|name| (*name).to_owned()).collect(), ..asked() };
        compare(&[first, other], &Past::default(), &question).unwrap_err().to_string()
    };
    let one = |dir: &str, name: &str| side(vec![run(dir, &[(name, &[1.0])])]);
    assert_eq!(
        refused(one("a", "join"), one("b", "batch"), &[]),
        "no variant is on both sides: A (side) has join, B (side) has batch; name one of each with RUN::VARIANT"
    );
    assert_eq!(
        refused(one("a", "join"), of("nested", vec![run("b", &[("join", &[1.0])])]), &[]),
        "B (side) has no variant \"nested\"; it has join"
    );
    let refusal = refused(one("a", "join"), one("b", "join"), &["batch"]);
    assert_eq!(refusal, "what is on both sides has no variant \"batch\"; it has join");
    assert!(refused(one("a", "join"), one("a", "join"), &[]).starts_with("a is part of both A and B"));
    let mut swept = one("b", "join");
    swept.runs[0].run.variants[0].point.insert("load.clients".to_owned(), "8".to_owned());
    let refusal = refused(one("a", "join"), swept, &[]);
    assert_eq!(refusal, "A (side) and B (side) have no sweep point in common: none and load.clients = 8");
}

#[test]
fn a_variant_without_a_valid_round_is_said_and_not_valid() {
    let mut other = runs("b", &[&[1.0; 3], &[1.0; 3], &[1.0; 3]]);
    for slice in other.iter_mut().flat_map(|run| &mut run.slices) {
        (slice.valid, slice.failed) = (false, Some("gone".to_owned()));
    }
    let compared = found(&[side(runs("a", &[&[1.0], &[1.0], &[1.0]])), side(other)]);
    let one = &compared.comparisons[0];
    assert_eq!((one.figure, one.ratio, one.verdict), (None, None, Verdict::Undecided));
    assert_eq!(one.reason.as_deref(), Some("old has no valid round in B"));
    assert!(
        !compared.valid && compared.invalid_reasons[0].starts_with("B (b0, b1, b2): old: 3 of 3 rounds"),
        "{compared:?}"
    );
}

/// Runs that ended before their first slice closed compare nothing: a gate over them is not green.
#[test]
fn a_variant_of_which_nothing_closed_is_not_valid() {
    let none = || runs("b", &[&[], &[], &[]]);
    let question = Question { fail_above: Some(0.05), ..asked() };
    let with = |other: Vec<Reader>| {
        let sides = [side(runs("a", &[&[1.0], &[1.0], &[1.0]])), side(other)];
        compare(&sides, &Past::default(), &question).unwrap()
    };
    let compared = with(none());
    assert_eq!(compared.invalid_reasons, ["B (b0, b1, b2): old has no valid round"]);
    assert_eq!((exit_code(&compared, false), compared.sides[1].runs[0].valid), (ExitCode::NotValid, false));
    let mut differ = none();
    differ[1].run.same_answer = Some(SameAnswer { draws: 1, ..SameAnswer::default() });
    let reasons = with(differ).invalid_reasons;
    assert_eq!(reasons, ["B (b0, b1, b2): old has no valid round: the answers of its variants differ"]);
    // One that was cut off says nothing about those that were not.
    let three = with(runs("b", &[&[1.0], &[], &[1.0], &[1.0]]));
    assert!(three.valid && three.sides[1].runs[1].valid, "{:?}", three.invalid_reasons);
}

#[test]
fn sides_measured_one_after_the_other_are_said_where_no_baseline_cancels_that() {
    let at = |prefix: &str, starts: [f64; 3]| {
        let mut runs = runs(prefix, &[&[1.0], &[1.01], &[1.02]]);
        runs.iter_mut().zip(starts).for_each(|(run, start)| run.run.started_at_epoch_s = start);
        side(runs)
    };
    let warned =
        |sides: &[SideRuns]| found(sides).warnings.iter().any(|warning| warning.contains("alternate the sides"));
    assert!(warned(&[at("a", [1.0, 2.0, 3.0]), at("b", [4.0, 5.0, 6.0])]));
    assert!(!warned(&[at("a", [1.0, 3.0, 5.0]), at("b", [2.0, 4.0, 6.0])]));
}
