//! The data plane's session: either a PostgreSQL connection over its own codec, or the null target.

use std::time::Duration;

use super::encode::Args;
use super::endpoint::Endpoint;
use super::error::DriverError;
use super::null::Null;
pub use super::row::{Columns, RawRow, RowSink};
use super::simple::LiteralType;
use super::tape::{Tape, TapeOrder};
use super::types::ColumnInfo;
use super::wire::{Canceller, Wire};
use crate::timer::Timer;

/// What an execution did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Rows returned.
    pub rows: u64,
    /// Rows affected, as the command tag says (0 for SELECT).
    pub affected: u64,
}

/// What the rows of a COPY in binary format begin with: signature, no flags, no extension.
#[must_use]
pub const fn copy_header() -> &'static [u8] {
    b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"
}

/// What they end with.
#[must_use]
pub const fn copy_trailer() -> &'static [u8] {
    b"\xff\xff"
}

/// How long connecting took.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectTimes {
    /// From the first packet to ReadyForQuery, the link's extra round trip included.
    pub total: Duration,
}

/// A statement prepared on a session: a small number, cheap to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementId(pub u32);

/// What the null target answers: rows per statement and a service time, both deterministic.
#[derive(Clone, Debug, PartialEq)]
pub struct NullTarget {
    /// Service time of every statement.
    pub service: Duration,
    /// Rows per statement.
    pub rows: u32,
}

/// Where sessions go.
#[derive(Clone, Debug)]
pub enum Target {
    /// A server.
    Postgres(Endpoint),
    /// The null target.
    Null(NullTarget),
}

/// A connection of the data plane. Lives on one thread.
#[derive(Debug)]
pub struct Session(Inner, Option<Box<Tape>>);

#[derive(Debug)]
enum Inner {
    Postgres(Wire),
    Null(Null),
}

impl Session {
    /// Connects and logs in. On behalf of a link in front of the endpoint, `connect_delay` is waited for between the
    /// two.
    ///
    /// # Errors
    /// Says which step failed (address, TCP, authentication, database) and what to try.
    pub async fn connect(target: &Target, timer: &Timer) -> Result<(Self, ConnectTimes), DriverError> {
        match target {
            Target::Postgres(endpoint) => {
                let (wire, times) = Wire::connect(endpoint, timer).await?;
                Ok((Self(Inner::Postgres(wire), None), times))
            }
            Target::Null(null) => {
                Ok((Self(Inner::Null(Null::new(null.clone(), timer.clone())), None), ConnectTimes::default()))
            }
        }
    }

    /// Prepares `sql` with declared parameter types (0: let the server infer). One round trip.
    /// `columns` (known from [`super::Control::describe`]) only tells the null target what to answer.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn prepare(
        &mut self,
        sql: &str,
        params: &[u32],
        columns: &[ColumnInfo],
    ) -> Result<StatementId, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.prepare(sql, params).await,
            Inner::Null(null) => Ok(null.prepare(columns)),
        }
    }

    /// Prepares a statement again that the server has forgotten or whose result has changed; it keeps its number. Gives the
    /// names and type OIDs of its columns as they are now (of the null target: nothing).
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn prepare_again(
        &mut self,
        statement: StatementId,
        sql: &str,
        params: &[u32],
    ) -> Result<Vec<(String, u32)>, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.prepare_again(statement, sql, params).await,
            Inner::Null(_) => Ok(Vec::new()),
        }
    }

    /// Makes the server forget a statement; it can be prepared again.
    ///
    /// # Errors
    /// A lost connection.
    pub async fn forget(&mut self, statement: StatementId) -> Result<(), DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.forget(statement).await,
            Inner::Null(_) => Ok(()),
        }
    }

    /// Executes a statement in one round trip; its values are binary both ways, however it travels. Allocates nothing.
    ///
    /// A future that is dropped before it ended leaves its answer on the way: the session can then only be closed.
    ///
    /// # Errors
    /// What the server says (the session goes on), or a lost connection.
    #[inline]
    pub async fn execute(
        &mut self,
        statement: StatementId,
        args: &Args,
        sink: &mut impl RowSink,
    ) -> Result<Executed, DriverError> {
        if let Some(tape) = &mut self.1 {
            tape.execution(statement, args);
        }
        match &mut self.0 {
            Inner::Postgres(wire) => wire.execute(statement, args, sink).await,
            Inner::Null(null) => null.execute(statement, sink).await.ok_or_else(|| DriverError::Protocol {
                endpoint: "null".to_owned(),
                what: format!("statement {} was not prepared on this session", statement.0),
            }),
        }
    }

    /// Notes a statement that the server parses anew in each execution, in the same round trip. Nothing is sent.
    ///
    /// # Errors
    /// When it cannot be sent at all.
    pub fn parse_each_time(
        &mut self,
        sql: &str,
        params: &[u32],
        columns: &[ColumnInfo],
    ) -> Result<StatementId, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.parse_each_time(sql, params),
            Inner::Null(null) => Ok(null.prepare(columns)),
        }
    }

    /// Notes a statement of the simple protocol: in each execution its values are written into its text, and results come as
    /// text. Nothing is sent. It cannot be part of a pipeline.
    ///
    /// # Errors
    /// When it cannot be sent at all.
    pub fn write_each_time(
        &mut self,
        sql: &str,
        params: &[LiteralType],
        columns: &[ColumnInfo],
    ) -> Result<StatementId, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.write_each_time(sql, params, columns),
            Inner::Null(null) => Ok(null.prepare(columns)),
        }
    }

    /// A `COPY … FROM STDIN (FORMAT binary)` with its rows ([`copy_header`], rows, [`copy_trailer`]), in one round trip.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub async fn copy_in(&mut self, statement: StatementId, rows: &[u8]) -> Result<Executed, DriverError> {
        if let Some(tape) = &mut self.1 {
            tape.copy(statement, rows);
        }
        match &mut self.0 {
            Inner::Postgres(wire) => wire.copy_in(statement, rows).await,
            Inner::Null(null) => {
                null.send_queued().await;
                Ok(Executed::default())
            }
        }
    }

    /// From here on what is executed is kept, numbered in `order`. Only outside of measurements.
    pub fn record(&mut self, order: &TapeOrder) {
        self.1 = Some(Box::new(Tape::new(order.clone())));
    }

    /// What was executed since [`Session::record`], which it ends.
    pub fn recorded(&mut self) -> Tape {
        self.1.take().map(|tape| *tape).unwrap_or_default()
    }

    /// Sends a statement without waiting for its answer, which [`Session::finish`] takes: so that other sessions can be at
    /// work at the same time.
    ///
    /// # Errors
    /// A lost connection.
    pub async fn start(&mut self, statement: StatementId, args: &Args) -> Result<(), DriverError> {
        if let Some(tape) = &mut self.1 {
            tape.execution(statement, args);
        }
        match &mut self.0 {
            Inner::Postgres(wire) => wire.start(statement, args).await,
            Inner::Null(null) => {
                null.start(statement);
                Ok(())
            }
        }
    }

    /// The answer of the statement that was sent last.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub async fn finish(&mut self, sink: &mut impl RowSink) -> Result<Executed, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.finish(sink).await,
            Inner::Null(null) => null.finish(sink).await.ok_or_else(|| DriverError::Protocol {
                endpoint: "null".to_owned(),
                what: "no statement was sent".to_owned(),
            }),
        }
    }

    /// Begins a pipeline; [`Session::queue`] adds to it, [`Session::send_queued`] sends it.
    pub fn begin_pipeline(&mut self) {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.begin_pipeline(),
            Inner::Null(null) => null.begin_pipeline(),
        }
    }

    /// Adds an execution to the pipeline.
    ///
    /// # Errors
    /// When it cannot be sent at all.
    pub fn queue(&mut self, statement: StatementId, args: &Args) -> Result<(), DriverError> {
        if let Some(tape) = &mut self.1 {
            tape.execution(statement, args);
        }
        match &mut self.0 {
            Inner::Postgres(wire) => wire.queue(statement, args),
            Inner::Null(null) => {
                null.queue(statement);
                Ok(())
            }
        }
    }

    /// Adds a Sync: outside of a transaction what was queued since the last one succeeds or fails together.
    pub fn queue_sync(&mut self) {
        if let Inner::Postgres(wire) = &mut self.0 {
            wire.queue_sync();
        }
    }

    /// Sends the pipeline. Each execution is then answered by [`Session::next_answer`], each Sync by
    /// [`Session::next_ready`].
    ///
    /// # Errors
    /// A lost connection.
    pub async fn send_queued(&mut self) -> Result<(), DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.send_queued().await,
            Inner::Null(null) => {
                null.send_queued().await;
                Ok(())
            }
        }
    }

    /// The answer of the next execution of the pipeline.
    ///
    /// # Errors
    /// What the server says: then the executions up to the next Sync have no answers. Or a lost connection.
    pub async fn next_answer(&mut self, sink: &mut impl RowSink) -> Result<Executed, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.next_answer(sink).await,
            Inner::Null(null) => null.next_answer(sink).ok_or_else(|| DriverError::Protocol {
                endpoint: "null".to_owned(),
                what: "no execution was queued".to_owned(),
            }),
        }
    }

    /// The answer of the next Sync; `last`: no other one follows.
    ///
    /// # Errors
    /// What the server says of the end of what was queued, or a lost connection.
    pub async fn next_ready(&mut self, last: bool) -> Result<(), DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => wire.next_ready(last).await,
            Inner::Null(_) => Ok(()),
        }
    }

    /// Whether a transaction is open, or failed and not yet ended. (The null target has none.)
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        match &self.0 {
            Inner::Postgres(wire) => wire.is_in_transaction(),
            Inner::Null(_) => false,
        }
    }

    /// What a cancel request needs: sent over a connection of its own.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        match &self.0 {
            Inner::Postgres(wire) => CancelToken(vec![wire.canceller()]),
            Inner::Null(_) => CancelToken(Vec::new()),
        }
    }

    /// Rows of a query without values as text (simple protocol); the null target has none.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DriverError> {
        match &mut self.0 {
            Inner::Postgres(wire) => super::describe::rows(wire, sql).await,
            Inner::Null(_) => Ok(Vec::new()),
        }
    }

    /// `TLS 1.3`; `None` when nothing is encrypted.
    #[must_use]
    pub fn encryption(&self) -> Option<&'static str> {
        match &self.0 {
            Inner::Postgres(wire) => wire.encryption(),
            Inner::Null(_) => None,
        }
    }

    /// Says goodbye (Terminate) and closes. Dropping a session closes the socket without it.
    pub async fn close(self) {
        if let Inner::Postgres(wire) = self.0 {
            wire.close().await;
        }
    }
}

/// Cancels what a session is doing, or several.
#[derive(Clone, Debug)]
pub struct CancelToken(Vec<Canceller>);

impl CancelToken {
    /// Sends the request; waits until the server has taken it. (The null target has nothing to cancel.)
    ///
    /// # Errors
    /// When no connection can be made.
    pub async fn cancel(&self) -> Result<(), DriverError> {
        let mut cancelled = Ok(());
        for canceller in &self.0 {
            cancelled = cancelled.and(canceller.cancel().await);
        }
        cancelled
    }

    /// Cancels what another session is doing, too.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}
