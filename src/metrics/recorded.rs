//! Values that steps record from their rows: numbers of any size and sign, and booleans.

use hdrhistogram::Histogram;

/// What a number is counted in: a millionth.
const UNIT: f64 = 1e-6;
/// The largest magnitude with a bucket, in units; about 4.6 · 10¹².
const HIGHEST: u64 = 1 << 62;
/// Buckets are at most 1 % wide.
const DIGITS: u8 = 2;

/// One recorded value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// NULL, and what is no finite number.
    Null,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
}

/// All values that were recorded under one name.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Values that are not NULL.
    pub count: u64,
    /// Of these, `true`.
    pub trues: u64,
    /// Of these, booleans.
    pub flags: u64,
    /// NULLs, and what is no finite number.
    pub nulls: u64,
    /// Exact sum; `true` is 1.
    pub sum: f64,
    /// Exact minimum and maximum of numbers.
    pub bounds: Option<(f64, f64)>,
    /// Numbers without a bucket: below and above the range.
    pub outside: (u64, u64),
    positive: Option<Box<Histogram<u64>>>,
    negative: Option<Box<Histogram<u64>>>,
}

impl Recorded {
    /// Counts a value. Allocates at the first number of each sign only.
    pub fn record(&mut self, sample: Sample) {
        match sample {
            Sample::Number(value) if value.is_finite() => self.number(value),
            Sample::Null | Sample::Number(_) => self.nulls += 1,
            Sample::Flag(value) => {
                self.count += 1;
                self.flags += 1;
                self.trues += u64::from(value);
                self.sum += f64::from(u8::from(value));
            }
        }
    }

    fn number(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        let (min, max) = self.bounds.unwrap_or((value, value));
        self.bounds = Some((min.min(value), max.max(value)));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the magnitude; too large saturates"
        )]
        let units = (value.abs() / UNIT).round() as u64;
        let is_negative = value < 0.0 && units > 0;
        let outside = if is_negative { &mut self.outside.0 } else { &mut self.outside.1 };
        if units > HIGHEST {
            *outside += 1;
            return;
        }
        let side = if is_negative { &mut self.negative } else { &mut self.positive };
        // Every magnitude up to the highest has a bucket; were it otherwise, the value would still be counted.
        *outside += u64::from(side.get_or_insert_with(empty).record(units).is_err());
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.trues += other.trues;
        self.flags += other.flags;
        self.nulls += other.nulls;
        self.sum += other.sum;
        self.outside.0 += other.outside.0;
        self.outside.1 += other.outside.1;
        self.bounds = match (self.bounds, other.bounds) {
            (Some((low, high)), Some((min, max))) => Some((low.min(min), high.max(max))),
            (mine, theirs) => mine.or(theirs),
        };
        for (mine, theirs) in [(&mut self.positive, &other.positive), (&mut self.negative, &other.negative)] {
            if let Some(theirs) = theirs.as_ref().filter(|theirs| !theirs.is_empty()) {
                // The bounds are the same everywhere, so all buckets are there.
                let _ = mine.get_or_insert_with(empty).add(&**theirs);
            }
        }
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        let keep = |side: &mut Option<Box<Histogram<u64>>>| {
            let mut kept = side.take();
            if let Some(histogram) = kept.as_mut().filter(|histogram| !histogram.is_empty()) {
                histogram.reset();
            }
            kept
        };
        let (positive, negative) = (keep(&mut self.positive), keep(&mut self.negative));
        *self = Self { positive, negative, ..Self::default() };
    }

    /// The buckets that hold numbers, rising: the edge away from 0, and how many.
    #[must_use]
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let side = |histogram: &Option<Box<Histogram<u64>>>, sign: f64| -> Vec<(f64, u64)> {
            let all = histogram.iter().flat_map(|histogram| histogram.iter_recorded());
            all.map(|value| (sign * value.value_iterated_to() as f64 * UNIT, value.count_at_value())).collect()
        };
        let mut buckets = side(&self.negative, -1.0);
        buckets.reverse();
        buckets.extend(side(&self.positive, 1.0));
        buckets
    }
}

#[expect(clippy::expect_used, reason = "the bounds are constants that hdrhistogram accepts; a test builds one")]
fn empty() -> Box<Histogram<u64>> {
    Box::new(Histogram::new_with_bounds(1, HIGHEST, DIGITS).expect("constant bounds"))
}

#[cfg(test)]
mod tests {
    use super::{Recorded, Sample};
    use proptest::prelude::*;

    #[test]
    fn flags_nulls_and_numbers_are_counted_apart() {
        let mut recorded = Recorded::default();
        for sample in
            [Sample::Flag(true), Sample::Flag(false), Sample::Null, Sample::Number(f64::NAN), Sample::Flag(true)]
        {
            recorded.record(sample);
        }
        assert_eq!((recorded.count, recorded.trues, recorded.flags, recorded.nulls), (3, 2, 3, 2));
        assert_eq!((recorded.sum, recorded.bounds), (2.0, None));
    }

    proptest! {
        #[test]
        fn merged_parts_are_the_whole_and_buckets_are_near(values in prop::collection::vec(
            prop_oneof![-1e6..1e6_f64, -1e-3..1e-3, Just(0.0), Just(1e13), Just(-1e13), 1e9..1e12], 1..200), cut in 0_usize..200)
        {
            let all = |values: &[f64]| {
                let mut recorded = Recorded::default();
                values.iter().for_each(|value| recorded.record(Sample::Number(*value)));
                recorded
            };
            let whole = all(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut parts = all(left);
            parts.merge(&all(right));
            prop_assert_eq!(parts.buckets(), whole.buckets());
            prop_assert_eq!((parts.count, parts.outside, parts.bounds), (whole.count, whole.outside, whole.bounds));
            let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.abs() < 1e13).collect();
            sorted.sort_by(f64::total_cmp);
            let spread: Vec<f64> =
                whole.buckets().into_iter().flat_map(|(value, count)| vec![value; usize::try_from(count).unwrap()]).collect();
            prop_assert_eq!(spread.len(), sorted.len());
            for (found, exact) in spread.iter().zip(&sorted) {
                prop_assert!((found - exact).abs() <= exact.abs() * 0.011 + 1e-6, "{found} {exact}");
            }
            parts.clear();
            prop_assert!(parts.buckets().is_empty() && parts.count == 0 && parts.bounds.is_none());
        }
    }
}
