//! Statistics, pure: intervals over rounds, the difference that would have been found. Knows no metric and no variant.
//!
//! The unit of replication is the round, and between runs the run: every function takes one figure (or one pair) for each. Nothing
//! is estimated below three, where an interval would say more about its formula than about the figures. Simulated runs whose
//! truth is known hold the intervals to what they promise (`tests/statistics.rs`).

mod between;
mod changes;
mod estimate;
pub mod seek;
mod trend;

pub use between::{MIN_RUNS, Spread, difference_between, ratio_between};
pub use changes::{Change, FALSE_ALARMS, MIN_STRETCH, changes};
pub use estimate::{CONFIDENCE, Estimate, FIRST_LOOK, Interval, Looks, MIN_ROUNDS, difference, ratio, value};
pub use trend::{Trend, common_trend, trend};
