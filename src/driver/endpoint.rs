//! Where a server is and how to log in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A password. Cannot be printed, compared or serialized.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the login alone.
    #[must_use]
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// The text, for a 0600 file that the server's own tools read.
    #[must_use]
    pub fn for_private_file(&self) -> &str {
        self.reveal()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

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
}

impl Endpoint {
    /// Name and address, for messages.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", self.name, self.address)
    }
}
