//! What a session sent, for those who want to send it again: the plans of statements are taken that way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Numbers what is sent on several sessions, so that their tapes can be put together again.
#[derive(Clone, Debug, Default)]
pub struct TapeOrder(Arc<AtomicU64>);

/// Executions in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    order: TapeOrder,
    /// With their numbers.
    sent: Vec<(u64, Sent)>,
    bytes: usize,
    is_full: bool,
}

impl Tape {
    pub(super) fn new(order: TapeOrder) -> Self {
        Self { order, ..Self::default() }
    }

    fn push(&mut self, sent: Sent) {
        self.sent.push((self.order.0.fetch_add(1, Ordering::Relaxed), sent));
    }

    /// Adds what another session sent meanwhile, which counted in the same order.
    pub fn join(&mut self, other: Self) {
        self.sent.extend(other.sent);
        self.sent.sort_by_key(|(number, _)| *number);
        self.bytes += other.bytes;
        self.is_full |= other.is_full;
    }

    pub(super) fn execution(&mut self, statement: StatementId, args: &Args) {
        if self.has_room(args.bytes().len()) {
            self.push(Sent::Execution(statement, args.clone()));
        }
    }

    pub(super) fn copy(&mut self, statement: StatementId, rows: &[u8]) {
        if self.has_room(rows.len()) {
            self.push(Sent::Copy(statement, rows.to_vec()));
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
    pub fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().map(|(_, sent)| sent)
    }

    /// Whether more was sent than is kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT_BYTES, Sent, Tape, TapeOrder};
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
        let sent: Vec<_> = tape.sent().collect();
        let [Sent::Execution(StatementId(3), kept)] = sent[..] else { panic!("{:?}", sent.len()) };
        assert_eq!(kept.bytes(), args.bytes());
    }

    #[test]
    fn tapes_of_several_sessions_are_put_together_in_the_order_of_sending() {
        let order = TapeOrder::default();
        let (mut one, mut other) = (Tape::new(order.clone()), Tape::new(order));
        for statement in 0..6 {
            let tape = if statement % 3 == 0 { &mut one } else { &mut other };
            tape.execution(StatementId(statement), &Args::default());
        }
        one.join(other);
        let number = |sent: &Sent| match sent {
            Sent::Execution(StatementId(number), _) | Sent::Copy(StatementId(number), _) => *number,
        };
        assert_eq!(one.sent().map(number).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }
}
