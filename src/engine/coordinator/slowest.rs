//! The slowest operations of a slice with what they drew. Values are derived here, after the slice: the workers keep
//! only which operations it were.

use std::time::Duration;

use crate::engine::bound::BoundVariant;
use crate::engine::clock::SliceClock;
use crate::engine::drawn::drawn_params;
use crate::metrics::{OperationNumber, Slow, Snapshot};
use crate::param::{Phase, Stream};

/// One of the slowest operations of a slice.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowOperation {
    /// Index into the variant's operations.
    pub operation: usize,
    /// Its times, and which it was.
    pub slow: Slow,
    /// Its intended start from the begin of the measurement.
    pub start: Duration,
    /// Parameters and their values; where a loop draws anew, the first. They may hold what the workload read from
    /// somebody's tables.
    pub params: Vec<(String, String)>,
}

/// Those of all operations, each from its slowest down.
pub(super) fn slowest(
    bound: &BoundVariant,
    seed: u64,
    round: u32,
    clock: &SliceClock,
    total: &Snapshot,
) -> Vec<SlowOperation> {
    let Some((from_ns, _)) = clock.measurement() else { return Vec::new() };
    let mut all = Vec::new();
    for (operation, metrics) in total.operations.iter().enumerate() {
        all.extend(metrics.slowest.sorted().into_iter().map(|slow| {
            let stream = match slow.number {
                OperationNumber::Client { client, count } => {
                    Stream::operation(seed, round, Phase::Measure, client, count)
                }
                OperationNumber::Arrival(number) => Stream::arrival(seed, round, Phase::Measure, number),
            };
            SlowOperation {
                operation,
                slow,
                start: Duration::from_nanos(slow.intended_ns.saturating_sub(from_ns)),
                params: drawn_params(bound, operation, stream, clock.wall_us(slow.intended_ns)),
            }
        }));
    }
    all
}
