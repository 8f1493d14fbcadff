//! How long a run will take.

use std::time::Duration;

use super::{Action, ClonePlan, Plan, VariantPlan, first_word, walk};

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

/// Words at the beginning of statements that change something whatever comes after them.
const WRITES: [&str; 8] = ["ALTER", "CREATE", "DELETE", "DROP", "INSERT", "MERGE", "TRUNCATE", "UPDATE"];

/// How many slices begin with a new copy of the data: where any operation writes, those of all variants. None where that shows
/// in no statement, though a function may write; without a dataset there may be nothing to copy.
#[must_use]
pub fn copies(plan: &Plan) -> u64 {
    if plan.dataset.is_none() || !plan.variants.iter().any(writes) {
        return 0;
    }
    let each = |variant: &VariantPlan| match variant.clone {
        ClonePlan::Slice => u64::from(plan.run.rounds),
        ClonePlan::Variant => 1,
    };
    plan.variants.iter().map(each).sum()
}

fn writes(variant: &VariantPlan) -> bool {
    let mut found = false;
    for operation in &variant.operations {
        walk(&operation.steps, &mut |step| {
            found |= match &step.action {
                Action::Insert(_) => true,
                Action::Statement(statement) => {
                    let word = first_word(&variant.statements[statement.statement].text.sql).unwrap_or_default();
                    WRITES.iter().any(|known| word.eq_ignore_ascii_case(known))
                }
                _ => false,
            };
        });
    }
    found || variant.background.as_ref().is_some_and(|background| writes(&background.work))
}

/// The time of one slice of a variant.
#[must_use]
pub fn slice(variant: &VariantPlan) -> Duration {
    let clients = CLIENT.saturating_mul(variant.load.clients()) + variant.link.rtt.saturating_mul(ROUND_TRIPS);
    variant.warmup + variant.measure + SLICE + clients
}
