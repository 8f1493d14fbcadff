//! The data plane's session: either a PostgreSQL connection over its own codec, or the null target.

use std::time::Duration;

use super::encode::Args;
use super::endpoint::Endpoint;
use super::error::DriverError;
use super::types::ColumnInfo;
use crate::timer::Timer;

/// Takes rows as they arrive. Implemented by the engine; static dispatch.
pub trait RowSink {
    /// One row. Column `i`'s raw bytes are `row.column(i)`.
    fn row(&mut self, row: &RawRow<'_>);
}

/// A row as it came over the wire; nothing is decoded.
#[derive(Debug)]
pub struct RawRow<'a> {
    /// The body of the DataRow message after the column count.
    pub body: &'a [u8],
    /// How many columns.
    pub columns: u16,
}

/// What an execution did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Rows returned.
    pub rows: u64,
    /// Rows affected, as the command tag says (0 for SELECT).
    pub affected: u64,
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
pub struct Session {
    _private: (),
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Says which step failed (address, TCP, authentication, database) and what to try.
    pub async fn connect(target: &Target, timer: &Timer) -> Result<(Self, ConnectTimes), DriverError> {
        let _ = (target, timer);
        unimplemented!()
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
        let _ = (sql, params, columns);
        unimplemented!()
    }

    /// Bind, Execute, Sync; all values binary both ways. Allocates nothing.
    ///
    /// # Errors
    /// What the server says (the session goes on), or a lost connection.
    pub async fn execute(
        &mut self,
        statement: StatementId,
        args: &Args,
        sink: &mut impl RowSink,
    ) -> Result<Executed, DriverError> {
        let _ = (statement, args, sink);
        unimplemented!()
    }

    /// What a cancel request needs: sent over a connection of its own.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        unimplemented!()
    }

    /// Says goodbye (Terminate) and closes. Dropping a session closes the socket without it.
    pub async fn close(self) {
        unimplemented!()
    }
}

/// Cancels what a session is doing.
#[derive(Clone, Debug)]
pub struct CancelToken {
    _private: (),
}

impl CancelToken {
    /// Sends the request; waits until the server has taken it.
    ///
    /// # Errors
    /// When no connection can be made.
    pub async fn cancel(&self) -> Result<(), DriverError> {
        unimplemented!()
    }
}
