//! When operations start: pure arithmetic over nanoseconds, without a clock or a thread.

mod profile;
mod queue;
mod schedule;

use std::sync::Arc;

pub use profile::{Piece, Profile};
pub use queue::{Arrival, ArrivalQueue, OpenCursors, OpenLoop};
pub use schedule::{Cursor, Schedule, ScheduleKey, Spacing};

/// How load is offered in a slice.
#[derive(Clone, Debug)]
pub enum Load {
    /// Clients issue the next operation when the last one has ended.
    Closed(ClosedLoop),
    /// Operations arrive by a schedule.
    Open(Arc<OpenLoop>),
}

/// The closed loop: a client issues its next operation when the last one ended and the think time has passed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedLoop {
    /// Pause between operations, ns.
    pub think_ns: u64,
    /// How many clients are there in the course of the measurement; `None`: all, always.
    pub clients: Option<Arc<Profile>>,
    /// The measurement ends after so many operations; `None`: after a time.
    pub share: Option<Share>,
}

/// So many operations, shared out evenly among so many clients beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Operations of all clients.
    pub operations: u64,
    /// Clients.
    pub clients: u32,
}

impl Share {
    /// The operations of client `number` (from 0): the first ones have one more where they do not divide.
    #[must_use]
    pub fn of(self, number: u32) -> u64 {
        let clients = u64::from(self.clients.max(1));
        self.operations / clients + u64::from(u64::from(number) < self.operations % clients)
    }
}

impl ClosedLoop {
    /// The intended start of the next operation of a client whose last one ended at `ended_ns`: the moment at which
    /// the client is free again (rule 3 of the measurement).
    #[must_use]
    pub fn next_start_ns(&self, ended_ns: u64) -> u64 {
        ended_ns.saturating_add(self.think_ns)
    }

    /// The first moment from `at_ns` on, both counted from the begin of the measurement, at which client `number` (from 0)
    /// is there: while the number of clients, rounded to the nearest, is larger than its own. `None`: not any more.
    #[must_use]
    pub fn next_there_ns(&self, number: u32, at_ns: u64) -> Option<u64> {
        match &self.clients {
            None => Some(at_ns),
            Some(clients) => clients.next_above_ns(f64::from(number) + 0.5, at_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ClosedLoop, Piece, Profile, Share};

    #[test]
    fn operations_are_shared_out_evenly_and_none_is_lost() {
        for (operations, clients) in [(10, 3), (3, 10), (0, 1), (1_000_000_007, 4_096)] {
            let share = Share { operations, clients };
            let shares: Vec<u64> = (0..clients).map(|client| share.of(client)).collect();
            assert_eq!(shares.iter().sum::<u64>(), operations);
            assert!(shares.iter().max().zip(shares.iter().min()).is_some_and(|(most, least)| most - least <= 1));
        }
    }

    #[test]
    fn the_next_start_is_the_end_plus_the_think_time() {
        let closed = |think_ns| ClosedLoop { think_ns, clients: None, share: None };
        assert_eq!(closed(0).next_start_ns(7), 7);
        assert_eq!(closed(5).next_start_ns(7), 12);
        assert_eq!(closed(u64::MAX).next_start_ns(7), u64::MAX);
        assert_eq!(closed(5).next_there_ns(3, 7), Some(7));
    }

    #[test]
    fn clients_come_and_go_with_the_stages() {
        const S: u64 = 1_000_000_000;
        let stage = |seconds, from, to| Piece { length_ns: seconds * S, from, to };
        let clients = Profile::new([stage(2, 0.0, 4.0), stage(1, 4.0, 4.0), stage(1, 1.0, 1.0), stage(1, 2.0, 2.0)]);
        let closed = ClosedLoop { think_ns: 0, clients: Some(Arc::new(clients)), share: None };
        // Client 2 is the third: there once three are nearer than two, at 2.5 of the ramp from 0 to 4.
        assert_eq!(closed.next_there_ns(2, 0), Some(S + S / 4 + 1));
        assert_eq!(closed.next_there_ns(2, S + S / 2), Some(S + S / 2));
        assert_eq!(closed.next_there_ns(2, 3 * S), None);
        assert_eq!(closed.next_there_ns(1, 3 * S), Some(4 * S));
        assert_eq!(closed.next_there_ns(0, 3 * S + 7), Some(3 * S + 7));
        // The clients that are there over the ramp come to what the ramp does.
        let client_ns: u64 = (0..4).map(|number| 2 * S - closed.next_there_ns(number, 0).expect("comes")).sum();
        assert_eq!(client_ns, 4 * S - 4);
        assert_eq!(closed.next_there_ns(0, 5 * S), None, "after the last stage nobody is");
    }
}
