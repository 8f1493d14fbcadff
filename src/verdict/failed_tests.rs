//! A variant that mostly fails, from its slices to its verdicts.

use super::{hide_the_job, name_failures, nothing_succeeded, worth_a_word};
use crate::result::TimesUs;
use crate::result::interval::ErrorRow;
use crate::result::run::{Bound, Judgement, Limit, RunRecord, VariantRecord};
use crate::result::slice::{SliceFigures, SliceRecord};
use crate::result::summary::{Figures, Finding, NamedFigures, Summary, Variant, Verdict};
use crate::verdict::{Scope, exit_code, judge};
use crate::words::{ExitCode, Metric};

fn figures(name: Option<&str>, succeeded: u64, failed: u64, p50_us: f64) -> SliceFigures {
    let us = TimesUs { p50: Some(p50_us), mean: Some(p50_us), ..TimesUs::default() };
    let mut figures = SliceFigures {
        name: name.map(str::to_owned),
        planned: succeeded + failed,
        attempts: succeeded + failed,
        succeeded,
        failed,
        ..SliceFigures::default()
    };
    figures.response.us = us;
    figures.failures.insert("55P03".to_owned(), failed);
    figures
}

/// Three rounds in which `nowait` fails as often as told, and takes a quarter of the time where it does not.
fn slices(succeeded: u64, failed: u64) -> Vec<SliceRecord> {
    let slice = |variant: &str, round: u32, mix| SliceRecord {
        round,
        variant: variant.to_owned(),
        measure_s: 1.0,
        valid: true,
        mix,
        ..SliceRecord::default()
    };
    (1..=3)
        .flat_map(|round| {
            let weather = f64::from(round);
            [
                slice("wait", round, figures(None, 1_000, 0, 1_000.0 + weather)),
                slice("nowait", round, figures(None, succeeded, failed, 250.0 + weather)),
            ]
        })
        .collect()
}

fn run(expectations: Vec<Judgement>) -> RunRecord {
    let variant = |name: &str| VariantRecord { name: name.to_owned(), ..VariantRecord::default() };
    RunRecord {
        baseline: "wait".to_owned(),
        margin: 0.05,
        rounds: 3,
        histogram_digits: 3,
        variants: vec![variant("wait"), variant("nowait")],
        expectations,
        ..RunRecord::default()
    }
}

fn expectation(metric: &str, bound: Bound) -> Judgement {
    Judgement {
        claim: metric.to_owned(),
        source: None,
        variant: "nowait".to_owned(),
        operation: None,
        job: None,
        metric: metric.to_owned(),
        against: "wait".to_owned(),
        bound,
    }
}

#[test]
fn a_variant_that_mostly_fails_wins_nothing_by_its_times() {
    let all = || {
        vec![
            expectation("response.p50", Bound::Ratio(Limit::AtMost(0.5))),
            expectation("response.mean", Bound::Value(Limit::AtMost(500.0))),
            expectation("goodput", Bound::Ratio(Limit::AtLeast(0.5))),
            expectation("failures.share", Bound::Value(Limit::AtMost(0.01))),
        ]
    };
    let found = judge(&run(all()), &slices(35, 965));
    let why = "96.5 % of nowait's operations failed (55P03), more than succeeded: the times of the others say nothing about \
               the job";
    let p50 = &found.comparisons[0];
    assert_eq!((p50.verdict, p50.better, p50.reason.as_deref()), (Verdict::Undecided, None, Some(why)));
    assert!(p50.ratio.is_some_and(|ratio| ratio < 0.3), "what was measured stays: {p50:?}");
    let goodput = found.comparisons.iter().find(|one| one.metric == "goodput_per_s").unwrap();
    assert_eq!((goodput.verdict, goodput.better, &goodput.reason), (Verdict::Lower, Some(false), &None));
    let judged: Vec<(Finding, Option<&str>)> =
        found.expectations.iter().map(|judged| (judged.verdict, judged.reason.as_deref())).collect();
    assert_eq!(
        judged,
        [
            (Finding::Undecided, Some(why)),
            (Finding::Undecided, Some(why)),
            (Finding::Refuted, None),
            (Finding::Refuted, None)
        ]
    );
    // Half of them may fail.
    let half = judge(&run(all()), &slices(500, 500));
    assert_eq!((half.comparisons[0].verdict, half.expectations[0].verdict), (Verdict::Lower, Finding::Holds));
    let more = judge(&run(all()), &slices(499, 501));
    assert_eq!((more.comparisons[0].verdict, more.expectations[0].verdict), (Verdict::Undecided, Finding::Undecided));
}

#[test]
fn the_scope_decides_whose_failures_count() {
    let mut slices = slices(900, 100);
    for slice in &mut slices {
        slice.operations = vec![figures(Some("look"), 890, 10, 1.0), figures(Some("take"), 10, 90, 1.0)];
    }
    let p50 = Metric::parse("response.p50").unwrap();
    let of = |operation, metric: &str| {
        let scope = Scope { operation, job: None };
        hide_the_job(&slices, &["nowait"], &Metric::parse(metric).unwrap(), scope)
    };
    assert_eq!(hide_the_job(&slices, &["nowait", "wait"], &p50, Scope::default()), None);
    assert_eq!(of(Some("look"), "response.p50"), None);
    let why = of(Some("take"), "service.p99").unwrap();
    assert!(why.starts_with("90 % of the operations take in nowait failed (55P03), more than"), "{why}");
    assert_eq!(of(Some("take"), "connect.p50"), None, "connecting did not fail");
    assert_eq!(of(Some("take"), "statements"), None);
    // Left out is left out.
    slices.iter_mut().for_each(|slice| slice.valid = false);
    let scope = Scope { operation: Some("take"), job: None };
    assert_eq!(hide_the_job(&slices, &["nowait"], &p50, scope), None);
}

#[test]
fn without_a_server_nothing_is_judged_and_nothing_refuted() {
    let required = vec![
        expectation("response.p50", Bound::Ratio(Limit::AtMost(0.1))),
        expectation("statements", Bound::Value(Limit::Equals(5.0))),
    ];
    let null = RunRecord { null_target: true, ..run(required) };
    let found = judge(&null, &slices(1_000, 0));
    assert_eq!(found.comparisons[0].verdict, Verdict::Lower, "comparisons stay");
    let mut summary = Summary { valid: true, expectations: found.expectations, ..Summary::default() };
    for judged in &summary.expectations {
        let reason = judged.reason.as_deref().unwrap();
        assert_eq!(
            (judged.verdict, reason),
            (Finding::Undecided, "the target is the null driver: there is no server to judge")
        );
    }
    assert_eq!(exit_code(&summary, false), ExitCode::Done);
    let with_server = judge(&RunRecord { null_target: false, ..null }, &slices(1_000, 0));
    summary.expectations = with_server.expectations;
    assert_eq!(exit_code(&summary, false), ExitCode::Refuted);
}

fn variant(operations: &[(&str, u64, u64)]) -> Variant {
    let figures = |succeeded, failed| Figures {
        succeeded,
        failed,
        failures: [("40001".to_owned(), failed)].into_iter().filter(|(_, count)| *count > 0).collect(),
        ..Figures::default()
    };
    let sum = |part: fn(&(&str, u64, u64)) -> u64| operations.iter().map(part).sum();
    Variant {
        name: "pool".to_owned(),
        operations: operations
            .iter()
            .map(|(name, succeeded, failed)| NamedFigures {
                name: (*name).to_owned(),
                figures: figures(*succeeded, *failed),
            })
            .collect(),
        mix: figures(sum(|one| one.1), sum(|one| one.2)),
        ..Variant::default()
    }
}

#[test]
fn the_operation_that_fails_most_often_is_named() {
    assert_eq!(worth_a_word(&variant(&[("read", 990, 10)])), None, "one in a hundred");
    assert_eq!(
        worth_a_word(&variant(&[("read", 989, 11)])).as_deref(),
        Some("1.1 % of pool's operations failed (40001)")
    );
    // Rare in the mix, and yet one of its operations fails one time in four.
    let mix = variant(&[("read", 99_000, 0), ("pay", 75, 25)]);
    assert_eq!(worth_a_word(&mix).as_deref(), Some("25 % of the operations pay in pool failed (40001)"));
}

#[test]
fn what_never_succeeded_says_with_which_message() {
    let mut summary = Summary { variants: vec![variant(&[("read", 0, 12)])], ..Summary::default() };
    let row = |round, phase: &str, message: &str| ErrorRow {
        round,
        phase: phase.to_owned(),
        variant: "pool".to_owned(),
        sqlstate: "40001".to_owned(),
        class: "serialization".to_owned(),
        message: message.to_owned(),
        ..ErrorRow::default()
    };
    let slice = |round, valid| SliceRecord { round, valid, variant: "pool".to_owned(), ..SliceRecord::default() };
    let errors = [
        row(1, "measure", "left out"),
        row(2, "warmup", "warming up"),
        row(2, "measure", "could not serialize (SQLSTATE 40001)\nmore"),
    ];
    name_failures(&mut summary, &errors, &[slice(1, false), slice(2, true)]);
    let found = &summary.variants[0];
    assert_eq!(
        nothing_succeeded(found).as_deref(),
        Some("all of pool's operations failed (40001: could not serialize)")
    );
    name_failures(&mut summary, &[], &[]);
    assert_eq!(
        nothing_succeeded(&summary.variants[0]).as_deref(),
        Some("all of pool's operations failed (40001)"),
        "without errors.csv"
    );
    assert_eq!(nothing_succeeded(&variant(&[("read", 1, 12)])), None);
}
