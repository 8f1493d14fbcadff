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
    /// Of the failed: whether their commit took effect is not known.
    pub unknown: u64,
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
