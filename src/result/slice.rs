//! A line of `slices.jsonl`: all that summary, comparison and report need of one slice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::recorded::RecordedValues;
pub(super) use super::times::Censored;
use super::times::SliceTimes;
use crate::metrics::{Counters, OperationMetrics, SliceMetrics};

/// Where a slice stands in the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SliceContext {
    /// Index of the sweep point, from 0.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// Position within the round, from 1.
    pub position: u32,
    /// Name of the variant.
    pub variant: String,
    /// Names and jobs of the variant's operations, in the order of the metrics.
    pub operations: Vec<(String, String)>,
    /// The names that its steps record values under, in the order of the metrics.
    pub records: Vec<String>,
    /// The same of what goes on beside the mix.
    pub background_records: Vec<String>,
    /// Begin of the measurement, seconds since the start of the run.
    pub start_s: f64,
}

/// One slice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceRecord {
    /// Index of the sweep point.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
    /// Position within the round, from 1.
    pub position: u32,
    /// Name of the variant.
    pub variant: String,
    /// Begin of the measurement, seconds since the start of the run.
    pub start_s: f64,
    /// Length of the measurement, s.
    pub measure_s: f64,
    /// Open loop: operations asked for per second; `None` in a closed loop.
    #[serde(default)]
    pub asked_per_s: Option<f64>,
    /// Length of the warm-up as it became, s.
    pub warmup_s: f64,
    /// Time until the last operation in flight ended, s.
    pub drain_s: f64,
    /// Whether every connection ran each statement six times before the measurement.
    pub warmed_up: bool,
    /// What limited the throughput; `None` when not known.
    pub limit: Option<LimitedBy>,
    /// Whether the slice is part of the figures.
    pub valid: bool,
    /// Why its figures may not be relied on although it did not fail: what speaks against the generator or the machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_valid: Vec<String>,
    /// Why the slice failed, if it did.
    pub failed: Option<String>,
    /// Whether it was cut by the user (`failed` is then set as well): it is not there, rather than left out.
    #[serde(default)]
    pub interrupted: bool,
    /// How often connections were made again, warm-up included.
    #[serde(default)]
    pub reconnects: u64,
    /// Of these, for operations of the warm-up.
    #[serde(default)]
    pub warmup_reconnects: u64,
    /// Of all, after dbbench had closed the connection at an operation's timeout: nothing was lost.
    #[serde(default)]
    pub timeout_reconnects: u64,
    /// Of these, for operations of the warm-up.
    #[serde(default)]
    pub timeout_warmup_reconnects: u64,
    /// Statements that were prepared again because the server had forgotten them or their result had changed, warm-up
    /// included.
    #[serde(default)]
    pub re_prepared: u64,
    /// What its accounting contradicts, if anything.
    pub violation: Option<String>,
    /// The whole mix.
    pub mix: SliceFigures,
    /// Each operation.
    pub operations: Vec<SliceFigures>,
    /// Jobs that more than one operation of this variant does.
    #[serde(default)]
    pub jobs: Vec<SliceFigures>,
    /// Time of each connect.
    pub connect: SliceTimes,
    /// Operations of the warm-up that ended.
    pub warmup_operations: u64,
    /// Each worker thread.
    pub workers: Vec<WorkerRecord>,
    /// CPU of local servers, µs; `None` when not known. With a server for each side: of the one measured.
    pub server_cpu_us: Option<f64>,
    /// Share of a CPU, 0 … 1, that the server of the other side used meanwhile; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_server_cpu: Option<f64>,
    /// The machine.
    #[serde(default)]
    pub machine: MachineRecord,
    /// What went on beside the mix; what was cut off at the end of the measurement is not counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<SliceFigures>,
    /// What the checks after the slice found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckRecord>,
    /// The tables of the state that it wrote to, the largest first; empty where no variant writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableRecord>,
}

/// A table before and after a slice. `None`: it was not there, or too large to be counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Name as SQL wants it.
    pub name: String,
    /// Rows before the slice.
    pub rows_before: Option<u64>,
    /// Rows after it.
    pub rows_after: Option<u64>,
    /// Bytes before the slice, without indexes.
    pub bytes_before: Option<u64>,
    /// Bytes after it.
    pub bytes_after: Option<u64>,
}

/// What a check after a slice found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// Its name.
    pub name: String,
    /// Whether what was found is what was expected.
    pub passed: bool,
    /// What was expected, for people.
    pub expected: String,
    /// What was found, or why nothing was, for people.
    pub found: String,
    /// Expected minus found; of what is no number 0 where they are equal, else 1. `None`: nothing was found.
    pub difference: Option<f64>,
}

/// What limited the throughput of a slice; the later ones are worse for whoever wants to know the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// Nothing: the load asked for was done.
    None,
    /// Whatever the clients waited for: server, pooler, link.
    Server,
    /// The CPU that the generator shares with others.
    Shared,
    /// The generator itself.
    Generator,
}

impl LimitedBy {
    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Shared => "shared",
            Self::Generator => "generator",
        }
    }
}

/// What the kernel said of the whole machine during the measurement. `None`: it does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineRecord {
    /// Time in which CPUs wanted to run and the host ran something else, all CPUs together, µs.
    pub steal_us: Option<f64>,
    /// Time of all CPUs, µs.
    pub cpus_us: Option<f64>,
    /// Time in which anything runnable waited for a CPU, µs.
    pub cpu_pressure_us: Option<f64>,
    /// Length of the observation, µs.
    pub wall_us: f64,
}

/// Counts and times of the mix, an operation or a job in one slice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceFigures {
    /// Name of the operation or job; `None` for the mix.
    pub name: Option<String>,
    /// Job of the operation; `None` for the mix.
    pub job: Option<String>,
    /// Operations planned.
    pub planned: u64,
    /// Tries.
    pub attempts: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Failed for good.
    pub failed: u64,
    /// Attempts that ended without the answer to their commit: not known whether it took effect.
    pub unknown: u64,
    /// Never started.
    pub unstarted: u64,
    /// Attempts tried again.
    pub retried: u64,
    /// Time lost in attempts that were tried again, back-offs included, in all, µs.
    #[serde(default)]
    pub retry_us: f64,
    /// End not seen.
    pub censored: u64,
    /// Statements sent.
    pub statements: u64,
    /// Rows returned or affected.
    pub rows: u64,
    /// Failures by SQLSTATE or class.
    pub failures: BTreeMap<String, u64>,
    /// Response times.
    pub response: SliceTimes,
    /// Service times.
    pub service: SliceTimes,
    /// Queue times.
    pub queue: SliceTimes,
    /// Acquire times.
    pub acquire: SliceTimes,
    /// Schedule lag of all that started.
    pub lag: SliceTimes,
    /// Response times of operations that failed.
    pub failed_response: SliceTimes,
    /// What steps recorded, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, RecordedValues>,
}

/// A worker thread's use of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// On a CPU, µs.
    pub cpu_us: f64,
    /// Runnable, waiting for a CPU, µs.
    pub cpu_wait_us: Option<f64>,
    /// Length of the measurement, µs.
    pub wall_us: f64,
}

impl SliceFigures {
    /// The figures of `metrics`; `records` are the names of what was recorded.
    #[must_use]
    pub fn of(name: Option<&str>, job: Option<&str>, metrics: &OperationMetrics, records: &[String]) -> Self {
        let counters = &metrics.counters;
        let ranks = Censored::of(counters.censored, counters.unstarted);
        // What is told apart of the unknown is for the checks, which are made before.
        let Counters { planned, attempts, succeeded, failed, unknown, unstarted, retried, censored, .. } = *counters;
        Self {
            name: name.map(str::to_owned),
            job: job.map(str::to_owned),
            planned,
            attempts,
            succeeded,
            failed,
            unknown,
            unstarted,
            retried,
            retry_us: metrics.retry_ns as f64 / 1e3,
            censored,
            statements: counters.statements,
            rows: counters.rows,
            failures: metrics.failures.iter().map(|(key, (count, _))| (key.to_string(), *count)).collect(),
            response: SliceTimes::of(&metrics.response, ranks.response),
            service: SliceTimes::of(&metrics.service, ranks.service),
            queue: SliceTimes::of(&metrics.queue, if metrics.queue.is_empty() { 0 } else { ranks.response }),
            acquire: SliceTimes::of(&metrics.acquire, if metrics.acquire.is_empty() { 0 } else { ranks.service }),
            lag: SliceTimes::of(&metrics.lag, 0),
            failed_response: SliceTimes::of(&metrics.failed_response, 0),
            records: (records.iter().zip(&metrics.records))
                .map(|(name, recorded)| (name.clone(), RecordedValues::of(recorded)))
                .collect(),
        }
    }

    /// Operations that ended, well or badly.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed
    }
}

impl SliceRecord {
    /// What is kept of a closed slice. It is valid unless it failed or its accounting contradicts itself.
    #[must_use]
    pub fn new(context: &SliceContext, metrics: &SliceMetrics) -> Self {
        let mix = metrics.total.mix();
        let operations: Vec<(&(String, String), &OperationMetrics)> =
            context.operations.iter().zip(&metrics.total.operations).collect();
        let violation = operations.iter().find_map(|((name, _), operation)| {
            operation.violation().map(|violation| format!("operation `{name}`: {violation}"))
        });
        Self {
            point: context.point,
            round: context.round,
            position: context.position,
            variant: context.variant.clone(),
            start_s: context.start_s,
            measure_s: metrics.measure_ns as f64 / 1e9,
            asked_per_s: metrics.asked_per_s,
            warmup_s: metrics.warmup_ns as f64 / 1e9,
            drain_s: metrics.drain_ns as f64 / 1e9,
            warmed_up: metrics.warmed_up,
            limit: None,
            valid: metrics.failed.is_none() && violation.is_none(),
            not_valid: Vec::new(),
            failed: metrics.failed.clone(),
            interrupted: metrics.interrupted,
            reconnects: metrics.reconnects.all,
            warmup_reconnects: metrics.reconnects.warmup,
            timeout_reconnects: metrics.reconnects.timed_out,
            timeout_warmup_reconnects: metrics.reconnects.timed_out_warmup,
            re_prepared: metrics.reconnects.re_prepared,
            violation,
            mix: SliceFigures::of(None, None, &mix, &context.records),
            jobs: jobs(&operations, &context.records),
            operations: operations
                .iter()
                .map(|((name, job), metrics)| SliceFigures::of(Some(name), Some(job), metrics, &context.records))
                .collect(),
            connect: SliceTimes::of(&metrics.connect, 0),
            warmup_operations: metrics.warmup.operations.iter().map(|operation| operation.counters.ended()).sum(),
            workers: metrics
                .workers
                .iter()
                .map(|worker| WorkerRecord {
                    cpu_us: worker.cpu_ns as f64 / 1e3,
                    cpu_wait_us: worker.cpu_wait_ns.map(|ns| ns as f64 / 1e3),
                    wall_us: worker.wall_ns as f64 / 1e3,
                })
                .collect(),
            other_server_cpu: None,
            server_cpu_us: metrics.server_cpu_ns.map(|ns| ns as f64 / 1e3),
            machine: MachineRecord {
                steal_us: metrics.machine.steal_ns.map(|ns| ns as f64 / 1e3),
                cpus_us: metrics.machine.cpus_ns.map(|ns| ns as f64 / 1e3),
                cpu_pressure_us: metrics.machine.pressure_ns.map(|ns| ns as f64 / 1e3),
                wall_us: metrics.machine.wall_ns as f64 / 1e3,
            },
            background: metrics
                .background
                .iter()
                .map(|(name, beside)| SliceFigures::of(Some(name), None, beside, &context.background_records))
                .collect(),
            checks: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// Why the slice is left out; `None` when it is part of the figures.
    #[must_use]
    pub fn reason_left_out(&self) -> Option<String> {
        if let Some(failed) = &self.failed {
            return Some(failed.clone());
        }
        if let Some(violation) = &self.violation {
            return Some(format!("its accounting contradicts itself: {violation}"));
        }
        if !self.not_valid.is_empty() {
            return Some(self.not_valid.join("; "));
        }
        (!self.valid).then(|| "marked not valid".to_owned())
    }

    /// CPU of all workers, µs; `None` when there are none.
    #[must_use]
    pub fn client_cpu_us(&self) -> Option<f64> {
        (!self.workers.is_empty()).then(|| self.workers.iter().map(|worker| worker.cpu_us).sum())
    }
}

/// Jobs of several operations; for the others the operation's figures are those of the job.
fn jobs(operations: &[(&(String, String), &OperationMetrics)], records: &[String]) -> Vec<SliceFigures> {
    let mut by_job: BTreeMap<&str, Vec<&OperationMetrics>> = BTreeMap::new();
    for ((_, job), metrics) in operations {
        by_job.entry(job).or_default().push(metrics);
    }
    by_job
        .into_iter()
        .filter(|(_, parts)| parts.len() > 1)
        .map(|(job, parts)| {
            let mut all = OperationMetrics::default();
            parts.iter().for_each(|part| all.merge(part));
            SliceFigures::of(Some(job), Some(job), &all, records)
        })
        .collect()
}
