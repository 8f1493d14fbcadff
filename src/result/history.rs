//! What many results of one workload say together: the contract of `dbbench history --format json`. Field names are exactly
//! those of `docs/history.md`; fields may be added within a version. A figure that was not measured is `null`, never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compared::LeftOutRun;

/// The version of the contract.
pub const HISTORY_VERSION: u32 = 1;

/// The whole history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Version of the contract.
    pub history_version: u32,
    /// Who wrote it.
    pub dbbench_version: String,
    /// Which runs these are; of several that `--force` put together, the last one's.
    pub group: Group,
    /// Whether `--force` put runs of several groups into one series.
    pub forced: bool,
    /// In the order of time.
    pub runs: Vec<PastRun>,
    /// Where a run is unlike the one before it.
    pub unlike: Vec<Turn>,
    /// The figures, each with its changes of level.
    pub series: Vec<Series>,
    /// How many of the series would have a change if nothing ever changed.
    pub by_chance: f64,
    /// Groups that are there and not shown, the largest first.
    pub others: Vec<Group>,
    /// Results of the workload that cannot be used, and what cannot be read.
    pub left_out: Vec<LeftOutRun>,
}

/// Runs that measured the same on the same machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Name of the workload.
    pub workload: String,
    /// SHA-256 (hex) of the resolved workload.
    pub workload_hash: String,
    /// SHA-256 (hex) of the resolved topology.
    pub topology_hash: String,
    /// The machine, by a short name.
    pub machine: String,
    /// Whether there was no server.
    pub null_target: bool,
    /// How many there are.
    pub runs: u32,
}

/// A run of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRun {
    /// Its folder.
    pub dir: String,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
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
}

/// Something in which a run is unlike the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The run, by its place in `runs`, from 0.
    pub run: usize,
    /// What: `dbbench`, `servers`, with `--force` also `machine`, `workload_hash`, `topology_hash`.
    pub what: String,
    /// Its value.
    pub value: String,
    /// That of the run before.
    pub before: String,
}

/// One figure over all runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name of the variant.
    pub variant: String,
    /// The sweep point.
    pub point: BTreeMap<String, String>,
    /// Path of the figure in `summary.json`.
    pub metric: String,
    /// The baseline whose ratio to it this is, so that the machine's drift cancels; `null`: the figure itself.
    pub relative_to: Option<String>,
    /// One for each of `runs` (times in µs); `null` where it was not measured, or may not be relied on.
    pub figures: Vec<Option<f64>>,
    /// The stretches between the changes; one where nothing changes.
    pub levels: Vec<Level>,
    /// In the order of time.
    pub changes: Vec<LevelChange>,
}

/// Runs between two changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Its first run, by its place in `runs`, from 0.
    pub first: usize,
    /// Its last run.
    pub last: usize,
    /// How many of them have the figure.
    pub runs: u32,
    /// The figure over them: the geometric mean, or the mean where any figure of the series is not positive.
    pub figure: Option<f64>,
}

/// A place where the level changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LevelChange {
    /// The first run of the new level, by its place in `runs`, from 0.
    pub run: usize,
    /// Its folder.
    pub dir: String,
    /// Its start, RFC 3339.
    pub started_at: String,
    /// The new level to the one before; `null` when a figure of the series is not positive.
    pub ratio: Option<f64>,
    /// Their difference, when a figure of the series is not positive; else `null`.
    pub difference: Option<f64>,
    /// Lower end of the interval of ratio or difference.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// Confidence of the interval.
    pub confidence: f64,
    /// Whether it is to the good; `null` where neither direction is better.
    pub better: Option<bool>,
}

impl Series {
    /// The level that the last runs have.
    #[must_use]
    pub fn now(&self) -> Option<&Level> {
        self.levels.last()
    }
}
