//! What follows the loss of a client's connection: a new one, and, where the workload wants it, another attempt.

use std::time::Duration;

use super::client::{Client, Ended, give_up_after};
use super::connection::{Connection, open_patiently};
use super::flight::{Acquire, InFlight, record};
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
        let operation = &worker.variant.operations[in_flight.operation];
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
            self.acquire(worker, in_flight, lost_ns, acquired_ns).await?;
            acquired_ns += worker.clock.now_ns().saturating_sub(lost_ns);
            self.interpreter.wait(backoff).await;
            self.interpreter.try_again(&self.view.progress);
            let Some(Connection { session, prepared, beside }) = &mut self.connection else { return Err(Ended::Cut) };
            let mut place = Place { session, prepared, beside, progress: &self.view.progress };
            let execution =
                self.interpreter.execute_from(next, &worker.variant, in_flight.operation, &operation.load, &mut place);
            result = match operation.timeout {
                None => execution.await,
                Some(timeout) => {
                    let passed = Duration::from_nanos(worker.clock.now_ns().saturating_sub(in_flight.started_ns));
                    let left = timeout.saturating_sub(passed);
                    let ended = give_up_after(left, worker, execution).await;
                    ended.map_err(|error| match error {
                        OperationError::TimedOut(_) => OperationError::TimedOut(timeout),
                        other => other,
                    })
                }
            };
        }
    }

    /// A connection in place of the lost one, for the operation in flight; its statements are prepared again. It is waited
    /// for since `since_ns`, after `before_ns` of earlier waits.
    pub(super) async fn acquire(
        &mut self,
        worker: &WorkerState,
        in_flight: InFlight,
        since_ns: u64,
        before_ns: u64,
    ) -> Result<(), Ended> {
        self.view.in_flight.set(Some(InFlight { acquire: Acquire::Waiting { since_ns, before_ns }, ..in_flight }));
        let opened = open_patiently(worker).await;
        let now_ns = worker.clock.now_ns();
        let Some(waiting) = self.view.in_flight.take() else { return Err(Ended::Cut) };
        let connection = match opened {
            Ok(connection) => connection,
            Err(failure) => {
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
        Ok(())
    }
}
