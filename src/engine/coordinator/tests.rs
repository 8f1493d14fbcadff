mod open;
mod slowest;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::{Interrupt, RunEnd, RunInput, SliceOutcome, run};
use crate::driver::{NullTarget, Target};
use crate::engine::bound::{ArgSource, BoundVariant, Instruction};
use crate::engine::interpreter::choose;
use crate::engine::testing::{TestStep, bound, operation, param, plan, set, single, variant};
use crate::event::{Event, Events};
use crate::param::{Phase, Stream};
use crate::words::{FailureClass, FailureKey};
use crate::workload::plan::{Arg, ArrivalsPlan, LoadPlan, Plan, RatePlan};

fn null(service: Duration, rows: u32) -> Target {
    Target::Null(NullTarget { service, rows })
}

struct Ran {
    end: RunEnd,
    slices: Vec<SliceOutcome>,
    /// Of the measurement: begin in ns from the start of the run, length in ns, operations that ended.
    intervals: Vec<(u64, u64, u64)>,
}

fn run_all(plan: &Plan, bound: &[BoundVariant], target: &Target, interrupt: &Interrupt, events: &Events) -> Ran {
    let targets = vec![target.clone(); plan.variants.len()];
    let slices = RefCell::new(Vec::new());
    let intervals = RefCell::new(Vec::new());
    let end = run(RunInput {
        plan,
        bound,
        targets: &targets,
        began: Instant::now(),
        events,
        interrupt,
        server_cpu: None,
        on_interval: &mut |interval| {
            if interval.measuring {
                let ended = interval.recorded.mix().counters.ended();
                let ns = |duration: Duration| u64::try_from(duration.as_nanos()).expect("short");
                intervals.borrow_mut().push((ns(interval.start), ns(interval.length), ended));
            }
            Ok(())
        },
        on_slice: &mut |slice| {
            slices.borrow_mut().push(slice);
            Ok(())
        },
    });
    Ran { end: end.expect("runs"), slices: slices.into_inner(), intervals: intervals.into_inner() }
}

fn run_null(plan: &Plan, service: Duration, rows: u32) -> Ran {
    run_all(plan, &bound(plan), &null(service, rows), &Interrupt::default(), &Events::ignored())
}

/// The first attempt whose figures are plausible ends it: a wrong rule fails all, a machine that stands still for a moment some.
fn plausible_in_some_attempt(attempt: impl Fn() -> Result<(), String>) {
    let mut found = Vec::new();
    for _ in 0..5 {
        match attempt() {
            Ok(()) => return,
            Err(figures) => found.push(figures),
        }
    }
    panic!("{found:#?}");
}

#[test]
fn littles_law_holds_in_a_closed_loop_and_nothing_is_lost() {
    let mut variant = single("a", 8);
    variant.measure = Duration::from_millis(1_500);
    let ran = run_null(&plan(vec![variant], 1), Duration::from_millis(1), 1);
    let metrics = &ran.slices[0].metrics;
    assert_eq!(metrics.failed, None);
    assert!(metrics.warmed_up);
    let mix = metrics.total.mix();
    assert_eq!(mix.violation(), None);
    assert_eq!(mix.counters.failed, 0);
    assert_eq!(mix.counters.statements, mix.counters.succeeded);
    // N = X · R: the operations of a client follow each other without a gap. Only the first begins up to one response after
    // the measurement (that of the last one of the warm-up), and the last ends up to one after it.
    let busy_ns: f64 = mix.response.mean_ns().expect("operations") * mix.counters.succeeded as f64;
    let longest_ns = |mix: &crate::metrics::OperationMetrics| mix.response.max_ns().expect("operations") as f64;
    let at_least = 8.0 * (metrics.measure_ns as f64 - longest_ns(&metrics.warmup.mix()));
    let at_most = 8.0 * (metrics.measure_ns as f64 + longest_ns(&mix));
    assert!((at_least..=at_most).contains(&busy_ns), "{busy_ns} ns busy, not {at_least} to {at_most}");
    assert!(mix.service.min_ns().expect("operations") >= 1_000_000);
    assert_eq!(metrics.workers.len(), 2);
    // Intervals: one second, the half second, and what ended in the drain; together all that was recorded.
    assert_eq!(ran.intervals.iter().map(|(.., ended)| ended).sum::<u64>(), mix.counters.ended());
    assert_eq!((ran.intervals[0].1, ran.intervals[1].1), (1_000_000_000, 500_000_000));
    assert_eq!(ran.intervals[0].0 + 1_000_000_000, ran.intervals[1].0);
    assert!(ran.intervals.len() == 3 && ran.intervals[2].1 == metrics.drain_ns, "{:?}", ran.intervals);
}

#[test]
fn a_statement_runs_once_for_each_row_of_the_set_before_it() {
    let sets = || vec![set("u", &["id"], None), set("o", &["id"], Some(0))];
    let steps = vec![
        TestStep::new("SELECT id FROM u WHERE org = $1", vec![param(0)]).binds(0),
        TestStep::new("SELECT id FROM o WHERE u = $1", vec![Arg::Visited { set: 0, column: 0 }]).binds(1).for_each(0),
        TestStep::new("SELECT FROM p WHERE o = ANY($1)", vec![Arg::Whole { set: 1, column: 0 }]),
    ];
    let of = variant("a", 2, vec![crate::engine::testing::integers("org", 1, 9)]);
    let plan = plan(vec![operation(of, "page", 1.0, sets(), steps, None)], 1);
    let mix = run_null(&plan, Duration::ZERO, 3).slices[0].metrics.total.mix();
    assert_eq!(mix.counters.failed, 0);
    // One for the set of three rows, three for its rows (each of three), one for all nine of these.
    assert_eq!(mix.counters.statements, mix.counters.succeeded * 5);
    assert_eq!(mix.counters.rows, mix.counters.succeeded * (3 + 9 + 3));
    let empty = run_null(&plan, Duration::ZERO, 0).slices[0].metrics.total.mix();
    assert_eq!((empty.counters.statements, empty.counters.failed), (empty.counters.succeeded * 2, 0));
}

#[test]
fn the_first_row_of_nothing_fails_the_operation() {
    let steps = vec![
        TestStep::new("SELECT id FROM u", vec![]).binds(0),
        TestStep::new("SELECT $1", vec![Arg::First { set: 0, column: 0 }]),
    ];
    let of = operation(variant("a", 1, vec![]), "page", 1.0, vec![set("u", &["id"], None)], steps, None);
    let mix = run_null(&plan(vec![of], 1), Duration::from_micros(100), 0).slices[0].metrics.total.mix();
    assert_eq!(mix.counters.succeeded, 0);
    let (count, _) = mix.failures[&FailureKey::Class(FailureClass::NoRow)];
    assert_eq!(count, mix.counters.failed);
    assert_eq!(mix.violation(), None);
}

/// Which operation is drawn shows in its counts, and one client draws in a known order: whatever the warm-up took, the
/// measurement begins with the draws number 0, 1, 2 … of its own.
#[test]
fn draws_of_the_measurement_do_not_depend_on_the_warm_up() {
    for load in [
        LoadPlan::Closed { clients: 1, think: Duration::ZERO },
        LoadPlan::Open { clients: 1, arrivals: ArrivalsPlan::Poisson, rate: RatePlan::Steady(500.0) },
    ] {
        let mut of = variant("a", 1, vec![]);
        for name in ["o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7"] {
            of = operation(of, name, 1.0, Vec::new(), vec![TestStep::new("SELECT 1", vec![])], None);
        }
        let is_open = matches!(load, LoadPlan::Open { .. });
        (of.load, of.warmup) = (load, Duration::from_millis(30));
        let plan = plan(vec![of], 2);
        let ran = run_null(&plan, Duration::from_millis(1), 1);
        for slice in &ran.slices {
            let operations = &slice.metrics.total.operations;
            let planned: Vec<u64> = operations.iter().map(|operation| operation.counters.planned).collect();
            assert!(slice.metrics.warmup.mix().counters.planned > 0 && planned.iter().sum::<u64>() > 0, "{planned:?}");
            let mut expected = vec![0; planned.len()];
            for number in 0..planned.iter().sum() {
                let (seed, round) = (plan.run.seed, slice.slice.round);
                let stream = match is_open {
                    true => Stream::arrival(seed, round, Phase::Measure, number),
                    false => Stream::operation(seed, round, Phase::Measure, 0, number),
                };
                expected[choose(&bound(&plan)[0], stream)] += 1;
            }
            assert_eq!(planned, expected, "open: {is_open}, round {}", slice.slice.round);
        }
    }
}

#[test]
fn what_is_still_running_after_the_drain_is_cut_off_and_censored() {
    let mut variant = single("a", 4);
    variant.warmup = Duration::ZERO;
    variant.measure = Duration::from_millis(50);
    variant.drain = Duration::from_millis(50);
    let began = Instant::now();
    let ran = run_null(&plan(vec![variant], 1), Duration::from_secs(30), 1);
    assert!(began.elapsed() < Duration::from_secs(5));
    let metrics = &ran.slices[0].metrics;
    assert_eq!(metrics.failed, None, "a slow target does not fail the slice");
    let counters = metrics.total.mix().counters;
    assert_eq!((counters.planned, counters.failed, counters.censored), (4, 4, 4));
    assert!(!metrics.warmed_up);
    assert!((100_000_000..1_000_000_000).contains(&(metrics.drain_ns + metrics.measure_ns)), "{}", metrics.drain_ns);
}

#[test]
fn think_time_is_not_part_of_the_response() {
    let mut variant = single("a", 3);
    variant.load = LoadPlan::Closed { clients: 3, think: Duration::from_millis(10) };
    variant.measure = Duration::from_millis(300);
    let ran = run_null(&plan(vec![variant], 1), Duration::from_millis(1), 1);
    let mix = ran.slices[0].metrics.total.mix();
    // A busy machine does fewer; without the pauses there would be 900.
    assert!((15..=84).contains(&mix.counters.succeeded), "3 clients · 300 ms / 11 ms: {}", mix.counters.succeeded);
    assert!(mix.response.mean_ns().expect("operations") < 5e6);
    // The mean: a single late one is the machine's.
    assert!(mix.lag.mean_ns().expect("operations") < 5e6, "lag is lateness, not think time");
}

#[test]
fn a_slice_of_a_number_of_operations_has_exactly_so_many() {
    for (operations, clients, workers) in [(100, 8, 2), (7, 3, 2), (3, 8, 3), (1, 1, 1)] {
        let mut variant = single("a", clients);
        (variant.warmup, variant.measure) = (Duration::from_millis(20), Duration::ZERO);
        (variant.count, variant.workers) = (Some(operations), Some(workers));
        let began = Instant::now();
        let ran = run_null(&plan(vec![variant], 2), Duration::from_millis(2), 1);
        let took = began.elapsed().as_nanos();
        for slice in &ran.slices {
            let metrics = &slice.metrics;
            assert_eq!(metrics.failed, None);
            let counters = metrics.total.mix().counters;
            assert_eq!((counters.planned, counters.succeeded, counters.failed), (operations, operations, 0));
            // Whoever has most of them does them one after the other.
            let most = operations.div_ceil(u64::from(clients));
            assert!(metrics.measure_ns >= most * 2_000_000, "{} ns for {most}", metrics.measure_ns);
            assert!(u128::from(metrics.measure_ns) < took && metrics.drain_ns == 0);
            assert_eq!(metrics.workers.len(), workers as usize);
        }
        let ended: u64 = ran.intervals.iter().map(|(.., ended)| ended).sum();
        assert_eq!((ended, ran.slices.len()), (2 * operations, 2));
    }
}

#[test]
fn a_slice_of_a_number_of_operations_can_be_interrupted() {
    let mut variant = single("a", 2);
    (variant.warmup, variant.measure, variant.count) = (Duration::ZERO, Duration::ZERO, Some(1_000_000_000));
    let plan = plan(vec![variant], 1);
    let interrupt = Interrupt::default();
    let (asked, began) = (interrupt.clone(), Instant::now());
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        asked.set();
    });
    let ran = run_all(&plan, &bound(&plan), &null(Duration::from_millis(1), 1), &interrupt, &Events::ignored());
    assert!(ran.end.interrupted && began.elapsed() < Duration::from_secs(15));
    assert!(ran.slices[0].metrics.total.mix().counters.succeeded > 0);
}

#[test]
fn nobody_is_waited_for_who_would_think_beyond_the_end() {
    let mut variant = single("a", 2);
    variant.load = LoadPlan::Closed { clients: 2, think: Duration::from_secs(60) };
    (variant.warmup, variant.measure) = (Duration::ZERO, Duration::from_millis(20));
    variant.drain = Duration::from_secs(30);
    let began = Instant::now();
    // The operations end in the drain.
    let ran = run_null(&plan(vec![variant], 1), Duration::from_millis(200), 1);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let counters = ran.slices[0].metrics.total.mix().counters;
    assert_eq!((counters.planned, counters.succeeded), (2, 2));
}

#[test]
fn the_warm_up_is_extended_until_every_statement_ran_six_times() {
    // One in ten runs the second operation: six of them take about 60 operations of a millisecond.
    let mut of = variant("a", 1, vec![]);
    for (name, weight) in [("often", 9.0), ("seldom", 1.0)] {
        of = operation(of, name, weight, Vec::new(), vec![TestStep::new("SELECT 1", vec![])], None);
    }
    let ran = run_null(&plan(vec![of.clone()], 1), Duration::from_millis(1), 1);
    let metrics = &ran.slices[0].metrics;
    assert!(metrics.warmed_up && metrics.warmup_ns > 25_000_000, "{} ns", metrics.warmup_ns);
    let seldom = metrics.warmup.operations[1].counters.planned;
    assert!(seldom >= 6, "{seldom}");
    of.weights = vec![1.0, 0.000_01];
    let ran = run_null(&plan(vec![of], 1), Duration::from_millis(1), 1);
    let metrics = &ran.slices[0].metrics;
    assert!(
        !metrics.warmed_up && (199_000_000..1_000_000_000).contains(&metrics.warmup_ns),
        "{} ns",
        metrics.warmup_ns
    );
}

#[test]
fn a_panic_in_a_worker_fails_the_slice_and_the_next_one_runs() {
    let plan = plan(vec![single("a", 4), single("b", 4)], 1);
    let mut bound = bound(&plan);
    // A reference that binding would never make: it reads a row of a set that does not exist.
    let Instruction::Statement(statement) = &mut bound[0].operations[0].load.instructions[0] else {
        panic!("a statement")
    };
    statement.args[0] = ArgSource::Visited { set: 7, slot: 7 };
    let ran = run_all(&plan, &bound, &null(Duration::ZERO, 1), &Interrupt::default(), &Events::ignored());
    assert_eq!(ran.end, RunEnd { slices: 2, failed: 1, panicked: 1, interrupted: false });
    for slice in &ran.slices {
        let failed = slice.metrics.failed.as_deref();
        if slice.slice.variant == 0 {
            assert!(failed.is_some_and(|text| text.starts_with("a worker panicked: ")), "{failed:?}");
        } else {
            assert_eq!(failed, None);
        }
    }
}

#[test]
fn an_interrupt_ends_the_slice_at_once_and_keeps_what_was_measured() {
    let mut variant = single("a", 4);
    variant.measure = Duration::from_secs(60);
    let interrupt = Interrupt::default();
    let by_event = interrupt.clone();
    let events = Events::new(move |event| {
        if matches!(event, Event::Interval(figures) if figures.measuring) {
            by_event.set();
        }
    });
    let plan = plan(vec![variant], 3);
    let began = Instant::now();
    let ran = run_all(&plan, &bound(&plan), &null(Duration::from_millis(1), 1), &interrupt, &events);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(ran.end, RunEnd { slices: 1, failed: 1, panicked: 0, interrupted: true });
    let metrics = &ran.slices[0].metrics;
    assert_eq!((metrics.failed.as_deref(), metrics.interrupted), (Some("interrupted"), true));
    assert!(metrics.total.mix().counters.succeeded > 1_000);
    assert_eq!(metrics.total.mix().violation(), None);
}

#[test]
fn every_round_visits_every_variant_once_in_the_order_of_the_seed() {
    let variants = ["a", "b", "c"].map(|name| {
        let mut variant = single(name, 1);
        variant.warmup = Duration::ZERO;
        variant.measure = Duration::from_millis(2);
        variant
    });
    let plan = plan(variants.to_vec(), 4);
    let ran = run_null(&plan, Duration::ZERO, 1);
    let visited: Vec<usize> = ran.slices.iter().map(|slice| slice.slice.variant).collect();
    let expected: Vec<usize> = (1..=4).flat_map(|round| super::order_of_variants(1, round, 3)).collect();
    assert_eq!(visited, expected);
    assert_eq!(ran.slices[11].slice.done, 11);
}

#[test]
fn rounds_end_when_they_were_enough_and_at_the_latest_as_planned() {
    let mut quick = single("a", 1);
    (quick.warmup, quick.measure) = (Duration::ZERO, Duration::from_millis(10));
    let plan = plan(vec![quick], 4);
    for (enough, expected) in [(2, vec![1, 2]), (9, vec![1, 2, 3, 4])] {
        let (mut asked, slices) = (Vec::new(), RefCell::new(Vec::new()));
        let input = RunInput {
            plan: &plan,
            bound: &bound(&plan),
            targets: &[null(Duration::from_millis(1), 1)],
            began: Instant::now(),
            events: &Events::ignored(),
            interrupt: &Interrupt::default(),
            server_cpu: None,
            on_interval: &mut |_| Ok(()),
            on_slice: &mut |outcome| {
                slices.borrow_mut().push(outcome.slice.round);
                Ok(())
            },
        };
        let end = super::run_rounds(input, &mut |_| Ok(None), &mut |round| {
            asked.push((round, slices.borrow().len()));
            if round == enough { super::Next::End } else { super::Next::Round }
        });
        assert_eq!(end.expect("runs").slices as usize, expected.len());
        assert_eq!(slices.into_inner(), expected);
        // Between rounds: everything of the round is there, nothing of the next.
        assert!(asked.iter().all(|(round, closed)| *round as usize == *closed), "{asked:?}");
    }
}
