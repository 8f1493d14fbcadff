//! What a worker records into: one per worker, swapped once per interval. No lock, no allocation per operation.

use super::{Counters, Distribution, Failures};
use crate::words::FailureKey;

/// The parts of one operation's time, in ns. `response = lag + queue + acquire + service` (rule 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From the intended start to the end.
    pub response_ns: u64,
    /// Schedule lag.
    pub lag_ns: u64,
    /// Queue time; `None` in a closed loop, where there is no queue.
    pub queue_ns: Option<u64>,
    /// Acquire time; `None` with dedicated connections.
    pub acquire_ns: Option<u64>,
    /// The rest.
    pub service_ns: u64,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// For good, badly.
    Failed {
        /// Counted under.
        key: FailureKey,
        /// Primary message, kept once per key.
        message: String,
        /// Whether its end was not seen: cut off by the drain or its own timeout.
        censored: bool,
    },
}

/// All that was recorded of one operation.
#[derive(Clone, Debug, Default)]
pub struct OperationMetrics {
    /// Counts.
    pub counters: Counters,
    /// Failures by key.
    pub failures: Failures,
    /// Response times of operations that succeeded.
    pub response: Distribution,
    /// Their service times.
    pub service: Distribution,
    /// Their queue times (open loop).
    pub queue: Distribution,
    /// Their acquire times (pools).
    pub acquire: Distribution,
    /// Schedule lag of all operations that started.
    pub lag: Distribution,
    /// Response times of operations that failed.
    pub failed_response: Distribution,
}

/// What a worker recorded since the last swap, by operation of the mix.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Parallel to the variant's operations.
    pub operations: Vec<OperationMetrics>,
}

/// What a worker records into.
#[derive(Debug)]
pub struct Recorder {
    _private: (),
}

impl Recorder {
    /// For so many operations.
    #[must_use]
    pub fn new(operations: usize) -> Self {
        let _ = operations;
        unimplemented!()
    }

    /// Counts the start of an operation (planned and one attempt).
    pub fn started(&mut self, operation: usize) {
        let _ = operation;
        unimplemented!()
    }

    /// Records the end of an operation: `statements` sent and `rows` returned or affected over all its steps.
    pub fn ended(&mut self, operation: usize, times: Times, outcome: Outcome, statements: u64, rows: u64) {
        let _ = (operation, times, outcome, statements, rows);
        unimplemented!()
    }

    /// Takes what was recorded and starts anew; the second buffer is reused.
    pub fn swap(&mut self) -> Snapshot {
        unimplemented!()
    }
}
