//! Every figure of a variant that has no place of its own in the summary, by the name that workload files have for it.

use std::collections::BTreeMap;

use super::recorded::RecordedValues;
use super::slice::{SliceFigures, SliceRecord};
use super::summary::NamedFigures;
use crate::words::{Metric, Percentile, TimeKind};

/// What failed, what steps recorded, checks, and what went on beside the mix. `closed` are all slices of the variant, `valid`
/// those of them that count, `background` the figures of these.
pub(super) fn metrics(
    closed: &[&SliceRecord],
    valid: &[&SliceRecord],
    failed_share: Option<f64>,
    background: &[NamedFigures],
) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::from([("failures.share".to_owned(), failed_share)]);
    let mix: Vec<&SliceFigures> = valid.iter().map(|slice| &slice.mix).collect();
    metrics.extend(recorded(&mix).map(|(metric, figure)| (metric.name(), figure)));
    metrics.extend(checks(closed));
    for of in background {
        let named = |metric: Metric| Metric::Background(of.name.clone(), Box::new(metric)).name();
        let slices = valid.iter().flat_map(|slice| &slice.background);
        let parts: Vec<&SliceFigures> =
            slices.filter(|figures| figures.name.as_deref() == Some(of.name.as_str())).collect();
        metrics.extend(recorded(&parts).map(|(metric, figure)| (named(metric), figure)));
        metrics.extend([
            (named(Metric::Goodput), of.figures.goodput_per_s),
            (named(Metric::RowsPerS), of.figures.rows_per_s),
            (named(Metric::Statements), of.figures.statements_per_operation),
            (named(Metric::FailuresShare), of.figures.failed_share()),
        ]);
        for (kind, times) in
            [(TimeKind::Response, &of.figures.response_us), (TimeKind::Service, &of.figures.service_us)]
        {
            metrics.extend(Percentile::ALL.map(|figure| (named(Metric::Time(kind, figure)), times.get(figure))));
        }
    }
    metrics
}

fn recorded(parts: &[&SliceFigures]) -> impl Iterator<Item = (Metric, Option<f64>)> + use<> {
    let mut recorded: BTreeMap<&String, RecordedValues> = BTreeMap::new();
    for (name, values) in parts.iter().flat_map(|figures| &figures.records) {
        recorded.entry(name).or_default().merge(values);
    }
    let all: Vec<_> = recorded
        .into_iter()
        .flat_map(|(name, values)| {
            let figures: Vec<_> = values.figures().collect();
            figures.into_iter().map(|(of, figure)| (Metric::Record(name.clone(), of), figure))
        })
        .collect();
    all.into_iter()
}

/// Of each check expected minus found in the round that missed most; `None` where a round gave no figure. All rounds count:
/// what is in the tables does not depend on how it was measured.
fn checks(closed: &[&SliceRecord]) -> BTreeMap<String, Option<f64>> {
    let mut worst: BTreeMap<String, Option<f64>> = BTreeMap::new();
    for check in closed.iter().flat_map(|slice| &slice.checks) {
        let so_far = worst.entry(Metric::Check(check.name.clone()).name()).or_insert(Some(0.0));
        *so_far = match (*so_far, check.difference) {
            (Some(most), Some(difference)) if difference.abs() > most.abs() => Some(difference),
            (Some(most), Some(_)) => Some(most),
            _ => None,
        };
    }
    worst
}
