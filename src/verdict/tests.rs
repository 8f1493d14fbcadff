//! Judging on slices made by hand, with findings that can be told in advance.

use super::{Scope, exit_code, figure, judge, multiplicity};
use crate::result::TimesUs;
use crate::result::run::{Bound, Build, Judgement, Limit, RunRecord, SameAnswer, VariantRecord};
use crate::result::slice::{CheckRecord, SliceFigures, SliceRecord, WorkerRecord};
use crate::result::summary::{Comparison, Finding, Summary, Verdict};
use crate::words::{ExitCode, Metric};

fn run(claims: Vec<Judgement>) -> RunRecord {
    let variant = |name: &str| VariantRecord { name: name.to_owned(), ..VariantRecord::default() };
    RunRecord {
        baseline: "slow".to_owned(),
        margin: 0.05,
        rounds: 4,
        histogram_digits: 3,
        variants: vec![variant("slow"), variant("fast")],
        claims,
        ..RunRecord::default()
    }
}

fn slice(variant: &str, round: u32, p50_us: f64) -> SliceRecord {
    let mut figures = SliceFigures {
        planned: 1_000,
        attempts: 1_000,
        succeeded: 990,
        failed: 10,
        statements: 21_000,
        rows: 2_000,
        ..SliceFigures::default()
    };
    figures.failures = [("40001".to_owned(), 7), ("57014".to_owned(), 2), ("timeout".to_owned(), 1)].into();
    figures.response.us = TimesUs { p50: Some(p50_us), mean: Some(p50_us), ..TimesUs::default() };
    SliceRecord {
        round,
        variant: variant.to_owned(),
        measure_s: 2.0,
        valid: true,
        warmed_up: true,
        mix: figures,
        workers: vec![WorkerRecord { cpu_us: 5_000.0, ..WorkerRecord::default() }],
        ..SliceRecord::default()
    }
}

/// Rounds in which `fast` takes the given shares of `slow`, whatever the weather of the round.
fn slices(shares: &[f64]) -> Vec<SliceRecord> {
    let mut slices = Vec::new();
    for (share, round) in shares.iter().zip(1_u32..) {
        let weather = 100.0 * f64::from(round);
        slices.push(slice("slow", round, weather));
        slices.push(slice("fast", round, weather * share));
    }
    slices
}

fn claim(metric: &str, bound: Bound) -> Judgement {
    Judgement {
        claim: metric.to_owned(),
        source: None,
        variant: "fast".to_owned(),
        operation: None,
        job: None,
        metric: metric.to_owned(),
        against: "slow".to_owned(),
        bound,
    }
}

fn finding(slices: &[SliceRecord], metric: &str, bound: Bound) -> Finding {
    judge(&run(vec![claim(metric, bound)]), slices).claims[0].verdict
}

#[test]
fn the_mix_is_compared_in_four_metrics_and_in_what_claims_name() {
    let claims = vec![
        claim("response.p50", Bound::Ratio(Limit::AtMost(0.5))),
        claim("statements", Bound::Value(Limit::Equals(21.0))),
    ];
    let verdicts = judge(&run(claims), &slices(&[0.30, 0.31, 0.30, 0.31]));
    let metrics: Vec<&str> = verdicts.comparisons.iter().map(|c| c.metric.as_str()).collect();
    assert_eq!(
        metrics,
        ["response_us.p50", "response_us.p99", "response_us.mean", "goodput_per_s", "statements_per_operation"]
    );
    let p50 = &verdicts.comparisons[0];
    assert_eq!((p50.verdict, p50.better, p50.rounds), (Verdict::Lower, Some(true), 4));
    assert!(p50.ratio.is_some_and(|ratio| (ratio - 0.305).abs() < 0.001), "{p50:?}");
    // A percentile that was not measured, and one that is equal.
    assert_eq!((verdicts.comparisons[1].ratio, verdicts.comparisons[1].verdict), (None, Verdict::Undecided));
    assert_eq!((verdicts.comparisons[3].verdict, verdicts.comparisons[3].better), (Verdict::NoDifference, None));
    assert_eq!(multiplicity(&verdicts.comparisons).comparisons, 4);
    assert_eq!(verdicts.claims.iter().map(|c| c.verdict).collect::<Vec<_>>(), [Finding::Holds, Finding::Holds]);
    assert_eq!(verdicts.claims[0].required, "at_most 0.5");
}

#[test]
fn claims_hold_are_refuted_or_stay_undecided_by_the_whole_interval() {
    let slices = slices(&[0.30, 0.31, 0.32, 0.31]);
    let ratio = |limit| finding(&slices, "response.p50", Bound::Ratio(limit));
    assert_eq!(ratio(Limit::AtMost(0.33)), Finding::Holds);
    assert_eq!(ratio(Limit::AtMost(0.29)), Finding::Refuted);
    assert_eq!(ratio(Limit::AtMost(0.312)), Finding::Undecided);
    assert_eq!(ratio(Limit::AtLeast(0.312)), Finding::Undecided);
    assert_eq!(ratio(Limit::AtLeast(0.29)), Finding::Holds);
    let value = |metric, limit| finding(&slices, metric, Bound::Value(limit));
    assert_eq!(value("statements", Limit::AtMost(21.0)), Finding::Holds);
    assert_eq!(value("statements", Limit::Equals(20.0)), Finding::Refuted);
    assert_eq!(value("goodput", Limit::AtLeast(495.0)), Finding::Holds);
    assert_eq!(value("response.p99", Limit::AtMost(1e9)), Finding::Undecided);
    assert_eq!(finding(&slices[..4], "response.p50", Bound::Ratio(Limit::AtMost(0.33))), Finding::Undecided);
}

#[test]
fn an_undecided_claim_says_which_figure_is_missing() {
    let mut slices = slices(&[0.5; 4]);
    slices.iter_mut().for_each(|slice| slice.mix.response.count = 990);
    let reason = |slices: &[SliceRecord], metric, bound| {
        judge(&run(vec![claim(metric, bound)]), slices).claims[0].reason.clone().unwrap_or_default()
    };
    let limit = Limit::AtMost(1e9);
    assert_eq!(
        reason(&slices, "response.p99", Bound::Value(limit)),
        "p99 not stated in 4 of 4 rounds: fewer than ten operations above it; measure longer"
    );
    slices.iter_mut().filter(|slice| slice.variant == "fast").for_each(|slice| slice.mix.response.us.p99 = Some(1.0));
    assert_eq!(
        reason(&slices, "response.p99", Bound::Ratio(limit)),
        "p99 of slow not stated in 4 of 4 rounds: fewer than ten operations above it; measure longer"
    );
    assert_eq!(
        reason(&slices[..4], "response.p50", Bound::Ratio(limit)),
        "2 rounds are too few: at least 3 are needed"
    );
    assert_eq!(reason(&slices, "response.p50", Bound::Value(limit)), "", "what holds needs no reason");
    assert_eq!(reason(&slices, "response.p50", Bound::Ratio(Limit::AtMost(0.5))), "");
}

#[test]
fn counts_are_judged_round_by_round() {
    let mut slices = slices(&[1.0; 4]);
    let value = |slices: &[SliceRecord], limit| finding(slices, "failures.40001", Bound::Value(limit));
    assert_eq!(value(&slices, Limit::AtMost(7.0)), Finding::Holds);
    slices[5].mix.failures.insert("40001".to_owned(), 8);
    assert_eq!(value(&slices, Limit::AtMost(7.0)), Finding::Refuted);
    assert_eq!(value(&slices, Limit::Equals(7.0)), Finding::Refuted);
    assert_eq!(value(&slices, Limit::AtLeast(8.0)), Finding::Undecided);
    assert_eq!(value(&slices, Limit::AtLeast(9.0)), Finding::Refuted);
}

#[test]
fn one_round_in_which_a_check_failed_is_one_too_many() {
    let mut slices = slices(&[1.0; 7]);
    let check = |difference: f64| CheckRecord {
        name: "lost".to_owned(),
        passed: difference == 0.0,
        difference: Some(difference),
        ..CheckRecord::default()
    };
    slices.iter_mut().for_each(|slice| slice.checks = vec![check(0.0)]);
    let value = |slices: &[SliceRecord], limit| finding(slices, "checks.lost", Bound::Value(limit));
    assert_eq!(value(&slices, Limit::AtMost(0.0)), Finding::Holds);
    let last = slices.iter_mut().rfind(|slice| slice.variant == "fast").unwrap();
    last.checks = vec![check(5.0)];
    // Also where the round is left out of every figure: the tables are what they are.
    last.valid = false;
    assert_eq!(value(&slices, Limit::AtMost(0.0)), Finding::Refuted);
    assert_eq!(value(&slices, Limit::Equals(0.0)), Finding::Refuted);
    assert_eq!(value(&slices, Limit::AtLeast(6.0)), Finding::Refuted);
    assert_eq!(value(&slices, Limit::AtLeast(5.0)), Finding::Undecided);
}

/// A query that fails, or gives NULL, proves nothing: no round may pass because of it.
#[test]
fn a_check_without_an_answer_satisfies_nothing() {
    let answered = CheckRecord {
        name: "lost".to_owned(),
        passed: true,
        found: "0".to_owned(),
        difference: Some(0.0),
        ..CheckRecord::default()
    };
    let null = CheckRecord { passed: false, found: "NULL".to_owned(), difference: None, ..answered.clone() };
    let mut slices = slices(&[1.0; 5]);
    slices.iter_mut().for_each(|slice| slice.checks = vec![answered.clone()]);
    let of = |slices: &[SliceRecord], bound| judge(&run(vec![claim("checks.lost", bound)]), slices).claims[0].clone();
    slices[3].checks = vec![null.clone()];
    let found = of(&slices, Bound::Value(Limit::Equals(0.0)));
    assert_eq!((found.verdict, found.rounds, found.observed), (Finding::Refuted, 5, Some(0.0)));
    assert_eq!(found.reason.as_deref(), Some("the check had no answer in 1 round; round 2 of fast: NULL"));
    assert_eq!(of(&slices, Bound::Value(Limit::AtLeast(0.0))).verdict, Finding::Undecided);
    assert_eq!(of(&slices, Bound::Ratio(Limit::AtMost(1.0))).verdict, Finding::Undecided);
    slices.iter_mut().for_each(|slice| slice.checks = vec![null.clone()]);
    let found = of(&slices, Bound::Value(Limit::AtLeast(0.0)));
    assert_eq!((found.verdict, found.observed), (Finding::Refuted, None));
}

#[test]
fn a_zero_is_compared_by_difference() {
    let claims = vec![claim("failures.23505", Bound::Ratio(Limit::AtMost(1.0)))];
    let mut slices = slices(&[1.0; 4]);
    for (slice, count) in slices.iter_mut().filter(|slice| slice.variant == "fast").zip([5, 6, 5, 6]) {
        slice.mix.failures.insert("23505".to_owned(), count);
    }
    let verdicts = judge(&run(claims.clone()), &slices);
    let found = verdicts.comparisons.iter().find(|c| c.metric == "failures.23505").unwrap();
    assert_eq!((found.ratio, found.difference), (None, Some(5.5)));
    assert_eq!((found.verdict, found.better), (Verdict::Higher, Some(false)));
    assert_eq!(verdicts.claims[0].verdict, Finding::Refuted);
    slices.iter_mut().for_each(|slice| slice.mix.failures.clear());
    let verdicts = judge(&run(claims), &slices);
    let found: &Comparison = verdicts.comparisons.iter().find(|c| c.metric == "failures.23505").unwrap();
    assert_eq!((found.verdict, verdicts.claims[0].verdict), (Verdict::NoDifference, Finding::Holds));
    // Nothing happened: that it does so twice as often was not seen.
    for limit in [Limit::AtLeast(2.0), Limit::Equals(1.0)] {
        let judged = &judge(&run(vec![claim("failures.23505", Bound::Ratio(limit))]), &slices).claims[0];
        assert_eq!(judged.verdict, Finding::Undecided);
        assert!(judged.reason.as_ref().is_some_and(|reason| reason.contains("0 in every round of both")), "{judged:?}");
    }
    // From nothing, anything is more than twice as much.
    slices.iter_mut().filter(|slice| slice.variant == "fast").for_each(|slice| {
        slice.mix.failures.insert("23505".to_owned(), 5);
    });
    assert_eq!(finding(&slices, "failures.23505", Bound::Ratio(Limit::AtLeast(2.0))), Finding::Holds);
}

#[test]
fn a_round_with_a_slice_that_is_left_out_counts_for_nobody() {
    let mut slices = slices(&[0.5, 0.5, 0.5, 0.5]);
    slices[0].mix.response.us.p50 = Some(1e9);
    slices[0].valid = false;
    slices[0].failed = Some("the server went away".to_owned());
    let verdicts = judge(&run(Vec::new()), &slices);
    assert_eq!((verdicts.comparisons[0].rounds, verdicts.comparisons[0].ratio), (3, Some(0.5)));
    assert!(verdicts.validity.reasons.is_empty(), "one of four rounds may be out: {:?}", verdicts.validity);
    slices[2].valid = false;
    let validity = judge(&run(Vec::new()), &slices).validity;
    assert_eq!(
        (validity.variants, validity.reasons),
        (
            vec!["slow".to_owned()],
            vec![
                "slow (the baseline of all comparisons): 2 of 4 rounds are left out; round 1: the server went away"
                    .to_owned()
            ]
        )
    );
}

#[test]
fn a_slice_that_the_user_cut_makes_nothing_not_valid() {
    let mut slices = slices(&[0.5, 0.5]);
    slices[3].valid = false;
    slices[3].failed = Some("interrupted".to_owned());
    assert_eq!(judge(&run(Vec::new()), &slices).validity.variants, ["fast"]);
    slices[3].interrupted = true;
    let verdicts = judge(&run(Vec::new()), &slices);
    assert_eq!(verdicts.validity, crate::verdict::Validity::default());
    assert_eq!(verdicts.comparisons[0].rounds, 1, "its figures are left out all the same");
}

#[test]
fn debug_assertions_and_contradicting_counts_make_a_run_not_valid() {
    let mut built = run(Vec::new());
    built.dbbench = Build { debug_assertions: true, profile: "dev".to_owned(), ..Build::default() };
    let mut slices = slices(&[0.5; 4]);
    slices[1].violation = Some("planned 2 ≠ 1".to_owned());
    let reasons = judge(&built, &slices).validity.reasons;
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("--release") && reasons[1].contains("fast in round 1"));
}

#[test]
fn figures_are_found_by_the_names_of_the_workload() {
    let mut slice = slice("fast", 1, 100.0);
    let operation =
        SliceFigures { name: Some("read".into()), job: Some("get".into()), succeeded: 4, ..Default::default() };
    slice.operations = vec![operation];
    let of = |name: &str, scope| figure(&slice, &Metric::parse(name).unwrap(), scope);
    let mix = Scope::default();
    assert_eq!((of("goodput", mix), of("rows_per_s", mix)), (Some(495.0), Some(1_000.0)));
    assert_eq!(
        (of("failures.share", mix), of("cpu.client", mix), of("cpu.server", mix)),
        (Some(0.01), Some(5.0), None)
    );
    assert_eq!((of("failures.40001", mix), of("failures.timeout", mix)), (Some(7.0), Some(3.0)));
    for scope in [Scope { operation: Some("read"), job: None }, Scope { operation: None, job: Some("get") }] {
        assert_eq!((of("goodput", scope), of("cpu.client", scope)), (Some(2.0), None));
    }
    assert_eq!(of("goodput", Scope { operation: Some("gone"), job: None }), None);
}

#[test]
fn the_exit_code_follows_expectations_answers_and_validity() {
    let judged = |finding| crate::result::summary::Judged { verdict: finding, ..Default::default() };
    let mut summary = Summary { valid: true, expectations: vec![judged(Finding::Undecided)], ..Summary::default() };
    summary.claims = vec![judged(Finding::Refuted)];
    assert_eq!(exit_code(&summary, false), ExitCode::Done);
    assert_eq!(exit_code(&summary, true), ExitCode::Refuted);
    summary.expectations.push(judged(Finding::Refuted));
    assert_eq!(exit_code(&summary, false), ExitCode::Refuted);
    summary.valid = false;
    assert_eq!(exit_code(&summary, false), ExitCode::NotValid);
    summary.same_answer = Some(SameAnswer { draws: 1, ..SameAnswer::default() });
    assert_eq!(exit_code(&summary, false), ExitCode::AnswersDiffer);
}
