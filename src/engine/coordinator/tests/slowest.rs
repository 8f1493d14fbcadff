//! The slowest operations: which they were and what they drew.

use super::*;
use crate::engine::drawn::drawn_params;
use crate::metrics::{OperationNumber, SLOWEST};

const SERVICE: Duration = Duration::from_millis(1);

/// The values that the operations of a slice are told to have drawn, against those that their numbers give.
fn check_draws(plan: &Plan, slice: &SliceOutcome) {
    let bound = bound(plan);
    for slow in &slice.slowest {
        let round = slice.slice.round;
        let stream = match slow.slow.number {
            OperationNumber::Client { client, count } => Stream::operation(1, round, Phase::Measure, client, count),
            OperationNumber::Arrival(number) => Stream::arrival(1, round, Phase::Measure, number),
        };
        assert_eq!(slow.params, drawn_params(&bound[0], 0, stream, 0));
        assert!(slow.params.len() == 1 && slow.params[0].0 == "id", "{:?}", slow.params);
    }
}

#[test]
fn of_each_slice_the_ten_slowest_are_told_with_what_they_drew() {
    let plan = plan(vec![single("a", 4)], 2);
    let ran = run_null(&plan, SERVICE, 1);
    for slice in &ran.slices {
        let times: Vec<u64> = slice.slowest.iter().map(|slow| slow.slow.times.response_ns).collect();
        assert_eq!(times.len(), SLOWEST);
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
        assert_eq!(Some(times[0]), slice.metrics.total.mix().response.max_ns());
        assert!(slice.slowest.iter().all(|slow| slow.start < Duration::from_millis(200)), "none of the warm-up");
        check_draws(&plan, slice);
    }
    let drawn = |slice: &SliceOutcome| slice.slowest.iter().map(|slow| slow.params.clone()).collect::<Vec<_>>();
    assert_ne!(drawn(&ran.slices[0]), drawn(&ran.slices[1]), "each round draws its own");
}

#[test]
fn an_open_loop_names_the_arrivals() {
    let mut variant = single("a", 1);
    let rate = RatePlan::Steady(1_500.0);
    variant.load = LoadPlan::Open { clients: 1, arrivals: ArrivalsPlan::Constant, rate };
    let plan = plan(vec![variant], 1);
    plausible_in_some_attempt(|| {
        let slice = &run_null(&plan, SERVICE, 1).slices[0];
        check_draws(&plan, slice);
        let slowest = &slice.slowest[0];
        let number = match slowest.slow.number {
            OperationNumber::Arrival(number) => number,
            OperationNumber::Client { .. } => panic!("an arrival has no client"),
        };
        let start_ns = number as f64 / 1_500.0 * 1e9;
        assert!((slowest.start.as_secs_f64() * 1e9 - start_ns).abs() < 1e6, "{slowest:?}");
        // Asked for more than the one client does: each arrival waits longer than the one before.
        let times = slowest.slow.times;
        if number > 50 && times.queue_ns > Some(times.service_ns) {
            Ok(())
        } else {
            Err(format!("{number}: {times:?}"))
        }
    });
}
