//! What follows the loss of a client's connection: a new one, and, where the workload wants it, another attempt.

use std::rc::Rc;

use super::client::{Client, Ended};
use super::connection::{Connection, open_patiently};
use super::control::of_panic;
use super::flight::{Acquire, InFlight, before, record};
use super::message::Failure;
use super::state::WorkerState;
use crate::engine::interpreter::{OperationError, Place};
use crate::metrics::Outcome;
use crate::words::{FailureClass, FailureKey};

impl Client {
    /// After a failure that took the connection with it: as long as a group of the operation takes it (`retry_on`), a new
    /// connection and the group again from its first step. The time for the connection is acquire time.
    pub(super) async fn try_elsewhere(
        &mut self,
        worker: &WorkerState,
        in_flight: InFlight,
        mut result: Result<(), OperationError>,
    ) -> Result<Result<(), OperationError>, Ended> {
        let mut acquired_ns = match self.view.in_flight.get().map(|in_flight| in_flight.acquire) {
            Some(Acquire::Took(took_ns)) => took_ns,
            Some(Acquire::Held | Acquire::Waiting { .. }) | None => 0,
        };
        let (operation, limit) = (&worker.variant.operations[in_flight.operation], in_flight.limit(worker));
        loop {
            let error = match &result {
                // What timed out is over.
                Err(error) if error.is_fatal() && !matches!(error, OperationError::TimedOut(_)) => error,
                _ => return Ok(result),
            };
            if self.view.in_flight.get().is_none() {
                return Err(Ended::Cut);
            }
            let Some((next, backoff)) = self.interpreter.taken(&operation.load, error) else { return Ok(result) };
            self.lose(worker);
            let lost_ns = worker.clock.now_ns();
            let acquired = self.acquire(worker, in_flight, lost_ns, acquired_ns).await?;
            acquired_ns += worker.clock.now_ns().saturating_sub(lost_ns);
            let waited = match acquired {
                Ok(()) => before(limit, worker, self.interpreter.wait(backoff)).await,
                timed_out => timed_out,
            };
            if waited.is_err() {
                return Ok(waited);
            }
            self.interpreter.try_again(&self.view.progress);
            let Some(Connection { session, prepared, beside }) = &mut self.connection else { return Err(Ended::Cut) };
            let mut place = Place { session, prepared, beside, progress: &self.view.progress };
            let execution =
                self.interpreter.execute_from(next, &worker.variant, in_flight.operation, &operation.load, &mut place);
            result = match limit {
                None => execution.await,
                Some(limit) => limit.bound(worker, execution).await,
            };
        }
    }

    /// A connection in place of the lost one, for the operation in flight; its statements are prepared again. It is waited
    /// for since `since_ns`, after `before_ns` of earlier waits. `Ok(Err(_))`: not beyond the operation's timeout.
    pub(super) async fn acquire(
        &mut self,
        worker: &WorkerState,
        in_flight: InFlight,
        since_ns: u64,
        before_ns: u64,
    ) -> Result<Result<(), OperationError>, Ended> {
        self.view.in_flight.set(Some(InFlight { acquire: Acquire::Waiting { since_ns, before_ns }, ..in_flight }));
        let opened = before(in_flight.limit(worker), worker, self.opened()).await;
        let now_ns = worker.clock.now_ns();
        let Some(waiting) = self.view.in_flight.take() else { return Err(Ended::Cut) };
        let connection = match opened {
            Ok(Ok(connection)) => connection,
            Err(timed_out) => {
                self.view.in_flight.set(Some(waiting));
                return Ok(Err(timed_out));
            }
            Ok(Err(failure)) => {
                let outcome = Outcome::Failed {
                    key: FailureKey::Class(FailureClass::Connection),
                    message: failure.reason.clone(),
                    censored: false,
                };
                record(worker, waiting, now_ns, outcome, &self.view.progress);
                return Err(Ended::Unconnected(failure));
            }
        };
        *self.view.cancel.borrow_mut() = connection.cancel_token();
        self.connection = Some(connection);
        // What is lost from here on was not closed at that timeout.
        worker.reconnected(in_flight.phase, std::mem::take(&mut self.timed_out));
        let acquire = Acquire::Took(before_ns + now_ns.saturating_sub(since_ns));
        self.view.in_flight.set(Some(InFlight { acquire, ..in_flight }));
        Ok(Ok(()))
    }

    /// A connection, once there is one. It goes on being made when the operation it was begun for does not wait any longer:
    /// where connecting takes longer than operations may, none would ever be there, and no server ever count as gone.
    async fn opened(&mut self) -> Result<Connection, Failure> {
        if self.opening.is_empty() {
            let worker = Rc::clone(&self.worker);
            self.opening.spawn_local(async move { open_patiently(&worker).await });
        }
        match self.opening.join_next().await {
            Some(Ok(opened)) => opened,
            Some(Err(error)) => Err(of_panic(error)),
            None => Err(Failure { reason: "nobody makes a connection".to_owned(), ..Failure::default() }),
        }
    }
}
