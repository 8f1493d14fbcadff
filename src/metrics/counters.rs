//! Counts of operations, and the identity that they keep.

use std::collections::BTreeMap;

use crate::words::FailureKey;

/// Counts of one operation (or, summed, of the mix).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Operations whose start lay in the slice by plan.
    pub planned: u64,
    /// Tries, retries included.
    pub attempts: u64,
    /// Operations that ended well.
    pub succeeded: u64,
    /// Operations that failed for good.
    pub failed: u64,
    /// Attempts that ended without the answer to their commit: whether it took effect is not known.
    pub unknown: u64,
    /// Of these, what comes besides the one effect that an operation has or may have: attempts of operations that succeeded
    /// in another one, and of those that failed all but one.
    pub unknown_besides: u64,
    /// Planned, never started (open loop).
    pub unstarted: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// Of the planned: their end was not seen (unstarted, cut off by the drain, or ended by their own timeout).
    pub censored: u64,
    /// Statements sent.
    pub statements: u64,
    /// Rows returned or affected by operations that succeeded.
    pub rows: u64,
}

/// Failures by key: how many, and one primary message each (never DETAIL).
pub type Failures = BTreeMap<FailureKey, (u64, String)>;

impl Counters {
    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.planned += other.planned;
        self.attempts += other.attempts;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.unknown_besides += other.unknown_besides;
        self.unstarted += other.unstarted;
        self.retried += other.retried;
        self.censored += other.censored;
        self.statements += other.statements;
        self.rows += other.rows;
    }

    /// Operations whose end was seen: succeeded and failed.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed
    }

    /// What the accounting identity says against these counts of a closed slice:
    /// `planned = succeeded + failed + unstarted` and `attempts = succeeded + failed + retried`. `None`: nothing.
    #[must_use]
    pub fn violation(&self) -> Option<String> {
        let Self {
            planned, attempts, succeeded, failed, unstarted, retried, censored, unknown, unknown_besides, ..
        } = *self;
        if planned != succeeded + failed + unstarted {
            return Some(format!(
                "planned {planned} ≠ succeeded {succeeded} + failed {failed} + unstarted {unstarted}"
            ));
        }
        if attempts != succeeded + failed + retried {
            return Some(format!("attempts {attempts} ≠ succeeded {succeeded} + failed {failed} + retried {retried}"));
        }
        if censored < unstarted || censored > unstarted + failed {
            return Some(format!("censored {censored} does not fit failed {failed} and unstarted {unstarted}"));
        }
        if unknown < unknown_besides || unknown - unknown_besides > failed || unknown_besides > retried {
            return Some(format!(
                "unknown {unknown}, {unknown_besides} of them besides another attempt, does not fit failed {failed} and \
                 retried {retried}"
            ));
        }
        None
    }
}

/// Adds all failures of `other`; the first message of a key stays.
pub(super) fn merge_failures(into: &mut Failures, other: &Failures) {
    for (key, (count, message)) in other {
        into.entry(*key).or_insert_with(|| (0, message.clone())).0 += count;
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, Failures, merge_failures};
    use crate::words::{FailureClass, FailureKey, SqlState};

    #[test]
    fn merging_adds_every_count() {
        // Every field is named: one that is new must be thought of here.
        let counts = |times: u64| Counters {
            planned: times,
            attempts: 2 * times,
            succeeded: 3 * times,
            failed: 4 * times,
            unknown: 5 * times,
            unknown_besides: 11 * times,
            unstarted: 6 * times,
            retried: 7 * times,
            censored: 8 * times,
            statements: 9 * times,
            rows: 10 * times,
        };
        let mut sum = counts(1);
        sum.merge(&counts(10));
        sum.merge(&counts(100));
        assert_eq!(sum, counts(111));
    }

    #[test]
    fn failures_of_several_workers_add_up_by_key() {
        let timeout = FailureKey::Class(FailureClass::Timeout);
        let state = FailureKey::State(SqlState::new("40001").expect("five characters"));
        let some = |key, count, message: &str| Failures::from([(key, (count, message.to_owned()))]);
        let mut sum = Failures::new();
        for part in [some(timeout, 2, "first"), some(state, 5, "other"), some(timeout, 3, "second")] {
            merge_failures(&mut sum, &part);
        }
        let expected = [(timeout, (5, "first".to_owned())), (state, (5, "other".to_owned()))];
        assert_eq!(sum, Failures::from(expected));
    }

    #[test]
    fn a_lost_operation_is_noticed() {
        let good = Counters {
            planned: 10,
            attempts: 9,
            succeeded: 6,
            failed: 2,
            unstarted: 2,
            retried: 1,
            censored: 3,
            ..Counters::default()
        };
        assert_eq!(good.violation(), None);
        let lost = Counters { succeeded: 5, ..good.clone() };
        assert_eq!(lost.violation().as_deref(), Some("planned 10 ≠ succeeded 5 + failed 2 + unstarted 2"));
        let uncounted = Counters { retried: 0, ..good.clone() };
        assert!(uncounted.violation().is_some_and(|text| text.starts_with("attempts 9")));
        assert!(Counters { censored: 1, ..good.clone() }.violation().is_some(), "unstarted operations are censored");
        // Two that failed and one attempt that was tried again: no more can be without an answer.
        let unknown = |unknown, unknown_besides| Counters { unknown, unknown_besides, ..good.clone() }.violation();
        assert_eq!((unknown(2, 0), unknown(3, 1), unknown(1, 1)), (None, None, None));
        assert!([(3, 0), (4, 2), (0, 1)].iter().all(|(all, besides)| unknown(*all, *besides).is_some()));
    }
}
