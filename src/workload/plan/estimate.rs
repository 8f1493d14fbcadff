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

/// Copying, vacuuming and writing out a copy of little data.
const COPY: Duration = Duration::from_millis(300);

/// What a copy, or a statement over all its narrow rows (an index, a new column), gets through on small machines.
const ROWS_PER_S: u64 = 1_000_000;

/// The least time that the setup of all variants is likely to take: statements over all rows, as most are.
#[must_use]
pub fn setup(plan: &Plan) -> Duration {
    let tables = plan.dataset.iter().flat_map(|dataset| &dataset.tables);
    let rows = tables.map(|table| table.rows).fold(0, u64::saturating_add);
    let pass = Duration::from_micros(rows.saturating_mul(1_000_000 / ROWS_PER_S));
    let with_setup = plan.variants.iter().filter(|variant| !variant.setup.is_empty());
    let passes = |variant: &VariantPlan| u32::try_from(variant.setup.len()).unwrap_or(u32::MAX).saturating_add(1);
    with_setup
        .map(|variant| COPY.saturating_add(pass.saturating_mul(passes(variant))))
        .fold(Duration::ZERO, Duration::saturating_add)
}

/// The time of one slice of a variant.
#[must_use]
pub fn slice(variant: &VariantPlan) -> Duration {
    let clients = CLIENT.saturating_mul(variant.load.clients()) + variant.link.rtt.saturating_mul(ROUND_TRIPS);
    variant.warmup + variant.measure + SLICE + clients
}
