//! Which lines a slice leaves in `histograms.hlog`: one per operation and kind, or one per ten seconds in longer slices,
//! and fewer where lines of ten seconds would make the log larger than [`BYTES_PER_SECOND`] allows.
//!
//! A line takes up to 10 kB when times spread widely, since three digits over some octaves are thousands of buckets; an
//! hour would have 360 of them per kind. What a longer line loses is resolution in time, which `intervals.csv` has.

use std::time::Duration;

use super::interval::IntervalContext;
use super::slice::SliceContext;
use crate::metrics::hlog::{HlogError, IntervalLogWriter, LogTag};
use crate::metrics::{Distribution, OperationMetrics, SliceMetrics, Snapshot};

/// A slice that is longer than this leaves more than one line per kind.
const LINE_SECONDS: f64 = 10.0;

/// What the log of a slice may take on average, per operation: 8 MB in an hour. With `intervals.csv` and `slices.jsonl` a
/// result then stays below 10 MB per hour and operation.
const BYTES_PER_SECOND: f64 = 8e6 / 3_600.0;

/// Makes the lines of slices, one after the other.
#[derive(Debug, Default)]
pub(super) struct SliceLog {
    writer: IntervalLogWriter,
    open: Option<Part>,
    /// What the last lines of a part took: what the next ones will take, about.
    last_bytes: usize,
}

/// What was measured of a slice and is not in the log yet.
#[derive(Debug)]
struct Part {
    slice: (u32, u32, String),
    /// Bytes that earlier parts of the slice took in the log already.
    logged_bytes: usize,
    /// Seconds of the slice that earlier parts are about; 0 when there are none.
    logged_s: f64,
    start_s: f64,
    seconds: f64,
    recorded: Snapshot,
}

impl SliceLog {
    /// The lines that are due after an interval of the measurement; mostly none.
    pub(super) fn interval(&mut self, context: &IntervalContext, recorded: &Snapshot) -> Result<String, HlogError> {
        if !context.measuring {
            return Ok(String::new());
        }
        let slice = (context.point, context.round, context.variant.clone());
        let part = match &mut self.open {
            Some(part) if part.slice == slice => part,
            open => open.insert(Part {
                slice,
                logged_bytes: 0,
                logged_s: 0.0,
                start_s: context.start_s,
                seconds: 0.0,
                recorded: Snapshot::default(),
            }),
        };
        part.recorded.merge(recorded);
        part.seconds += context.seconds;
        if !part.is_due(context.operations.len(), self.last_bytes) {
            return Ok(String::new());
        }
        let lines = part.lines(&mut self.writer, &context.operations)?;
        self.last_bytes = lines.len();
        part.logged_bytes += lines.len();
        part.logged_s += part.seconds;
        part.start_s += part.seconds;
        part.seconds = 0.0;
        part.recorded.clear();
        Ok(lines)
    }

    /// The lines of a slice that closes: all of it, or what came after the last ones.
    pub(super) fn close(&mut self, context: &SliceContext, metrics: &SliceMetrics) -> Result<String, HlogError> {
        let slice = (context.point, context.round, context.variant.clone());
        let names: Vec<String> = context.operations.iter().map(|(name, _)| name.clone()).collect();
        let part = match self.open.take() {
            Some(part) if part.slice == slice && part.logged_s > 0.0 => part,
            _ => Part {
                slice,
                logged_bytes: 0,
                logged_s: 0.0,
                start_s: context.start_s,
                seconds: Duration::from_nanos(metrics.measure_ns).as_secs_f64(),
                recorded: metrics.total.clone(),
            },
        };
        let mut lines = part.lines(&mut self.writer, &names)?;
        self.last_bytes = lines.len();
        lines.push_str(&part.line(&mut self.writer, "", "connect", &metrics.connect)?);
        Ok(lines)
    }
}

impl Part {
    /// Whether it is long enough for lines of its own, and there is room for them and for those with which the slice may
    /// close at once, each as long as the last ones.
    fn is_due(&self, operations: usize, last_bytes: usize) -> bool {
        let allowed_bytes = (self.logged_s + self.seconds) * BYTES_PER_SECOND * operations as f64;
        self.seconds >= LINE_SECONDS && (self.logged_bytes + 2 * last_bytes) as f64 <= allowed_bytes
    }

    fn lines(&self, writer: &mut IntervalLogWriter, names: &[String]) -> Result<String, HlogError> {
        let mut lines = String::new();
        for (name, operation) in names.iter().zip(&self.recorded.operations) {
            for (kind, times) in kinds(operation) {
                lines.push_str(&self.line(writer, name, kind, times)?);
            }
        }
        Ok(lines)
    }

    fn line(
        &self,
        writer: &mut IntervalLogWriter,
        operation: &str,
        kind: &str,
        times: &Distribution,
    ) -> Result<String, HlogError> {
        let (point, round, variant) = self.slice.clone();
        let tag = LogTag { variant, operation: operation.to_owned(), kind: kind.to_owned(), point, round };
        let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or_default();
        writer.line(&tag, seconds(self.start_s), seconds(self.seconds), times)
    }
}

/// The distributions of an operation that go into the log, by the names of their tags.
fn kinds(metrics: &OperationMetrics) -> [(&'static str, &Distribution); 6] {
    [
        ("response", &metrics.response),
        ("service", &metrics.service),
        ("queue", &metrics.queue),
        ("acquire", &metrics.acquire),
        ("lag", &metrics.lag),
        ("failed_response", &metrics.failed_response),
    ]
}
