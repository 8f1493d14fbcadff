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
    unconfirmed_before: Cell<u64>,
    prepared_again: Cell<u64>,
    cut: Cell<bool>,
}

impl Progress {
    /// Forgets the operation before. (After one that was cut off there is none.)
    pub(in crate::engine) fn clear(&self) {
        self.statements.set(0);
        self.rows.set(0);
        self.retried.set(0);
        self.lost_ns.set(0);
        self.unconfirmed.set(false);
        self.unconfirmed_before.set(0);
        self.prepared_again.set(0);
    }

    /// Nothing is sent any more: the operation is counted as what it is now.
    pub(in crate::engine) fn cut(&self) {
        self.cut.set(true);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.get()
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

    /// Attempts that sent something that commits, and ended without its answer: they may have taken effect.
    pub(in crate::engine) fn unconfirmed_attempts(&self) -> u64 {
        self.unconfirmed_before.get() + u64::from(self.unconfirmed.get())
    }

    /// Whether this is so of what was sent last.
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.unconfirmed.get()
    }

    /// Counts a statement that is sent next.
    ///
    /// # Errors
    /// As [`Progress::sent_many`].
    #[inline]
    pub(super) fn sent(&self, commits: bool) -> Result<(), OperationError> {
        self.sent_many(1, commits)
    }

    /// Counts statements that are sent next.
    ///
    /// # Errors
    /// The operation was cut off: they must not be sent.
    #[inline]
    pub(super) fn sent_many(&self, statements: u64, commits: bool) -> Result<(), OperationError> {
        if self.cut.get() {
            return Err(OperationError::CutOff);
        }
        self.statements.set(self.statements.get() + statements);
        self.unconfirmed.set(commits);
        Ok(())
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
        // The next attempt can do all of it once more, and cannot say what became of this one.
        self.unconfirmed_before.set(self.unconfirmed_attempts());
        self.unconfirmed.set(false);
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
    #[error("cut off")]
    CutOff,
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
            Self::TimedOut(_) | Self::CutOff => FailureKey::Class(FailureClass::Timeout),
            Self::ColumnsChanged | Self::Misfit(_) => FailureKey::Class(FailureClass::Other),
        }
    }

    /// Whether the connection is gone.
    pub(in crate::engine) fn is_fatal(&self) -> bool {
        match self {
            Self::Driver(error) => error.is_fatal(),
            // The server may be at it still.
            Self::TimedOut(_) | Self::CutOff => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OperationError, Progress};

    #[test]
    fn an_attempt_whose_commit_was_not_answered_is_not_forgotten_by_the_next() {
        let progress = Progress::default();
        let sent = |commits| progress.sent(commits).expect("it was not cut off");
        sent(true);
        assert_eq!(progress.unconfirmed_attempts(), 1);
        progress.retry(0, 0);
        sent(false);
        sent(true);
        assert_eq!(progress.unconfirmed_attempts(), 2);
        progress.confirmed();
        assert_eq!(progress.unconfirmed_attempts(), 1, "the second was answered, the first never");
        progress.retry(0, 0);
        assert_eq!((progress.unconfirmed_attempts(), progress.retried()), (1, 2));
        progress.clear();
        assert_eq!(progress.unconfirmed_attempts(), 0);
    }

    #[test]
    fn what_was_cut_off_sends_nothing_more() {
        let progress = Progress::default();
        progress.sent(false).expect("it was not cut off yet");
        progress.cut();
        assert!(matches!(progress.sent(true), Err(OperationError::CutOff)));
        assert_eq!((progress.statements(), progress.unconfirmed_attempts()), (1, 0), "what is not sent does not count");
    }
}
