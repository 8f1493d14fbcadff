//! Measurements beside the load. In this version: the machine that a run stands on.

mod machine;

pub use machine::{Machine, flush_us};
