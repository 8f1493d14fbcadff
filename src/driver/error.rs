//! What can go wrong with a session.

use super::endpoint::Endpoint;
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
    /// Where the server was, as it says: in a COPY `COPY orders, line 17, column total`. May hold row values.
    pub context: Option<String>,
    /// Whether the server ends the session with it (severity FATAL or PANIC).
    pub fatal: bool,
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
        /// The server's code, when it was the server that refused (`57P03`: still starting up).
        state: Option<SqlState>,
    },
    /// TLS was asked for, and the server has none.
    #[error(
        "cannot connect to {endpoint}: the server does not offer TLS (its ssl is off): turn it on, or use sslmode=disable or \
         prefer if the network between is trusted"
    )]
    NoTls {
        /// The endpoint's name and address.
        endpoint: String,
    },
    /// A session has begun without a setting that was sent with its first packet.
    #[error("{endpoint} lets sessions in and drops what they are to begin with: {setting} is not as it was sent")]
    NotTaken {
        /// The endpoint's name and address.
        endpoint: String,
        /// The setting.
        setting: String,
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
            Self::Connect { state: Some(state), .. } => FailureKey::State(*state),
            Self::Io { .. } | Self::Connect { .. } | Self::NoTls { .. } => FailureKey::Class(FailureClass::Connection),
            // Trying again does not change what a pooler drops.
            Self::Protocol { .. } | Self::NotTaken { .. } => FailureKey::Class(FailureClass::Other),
        }
    }

    /// Whether the session can go on.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Server(error) => error.fatal || FailureClass::of(error.state) == FailureClass::Connection,
            _ => true,
        }
    }
}

impl ServerError {
    /// Whether a pooler has refused a setting in the startup message (PgBouncer does unless told to ignore it).
    #[must_use]
    pub fn is_unsupported_parameter(&self) -> bool {
        self.message.contains("unsupported startup parameter")
    }

    /// What to try where a statement is there already (42P05), or is not (26000), which this session has just prepared; `None`
    /// for every other error.
    #[must_use]
    pub fn shared_names(&self) -> Option<&'static str> {
        matches!(self.state.as_str(), "42P05" | "26000").then_some(
            "it seems that a pooler hands statements of one session to several server connections (PgBouncer in transaction \
             mode): set connections.protocol = \"extended\", or connect to the server behind it",
        )
    }

    /// What a refusal during the login means for `endpoint`, and what to try. Never holds the password.
    pub(super) fn at_login(&self, endpoint: &Endpoint) -> DriverError {
        let Endpoint { user, database, .. } = endpoint;
        let remedy = match self.state.as_str() {
            "28P01" => format!("check the password of role \"{user}\""),
            "28000" if self.message.contains("no encryption") => {
                "the server lets it in with encryption only, or not at all: use sslmode=require or stronger, and check its \
                 pg_hba.conf"
                    .to_owned()
            }
            "28000" => format!("check the role \"{user}\" and the server's pg_hba.conf"),
            "08P01" if self.is_unsupported_parameter() => {
                "a pooler in front of the server refuses settings at the start of a session: connect to the server behind it"
                    .to_owned()
            }
            "42501" if self.message.contains("database") => {
                format!("GRANT CONNECT ON DATABASE \"{database}\" TO \"{user}\", or connect as another role")
            }
            "3D000" => format!("create the database \"{database}\" or name another one"),
            "53300" => "use fewer clients, or raise max_connections".to_owned(),
            "57P03" => "wait until the server is up".to_owned(),
            "22023" | "42704" | "42501" => "check the settings that are sent when connecting".to_owned(),
            _ => "see the server's log".to_owned(),
        };
        let reason = format!("{} (SQLSTATE {}); {remedy}", self.message, self.state);
        DriverError::Connect { endpoint: endpoint.label(), reason, state: Some(self.state) }
    }
}
