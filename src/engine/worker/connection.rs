//! Connecting: at the start of a slice, and again when a connection was lost.

use std::time::Duration;

use super::state::WorkerState;
use crate::driver::{DriverError, Session, StatementId};
use crate::engine::clock::ns;
use crate::words::SqlState;

/// For how long connecting may fail before the server counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// The same while the server says that it is starting up or recovering (57P03).
const RECOVERED_AFTER: Duration = Duration::from_secs(20);
/// First pause between two attempts; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A session with the variant's statements prepared on it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) session: Session,
    /// Parallel to the variant's statements.
    pub(super) prepared: Vec<StatementId>,
}

/// Connects and prepares.
pub(super) async fn open(worker: &WorkerState) -> Result<Connection, DriverError> {
    let (mut session, times) = Session::connect(&worker.target, &worker.timer).await?;
    worker.connect.borrow_mut().record(ns(times.total));
    let mut prepared = Vec::with_capacity(worker.variant.statements.len());
    for statement in &worker.variant.statements {
        prepared.push(session.prepare(&statement.sql, &statement.oids, &statement.columns).await?);
    }
    Ok(Connection { session, prepared })
}

/// Connects after a loss, with pauses in between.
///
/// # Errors
/// Why the server counts as gone.
pub(super) async fn reconnect(worker: &WorkerState) -> Result<Connection, String> {
    let began_ns = worker.clock.now_ns();
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match open(worker).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let patience = if is_recovering(&error) { RECOVERED_AFTER } else { GONE_AFTER };
        let now_ns = worker.clock.now_ns();
        if now_ns.saturating_sub(began_ns) >= ns(patience) {
            return Err(format!(
                "the server is gone: no connection could be made for {} s: {}",
                patience.as_secs(),
                crate::engine::error::chain(&error)
            ));
        }
        worker.timer.sleep_until(worker.clock.instant(now_ns + ns(pause))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The server is there but does not take connections yet (cannot_connect_now).
fn is_recovering(error: &DriverError) -> bool {
    match error {
        DriverError::Server(error) => Some(error.state) == SqlState::new("57P03"),
        other => other.to_string().contains("57P03"),
    }
}
