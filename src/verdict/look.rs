//! What a run with a goal for its intervals sees when it looks at them between two rounds.

use super::judge;
use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;
use crate::result::summary::{Comparison, Precision, Summary};
use crate::stats::{FIRST_LOOK, Interval, Looks};

/// Path of the metric whose intervals the goal is about: the primary one.
const PRIMARY: &str = "response_us.p50";

/// How often the intervals of this run are looked at.
pub(super) fn looks(run: &RunRecord) -> Looks {
    if run.until.is_some() { Looks::Repeated } else { Looks::Once }
}

/// The widest interval of the primary metric, as a share to either side of its ratio: 0.041 for ± 4.1 %. `None` while
/// there are too few rounds to look at, and where a comparison has no ratio or there is nothing to compare.
#[must_use]
pub fn widest(run: &RunRecord, slices: &[SliceRecord]) -> Option<f64> {
    widest_of(&judge(run, slices).comparisons, run)
}

fn widest_of(comparisons: &[Comparison], run: &RunRecord) -> Option<f64> {
    let primary = comparisons.iter().filter(|comparison| is_primary(comparison, run));
    let widths = primary.map(half_width);
    widths.reduce(|widest, width| Some(widest?.max(width?))).flatten()
}

/// What is said between two rounds when a comparison has no valid pair so far, and so the goal may never be judged: all
/// rounds are run unless somebody stops it. `None` where each has one.
#[must_use]
pub fn never_judged(run: &RunRecord, slices: &[SliceRecord]) -> Option<String> {
    let comparisons = judge(run, slices).comparisons;
    let without_pair: Vec<&str> = comparisons
        .iter()
        .filter(|comparison| is_primary(comparison, run) && comparison.rounds == 0)
        .map(|comparison| comparison.variant.as_str())
        .collect();
    let until = run.until.as_ref().filter(|_| !without_pair.is_empty())?;
    Some(format!(
        "no round so far has a median response time of both {} and {}: the goal of {} may never be judged, and up to {} rounds \
         are run; slices.jsonl names what went wrong in each",
        if run.sides.is_some() { "side a" } else { &run.baseline },
        without_pair.join(", "),
        format_half_width(until.half_width),
        until.max_rounds
    ))
}

fn is_primary(comparison: &Comparison, run: &RunRecord) -> bool {
    let of_mix = comparison.operation.is_none() && comparison.job.is_none();
    let against = run.against_of(&comparison.variant);
    of_mix && against == Some(comparison.baseline.as_str()) && comparison.metric == PRIMARY
}

fn half_width(comparison: &Comparison) -> Option<f64> {
    if comparison.rounds < FIRST_LOOK {
        return None;
    }
    let interval = Interval { low: comparison.ci_low?, high: comparison.ci_high? };
    Some(interval.relative_half_width(comparison.ratio?))
}

/// Whether intervals as wide as this are narrow enough.
#[must_use]
pub fn is_reached(widest: Option<f64>, goal: f64) -> bool {
    widest.is_some_and(|width| width <= goal)
}

/// Says in the summary what came of the goal.
pub(super) fn note_goal(summary: &mut Summary, run: &RunRecord, slices: &[SliceRecord]) {
    let Some(until) = &run.until else { return };
    let half_width = widest_of(&summary.comparisons, run);
    let reached = is_reached(half_width, until.half_width);
    // A slice that failed makes a run partial, but not shorter.
    let cut_short = summary.interrupted || slices.len() < run.rounds as usize * run.variants.len();
    if !reached && !cut_short {
        summary.warnings.push(not_reached(half_width, until.half_width, run.rounds));
    }
    summary.precision = Some(Precision {
        goal: until.half_width,
        max_rounds: until.max_rounds,
        half_width,
        reached,
        computed_at: Looks::Repeated.level(),
    });
}

/// What is said of a goal that was not reached, with what helps.
fn not_reached(half_width: Option<f64>, goal: f64, rounds: u32) -> String {
    let goal = format_half_width(goal);
    match half_width {
        Some(width) => format!(
            "the interval is {} after {rounds} rounds, the goal was {goal}: raise --max-rounds, or measure longer \
             (--measure)",
            format_half_width(width)
        ),
        None => format!(
            "the goal of {goal} could not be judged after {rounds} rounds: a comparison has fewer than {FIRST_LOOK} valid \
             rounds with a median response time"
        ),
    }
}

/// A half-width as people read it: `± 4.1 %`, `± 0.15 %`.
#[must_use]
pub fn format_half_width(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = match percent {
        percent if percent >= 9.95 => 0,
        percent if percent >= 0.995 => 1,
        _ => 2,
    };
    let text = format!("{percent:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("± {text} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::run::{Until, VariantRecord};

    fn comparison(variant: &str, rounds: u32, ends: Option<(f64, f64)>) -> Comparison {
        Comparison {
            variant: variant.to_owned(),
            baseline: "slow".to_owned(),
            metric: PRIMARY.to_owned(),
            ratio: ends.map(|(low, high)| (low * high).sqrt()),
            ci_low: ends.map(|ends| ends.0),
            ci_high: ends.map(|ends| ends.1),
            rounds,
            ..Comparison::default()
        }
    }

    #[test]
    fn every_comparison_must_be_narrow_enough() {
        let narrow = comparison("a", 6, Some((0.5 / 1.02, 0.5 * 1.02)));
        let wide = comparison("b", 6, Some((0.9 / 1.04, 0.9 * 1.04)));
        let run = with_goal(60);
        let of = |all: &[&Comparison]| widest_of(&all.iter().map(|&one| one.clone()).collect::<Vec<_>>(), &run);
        assert!(of(&[&narrow, &wide]).is_some_and(|width| (width - 0.04).abs() < 1e-9));
        assert!(is_reached(of(&[&narrow]), 0.03) && !is_reached(of(&[&narrow, &wide]), 0.03));
        // One that cannot be judged, and nothing to compare.
        assert_eq!(of(&[&narrow, &comparison("c", 4, Some((0.99, 1.01)))]), None);
        assert_eq!(of(&[&comparison("c", 6, None), &narrow]), None);
        assert_eq!(of(&[]), None);
        // Other metrics, baselines and operations have no say.
        let others = [
            Comparison { metric: "goodput_per_s".to_owned(), ..wide.clone() },
            Comparison { baseline: "other".to_owned(), ..wide.clone() },
            Comparison { operation: Some("read".to_owned()), ..wide },
        ];
        assert!(is_reached(of(&[&narrow, &others[0], &others[1], &others[2]]), 0.03));
    }

    fn with_goal(rounds: u32) -> RunRecord {
        RunRecord {
            rounds,
            baseline: "slow".to_owned(),
            variants: ["slow", "fast"]
                .map(|name| VariantRecord { name: name.to_owned(), ..VariantRecord::default() })
                .into(),
            until: Some(Until { half_width: 0.03, max_rounds: rounds }),
            ..RunRecord::default()
        }
    }

    #[test]
    fn a_failed_slice_does_not_hide_that_the_goal_was_not_reached() {
        let run = with_goal(2);
        let failed = SliceRecord { failed: Some("gone".to_owned()), ..SliceRecord::default() };
        let said = |slices: &[SliceRecord], interrupted| {
            let mut summary = Summary { partial: true, interrupted, ..Summary::default() };
            note_goal(&mut summary, &run, slices);
            summary.warnings.len()
        };
        let all = [failed, SliceRecord::default(), SliceRecord::default(), SliceRecord::default()];
        assert_eq!(said(&all, false), 1);
        assert_eq!(said(&all, true), 0, "who stops a run knows that the goal was not reached");
        assert_eq!(said(&all[..3], false), 0);
    }

    #[test]
    fn a_comparison_without_any_pair_is_said_early() {
        let run = with_goal(60);
        let slice = |name: &str, ok: bool| {
            let mut slice = SliceRecord { variant: name.to_owned(), round: 1, valid: ok, ..SliceRecord::default() };
            slice.mix.response.us.p50 = Some(1_000.0);
            slice.mix.succeeded = 10;
            slice
        };
        let warning = never_judged(&run, &[slice("slow", true), slice("fast", false)]).expect("a warning");
        assert!(warning.starts_with("no round so far has a median response time of both slow and fast"), "{warning}");
        assert!(warning.contains("± 3 %") && warning.contains("up to 60 rounds"), "{warning}");
        assert_eq!(never_judged(&run, &[slice("slow", true), slice("fast", true)]), None);
        let without_goal = RunRecord { until: None, ..run };
        assert_eq!(never_judged(&without_goal, &[]), None);
    }

    #[test]
    fn a_goal_that_was_not_reached_says_what_helps() {
        assert_eq!(
            not_reached(Some(0.0412), 0.03, 60),
            "the interval is ± 4.1 % after 60 rounds, the goal was ± 3 %: raise --max-rounds, or measure longer (--measure)"
        );
        assert_eq!(
            [0.0011, 0.0999, 0.5, 0.02, 0.0996, 1.0].map(format_half_width),
            ["± 0.11 %", "± 10 %", "± 50 %", "± 2 %", "± 10 %", "± 100 %"]
        );
        assert!(not_reached(None, 0.005, 60).starts_with("the goal of ± 0.5 % could not be judged"));
    }
}
