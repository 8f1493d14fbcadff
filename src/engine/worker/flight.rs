//! An operation in flight: what the worker sees of it, how its time is told apart, how it is recorded.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use super::state::WorkerState;
use crate::driver::CancelToken;
use crate::engine::interpreter::{OperationError, Progress};
use crate::metrics::{OperationNumber, Outcome, Slow, Times};
use crate::param::Phase;
use crate::words::{FailureClass, FailureKey};

/// How an operation comes by its connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Acquire {
    /// The client has one.
    Held,
    /// It was lost and is being made anew since then, after earlier waits of so many ns.
    Waiting { since_ns: u64, before_ns: u64 },
    /// It was made anew in so many ns.
    Took(u64),
}

/// An operation that has started and not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) operation: usize,
    pub(super) phase: Phase,
    pub(super) number: OperationNumber,
    pub(super) intended_ns: u64,
    /// From the intended start to the moment at which the client was free; `None` in a closed loop.
    pub(super) queue_ns: Option<u64>,
    pub(super) started_ns: u64,
    pub(super) acquire: Acquire,
}

/// Why a client that is in no operation is in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is in one, or between two.
    None,
    /// It thinks, or was cut off while it waited for a connection: nothing is lost when it is dropped.
    Idle,
    /// It has taken an arrival and waits for the intended start, which lies before the end: it will start.
    AwaitsStart,
}

/// When an operation is given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    timeout: Duration,
    at: Instant,
}

impl Limit {
    /// Ends what takes too long.
    pub(super) async fn bound(
        self,
        worker: &WorkerState,
        execution: impl Future<Output = Result<(), OperationError>>,
    ) -> Result<(), OperationError> {
        tokio::select! {
            biased;
            result = execution => result,
            () = worker.timer.sleep_until(self.at) => Err(OperationError::TimedOut(self.timeout)),
        }
    }
}

/// Waits for what the operation needs before it can send anything; not beyond its limit, at which nothing may be sent any more.
///
/// # Errors
/// The limit was reached.
pub(super) async fn before<T>(
    limit: Option<Limit>,
    worker: &WorkerState,
    wait: impl Future<Output = T>,
) -> Result<T, OperationError> {
    let Some(Limit { timeout, at }) = limit else { return Ok(wait.await) };
    tokio::select! {
        biased;
        () = worker.timer.sleep_until(at) => Err(OperationError::TimedOut(timeout)),
        waited = wait => Ok(waited),
    }
}

impl InFlight {
    /// One limit for all of it, connecting and back-offs included.
    #[inline]
    pub(super) fn limit(&self, worker: &WorkerState) -> Option<Limit> {
        let timeout = worker.variant.operations[self.operation].timeout?;
        Some(Limit { timeout, at: worker.clock.instant(self.started_ns) + timeout })
    }

    fn times(&self, ended_ns: u64) -> Times {
        let since_start_ns = ended_ns.saturating_sub(self.started_ns);
        let acquire_ns = match self.acquire {
            Acquire::Held => None,
            Acquire::Waiting { since_ns, before_ns } => Some(before_ns + ended_ns.saturating_sub(since_ns)),
            Acquire::Took(took_ns) => Some(took_ns),
        };
        Times {
            response_ns: ended_ns.saturating_sub(self.intended_ns),
            lag_ns: self.started_ns.saturating_sub(self.intended_ns + self.queue_ns.unwrap_or(0)),
            queue_ns: self.queue_ns,
            acquire_ns,
            service_ns: since_start_ns.saturating_sub(acquire_ns.unwrap_or(0)),
        }
    }
}

/// What the worker can see of a client while it runs.
#[derive(Debug)]
pub(super) struct ClientView {
    pub(super) in_flight: Cell<Option<InFlight>>,
    pub(super) progress: Progress,
    pub(super) cancel: RefCell<CancelToken>,
    pub(super) rest: Cell<Rest>,
}

impl ClientView {
    pub(super) fn new(cancel: CancelToken) -> Self {
        Self {
            in_flight: Cell::new(None),
            progress: Progress::default(),
            cancel: RefCell::new(cancel),
            rest: Cell::new(Rest::None),
        }
    }

    pub(super) fn rest(&self) -> Rest {
        self.rest.get()
    }

    /// Records the operation in flight as cut off; returns what cancels it. From here on the client records nothing, and sends
    /// nothing: what is counted as failed must not take effect later on.
    pub(super) fn cut(&self, worker: &WorkerState) -> Option<CancelToken> {
        let in_flight = self.in_flight.take()?;
        self.progress.cut();
        let waiting = matches!(in_flight.acquire, Acquire::Waiting { .. });
        let (class, message) = match waiting {
            true => (FailureClass::Connection, "cut off: its connection was lost and not yet made again"),
            false => (FailureClass::Timeout, "cut off: not finished at the end of the drain"),
        };
        let outcome = Outcome::Failed { key: FailureKey::Class(class), message: message.to_owned(), censored: true };
        record(worker, in_flight, worker.clock.now_ns(), outcome, &self.progress);
        self.rest.set(if waiting { Rest::Idle } else { Rest::None });
        // No server knows of an operation that waits for its connection.
        (!waiting).then(|| self.cancel.borrow().clone())
    }
}

/// Records the end of an operation.
pub(super) fn record(worker: &WorkerState, operation: InFlight, ended_ns: u64, outcome: Outcome, progress: &Progress) {
    if operation.phase == Phase::Measure {
        worker.last_end_ns.set(ended_ns);
    }
    let times = operation.times(ended_ns);
    let mut recorder = worker.recorder(operation.phase);
    if progress.retried() > 0 {
        recorder.retried(operation.operation, progress.retried(), progress.lost_ns());
    }
    if progress.re_prepared() > 0 {
        worker.re_prepared(progress.re_prepared());
    }
    if progress.unconfirmed_attempts() > 0 {
        recorder.unknown(operation.operation, progress.unconfirmed_attempts(), &outcome);
    }
    if operation.phase == Phase::Measure {
        recorder.slow(operation.operation, times.response_ns, || Slow {
            times,
            number: operation.number,
            intended_ns: operation.intended_ns,
            retried: progress.retried(),
            failure: match &outcome {
                Outcome::Succeeded => None,
                Outcome::Failed { key, .. } => Some(*key),
            },
        });
    }
    recorder.ended(operation.operation, times, outcome, progress.statements(), progress.rows());
}
