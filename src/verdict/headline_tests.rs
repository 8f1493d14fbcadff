//! Snapshots of the sentence in all its forms.

use super::headline;
use crate::result::TimesUs;
use crate::result::run::SameAnswer;
use crate::result::summary::{Comparison, Figures, Round, Summary, Variant, Verdict};

fn summary(comparisons: Vec<Comparison>) -> Summary {
    let variant = |name: &str| Variant { name: name.to_owned(), link_rtt_us: Some(500.0), ..Variant::default() };
    let mut variants = vec![variant("n_plus_one")];
    variants.extend(comparisons.iter().map(|comparison| variant(&comparison.variant)));
    Summary {
        valid: true,
        baseline: "n_plus_one".to_owned(),
        same_answer: Some(SameAnswer { draws: 20, equal: true }),
        variants,
        comparisons,
        ..Summary::default()
    }
}

fn comparison(variant: &str, ratio: f64, interval: Option<(f64, f64)>, verdict: Verdict) -> Comparison {
    Comparison {
        variant: variant.to_owned(),
        baseline: "n_plus_one".to_owned(),
        metric: "response_us.p50".to_owned(),
        ratio: Some(ratio),
        ci_low: interval.map(|i| i.0),
        ci_high: interval.map(|i| i.1),
        detectable: interval.map(|_| 0.083),
        rounds: if interval.is_some() { 7 } else { 2 },
        verdict,
        ..Comparison::default()
    }
}

#[test]
fn a_difference_is_said_in_full_and_the_others_in_short() {
    let found = summary(vec![
        comparison("batch", 0.1382, Some((0.13, 0.147)), Verdict::Lower),
        comparison("join", 0.0901, Some((0.0862, 0.0941)), Verdict::Lower),
        comparison("same", 1.003, Some((0.99, 1.01)), Verdict::NoDifference),
        comparison("maybe", 0.97, Some((0.9, 1.05)), Verdict::Undecided),
        comparison("worse", 1.854, Some((1.8, 1.9)), Verdict::Higher),
    ]);
    assert_eq!(
        headline(&found),
        "At 0.5 ms round trip, join takes 0.09× of n_plus_one's median response time (0.086–0.094, 7 rounds); batch \
         0.14×; worse 1.85×; same no different; maybe undecided; same answers checked."
    );
}

#[test]
fn no_difference_undecided_and_too_few_rounds_are_told_apart() {
    let none = summary(vec![comparison("join", 0.998, Some((0.9893, 1.0071)), Verdict::NoDifference)]);
    assert_eq!(
        headline(&none),
        "At 0.5 ms round trip, join and n_plus_one do not differ in median response time (0.99–1.01, 7 rounds); same \
         answers checked."
    );
    let open = summary(vec![comparison("join", 0.97, Some((0.9, 1.05)), Verdict::Undecided)]);
    assert_eq!(
        headline(&open),
        "At 0.5 ms round trip, it is undecided whether join and n_plus_one differ in median response time (0.90–1.05, 7 \
         rounds; a difference of 8.3 % would show); same answers checked."
    );
    let few = summary(vec![comparison("join", 0.09, None, Verdict::Undecided)]);
    assert_eq!(
        headline(&few),
        "At 0.5 ms round trip, join took 0.09× of n_plus_one's median response time, but 2 rounds are too few to tell how \
         sure that is; same answers checked."
    );
    let mut null = summary(vec![comparison("join", 0.0, None, Verdict::Undecided)]);
    null.comparisons[0].ratio = None;
    assert_eq!(
        headline(&null),
        "At 0.5 ms round trip, join and n_plus_one have no median response time in common that could be compared; same \
         answers checked."
    );
}

#[test]
fn what_speaks_against_the_figures_stands_in_the_sentence() {
    let mut bad = summary(vec![comparison("join", 0.09, Some((0.086, 0.094)), Verdict::Lower)]);
    bad.valid = false;
    bad.invalid_reasons = vec!["dbbench was built with debug assertions".to_owned()];
    bad.partial = true;
    bad.same_answer = None;
    assert_eq!(
        headline(&bad),
        "Not valid (dbbench was built with debug assertions): at 0.5 ms round trip, join takes 0.09× of n_plus_one's \
         median response time (0.086–0.094, 7 rounds); answers were not compared; the run is partial."
    );
    bad.interrupted = true;
    assert!(headline(&bad).starts_with("Interrupted: not valid (dbbench was built"), "{}", headline(&bad));
    bad.valid = true;
    assert!(headline(&bad).starts_with("Interrupted: at 0.5 ms round trip, join takes"), "{}", headline(&bad));
    bad.same_answer = Some(SameAnswer { draws: 20, equal: false });
    assert_eq!(headline(&bad), "The answers of the variants differ, so no speed is stated.");
}

#[test]
fn one_variant_alone_states_its_figures() {
    let mut alone = summary(Vec::new());
    alone.variants[0].link_rtt_us = Some(0.0);
    assert_eq!(headline(&alone), "nothing was measured of n_plus_one.");
    alone.variants[0].mix = Figures {
        goodput_per_s: Some(1_234.56),
        response_us: TimesUs { p50: Some(611.2), ..TimesUs::default() },
        ..Figures::default()
    };
    alone.variants[0].rounds = vec![Round { round: 1, valid: true, ..Round::default() }];
    assert_eq!(
        headline(&alone),
        "n_plus_one does 1,230 operations per second at a median response time of 611 µs (1 round); there is no other \
         variant to compare it with."
    );
}
