//! Two sides of one workload: how they stand to each other as a whole, and what of that is a regression.

use super::compare::{ALWAYS, Paired, judged};
use super::figure::pairs;
use crate::result::run::{RunRecord, VariantRecord};
use crate::result::sides::{Sides, SidesRecord};
use crate::result::slice::SliceRecord;
use crate::result::summary::{Comparison, Summary, Verdict};
use crate::words::Metric;

/// Names of the sides.
const A: &str = "a";
const B: &str = "b";

/// The metrics of which every variant of side b is compared with itself on side a.
pub(super) fn metrics(run: &RunRecord) -> Vec<Metric> {
    let mut metrics = ALWAYS.to_vec();
    let asked = run.sides.iter().flat_map(|sides| &sides.metrics).filter_map(|name| Metric::of_results(name));
    for metric in asked {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

/// Says in the summary how the sides stand, and which comparisons are regressions.
pub(super) fn note(summary: &mut Summary, run: &RunRecord, slices: &[SliceRecord]) {
    let Some(record) = &run.sides else { return };
    let overall = overall(run, slices);
    for comparison in &mut summary.comparisons {
        let is_between = run.against_of(&comparison.variant) == Some(comparison.baseline.as_str());
        comparison.regression =
            is_between && counts(&record.metrics, comparison) && is_regression(run, record, slices, comparison);
    }
    summary.sides = Some(Sides {
        differ: record.differ.clone(),
        one_server: record.one_server,
        fail_above: record.fail_above,
        metrics: record.metrics.clone(),
        overall,
    });
}

/// Whether a comparison of the sides is one of those that may be a regression: of the whole mix, and in one of these metrics.
fn counts(metrics: &[String], comparison: &Comparison) -> bool {
    let path = |name: &String| Metric::of_results(name).is_some_and(|metric| metric.path() == comparison.metric);
    let of_mix = comparison.operation.is_none() && comparison.job.is_none();
    of_mix && (metrics.is_empty() || metrics.iter().any(path))
}

/// The comparisons that may be a regression; none without sides.
pub fn gates(summary: &Summary) -> impl Iterator<Item = &Comparison> {
    let metrics = summary.sides.as_ref().map_or(&[][..], |sides| &sides.metrics);
    let is_gate = move |one: &&Comparison| summary.is_between_sides(one) && counts(metrics, one);
    summary.comparisons.iter().filter(is_gate)
}

/// Those of them that are undecided, which `--strict` counts as regressions.
pub fn undecided_gates(summary: &Summary) -> impl Iterator<Item = &Comparison> {
    gates(summary).filter(|comparison| comparison.verdict == Verdict::Undecided)
}

/// Worse by a verdict, and the estimate farther from "no change" than is allowed. From nothing, anything is.
fn is_regression(run: &RunRecord, record: &SidesRecord, slices: &[SliceRecord], comparison: &Comparison) -> bool {
    let Some(allowed) = record.fail_above.filter(|_| comparison.better == Some(false)) else { return false };
    match (comparison.ratio, comparison.difference) {
        (Some(ratio), _) => (ratio - 1.0).abs() > allowed,
        (None, Some(difference)) => difference.abs() > allowed * mean_of_a(run, slices, comparison).abs(),
        (None, None) => false,
    }
}

/// What a difference between the sides is a share of: the mean of side a over the rounds that are compared.
fn mean_of_a(run: &RunRecord, slices: &[SliceRecord], comparison: &Comparison) -> f64 {
    let named = run.claims.iter().chain(&run.expectations).filter_map(|judged| Metric::of_results(&judged.metric));
    let Some(metric) = metrics(run).into_iter().chain(named).find(|metric| metric.path() == comparison.metric) else {
        return 0.0;
    };
    let pairs = pairs(slices, &comparison.variant, &comparison.baseline, &metric, super::Scope::default());
    pairs.iter().map(|(_, of_a)| of_a).sum::<f64>() / pairs.len().max(1) as f64
}

/// All variants together: one figure for each side and round, the geometric mean over the variants that have one on both.
/// Rounds in which a variant lacks one are left out, or its being away would look like a difference.
fn overall(run: &RunRecord, slices: &[SliceRecord]) -> Comparison {
    let metric = &ALWAYS[0];
    let of_b: Vec<(&VariantRecord, &str)> =
        run.variants.iter().filter_map(|variant| Some((variant, run.against(variant)?))).collect();
    let alone = |round: u32| -> Option<(f64, f64)> {
        let of_round: Vec<SliceRecord> = slices.iter().filter(|slice| slice.round == round).cloned().collect();
        let mut logs = (0.0, 0.0);
        for (variant, against) in &of_b {
            let (own, other) =
                pairs(&of_round, &variant.name, against, metric, super::Scope::default()).first().copied()?;
            logs = (logs.0 + own.ln(), logs.1 + other.ln());
        }
        let count = of_b.len() as f64;
        Some(((logs.0 / count).exp(), (logs.1 / count).exp()))
    };
    let mut rounds: Vec<u32> = slices.iter().map(|slice| slice.round).collect();
    rounds.sort_unstable();
    rounds.dedup();
    let pairs: Vec<(f64, f64)> =
        if of_b.is_empty() { Vec::new() } else { rounds.into_iter().filter_map(alone).collect() };
    let names: Vec<&str> = of_b.iter().flat_map(|(variant, against)| [variant.name.as_str(), against]).collect();
    judged(run, slices, &Paired { variant: B, against: A, of: &names, metric, scope: super::Scope::default(), pairs })
}

#[cfg(test)]
#[path = "sides_tests.rs"]
mod tests;
