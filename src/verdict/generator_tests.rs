//! Every branch of limit and validity, on slices made by hand.

use proptest::prelude::*;

use super::judge_slice;
use crate::result::SliceTimes;
use crate::result::run::{RunRecord, VariantRecord};
use crate::result::slice::{LimitedBy, MachineRecord, SliceFigures, SliceRecord, WorkerRecord};

const CLIENTS: u32 = 4;

fn variant(think_us: f64) -> VariantRecord {
    VariantRecord { clients: CLIENTS, think_us, ..VariantRecord::default() }
}

/// Two seconds, four clients, half of the time in operations; a second thread that does nothing.
fn slice(cpu: f64, wait: Option<f64>) -> SliceRecord {
    let wall_us = 2e6;
    let worker = |cpu: f64, wait: Option<f64>| WorkerRecord {
        cpu_us: cpu * wall_us,
        cpu_wait_us: wait.map(|w| w * wall_us),
        wall_us,
    };
    let mut slice = SliceRecord {
        measure_s: 2.0,
        valid: true,
        workers: vec![worker(0.0, wait.map(|_| 0.0)), worker(cpu, wait)],
        ..SliceRecord::default()
    };
    slice.mix.planned = 10_000;
    slice.mix.response.sum_ns = 4_000_000_000;
    slice
}

fn open(slice: SliceRecord, unstarted: u64) -> SliceRecord {
    let mut slice = SliceRecord { asked_per_s: Some(5_000.0), ..slice };
    slice.mix.unstarted = unstarted;
    slice
}

fn judged(think_us: f64, slice: SliceRecord) -> SliceRecord {
    judged_with(None, variant(think_us), slice)
}

fn judged_with(cores: Option<u32>, variant: VariantRecord, mut slice: SliceRecord) -> SliceRecord {
    let mut run = RunRecord { variants: vec![variant], ..RunRecord::default() };
    run.environment.cores = cores;
    judge_slice(&run, &mut slice);
    slice
}

#[test]
fn what_helps_a_generator_names_the_keys() {
    let reason = |cores, clients, cpu, wait| {
        let variant = VariantRecord { clients, ..variant(0.0) };
        judged_with(cores, variant, open(slice(cpu, Some(wait)), 0)).not_valid.join("; ")
    };
    // Two workers.
    assert_eq!(
        reason(Some(4), 4, 0.97, 0.02),
        "the load generator was the limit, not the server (a thread of it was on the CPU 97 % of the time): raise \
         run.workers, or lower load.rate"
    );
    assert!(
        reason(Some(4), 2, 0.97, 0.02).ends_with("raise load.clients, and run.workers with it, or lower load.rate")
    );
    for cores in [Some(2), None] {
        assert!(reason(cores, 4, 0.97, 0.02).ends_with("lower load.rate, or use a machine with more cores"));
    }
    let both = reason(Some(4), 4, 0.85, 0.09);
    assert!(both.contains("(a thread of it was on the CPU 85 % of the time and waiting for one 9 %)"), "{both}");
}

#[test]
fn what_helps_against_lateness_depends_on_what_the_kernel_saw() {
    let reason = |wait: f64, steal: f64, pressure: f64| {
        let mut late = open(slice(0.3, Some(wait)), 0);
        late.mix.lag.sum_ns = 500_000_000;
        late.machine = MachineRecord {
            steal_us: Some(steal * 4e6),
            cpus_us: Some(4e6),
            cpu_pressure_us: Some(pressure * 2e6),
            wall_us: 2e6,
        };
        judged(0.0, late).not_valid.join("; ")
    };
    // Half of the lag of 0.5 s in a slice of 2 s.
    let waited = reason(0.125, 0.0, 0.0);
    assert!(waited.ends_with("in sum: its threads had to wait for a CPU about as long: leave it a core"), "{waited}");
    let stolen = reason(0.0, 0.015, 0.0);
    assert!(stolen.ends_with("the host took away 1.5 % of the CPU time: measure when it is less busy"), "{stolen}");
    let pressed = reason(0.0, 0.0, 0.3);
    assert!(pressed.ends_with("waited for a CPU 30 % of the time: leave the load generator a core"), "{pressed}");
    let asleep = reason(0.0, 0.0, 0.05);
    assert!(asleep.contains("12 % of the response times in sum: no CPU was short"), "{asleep}");
    assert!(asleep.contains("deep sleep") && !asleep.contains("load.rate"), "{asleep}");
}

fn limit(think_us: f64, slice: SliceRecord) -> LimitedBy {
    judged(think_us, slice).limit.expect("workers are known")
}

#[test]
fn a_closed_loop_is_limited_by_whoever_had_no_time_left() {
    for (cpu, wait, expected) in [
        (0.91, Some(0.0), LimitedBy::Generator),
        (0.91, Some(0.5), LimitedBy::Generator),
        (0.91, None, LimitedBy::Generator),
        (0.5, Some(0.11), LimitedBy::Shared),
        // Each within its bound, but nothing left together.
        (0.85, Some(0.09), LimitedBy::Generator),
        (0.9, Some(0.0), LimitedBy::Server),
        (0.5, Some(0.1), LimitedBy::Server),
        (0.5, None, LimitedBy::Server),
    ] {
        let judged = judged(0.0, slice(cpu, wait));
        assert_eq!(judged.limit, Some(expected), "{cpu} {wait:?}");
        assert!(judged.valid && judged.reason_left_out().is_none(), "in a closed loop it is a warning");
    }
}

#[test]
fn clients_that_think_are_busy_when_they_hardly_do() {
    let mut idle = slice(0.3, Some(0.0));
    assert_eq!(limit(1_000.0, idle.clone()), LimitedBy::None);
    // Four clients for two seconds are 8 s.
    idle.mix.response.sum_ns = 7_700_000_000;
    assert_eq!(limit(1_000.0, idle.clone()), LimitedBy::Server);
    // Lag is time in which the client was free.
    idle.mix.lag.sum_ns = 200_000_000;
    assert_eq!(limit(1_000.0, idle), LimitedBy::None);
}

#[test]
fn a_rate_that_the_server_missed_is_a_finding() {
    let reached = judged(0.0, open(slice(0.3, Some(0.02)), 100));
    assert_eq!((reached.limit, reached.valid), (Some(LimitedBy::None), true));
    let missed = judged(0.0, open(slice(0.3, Some(0.02)), 101));
    assert_eq!((missed.limit, missed.valid), (Some(LimitedBy::Server), true));
    let mut full = open(slice(0.3, None), 0);
    full.mix.response.sum_ns = 30_000_000_000;
    full.mix.queue.sum_ns = 22_200_000_000;
    assert_eq!(limit(0.0, full), LimitedBy::Server, "busy without the queue, although nothing was missed");
}

#[test]
fn an_open_loop_with_a_slow_generator_is_not_valid() {
    let generator = judged(0.0, open(slice(0.97, Some(0.0)), 0));
    assert_eq!((generator.limit, generator.valid), (Some(LimitedBy::Generator), false));
    let reason = generator.reason_left_out().unwrap();
    assert!(reason.starts_with("the load generator was the limit") && reason.contains("97 %"), "{reason}");

    let shared = judged(0.0, open(slice(0.5, Some(0.2)), 100));
    assert_eq!((shared.limit, shared.valid), (Some(LimitedBy::Shared), true), "the rate was reached");
    let shared = judged(0.0, open(slice(0.5, Some(0.2)), 101));
    assert!(!shared.valid && shared.not_valid[0].contains("waited for one 20 % of the time"), "{:?}", shared.not_valid);
}

#[test]
fn schedule_lag_invalidates_open_loops_alone() {
    let mut late = slice(0.3, None);
    late.mix.lag.sum_ns = 410_000_000;
    assert!(judged(0.0, late.clone()).valid);
    let judged_open = judged(0.0, open(late.clone(), 0));
    assert!(!judged_open.valid && judged_open.not_valid[0].contains("10 % of the response times"), "{judged_open:?}");
    // The same share of very short operations: 41 µs each are what it takes to wake a thread.
    let woken = SliceTimes { count: 10_000, ..late.mix.lag.clone() };
    assert!(
        judged(0.0, open(SliceRecord { mix: SliceFigures { lag: woken, ..late.mix.clone() }, ..late.clone() }, 0))
            .valid
    );
    late.mix.lag.sum_ns = 390_000_000;
    assert!(judged(0.0, open(late, 0)).valid);
}

#[test]
fn steal_invalidates_any_slice_but_one_tick_says_nothing() {
    let stolen = |steal_us: f64, cpus_us: f64| {
        let machine = MachineRecord { steal_us: Some(steal_us), cpus_us: Some(cpus_us), ..MachineRecord::default() };
        judged(0.0, SliceRecord { machine, ..slice(0.3, None) })
    };
    // Two CPUs for two seconds; 2 % are 80 ms.
    assert!(stolen(90_000.0, 4e6).valid && !stolen(100_000.0, 4e6).valid);
    assert!(stolen(100_000.0, 4e6).not_valid[0].contains("2.5 % of the machine's CPU time (steal)"));
    // A slice of 100 ms: one tick is 5 %, two are too much.
    assert!(stolen(10_000.0, 2e5).valid && !stolen(20_000.0, 2e5).valid);
    assert!(judged(0.0, slice(0.3, None)).valid, "not told is not stolen");
}

#[test]
fn what_failed_or_has_no_workers_has_no_limit() {
    let failed = SliceRecord { failed: Some("gone".to_owned()), valid: false, ..slice(0.99, None) };
    assert_eq!(judged(0.0, failed.clone()), failed);
    let unknown = SliceRecord { workers: Vec::new(), ..slice(0.0, None) };
    assert_eq!(judged(0.0, unknown).limit, None);
    // Contradicting counts stay not valid, whatever the generator did.
    let violated = SliceRecord { violation: Some("1 ≠ 2".to_owned()), valid: false, ..slice(0.3, None) };
    assert!(!judged(0.0, violated).valid);
}

proptest! {
    /// More CPU or more waiting never makes the generator less of a limit, and only open loops are not valid by it.
    #[test]
    fn a_busier_generator_is_never_less_of_a_limit(
        cpu in 0.0..1.0_f64, wait in 0.0..1.0_f64, more in 0.0..1.0_f64, unstarted in 0..10_000_u64,
    ) {
        let (cpu, wait) = if cpu + wait > 1.0 { (1.0 - cpu, 1.0 - wait) } else { (cpu, wait) };
        let busier = cpu + more * (1.0 - cpu - wait).max(0.0);
        prop_assert!(limit(0.0, slice(cpu, Some(wait))) <= limit(0.0, slice(busier, Some(wait))));
        prop_assert!(judged(0.0, slice(cpu, Some(wait))).valid);
        let open = judged(0.0, open(slice(cpu, Some(wait)), unstarted));
        prop_assert_eq!(open.limit <= Some(LimitedBy::Server), limit(0.0, slice(cpu, Some(wait))) <= LimitedBy::Server);
        let generator = open.limit == Some(LimitedBy::Generator);
        let missed = open.limit == Some(LimitedBy::Shared) && unstarted > 100;
        prop_assert_eq!(open.valid, !generator && !missed);
    }
}
