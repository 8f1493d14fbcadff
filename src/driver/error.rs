//! What can go wrong with a session.

use crate::words::{FailureClass, FailureKey, SqlState};

/// What the server said.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {state})")]
pub struct ServerError {
    /// Code.
    pub state: SqlState,
    /// Primary message.
    pub message: String,
    /// DETAIL: carries row values, never written to results unless asked.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// Position in the SQL that was sent, in characters from 1.
    pub position: Option<usize>,
}

/// A failure of a session.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The server refused a statement; the session goes on.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The connection is gone.
    #[error("connection to {endpoint} lost")]
    Io {
        /// The endpoint's name.
        endpoint: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No connection could be made.
    #[error("cannot connect to {endpoint}: {reason}")]
    Connect {
        /// The endpoint's name and address.
        endpoint: String,
        /// What failed and what to try.
        reason: String,
    },
    /// The server sent what the protocol does not allow here.
    #[error("unexpected answer from {endpoint}: {what}")]
    Protocol {
        /// The endpoint's name.
        endpoint: String,
        /// What came.
        what: String,
    },
}

impl DriverError {
    /// The key under which an operation that failed by this is counted.
    #[must_use]
    pub fn key(&self) -> FailureKey {
        match self {
            Self::Server(error) => FailureKey::State(error.state),
            Self::Io { .. } | Self::Connect { .. } => FailureKey::Class(FailureClass::Connection),
            Self::Protocol { .. } => FailureKey::Class(FailureClass::Other),
        }
    }

    /// Whether the session can go on.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Server(error) => FailureClass::of(error.state) == FailureClass::Connection,
            _ => true,
        }
    }
}
