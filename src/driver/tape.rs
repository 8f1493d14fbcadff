//! What a session sent, for those who want to send it again: the plans of statements are taken that way.

use super::encode::Args;
use super::session::StatementId;

/// Of the arguments and rows of an operation so much is kept.
const LIMIT_BYTES: usize = 64_000_000;

/// One execution.
#[derive(Clone, Debug)]
pub enum Sent {
    /// Of a statement with its arguments.
    Execution(StatementId, Args),
    /// Of a COPY with its rows.
    Copy(StatementId, Vec<u8>),
}

/// Executions in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    sent: Vec<Sent>,
    bytes: usize,
    is_full: bool,
}

impl Tape {
    pub(super) fn execution(&mut self, statement: StatementId, args: &Args) {
        if self.has_room(args.bytes().len()) {
            self.sent.push(Sent::Execution(statement, args.clone()));
        }
    }

    pub(super) fn copy(&mut self, statement: StatementId, rows: &[u8]) {
        if self.has_room(rows.len()) {
            self.sent.push(Sent::Copy(statement, rows.to_vec()));
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        // A statement without arguments takes space too.
        const EACH: usize = 64;
        self.bytes += bytes + EACH;
        self.is_full |= self.bytes > LIMIT_BYTES;
        !self.is_full
    }

    /// What was sent, in order.
    #[must_use]
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// Whether more was sent than is kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT_BYTES, Sent, Tape};
    use crate::driver::{Args, StatementId};

    #[test]
    fn a_tape_keeps_what_fits_and_says_that_there_was_more() {
        let mut tape = Tape::default();
        let mut args = Args::default();
        args.raw(Some(b"one"));
        tape.execution(StatementId(3), &args);
        tape.copy(StatementId(4), &vec![0; LIMIT_BYTES]);
        tape.execution(StatementId(5), &args);
        assert!(tape.is_full());
        let [Sent::Execution(StatementId(3), kept)] = tape.sent() else { panic!("{:?}", tape.sent().len()) };
        assert_eq!(kept.bytes(), args.bytes());
    }
}
