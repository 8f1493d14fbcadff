//! Values that steps have recorded, as the lines of slices keep them: enough to merge slices and to state every figure.

use serde::{Deserialize, Serialize};

use crate::metrics::{Recorded, VALUES_ABOVE};
use crate::words::{Percentile, RecordFigure};

/// All values of one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordedValues {
    /// Values that are not NULL.
    pub count: u64,
    /// NULLs, and what is no finite number.
    pub nulls: u64,
    /// Of booleans, `true`; `None` for numbers.
    pub trues: Option<u64>,
    /// Sum; `true` is 1.
    pub sum: f64,
    /// Smallest number, exact.
    pub min: Option<f64>,
    /// Largest number, exact.
    pub max: Option<f64>,
    /// Numbers too small and too large for a bucket (beyond ± 4.6 · 10¹²).
    pub outside: (u64, u64),
    /// Buckets of numbers, rising: the edge away from 0, and how many. At most 1 % wide.
    pub buckets: Vec<(f64, u64)>,
}

impl RecordedValues {
    /// What is kept of `recorded`.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Self {
        Self {
            count: recorded.count,
            nulls: recorded.nulls,
            trues: (recorded.flags > 0).then_some(recorded.trues),
            sum: recorded.sum,
            min: recorded.bounds.map(|(min, _)| min),
            max: recorded.bounds.map(|(_, max)| max),
            outside: recorded.outside,
            buckets: recorded.buckets(),
        }
    }

    /// Adds those of another slice.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.nulls += other.nulls;
        self.sum += other.sum;
        self.trues = match (self.trues, other.trues) {
            (Some(mine), Some(theirs)) => Some(mine + theirs),
            (mine, theirs) => mine.or(theirs),
        };
        let pick = |mine: Option<f64>, theirs: Option<f64>, of: fn(f64, f64) -> f64| match (mine, theirs) {
            (Some(mine), Some(theirs)) => Some(of(mine, theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.min = pick(self.min, other.min, f64::min);
        self.max = pick(self.max, other.max, f64::max);
        self.outside = (self.outside.0 + other.outside.0, self.outside.1 + other.outside.1);
        self.buckets.extend_from_slice(&other.buckets);
        self.buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
        self.buckets.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0 };
            is_same
        });
    }

    /// One of the figures; `None` when there is none of the kind, or fewer than ten values above a percentile.
    #[must_use]
    pub fn figure(&self, figure: RecordFigure) -> Option<f64> {
        match figure {
            RecordFigure::Count => Some(self.trues.unwrap_or(self.count) as f64),
            RecordFigure::Nulls => Some(self.nulls as f64),
            RecordFigure::Whole | RecordFigure::Of(Percentile::Mean) => {
                (self.count > 0).then(|| self.sum / self.count as f64)
            }
            RecordFigure::Of(Percentile::Min) => self.min,
            RecordFigure::Of(Percentile::Max) => self.max,
            RecordFigure::Of(percentile) => self.quantile(percentile.quantile()?),
        }
    }

    /// By nearest rank. What lies outside of the buckets counts in the ranks.
    fn quantile(&self, q: f64) -> Option<f64> {
        let in_buckets: u64 = self.buckets.iter().map(|(_, count)| count).sum();
        let total = self.outside.0 + in_buckets + self.outside.1;
        // The product may come out a hair above a whole number, which is not the next rank.
        let rank = (q * total as f64 * (1.0 - 4.0 * f64::EPSILON)).ceil() as u64;
        if rank == 0 || rank + VALUES_ABOVE > total {
            return None;
        }
        let mut seen = self.outside.0;
        let found = self.buckets.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        let (value, _) = found.filter(|_| rank > self.outside.0)?;
        Some(value.clamp(self.min?, self.max?))
    }

    /// The figures that `metrics` of the summary has, by the end of their names: of booleans the share of `true` and how
    /// many; of numbers all figures of their distribution; of both the NULLs.
    pub(super) fn figures(&self) -> impl Iterator<Item = (RecordFigure, Option<f64>)> {
        let names: Vec<RecordFigure> = match self.trues {
            Some(_) => vec![RecordFigure::Whole, RecordFigure::Count, RecordFigure::Nulls],
            None => {
                let rest = [RecordFigure::Count, RecordFigure::Nulls];
                Percentile::ALL.into_iter().map(RecordFigure::Of).chain(rest).collect()
            }
        };
        names.into_iter().map(|name| (name, self.figure(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::RecordedValues;
    use crate::metrics::{Recorded, Sample};
    use crate::words::{Percentile, RecordFigure};

    fn of(samples: impl Iterator<Item = Sample>) -> RecordedValues {
        let mut recorded = Recorded::default();
        samples.for_each(|sample| recorded.record(sample));
        RecordedValues::of(&recorded)
    }

    #[test]
    fn figures_of_merged_slices_are_those_of_all_values() {
        let number = |n: i32| Sample::Number(f64::from(n) / 10.0 - 20.0);
        let mut merged = of((1..=500).map(number).chain([Sample::Null]));
        merged.merge(&of((501..=1_000).map(number)));
        let whole = of((1..=1_000).map(number).chain([Sample::Null]));
        assert_eq!(merged.buckets, whole.buckets);
        let figure = |name| merged.figure(RecordFigure::Of(name)).expect("a figure");
        assert!((figure(Percentile::Mean) - 30.05).abs() < 1e-9);
        assert_eq!((figure(Percentile::Min), figure(Percentile::Max)), (-19.9, 80.0));
        assert!((figure(Percentile::P50) - 30.0).abs() < 0.4, "{}", figure(Percentile::P50));
        assert!((figure(Percentile::P90) - 70.0).abs() < 0.8, "{}", figure(Percentile::P90));
        assert_eq!(merged.figure(RecordFigure::Of(Percentile::P999)), None, "one value above it");
        assert_eq!(merged.figure(RecordFigure::Nulls), Some(1.0));
        assert_eq!(serde_json::from_str::<RecordedValues>(&serde_json::to_string(&merged).unwrap()).unwrap(), merged);
    }

    #[test]
    fn of_booleans_there_are_share_and_count() {
        let mut merged = of([Sample::Flag(true), Sample::Flag(false), Sample::Null].into_iter());
        merged.merge(&of([Sample::Flag(false), Sample::Flag(false)].into_iter()));
        let names: Vec<_> = merged.figures().collect();
        assert_eq!(
            names,
            [(RecordFigure::Whole, Some(0.25)), (RecordFigure::Count, Some(1.0)), (RecordFigure::Nulls, Some(1.0))]
        );
        assert_eq!(merged.figure(RecordFigure::Of(Percentile::P50)), None);
    }
}
