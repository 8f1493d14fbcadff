//! The operations that took longest, folded, a table per variant.

use serde::Serialize;

use crate::report::{Inputs, format, wording};
use crate::result::slowest::SlowRecord;

/// Rows of each operation.
const ROWS: usize = 10;

/// A variant.
#[derive(Debug, Serialize)]
pub(super) struct Slowest {
    variant: String,
    rows: Vec<SlowRow>,
}

/// An operation.
#[derive(Debug, Serialize)]
struct SlowRow {
    operation: String,
    response: String,
    service: String,
    queue: String,
    acquire: String,
    lag: String,
    round: u32,
    start: String,
    number: String,
    params: String,
    outcome: String,
}

/// Of each variant and operation the slowest over all rounds, from the slowest down.
pub(super) fn slowest(inputs: &Inputs<'_>) -> Vec<Slowest> {
    let mut tables = Vec::new();
    for variant in &inputs.summary.variants {
        let mut rows = Vec::new();
        for operation in &variant.operations {
            let of = |slow: &&SlowRecord| slow.variant == variant.name && slow.operation == operation.name;
            let mut slow: Vec<&SlowRecord> = inputs.slowest.iter().filter(of).collect();
            slow.sort_by(|a, b| b.response_us.total_cmp(&a.response_us));
            rows.extend(slow.into_iter().take(ROWS).map(row));
        }
        if !rows.is_empty() {
            tables.push(Slowest { variant: wording::variant_name(variant), rows });
        }
    }
    tables
}

fn row(slow: &SlowRecord) -> SlowRow {
    let number = slow.number + 1;
    let params = slow.params.iter().map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("{name} = {text}"),
        serde_json::Value::Null => format!("{name} left out"),
        other => format!("{name} = {other}"),
    });
    let retried = if slow.retried > 0 { format!(", {} retried", slow.retried) } else { String::new() };
    let failed = if slow.succeeded() { "" } else { "failed: " };
    SlowRow {
        operation: slow.operation.clone(),
        response: format::time_us(slow.response_us),
        service: format::time_us(slow.service_us),
        queue: format::optional_time_us(slow.queue_us),
        acquire: format::optional_time_us(slow.acquire_us),
        lag: format::time_us(slow.lag_us),
        round: slow.round,
        start: format!("{:.3} s", slow.start_s),
        number: match slow.client {
            Some(client) => format!("client {}, no. {}", client + 1, format::count(number)),
            None => format!("arrival {}", format::count(number)),
        },
        params: params.collect::<Vec<_>>().join(", "),
        outcome: format!("{failed}{}{retried}", slow.outcome),
    }
}
