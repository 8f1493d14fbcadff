//! A simulated user on a connection of its own: the hot loop, the same for closed and open loops.
//!
//! It reads the clock twice per operation, draws, executes, records. It neither prints nor locks nor allocates. When it is
//! to start what is left to `pace`.

use std::rc::Rc;

use tokio::task::{JoinHandle, JoinSet};

use super::connection::Connection;
use super::flight::{Acquire, ClientView, InFlight, record};
use super::message::Failure;
use super::pace::{Pace, Turn};
use super::state::WorkerState;
use crate::driver::{DriverError, Misfit};
use crate::engine::interpreter::{Interpreter, OperationError, Place, choose};
use crate::metrics::Outcome;
use crate::param::Phase;

/// PostgreSQL chooses generic plans after five executions; the sixth runs with what was chosen.
pub(super) const WARM_RUNS: u32 = 6;

/// How a client ended.
#[derive(Debug)]
pub(super) enum ClientEnd {
    /// The measurement is over, or it was cut off.
    Done,
    /// The lost connection could not be made anew.
    Failed(Failure),
}

/// How an operation ended, for the client.
pub(super) enum Ended {
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
    /// `None`: it was lost, or closed at a timeout, and the next operation waits for a new one.
    pub(super) connection: Option<Connection>,
    pub(super) interpreter: Interpreter,
    pub(super) view: Rc<ClientView>,
    pub(super) worker: Rc<WorkerState>,
    pub(super) warm: bool,
    /// Of a connection that is gone: whether it was closed because an operation reached its timeout.
    pub(super) timed_out: bool,
    /// The request to cancel what timed out last, on its way.
    pub(super) cancelling: Option<JoinHandle<Result<(), DriverError>>>,
    /// The connection that is being made in place of a lost one.
    pub(super) opening: JoinSet<Result<Connection, Failure>>,
}

impl Client {
    /// Issues operations from `start_ns` until the measurement is over.
    pub(super) async fn run(mut self, start_ns: u64) -> ClientEnd {
        let worker = Rc::clone(&self.worker);
        worker.timer.sleep_until(worker.clock.instant(start_ns)).await;
        let mut pace = Pace::new(self.number, start_ns);
        let mut free_ns = start_ns;
        while let Some(turn) = pace.next(&worker, &self.view, free_ns).await {
            // Drawn while there is nothing else to do, so that the start is not late by it.
            let operation = choose(&worker.variant, turn.stream);
            let now_us = worker.clock.wall_us(turn.intended_ns);
            let drawn = self.interpreter.draw(&worker.variant, operation, turn.stream, now_us);
            if !turn.has_come(&worker, &self.view).await {
                continue;
            }
            free_ns = match self.operation(&worker, turn, operation, drawn).await {
                Ended::At { ended_ns, lost } => {
                    if lost {
                        self.lose(&worker);
                    }
                    ended_ns
                }
                Ended::Cut => break,
                Ended::Unconnected(failure) => return ClientEnd::Failed(failure),
            };
            if turn.phase == Phase::Warmup && !self.warm && self.interpreter.all_ran(WARM_RUNS) {
                self.warm = true;
                worker.connection_is_warm();
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
        if let Some(connection) = self.connection {
            connection.close().await;
        }
        ClientEnd::Done
    }

    /// One operation: wait for a connection if the last one was lost, execute, record.
    async fn operation(
        &mut self,
        worker: &WorkerState,
        turn: Turn,
        operation: usize,
        drawn: Result<(), Misfit>,
    ) -> Ended {
        let Turn { phase, number, intended_ns, queue_ns, .. } = turn;
        self.view.progress.clear();
        worker.recorder(phase).started(operation);
        let started_ns = worker.clock.now_ns();
        let in_flight =
            InFlight { operation, phase, number, intended_ns, queue_ns, started_ns, acquire: Acquire::Held };
        self.view.in_flight.set(Some(in_flight));
        let limit = in_flight.limit(worker);
        let ready = match drawn {
            Ok(()) if self.connection.is_none() => match self.acquire(worker, in_flight, started_ns, 0).await {
                Ok(acquired) => acquired,
                Err(ended) => return ended,
            },
            drawn => drawn.map_err(Into::into),
        };
        let mut result = match ready {
            Ok(()) => {
                let Some(Connection { session, prepared, beside }) = &mut self.connection else { return Ended::Cut };
                let program = &worker.variant.operations[operation].load;
                let mut place = Place { session, prepared, beside, progress: &self.view.progress };
                // Awaited where it is made: moving so large a future costs as much as a statement's interpretation.
                match limit {
                    None => self.interpreter.execute(&worker.variant, operation, program, &mut place).await,
                    Some(limit) => {
                        let execution = self.interpreter.execute(&worker.variant, operation, program, &mut place);
                        limit.bound(worker, execution).await
                    }
                }
            }
            Err(error) => Err(error),
        };
        if result.as_ref().is_err_and(OperationError::is_fatal) {
            // Rare, and so large that it would slow down every operation: on the heap.
            result = match Box::pin(self.try_elsewhere(worker, in_flight, result)).await {
                Ok(result) => result,
                Err(ended) => return ended,
            };
        }
        let ended_ns = worker.clock.now_ns();
        let Some(in_flight) = self.view.in_flight.take() else { return Ended::Cut };
        let outcome = match &result {
            Ok(()) => Outcome::Succeeded,
            Err(error) => {
                let censored = matches!(error, OperationError::TimedOut(_));
                Outcome::Failed { key: error.key(), message: error.to_string(), censored }
            }
        };
        if matches!(result, Err(OperationError::TimedOut(_))) {
            self.give_up();
        }
        if result.is_ok() && !self.interpreter.recorded().is_empty() {
            let mut recorder = worker.recorder(phase);
            for (record, sample) in self.interpreter.recorded() {
                recorder.sample(operation, *record as usize, *sample);
            }
        }
        record(worker, in_flight, ended_ns, outcome, &self.view.progress);
        Ended::At { ended_ns, lost: result.is_err_and(|error| error.is_fatal()) }
    }

    /// The operation took too long: the server shall not work for nobody. The connection is closed next, in any case.
    #[cold]
    fn give_up(&mut self) {
        // One that waited for its connection has nothing on the server, and closes none.
        if let Some(connection) = self.connection.take() {
            self.timed_out = true;
            let cancel = self.view.cancel.borrow().clone();
            self.cancelling = Some(tokio::task::spawn_local(async move {
                let sent = cancel.cancel().await;
                // Not before: a pooler forgets whom to cancel when its client goes, and the statement would run on.
                drop(connection);
                sent
            }));
        }
    }

    /// The connection is gone, and with it what its statements ran. What is left of it is closed here (after a timeout: with the
    /// cancel), and not when there is a new one: a transaction that is open on it holds its locks, and it its slot, until the server sees the end.
    pub(super) fn lose(&mut self, worker: &WorkerState) {
        self.connection = None;
        self.interpreter.forget_runs();
        // The warm-up waits for the new one, unless its end is fixed already.
        if self.warm && worker.clock.measurement().is_none() {
            self.warm = false;
            worker.connection_is_cold();
        }
    }
}
