//! `summary.json`: the contract. Field names are exactly those of the documentation; fields may be added within a schema
//! version. A figure that was not measured, or not reached, is `null`, never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::check::Check;
pub use super::sides::Sides;
pub use super::tables::Table;

use super::calibration::Harness;
use super::run::SameAnswer;
use super::slice::LimitedBy;
use super::times::TimesUs;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the contract.
    pub schema_version: u32,
    /// Who wrote it.
    pub dbbench_version: String,
    /// Name of the workload.
    pub workload: String,
    /// SHA-256 (hex) of the resolved workload.
    pub workload_hash: String,
    /// SHA-256 (hex) of the resolved topology.
    pub topology_hash: String,
    /// Seed of draws and order.
    pub seed: u64,
    /// The machine, by a short name.
    pub machine: String,
    /// Servers with their versions.
    pub servers: Vec<String>,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
    /// The result folder.
    pub dir: String,
    /// Whether fewer slices closed than were planned.
    pub partial: bool,
    /// Whether the user cut a slice.
    #[serde(default)]
    pub interrupted: bool,
    /// Whether the figures may be relied on.
    pub valid: bool,
    /// Why not.
    pub invalid_reasons: Vec<String>,
    /// What is worth knowing beside the figures.
    pub warnings: Vec<String>,
    /// The comparison of answers; `null` when none was made.
    pub same_answer: Option<SameAnswer>,
    /// What the harness itself costs on the machine of the run; `null`: not calibrated, or nothing else was measured.
    #[serde(default)]
    pub harness: Option<Harness>,
    /// Rounds planned; of a run that ended by its goal, how many there were.
    #[serde(default)]
    pub rounds: u32,
    /// Slices that closed without failing.
    #[serde(default)]
    pub slices_closed: u64,
    /// Whether there was no server: the figures are those of dbbench against its null driver.
    #[serde(default)]
    pub null_target: bool,
    /// What came of the goal for the intervals; `null` when none was set.
    #[serde(default)]
    pub precision: Option<Precision>,
    /// Name of the baseline.
    #[serde(default)]
    pub baseline: String,
    /// Two sides of the workload against each other; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sides: Option<Sides>,
    /// One per variant (and point).
    pub variants: Vec<Variant>,
    /// Each variant against the baseline.
    pub comparisons: Vec<Comparison>,
    /// Findings about claims.
    pub claims: Vec<Judged>,
    /// Findings about gates.
    pub expectations: Vec<Judged>,
    /// Checks after slices.
    pub checks: Vec<Check>,
    /// Slices that are left out of every figure.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// A variant's figures over all its valid rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Name; with the side (`join@a`) where there are two.
    pub name: String,
    /// The side, `a` or `b`, where there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// What it is compared with, where that is not the baseline: of side b the same on side a.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Free title; the name where there is none.
    pub title: String,
    /// The sweep point.
    pub point: BTreeMap<String, String>,
    /// Whether enough of its rounds are valid.
    pub valid: bool,
    /// What limited the throughput in most rounds that were measured to their end, valid or not (of two as frequent, the
    /// worse); `null` when not known.
    pub limit: Option<LimitedBy>,
    /// Open loop: whether at most 1 % of the planned operations never started, over the valid rounds, or over all where
    /// none is valid; `null` in a closed loop.
    pub rate_reached: Option<bool>,
    /// Open loop: operations asked for per second; `null` in a closed loop.
    #[serde(default)]
    pub asked_per_s: Option<f64>,
    /// What `limit` rests on.
    #[serde(default)]
    pub generator: GeneratorUse,
    /// Round-trip time that the link adds, µs.
    #[serde(default)]
    pub link_rtt_us: Option<f64>,
    /// Clients.
    #[serde(default)]
    pub clients: Option<u32>,
    /// The whole mix.
    pub mix: Figures,
    /// Each operation.
    pub operations: Vec<NamedFigures>,
    /// Each round.
    pub rounds: Vec<Round>,
    /// Client CPU per operation that ended, µs.
    pub client_cpu_us_per_operation: Option<f64>,
    /// CPU of local servers per operation that ended, µs.
    pub server_cpu_us_per_operation: Option<f64>,
    /// What of the median response is the harness, µs: what it adds to each statement; `null` where these share round trips.
    #[serde(default)]
    pub harness_us_per_operation: Option<f64>,
    /// The most frequent failure; `null` where nothing failed.
    #[serde(default)]
    pub top_failure: Option<TopFailure>,
    /// Every other metric by the workload's name; of a check the round that missed most.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// The tables that it writes to, the largest first.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// What went on beside the mix; percentiles stand in `slices.jsonl`, slice by slice.
    #[serde(default)]
    pub background: Vec<NamedFigures>,
    /// What probes found.
    pub probes: BTreeMap<String, serde_json::Value>,
}

/// The most frequent failure of a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopFailure {
    /// SQLSTATE or class.
    pub key: String,
    /// How many operations failed with it.
    pub count: u64,
    /// One of its messages; `null` when none was kept.
    pub message: Option<String>,
}

/// How busy generator and machine were, as shares 0 … 1, over all rounds that were measured to their end, valid or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneratorUse {
    /// Of a slice's length, on a CPU: the busiest worker thread of all rounds.
    pub worker_cpu_max: Option<f64>,
    /// Of a slice's length, waiting for a CPU: the worker thread that waited most of all rounds.
    pub worker_cpu_wait_max: Option<f64>,
    /// Schedule lag, of the response times in sum.
    pub schedule_lag: Option<f64>,
    /// Of the clients' time, in an operation that had started.
    pub clients_busy: Option<f64>,
    /// Of the time of all CPUs, taken away by the host: the largest of all rounds.
    pub steal_max: Option<f64>,
    /// Of the time, something runnable waited for a CPU: the largest of all rounds.
    pub cpu_pressure_max: Option<f64>,
}

/// Counts and times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The job of an operation; `null` for the mix.
    pub job: Option<String>,
    /// Operations planned.
    pub planned: u64,
    /// Tries, retries included.
    pub attempts: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Failed for good.
    pub failed: u64,
    /// Attempts that ended without the answer to their commit: not known whether it took effect.
    pub unknown: u64,
    /// Planned, never started.
    pub unstarted: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// Time lost in attempts that were tried again, back-offs included, per operation that ended, µs; `null` where nothing
    /// was tried again.
    #[serde(default)]
    pub retry_us_per_operation: Option<f64>,
    /// Share of the planned whose end was not seen, 0 … 1.
    pub censored: f64,
    /// Failures by SQLSTATE or class.
    pub failures: BTreeMap<String, u64>,
    /// Succeeded per second.
    pub goodput_per_s: Option<f64>,
    /// Rows returned or affected per second.
    pub rows_per_s: Option<f64>,
    /// Statements sent per operation that ended.
    pub statements_per_operation: Option<f64>,
    /// WAL per row written.
    pub wal_bytes_per_row: Option<f64>,
    /// Response time of operations that succeeded.
    pub response_us: TimesUs,
    /// Service time.
    pub service_us: TimesUs,
    /// Queue time (open loop).
    pub queue_us: TimesUs,
    /// Acquire time (pools).
    pub acquire_us: TimesUs,
    /// Time to connect.
    pub connect_us: TimesUs,
    /// Schedule lag.
    pub schedule_lag_us: TimesUs,
}

/// Counts and times of one operation: its name, then the same fields as [`Figures`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NamedFigures {
    /// Name of the operation.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// One round of a variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// From 1.
    pub round: u32,
    /// Whether it is part of the figures.
    pub valid: bool,
    /// What limited the throughput; `null` when not known.
    #[serde(default)]
    pub limit: Option<LimitedBy>,
    /// Succeeded per second.
    pub goodput_per_s: Option<f64>,
    /// Response times of the mix.
    pub response_us: RoundTimes,
}

/// Response times of a round, µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundTimes {
    /// Median.
    pub p50: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
}

/// How a variant stands to the baseline in one metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The sweep point.
    pub point: BTreeMap<String, String>,
    /// Name of the variant.
    pub variant: String,
    /// Name of what it is compared with.
    pub baseline: String,
    /// Of one operation; `null`: of the mix.
    pub operation: Option<String>,
    /// Of one job.
    pub job: Option<String>,
    /// Path of the figure in this file.
    pub metric: String,
    /// Geometric mean of the ratios within rounds; `null` when a figure is zero, or none was measured.
    pub ratio: Option<f64>,
    /// Mean difference, when a figure is zero in any round; else `null`.
    #[serde(default)]
    pub difference: Option<f64>,
    /// Lower end of the interval of ratio or difference; `null` below three rounds.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// Confidence of the interval.
    pub confidence: f64,
    /// Rounds that it rests on.
    pub rounds: u32,
    /// Relative difference that would be found with probability 0.8.
    pub detectable: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Whether the difference is to the good; `null` without a difference, or where neither direction is better.
    pub better: Option<bool>,
    /// Why it is undecided whatever the interval says; `null` where the interval decides.
    #[serde(default)]
    pub reason: Option<String>,
    /// Whether side b is worse by more than was allowed; absent where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub regression: bool,
}

/// The goal for the intervals of the primary metric, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Precision {
    /// Half-width asked for, as a share of the ratio: 0.03 for ± 3 %.
    pub goal: f64,
    /// The most rounds that were allowed.
    pub max_rounds: u32,
    /// Half-width of the widest interval; `null` where a comparison has none, or fewer than five valid rounds.
    pub half_width: Option<f64>,
    /// Whether that is within the goal.
    pub reached: bool,
    /// Level that intervals were computed at, so that after repeated looks they cover the truth as often as `confidence`
    /// says.
    pub computed_at: f64,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies within the margin.
    NoDifference,
    /// Below the baseline.
    Lower,
    /// Above the baseline.
    Higher,
    /// The interval allows both.
    #[default]
    Undecided,
}

/// What was found about a claim or an expectation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The sentence.
    pub claim: String,
    /// Who says so.
    pub source: Option<String>,
    /// Name of the variant.
    pub variant: String,
    /// Of one operation; `null`: of the mix.
    pub operation: Option<String>,
    /// Of one job.
    pub job: Option<String>,
    /// The metric by the workload's name.
    pub metric: String,
    /// The sweep point.
    pub point: BTreeMap<String, String>,
    /// Name of what it is compared with; `null` when the figure itself is judged.
    #[serde(default)]
    pub against: Option<String>,
    /// The finding.
    pub verdict: Finding,
    /// Why there is nothing to judge by: a figure is missing, or says nothing about what is claimed.
    #[serde(default)]
    pub reason: Option<String>,
    /// Ratio, or the figure itself (times in µs), over rounds.
    pub observed: Option<f64>,
    /// Lower end of its interval; `null` when it is judged round by round.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// What is required, for example `at_most 0.5`.
    pub required: String,
    /// Rounds that it rests on.
    #[serde(default)]
    pub rounds: u32,
}

/// The finding about a claim or an expectation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The whole interval satisfies the bound.
    Holds,
    /// None of it does.
    Refuted,
    /// Part of it does, or there is too little to tell.
    #[default]
    Undecided,
}

/// A slice that is left out of every figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Name of the variant.
    pub variant: String,
    /// Round.
    pub round: u32,
    /// Why.
    pub reason: String,
}
