//! The slowest operations of a slice: a small fixed number per operation, kept without allocation.

use super::Times;
use crate::words::FailureKey;

/// How many are kept of each operation.
pub const SLOWEST: usize = 10;

/// Which operation it was: with seed, round and phase this is all that its draws depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationNumber {
    /// Closed loop: operation `count` of `client` in the measurement, both from 0.
    Client {
        /// Over all workers.
        client: u32,
        /// Of its operations.
        count: u64,
    },
    /// Open loop: the number of the arrival in the measurement, from 0.
    Arrival(u64),
}

/// One of the slowest operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    /// Response time and its parts.
    pub times: Times,
    /// Which it was.
    pub number: OperationNumber,
    /// Its intended start by the slice's clock, ns.
    pub intended_ns: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// What it failed by; `None`: it succeeded.
    pub failure: Option<FailureKey>,
}

/// The slowest of one operation so far, in no order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slowest {
    kept: [Option<Slow>; SLOWEST],
    /// The shortest response time kept, once all places are taken.
    floor_ns: Option<u64>,
}

impl Slowest {
    /// Whether an operation with this response time is among them.
    #[inline]
    #[must_use]
    pub fn takes(&self, response_ns: u64) -> bool {
        self.floor_ns.is_none_or(|floor_ns| response_ns > floor_ns)
    }

    /// Keeps an operation, in the place of the fastest one kept; nothing happens where it is not slower.
    pub fn keep(&mut self, slow: Slow) {
        if !self.takes(slow.times.response_ns) {
            return;
        }
        let place = self.kept.iter_mut().min_by_key(|kept| response_ns(kept));
        if let Some(place) = place {
            *place = Some(slow);
        }
        self.floor_ns = self.kept.iter().map(response_ns).min().flatten();
    }

    /// Keeps what `other` has that is slower.
    pub fn merge(&mut self, other: &Self) {
        other.kept.iter().flatten().for_each(|slow| self.keep(*slow));
    }

    /// From the slowest down; of equal ones in the order of their numbers.
    #[must_use]
    pub fn sorted(&self) -> Vec<Slow> {
        let mut sorted: Vec<Slow> = self.kept.iter().flatten().copied().collect();
        sorted.sort_by_key(|slow| (std::cmp::Reverse(slow.times.response_ns), slow.number));
        sorted
    }
}

/// A free place is below everything.
fn response_ns(kept: &Option<Slow>) -> Option<u64> {
    kept.as_ref().map(|slow| slow.times.response_ns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{OperationNumber, SLOWEST, Slow, Slowest};
    use crate::metrics::Times;

    fn slow(number: u64, response_ns: u64) -> Slow {
        Slow {
            times: Times { response_ns, service_ns: response_ns, ..Times::default() },
            number: OperationNumber::Arrival(number),
            intended_ns: 0,
            retried: 0,
            failure: None,
        }
    }

    fn responses(slowest: &Slowest) -> Vec<u64> {
        slowest.sorted().iter().map(|slow| slow.times.response_ns).collect()
    }

    proptest! {
        #[test]
        fn the_slowest_are_kept_however_they_come_and_are_split(
            all in prop::collection::vec(0_u64..50, 0..60),
            split in 0_usize..60,
        ) {
            let (first, second) = all.split_at(split.min(all.len()));
            let of = |times: &[u64]| {
                let mut slowest = Slowest::default();
                times.iter().enumerate().for_each(|(number, ns)| slowest.keep(slow(number as u64, *ns)));
                slowest
            };
            let mut merged = of(first);
            merged.merge(&of(second));
            let mut expected = all.clone();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            expected.truncate(SLOWEST);
            prop_assert_eq!(responses(&of(&all)), expected.clone());
            prop_assert_eq!(responses(&merged), expected);
        }
    }
}
