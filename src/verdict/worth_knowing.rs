//! Warnings that follow from the verdict on generator and machine: what limited the load, rates that were missed, data on a
//! file system that is none, comparisons that cannot show anything.

use super::generator::{LAG_AT_MOST, has_client_for_worker, has_core_for_worker};
use super::percent;
use super::ratio::trimmed;
use crate::result::MISSED_AT_MOST;
use crate::result::run::{Bound, Judgement, RunRecord, VariantRecord};
use crate::result::slice::{LimitedBy, SliceRecord};
use crate::result::summary::Summary;
use crate::words::Metric;

/// File systems that keep everything in memory.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// All of them.
pub(super) fn warnings(run: &RunRecord, slices: &[SliceRecord], summary: &Summary) -> Vec<String> {
    let closed: Vec<&SliceRecord> =
        slices.iter().filter(|slice| slice.failed.is_none() && slice.asked_per_s.is_none()).collect();
    let mut warnings = Vec::new();
    warnings.extend(generator(run, &closed));
    warnings.extend(shared(run, &closed));
    // An open loop that was late by more than waking takes is not valid, which says it.
    let shows = |slice: &&SliceRecord| slice.failed.is_none() && (slice.asked_per_s.is_none() || slice.valid);
    let shown: Vec<&SliceRecord> = slices.iter().filter(shows).collect();
    warnings.extend(late(run, &shown));
    warnings.extend(run.variants.iter().filter_map(|variant| rate_missed(variant, slices)));
    warnings.extend(in_memory(run));
    warnings.extend(not_idle(slices));
    warnings
        .extend(run.claims.iter().chain(&run.expectations).filter_map(|judgement| follows_rate(judgement, summary)));
    warnings
}

/// In how many rounds of which variants something was so: `3 of 7 rounds of join, 7 of 7 of batch`; `None`: in none.
fn where_so(run: &RunRecord, slices: &[&SliceRecord], so: impl Fn(&SliceRecord) -> bool) -> Option<String> {
    let mut places = Vec::new();
    for variant in &run.variants {
        let of_variant = || slices.iter().filter(|slice| slice.variant == variant.name);
        let count = of_variant().filter(|slice| so(slice)).count();
        if count > 0 {
            let all = of_variant().count();
            let rounds = if places.is_empty() { if all == 1 { " round" } else { " rounds" } } else { "" };
            places.push(format!("{count} of {all}{rounds} of {}", variant.name));
        }
    }
    (!places.is_empty()).then(|| places.join(", "))
}

/// The largest share among the slices that are so.
fn largest(slices: &[&SliceRecord], so: LimitedBy, share: fn(&SliceRecord) -> Option<f64>) -> String {
    let shares = slices.iter().filter(|slice| slice.limit == Some(so)).filter_map(|slice| share(slice));
    percent(shares.fold(0.0, f64::max))
}

fn generator(run: &RunRecord, slices: &[&SliceRecord]) -> Option<String> {
    let limited = |slice: &SliceRecord| slice.limit == Some(LimitedBy::Generator);
    let places = where_so(run, slices, limited)?;
    let cpu = largest(slices, LimitedBy::Generator, SliceRecord::worker_cpu_share);
    let more_workers = slices
        .iter()
        .filter(|slice| limited(slice))
        .all(|slice| has_core_for_worker(run, slice) && has_client_for_worker(run, slice));
    let meaning = match (run.null_target, more_workers) {
        (true, _) => "the null target takes no time, so the figures are those of dbbench itself",
        (false, true) => "the database could have done more; use more workers (run.workers), or fewer clients",
        (false, false) => "the database could have done more; use fewer clients, or a machine with more cores",
    };
    Some(format!(
        "the load generator was the limit in {places} (its busiest thread was on the CPU {cpu} of the time): {meaning}"
    ))
}

/// The server of the other side is to do nothing meanwhile.
fn not_idle(slices: &[SliceRecord]) -> Option<String> {
    const AT_MOST: f64 = 0.01;
    let busy = slices.iter().filter_map(|slice| Some((slice.other_server_cpu?, slice)));
    let (share, slice) = busy.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(share, _)| *share > AT_MOST)?;
    Some(format!(
        "the server of the other side was not idle: it used up to {} of a CPU while {} was measured (round {}); what goes on there          after a slice (autovacuum, checkpoints) takes from what is measured here",
        percent(share),
        slice.variant,
        slice.round
    ))
}

fn shared(run: &RunRecord, slices: &[&SliceRecord]) -> Option<String> {
    let places = where_so(run, slices, |slice| slice.limit == Some(LimitedBy::Shared))?;
    let wait = largest(slices, LimitedBy::Shared, SliceRecord::worker_cpu_wait_share);
    let others = if run.null_target { "other processes" } else { "the server or other processes" };
    Some(format!(
        "the load generator shared the CPU with {others} in {places} (a thread of it waited for one up to {wait} of the time): \
         throughput and response times contain these waits; use fewer clients, or a machine with more cores"
    ))
}

/// Lag where generator and CPU are not known as the limit already: then nothing else has said it.
fn late(run: &RunRecord, slices: &[&SliceRecord]) -> Option<String> {
    let lag = |slice: &SliceRecord| {
        let share = slice.schedule_lag_share().filter(|share| *share > LAG_AT_MOST)?;
        (slice.limit <= Some(LimitedBy::Server)).then_some(share)
    };
    let places = where_so(run, slices, |slice| lag(slice).is_some())?;
    let largest = slices.iter().filter_map(|slice| lag(slice)).fold(0.0, f64::max);
    Some(format!(
        "the load generator itself was late in {places}: up to {} of the response times in sum is its own lateness \
         (schedule lag), not the server's",
        percent(largest)
    ))
}

/// Open loop: the asked rate was missed in rounds that are valid.
fn rate_missed(variant: &VariantRecord, slices: &[SliceRecord]) -> Option<String> {
    let valid: Vec<&SliceRecord> = slices
        .iter()
        .filter(|slice| slice.variant == variant.name && slice.valid && slice.asked_per_s.is_some())
        .collect();
    let missed: Vec<&SliceRecord> = valid
        .iter()
        .copied()
        .filter(|slice| slice.missed_share().is_some_and(|missed| missed > MISSED_AT_MOST))
        .collect();
    let mean = |figure: &dyn Fn(&SliceRecord) -> Option<f64>| {
        let figures: Vec<f64> = missed.iter().filter_map(|slice| figure(slice)).collect();
        figures.iter().sum::<f64>() / figures.len().max(1) as f64
    };
    if missed.is_empty() {
        return None;
    }
    let asked = trimmed(mean(&|slice| slice.asked_per_s));
    let started = trimmed(mean(&SliceRecord::started_per_s));
    let never = percent(mean(&SliceRecord::missed_share));
    let busy = percent(mean(&|slice| slice.clients_busy_share(variant.clients)).min(1.0));
    let cpu = percent(missed.iter().filter_map(|slice| slice.worker_cpu_share()).fold(0.0, f64::max));
    let server = missed.iter().filter(|slice| slice.limit == Some(LimitedBy::Server)).count();
    let who = match (server == missed.len(), variant.clients) {
        (true, 1) => format!(
            "its one client was waiting for the server {busy} of the time (the busiest thread of the load generator was on the \
             CPU {cpu}): it was the limit at one client; more may get more out of it (load.clients)"
        ),
        (true, clients) => format!(
            "all {clients} clients were waiting for the server {busy} of the time (the busiest thread of the load generator was \
             on the CPU {cpu}): it was the limit at {clients} clients; more may get more out of it (load.clients)"
        ),
        (false, _) => format!("what was the limit is not certain (clients were in operations {busy} of the time)"),
    };
    let rounds = if valid.len() == 1 { "round" } else { "rounds" };
    Some(format!(
        "{}: the asked rate was not reached in {} of {} {rounds}: {asked} operations per second were asked for and {started} \
         started, {never} of the planned never did; {who}; response times contain the wait in a queue that grows for as long as \
         the load lasts",
        variant.name,
        missed.len(),
        valid.len()
    ))
}

fn in_memory(run: &RunRecord) -> Option<String> {
    let file_system = run.environment.data_file_system.as_deref().filter(|name| IN_MEMORY.contains(name))?;
    Some(format!(
        "the data folder lies on {file_system}, in memory: a commit waits for no disk, so whatever writes looks faster than it \
         is; DBBENCH_RUN_DIR names a folder elsewhere"
    ))
}

/// Throughput of an open loop that keeps its rate is that rate, whichever way the work is done.
fn follows_rate(judgement: &Judgement, summary: &Summary) -> Option<String> {
    let kept = |name: &str| summary.variant(name).is_some_and(|variant| variant.rate_reached == Some(true));
    let metric = Metric::of_results(&judgement.metric)?;
    let about_ratio = matches!(judgement.bound, Bound::Ratio(_)) && metric == Metric::Goodput;
    (about_ratio && kept(&judgement.variant) && kept(&judgement.against)).then(|| {
        format!(
            "\"{}\" cannot be shown by this run: both {} and {} kept the rate that was asked for, so their goodput is that \
             rate; ask for more than the slower one can do, or use a closed loop",
            judgement.claim, judgement.variant, judgement.against
        )
    })
}

#[cfg(test)]
#[path = "worth_knowing_tests.rs"]
mod tests;
