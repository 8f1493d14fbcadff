//! Recorders, counters with their accounting identity, snapshots, the log of histograms. The only door to hdrhistogram.
//!
//! Everything here is a number in nanoseconds or a count; units for people and files are the business of `result`.

mod counters;
mod distribution;
pub mod hlog;
mod recorded;
mod recorder;
mod slice;
mod slowest;

pub use counters::{Counters, Failures};
pub use distribution::{Bucket, Distribution, Exact, HIGHEST_NS, Precision, VALUES_ABOVE};
pub use recorded::{Recorded, Sample};
pub use recorder::{OperationMetrics, Outcome, Recorder, Snapshot, Times, histogram_bytes, precision_for};
pub use slice::{MachineUsage, Reconnects, SliceMetrics, WorkerUsage};
pub use slowest::{OperationNumber, SLOWEST, Slow, Slowest};
