//! Figures of a distribution of times, in microseconds with fractions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::{Distribution, Exact};
use crate::words::Percentile;

/// Figures of a distribution of times, µs. `None` (`null`): not measured, or not reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimesUs {
    /// Smallest, exact.
    pub min: Option<f64>,
    /// Mean, exact; `None` when anything is censored.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// Largest seen, exact.
    pub max: Option<f64>,
    /// For a percentile that falls among the censored: what it is known not to be below, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_below: BTreeMap<String, f64>,
}

/// ns as µs.
pub(super) fn us(ns: f64) -> f64 {
    ns / 1_000.0
}

impl TimesUs {
    /// The figures of `times`, where `censored` further values rank above every recorded one.
    #[must_use]
    pub fn of(times: &Distribution, censored: u64) -> Self {
        let mut figures = Self {
            min: times.min_ns().map(|ns| us(ns as f64)),
            mean: times.mean_ns().filter(|_| censored == 0).map(us),
            max: times.max_ns().map(|ns| us(ns as f64)),
            ..Self::default()
        };
        for percentile in Percentile::ALL {
            let Some(q) = percentile.quantile() else { continue };
            if let Some(bound) = times.quantile_bound_ns(q, censored) {
                figures.not_below.insert(percentile.name().to_owned(), us(bound as f64));
            }
            let value = times.quantile_ns(q, censored).map(us);
            match percentile {
                Percentile::P50 => figures.p50 = value,
                Percentile::P90 => figures.p90 = value,
                Percentile::P95 => figures.p95 = value,
                Percentile::P99 => figures.p99 = value,
                Percentile::P999 => figures.p999 = value,
                Percentile::Mean | Percentile::Min | Percentile::Max => {}
            }
        }
        figures
    }

    /// One of the figures, µs.
    #[must_use]
    pub fn get(&self, figure: Percentile) -> Option<f64> {
        match figure {
            Percentile::Min => self.min,
            Percentile::Mean => self.mean,
            Percentile::P50 => self.p50,
            Percentile::P90 => self.p90,
            Percentile::P95 => self.p95,
            Percentile::P99 => self.p99,
            Percentile::P999 => self.p999,
            Percentile::Max => self.max,
        }
    }
}

/// A distribution of times of one slice: what must be exact in ns, and the figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceTimes {
    /// How many values, those above the range included.
    pub count: u64,
    /// Values above one hour: they have no place in the histogram.
    #[serde(default)]
    pub above_range: u64,
    /// Smallest, ns; `None` when nothing was recorded.
    pub min_ns: Option<u64>,
    /// Largest, ns.
    pub max_ns: Option<u64>,
    /// Sum, ns.
    pub sum_ns: u64,
    /// Further values whose end was not seen: they rank above all.
    #[serde(default)]
    pub censored: u64,
    /// The figures of this slice.
    pub us: TimesUs,
}

impl SliceTimes {
    /// What is kept of `times`.
    #[must_use]
    pub fn of(times: &Distribution, censored: u64) -> Self {
        Self {
            count: times.count(),
            above_range: times.above_range(),
            min_ns: times.min_ns(),
            max_ns: times.max_ns(),
            // A sum that does not fit would be one of 584 years.
            sum_ns: u64::try_from(times.sum_ns()).unwrap_or(u64::MAX),
            censored,
            us: TimesUs::of(times, censored),
        }
    }

    /// The part that the log of histograms cannot tell; `None` when nothing was recorded.
    pub(super) fn exact(&self) -> Option<Exact> {
        Some(Exact {
            min_ns: self.min_ns?,
            max_ns: self.max_ns?,
            sum_ns: u128::from(self.sum_ns),
            above_range: self.above_range,
        })
    }
}

/// How many censored operations rank above the recorded ones, kind by kind. What never started was waiting in the queue,
/// and so has no service time that could be censored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Censored {
    pub(super) response: u64,
    pub(super) service: u64,
}

impl Censored {
    pub(super) fn of(censored: u64, unstarted: u64) -> Self {
        Self { response: censored, service: censored.saturating_sub(unstarted) }
    }
}

#[cfg(test)]
mod tests {
    use super::TimesUs;
    use crate::metrics::Distribution;

    #[test]
    fn what_was_not_seen_takes_the_mean_and_leaves_a_bound() {
        let mut times = Distribution::new();
        (1..=1_000_u64).for_each(|n| times.record(n * 1_000));
        let all_seen = TimesUs::of(&times, 0);
        assert_eq!((all_seen.mean, all_seen.not_below.is_empty()), (Some(500.5), true));
        let one_not = TimesUs::of(&times, 1);
        assert_eq!(
            (one_not.mean, one_not.max),
            (None, Some(1_000.0)),
            "the mean of those that were seen is not the mean"
        );
        assert!(one_not.p50.is_some() && one_not.not_below.is_empty());
        let half_not = TimesUs::of(&times, 1_001);
        assert_eq!((half_not.mean, half_not.p50), (None, None));
        assert_eq!(half_not.not_below.get("p50"), Some(&1_000.0));
    }
}
