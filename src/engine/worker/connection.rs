//! Connecting: at the start of a slice, and again when a connection was lost.

use std::time::Duration;

use super::message::Failure;
use super::state::WorkerState;
use crate::driver::{CancelToken, DriverError, Session, StatementId};
use crate::engine::clock::ns;
use crate::engine::error::chain;
use crate::engine::interpreter::{Beside, open_beside, prepare};
use crate::words::{FailureClass, FailureKey};

/// For how long connecting may fail before the server counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// The same while the server says that it is starting up or recovering (57P03).
const RECOVERED_AFTER: Duration = Duration::from_secs(20);
/// cannot_connect_now: the server is there but does not take connections yet.
const RECOVERING: &str = "57P03";
/// too_many_connections: also for a moment after others said goodbye.
const TOO_MANY: &str = "53300";
/// First pause between two attempts; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A session with the variant's statements prepared on it, and those that a client has beside it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) session: Session,
    /// Parallel to the variant's statements.
    pub(super) prepared: Vec<StatementId>,
    /// Further connections, where operations need several at a time.
    pub(super) beside: Vec<Beside>,
}

impl Connection {
    /// What cancels whatever runs on it.
    pub(super) fn cancel_token(&self) -> CancelToken {
        let mut token = self.session.cancel_token();
        self.beside.iter().for_each(|beside| token.join(beside.session.cancel_token()));
        token
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        self.session.close().await;
        for beside in self.beside {
            beside.session.close().await;
        }
    }
}

/// Connects and prepares.
async fn open(worker: &WorkerState) -> Result<Connection, DriverError> {
    let (mut session, times) = Session::connect(&worker.target, &worker.timer).await?;
    worker.connect.borrow_mut().record(ns(times.total));
    let prepared = prepare(&worker.variant, &mut session).await?;
    let mut beside = Vec::new();
    for (opened, times) in open_beside(&worker.variant, &worker.target, &worker.timer).await? {
        worker.connect.borrow_mut().record(ns(times.total));
        beside.push(opened);
    }
    Ok(Connection { session, prepared, beside })
}

/// Connects; while the server does not take connections, tries again for a while.
///
/// # Errors
/// The server is gone, or refuses what trying again does not change.
pub(super) async fn open_patiently(worker: &WorkerState) -> Result<Connection, Failure> {
    let began_ns = worker.clock.now_ns();
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match open(worker).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let state = match error.key() {
            FailureKey::State(state) => Some(state.as_str().to_owned()),
            FailureKey::Class(_) => None,
        };
        let patience = match state.as_deref() {
            Some(RECOVERING) => RECOVERED_AFTER,
            _ => GONE_AFTER,
        };
        let unreachable = error.key().class() == FailureClass::Connection;
        if !unreachable && state.as_deref() != Some(TOO_MANY) {
            let remedy = match &error {
                DriverError::Server(error) => error.shared_names(),
                _ => None,
            };
            let remedy = remedy.map_or_else(String::new, |remedy| format!(": {remedy}"));
            return Err(Failure {
                reason: format!("no session could be opened: {}{remedy}", chain(&error)),
                ..Failure::default()
            });
        }
        let now_ns = worker.clock.now_ns();
        if now_ns.saturating_sub(began_ns) >= ns(patience) {
            let reason = format!("no connection for {} s: {}", patience.as_secs(), chain(&error));
            return Err(if unreachable {
                Failure { reason: format!("the server is gone: {reason}"), server_gone: true, panicked: false }
            } else {
                Failure { reason, ..Failure::default() }
            });
        }
        worker.timer.sleep_until(worker.clock.instant(now_ns + ns(pause))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
