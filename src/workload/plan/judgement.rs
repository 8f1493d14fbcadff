//! Claims and expectations: what is said of the outcome, and what it requires.

use super::Place;
use crate::words::Metric;

/// A claim or an expectation.
#[derive(Clone, Debug)]
pub struct JudgementPlan {
    /// The sentence.
    pub claim: String,
    /// Who says so.
    pub source: Option<String>,
    /// Index into [`Plan::variants`].
    pub variant: usize,
    /// Of one operation instead of the mix.
    pub operation: Option<String>,
    /// Of one job instead of the mix.
    pub job: Option<String>,
    /// What is judged.
    pub metric: Metric,
    /// Index of the variant it is compared with.
    pub against: usize,
    /// The bound.
    pub bound: Bound,
    /// Where the file states it.
    pub place: Place,
}

/// What a claim requires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Of the ratio to `against`.
    Ratio(Limit),
    /// Of the figure itself; times in microseconds.
    Value(Limit),
}

/// One side of a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// ≤
    AtMost(f64),
    /// ≥
    AtLeast(f64),
    /// = (values only)
    Equals(f64),
}
