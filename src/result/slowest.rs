//! `slowest.jsonl`: of each slice and operation those that took longest, a line each: what one explains next.

use serde::{Deserialize, Serialize};

use crate::metrics::{OperationNumber, Slow};

/// A line of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlowRecord {
    /// Index of the sweep point.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// Name of the variant.
    pub variant: String,
    /// Name of the operation.
    pub operation: String,
    /// From the intended start to the end, µs.
    pub response_us: f64,
    /// Of it: schedule lag, µs.
    pub lag_us: f64,
    /// Of it: queue time, µs; `null` in a closed loop.
    pub queue_us: Option<f64>,
    /// Of it: acquire time, µs; `null` where nothing was waited for.
    pub acquire_us: Option<f64>,
    /// Of it: the rest, µs.
    pub service_us: f64,
    /// Its intended start from the begin of the measurement, s.
    pub start_s: f64,
    /// Closed loop: the client, from 0; `null` in an open loop.
    pub client: Option<u32>,
    /// Closed loop: which of the client's operations in the measurement; open loop: which arrival; from 0.
    pub number: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// `succeeded`, or the SQLSTATE or class that it failed by.
    pub outcome: String,
    /// Parameters and their values as text; `null` where they are those of somebody's data, and nobody asked to keep them.
    pub params: serde_json::Map<String, serde_json::Value>,
}

/// The outcome of what went well.
pub const SUCCEEDED: &str = "succeeded";

/// Where an operation belongs, for its line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlowContext {
    /// Index of the sweep point.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// Name of the variant.
    pub variant: String,
    /// Name of the operation.
    pub operation: String,
    /// Its intended start from the begin of the measurement, s.
    pub start_s: f64,
    /// Parameters and their values; `None`: not kept.
    pub params: Vec<(String, Option<String>)>,
}

impl SlowRecord {
    /// The line of an operation.
    #[must_use]
    pub fn new(context: SlowContext, slow: &Slow) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "2^53 ns are three months")]
        let us = |ns: u64| ns as f64 / 1e3;
        let (client, number) = match slow.number {
            OperationNumber::Client { client, count } => (Some(client), count),
            OperationNumber::Arrival(number) => (None, number),
        };
        Self {
            point: context.point,
            round: context.round,
            variant: context.variant,
            operation: context.operation,
            response_us: us(slow.times.response_ns),
            lag_us: us(slow.times.lag_ns),
            queue_us: slow.times.queue_ns.map(us),
            acquire_us: slow.times.acquire_ns.map(us),
            service_us: us(slow.times.service_ns),
            start_s: context.start_s,
            client,
            number,
            retried: slow.retried,
            outcome: slow.failure.map_or_else(|| SUCCEEDED.to_owned(), |key| key.to_string()),
            params: context.params.into_iter().map(|(name, value)| (name, value.into())).collect(),
        }
    }

    /// Whether it ended well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.outcome == SUCCEEDED
    }
}
