//! How far an operation came, and why it failed.

use std::cell::Cell;
use std::time::Duration;

use crate::driver::{DriverError, Misfit};
use crate::words::{FailureClass, FailureKey};

/// How far an operation came; readable from outside while it runs.
#[derive(Debug, Default)]
pub(in crate::engine) struct Progress {
    statements: Cell<u64>,
    rows: Cell<u64>,
    retried: Cell<u64>,
    lost_ns: Cell<u64>,
    unconfirmed: Cell<bool>,
    prepared_again: Cell<u64>,
}

impl Progress {
    /// Forgets the operation before.
    pub(in crate::engine) fn clear(&self) {
        self.statements.set(0);
        self.rows.set(0);
        self.retried.set(0);
        self.lost_ns.set(0);
        self.unconfirmed.set(false);
        self.prepared_again.set(0);
    }

    /// Statements that were prepared again.
    pub(in crate::engine) fn re_prepared(&self) -> u64 {
        self.prepared_again.get()
    }

    pub(super) fn prepared_again(&self, statements: u64) {
        self.prepared_again.set(self.prepared_again.get() + statements);
    }

    /// Statements sent.
    pub(in crate::engine) fn statements(&self) -> u64 {
        self.statements.get()
    }

    /// Rows returned or affected, without those of failed attempts.
    pub(in crate::engine) fn rows(&self) -> u64 {
        self.rows.get()
    }

    /// Attempts that failed and were tried again.
    pub(in crate::engine) fn retried(&self) -> u64 {
        self.retried.get()
    }

    /// What these and the waits after them took.
    pub(in crate::engine) fn lost_ns(&self) -> u64 {
        self.lost_ns.get()
    }

    /// Whether something was sent that commits, and its answer has not come.
    pub(in crate::engine) fn is_unconfirmed(&self) -> bool {
        self.unconfirmed.get()
    }

    pub(super) fn sent(&self, commits: bool) {
        self.sent_many(1, commits);
    }

    pub(super) fn sent_many(&self, statements: u64, commits: bool) {
        self.statements.set(self.statements.get() + statements);
        self.unconfirmed.set(commits);
    }

    pub(super) fn confirmed(&self) {
        self.unconfirmed.set(false);
    }

    pub(super) fn add_rows(&self, rows: u64) {
        self.rows.set(self.rows.get() + rows);
    }

    /// What came since there were so many rows has been undone.
    pub(super) fn take_back(&self, rows: u64) {
        self.rows.set(rows);
    }

    /// The attempt that began with so many rows failed and is tried again.
    pub(super) fn retry(&self, rows: u64, lost_ns: u64) {
        self.rows.set(rows);
        self.retried.set(self.retried.get() + 1);
        self.lost_ns.set(self.lost_ns.get() + lost_ns);
    }
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::engine) enum OperationError {
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error("a reference to the first or last row of an empty set")]
    NoRow,
    #[error("expected {expected} rows, got {found}")]
    Rows { expected: u64, found: u64 },
    #[error(
        "the schema has changed, and the statement returns other columns than when the workload was bound: name the columns \
         that are needed instead of *"
    )]
    ColumnsChanged,
    #[error("not finished within its timeout of {0:?}")]
    TimedOut(Duration),
    #[error("a drawn value cannot be sent")]
    Misfit(#[from] Misfit),
}

impl OperationError {
    /// The key under which the operation is counted.
    pub(in crate::engine) fn key(&self) -> FailureKey {
        match self {
            Self::Driver(error) => error.key(),
            Self::NoRow => FailureKey::Class(FailureClass::NoRow),
            Self::Rows { .. } => FailureKey::Class(FailureClass::Rows),
            Self::TimedOut(_) => FailureKey::Class(FailureClass::Timeout),
            Self::ColumnsChanged | Self::Misfit(_) => FailureKey::Class(FailureClass::Other),
        }
    }

    /// Whether the connection is gone.
    pub(in crate::engine) fn is_fatal(&self) -> bool {
        match self {
            Self::Driver(error) => error.is_fatal(),
            // The server may be at it still.
            Self::TimedOut(_) => true,
            _ => false,
        }
    }
}
