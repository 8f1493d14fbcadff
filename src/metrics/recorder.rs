//! What a worker records into: one per worker, swapped once per interval. No lock, no allocation per operation.

use super::counters::merge_failures;
use super::{Counters, Distribution, Failures, Precision, Recorded, Sample, Slow, Slowest};
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
    /// Acquire time; `None` with a dedicated connection that is there.
    pub acquire_ns: Option<u64>,
    /// The rest.
    pub service_ns: u64,
}

impl Times {
    fn sum_of_parts_ns(&self) -> u64 {
        self.lag_ns + self.queue_ns.unwrap_or(0) + self.acquire_ns.unwrap_or(0) + self.service_ns
    }
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
    /// Their acquire times, of those that waited for a connection.
    pub acquire: Distribution,
    /// Schedule lag of all operations that started.
    pub lag: Distribution,
    /// Response times of operations that failed.
    pub failed_response: Distribution,
    /// Schedule lag of operations that succeeded, summed: with it the parts of the time can be checked against the whole.
    pub succeeded_lag_ns: u128,
    /// Time lost in attempts that failed and were tried again, back-offs included, summed over all operations.
    pub retry_ns: u128,
    /// Those that took longest, failed ones included.
    pub slowest: Slowest,
    /// What its steps recorded, parallel to the variant's names of `record`; shorter where nothing was recorded.
    pub records: Vec<Recorded>,
}

impl OperationMetrics {
    /// Empty, with histograms of this precision.
    #[must_use]
    pub fn with_precision(precision: Precision) -> Self {
        let empty = Distribution::with_precision(precision);
        Self {
            response: empty.clone(),
            service: empty.clone(),
            queue: empty.clone(),
            acquire: empty.clone(),
            lag: empty.clone(),
            failed_response: empty,
            ..Self::default()
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.counters.merge(&other.counters);
        merge_failures(&mut self.failures, &other.failures);
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.queue.merge(&other.queue);
        self.acquire.merge(&other.acquire);
        self.lag.merge(&other.lag);
        self.failed_response.merge(&other.failed_response);
        self.succeeded_lag_ns += other.succeeded_lag_ns;
        self.retry_ns += other.retry_ns;
        self.slowest.merge(&other.slowest);
        if self.records.len() < other.records.len() {
            self.records.resize_with(other.records.len(), Recorded::default);
        }
        for (mine, theirs) in self.records.iter_mut().zip(&other.records) {
            mine.merge(theirs);
        }
    }

    /// Forgets everything but keeps the memory of the histograms.
    pub fn clear(&mut self) {
        self.counters = Counters::default();
        self.failures.clear();
        self.response.clear();
        self.service.clear();
        self.queue.clear();
        self.acquire.clear();
        self.lag.clear();
        self.failed_response.clear();
        self.succeeded_lag_ns = 0;
        self.retry_ns = 0;
        self.slowest = Slowest::default();
        self.records.iter_mut().for_each(Recorded::clear);
    }

    /// What the counts and the parts of the time of a closed slice contradict; `None`: nothing.
    #[must_use]
    pub fn violation(&self) -> Option<String> {
        if let Some(violation) = self.counters.violation() {
            return Some(violation);
        }
        let recorded = self.response.count();
        if recorded != self.counters.succeeded {
            return Some(format!("{recorded} response times ≠ succeeded {}", self.counters.succeeded));
        }
        let parts = self.succeeded_lag_ns + self.queue.sum_ns() + self.acquire.sum_ns() + self.service.sum_ns();
        let whole = self.response.sum_ns();
        (parts != whole).then(|| format!("response {whole} ns in sum ≠ lag + queue + acquire + service {parts} ns"))
    }
}

/// What a worker recorded since the last swap, by operation of the mix.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Parallel to the variant's operations.
    pub operations: Vec<OperationMetrics>,
}

impl Snapshot {
    /// Empty, for so many operations.
    #[must_use]
    pub fn new(operations: usize, precision: Precision) -> Self {
        Self { operations: vec![OperationMetrics::with_precision(precision); operations] }
    }

    /// Adds all of `other`, operation by operation.
    pub fn merge(&mut self, other: &Self) {
        if self.operations.len() < other.operations.len() {
            self.operations.resize_with(other.operations.len(), OperationMetrics::default);
        }
        for (mine, theirs) in self.operations.iter_mut().zip(&other.operations) {
            mine.merge(theirs);
        }
    }

    /// The whole mix: all operations together.
    #[must_use]
    pub fn mix(&self) -> OperationMetrics {
        let mut mix = OperationMetrics::default();
        for operation in &self.operations {
            mix.merge(operation);
        }
        mix
    }

    /// Forgets everything but keeps the memory of the histograms.
    pub fn clear(&mut self) {
        self.operations.iter_mut().for_each(OperationMetrics::clear);
    }
}

/// What a worker records into.
#[derive(Debug)]
pub struct Recorder {
    current: Snapshot,
    spare: Option<Snapshot>,
    precision: Precision,
}

impl Recorder {
    /// For so many operations.
    #[must_use]
    pub fn new(operations: usize, precision: Precision) -> Self {
        Self {
            current: Snapshot::new(operations, precision),
            spare: Some(Snapshot::new(operations, precision)),
            precision,
        }
    }

    /// Counts the start of an operation (planned and one attempt).
    #[inline]
    pub fn started(&mut self, operation: usize) {
        let counters = &mut self.current.operations[operation].counters;
        counters.planned += 1;
        counters.attempts += 1;
    }

    /// Counts attempts that failed and were tried again, and what they and the waits after them took.
    #[inline]
    pub fn retried(&mut self, operation: usize, attempts: u64, lost_ns: u64) {
        let metrics = &mut self.current.operations[operation];
        metrics.counters.attempts += attempts;
        metrics.counters.retried += attempts;
        metrics.retry_ns += u128::from(lost_ns);
    }

    /// Counts attempts of an operation, at least one, that may have committed although no answer said so.
    #[inline]
    pub fn unknown(&mut self, operation: usize, attempts: u64, outcome: &Outcome) {
        let counters = &mut self.current.operations[operation].counters;
        counters.unknown += attempts;
        // Of one that failed the first effect makes it one that was done all the same.
        counters.unknown_besides += attempts - u64::from(*outcome != Outcome::Succeeded).min(attempts);
    }

    /// Keeps an operation when it is among the slowest; what it is, is only asked for then.
    #[inline]
    pub fn slow(&mut self, operation: usize, response_ns: u64, what: impl FnOnce() -> Slow) {
        let slowest = &mut self.current.operations[operation].slowest;
        if slowest.takes(response_ns) {
            slowest.keep(what());
        }
    }

    /// Records a value of an operation that succeeded; `record` is the number of its name. Allocates at first use only.
    pub fn sample(&mut self, operation: usize, record: usize, sample: Sample) {
        let records = &mut self.current.operations[operation].records;
        if records.len() <= record {
            records.resize_with(record + 1, Recorded::default);
        }
        records[record].record(sample);
    }

    /// Records the end of an operation: `statements` sent and `rows` returned or affected over all its steps.
    #[inline]
    pub fn ended(&mut self, operation: usize, times: Times, outcome: Outcome, statements: u64, rows: u64) {
        if cfg!(any(test, feature = "assert-identity")) {
            assert_eq!(times.response_ns, times.sum_of_parts_ns(), "response = lag + queue + acquire + service");
        }
        let metrics = &mut self.current.operations[operation];
        metrics.counters.statements += statements;
        metrics.lag.record(times.lag_ns);
        match outcome {
            Outcome::Succeeded => {
                metrics.counters.succeeded += 1;
                metrics.counters.rows += rows;
                metrics.succeeded_lag_ns += u128::from(times.lag_ns);
                metrics.response.record(times.response_ns);
                metrics.service.record(times.service_ns);
                if let Some(queue_ns) = times.queue_ns {
                    metrics.queue.record(queue_ns);
                }
                if let Some(acquire_ns) = times.acquire_ns {
                    metrics.acquire.record(acquire_ns);
                }
            }
            Outcome::Failed { key, message, censored } => {
                metrics.counters.failed += 1;
                metrics.counters.censored += u64::from(censored);
                metrics.failed_response.record(times.response_ns);
                metrics.failures.entry(key).or_insert((0, message)).0 += 1;
            }
        }
    }

    /// Takes what was recorded and starts anew in the buffer given back last. Without one given back by
    /// [`Recorder::recycle`] the histograms are allocated anew at their first use.
    pub fn swap(&mut self) -> Snapshot {
        let fresh = match self.spare.take() {
            Some(spare) => spare,
            None => Snapshot::new(self.current.operations.len(), self.precision),
        };
        std::mem::replace(&mut self.current, fresh)
    }

    /// Gives back a snapshot whose figures were merged elsewhere, so that the next swap allocates nothing. Cleared here
    /// unless [`Snapshot::clear`] was called before (better: by the coordinator, off the worker's thread).
    pub fn recycle(&mut self, mut spent: Snapshot) {
        if spent.operations.len() == self.current.operations.len() {
            spent.clear();
            self.spare = Some(spent);
        }
    }
}

/// Bytes that the histograms of a plan take at most: six kinds for each operation of the largest variant; on each worker
/// two buffers of them for the warm-up and two for the measurement, at the coordinator a sum of each and an interval.
#[must_use]
pub fn histogram_bytes(workers: usize, operations: usize, precision: Precision) -> usize {
    const KINDS: usize = 6;
    const BUFFERS: usize = 4;
    // Merged counts are twice as wide.
    const MERGED: usize = 3 * 2;
    operations * KINDS * precision.bytes() * (workers * BUFFERS + MERGED)
}

/// The precision at which the histograms of a plan stay within 256 MB.
#[must_use]
pub fn precision_for(workers: usize, operations: usize) -> Precision {
    const LIMIT_BYTES: usize = 256_000_000;
    if histogram_bytes(workers, operations, Precision::ThreeDigits) > LIMIT_BYTES {
        Precision::TwoDigits
    } else {
        Precision::ThreeDigits
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Recorder, Times, precision_for};
    use crate::metrics::{Precision, Snapshot};
    use crate::words::{FailureClass, FailureKey};

    fn times(response_ns: u64) -> Times {
        Times { response_ns, lag_ns: response_ns / 10, service_ns: response_ns - response_ns / 10, ..Times::default() }
    }

    #[test]
    fn what_is_recorded_over_swaps_adds_up_and_keeps_the_identity() {
        let mut recorder = Recorder::new(2, Precision::ThreeDigits);
        let mut total = Snapshot::new(2, Precision::ThreeDigits);
        let key = FailureKey::Class(FailureClass::Timeout);
        for n in 1..=30_u64 {
            recorder.started(1);
            let outcome = match n {
                7 | 8 => Outcome::Failed { key, message: format!("message {n}"), censored: n == 8 },
                _ => Outcome::Succeeded,
            };
            recorder.ended(1, times(n * 1_000), outcome, 2, 5);
            if n % 4 == 0 {
                let spent = recorder.swap();
                total.merge(&spent);
                recorder.recycle(spent);
            }
        }
        total.merge(&recorder.swap());
        let metrics = &total.operations[1];
        assert_eq!(metrics.violation(), None);
        let counters = &metrics.counters;
        assert_eq!((counters.planned, counters.succeeded, counters.failed, counters.censored), (30, 28, 2, 1));
        assert_eq!((counters.statements, counters.rows), (60, 140));
        assert_eq!(metrics.failures.get(&key), Some(&(2, "message 7".to_owned())));
        assert_eq!(metrics.response.sum_ns(), (1..=30_u128).sum::<u128>() * 1_000 - 15_000);
        assert_eq!((metrics.lag.count(), metrics.failed_response.count()), (30, 2));
        assert_eq!(total.operations[0].counters.planned, 0);
    }

    #[test]
    fn a_time_that_was_recorded_in_part_is_noticed() {
        let mut recorder = Recorder::new(1, Precision::ThreeDigits);
        recorder.started(0);
        recorder.ended(0, times(1_000), Outcome::Succeeded, 1, 1);
        let mut snapshot = recorder.swap();
        snapshot.operations[0].service.record(1);
        assert!(snapshot.operations[0].violation().is_some_and(|text| text.starts_with("response 1000 ns")));
    }

    #[test]
    fn many_histograms_drop_a_digit_and_few_do_not() {
        assert_eq!(precision_for(2, 10), Precision::ThreeDigits);
        assert_eq!(precision_for(64, 100), Precision::TwoDigits);
    }
}
