//! Whether the settings that sessions are to begin with were taken. A pooler may drop them without a word: then a session that
//! is to be read-only writes, and a table that is to be made in a schema is made in another.

use super::{guarded, with, within};
use crate::driver::{DriverError, Endpoint};

/// Keeps sessions from writing.
pub(super) const READ_ONLY: &str = "default_transaction_read_only";
/// Ends waiting for locks.
pub(super) const LOCK_TIMEOUT: &str = "lock_timeout";
/// The schema that sessions are in.
pub(super) const SEARCH_PATH: &str = "search_path";

/// A timeout that nobody else has set: whether settings are taken is told by it from what others have left on a connection.
fn unlike_others() -> String {
    format!("{}ms", 2_001 + std::process::id() % 999)
}

/// An endpoint that sends all that a run may have to rely on, whether it may write or not, and which settings these are.
pub(super) fn asking_for_all(endpoint: &Endpoint, schema: Option<&str>) -> (Endpoint, &'static [&'static str]) {
    let endpoint = with(&guarded(endpoint, false), LOCK_TIMEOUT, &unlike_others());
    match schema {
        None => (endpoint, &[READ_ONLY, LOCK_TIMEOUT]),
        Some(schema) => (within(&endpoint, schema), &[READ_ONLY, LOCK_TIMEOUT, SEARCH_PATH]),
    }
}

/// What a session of an endpoint is asked for: settings that were sent, and what they are to be.
pub(super) struct Question<'a> {
    endpoint: &'a Endpoint,
    sent: Vec<&'a (String, String)>,
}

impl<'a> Question<'a> {
    /// After these settings, as far as the endpoint sends them.
    pub(super) fn new(endpoint: &'a Endpoint, names: &[&str]) -> Self {
        let sent = endpoint.startup.iter().filter(|(name, _)| names.contains(&name.as_str())).collect();
        Self { endpoint, sent }
    }

    /// One statement: a pooler may send the next one to another server connection. `None` where there is nothing to ask.
    pub(super) fn sql(&self) -> Option<String> {
        let each = self.sent.iter().map(|(name, _)| format!("pg_catalog.current_setting('{name}')"));
        let each = each.collect::<Vec<_>>().join(", ");
        (!each.is_empty()).then(|| format!("SELECT {each}"))
    }

    /// Sees whether all were taken. What a server does not tell is not known, and counts as lost.
    pub(super) fn judge(&self, answer: Result<Vec<Vec<Option<String>>>, DriverError>) -> Result<(), DriverError> {
        let told = match answer {
            Ok(rows) => rows.into_iter().next().unwrap_or_default(),
            Err(DriverError::Server(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        match differing(&self.sent, &told) {
            None => Ok(()),
            Some(setting) => {
                Err(DriverError::NotTaken { endpoint: self.endpoint.label(), setting: setting.to_owned() })
            }
        }
    }
}

/// The first setting that is not as it was sent.
fn differing<'a>(sent: &[&'a (String, String)], told: &[Option<String>]) -> Option<&'a str> {
    let differs = |at: usize, value: &str| told.get(at).and_then(Option::as_deref) != Some(value);
    sent.iter().enumerate().find(|(at, (_, value))| differs(*at, value)).map(|(_, (name, _))| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_another_has_set_or_nobody_tells_was_not_taken() {
        let sent = [(LOCK_TIMEOUT.to_owned(), unlike_others()), (READ_ONLY.to_owned(), "on".to_owned())];
        let sent: Vec<_> = sent.iter().collect();
        let told = |timeout: &str, read_only: &str| [Some(timeout.to_owned()), Some(read_only.to_owned())];
        assert_eq!(differing(&sent, &told(&unlike_others(), "on")), None);
        assert_eq!(differing(&sent, &told(&unlike_others(), "off")), Some(READ_ONLY));
        // A server connection on which somebody has left a setting does not pass for one that takes them.
        assert_eq!(differing(&sent, &told("2s", "on")), Some(LOCK_TIMEOUT));
        assert_eq!(differing(&sent, &[]), Some(LOCK_TIMEOUT));
        assert_eq!(differing(&sent, &[None, None]), Some(LOCK_TIMEOUT));
        // As the server shows it: seconds are no multiple of it.
        assert!(unlike_others().strip_suffix("ms").unwrap().parse::<u32>().unwrap() % 1_000 != 0);
    }
}
