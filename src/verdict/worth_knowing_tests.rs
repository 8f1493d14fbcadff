//! The warnings as people read them.

use super::warnings;
use crate::result::run::{Bound, Environment, Judgement, Limit, RunRecord, VariantRecord};
use crate::result::slice::{SliceRecord, WorkerRecord};
use crate::result::summary::{Summary, Variant};
use crate::verdict::judge_slice;

fn run() -> RunRecord {
    let variant = |name: &str| VariantRecord { name: name.to_owned(), clients: 8, ..VariantRecord::default() };
    RunRecord {
        environment: Environment { cores: Some(4), ..Environment::default() },
        variants: vec![variant("join"), variant("batch")],
        ..RunRecord::default()
    }
}

/// A slice of a second with one worker, judged as the run does it.
fn slice(run: &RunRecord, variant: &str, cpu: f64, wait: f64, change: impl FnOnce(&mut SliceRecord)) -> SliceRecord {
    let worker = WorkerRecord { cpu_us: cpu * 1e6, cpu_wait_us: Some(wait * 1e6), wall_us: 1e6 };
    let mut slice = SliceRecord {
        variant: variant.to_owned(),
        measure_s: 1.0,
        valid: true,
        workers: vec![worker],
        ..Default::default()
    };
    slice.mix.response.sum_ns = 8_000_000_000;
    change(&mut slice);
    judge_slice(run, &mut slice);
    slice
}

fn of(run: &RunRecord, slices: &[SliceRecord]) -> Vec<String> {
    warnings(run, slices, &Summary::default())
}

#[test]
fn a_slow_generator_is_said_with_what_helps() {
    let mut run = run();
    let busy = |cpu| slice(&run, "join", cpu, 0.0, |_| {});
    let idle = |variant| slice(&run, variant, 0.2, 0.0, |_| {});
    let slices = [busy(0.95), busy(0.97), idle("join"), idle("batch"), slice(&run, "batch", 0.99, 0.0, |_| {})];
    assert_eq!(of(&run, &slices[2..4]), Vec::<String>::new());
    assert_eq!(
        of(&run, &slices),
        [
            "the load generator was the limit in 2 of 3 rounds of join, 1 of 2 of batch (its busiest thread was on the CPU 99 % of \
          the time): the database could have done more; use more workers (run.workers), or fewer clients"
        ]
    );
    run.environment.cores = Some(1);
    assert!(of(&run, &slices)[0].ends_with("use fewer clients, or a machine with more cores"), "no core is left");
    run.null_target = true;
    assert!(of(&run, &slices[..1])[0].contains("in 1 of 1 round of join"), "{:?}", of(&run, &slices[..1]));
    assert!(of(&run, &slices)[0].ends_with("the figures are those of dbbench itself"));
}

#[test]
fn a_shared_cpu_and_lateness_are_said_once() {
    let run = run();
    let late = |slice: &mut SliceRecord| slice.mix.lag.sum_ns = 1_200_000_000;
    let shared = slice(&run, "join", 0.4, 0.23, late);
    let found = of(&run, std::slice::from_ref(&shared));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with(
            "the load generator shared the CPU with the server or other processes in 1 of 1 round of join"
        )
    );
    assert!(found[0].contains("up to 23 % of the time"), "{found:?}");
    let found = of(&run, &[slice(&run, "join", 0.4, 0.0, late)]);
    assert!(found.len() == 1 && found[0].contains("up to 15 % of the response times"), "{found:?}");
}

#[test]
fn a_missed_rate_names_who_was_the_limit() {
    let run = run();
    let overload = |slice: &mut SliceRecord| {
        slice.asked_per_s = Some(2_000.0);
        (slice.mix.planned, slice.mix.unstarted) = (2_000, 1_188);
    };
    let found = of(&run, &[slice(&run, "join", 0.12, 0.01, overload)]);
    assert_eq!(
        found,
        [
            "join: the asked rate was not reached in 1 of 1 round: 2,000 operations per second were asked for and 812 started, \
          59 % of the planned never did; all 8 clients were waiting for the server 100 % of the time (the busiest thread of the load \
          generator was on the CPU 12 %): it was the limit at 8 clients; more may get more out of it (load.clients); response times contain the wait in a queue that grows for as long as the load lasts"
        ]
    );
    // With the generator as the limit the round is left out, which says why by itself.
    let slow = slice(&run, "join", 0.99, 0.0, overload);
    assert!(!slow.valid && of(&run, &[slow]).is_empty());
}

#[test]
fn data_in_memory_is_worth_a_warning() {
    let mut run = run();
    for (file_system, expected) in [("ext4", 0), ("tmpfs", 1), ("ramfs", 1)] {
        run.environment.data_file_system = Some(file_system.to_owned());
        assert_eq!(of(&run, &[]).len(), expected, "{file_system}");
    }
}

#[test]
fn goodput_of_a_rate_that_was_kept_shows_nothing() {
    let claim = |metric: &str, bound| Judgement {
        claim: "does more".to_owned(),
        source: None,
        variant: "join".to_owned(),
        operation: None,
        job: None,
        metric: metric.to_owned(),
        against: "batch".to_owned(),
        bound,
    };
    let ratio = Bound::Ratio(Limit::AtLeast(2.0));
    let found = |metric: &str, bound, reached: [Option<bool>; 2]| {
        let variant = |name: &str, rate_reached| Variant { name: name.to_owned(), rate_reached, ..Variant::default() };
        let summary =
            Summary { variants: vec![variant("join", reached[0]), variant("batch", reached[1])], ..Summary::default() };
        warnings(&RunRecord { claims: vec![claim(metric, bound)], ..run() }, &[], &summary).len()
    };
    assert_eq!(found("goodput", ratio, [Some(true), Some(true)]), 1);
    assert_eq!(found("goodput", ratio, [Some(true), Some(false)]), 0);
    assert_eq!(found("goodput", ratio, [None, None]), 0, "a closed loop");
    assert_eq!(found("response.p50", ratio, [Some(true), Some(true)]), 0);
    assert_eq!(found("goodput", Bound::Value(Limit::AtLeast(2.0)), [Some(true), Some(true)]), 0);
}
