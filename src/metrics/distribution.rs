//! A distribution of times: an HDR histogram with exact minimum, maximum and sum beside it.
//!
//! Responsible for recording, merging and ranks. Not for what a percentile means to a reader: that `None` is to be
//! written as `null`, and beside which bound, is decided by `result`.
//!
//! Values are kept in nanoseconds at three significant digits up to one hour. The lowest discernible value is 1 ns, not
//! 100: it costs a fifth more memory (132 KiB for u32 counts) and keeps a queue time of 0 a 0, where a unit of 64 ns would
//! show it as 63.

use hdrhistogram::Histogram;

/// The largest time that a histogram counts, ns: one hour. Larger ones are counted apart.
pub const HIGHEST_NS: u64 = 3_600_000_000_000;

/// How many recorded values must lie above a percentile for it to be stated.
pub const VALUES_ABOVE: u64 = 10;

const LOWEST_NS: u64 = 1;

/// Significant digits of a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Within 1 %: for plans whose histograms would not fit otherwise.
    TwoDigits,
    /// Within 0.1 %.
    #[default]
    ThreeDigits,
}

impl Precision {
    /// The number of digits.
    #[must_use]
    pub fn digits(self) -> u8 {
        match self {
            Self::TwoDigits => 2,
            Self::ThreeDigits => 3,
        }
    }

    /// Relative width of a bucket: 0.001 or 0.01.
    #[must_use]
    pub fn resolution(self) -> f64 {
        match self {
            Self::TwoDigits => 0.01,
            Self::ThreeDigits => 0.001,
        }
    }

    /// How often the width of buckets doubles up to [`HIGHEST_NS`], and how many buckets of one width there are: what an
    /// HdrHistogram of this precision says of itself.
    #[must_use]
    pub fn widths(self) -> (u32, u32) {
        let sub_buckets: u32 = match self {
            Self::TwoDigits => 256,
            Self::ThreeDigits => 2_048,
        };
        let widest = HIGHEST_NS / u64::from(sub_buckets);
        (u64::BITS - widest.leading_zeros() + 1, sub_buckets)
    }

    fn of(histogram_digits: u8) -> Self {
        if histogram_digits <= 2 { Self::TwoDigits } else { Self::ThreeDigits }
    }

    /// Bytes of one histogram while it is recorded into (u32 counts).
    #[must_use]
    pub fn bytes(self) -> usize {
        // 42 bits hold one hour in ns; each power of two above the first bucket takes half a bucket.
        let (bucket_bits, half) = match self {
            Self::TwoDigits => (8, 128),
            Self::ThreeDigits => (11, 1024),
        };
        (42 - bucket_bits + 2) * half * size_of::<u32>()
    }
}

/// Bucket counts: narrow while recorded into, wide once merged.
#[derive(Clone, Debug)]
enum Counts {
    None,
    Narrow(Histogram<u32>),
    Wide(Histogram<u64>),
}

/// A distribution of times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Distribution {
    precision: Precision,
    counts: Counts,
    above_range: u64,
    min_ns: u64,
    max_ns: u64,
    sum_ns: u128,
}

/// The part of a distribution that its buckets cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// Smallest value, ns.
    pub min_ns: u64,
    /// Largest value, ns.
    pub max_ns: u64,
    /// Sum of all values, ns.
    pub sum_ns: u128,
    /// Values above [`HIGHEST_NS`].
    pub above_range: u64,
}

/// Values that fell into one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The bucket's upper edge, ns: what a percentile in it is reported as.
    pub value_ns: u64,
    /// How many.
    pub count: u64,
}

impl Distribution {
    /// An empty one of three digits; the histogram is allocated at first use.
    #[must_use]
    pub fn new() -> Self {
        Self::with_precision(Precision::default())
    }

    /// An empty one.
    #[must_use]
    pub fn with_precision(precision: Precision) -> Self {
        Self { precision, counts: Counts::None, above_range: 0, min_ns: u64::MAX, max_ns: 0, sum_ns: 0 }
    }

    /// Records a time. Allocates at the first call only.
    #[inline]
    pub fn record(&mut self, time_ns: u64) {
        self.min_ns = self.min_ns.min(time_ns);
        self.max_ns = self.max_ns.max(time_ns);
        self.sum_ns += u128::from(time_ns);
        if time_ns > HIGHEST_NS {
            self.above_range += 1;
            return;
        }
        let recorded = match &mut self.counts {
            // A bucket cannot hold more than the total, so none can saturate unseen.
            Counts::Narrow(histogram) if histogram.len() < u64::from(u32::MAX) => histogram.record(time_ns),
            Counts::Wide(histogram) => histogram.record(time_ns),
            Counts::None | Counts::Narrow(_) => self.record_slow(time_ns),
        };
        // Every time up to HIGHEST_NS has a bucket; were it otherwise, the value would still be counted.
        self.above_range += u64::from(recorded.is_err());
    }

    #[cold]
    fn record_slow(&mut self, time_ns: u64) -> Result<(), hdrhistogram::RecordError> {
        if let Counts::None = self.counts {
            let mut histogram = empty(self.precision);
            let recorded = histogram.record(time_ns);
            self.counts = Counts::Narrow(histogram);
            return recorded;
        }
        self.widen().record(time_ns)
    }

    /// Turns the counts into u64.
    fn widen(&mut self) -> &mut Histogram<u64> {
        if !matches!(self.counts, Counts::Wide(_)) {
            let mut wide = empty(self.precision);
            for bucket in self.buckets() {
                // The bounds are the same, so the bucket exists.
                let _ = wide.record_n(bucket.value_ns, bucket.count);
            }
            self.counts = Counts::Wide(wide);
        }
        match &mut self.counts {
            Counts::Wide(histogram) => histogram,
            Counts::None | Counts::Narrow(_) => unreachable!("made wide above"),
        }
    }

    /// Adds all of `other`. The sum has u64 counts. An empty distribution takes the precision of `other`.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if let Counts::None = self.counts
            && !matches!(other.counts, Counts::None)
        {
            self.precision = other.precision;
        }
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
        self.sum_ns += other.sum_ns;
        self.above_range += other.above_range;
        let same = self.precision == other.precision;
        let lost = match &other.counts {
            Counts::None => 0,
            Counts::Wide(theirs) if same => {
                let added = self.widen().add(theirs);
                if added.is_err() { theirs.len() } else { 0 }
            }
            Counts::Wide(_) | Counts::Narrow(_) => {
                let ours = self.widen();
                other.buckets().filter(|b| ours.record_n(b.value_ns, b.count).is_err()).map(|b| b.count).sum()
            }
        };
        // Bounds are the same everywhere, so nothing is lost; were it, it would be counted as above the range.
        self.above_range += lost;
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        match &mut self.counts {
            Counts::None => {}
            Counts::Narrow(histogram) if histogram.is_empty() => {}
            Counts::Narrow(histogram) => histogram.reset(),
            Counts::Wide(_) => self.counts = Counts::None,
        }
        (self.above_range, self.min_ns, self.max_ns, self.sum_ns) = (0, u64::MAX, 0, 0);
    }

    /// How many values, those above the range included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.in_range() + self.above_range
    }

    fn in_range(&self) -> u64 {
        match &self.counts {
            Counts::None => 0,
            Counts::Narrow(histogram) => histogram.len(),
            Counts::Wide(histogram) => histogram.len(),
        }
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many values lay above [`HIGHEST_NS`]. They count in minimum, maximum, sum and ranks, but have no bucket.
    #[must_use]
    pub fn above_range(&self) -> u64 {
        self.above_range
    }

    /// Exact minimum in ns, `None` when empty.
    #[must_use]
    pub fn min_ns(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.min_ns)
    }

    /// Exact maximum in ns, `None` when empty.
    #[must_use]
    pub fn max_ns(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.max_ns)
    }

    /// Exact sum in ns; 0 when empty.
    #[must_use]
    pub fn sum_ns(&self) -> u128 {
        self.sum_ns
    }

    /// Exact mean in ns, `None` when empty.
    #[must_use]
    pub fn mean_ns(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum_ns as f64 / self.count() as f64)
    }

    /// The precision of the buckets.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The value at quantile `q` (0 … 1) in ns by nearest rank, where `censored` further values rank above every recorded
    /// one. It is the upper edge of a bucket (so every HDR tool finds the same), at most the exact maximum.
    ///
    /// `None` when the rank falls among the censored or above the range, or when fewer than [`VALUES_ABOVE`] recorded
    /// values lie above it.
    #[must_use]
    pub fn quantile_ns(&self, q: f64, censored: u64) -> Option<f64> {
        let rank = self.rank(q, censored)?;
        if rank + VALUES_ABOVE > self.count() {
            return None;
        }
        self.value_at_rank(rank)
    }

    /// What is known of a quantile that falls among the censored: it is not below this many ns, the largest recorded
    /// value. `None` when it does not fall among them, or when nothing was recorded.
    #[must_use]
    pub fn quantile_bound_ns(&self, q: f64, censored: u64) -> Option<u64> {
        (self.rank(q, censored)? > self.count()).then_some(())?;
        self.max_ns()
    }

    /// The rank of quantile `q`, from 1; `None` when there is neither a value nor a censored one.
    fn rank(&self, q: f64, censored: u64) -> Option<u64> {
        let total = self.count() + censored;
        if total == 0 {
            return None;
        }
        // The product may come out a hair above a whole number (0.999 · 10,000), which is not the next rank.
        let exact = q.clamp(0.0, 1.0) * total as f64;
        let rank = (exact * (1.0 - 4.0 * f64::EPSILON)).ceil() as u64;
        Some(rank.clamp(1, total))
    }

    fn value_at_rank(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        for bucket in self.buckets() {
            seen += bucket.count;
            if seen >= rank {
                return Some(bucket.value_ns.min(self.max_ns) as f64);
            }
        }
        None
    }

    /// The buckets that hold values, rising. Values above the range are not among them.
    pub fn buckets(&self) -> Box<dyn Iterator<Item = Bucket> + '_> {
        match &self.counts {
            Counts::None => Box::new(std::iter::empty()),
            Counts::Narrow(histogram) => Box::new(
                histogram
                    .iter_recorded()
                    .map(|v| Bucket { value_ns: v.value_iterated_to(), count: u64::from(v.count_at_value()) }),
            ),
            Counts::Wide(histogram) => Box::new(
                histogram
                    .iter_recorded()
                    .map(|v| Bucket { value_ns: v.value_iterated_to(), count: v.count_at_value() }),
            ),
        }
    }

    /// A histogram read from a log, with what its buckets cannot tell. Without `exact` (a log that stands alone),
    /// minimum, maximum and sum are those of the buckets.
    pub(super) fn restore(histogram: Histogram<u64>, exact: Option<Exact>) -> Self {
        let precision = Precision::of(histogram.sigfig());
        let exact = exact.unwrap_or_else(|| Exact {
            min_ns: histogram.min(),
            max_ns: histogram.max(),
            sum_ns: (histogram.mean() * histogram.len() as f64) as u128,
            above_range: 0,
        });
        let Exact { min_ns, max_ns, sum_ns, above_range } = exact;
        Self { precision, counts: Counts::Wide(histogram), above_range, min_ns, max_ns, sum_ns }
    }

    /// Puts exact figures in place of those read from a log.
    pub fn set_exact(&mut self, exact: Exact) {
        (self.min_ns, self.max_ns) = (exact.min_ns, exact.max_ns);
        (self.sum_ns, self.above_range) = (exact.sum_ns, exact.above_range);
    }

    /// The counts as one histogram, for the log; `None` when no value lies in the range.
    pub(super) fn histogram(&self) -> Option<Histogram<u64>> {
        if self.in_range() == 0 {
            return None;
        }
        let mut copy = self.clone();
        copy.widen();
        match copy.counts {
            Counts::Wide(histogram) => Some(histogram),
            Counts::None | Counts::Narrow(_) => None,
        }
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::expect_used, reason = "the bounds are constants that hdrhistogram accepts; a test builds both")]
fn empty<T: hdrhistogram::Counter>(precision: Precision) -> Histogram<T> {
    Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, precision.digits()).expect("constant bounds")
}

#[cfg(test)]
#[path = "distribution_tests.rs"]
mod tests;
