//! A simulated user in a closed loop, on a connection of its own: the hot loop.
//!
//! It reads the clock twice per operation, draws, executes, records. It neither prints nor locks nor allocates.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::connection::{Connection, open_patiently};
use super::message::Failure;
use super::state::WorkerState;
use crate::driver::CancelToken;
use crate::engine::interpreter::{Interpreter, OperationError, Progress, choose};
use crate::metrics::{Outcome, Times};
use crate::param::{Phase, Stream};
use crate::words::{FailureClass, FailureKey};

/// PostgreSQL chooses generic plans after five executions; the sixth runs with what was chosen.
pub(super) const WARM_RUNS: u32 = 6;

/// An operation that has started and not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    operation: usize,
    phase: Phase,
    intended_ns: u64,
    started_ns: u64,
}

/// What the worker can see of a client while it runs.
#[derive(Debug)]
pub(super) struct ClientView {
    in_flight: Cell<Option<InFlight>>,
    progress: Progress,
    cancel: RefCell<CancelToken>,
    /// Thinking or connecting anew: nothing is lost when it is dropped.
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
        let outcome = Outcome::Failed {
            key: FailureKey::Class(FailureClass::Timeout),
            message: "cut off: not finished at the end of the drain".to_owned(),
            censored: true,
        };
        record(worker, in_flight, worker.clock.now_ns(), outcome, &self.progress);
        Some(self.cancel.borrow().clone())
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

/// A simulated user.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) number: u32,
    pub(super) connection: Connection,
    pub(super) interpreter: Interpreter,
    pub(super) view: Rc<ClientView>,
    pub(super) worker: Rc<WorkerState>,
    pub(super) warm: bool,
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
            let Some((ended_ns, outcome)) = self.operation(&worker, stream, phase, intended_ns).await else { break };
            let free_ns = match outcome {
                Err(error) if error.is_fatal() => match self.reconnect(&worker).await {
                    Ok(()) => worker.clock.now_ns(),
                    Err(failure) => return ClientEnd::Failed(failure),
                },
                _ => ended_ns,
            };
            if phase == Phase::Warmup && !self.warm && self.interpreter.all_ran(WARM_RUNS) {
                self.warm = true;
                worker.connection_is_warm();
            }
            intended_ns = worker.load.next_start_ns(free_ns);
            if intended_ns > free_ns {
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
        self.connection.session.close().await;
        ClientEnd::Done
    }

    /// One operation: draw, execute, record. `None` when it was cut off meanwhile.
    async fn operation(
        &mut self,
        worker: &WorkerState,
        stream: Stream,
        phase: Phase,
        intended_ns: u64,
    ) -> Option<(u64, Result<(), OperationError>)> {
        let variant = &*worker.variant;
        let operation = choose(variant, stream);
        let drawn = self.interpreter.draw(variant, operation, stream, worker.clock.wall_us(intended_ns));
        self.view.progress.clear();
        worker.recorder(phase).started(operation);
        let started_ns = worker.clock.now_ns();
        self.view.in_flight.set(Some(InFlight { operation, phase, intended_ns, started_ns }));
        let result = match drawn {
            Ok(()) => {
                let Connection { session, prepared } = &mut self.connection;
                let program = &variant.operations[operation].load;
                self.interpreter.execute(operation, program, session, prepared, &self.view.progress).await
            }
            Err(misfit) => Err(misfit.into()),
        };
        let ended_ns = worker.clock.now_ns();
        let in_flight = self.view.in_flight.take()?;
        let outcome = match &result {
            Ok(()) => Outcome::Succeeded,
            Err(error) => Outcome::Failed { key: error.key(), message: error.to_string(), censored: false },
        };
        record(worker, in_flight, ended_ns, outcome, &self.view.progress);
        Some((ended_ns, result))
    }

    async fn think(&self, worker: &WorkerState, until_ns: u64) {
        self.view.idle.set(true);
        worker.timer.sleep_until(worker.clock.instant(until_ns)).await;
        self.view.idle.set(false);
    }

    /// A connection in place of the lost one; its statements are prepared again.
    async fn reconnect(&mut self, worker: &WorkerState) -> Result<(), Failure> {
        self.view.idle.set(true);
        self.connection = open_patiently(worker).await?;
        *self.view.cancel.borrow_mut() = self.connection.session.cancel_token();
        self.interpreter.forget_runs();
        if self.warm && worker.clock.measurement().is_none() {
            self.warm = false;
            worker.connection_is_cold();
        }
        self.view.idle.set(false);
        Ok(())
    }
}

/// Records the end of an operation. In a closed loop with dedicated connections there is neither queue nor acquire time.
fn record(worker: &WorkerState, operation: InFlight, ended_ns: u64, outcome: Outcome, progress: &Progress) {
    let times = Times {
        response_ns: ended_ns.saturating_sub(operation.intended_ns),
        lag_ns: operation.started_ns.saturating_sub(operation.intended_ns),
        queue_ns: None,
        acquire_ns: None,
        service_ns: ended_ns.saturating_sub(operation.started_ns),
    };
    if operation.phase == Phase::Measure {
        worker.last_end_ns.set(ended_ns);
    }
    worker.recorder(operation.phase).ended(operation.operation, times, outcome, progress.statements(), progress.rows());
}
