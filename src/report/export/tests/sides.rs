//! Sides that are a gate, in every format.

use super::*;
use crate::result::sides::Sides;
use crate::result::summary::{Comparison, Verdict};

/// Two sides of one variant that were a gate: one figure is a regression, one is undecided, one is fine.
fn two_sides() -> Summary {
    let mut summary = sample().summary;
    let comparison = |metric: &str, verdict: Verdict, regression: bool| Comparison {
        variant: "join@b".to_owned(),
        baseline: "join@a".to_owned(),
        metric: metric.to_owned(),
        ratio: Some(1.12),
        ci_low: Some(1.08),
        ci_high: Some(1.15),
        verdict,
        better: regression.then_some(false),
        regression,
        ..Comparison::default()
    };
    summary.comparisons = vec![
        comparison("response_us.p50", Verdict::Higher, true),
        comparison("response_us.p99", Verdict::Undecided, false),
        comparison("goodput_per_s", Verdict::NoDifference, false),
        Comparison { operation: Some("page".to_owned()), ..comparison("response_us.p50", Verdict::Undecided, false) },
    ];
    summary.variants.truncate(2);
    for (variant, side) in summary.variants.iter_mut().zip(["a", "b"]) {
        variant.name = format!("join@{side}");
        variant.side = Some(side.to_owned());
        variant.against = (side == "b").then(|| "join@a".to_owned());
    }
    (summary.baseline, summary.claims, summary.expectations) = ("join@a".to_owned(), Vec::new(), Vec::new());
    summary.sides = Some(Sides { fail_above: Some(0.05), ..Sides::default() });
    summary
}

/// What ends `dbbench ab --fail-above` with exit code 3 is in every format that gates are read from.
#[test]
fn a_side_that_is_worse_is_a_failed_case_an_annotation_and_a_remark() {
    let summary = two_sides();
    let said = "response p50 of join on side b is worse: 1.12× of side a, beyond 5 %";
    let open = "response p99 of join on side b: 1.12×, 1.08–1.15";
    let counts = |summary: &Summary, strict| junit::render(summary, strict).lines().nth(1).expect("counts").to_owned();
    assert!(counts(&summary, false).contains("tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    assert!(counts(&summary, true).contains("tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"0\""));
    assert!(junit::render(&summary, false).contains(&format!("<failure message=\"{said}\">")));
    let annotated = format!("::error file=x.toml,title=n-plus-one%3A regression::{}\n", said.replace('%', "%25"));
    assert_eq!(github::render(&summary, "x.toml", false), annotated);
    assert!(github::render(&summary, "x.toml", true).contains(&format!("undecided::{open}\n")));
    let markdown = markdown::render(&summary, true);
    assert!(markdown.contains(&format!("- **regression:** {said}\n- **undecided:** {open}\n")), "{markdown}");
    assert!(markdown.contains("| to side a |") && !markdown.contains("baseline"), "{markdown}");
    let exposition = openmetrics::render(&summary);
    assert_openmetrics(&exposition);
    let flagged =
        |value| exposition.lines().filter(|l| l.starts_with("dbbench_regression{") && l.ends_with(value)).count();
    assert_eq!((flagged(" 1"), flagged(" 0")), (1, 2));
    assert!(!csv::render(&summary).expect("encoded").contains(",true,true,"), "sides have no baseline");
    // Where nobody asked that side b be no worse, it is no test.
    let mut free = summary;
    free.sides = Some(Sides::default());
    free.comparisons.iter_mut().for_each(|comparison| comparison.regression = false);
    assert!(counts(&free, false).contains("tests=\"2\" failures=\"0\""));
    assert_eq!(github::render(&free, "", false), "");
}
