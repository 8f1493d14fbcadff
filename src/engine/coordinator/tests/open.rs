//! Open loops against a target whose service time is known. Bounds are wide: a busy machine makes operations late, but no
//! rule of the schedule may depend on it.

use super::*;
use crate::workload::plan::{StagePlan, VariantPlan};

const MS: Duration = Duration::from_millis(1);

fn open(clients: u32, arrivals: ArrivalsPlan, rate: RatePlan, measure: Duration) -> VariantPlan {
    let mut variant = single("a", clients);
    variant.load = LoadPlan::Open { clients, arrivals, rate };
    variant.measure = measure;
    variant
}

fn constant(clients: u32, rate: f64, measure: Duration) -> VariantPlan {
    open(clients, ArrivalsPlan::Constant, RatePlan::Steady(rate), measure)
}

#[test]
fn asked_for_twice_the_capacity_half_never_starts_and_the_median_is_not_reached() {
    plausible_in_some_attempt(|| {
        // Four clients of 10 ms each do 400 per second.
        let mut variant = constant(4, 800.0, 1_000 * MS);
        variant.warmup = 400 * MS;
        let ran = run_null(&plan(vec![variant], 1), 10 * MS, 1);
        let metrics = &ran.slices[0].metrics;
        assert_eq!((metrics.failed.as_deref(), metrics.asked_per_s), (None, Some(800.0)));
        let mix = metrics.total.mix();
        assert_eq!((mix.violation(), metrics.warmup.mix().violation()), (None, None));
        let counters = &mix.counters;
        // Nothing is skipped, merged or dropped, however late.
        assert_eq!(counters.planned, 800);
        assert_eq!(
            (counters.failed, counters.censored, counters.attempts),
            (0, counters.unstarted, counters.succeeded)
        );
        // Never more than the capacity is done, so that the median is not reached; on a busy machine less.
        assert!(counters.unstarted >= 380, "{} never started", counters.unstarted);
        assert!(metrics.warmup.mix().counters.unstarted > 100, "the warm-up asks for as much");
        assert_eq!(mix.response.quantile_ns(0.5, counters.censored), None);
        let bound_ns = mix.response.quantile_bound_ns(0.5, counters.censored).expect("falls among the unstarted");
        assert_eq!(Some(bound_ns), mix.response.max_ns());
        // Operations in flight at the end are waited for.
        assert!(metrics.drain_ns > 0);
        assert_eq!(ran.intervals.iter().map(|(.., ended)| ended).sum::<u64>(), counters.ended());

        // The backlog grows at the difference of the rates: on average over the started, half of what it is at the end.
        let started = counters.succeeded as f64 / counters.planned as f64;
        let service_ns = mix.service.mean_ns().expect("operations");
        let expected_ns = 1e9 / 2.0 * (1.0 - started) + service_ns;
        let mean_ns = mix.response.mean_ns().expect("operations");
        let grows = (0.75..1.33).contains(&(mean_ns / expected_ns)) && service_ns < mean_ns / 4.0;
        // The measurement does not begin with the backlog of the warm-up, which had grown to 200 ms.
        let begins_empty = mix.response.min_ns() < Some(100_000_000);
        let tenth_ns = mix.response.quantile_ns(0.1, counters.censored);
        if counters.unstarted <= 700 && tenth_ns.is_some() && grows && begins_empty {
            return Ok(());
        }
        let min_ns = mix.response.min_ns();
        Err(format!(
            "{} never started, {mean_ns} ns instead of {expected_ns}, service {service_ns}, least {min_ns:?}, tenth {tenth_ns:?}",
            counters.unstarted
        ))
    });
}

#[test]
fn below_capacity_every_arrival_starts_at_its_time_and_nothing_bursts() {
    plausible_in_some_attempt(|| {
        let mut variant = constant(8, 500.0, 1_000 * MS);
        variant.warmup = 300 * MS;
        let ran = run_null(&plan(vec![variant], 1), 2 * MS, 1);
        let metrics = &ran.slices[0].metrics;
        let mix = metrics.total.mix();
        assert_eq!(mix.violation(), None);
        assert_eq!((mix.counters.planned, metrics.asked_per_s), (500, Some(500.0)));
        assert_eq!(mix.queue.count(), mix.counters.succeeded);
        // A machine that stands still at the very end may leave some. One busy client at a time: a queue would be arrivals due
        // at once. A slow machine makes some, not most.
        let queue_ns = mix.queue.quantile_ns(0.5, mix.counters.censored);
        let lag_ns = mix.lag.quantile_ns(0.5, 0);
        if mix.counters.unstarted <= 25 && queue_ns == Some(0.0) && lag_ns < Some(2e6) {
            return Ok(());
        }
        Err(format!("{} never started, queue {queue_ns:?}, lag {lag_ns:?}", mix.counters.unstarted))
    });
}

#[test]
fn workers_share_one_queue() {
    // Two clients on one worker, one on the other, at 80 % of what all three do. Were the arrivals dealt out to the workers,
    // the second would get 120 % of what it can do, and a sixth of its half would still wait at the end, in every attempt. A
    // machine without a CPU to spare fails one now and then.
    plausible_in_some_attempt(|| {
        let mut variant = constant(3, 120.0, 2_000 * MS);
        variant.workers = Some(2);
        let ran = run_null(&plan(vec![variant], 1), 20 * MS, 1);
        let metrics = &ran.slices[0].metrics;
        let mix = metrics.total.mix();
        assert_eq!((metrics.workers.len(), mix.counters.planned, mix.violation()), (2, 240, None));
        let mean_ns = mix.queue.mean_ns().expect("operations");
        if mix.counters.unstarted <= 6 && mean_ns < 30e6 {
            return Ok(());
        }
        Err(format!("{} never started, the others waited {mean_ns} ns on average", mix.counters.unstarted))
    });
}

#[test]
fn variants_plan_the_same_operations_whatever_becomes_of_them() {
    // One variant keeps up, the other does not: what it left unstarted is counted under the operation that was drawn.
    let variants = [1, 12].map(|steps| {
        let mut of = variant("a", 2, vec![crate::engine::testing::integers("org", 1, 9)]);
        for (name, weight) in [("read", 3.0), ("write", 1.0)] {
            let steps = (0..steps).map(|_| TestStep::new("SELECT $1", vec![param(0)])).collect();
            of = operation(of, name, weight, Vec::new(), steps, None);
        }
        of.load = LoadPlan::Open { clients: 2, arrivals: ArrivalsPlan::Poisson, rate: RatePlan::Steady(400.0) };
        of.measure = 500 * MS;
        of
    });
    let ran = run_null(&plan(variants.to_vec(), 2), MS, 1);
    let planned = |round: u32, variant: usize| -> Vec<u64> {
        let found = ran.slices.iter().find(|slice| (slice.slice.round, slice.slice.variant) == (round, variant));
        let metrics = &found.expect("ran").metrics;
        assert!(metrics.total.operations.iter().all(|operation| operation.violation().is_none()));
        metrics.total.operations.iter().map(|operation| operation.counters.planned).collect()
    };
    assert_eq!(planned(1, 0), planned(1, 1));
    assert_eq!(planned(2, 0), planned(2, 1));
    assert_ne!(planned(1, 0), planned(2, 0), "each round has a schedule of its own");
    let unstarted = |variant: usize| -> u64 {
        let of = ran.slices.iter().filter(|slice| slice.slice.variant == variant);
        of.map(|slice| slice.metrics.total.mix().counters.unstarted).sum()
    };
    assert!(unstarted(1) > 50 && unstarted(1) > unstarted(0), "{} {}", unstarted(0), unstarted(1));
}

#[test]
fn stages_change_the_rate_and_the_number_of_clients() {
    let stage = |ms: u32, to, ramp| StagePlan { length: ms * MS, to, ramp };
    let stages = vec![stage(300, 400.0, false), stage(300, 0.0, false), stage(400, 400.0, true)];
    let of = open(4, ArrivalsPlan::Constant, RatePlan::Stages(stages), 1_000 * MS);
    let mut closed = single("b", 4);
    closed.measure = 600 * MS;
    let stages = vec![stage(400, 4.0, true), stage(200, 1.0, false)];
    closed.load = LoadPlan::ClosedStages { stages, think: Duration::ZERO };
    let ran = run_null(&plan(vec![of, closed], 1), 5 * MS, 1);
    for slice in &ran.slices {
        let mix = slice.metrics.total.mix();
        assert_eq!((slice.metrics.failed.as_deref(), mix.violation()), (None, None));
        if slice.slice.variant == 0 {
            assert_eq!(mix.counters.planned, 120 + 80);
        } else {
            // 800 client · ms, then 200, of 5 ms each, fewer on a busy machine; a stage's last operations end after it.
            assert!((40..=215).contains(&mix.counters.succeeded), "{}", mix.counters.succeeded);
            assert_eq!((mix.counters.unstarted, slice.metrics.asked_per_s), (0, None));
        }
    }
}

#[test]
fn who_waits_for_an_arrival_holds_up_neither_the_end_nor_an_interrupt() {
    // Arrivals at 0 and 0.5 s; eight clients, most of which wait for one that will not be.
    let began = Instant::now();
    let mut variant = constant(8, 2.0, 1_000 * MS);
    variant.drain = Duration::from_secs(60);
    let ran = run_null(&plan(vec![variant], 1), MS, 1);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let counters = ran.slices[0].metrics.total.mix().counters;
    assert_eq!((counters.planned, counters.succeeded), (2, 2));
    assert!(!ran.slices[0].metrics.warmed_up);

    let interrupt = Interrupt::default();
    let by_event = interrupt.clone();
    let events = Events::new(move |event| {
        if matches!(event, Event::Interval(figures) if figures.measuring) {
            by_event.set();
        }
    });
    let plan = plan(vec![constant(8, 2.0, Duration::from_secs(60))], 1);
    let ran = run_all(&plan, &bound(&plan), &null(MS, 1), &interrupt, &events);
    assert!(began.elapsed() < Duration::from_secs(40));
    assert!(ran.end.interrupted);
    assert_eq!(ran.slices[0].metrics.total.mix().violation(), None);
}

#[test]
fn a_schedule_without_an_operation_is_no_figure() {
    let mut variant = open(1, ArrivalsPlan::Poisson, RatePlan::Steady(0.001), 20 * MS);
    variant.warmup = Duration::ZERO;
    let ran = run_null(&plan(vec![variant], 1), Duration::ZERO, 1);
    let failed = ran.slices[0].metrics.failed.as_deref();
    assert!(
        failed.is_some_and(|text| text.starts_with("the schedule has no operation in the measurement")),
        "{failed:?}"
    );
}
