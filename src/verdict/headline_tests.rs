//! Snapshots of the sentence in all its forms.

use super::headline;
use crate::result::TimesUs;
use crate::result::run::SameAnswer;
use crate::result::slice::LimitedBy;
use crate::result::summary::{Comparison, Figures, Round, Summary, TopFailure, Variant, Verdict};

fn summary(comparisons: Vec<Comparison>) -> Summary {
    let rounds = vec![Round { round: 1, valid: true, ..Round::default() }];
    let variant = |name: &str| Variant {
        name: name.to_owned(),
        link_rtt_us: Some(500.0),
        rounds: rounds.clone(),
        ..Variant::default()
    };
    let mut variants = vec![variant("n_plus_one")];
    variants.extend(comparisons.iter().map(|comparison| variant(&comparison.variant)));
    Summary {
        valid: true,
        baseline: "n_plus_one".to_owned(),
        same_answer: Some(SameAnswer { draws: 20, equal: true, within_sides: false }),
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
    bad.same_answer = Some(SameAnswer { draws: 20, ..SameAnswer::default() });
    assert_eq!(headline(&bad), "The answers of the variants differ, so no speed is stated.");
}

#[test]
fn one_variant_alone_states_its_figures() {
    let mut alone = summary(Vec::new());
    alone.variants[0].link_rtt_us = Some(0.0);
    alone.variants[0].rounds.clear();
    assert_eq!(headline(&alone), "no slice of n_plus_one was closed.");
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

fn failing(figures: &mut Figures, succeeded: u64, failed: u64) {
    (figures.succeeded, figures.failed) = (succeeded, failed);
    figures.failures.insert("55P03".to_owned(), failed);
}

#[test]
fn failures_stand_beside_the_times_that_hide_them() {
    let mut some = summary(vec![comparison("join", 0.09, Some((0.086, 0.094)), Verdict::Lower)]);
    failing(&mut some.variants[1].mix, 880, 120);
    assert_eq!(
        headline(&some),
        "At 0.5 ms round trip, join takes 0.09× of n_plus_one's median response time (0.086–0.094, 7 rounds), while 12 % of \
         join's operations failed (55P03); same answers checked."
    );
    failing(&mut some.variants[0].mix, 970, 30);
    assert!(
        headline(&some).contains(
            "while 3 % of n_plus_one's operations failed (55P03) and 12 % of join's operations failed (55P03);"
        ),
        "{}",
        headline(&some)
    );
    failing(&mut some.variants[0].mix, 990, 10);
    failing(&mut some.variants[1].mix, 991, 9);
    assert!(!headline(&some).contains("failed"), "{}", headline(&some));
}

#[test]
fn a_variant_that_mostly_fails_is_not_compared() {
    let mut most = summary(vec![
        comparison("nowait", 0.23, Some((0.2, 0.25)), Verdict::Undecided),
        comparison("join", 0.5, Some((0.4, 0.6)), Verdict::Lower),
    ]);
    failing(&mut most.variants[1].mix, 35, 965);
    most.comparisons[0].reason = Some("96.5 % of nowait's operations failed (55P03), more than succeeded".to_owned());
    assert_eq!(
        headline(&most),
        "At 0.5 ms round trip, join takes 0.50× of n_plus_one's median response time (0.40–0.60, 7 rounds); nowait not \
         comparable: 96.5 % of nowait's operations failed (55P03); same answers checked."
    );
    most.comparisons.pop();
    most.variants.pop();
    assert_eq!(
        headline(&most),
        "At 0.5 ms round trip, nowait and n_plus_one cannot be compared in median response time: 96.5 % of nowait's \
         operations failed (55P03), more than succeeded; same answers checked."
    );
}

#[test]
fn a_variant_without_any_success_or_slice_says_why() {
    let mut none = summary(vec![comparison("nowait", 0.0, None, Verdict::Undecided)]);
    none.comparisons[0].ratio = None;
    none.comparisons[0].reason = Some("all of nowait's operations failed (55P03)".to_owned());
    failing(&mut none.variants[1].mix, 0, 40);
    let message = Some("could not obtain lock on row in relation \"jobs\"".to_owned());
    none.variants[1].top_failure = Some(TopFailure { key: "55P03".to_owned(), count: 40, message });
    let why = "all of nowait's operations failed (55P03: could not obtain lock on row in relation \"jobs\")";
    assert_eq!(
        headline(&none),
        format!(
            "At 0.5 ms round trip, nowait and n_plus_one cannot be compared in median response time: {why}; same answers \
             checked."
        )
    );
    let mut alone = none.clone();
    alone.variants.remove(0);
    alone.comparisons.clear();
    assert!(headline(&alone).contains(&format!("{why} (1 round)")), "{}", headline(&alone));
    none.variants[1].rounds.clear();
    assert!(headline(&none).contains("response time: no slice of nowait was closed;"), "{}", headline(&none));
}

#[test]
fn a_run_without_a_server_begins_with_that() {
    let mut null = summary(vec![comparison("join", 0.09, Some((0.086, 0.094)), Verdict::Lower)]);
    null.null_target = true;
    null.variants.iter_mut().for_each(|variant| variant.link_rtt_us = Some(0.0));
    assert!(headline(&null).starts_with("Without a server (null target), join takes 0.09×"), "{}", headline(&null));
}

#[test]
fn a_missed_rate_tells_what_the_clients_did() {
    let mut open = summary(Vec::new());
    let variant = &mut open.variants[0];
    (variant.valid, variant.rate_reached, variant.asked_per_s) = (true, Some(false), Some(1_600.0));
    (variant.limit, variant.clients, variant.mix.goodput_per_s) = (Some(LimitedBy::Server), Some(4), Some(673.0));
    assert!(
        headline(&open).ends_with(
            "n_plus_one did 673 of 1,600 operations per second asked for: all 4 clients were waiting for the server, and \
             more clients may get more out of it."
        ),
        "{}",
        headline(&open)
    );
}
