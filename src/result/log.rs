//! Which lines a slice leaves in `histograms.hlog`: one per operation and kind, or one per ten seconds in longer slices.

use std::time::Duration;

use super::interval::IntervalContext;
use super::slice::SliceContext;
use crate::metrics::hlog::{HlogError, IntervalLogWriter, LogTag};
use crate::metrics::{Distribution, OperationMetrics, SliceMetrics, Snapshot};

/// A slice that is longer than this leaves more than one line per kind.
const LINE_SECONDS: f64 = 10.0;

/// Makes the lines of slices, one after the other.
#[derive(Debug, Default)]
pub(super) struct SliceLog {
    writer: IntervalLogWriter,
    open: Option<Part>,
}

/// What was measured of a slice and is not in the log yet.
#[derive(Debug)]
struct Part {
    slice: (u32, u32, String),
    /// Whether earlier parts of the slice are in the log already.
    continued: bool,
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
                continued: false,
                start_s: context.start_s,
                seconds: 0.0,
                recorded: Snapshot::default(),
            }),
        };
        part.recorded.merge(recorded);
        part.seconds += context.seconds;
        if part.seconds < LINE_SECONDS {
            return Ok(String::new());
        }
        let lines = part.lines(&mut self.writer, &context.operations)?;
        part.continued = true;
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
            Some(part) if part.slice == slice && part.continued => part,
            _ => Part {
                slice,
                continued: false,
                start_s: context.start_s,
                seconds: Duration::from_nanos(metrics.measure_ns).as_secs_f64(),
                recorded: metrics.total.clone(),
            },
        };
        let mut lines = part.lines(&mut self.writer, &names)?;
        lines.push_str(&part.line(&mut self.writer, "", "connect", &metrics.connect)?);
        Ok(lines)
    }
}

impl Part {
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
