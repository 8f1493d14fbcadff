//! The coordinator: rounds, the order of variants within them, one slice after the other.
//!
//! Runs on the calling thread and blocks it. It prints nothing and writes no file: what happens goes out as events and
//! through the two callbacks.

mod gather;
mod load;
mod machine;
mod order;
mod single;
mod slice;
mod slowest;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::answers::runner::on_own_thread;
use super::bound::BoundVariant;
use super::error::chain;
use super::recount::recount;
use crate::driver::Target;
use crate::event::{Events, SliceInfo};
use crate::metrics::{Precision, SliceMetrics, Snapshot, precision_for};
use crate::workload::plan::{self, Plan, VariantPlan};

pub use load::{EmptyRound, empty_round};
pub use order::{order_in_pairs, order_of_variants};
pub use single::run_slice;
pub use slowest::SlowOperation;

/// Asks a run to end at once. Cheap to clone; may be set from any thread, also from one that handles signals.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// All that a run needs.
pub struct RunInput<'a> {
    /// The workload.
    pub plan: &'a Plan,
    /// Parallel to `plan.variants`.
    pub bound: &'a [BoundVariant],
    /// Where each variant's sessions go, parallel to `plan.variants`.
    pub targets: &'a [Target],
    /// Time zero of the run: starts of intervals and slices are counted from it.
    pub began: Instant,
    /// Where events go.
    pub events: &'a Events,
    /// Ends the run at once when set.
    pub interrupt: &'a Interrupt,
    /// CPU time that local servers have used so far, ns; `None` where no server is local.
    pub server_cpu: Option<&'a dyn Fn() -> Option<u64>>,
    /// Called for each interval of each slice. An error ends the run.
    pub on_interval: &'a mut dyn FnMut(&Interval<'_>) -> io::Result<()>,
    /// Called when a slice closes. An error ends the run.
    pub on_slice: &'a mut dyn FnMut(SliceOutcome) -> io::Result<()>,
}

impl std::fmt::Debug for RunInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunInput").field("plan", &self.plan.name).finish_non_exhaustive()
    }
}

/// One second (or what is left of a phase) of a slice, over all workers.
#[derive(Debug)]
pub struct Interval<'a> {
    /// Which slice.
    pub slice: &'a SliceInfo,
    /// Whether its operations belong to the measurement (else to the warm-up). The last interval of a measurement is
    /// what ended in the drain.
    pub measuring: bool,
    /// Begin, from the start of the run.
    pub start: Duration,
    /// Length.
    pub length: Duration,
    /// Parallel to the variant's operations.
    pub recorded: &'a Snapshot,
    /// CPU time of all workers, ns; `None` when not known.
    pub client_cpu_ns: Option<u64>,
    /// CPU time of local servers, ns; `None` when not known.
    pub server_cpu_ns: Option<u64>,
}

/// A closed slice.
#[derive(Debug)]
pub struct SliceOutcome {
    /// Which.
    pub slice: SliceInfo,
    /// Begin of the measurement from the start of the run; of the slice, when the measurement was not reached.
    pub start: Duration,
    /// What was measured; `metrics.failed` says why the slice failed, if it did.
    pub metrics: SliceMetrics,
    /// Of each operation those that took longest.
    pub slowest: Vec<SlowOperation>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// Slices reported.
    pub slices: u32,
    /// Of these, failed.
    pub failed: u32,
    /// Of these, failed by a panic: a fault of dbbench itself.
    pub panicked: u32,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No server answers any more. The slice in progress was reported as failed.
    #[error("the run ended in round {round}, variant \"{variant}\": {reason}")]
    ServerGone {
        /// Round, from 1.
        round: u32,
        /// Name of the variant.
        variant: String,
        /// What was tried.
        reason: String,
    },
    /// The data that a slice begins with could not be made ready.
    #[error("the data for round {round}, variant \"{variant}\", cannot be made ready: {reason}")]
    Data {
        /// Round, from 1.
        round: u32,
        /// Name of the variant.
        variant: String,
        /// What happened.
        reason: String,
    },
    /// What was measured could not be written.
    #[error("what was measured cannot be written")]
    Store(#[from] io::Error),
}

/// What comes after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next round, if there is one.
    Round,
    /// The end: what was wanted is there.
    End,
}

/// Makes the data ready that a slice of a variant (by its index) begins with; gives where its sessions go, unless to the
/// target of the variant. An error is said in words.
pub type MakeReady<'a> = dyn FnMut(usize) -> Result<Option<Target>, String> + 'a;

/// Is told how many rounds there were, and says what comes next.
pub type AfterRound<'a> = dyn FnMut(u32) -> Next + 'a;

/// Runs all rounds on the data that is there.
///
/// # Errors
/// As [`run_rounds`].
///
/// # Panics
/// As [`run_rounds`].
pub fn run(input: RunInput<'_>) -> Result<RunEnd, EngineError> {
    run_rounds(input, &mut |_| Ok(None), &mut |_| Next::Round)
}

/// Runs rounds until `after_round` ends them, at most as many as planned; before each slice its data is made ready.
///
/// # Errors
/// [`EngineError::ServerGone`] when no server answers any more, [`EngineError::Data`] when data cannot be made ready,
/// [`EngineError::Store`] when a callback fails.
///
/// # Panics
/// When `bound` and `targets` are not parallel to the plan's variants.
pub fn run_rounds(
    mut input: RunInput<'_>,
    make_ready: &mut MakeReady<'_>,
    after_round: &mut AfterRound<'_>,
) -> Result<RunEnd, EngineError> {
    let plan = input.plan;
    let count = plan.variants.len();
    assert!(input.bound.len() == count && input.targets.len() == count, "one bound variant and one target per variant");
    let bound: Vec<Arc<BoundVariant>> = input.bound.iter().cloned().map(Arc::new).collect();
    let workers: Vec<u32> = plan.variants.iter().map(workers_of).collect();
    let precision = precision(plan);
    let total = plan.run.rounds.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let mut after = plan::estimate(plan);
    let mut end = RunEnd { slices: 0, failed: 0, panicked: 0, interrupted: false };
    let order = if plan.run.in_pairs { order_in_pairs } else { order_of_variants };
    for round in 1..=plan.run.rounds {
        for (position, variant) in order(plan.run.seed, round, count).into_iter().enumerate() {
            if input.interrupt.is_set() {
                return Ok(RunEnd { interrupted: true, ..end });
            }
            let planned = &plan.variants[variant];
            after = after.saturating_sub(plan::slice(planned));
            let info = SliceInfo {
                round,
                rounds: plan.run.rounds,
                may_end_before: plan.run.until.is_some(),
                position: u32::try_from(position).unwrap_or(u32::MAX).saturating_add(1),
                variant,
                name: planned.name.clone(),
                done: end.slices,
                total,
                warmup: planned.warmup,
                measure: planned.measure,
                after,
            };
            let target = match make_ready(variant) {
                // Whoever asked for the end has also ended this.
                _ if input.interrupt.is_set() => return Ok(RunEnd { interrupted: true, ..end }),
                Ok(target) => target.unwrap_or_else(|| input.targets[variant].clone()),
                Err(reason) => return Err(EngineError::Data { round, variant: info.name, reason }),
            };
            let (bound, workers) = (Arc::clone(&bound[variant]), workers[variant]);
            if let Err(reason) = count_from_here(&bound, &target) {
                return Err(EngineError::Data { round, variant: info.name, reason });
            }
            let closed = slice::run(&mut input, &info, target, bound, workers, precision)?;
            end.slices += 1;
            end.failed += u32::from(closed.failed.is_some());
            end.panicked += u32::from(closed.panicked);
            if closed.server_gone {
                let reason = closed.failed.unwrap_or_default();
                return Err(EngineError::ServerGone { round, variant: info.name, reason });
            }
            if closed.interrupted {
                return Ok(RunEnd { interrupted: true, ..end });
            }
        }
        if after_round(round) == Next::End {
            break;
        }
    }
    // Also what comes after the last slice, its checks for one, may have been cut off.
    end.interrupted |= input.interrupt.is_set();
    Ok(end)
}

/// Lets what counts (`next`) begin above what is in the data of the slice.
fn count_from_here(bound: &BoundVariant, target: &Target) -> Result<(), String> {
    if bound.counters.is_empty() {
        return Ok(());
    }
    match on_own_thread(async |_| Ok(recount(bound, target).await)) {
        Ok(counted) => counted.map_err(|error| format!("`next` cannot ask for the largest value: {}", chain(&error))),
        Err(error) => Err(chain(&error)),
    }
}

/// Worker threads of a variant: as the plan says, else one per core; at most one per client.
#[must_use]
pub fn workers_of(variant: &VariantPlan) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
    variant.workers.unwrap_or(cores).min(variant.load.clients()).max(1)
}

/// The precision of all histograms of a run: what the largest of its variants leaves room for.
#[must_use]
pub fn precision(plan: &Plan) -> Precision {
    let workers = plan.variants.iter().map(workers_of).max().unwrap_or(1) as usize;
    let operations = plan.variants.iter().map(|variant| variant.operations.len()).max().unwrap_or(1);
    precision_for(workers, operations)
}
