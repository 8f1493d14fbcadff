//! Connection strings as libpq reads them: URLs and `key=value`, completed by `PG*` variables and the password file.
//!
//! `${NAME}` stands for a variable of the environment: at the beginning of the text for the whole of it, elsewhere for a
//! part of one value, which needs no percent-encoding then. No message repeats anything that could be a password: what a
//! mistyped URL takes for a host or a keyword may be half of one.

mod keywords;
mod outside;
mod passfile;
mod resolve;
mod text;

pub use outside::Outside;
pub use resolve::{Conninfo, SessionKind};

/// A connection string that cannot be used: what, and what to do. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConninfoError(String);

impl ConninfoError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Values by keyword; each keyword once.
#[derive(Default)]
struct Values(Vec<(&'static str, String)>);

impl Values {
    fn get(&self, keyword: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == keyword).map(|(_, value)| value.as_str())
    }

    /// The last one wins, as in libpq.
    fn set(&mut self, keyword: &'static str, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == keyword) {
            Some((_, known)) => *known = value,
            None => self.0.push((keyword, value)),
        }
    }
}

/// Reads a connection string; an empty one leaves everything to the environment.
///
/// # Errors
/// What cannot be read, is not supported, or does not exist (a variable, a file).
pub fn read(text: &str, outside: &Outside<'_>) -> Result<Conninfo, ConninfoError> {
    let mut values = text::read(text, outside)?;
    keywords::fill_in(&mut values, outside)?;
    resolve::resolve(&values, outside)
}

#[cfg(test)]
mod tests;
