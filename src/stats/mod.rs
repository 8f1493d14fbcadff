//! Statistics, pure: intervals over rounds, the difference that would have been found. Knows no metric and no variant.
//!
//! The unit of replication is the round: every function takes one figure (or one pair) per round. Nothing is estimated
//! below three rounds, where an interval would say more about its formula than about the figures. Simulated runs whose truth
//! is known hold the intervals to what they promise (`tests/statistics.rs`).

mod estimate;
mod trend;

pub use estimate::{CONFIDENCE, Estimate, FIRST_LOOK, Interval, Looks, MIN_ROUNDS, difference, ratio, value};
pub use trend::{Trend, common_trend, trend};
