//! How long a run will take.

use std::time::Duration;

use super::{Plan, VariantPlan};

/// Shuffling, connecting and closing of a slice, whatever its size.
const SLICE: Duration = Duration::from_millis(150);

/// Connecting a client and preparing its statements: mostly the CPU that SCRAM takes on both sides.
const CLIENT: Duration = Duration::from_millis(6);

/// What connecting takes in round trips.
const ROUND_TRIPS: u32 = 6;

/// The time of all rounds, without starting servers and loading data.
#[must_use]
pub fn estimate(plan: &Plan) -> Duration {
    plan.variants.iter().map(slice).sum::<Duration>().saturating_mul(plan.run.rounds)
}

/// The time of one slice of a variant.
#[must_use]
pub fn slice(variant: &VariantPlan) -> Duration {
    let clients = CLIENT.saturating_mul(variant.load.clients()) + variant.link.rtt.saturating_mul(ROUND_TRIPS);
    variant.warmup + variant.measure + SLICE + clients
}
