//! `run.json`: what was run, where, and what was planned. Written before the first slice, so that a run that was cut off
//! can be summarized without the workload.
//!
//! Nothing here can hold a secret: there is no field for one, and commands come redacted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::sides::SidesRecord;

/// The version of `run.json`, `slices.jsonl` and `summary.json`. Fields may be added within a version.
pub const SCHEMA_VERSION: u32 = 1;

/// A file that the workload file includes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IncludedFile {
    /// Its path, as found from the file that includes it.
    pub path: String,
    /// Its text as written, passwords replaced.
    pub text: String,
}

/// What was run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Who wrote this.
    pub dbbench: Build,
    /// Name of the workload.
    pub workload: String,
    /// What the workload says it is about.
    pub about: Option<String>,
    /// SHA-256 (hex) of the resolved workload.
    pub workload_hash: String,
    /// SHA-256 (hex) of the resolved topology.
    pub topology_hash: String,
    /// SHA-256 (hex) of the dataset.
    pub dataset_hash: Option<String>,
    /// The resolved workload.
    pub resolved: serde_json::Value,
    /// Dotted key → where its value came from, for keys that the file did not set.
    pub origins: BTreeMap<String, String>,
    /// Dotted key → file and line, for values that come from an included file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub included_origins: BTreeMap<String, String>,
    /// The files that the workload file includes, nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<IncludedFile>,
    /// Path of the workload file as given.
    pub source_path: String,
    /// The workload file as written.
    pub source_text: String,
    /// Seed of draws and order.
    pub seed: u64,
    /// Seed of the dataset.
    pub dataset_seed: Option<u64>,
    /// Rows per table as loaded.
    pub rows: BTreeMap<String, u64>,
    /// How the rows came in, and what was found in them; `None` without a dataset.
    pub loaded: Option<Loaded>,
    /// The command line, redacted.
    pub command: Vec<String>,
    /// Wall-clock start, RFC 3339 in UTC.
    pub started_at: String,
    /// The same as seconds since the epoch: what the timestamps of the other files count from.
    pub started_at_epoch_s: f64,
    /// The machine.
    pub environment: Environment,
    /// The servers.
    pub endpoints: Vec<Endpoint>,
    /// Whether the target is the null driver: no server, answers and checks skipped.
    pub null_target: bool,
    /// Rounds planned; with `until` the most that may be, and in the end how many there were.
    pub rounds: u32,
    /// The goal that ends the rounds before; `None`: there are as many as planned.
    pub until: Option<Until>,
    /// Two sides, each with all variants; `None`: variants are compared with the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sides: Option<SidesRecord>,
    /// In the order of the file.
    pub variants: Vec<VariantRecord>,
    /// Name of the baseline.
    pub baseline: String,
    /// Half-width of the band that counts as no difference.
    pub margin: f64,
    /// The comparison of answers; `None` when it was not asked for or not made.
    pub same_answer: Option<SameAnswer>,
    /// In what the answers differed, where they did.
    pub answers_difference: Option<String>,
    /// Significant digits of the histograms.
    pub histogram_digits: u8,
    /// `[[claim]]`.
    pub claims: Vec<Judgement>,
    /// `[[expect]]`.
    pub expectations: Vec<Judgement>,
    /// What is worth saying before the first slice.
    pub warnings: Vec<String>,
}

/// Which dbbench.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Build {
    /// Version.
    pub version: String,
    /// `release`, `ci`, `dev`.
    pub profile: String,
    /// Built with debug assertions: not valid for measuring.
    pub debug_assertions: bool,
    /// Target triple or its like.
    pub target: Option<String>,
}

/// The machine that it ran on. `None`: could not be found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// A short name of the machine, the same from run to run.
    pub machine: String,
    /// Model of the CPU.
    pub cpu_model: Option<String>,
    /// Cores that the process may use.
    pub cores: Option<u32>,
    /// Kernel and its version.
    pub kernel: Option<String>,
    /// The kernel's clock source.
    pub clock_source: Option<String>,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// File system of the servers' data.
    pub data_file_system: Option<String>,
    /// How long a flush of that file system takes, µs at the median.
    pub flush_us: Option<f64>,
    /// Allocator of this process.
    pub allocator: Option<String>,
    /// What the harness itself costs here, as last calibrated; `None`: not calibrated.
    pub calibration: Option<Calibration>,
}

/// A server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// `primary`, `replica-1` …
    pub name: String,
    /// Name and version, for example `PostgreSQL 15.18`.
    pub version: String,
    /// Started by dbbench.
    pub embedded: bool,
    /// Settings changed from the default, by name.
    pub settings: BTreeMap<String, String>,
    /// How sessions were encrypted (`TLS 1.3`); absent where they were not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
}

/// The loaded dataset: the load as a figure of its own, and the shape that the data turned out to have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loaded {
    /// Whether an earlier run loaded it, and this one found it kept.
    pub kept: bool,
    /// Rows in all tables.
    pub rows: u64,
    /// Time that the rows took, without schema, verification and vacuum, s.
    pub seconds: Option<f64>,
    /// Rows per second of that time.
    pub rows_per_s: Option<f64>,
    /// Columns whose values repeat by design.
    pub skew: Vec<Skew>,
}

/// How often the values of a column repeat, as counted by the server after the load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skew {
    /// Table.
    pub table: String,
    /// Column.
    pub column: String,
    /// Different values found.
    pub distinct: u64,
    /// Different values that could be drawn.
    pub possible: u64,
    /// Rows of the most frequent value.
    pub rows_per_key_max: u64,
    /// Rows per value found, on average.
    pub rows_per_key_mean: Option<f64>,
    /// Share of the rows that the most frequent value takes, 0 … 1.
    pub top_key_share: Option<f64>,
    /// Share of the rows that the most frequent 1 % of the possible values take, 0 … 1.
    pub top_1_percent_share: Option<f64>,
}

/// A stage of the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StageRecord {
    /// How long it takes, ms.
    pub length_ms: f64,
    /// Clients, or operations asked for per second in an open loop, at its end.
    pub to: f64,
    /// Whether it goes there linearly.
    pub ramp: bool,
}

/// A variant as planned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantRecord {
    /// Name from the file, with the side where there are two.
    pub name: String,
    /// The side, where there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// What it is compared with, where that is not the baseline: of side b the same on side a.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Free title.
    pub title: Option<String>,
    /// What the file says it is about.
    pub about: Option<String>,
    /// Operations of the mix, in its order.
    pub operations: Vec<OperationRecord>,
    /// Clients; in an open loop the limit of operations at the same time.
    pub clients: u32,
    /// Pause between operations, µs.
    pub think_us: f64,
    /// Open loop: operations asked for per second, on average over the measurement; `None` in a closed loop.
    pub rate_per_s: Option<f64>,
    /// Open loop: how the starts are spaced, `constant` or `poisson`.
    pub arrivals: Option<String>,
    /// How the load changes in the course of the measurement; empty: not at all.
    pub stages: Vec<StageRecord>,
    /// Round-trip time that the link adds, µs.
    pub link_rtt_us: f64,
    /// Jitter of the link, µs.
    pub link_jitter_us: f64,
    /// Whether traffic goes through the link at all.
    pub link_in_path: bool,
    /// Length of the measurement, ms.
    pub measure_ms: f64,
    /// The measurement ends after so many operations instead; absent where a time ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Length of the warm-up as planned, ms.
    pub warmup_ms: f64,
    /// Worker threads; `None`: one per core, at most `clients`.
    pub workers: Option<u32>,
    /// The sweep point: dotted key → value. Empty without a sweep.
    pub point: BTreeMap<String, String>,
}

/// An operation as planned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationRecord {
    /// Name from the file.
    pub name: String,
    /// Operations of the same job are alternatives.
    pub job: String,
    /// Its weight in the mix.
    pub weight: f64,
    /// SQL of its steps, in order.
    pub statements: Vec<String>,
    /// Whether some of them are sent before the one in front is answered: there are fewer round trips than statements then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shares_round_trips: bool,
}

impl VariantRecord {
    /// Whether an operation of it has fewer round trips than statements: how many it has is not counted.
    #[must_use]
    pub fn shares_round_trips(&self) -> bool {
        self.operations.iter().any(|operation| operation.shares_round_trips)
    }
}

/// Whether the answers of the variants were equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SameAnswer {
    /// How many draws each variant answered.
    pub draws: u32,
    /// Whether all answers were equal.
    pub equal: bool,
    /// Compared within each side alone, since the sides are meant to answer differently.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub within_sides: bool,
}

/// Rounds are run until the intervals are narrow enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Until {
    /// Half-width that every interval of the primary metric is to have, as a share of its ratio: 0.03 for ± 3 %.
    pub half_width: f64,
    /// The most rounds.
    pub max_rounds: u32,
}

/// A claim or an expectation as stated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The sentence.
    pub claim: String,
    /// Who says so.
    #[serde(default)]
    pub source: Option<String>,
    /// Name of the variant.
    pub variant: String,
    /// Of one operation instead of the mix.
    #[serde(default)]
    pub operation: Option<String>,
    /// Of one job instead of the mix.
    #[serde(default)]
    pub job: Option<String>,
    /// The metric by the workload's name (`response.p50`).
    pub metric: String,
    /// Name of the variant that it is compared with.
    pub against: String,
    /// What is required.
    pub bound: Bound,
}

/// What is required.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Of the ratio to `against`.
    Ratio(Limit),
    /// Of the figure itself; times in microseconds.
    Value(Limit),
}

/// One side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// ≤
    AtMost(f64),
    /// ≥
    AtLeast(f64),
    /// = (values only)
    Equals(f64),
}
