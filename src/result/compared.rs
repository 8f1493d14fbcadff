//! What a comparison of runs leaves: the contract of `dbbench compare --format json`. Field names are exactly those of
//! `docs/compare.md`; fields may be added within a version. A figure that was not measured is `null`, never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::summary::Verdict;

/// The version of the contract.
pub const COMPARED_VERSION: u32 = 1;

/// The whole comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Version of the contract.
    pub compared_version: u32,
    /// Who wrote it.
    pub dbbench_version: String,
    /// Name of the workload of the first side.
    pub workload: String,
    /// In the order of the command line; each is compared with the first.
    pub sides: Vec<Side>,
    /// In what the sides are unlike, beside what was measured.
    pub unlike: Vec<Unlike>,
    /// Whether what was measured differs and `--force` compared it nevertheless.
    pub forced: bool,
    /// Whether the figures that were compared may be relied on.
    pub valid: bool,
    /// Why not.
    pub invalid_reasons: Vec<String>,
    /// What is worth knowing beside the figures.
    pub warnings: Vec<String>,
    /// Half-width of the band that counts as no difference.
    pub margin: f64,
    /// Path of the metric that the first sentence is about.
    pub metric: String,
    /// The runs whose spread was used where a side has fewer than three; `null` when none were.
    pub history: Option<History>,
    /// Every comparison.
    pub comparisons: Vec<ComparedFigure>,
    /// How many of the comparisons that decide would differ if nothing differed at all.
    pub by_chance: f64,
    /// The largest change to the worse that is none of a regression, as a share; `null` when none was asked for.
    pub fail_above: Option<f64>,
}

/// One side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// `A`, `B`, …
    pub label: String,
    /// As named on the command line.
    pub name: String,
    /// The variant that was named; `null`: all.
    pub variant: Option<String>,
    /// Its runs.
    pub runs: Vec<SideRun>,
    /// What was named and could not be used.
    pub left_out: Vec<LeftOutRun>,
}

/// A run of a side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SideRun {
    /// Its folder.
    pub dir: String,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
    /// Name of the workload.
    pub workload: String,
    /// SHA-256 (hex) of the resolved workload.
    pub workload_hash: String,
    /// SHA-256 (hex) of the resolved topology.
    pub topology_hash: String,
    /// The machine, by a short name.
    pub machine: String,
    /// Who measured.
    pub dbbench_version: String,
    /// Servers with their versions.
    pub servers: Vec<String>,
    /// Whether fewer slices closed than were planned.
    pub partial: bool,
    /// Whether the figures that were compared may be relied on.
    pub valid: bool,
}

/// A result that could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutRun {
    /// Its folder.
    pub dir: String,
    /// Why.
    pub reason: String,
}

/// Something in which a side is unlike the first, or its runs are unlike each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlike {
    /// What: a key of the workload (`topology.settings.work_mem`), or `seed`, `machine`, `primary.version` …
    pub what: String,
    /// Label of the side.
    pub side: String,
    /// Its value; several, where its runs are unlike each other.
    pub value: String,
    /// That of the first side.
    pub against_value: String,
    /// Whether it decides what is measured, so that only `--force` compares it.
    pub measured: bool,
}

/// Runs beside those compared, from which the spread between runs is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The folder that they are in.
    pub dir: String,
    /// How many of them there are.
    pub runs: u32,
}

/// How a side stands to the first in one figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedFigure {
    /// Label of the side.
    pub side: String,
    /// Label of the side that it is compared with: the first.
    pub against: String,
    /// Name of the variant.
    pub variant: String,
    /// Name of the variant of the first side; another one only where it was named.
    pub against_variant: String,
    /// The sweep point.
    pub point: BTreeMap<String, String>,
    /// Path of the figure in `summary.json`.
    pub metric: String,
    /// The baseline of both sides whose ratio to it is compared, so that the machine's drift cancels; `null`: the
    /// figures themselves are.
    pub relative_to: Option<String>,
    /// Whether the verdict counts: not of the figures themselves where the ratios to a baseline are compared too.
    pub decides: bool,
    /// The figure over the runs of the side (times in µs), or the ratio to the baseline.
    pub figure: Option<f64>,
    /// That of the first side.
    pub against_figure: Option<f64>,
    /// `figure` to `against_figure`; `null` when a figure is zero, or none was measured.
    pub ratio: Option<f64>,
    /// Their difference, when a figure is zero in any round; else `null`.
    pub difference: Option<f64>,
    /// Lower end of the interval of ratio or difference; `null` where there is none.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// Confidence of the interval.
    pub confidence: f64,
    /// What the interval is over; `null` without one.
    pub interval_over: Option<IntervalOver>,
    /// Runs of the side that have the figure.
    pub runs: u32,
    /// Those of the first side.
    pub against_runs: u32,
    /// Rounds of the side that have the figure, all runs together.
    pub rounds: u32,
    /// Those of the first side.
    pub against_rounds: u32,
    /// Relative difference that would be found with probability 0.8.
    pub detectable: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Why it is undecided whatever the interval.
    pub reason: Option<String>,
    /// Whether the difference is to the good; `null` without a difference, or where neither direction is better.
    pub better: Option<bool>,
    /// Whether it is worse by more than `fail_above`.
    pub regression: bool,
}

/// The unit of replication of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalOver {
    /// Runs of both sides: Welch's.
    Runs,
    /// The spread between other runs of this workload on this machine.
    KnownSpread,
    /// Rounds of two runs: what can be said within these two, and so no verdict.
    Rounds,
    /// Two variants of the same runs: rounds in which both were measured.
    SameRounds,
    /// Two variants of the same runs: the ratio within each run.
    SameRuns,
}

impl Compared {
    /// The comparisons whose verdict counts.
    pub fn deciding(&self) -> impl Iterator<Item = &ComparedFigure> {
        self.comparisons.iter().filter(|comparison| comparison.decides)
    }

    /// Those that are worse by more than was allowed.
    pub fn regressions(&self) -> impl Iterator<Item = &ComparedFigure> {
        self.comparisons.iter().filter(|comparison| comparison.regression)
    }
}
