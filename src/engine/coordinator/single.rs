//! One slice by itself, for whoever decides only after it which one comes next.

use std::sync::Arc;

use super::{EngineError, MakeReady, RunEnd, RunInput, count_from_here, precision, slice, workers_of};
use crate::event::SliceInfo;

/// Runs the slice that `info` describes, of `info.variant`, with draws and schedule of `info.round`; before it its data is
/// made ready. The precision of its histograms is that of the plan.
///
/// # Errors
/// As [`super::run_rounds`].
///
/// # Panics
/// When `bound` and `targets` are not parallel to the plan's variants.
pub fn run_slice(
    mut input: RunInput<'_>,
    info: &SliceInfo,
    make_ready: &mut MakeReady<'_>,
) -> Result<RunEnd, EngineError> {
    let plan = input.plan;
    let count = plan.variants.len();
    assert!(input.bound.len() == count && input.targets.len() == count, "one bound variant and one target per variant");
    let none = RunEnd { slices: 0, failed: 0, panicked: 0, interrupted: true };
    if input.interrupt.is_set() {
        return Ok(none);
    }
    let data = |reason| EngineError::Data { round: info.round, variant: info.name.clone(), reason };
    let target = match make_ready(info.variant) {
        _ if input.interrupt.is_set() => return Ok(none),
        Ok(target) => target.unwrap_or_else(|| input.targets[info.variant].clone()),
        Err(reason) => return Err(data(reason)),
    };
    let bound = Arc::new(input.bound[info.variant].clone());
    count_from_here(&bound, &target).map_err(data)?;
    let workers = workers_of(&plan.variants[info.variant]);
    let closed = slice::run(&mut input, info, target, bound, workers, precision(plan))?;
    if closed.server_gone {
        let reason = closed.failed.unwrap_or_default();
        return Err(EngineError::ServerGone { round: info.round, variant: info.name.clone(), reason });
    }
    Ok(RunEnd {
        slices: 1,
        failed: u32::from(closed.failed.is_some()),
        panicked: u32::from(closed.panicked),
        interrupted: closed.interrupted || input.interrupt.is_set(),
    })
}
