//! Looks up one figure of one slice by the workload's name of the metric.

use crate::result::SliceTimes;
use crate::result::run::RunRecord;
use crate::result::slice::{SliceFigures, SliceRecord};
use crate::words::{FailureClass, Metric, RecordFigure, SqlState, TimeKind};

/// Of what a figure is: the whole mix, one operation, or one job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Name of the operation.
    pub operation: Option<&'a str>,
    /// Name of the job.
    pub job: Option<&'a str>,
}

impl Scope<'_> {
    pub(super) fn select<'s>(&self, slice: &'s SliceRecord) -> Option<&'s SliceFigures> {
        if let Some(operation) = self.operation {
            return slice.operations.iter().find(|figures| figures.name.as_deref() == Some(operation));
        }
        let Some(job) = self.job else { return Some(&slice.mix) };
        let of_job = |figures: &&SliceFigures| figures.job.as_deref() == Some(job);
        slice.jobs.iter().find(of_job).or_else(|| slice.operations.iter().find(of_job))
    }

    fn is_mix(&self) -> bool {
        self.operation.is_none() && self.job.is_none()
    }
}

/// The figure of a slice, times in µs; `None` when it was not measured or not reached.
#[must_use]
pub fn figure(slice: &SliceRecord, metric: &Metric, scope: Scope<'_>) -> Option<f64> {
    match metric {
        Metric::Background(name, metric) => {
            let of_name = |figures: &&SliceFigures| figures.name.as_deref() == Some(name);
            of(slice, slice.background.iter().find(of_name)?, metric, false)
        }
        _ => of(slice, scope.select(slice)?, metric, scope.is_mix()),
    }
}

fn of(slice: &SliceRecord, figures: &SliceFigures, metric: &Metric, is_mix: bool) -> Option<f64> {
    let per_second = |count: u64| (slice.measure_s > 0.0).then(|| count as f64 / slice.measure_s);
    let ended = figures.ended() as f64;
    let per_operation = |total: f64| (ended > 0.0).then(|| total / ended);
    match metric {
        Metric::Time(kind, percentile) => times(slice, figures, *kind).us.get(*percentile),
        Metric::Goodput => per_second(figures.succeeded),
        Metric::RowsPerS => per_second(figures.rows),
        Metric::Statements => per_operation(figures.statements as f64),
        Metric::Failures(key) => Some(failures(figures, key) as f64),
        Metric::FailuresShare => per_operation(figures.failed as f64),
        // CPU is known of the whole slice only.
        Metric::CpuClient if is_mix => slice.client_cpu_us().and_then(per_operation),
        Metric::CpuServer if is_mix => slice.server_cpu_us.and_then(per_operation),
        Metric::CpuClient | Metric::CpuServer | Metric::Background(..) => None,
        Metric::Record(name, of) => figures.records.get(name).and_then(|recorded| recorded.figure(*of)),
        Metric::Check(name) => slice.checks.iter().find(|check| check.name == *name)?.difference,
    }
}

pub(super) fn times<'s>(slice: &'s SliceRecord, figures: &'s SliceFigures, kind: TimeKind) -> &'s SliceTimes {
    match kind {
        TimeKind::Response => &figures.response,
        TimeKind::Service => &figures.service,
        TimeKind::Queue => &figures.queue,
        TimeKind::Acquire => &figures.acquire,
        TimeKind::Connect => &slice.connect,
    }
}

/// Failures of one SQLSTATE, or of a class: those without a code and those whose code belongs to it.
fn failures(figures: &SliceFigures, wanted: &str) -> u64 {
    let belongs = |key: &str| key == wanted || SqlState::new(key).is_some_and(|s| FailureClass::of(s).name() == wanted);
    figures.failures.iter().filter(|(key, _)| belongs(key)).map(|(_, count)| count).sum()
}

/// Pairs (figure, figure of `against`) of the rounds in which both slices are valid and both figures known.
pub(super) fn pairs(
    slices: &[SliceRecord],
    variant: &str,
    against: &str,
    metric: &Metric,
    scope: Scope<'_>,
) -> Vec<(f64, f64)> {
    let of = |name: &str, round: u32, point: u32| {
        slices
            .iter()
            .find(|slice| slice.valid && slice.variant == name && slice.round == round && slice.point == point)
            .and_then(|slice| figure(slice, metric, scope))
    };
    slices
        .iter()
        .filter(|slice| slice.valid && slice.variant == variant)
        .filter_map(|slice| Some((figure(slice, metric, scope)?, of(against, slice.round, slice.point)?)))
        .collect()
}

/// The figures of a variant, one per valid round in which it is known. Checks count in every round: what is in the tables does
/// not depend on how it was measured.
pub(super) fn values(slices: &[SliceRecord], variant: &str, metric: &Metric, scope: Scope<'_>) -> Vec<f64> {
    slices
        .iter()
        .filter(|slice| (slice.valid || matches!(metric, Metric::Check(_))) && slice.variant == variant)
        .filter_map(|slice| figure(slice, metric, scope))
        .collect()
}

/// The relative width below which figures of this metric cannot be told apart: percentiles come from buckets, everything
/// else is exact.
pub(super) fn resolution(run: &RunRecord, metric: &Metric) -> f64 {
    match metric {
        Metric::Background(_, metric) => resolution(run, metric),
        Metric::Time(_, percentile) if percentile.quantile().is_some() => match run.histogram_digits {
            2 => 0.01,
            _ => 0.001,
        },
        // Those of recorded numbers are wider.
        Metric::Record(_, RecordFigure::Of(percentile)) if percentile.quantile().is_some() => 0.01,
        _ => 0.0,
    }
}
