//! What a run leaves behind: versioned types of its own (never the workload's or the command line's), the store that
//! appends while running, the reader, and the summary made from slices alone.
//!
//! Not responsible for judging: comparisons, claims and validity are the business of `verdict`.

pub mod interval;
pub mod run;
pub mod slice;
pub mod summary;
mod times;

pub use times::{SliceTimes, TimesUs};
