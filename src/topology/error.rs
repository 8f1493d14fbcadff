//! What can go wrong with servers and links: place, rule, value, remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::driver::DriverError;

/// A topology could not be built, or was lost.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// No usable PostgreSQL on this machine.
    #[error("no PostgreSQL server 13 or later found (looked at {looked_at}); {remedy}")]
    NotInstalled {
        /// Where was looked.
        looked_at: String,
        /// What to install on this system.
        remedy: String,
    },
    /// A folder or program that was named explicitly is no use.
    #[error("{what}: {reason}; {remedy}")]
    Unusable {
        /// `--pg-bindir /x`, `$PG_CONFIG = /y`.
        what: String,
        /// Why not.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A variable of the environment whose value says nothing.
    #[error("${name} = \"{value}\": {rule}")]
    BadVariable {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be, with an example.
        rule: &'static str,
    },
    /// Started as root on a machine without a user for the servers.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has no unprivileged user for it (looked for {looked_for}); \
         create one (`useradd --system postgres`) or run dbbench as another user"
    )]
    NoUnprivilegedUser {
        /// The names.
        looked_for: String,
    },
    /// A setting of the workload that dbbench or the server refuses.
    #[error("topology.settings.{name} = \"{value}\": {reason}")]
    BadSetting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What the server, or dbbench, says.
        reason: String,
    },
    /// A server ended before it was ready, or was not ready in time.
    #[error("the server did not start{}: {reason}", with_settings(.settings))]
    NotStarted {
        /// What its log says.
        reason: String,
        /// `name = value` of all settings changed, for the message.
        settings: Vec<String>,
    },
    /// A server did not stop when asked.
    #[error("the server did not stop within {seconds} s: {reason}")]
    NotStopped {
        /// How long was waited.
        seconds: u64,
        /// The end of its log.
        reason: String,
    },
    /// `initdb` or another program failed.
    #[error("{program} failed: {reason}")]
    Program {
        /// Its path.
        program: PathBuf,
        /// The end of what it wrote.
        reason: String,
    },
    /// The child that cleans up could not be started, or is gone.
    #[error("the process that ends servers when dbbench dies {what}")]
    Reaper {
        /// `could not be started: …`.
        what: String,
    },
    /// A file, folder or process operation failed.
    #[error("cannot {doing}")]
    Io {
        /// `create /x`.
        doing: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server could not be asked.
    #[error("cannot ask the server about itself")]
    Ask(#[source] DriverError),
}

fn with_settings(settings: &[String]) -> String {
    if settings.is_empty() { String::new() } else { format!(" with {}", settings.join(", ")) }
}

/// Adds to an I/O error what was being done.
pub(super) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, TopologyError>;
    fn doing_to(self, verb: &str, path: &Path) -> Result<T, TopologyError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, TopologyError> {
        self.map_err(|error| TopologyError::Io { doing: what(), source: error.into() })
    }

    fn doing_to(self, verb: &str, path: &Path) -> Result<T, TopologyError> {
        self.doing(|| format!("{verb} {}", path.display()))
    }
}
