//! The control plane's session, over tokio-postgres: schema, COPY, catalogue, descriptions of statements.

use super::endpoint::Endpoint;
use super::error::DriverError;
use super::types::{ColumnInfo, PgType};

/// A described statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Types of `$1…`.
    pub params: Vec<PgType>,
    /// Columns of the result; empty for statements that return none.
    pub columns: Vec<ColumnInfo>,
}

/// A connection for everything that is not timed.
#[derive(Debug)]
pub struct Control {
    _private: (),
}

impl Control {
    /// Connects; the connection is driven by a task of the current runtime.
    ///
    /// # Errors
    /// As for [`super::Session::connect`].
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, DriverError> {
        let _ = endpoint;
        unimplemented!()
    }

    /// Runs one or several statements without parameters (simple protocol).
    ///
    /// # Errors
    /// [`DriverError::Server`] with the position in `sql`.
    pub async fn batch(&self, sql: &str) -> Result<(), DriverError> {
        let _ = sql;
        unimplemented!()
    }

    /// Rows of a query as text (simple protocol); `None` is NULL.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DriverError> {
        let _ = sql;
        unimplemented!()
    }

    /// Prepares and describes a statement with declared parameter types (0: inferred), resolving types that are not
    /// built in from the catalogue; the statement is closed again.
    ///
    /// # Errors
    /// [`DriverError::Server`] with the position in `sql`.
    pub async fn describe(&self, sql: &str, params: &[u32]) -> Result<Described, DriverError> {
        let _ = (sql, params);
        unimplemented!()
    }

    /// Starts `COPY … FROM STDIN`.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn copy_in(&self, sql: &str) -> Result<CopyIn, DriverError> {
        let _ = sql;
        unimplemented!()
    }
}

/// A COPY in progress.
#[derive(Debug)]
pub struct CopyIn {
    _private: (),
}

impl CopyIn {
    /// Sends a chunk (tens of KiB are best).
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn send(&mut self, chunk: bytes::Bytes) -> Result<(), DriverError> {
        let _ = chunk;
        unimplemented!()
    }

    /// Ends the COPY; returns the rows that the server counted.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn finish(self) -> Result<u64, DriverError> {
        unimplemented!()
    }
}
