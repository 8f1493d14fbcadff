//! Two sides with known figures: what is compared, what is a regression, what is said.

use super::*;
use crate::result::sides::Difference;
use crate::result::summary::Verdict;
use crate::verdict::{exit_code, headline, judge};
use crate::words::ExitCode;

/// Rounds of two variants on two sides: the figures of `one@a`, and by which factors the others differ from them.
fn world(rounds: &[f64], one: f64, two: (f64, f64)) -> (RunRecord, Vec<SliceRecord>) {
    let variant = |name: &str, against: Option<&str>| VariantRecord {
        name: name.to_owned(),
        side: name.rsplit_once('@').map(|(_, side)| side.to_owned()),
        against: against.map(str::to_owned),
        ..VariantRecord::default()
    };
    let run = RunRecord {
        baseline: "one@a".to_owned(),
        margin: 0.02,
        rounds: rounds.len() as u32,
        histogram_digits: 3,
        sides: Some(SidesRecord {
            differ: vec![Difference {
                what: "topology.link.rtt".to_owned(),
                a: Some("500us".to_owned()),
                b: Some("545us".to_owned()),
            }],
            fail_above: Some(0.02),
            ..SidesRecord::default()
        }),
        variants: vec![
            variant("one@a", None),
            variant("one@b", Some("one@a")),
            variant("two@a", None),
            variant("two@b", Some("two@a")),
        ],
        ..RunRecord::default()
    };
    let factors = [("one@a", 1.0), ("one@b", one), ("two@a", two.0), ("two@b", two.0 * two.1)];
    let mut slices = Vec::new();
    for (round, base) in (1..).zip(rounds) {
        for (at, (name, factor)) in (0_u32..).zip(factors) {
            // A little of each slice's own, so that there is a spread.
            let own = 1.0 + 0.002 * f64::from((round * 7 + at * 3) % 5);
            let mut slice =
                SliceRecord { variant: name.to_owned(), round, valid: true, measure_s: 1.0, ..SliceRecord::default() };
            slice.mix.response.us.p50 = Some(base * factor * own);
            slice.mix.succeeded = (1e6 / (base * factor * own)) as u64;
            slices.push(slice);
        }
    }
    (run, slices)
}

fn summarized(run: &RunRecord, slices: &[SliceRecord]) -> Summary {
    let mut summary = crate::result::summarize(run, slices, &crate::result::Histograms::default(), "x".as_ref());
    summary.comparisons = judge(run, slices).comparisons;
    note(&mut summary, run, slices);
    summary
}

/// The machine drifts by half while it runs.
const DRIFT: [f64; 8] = [1_000.0, 1_080.0, 1_150.0, 1_230.0, 1_300.0, 1_360.0, 1_430.0, 1_500.0];

#[test]
fn each_variant_is_compared_with_itself_and_both_together() {
    let (run, slices) = world(&DRIFT, 1.05, (0.2, 1.10));
    let summary = summarized(&run, &slices);
    let ratio = |variant: &str| summary.comparison(variant, "response_us.p50").unwrap();
    assert!((ratio("one@b").ratio.unwrap() - 1.05).abs() < 0.003, "{:?}", ratio("one@b"));
    assert!((ratio("two@b").ratio.unwrap() - 1.10).abs() < 0.003);
    assert_eq!((ratio("two@b").baseline.as_str(), ratio("two@b").rounds), ("two@a", 8));
    assert!(summary.comparison("two@a", "response_us.p50").is_none(), "side a is compared with nothing");
    let overall = &summary.sides.as_ref().unwrap().overall;
    assert!((overall.ratio.unwrap() - (1.05_f64 * 1.10).sqrt()).abs() < 0.003, "{overall:?}");
    assert_eq!((overall.verdict, overall.better, overall.rounds), (Verdict::Higher, Some(false), 8));
    let said = headline(&Summary { valid: true, ..summary.clone() });
    assert!(said.contains("b takes 1.07× of a's median response time"), "{said}");
    assert!(
        said.contains("; one 1.05×; two 1.10×; a: topology.link.rtt = 500us; b: topology.link.rtt = 545us"),
        "{said}"
    );
}

#[test]
fn a_regression_is_worse_by_a_verdict_and_beyond_what_is_allowed() {
    let worse = |one: f64, change: &dyn Fn(&mut SidesRecord)| {
        let (mut run, slices) = world(&DRIFT, one, (0.2, 1.0));
        change(run.sides.as_mut().unwrap());
        let summary = Summary { valid: true, ..summarized(&run, &slices) };
        let names: Vec<String> = summary.regressions().map(|c| format!("{} {}", c.variant, c.metric)).collect();
        assert_eq!(exit_code(&summary, false), if names.is_empty() { ExitCode::Done } else { ExitCode::Refuted });
        names
    };
    let same = |_: &mut SidesRecord| {};
    assert_eq!(worse(1.05, &same), ["one@b response_us.p50", "one@b goodput_per_s"]);
    assert!(worse(0.95, &same).is_empty(), "better is none");
    assert!(worse(1.0, &same).is_empty());
    assert!(worse(1.05, &|sides| sides.fail_above = Some(0.06)).is_empty(), "as far as is allowed");
    assert!(worse(1.05, &|sides| sides.fail_above = None).is_empty(), "nobody asked");
    assert_eq!(worse(1.05, &|sides| sides.metrics = vec!["goodput".to_owned()]), ["one@b goodput_per_s"]);
    assert!(worse(1.05, &|sides| sides.metrics = vec!["response.p99".to_owned()]).is_empty());
}

/// Also where a round without any makes it a difference and no ratio: a share of side a's figure is allowed, not nothing.
#[test]
fn what_is_compared_by_difference_has_the_same_allowance() {
    let regressions = |allowed: f64, of_a: [u64; 8]| {
        let (mut run, mut slices) = world(&DRIFT, 1.0, (0.2, 1.0));
        let sides = run.sides.as_mut().unwrap();
        (sides.fail_above, sides.metrics) = (Some(allowed), vec!["failures.share".to_owned()]);
        for slice in &mut slices {
            let failed = of_a[slice.round as usize - 1];
            slice.mix.failed = if slice.variant == "one@b" { failed + 10 } else { failed };
            slice.mix.succeeded = 1_000 - slice.mix.failed;
        }
        summarized(&run, &slices).regressions().count()
    };
    // Ten more than 35 on average.
    let of_a = [0, 40, 40, 40, 40, 40, 40, 40];
    assert_eq!((regressions(0.5, of_a), regressions(0.1, of_a)), (0, 1));
    assert_eq!(regressions(10.0, [0; 8]), 1, "from nothing anything is too much");
}

#[test]
fn sides_that_do_not_differ_are_not_called_different() {
    let (run, slices) = world(&DRIFT, 1.0, (0.2, 1.0));
    let summary = summarized(&run, &slices);
    assert_eq!(summary.sides.as_ref().unwrap().overall.verdict, Verdict::NoDifference);
    assert_eq!(summary.comparison("one@b", "response_us.p50").unwrap().verdict, Verdict::NoDifference);
    // With --strict what could not be measured is undecided, and counts; p99 is not known here.
    let strict = |summary: &Summary| exit_code(&Summary { valid: true, ..summary.clone() }, true);
    assert_eq!(strict(&summary), ExitCode::Refuted);
    let mut only = summary.clone();
    only.sides.as_mut().unwrap().metrics = vec!["response.p50".to_owned()];
    assert_eq!(strict(&only), ExitCode::Done);
}

#[test]
fn a_round_in_which_a_variant_is_missing_says_nothing_of_all_together() {
    let (run, mut slices) = world(&DRIFT, 1.05, (0.2, 1.10));
    slices
        .iter_mut()
        .filter(|slice| slice.variant == "two@b" && slice.round <= 3)
        .for_each(|slice| slice.valid = false);
    let overall = overall(&run, &slices);
    assert_eq!(overall.rounds, 5);
    assert!((overall.ratio.unwrap() - (1.05_f64 * 1.10).sqrt()).abs() < 0.004, "{overall:?}");
    assert_eq!(super::overall(&RunRecord::default(), &[]).ratio, None, "of nothing, nothing");
}
