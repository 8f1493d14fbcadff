//! Rows of `intervals.csv` and `errors.csv`: what happened second by second.

use serde::{Deserialize, Serialize};

use super::slice::Censored;
use super::times::us;
use crate::metrics::{Distribution, OperationMetrics, Snapshot};

/// Which interval of which slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntervalContext {
    /// Begin, seconds since the start of the run.
    pub start_s: f64,
    /// Length, s.
    pub seconds: f64,
    /// Index of the sweep point.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// `measure`, else `warmup`.
    pub measuring: bool,
    /// Name of the variant.
    pub variant: String,
    /// Names of its operations, in the order of the metrics.
    pub operations: Vec<String>,
    /// CPU of all workers in this interval, µs.
    pub client_cpu_us: Option<f64>,
    /// CPU of local servers in this interval, µs.
    pub server_cpu_us: Option<f64>,
}

/// A row of `intervals.csv`. Empty fields were not measured, or not reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalRow {
    /// Begin, seconds since the start of the run.
    pub start_s: f64,
    /// Length, s.
    pub seconds: f64,
    /// Index of the sweep point.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// `warmup` or `measure`.
    pub phase: String,
    /// Name of the variant.
    pub variant: String,
    /// Name of the operation; `*`: the mix.
    pub operation: String,
    /// Operations started.
    pub started: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Statements sent.
    pub statements: u64,
    /// Rows returned or affected.
    pub rows: u64,
    /// Response times.
    pub response_p50_us: Option<f64>,
    /// 90th percentile.
    pub response_p90_us: Option<f64>,
    /// 99th percentile.
    pub response_p99_us: Option<f64>,
    /// Largest.
    pub response_max_us: Option<f64>,
    /// Service times.
    pub service_p50_us: Option<f64>,
    /// 90th percentile.
    pub service_p90_us: Option<f64>,
    /// 99th percentile.
    pub service_p99_us: Option<f64>,
    /// Largest.
    pub service_max_us: Option<f64>,
    /// Acquire time, 99th percentile.
    pub acquire_p99_us: Option<f64>,
    /// Schedule lag, 99th percentile.
    pub lag_p99_us: Option<f64>,
    /// CPU of all workers, µs; of the mix only.
    pub client_cpu_us: Option<f64>,
    /// CPU of local servers, µs; of the mix only.
    pub server_cpu_us: Option<f64>,
}

/// A row of `errors.csv`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRow {
    /// Begin of the interval, ms since the start of the run.
    pub start_ms: u64,
    /// Index of the sweep point.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// `warmup` or `measure`.
    pub phase: String,
    /// Name of the variant.
    pub variant: String,
    /// Name of the operation.
    pub operation: String,
    /// SQLSTATE; empty where there is none.
    pub sqlstate: String,
    /// Class.
    pub class: String,
    /// How many.
    pub count: u64,
    /// One primary message.
    pub message: String,
}

impl IntervalContext {
    fn phase(&self) -> &'static str {
        if self.measuring { "measure" } else { "warmup" }
    }

    /// The rows of one interval: the mix (`*`), then each operation. A mix of one operation has both rows.
    #[must_use]
    pub fn rows(&self, snapshot: &Snapshot) -> Vec<IntervalRow> {
        let mut mix = self.row("*", &snapshot.mix());
        mix.client_cpu_us = self.client_cpu_us;
        mix.server_cpu_us = self.server_cpu_us;
        let operations = self.operations.iter().zip(&snapshot.operations);
        std::iter::once(mix).chain(operations.map(|(name, metrics)| self.row(name, metrics))).collect()
    }

    /// The failures of one interval.
    #[must_use]
    pub fn errors(&self, snapshot: &Snapshot) -> Vec<ErrorRow> {
        let mut rows = Vec::new();
        for (name, metrics) in self.operations.iter().zip(&snapshot.operations) {
            for (key, (count, message)) in &metrics.failures {
                let (class, key) = (key.class().name(), key.to_string());
                rows.push(ErrorRow {
                    start_ms: (self.start_s * 1e3).max(0.0) as u64,
                    point: self.point,
                    round: self.round,
                    phase: self.phase().to_owned(),
                    variant: self.variant.clone(),
                    operation: name.clone(),
                    sqlstate: if key == class { String::new() } else { key },
                    class: class.to_owned(),
                    count: *count,
                    message: message.clone(),
                });
            }
        }
        rows
    }

    fn row(&self, operation: &str, metrics: &OperationMetrics) -> IntervalRow {
        let ranks = Censored::of(metrics.counters.censored, metrics.counters.unstarted);
        let quantile = |times: &Distribution, q: f64, censored: u64| times.quantile_ns(q, censored).map(us);
        let max = |times: &Distribution| times.max_ns().map(|ns| us(ns as f64));
        IntervalRow {
            start_s: self.start_s,
            seconds: self.seconds,
            point: self.point,
            round: self.round,
            phase: self.phase().to_owned(),
            variant: self.variant.clone(),
            operation: operation.to_owned(),
            started: metrics.counters.planned - metrics.counters.unstarted.min(metrics.counters.planned),
            succeeded: metrics.counters.succeeded,
            failed: metrics.counters.failed,
            statements: metrics.counters.statements,
            rows: metrics.counters.rows,
            response_p50_us: quantile(&metrics.response, 0.5, ranks.response),
            response_p90_us: quantile(&metrics.response, 0.9, ranks.response),
            response_p99_us: quantile(&metrics.response, 0.99, ranks.response),
            response_max_us: max(&metrics.response),
            service_p50_us: quantile(&metrics.service, 0.5, ranks.service),
            service_p90_us: quantile(&metrics.service, 0.9, ranks.service),
            service_p99_us: quantile(&metrics.service, 0.99, ranks.service),
            service_max_us: max(&metrics.service),
            acquire_p99_us: quantile(&metrics.acquire, 0.99, ranks.service),
            lag_p99_us: quantile(&metrics.lag, 0.99, 0),
            client_cpu_us: None,
            server_cpu_us: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IntervalContext;
    use crate::metrics::{Outcome, Precision, Recorder, Times};
    use crate::words::{FailureClass, FailureKey};

    #[test]
    fn censored_operations_rank_above_all_others() {
        let mut recorder = Recorder::new(1, Precision::ThreeDigits);
        let key = FailureKey::Class(FailureClass::Timeout);
        for n in 0..100 {
            recorder.started(0);
            let times = Times { response_ns: 1_000, service_ns: 1_000, ..Times::default() };
            let cut_off = || Outcome::Failed { key, message: "cut off".to_owned(), censored: true };
            recorder.ended(0, times, if n < 40 { Outcome::Succeeded } else { cut_off() }, 1, 1);
        }
        let context = IntervalContext { operations: vec!["a".to_owned()], ..IntervalContext::default() };
        for row in context.rows(&recorder.swap()) {
            assert_eq!((row.response_p50_us, row.service_p50_us), (None, None), "{}", row.operation);
            assert_eq!((row.response_max_us, row.failed), (Some(1.0), 60));
        }
    }
}
