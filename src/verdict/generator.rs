//! Is the generator to be believed? What limited a slice, and what of generator and machine makes it not valid.
//!
//! In a closed loop a slow generator shows as lower throughput, which a warning beside the figures says. In an open loop it
//! shows as response times that are not the server's, so that the slice is not valid.

use super::percent;
use crate::result::MISSED_AT_MOST;
use crate::result::run::{RunRecord, VariantRecord};
use crate::result::slice::{LimitedBy, SliceRecord, WorkerRecord};

/// A worker thread that is on the CPU for more than this share of the slice is the limit.
const CPU_AT_MOST: f64 = 0.90;
/// A worker thread that waits for a CPU for more than this share of the slice shares it with too much else.
const CPU_WAIT_AT_MOST: f64 = 0.10;
/// Clients that are in an operation for at least this share of their time count as busy all of it.
const BUSY_AT_LEAST: f64 = 0.95;
/// The largest share of the response times that may be schedule lag.
pub(super) const LAG_AT_MOST: f64 = 0.10;
/// Waking a thread takes the kernel some tens of microseconds, whatever the load: a mean schedule lag up to this says
/// nothing against the generator, although it may be a large share of the response times of very short operations. It is
/// then a warning beside the figures.
const LAG_OF_WAKING_US: f64 = 50.0;
/// The largest share of the CPUs' time that the host may take away.
const STEAL_AT_MOST: f64 = 0.02;
/// Above this share of the time in which something waits for a CPU, one is short.
const PRESSURE_AT_MOST: f64 = 0.10;
/// The kernel counts steal in ticks of 10 ms, so that a reading may be too large by one.
const TICK_US: f64 = 10_000.0;

/// Judges a slice that just closed: sets `limit`, and adds to `not_valid` what speaks against it. A slice that failed keeps
/// its reason and has no limit.
pub fn judge_slice(run: &RunRecord, slice: &mut SliceRecord) {
    if slice.failed.is_some() {
        return;
    }
    slice.limit = limit(variant_of(run, slice), slice);
    slice.not_valid = not_valid(run, slice);
    slice.valid &= slice.not_valid.is_empty();
}

/// What limited the throughput; `None` when nothing is known of the workers.
///
/// Beyond the two bounds, a thread that was on the CPU or waiting for one for more than 90 % of the slice together had no
/// time left either, and is the limit although each part stays within its bound.
fn limit(variant: Option<&VariantRecord>, slice: &SliceRecord) -> Option<LimitedBy> {
    let cpu = slice.worker_cpu_share()?;
    let wait = slice.worker_cpu_wait_share().unwrap_or(0.0);
    Some(if cpu > CPU_AT_MOST {
        LimitedBy::Generator
    } else if wait > CPU_WAIT_AT_MOST {
        LimitedBy::Shared
    } else if slice.workers.iter().any(|worker| occupied(worker) > CPU_AT_MOST) {
        LimitedBy::Generator
    } else if all_clients_busy(variant?, slice) {
        LimitedBy::Server
    } else {
        LimitedBy::None
    })
}

fn variant_of<'r>(run: &'r RunRecord, slice: &SliceRecord) -> Option<&'r VariantRecord> {
    run.variants.iter().find(|variant| variant.name == slice.variant)
}

/// Of its time, a thread was on the CPU or waiting for one.
fn occupied(worker: &WorkerRecord) -> f64 {
    if worker.wall_us > 0.0 { (worker.cpu_us + worker.cpu_wait_us.unwrap_or(0.0)) / worker.wall_us } else { 0.0 }
}

/// Whether a core is left for another worker, where this is known.
pub(super) fn has_core_for_worker(run: &RunRecord, slice: &SliceRecord) -> bool {
    run.environment.cores.is_some_and(|cores| slice.workers.len() < cores as usize)
}

/// Whether a client is left for another worker, of which each has one at least.
pub(super) fn has_client_for_worker(run: &RunRecord, slice: &SliceRecord) -> bool {
    variant_of(run, slice).is_some_and(|variant| slice.workers.len() < variant.clients as usize)
}

/// What helps a generator that is the limit of an open loop.
fn relief(run: &RunRecord, slice: &SliceRecord) -> &'static str {
    match (has_core_for_worker(run, slice), has_client_for_worker(run, slice)) {
        (true, true) => "raise run.workers, or lower load.rate",
        (true, false) => "raise load.clients, and run.workers with it, or lower load.rate",
        (false, _) => "lower load.rate, or use a machine with more cores",
    }
}

/// How the thread that had the least time left spent it. That it waited is said where being on the CPU alone was within
/// its bound.
fn busiest(slice: &SliceRecord) -> String {
    let cpu = slice.worker_cpu_share().unwrap_or(0.0);
    let most = slice.workers.iter().max_by(|a, b| occupied(a).total_cmp(&occupied(b)));
    match most.filter(|worker| cpu <= CPU_AT_MOST && worker.wall_us > 0.0) {
        Some(worker) => format!(
            "on the CPU {} of the time and waiting for one {}",
            percent(worker.cpu_us / worker.wall_us),
            percent(worker.cpu_wait_us.unwrap_or(0.0) / worker.wall_us)
        ),
        None => format!("on the CPU {} of the time", percent(cpu)),
    }
}

/// Whether the load could not have been higher with these clients. A closed loop without think time keeps them busy by its
/// nature. Else they count as busy when they were in operations for 95 % of their time, in an open loop also when the rate
/// was missed: what never started had no free client.
fn all_clients_busy(variant: &VariantRecord, slice: &SliceRecord) -> bool {
    if slice.asked_per_s.is_none() && variant.think_us == 0.0 {
        return true;
    }
    slice.missed_share().is_some_and(|missed| missed > MISSED_AT_MOST)
        || slice.clients_busy_share(variant.clients).is_some_and(|busy| busy >= BUSY_AT_LEAST)
}

fn not_valid(run: &RunRecord, slice: &SliceRecord) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(missed) = slice.missed_share() {
        let of_wait = percent(slice.worker_cpu_wait_share().unwrap_or(0.0));
        match slice.limit {
            Some(LimitedBy::Generator) => reasons.push(format!(
                "the load generator was the limit, not the server (a thread of it was {}): {}",
                busiest(slice),
                relief(run, slice)
            )),
            Some(LimitedBy::Shared) if missed > MISSED_AT_MOST => reasons.push(format!(
                "the load generator had to share the CPU (a thread of it waited for one {of_wait} of the time), and {} of \
                 the planned operations never started: leave it a core, or lower load.rate",
                percent(missed)
            )),
            _ => {}
        }
        let too_late = slice.schedule_lag_mean_us().is_none_or(|mean_us| mean_us > LAG_OF_WAKING_US);
        if let Some(lag) = slice.schedule_lag_share().filter(|lag| too_late && *lag > LAG_AT_MOST) {
            reasons.push(format!(
                "the load generator started operations late: schedule lag makes up {} of the response times in sum: {}",
                percent(lag),
                late_because(slice)
            ));
        }
    }
    if let Some(steal) = stolen(slice) {
        reasons.push(format!(
            "the host took away {} of the machine's CPU time (steal): measure when it is less busy, or on another machine",
            percent(steal)
        ));
    }
    reasons
}

/// Why operations were started late, as far as the kernel tells, and what helps. A lower rate is no remedy: the longer a
/// thread sleeps, the longer waking it takes.
fn late_because(slice: &SliceRecord) -> String {
    let waited_us: f64 = slice.workers.iter().filter_map(|worker| worker.cpu_wait_us).sum();
    let lag_us = slice.mix.lag.sum_ns as f64 / 1e3;
    let stolen = slice.steal_share().filter(|share| *share > STEAL_AT_MOST / 2.0);
    let pressed = slice.cpu_pressure_share().filter(|share| *share > PRESSURE_AT_MOST);
    match (waited_us * 2.0 >= lag_us && lag_us > 0.0, stolen, pressed) {
        (true, ..) => "its threads had to wait for a CPU about as long: leave it a core".to_owned(),
        (_, Some(share), _) => {
            format!("the host took away {} of the CPU time: measure when it is less busy", percent(share))
        }
        (.., Some(share)) => {
            format!(
                "something waited for a CPU {} of the time: leave the load generator a core",
                percent(share.min(1.0))
            )
        }
        _ => {
            "no CPU was short, so that waking a thread takes this machine long (deep sleep states of its CPUs, or of a \
              virtual machine): measure operations that take longer, or keep the CPUs from deep sleep"
                .to_owned()
        }
    }
}

/// The share that was stolen, where it is certainly too much: in a short slice one tick alone says nothing.
fn stolen(slice: &SliceRecord) -> Option<f64> {
    let (steal_us, cpus_us) = slice.machine.steal_us.zip(slice.machine.cpus_us)?;
    (steal_us - TICK_US > STEAL_AT_MOST * cpus_us).then_some(steal_us / cpus_us)
}

#[cfg(test)]
#[path = "generator_tests.rs"]
mod tests;
