//! A simulated user in a closed loop, on a connection of its own: the hot loop.
//!
//! It reads the clock twice per operation, draws, executes, records. It neither prints nor locks nor allocates.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::connection::{Connection, open_patiently};
use super::message::Failure;
use super::state::WorkerState;
use crate::driver::{CancelToken, DriverError};
use crate::engine::interpreter::{Interpreter, OperationError, Place, Progress, choose};
use crate::metrics::{Outcome, Times};
use crate::param::{Phase, Stream};
use crate::words::{FailureClass, FailureKey};

/// PostgreSQL chooses generic plans after five executions; the sixth runs with what was chosen.
pub(super) const WARM_RUNS: u32 = 6;

/// How an operation comes by its connection.
#[derive(Clone, Copy, Debug)]
enum Acquire {
    /// The client has one.
    Held,
    /// It was lost and is being made anew.
    Waiting,
    /// It was made anew in so many ns.
    Took(u64),
}

/// An operation that has started and not ended.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    operation: usize,
    phase: Phase,
    intended_ns: u64,
    started_ns: u64,
    acquire: Acquire,
}

impl InFlight {
    fn times(&self, ended_ns: u64) -> Times {
        let since_start_ns = ended_ns.saturating_sub(self.started_ns);
        let acquire_ns = match self.acquire {
            Acquire::Held => None,
            Acquire::Waiting => Some(since_start_ns),
            Acquire::Took(took_ns) => Some(took_ns),
        };
        Times {
            response_ns: ended_ns.saturating_sub(self.intended_ns),
            lag_ns: self.started_ns.saturating_sub(self.intended_ns),
            // In a closed loop nothing queues.
            queue_ns: None,
            acquire_ns,
            service_ns: since_start_ns.saturating_sub(acquire_ns.unwrap_or(0)),
        }
    }
}

/// What the worker can see of a client while it runs.
#[derive(Debug)]
pub(super) struct ClientView {
    in_flight: Cell<Option<InFlight>>,
    progress: Progress,
    cancel: RefCell<CancelToken>,
    /// Thinking, or cut off while it waited for a connection: nothing is lost when it is dropped.
    idle: Cell<bool>,
}

impl ClientView {
    pub(super) fn new(cancel: CancelToken) -> Self {
        Self {
            in_flight: Cell::new(None),
            progress: Progress::default(),
            cancel: RefCell::new(cancel),
            idle: Cell::new(false),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.idle.get()
    }

    /// Records the operation in flight as cut off; returns what cancels it. From here on the client records nothing.
    pub(super) fn cut(&self, worker: &WorkerState) -> Option<CancelToken> {
        let in_flight = self.in_flight.take()?;
        let waiting = matches!(in_flight.acquire, Acquire::Waiting);
        let (class, message) = match waiting {
            true => (FailureClass::Connection, "cut off: its connection was lost and not yet made again"),
            false => (FailureClass::Timeout, "cut off: not finished at the end of the drain"),
        };
        let outcome = Outcome::Failed { key: FailureKey::Class(class), message: message.to_owned(), censored: true };
        record(worker, in_flight, worker.clock.now_ns(), outcome, &self.progress);
        self.idle.set(waiting);
        // No server knows of an operation that waits for its connection.
        (!waiting).then(|| self.cancel.borrow().clone())
    }
}

/// How a client ended.
#[derive(Debug)]
pub(super) enum ClientEnd {
    /// The measurement is over, or it was cut off.
    Done,
    /// The lost connection could not be made anew.
    Failed(Failure),
}

/// How an operation ended, for the client.
enum Ended {
    /// At this moment; with whether the connection was lost.
    At { ended_ns: u64, lost: bool },
    /// It was cut off meanwhile, and recorded by whoever did it.
    Cut,
    /// There was no connection to be had.
    Unconnected(Failure),
}

/// A simulated user.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) number: u32,
    pub(super) connection: Connection,
    pub(super) interpreter: Interpreter,
    pub(super) view: Rc<ClientView>,
    pub(super) worker: Rc<WorkerState>,
    pub(super) warm: bool,
    /// Whether the connection was lost: the next operation waits for a new one.
    pub(super) lost: bool,
    /// The request to cancel what timed out last, on its way.
    pub(super) cancelling: Option<JoinHandle<Result<(), DriverError>>>,
}

impl Client {
    /// Issues operations from `start_ns` until the measurement is over.
    pub(super) async fn run(mut self, start_ns: u64) -> ClientEnd {
        let worker = Rc::clone(&self.worker);
        worker.timer.sleep_until(worker.clock.instant(start_ns)).await;
        let mut intended_ns = worker.load.first_start_ns(start_ns);
        let mut numbering = (Phase::Warmup, 0_u64);
        while let Some(phase) = worker.clock.phase_of(intended_ns) {
            if numbering.0 != phase {
                numbering = (phase, 0);
            }
            let stream = Stream::operation(worker.seed, worker.round, phase, self.number, numbering.1);
            numbering.1 += 1;
            let ended_ns = match self.operation(&worker, stream, phase, intended_ns).await {
                Ended::At { ended_ns, lost } => {
                    if lost {
                        self.lose(&worker);
                    }
                    ended_ns
                }
                Ended::Cut => break,
                Ended::Unconnected(failure) => return ClientEnd::Failed(failure),
            };
            if phase == Phase::Warmup && !self.warm && self.interpreter.all_ran(WARM_RUNS) {
                self.warm = true;
                worker.connection_is_warm();
            }
            // Also without a connection: the outage is part of what the next operation takes.
            intended_ns = worker.load.next_start_ns(ended_ns);
            if intended_ns > ended_ns {
                // Whoever would think beyond the end has nothing to do: the drain must not wait for it.
                if worker.clock.phase_of(intended_ns).is_none() {
                    break;
                }
                self.think(&worker, intended_ns).await;
            }
            // A target that answers without waiting must not keep the other clients from running.
            tokio::task::consume_budget().await;
            if worker.stopped.get() {
                break;
            }
        }
        if let Some(cancelling) = self.cancelling.take() {
            // What it says does not matter: the connection is closed.
            let _ = cancelling.await;
        }
        if !self.lost {
            self.connection.session.close().await;
        }
        ClientEnd::Done
    }

    /// One operation: draw, wait for a connection if the last one was lost, execute, record.
    async fn operation(&mut self, worker: &WorkerState, stream: Stream, phase: Phase, intended_ns: u64) -> Ended {
        let variant = &*worker.variant;
        let operation = choose(variant, stream);
        let drawn = self.interpreter.draw(variant, operation, stream, worker.clock.wall_us(intended_ns));
        self.view.progress.clear();
        worker.recorder(phase).started(operation);
        let started_ns = worker.clock.now_ns();
        let in_flight = InFlight { operation, phase, intended_ns, started_ns, acquire: Acquire::Held };
        self.view.in_flight.set(Some(in_flight));
        if self.lost
            && let Err(ended) = self.acquire(worker, in_flight).await
        {
            return ended;
        }
        let result = match drawn {
            Ok(()) => {
                let Connection { session, prepared } = &mut self.connection;
                let program = &variant.operations[operation].load;
                let mut place = Place { session, prepared, progress: &self.view.progress };
                let execution = self.interpreter.execute(variant, operation, program, &mut place);
                match variant.operations[operation].timeout {
                    None => execution.await,
                    Some(timeout) => give_up_after(timeout, worker, execution).await,
                }
            }
            Err(misfit) => Err(misfit.into()),
        };
        let ended_ns = worker.clock.now_ns();
        let Some(in_flight) = self.view.in_flight.take() else { return Ended::Cut };
        let outcome = match &result {
            Ok(()) => Outcome::Succeeded,
            Err(error) => {
                let censored = matches!(error, OperationError::TimedOut(_));
                Outcome::Failed { key: error.key(), message: error.to_string(), censored }
            }
        };
        if let Err(OperationError::TimedOut(_)) = &result {
            // The connection is closed in any case; the server shall not work for nobody.
            let cancel = self.view.cancel.borrow().clone();
            self.cancelling = Some(tokio::task::spawn_local(async move { cancel.cancel().await }));
        }
        record(worker, in_flight, ended_ns, outcome, &self.view.progress);
        Ended::At { ended_ns, lost: result.is_err_and(|error| error.is_fatal()) }
    }

    async fn think(&self, worker: &WorkerState, until_ns: u64) {
        self.view.idle.set(true);
        worker.timer.sleep_until(worker.clock.instant(until_ns)).await;
        self.view.idle.set(false);
    }

    /// The connection is gone, and with it what its statements ran.
    fn lose(&mut self, worker: &WorkerState) {
        self.lost = true;
        self.interpreter.forget_runs();
        // The warm-up waits for the new one, unless its end is fixed already.
        if self.warm && worker.clock.measurement().is_none() {
            self.warm = false;
            worker.connection_is_cold();
        }
    }

    /// A connection in place of the lost one, for the operation in flight; its statements are prepared again.
    async fn acquire(&mut self, worker: &WorkerState, in_flight: InFlight) -> Result<(), Ended> {
        self.view.in_flight.set(Some(InFlight { acquire: Acquire::Waiting, ..in_flight }));
        let opened = open_patiently(worker).await;
        let now_ns = worker.clock.now_ns();
        let Some(waiting) = self.view.in_flight.take() else { return Err(Ended::Cut) };
        match opened {
            Ok(connection) => self.connection = connection,
            Err(failure) => {
                let outcome = Outcome::Failed {
                    key: FailureKey::Class(FailureClass::Connection),
                    message: failure.reason.clone(),
                    censored: false,
                };
                record(worker, waiting, now_ns, outcome, &self.view.progress);
                return Err(Ended::Unconnected(failure));
            }
        }
        self.lost = false;
        *self.view.cancel.borrow_mut() = self.connection.session.cancel_token();
        worker.reconnected(in_flight.phase);
        let acquire = Acquire::Took(now_ns.saturating_sub(in_flight.started_ns));
        self.view.in_flight.set(Some(InFlight { acquire, ..in_flight }));
        Ok(())
    }
}

/// Ends an operation that takes too long.
async fn give_up_after(
    timeout: Duration,
    worker: &WorkerState,
    execution: impl Future<Output = Result<(), OperationError>>,
) -> Result<(), OperationError> {
    tokio::select! {
        biased;
        result = execution => result,
        () = worker.timer.sleep_until(Instant::now() + timeout) => Err(OperationError::TimedOut(timeout)),
    }
}

/// Records the end of an operation.
fn record(worker: &WorkerState, operation: InFlight, ended_ns: u64, outcome: Outcome, progress: &Progress) {
    if operation.phase == Phase::Measure {
        worker.last_end_ns.set(ended_ns);
    }
    let times = operation.times(ended_ns);
    let mut recorder = worker.recorder(operation.phase);
    if progress.retried() > 0 {
        recorder.retried(operation.operation, progress.retried(), progress.lost_ns());
    }
    if progress.is_unconfirmed() && outcome != Outcome::Succeeded {
        recorder.unknown(operation.operation);
    }
    recorder.ended(operation.operation, times, outcome, progress.statements(), progress.rows());
}
