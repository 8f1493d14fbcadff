//! Where a server is and how to log in.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::secret::Secret;
use super::tls::Tls;

/// A network address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket `DIR/.s.PGSQL.PORT`.
    Unix {
        /// The directory.
        dir: PathBuf,
        /// Port, part of the socket's name.
        port: u16,
    },
}

impl Address {
    /// The path of a Unix socket.
    #[must_use]
    pub fn socket_path(&self) -> Option<PathBuf> {
        match self {
            Self::Tcp { .. } => None,
            Self::Unix { dir, port } => Some(dir.join(format!(".s.PGSQL.{port}"))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { dir, port } => write!(f, "{}/.s.PGSQL.{port}", dir.display()),
        }
    }
}

/// A server, a database on it, and who logs in.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `primary` …: how reports name it.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Role.
    pub user: String,
    /// Password, if one is needed.
    pub password: Option<Secret>,
    /// Database.
    pub database: String,
    /// Settings sent in the startup message (`default_transaction_read_only` = `on` …).
    pub startup: Vec<(String, String)>,
    /// What the connector waits after `connect()` for the round trip that a link in front of the endpoint hides.
    pub connect_delay: Duration,
    /// How the connection is protected.
    pub security: Security,
}

/// How a connection is protected: not at all by default, as on a Unix socket or between processes of one run.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// TLS, which the server must then have. It names the host to verify, whatever stands between (a link does).
    pub tls: Option<Arc<Tls>>,
    /// Whether SCRAM binds the login to the TLS connection.
    pub binding: ChannelBinding,
}

/// Whether SCRAM binds the login to the TLS connection, so that nobody in between can pass it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// Where both sides can.
    #[default]
    Prefer,
    /// Without it there is no login.
    Require,
}

impl Endpoint {
    /// Name and address, for messages.
    pub(crate) fn label(&self) -> String {
        format!("{} ({})", self.name, self.address)
    }
}
