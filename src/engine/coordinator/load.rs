//! The load of a slice, as the engine runs it: schedules are made here, before the slice.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::bound::BoundVariant;
use crate::engine::clock::ns;
use crate::engine::interpreter::choose;
use crate::load::{
    ArrivalQueue, ClosedLoop, Cursor, Load, OpenLoop, Piece, Profile, Schedule, ScheduleKey, Share, Spacing,
};
use crate::metrics::Reconnects;
use crate::param::Phase;
use crate::workload::plan::{ArrivalsPlan, LoadPlan, Plan, RatePlan, StagePlan, VariantPlan};

/// The load of a variant in a round.
pub(super) fn load(plan: &VariantPlan, seed: u64, round: u32) -> Load {
    match &plan.load {
        LoadPlan::Closed { think, clients } => {
            let share = plan.count.map(|operations| Share { operations, clients: *clients });
            Load::Closed(ClosedLoop { think_ns: ns(*think), clients: None, share })
        }
        LoadPlan::ClosedStages { stages, think } => {
            let clients = Some(Arc::new(profile(stages)));
            Load::Closed(ClosedLoop { think_ns: ns(*think), clients, share: None })
        }
        LoadPlan::Open { arrivals, rate, .. } => {
            let spacing = spacing(*arrivals);
            let key = |phase| ScheduleKey { seed, round, phase };
            // How long the warm-up becomes is not known yet.
            let before = Profile::steady(rate.of_warmup(), u64::MAX);
            let measured = measured(rate, plan.measure);
            Load::Open(Arc::new(OpenLoop {
                warmup: ArrivalQueue::new(Schedule::without_marks(before, spacing, key(Phase::Warmup))),
                measure: ArrivalQueue::new(Schedule::new(measured, spacing, key(Phase::Measure))),
            }))
        }
    }
}

fn spacing(arrivals: ArrivalsPlan) -> Spacing {
    match arrivals {
        ArrivalsPlan::Constant => Spacing::Constant,
        ArrivalsPlan::Poisson => Spacing::Poisson,
    }
}

fn measured(rate: &RatePlan, measure: Duration) -> Profile {
    match rate {
        RatePlan::Steady(rate) => Profile::steady(*rate, ns(measure)),
        RatePlan::Stages(stages) => profile(stages),
    }
}

/// A round whose schedule would be empty.
#[derive(Clone, Debug, PartialEq)]
pub struct EmptyRound {
    /// Name of the variant.
    pub variant: String,
    /// The first such round, from 1.
    pub round: u32,
    /// Operations that the measurement of a round has on average over all seeds.
    pub expected: f64,
    /// Whether the rate changes (`load.stages`).
    pub staged: bool,
}

/// The first variant of an open loop that would have nothing to start in the measurement of one of its rounds. Schedules
/// are functions of seed and round, so that this is known before anything runs.
#[must_use]
pub fn empty_round(plan: &Plan) -> Option<EmptyRound> {
    plan.variants.iter().find_map(|variant| {
        let LoadPlan::Open { arrivals, rate, .. } = &variant.load else { return None };
        let profile = measured(rate, variant.measure);
        let is_empty = |round: &u32| {
            let key = ScheduleKey { seed: plan.run.seed, round: *round, phase: Phase::Measure };
            let schedule = Schedule::without_marks(profile.clone(), spacing(*arrivals), key);
            schedule.start_ns(0, &mut Cursor::default()).is_none()
        };
        Some(EmptyRound {
            variant: variant.name.clone(),
            round: (1..=plan.run.rounds).find(is_empty)?,
            expected: profile.total(),
            staged: matches!(rate, RatePlan::Stages(_)),
        })
    })
}

/// A ramp begins where the stage before ends, the first at 0.
fn profile(stages: &[StagePlan]) -> Profile {
    let mut before = 0.0;
    Profile::new(stages.iter().map(|stage| {
        let from = if stage.ramp { before } else { stage.to };
        before = stage.to;
        Piece { length_ns: ns(stage.length), from, to: stage.to }
    }))
}

/// Operations that an open loop asks for per second of the measurement: its rate. How many Poisson arrivals a round
/// happens to have is chance, and not what was asked for.
pub(super) fn asked_per_s(load: &Load, measure: Duration) -> Option<f64> {
    match load {
        Load::Closed(_) => None,
        Load::Open(open) => Some(open.measure.schedule().expected_before(ns(measure)) / measure.as_secs_f64()),
    }
}

/// Arrivals before `until_ns` of a phase that nobody started, by operation: each is what it would have been.
pub(super) fn unstarted(queue: &ArrivalQueue, until_ns: u64, bound: &BoundVariant) -> Vec<u64> {
    let mut counts = vec![0; bound.operations.len()];
    for stream in queue.left_before(until_ns) {
        counts[choose(bound, stream)] += 1;
    }
    counts
}

/// Why a slice has nothing to say, although nothing failed in its measurement.
pub(super) fn nothing_started(load: &Load, reconnects: Reconnects) -> String {
    if let Load::Open(_) = load {
        return "the schedule has no operation in the measurement: measure for longer, or ask for more".to_owned();
    }
    let lost = match reconnects.all {
        0 => String::new(),
        times => format!("; connections were lost and made again {times} times"),
    };
    format!(
        "no operation started in the measurement: until its end every client was in an operation of the warm-up, thinking, \
         or waiting for a connection{lost}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_the_rate_and_not_what_chance_made_of_it() {
        const S: u64 = 1_000_000_000;
        let open = |spacing, measured: Profile| {
            let key = |phase| ScheduleKey { seed: 1, round: 1, phase };
            Load::Open(Arc::new(OpenLoop {
                warmup: ArrivalQueue::new(Schedule::without_marks(measured.clone(), spacing, key(Phase::Warmup))),
                measure: ArrivalQueue::new(Schedule::new(measured, spacing, key(Phase::Measure))),
            }))
        };
        for spacing in [Spacing::Constant, Spacing::Poisson] {
            let steady = open(spacing, Profile::steady(250.0, 4 * S));
            assert_eq!(asked_per_s(&steady, Duration::from_secs(4)), Some(250.0), "{spacing:?}");
            // From 0 to 500 per second are 250 on average.
            let ramp = open(spacing, Profile::new([Piece { length_ns: 4 * S, from: 0.0, to: 500.0 }]));
            assert_eq!(asked_per_s(&ramp, Duration::from_secs(4)), Some(250.0), "{spacing:?}");
        }
        let closed = Load::Closed(ClosedLoop { think_ns: 0, clients: None, share: None });
        assert_eq!(asked_per_s(&closed, Duration::from_secs(4)), None);
    }
}
