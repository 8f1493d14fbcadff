//! One figure of one run, from its summary: as a comparison between runs takes it, the mean of the logs over the valid rounds,
//! wherever the summary holds the rounds.

use std::collections::BTreeMap;

use crate::result::summary::{Figures, Round, Summary, Variant};
use crate::verdict::between::mean;
use crate::words::{FailureClass, Metric, Percentile, RecordFigure, SqlState, TimeKind};

type Point = BTreeMap<String, String>;

fn variant<'a>(summary: &'a Summary, name: &str, point: &Point) -> Option<&'a Variant> {
    summary.variants.iter().find(|variant| variant.name == name && variant.point == *point && variant.valid)
}

/// The figure of a variant, times in µs; `None` where it was not measured or may not be relied on.
pub(super) fn value(summary: &Summary, name: &str, point: &Point, metric: &Metric) -> Option<f64> {
    let variant = variant(summary, name, point)?;
    let of_rounds = |of: fn(&Round) -> Option<f64>| {
        let known: Vec<f64> = variant.rounds.iter().filter(|round| round.valid).filter_map(of).collect();
        let positive = known.iter().all(|figure| *figure > 0.0);
        (!known.is_empty()).then(|| mean(known.iter().copied(), positive))
    };
    let found = match metric {
        Metric::Time(TimeKind::Response, Percentile::P50) => of_rounds(|round| round.response_us.p50),
        Metric::Time(TimeKind::Response, Percentile::P99) => of_rounds(|round| round.response_us.p99),
        Metric::Time(TimeKind::Response, Percentile::Mean) => of_rounds(|round| round.response_us.mean),
        Metric::Goodput => of_rounds(|round| round.goodput_per_s),
        Metric::CpuClient => variant.client_cpu_us_per_operation,
        Metric::CpuServer => variant.server_cpu_us_per_operation,
        Metric::Background(name, metric) => {
            of_figures(&variant.background.iter().find(|part| part.name == *name)?.figures, metric)
        }
        Metric::Record(..) | Metric::Check(_) => variant.metrics.get(&metric.name()).copied().flatten(),
        metric => of_figures(&variant.mix, metric),
    };
    found.filter(|figure| figure.is_finite())
}

fn of_figures(figures: &Figures, metric: &Metric) -> Option<f64> {
    match metric {
        Metric::Time(kind, percentile) => {
            let times = match kind {
                TimeKind::Response => &figures.response_us,
                TimeKind::Service => &figures.service_us,
                TimeKind::Queue => &figures.queue_us,
                TimeKind::Acquire => &figures.acquire_us,
                TimeKind::Connect => &figures.connect_us,
            };
            times.get(*percentile)
        }
        Metric::Goodput => figures.goodput_per_s,
        Metric::RowsPerS => figures.rows_per_s,
        Metric::Statements => figures.statements_per_operation,
        Metric::FailuresShare => figures.failed_share(),
        Metric::Failures(wanted) => {
            let of_class = |key: &str| SqlState::new(key).is_some_and(|state| FailureClass::of(state).name() == wanted);
            let belonging = figures.failures.iter().filter(|(key, _)| *key == wanted || of_class(key));
            Some(belonging.map(|(_, count)| *count as f64).sum())
        }
        Metric::CpuClient | Metric::CpuServer | Metric::Record(..) | Metric::Check(_) | Metric::Background(..) => None,
    }
}

/// The ratio to the baseline: that of the run's own comparison, within rounds, where it made one.
pub(super) fn ratio_to(summary: &Summary, name: &str, point: &Point, baseline: &str, metric: &Metric) -> Option<f64> {
    let (of_variant, base) = (variant(summary, name, point)?, value(summary, baseline, point, metric)?);
    let path = metric.path();
    let compared = summary.comparisons.iter().find(|comparison| {
        comparison.variant == of_variant.name
            && comparison.baseline == baseline
            && comparison.metric == path
            && comparison.point == *point
            && comparison.operation.is_none()
            && comparison.job.is_none()
    });
    match compared {
        Some(comparison) => comparison.ratio,
        None => value(summary, name, point, metric).map(|own| own / base).filter(|ratio| ratio.is_finite()),
    }
}

/// The relative width below which figures cannot be told apart. A summary does not say how many digits its histograms have: three is the usual.
pub(super) fn resolution(metric: &Metric) -> f64 {
    match metric {
        Metric::Background(_, metric) => resolution(metric),
        Metric::Time(_, percentile) if percentile.quantile().is_some() => 0.001,
        Metric::Record(_, RecordFigure::Of(percentile)) if percentile.quantile().is_some() => 0.01,
        _ => 0.0,
    }
}
