//! A server that already runs: reached, asked about itself, and guarded.
//!
//! What dbbench makes there is [`super::guard`]'s business. Here every session that goes to a database which is not dbbench's
//! own is made read-only from its first packet on, unless the user has allowed writes to that database by name. Whether that
//! was taken is asked of the server before anything else is: a pooler may refuse settings, or drop them without a word.

mod attach;
mod error;
mod facts;
mod taken;

use std::time::Duration;

pub use attach::{Approach, attach, reach};
pub use error::ExternalError;
pub use facts::Facts;

use super::guard::{CopySource, OwnDatabase, OwnSchema};
use crate::driver::{Control, DriverError, Endpoint};
use crate::event::Events;

/// How long a session on somebody's server may wait for a lock before it gives up: others wait behind it.
const LOCK_TIMEOUT: &str = "2s";
/// How long `DROP DATABASE` and its like may take at the end of a run.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// What a run wants of a server.
#[derive(Clone, Debug)]
pub struct Wishes<'a> {
    /// Name of the workload.
    pub workload: &'a str,
    /// Whether it has data of its own, for which a database (or a schema) is made.
    pub dataset: bool,
    /// `--schema`.
    pub schema: Option<&'a str>,
    /// `--allow-writes-to`.
    pub allow_writes_to: Option<&'a str>,
    /// `--keep`.
    pub keep: bool,
    /// Where progress and warnings go.
    pub events: Events,
}

/// A server that already runs. Dropping it takes away what was made there, also what is to be kept: that is for [`External::end`].
#[derive(Debug)]
pub struct External {
    /// The way that worked, without the guard's settings.
    base: Endpoint,
    /// Else sessions get no settings at their start, since a pooler refuses or drops them.
    has_guard: bool,
    may_write: bool,
    encryption: Option<&'static str>,
    facts: Facts,
    own: Own,
}

/// Where the dataset is.
#[derive(Debug)]
pub(super) enum Own {
    Nothing,
    Database(OwnDatabase),
    Schema(OwnSchema),
}

impl External {
    /// What the server says about itself.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// `TLS 1.3`; `None` when nothing is encrypted.
    #[must_use]
    pub fn encryption(&self) -> Option<&'static str> {
        self.encryption
    }

    /// The database that dbbench made here, if it did.
    #[must_use]
    pub fn own_database(&self) -> Option<&str> {
        match &self.own {
            Own::Database(own) => Some(own.name()),
            _ => None,
        }
    }

    /// The schema that dbbench made here, if it did.
    #[must_use]
    pub fn own_schema(&self) -> Option<&str> {
        match &self.own {
            Own::Schema(own) => Some(own.name()),
            _ => None,
        }
    }

    /// What copies of the data are made with; `None` where the data is not in a database of dbbench's own.
    ///
    /// # Errors
    /// When the server does not let another session in.
    pub async fn make_copyable(&mut self, workload: &str) -> Result<Option<CopySource>, DriverError> {
        match &mut self.own {
            Own::Database(own) => own.make_copyable(workload).await.map(Some),
            Own::Nothing | Own::Schema(_) => Ok(None),
        }
    }

    /// Whether sessions of the load can write: in dbbench's own database, and where the user has allowed it.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.may_write || self.own_database().is_some()
    }

    /// Whether sessions can be given settings at their start, which some poolers refuse or drop.
    #[must_use]
    pub fn takes_settings(&self) -> bool {
        self.has_guard
    }

    /// Where sessions of the load go.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        match &self.own {
            Own::Database(own) => Endpoint { database: own.name().to_owned(), ..self.base.clone() },
            Own::Schema(own) => within(&self.guarded(), own.name()),
            Own::Nothing => self.guarded(),
        }
    }

    fn guarded(&self) -> Endpoint {
        if self.has_guard { guarded(&self.base, self.may_write) } else { self.base.clone() }
    }

    /// Host, port and database as a text that tells two targets apart; shown to nobody.
    #[must_use]
    pub fn identity(&self) -> String {
        let Endpoint { address, database, security, .. } = &self.base;
        format!("{address} {database} {}", security.tls.is_some())
    }

    /// Takes away what was made, or keeps it; what the user should know.
    #[must_use]
    pub fn end(self) -> Vec<String> {
        match self.own {
            Own::Nothing => Vec::new(),
            Own::Database(own) => own.end().into_iter().collect(),
            Own::Schema(own) => own.end().into_iter().collect(),
        }
    }
}

/// An endpoint whose sessions cannot write, unless they may, and do not keep others waiting for locks.
fn guarded(endpoint: &Endpoint, may_write: bool) -> Endpoint {
    let endpoint = with(endpoint, taken::LOCK_TIMEOUT, LOCK_TIMEOUT);
    if may_write { endpoint } else { with(&endpoint, taken::READ_ONLY, "on") }
}

/// An endpoint whose sessions are in a schema.
fn within(endpoint: &Endpoint, schema: &str) -> Endpoint {
    with(endpoint, taken::SEARCH_PATH, &super::guard::identifier(schema))
}

/// An endpoint with a setting of its sessions.
fn with(endpoint: &Endpoint, name: &str, value: &str) -> Endpoint {
    let mut endpoint = endpoint.clone();
    endpoint.startup.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    endpoint.startup.push((name.to_owned(), value.to_owned()));
    endpoint
}

/// Does something on a connection of its own and a runtime of its own, from wherever it is called: also from a destructor
/// inside of a runtime.
pub(super) fn on_own_thread<T: Send>(
    endpoint: &Endpoint,
    work: impl AsyncFnOnce(&Control) -> Result<T, DriverError> + Send,
) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("guard".to_owned()).spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(async {
                let done = tokio::time::timeout(END_TIMEOUT, async {
                    let control = Control::connect(endpoint).await?;
                    let done = work(&control).await;
                    control.close().await;
                    done
                });
                match done.await {
                    Ok(done) => done.map_err(|error| error.to_string()),
                    Err(_) => Err(format!("no answer within {} s", END_TIMEOUT.as_secs())),
                }
            })
        });
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err("the thread ended".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Address;

    #[test]
    fn a_guarded_session_cannot_be_unguarded_by_the_connection_string() {
        let base = Endpoint {
            name: "primary".into(),
            address: Address::Tcp { host: "h".into(), port: 1 },
            user: "u".into(),
            password: None,
            database: "d".into(),
            startup: vec![
                ("Default_Transaction_Read_Only".into(), "off".into()),
                ("work_mem".into(), "1MB".into()),
                ("lock_timeout".into(), "0".into()),
            ],
            connect_delay: Duration::ZERO,
            security: Default::default(),
        };
        let settings = |may_write| -> Vec<String> {
            guarded(&base, may_write).startup.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        assert_eq!(settings(false), ["work_mem=1MB", "lock_timeout=2s", "default_transaction_read_only=on"]);
        assert!(!settings(true).contains(&"default_transaction_read_only=on".to_owned()));
    }
}
