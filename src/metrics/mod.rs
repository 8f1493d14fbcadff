//! Recorders, counters with their accounting identity, snapshots. The only door to hdrhistogram.

mod counters;
mod distribution;
mod recorder;
mod slice;

pub use counters::{Counters, Failures};
pub use distribution::Distribution;
pub use recorder::{OperationMetrics, Outcome, Recorder, Snapshot, Times};
pub use slice::{SliceMetrics, WorkerUsage};
