//! Statistics, pure: intervals over rounds, the difference that would have been found. Knows no metric and no variant.
//!
//! The unit of replication is the round: every function takes one figure (or one pair) per round. Nothing is estimated
//! below three rounds, where an interval would say more about its formula than about the figures.

mod estimate;
mod trend;

pub use estimate::{CONFIDENCE, Estimate, Interval, MIN_ROUNDS, difference, ratio, value};
pub use trend::{Trend, common_trend, trend};

#[cfg(test)]
mod tests;
