//! Why a claim or an expectation is undecided for want of figures.

use super::figure::{Scope, figure, times};
use crate::result::run::{Bound, Judgement};
use crate::result::slice::SliceRecord;
use crate::stats::MIN_ROUNDS;
use crate::words::{Metric, Percentile};

/// Which figure is missing in how many rounds and what helps; `None` when nothing is missing.
pub(super) fn missing(
    slices: &[SliceRecord],
    judgement: &Judgement,
    metric: &Metric,
    scope: Scope<'_>,
    rounds: u32,
) -> Option<String> {
    let against = matches!(judgement.bound, Bound::Ratio(_)).then_some(judgement.against.as_str());
    absent(slices, &judgement.variant, against, metric, scope).or_else(|| {
        ((rounds as usize) < MIN_ROUNDS).then(|| match rounds {
            1 => format!("1 round is too few: at least {MIN_ROUNDS} are needed"),
            _ => format!("{rounds} rounds are too few: at least {MIN_ROUNDS} are needed"),
        })
    })
}

/// Which figure of a variant, or of what it is compared with, valid rounds do not state, in how many, and what helps.
pub(super) fn absent(
    slices: &[SliceRecord],
    variant: &str,
    against: Option<&str>,
    metric: &Metric,
    scope: Scope<'_>,
) -> Option<String> {
    for name in std::iter::once(variant).chain(against) {
        let valid: Vec<&SliceRecord> = slices.iter().filter(|slice| slice.valid && slice.variant == name).collect();
        if valid.is_empty() {
            return Some(format!("{name} has no valid round"));
        }
        let absent: Vec<&SliceRecord> =
            valid.iter().copied().filter(|slice| figure(slice, metric, scope).is_none()).collect();
        if let Some(first) = absent.first() {
            let of = if name == variant { String::new() } else { format!(" of {name}") };
            let (what, why) = (short(metric), why(first, metric, scope));
            return Some(format!("{what}{of} not stated in {} of {} rounds: {why}", absent.len(), valid.len()));
        }
    }
    None
}

fn short(metric: &Metric) -> String {
    match metric {
        Metric::Time(_, Percentile::P999) => "p99.9".to_owned(),
        Metric::Time(_, percentile) => percentile.name().to_owned(),
        _ => metric.to_string(),
    }
}

/// Why a slice lacks the figure.
pub(super) fn why(slice: &SliceRecord, metric: &Metric, scope: Scope<'_>) -> &'static str {
    let Some(figures) = scope.select(slice) else { return "the operation was not measured" };
    match metric {
        _ if figures.ended() == 0 => "no operation ended",
        Metric::Time(kind, percentile) => {
            let times = times(slice, figures, *kind);
            if times.us.not_below.contains_key(percentile.name()) {
                "the end of too many operations was not seen"
            } else if times.count == 0 {
                "nothing of the kind was measured"
            } else if percentile.quantile().is_some() && times.censored > 0 {
                "the end of some operations was not seen, and fewer than ten were seen above it; measure longer"
            } else if percentile.quantile().is_some() {
                "fewer than ten operations above it; measure longer"
            } else {
                "the end of some operations was not seen"
            }
        }
        Metric::CpuClient | Metric::CpuServer if scope.operation.is_some() || scope.job.is_some() => {
            "CPU is known of the whole mix only"
        }
        Metric::CpuServer => "the server does not tell its CPU time",
        _ => "it was not measured",
    }
}
