//! How a failed operation is named: by SQLSTATE where the server gave one, else by class.

use std::fmt;

/// A five-character SQLSTATE, for example `40001`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SqlState([u8; 5]);

impl SqlState {
    /// Reads a code as the server sends it; anything but five ASCII letters or digits gives `None`.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 5] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The bytes were checked to be ASCII.
        std::str::from_utf8(&self.0).unwrap_or("XX000")
    }

    /// Whether it tells of the server's state, its load, its end or other sessions, rather than of the statement: connections
    /// (08), what may succeed when tried again (40), resources (53), locks, ends and files (55, 57, 58), timeouts of
    /// transactions, and faults of its own (XX).
    #[must_use]
    pub fn is_trouble_of_the_server(&self) -> bool {
        match self.as_str() {
            // Objects that are not ready for the statement, parameters that cannot be changed, values of an enum that are new.
            "55000" | "55P02" | "55P04" => false,
            "25P03" | "25P04" => true,
            state => ["08", "40", "53", "55", "57", "58", "XX"].iter().any(|class| state.starts_with(class)),
        }
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The class of a failure, whether or not it has an SQLSTATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// 40001.
    Serialization,
    /// 40P01.
    Deadlock,
    /// The client's own timeout or the end of the drain, and 57014.
    Timeout,
    /// The connection was lost or refused; SQLSTATE class 08, 57P01 to 57P03, or no state at all.
    Connection,
    /// SQLSTATE class 23.
    Constraint,
    /// Waiting for a connection took too long.
    AcquireTimeout,
    /// `expect_rows` was not met.
    Rows,
    /// `.first` or `.last` of an empty set.
    NoRow,
    /// No endpoint could take the step.
    Routing,
    /// Anything else.
    Other,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Serialization,
        Self::Deadlock,
        Self::Timeout,
        Self::Connection,
        Self::Constraint,
        Self::AcquireTimeout,
        Self::Rows,
        Self::NoRow,
        Self::Routing,
        Self::Other,
    ];

    /// The class of an SQLSTATE.
    #[must_use]
    pub fn of(state: SqlState) -> Self {
        match state.as_str() {
            "40001" => Self::Serialization,
            "40P01" => Self::Deadlock,
            "57014" => Self::Timeout,
            "57P01" | "57P02" | "57P03" => Self::Connection,
            code if code.starts_with("08") => Self::Connection,
            code if code.starts_with("23") => Self::Constraint,
            _ => Self::Other,
        }
    }

    /// The name used in workload files and results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serialization => "serialization",
            Self::Deadlock => "deadlock",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Constraint => "constraint",
            Self::AcquireTimeout => "acquire_timeout",
            Self::Rows => "rows",
            Self::NoRow => "no_row",
            Self::Routing => "routing",
            Self::Other => "other",
        }
    }
}

/// The key under which a failure is counted: the SQLSTATE, or the class where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKey {
    /// The server's code.
    State(SqlState),
    /// No code: the class alone.
    Class(FailureClass),
}

impl FailureKey {
    /// The class of either.
    #[must_use]
    pub fn class(self) -> FailureClass {
        match self {
            Self::State(state) => FailureClass::of(state),
            Self::Class(class) => class,
        }
    }
}

impl fmt::Display for FailureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(state) => f.write_str(state.as_str()),
            Self::Class(class) => f.write_str(class.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SqlState;

    #[test]
    fn a_lock_that_somebody_holds_is_no_fault_of_the_statement() {
        let is_trouble = |state: &&str| SqlState::new(state).is_some_and(|state| state.is_trouble_of_the_server());
        let of_the_server =
            ["08006", "40001", "40P01", "53200", "53300", "55006", "55P03", "57014", "57P01", "58030", "XX000"];
        assert!(of_the_server.iter().all(is_trouble));
        let of_the_statement = ["42P01", "42501", "22012", "23505", "25006", "55000", "0A000"];
        assert!(!of_the_statement.iter().any(is_trouble));
    }
}
