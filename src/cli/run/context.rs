//! What the folder's files say of a slice beside its figures.

use std::io;

use crate::engine::{Interval, SliceOutcome, SlowOperation};
use crate::result::Store;
use crate::result::interval::IntervalContext;
use crate::result::slice::SliceContext;
use crate::result::slowest::{SlowContext, SlowRecord};
use crate::workload::plan::Plan;

/// Keeps an interval.
///
/// # Errors
/// When it cannot be written.
pub fn append(store: &mut Store, plan: &Plan, interval: &Interval<'_>) -> io::Result<()> {
    store.append_interval(&interval_context(plan, interval), interval.recorded).map_err(io::Error::other)
}

/// Of an interval.
pub fn interval_context(plan: &Plan, interval: &Interval<'_>) -> IntervalContext {
    let variant = &plan.variants[interval.slice.variant];
    IntervalContext {
        start_s: interval.start.as_secs_f64(),
        seconds: interval.length.as_secs_f64(),
        point: 0,
        round: interval.slice.round,
        measuring: interval.measuring,
        variant: variant.name.clone(),
        operations: variant.operations.iter().map(|operation| operation.name.clone()).collect(),
        client_cpu_us: interval.client_cpu_ns.map(|ns| ns as f64 / 1e3),
        server_cpu_us: interval.server_cpu_ns.map(|ns| ns as f64 / 1e3),
    }
}

/// Of a slice.
pub fn slice_context(plan: &Plan, outcome: &SliceOutcome) -> SliceContext {
    let variant = &plan.variants[outcome.slice.variant];
    let background = variant.background.as_ref().map_or_else(Vec::new, |background| background.work.records());
    SliceContext {
        point: 0,
        round: outcome.slice.round,
        position: outcome.slice.position,
        variant: variant.name.clone(),
        operations: variant
            .operations
            .iter()
            .map(|operation| (operation.name.clone(), operation.job.clone()))
            .collect(),
        records: variant.records().into_iter().map(str::to_owned).collect(),
        background_records: background.into_iter().map(str::to_owned).collect(),
        start_s: outcome.start.as_secs_f64(),
    }
}

/// One of the slowest operations of a slice; `with_values`: with what it was given.
pub fn slow_record(slice: &SliceContext, slow: &SlowOperation, with_values: bool) -> SlowRecord {
    let context = SlowContext {
        point: slice.point,
        round: slice.round,
        variant: slice.variant.clone(),
        operation: slice.operations.get(slow.operation).map(|(name, _)| name.clone()).unwrap_or_default(),
        start_s: slow.start.as_secs_f64(),
        params: slow.params.iter().map(|(name, value)| (name.clone(), with_values.then(|| value.clone()))).collect(),
    };
    SlowRecord::new(context, &slow.slow)
}
