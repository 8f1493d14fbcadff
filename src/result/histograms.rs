//! Histograms of a run, merged over the rounds that are part of the figures. Counts are merged, percentiles never averaged.

use std::collections::{BTreeMap, BTreeSet};

use super::slice::{SliceFigures, SliceRecord};
use super::times::{SliceTimes, us};
use crate::metrics::Distribution;
use crate::metrics::hlog::{LogTag, read_line};

/// Point, variant, operation (empty: connects) and kind.
type Key = (u32, String, String, String);

/// Merged histograms.
#[derive(Clone, Debug, Default)]
pub struct Histograms {
    merged: BTreeMap<Key, Distribution>,
    incomplete: BTreeSet<Key>,
}

/// A point of a percentile curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Share of all values (censored ones included) that are at most `time_us`, 0 … 1.
    pub quantile: f64,
    /// µs.
    pub time_us: f64,
}

/// A distribution as ranks: what tables by percentile are made from. Times in ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranked {
    /// Rising: a value, and how many values are at most as large.
    pub values: Vec<(f64, u64)>,
    /// How many were recorded.
    pub count: u64,
    /// How many more rank above all others, for their end was not seen.
    pub censored: u64,
    /// Exact mean of those recorded.
    pub mean_ms: f64,
    /// Standard deviation of those recorded, from their buckets.
    pub deviation_ms: f64,
    /// Exact maximum of those recorded.
    pub max_ms: f64,
    /// How often the width of the buckets doubles.
    pub buckets: u32,
    /// Buckets of one width.
    pub sub_buckets: u32,
}

impl Histograms {
    /// From the lines of the log, for the slices that are valid. A histogram that is missing, torn, or has another count
    /// than its slice makes its kind incomplete: no percentile is stated then.
    pub(super) fn read(lines: &[Vec<u8>], slices: &[SliceRecord]) -> Self {
        Self::read_kinds(lines, slices, |_| true)
    }

    /// The same of some kinds of times only: the lines of the others are not even decoded.
    pub(super) fn read_kinds(lines: &[Vec<u8>], slices: &[SliceRecord], wanted: impl Fn(&str) -> bool) -> Self {
        let mut logged: BTreeMap<LogTag, Distribution> = BTreeMap::new();
        for line in lines.iter().filter(|line| kind_of(line).is_none_or(&wanted)) {
            // A line that cannot be read shows by the count that is missing.
            if let Some(line) = std::str::from_utf8(line).ok().and_then(|line| read_line(line).ok().flatten()) {
                logged.entry(line.tag).or_default().merge(&line.distribution);
            }
        }
        let mut histograms = Self::default();
        for slice in slices.iter().filter(|slice| slice.valid) {
            for operation in &slice.operations {
                let name = operation.name.as_deref().unwrap_or_default();
                for (kind, times) in kinds(operation).into_iter().filter(|(kind, _)| wanted(kind)) {
                    histograms.add(slice, name, kind, times, &mut logged);
                }
            }
            if wanted("connect") {
                histograms.add(slice, "", "connect", &slice.connect, &mut logged);
            }
        }
        histograms
    }

    fn add(
        &mut self,
        slice: &SliceRecord,
        operation: &str,
        kind: &str,
        times: &SliceTimes,
        logged: &mut BTreeMap<LogTag, Distribution>,
    ) {
        let Some(exact) = times.exact() else { return };
        let tag = LogTag {
            variant: slice.variant.clone(),
            operation: operation.to_owned(),
            kind: kind.to_owned(),
            point: slice.point,
            round: slice.round,
        };
        let mut distribution = logged.remove(&tag).unwrap_or_default();
        distribution.set_exact(exact);
        let key = (tag.point, tag.variant, tag.operation, tag.kind);
        if distribution.count() != times.count {
            self.incomplete.insert(key.clone());
        }
        self.merged.entry(key).or_default().merge(&distribution);
    }

    /// All times of one kind (`response`, `service`, `queue`, `acquire`, `lag`, `failed_response`, `connect`) of an
    /// operation, or of the whole mix with `None`. `None` when histograms are missing; empty when nothing was measured.
    #[must_use]
    pub fn times(&self, variant: &str, operation: Option<&str>, kind: &str) -> Option<Distribution> {
        let matches = |key: &Key| key.1 == variant && key.3 == kind && operation.is_none_or(|name| key.2 == name);
        if self.incomplete.iter().any(matches) {
            return None;
        }
        let mut all = Distribution::new();
        self.merged.iter().filter(|(key, _)| matches(key)).for_each(|(_, part)| all.merge(part));
        Some(all)
    }

    /// The percentile curve of one kind, rising, one point per bucket; `censored` values rank above all. Empty when
    /// nothing was measured or histograms are missing.
    #[must_use]
    pub fn curve(&self, variant: &str, operation: Option<&str>, kind: &str, censored: u64) -> Vec<CurvePoint> {
        let Some(times) = self.times(variant, operation, kind) else { return Vec::new() };
        let total = (times.count() + censored) as f64;
        let max_ns = times.max_ns().unwrap_or(0);
        let mut seen = 0;
        times
            .buckets()
            .map(|bucket| {
                seen += bucket.count;
                CurvePoint { quantile: seen as f64 / total, time_us: us(bucket.value_ns.min(max_ns) as f64) }
            })
            .collect()
    }

    /// All times of one kind by rank, as [`Histograms::times`]. `None` when histograms are missing, nothing was measured, or a value
    /// lay above the range.
    #[must_use]
    pub fn ranked(&self, variant: &str, operation: Option<&str>, kind: &str, censored: u64) -> Option<Ranked> {
        let times = self.times(variant, operation, kind)?;
        if times.above_range() > 0 {
            return None;
        }
        let (mean_ns, max_ns) = (times.mean_ns()?, times.max_ns()?);
        let (mut seen, mut squares) = (0, 0.0);
        let values = times
            .buckets()
            .map(|bucket| {
                let value_ns = bucket.value_ns.min(max_ns) as f64;
                seen += bucket.count;
                squares += bucket.count as f64 * (value_ns - mean_ns).powi(2);
                (value_ns / 1e6, seen)
            })
            .collect();
        let (buckets, sub_buckets) = times.precision().widths();
        Some(Ranked {
            values,
            count: times.count(),
            censored,
            mean_ms: mean_ns / 1e6,
            deviation_ms: (squares / times.count() as f64).sqrt() / 1e6,
            max_ms: max_ns as f64 / 1e6,
            buckets,
            sub_buckets,
        })
    }

    /// Adds those of another run. What is incomplete in either is in both.
    pub fn merge(&mut self, other: &Self) {
        for (key, distribution) in &other.merged {
            self.merged.entry(key.clone()).or_default().merge(distribution);
        }
        self.incomplete.extend(other.incomplete.iter().cloned());
    }

    /// What is missing, as `variant/operation/kind`.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.incomplete.iter().map(|(_, variant, operation, kind)| format!("{variant}/{operation}/{kind}")).collect()
    }
}

/// The kind that the tag of a line names (`Tag=variant/operation/kind/point/round,…`); `None` where it has none.
fn kind_of(line: &[u8]) -> Option<&str> {
    let tag = line.strip_prefix(b"Tag=")?.split(|byte| *byte == b',').next()?;
    std::str::from_utf8(tag).ok()?.split('/').nth(2)
}

fn kinds(figures: &SliceFigures) -> [(&'static str, &SliceTimes); 6] {
    [
        ("response", &figures.response),
        ("service", &figures.service),
        ("queue", &figures.queue),
        ("acquire", &figures.acquire),
        ("lag", &figures.lag),
        ("failed_response", &figures.failed_response),
    ]
}
