//! What a search for the highest rate leaves: `search.json`, the contract that `docs/results.md` describes. It is written
//! anew after every probe, so that a search that was cut off can be read; fields may be added within a version.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{ReadError, StoreError};
use super::reader::read_json;
use super::store::write_file;
use super::times::TimesUs;
use crate::metrics::{Distribution, OperationMetrics};

/// Its name in the result folder.
pub const SEARCH: &str = "search.json";
/// The version of the contract.
pub const SEARCH_VERSION: u32 = 1;

/// The whole search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchRecord {
    /// Version of the contract.
    pub schema_version: u32,
    /// Who wrote it.
    pub dbbench_version: String,
    /// Name of the workload.
    pub workload: String,
    /// What of it decides what is measured.
    pub workload_hash: String,
    /// The machine.
    pub machine: String,
    /// The servers.
    pub servers: Vec<String>,
    /// Begin, UTC.
    pub started_at: String,
    /// The folder.
    pub dir: String,
    /// Whether it was cut off.
    pub partial: bool,
    /// Whether the figures may be relied on.
    pub valid: bool,
    /// Why not.
    pub invalid_reasons: Vec<String>,
    /// What is worth knowing beside the figures.
    pub warnings: Vec<String>,
    /// What has to hold.
    pub objectives: Vec<ObjectiveRecord>,
    /// How starts are spaced: `poisson` or `constant`.
    pub arrivals: String,
    /// Relative distance of the rates that are told apart.
    pub precision: f64,
    /// Checks after slices that failed.
    pub checks_failed: u32,
    /// How long it took, s.
    pub took_s: f64,
    /// Each variant.
    pub variants: Vec<SearchedVariant>,
}

/// An objective.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRecord {
    /// As it was given.
    pub objective: String,
    /// The metric by its name in workloads.
    pub metric: String,
    /// What the metric stays below: µs for times, else a share.
    pub below: f64,
    /// Whether `below` is a time.
    pub is_time: bool,
    /// For a percentile the share of operations that may take longer; `null` for others.
    pub beyond_allowed: Option<f64>,
}

/// How the search of a variant ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchEnd {
    /// Between a rate that met and one that missed.
    Found,
    /// The generator, not the server, was the limit.
    Generator,
    /// No rate up to the highest allowed missed.
    Highest,
    /// No rate met.
    NeverMet,
    /// No rate could be judged in as many probes as there may be.
    Undecided,
    /// The time was up before.
    Time,
    /// It was cut off, or goes on.
    #[default]
    Cut,
}

/// The search of one variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchedVariant {
    /// Its name.
    pub name: String,
    /// Clients: the most operations at the same time.
    pub clients: u32,
    /// Operations per second of a closed loop of the same clients; `null` when it was not measured.
    pub closed_loop_per_s: Option<f64>,
    /// How it ended.
    pub end: SearchEnd,
    /// The highest rate that met all objectives, per second.
    pub met_per_s: Option<f64>,
    /// How sure that is, 0.5 … 1.
    pub met_sure: Option<f64>,
    /// The lowest rate that missed one, per second.
    pub missed_per_s: Option<f64>,
    /// How sure that is, 0.5 … 1.
    pub missed_sure: Option<f64>,
    /// Every rate that was probed, rising.
    pub rates: Vec<SearchedRate>,
}

/// What is known of a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateStanding {
    /// It met all objectives.
    Met,
    /// It missed one at least.
    Missed,
    /// Neither is sure.
    #[default]
    Open,
    /// The generator was the limit: it cannot be judged.
    Generator,
}

/// A rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchedRate {
    /// `point` of its slices in the other files.
    pub point: u32,
    /// Operations asked for, per second.
    pub rate_per_s: f64,
    /// What is known of it.
    pub standing: RateStanding,
    /// How sure that is, 0.5 … 1; `null` where it cannot be judged.
    pub sure: Option<f64>,
    /// Operations that succeeded, per second, over all its probes.
    pub goodput_per_s: Option<f64>,
    /// Parallel to the objectives of the search.
    pub objectives: Vec<ObjectiveFigure>,
    /// Response times of all its probes together.
    pub response_us: TimesUs,
    /// Service times of all its probes together.
    pub service_us: TimesUs,
    /// Each probe.
    pub probes: Vec<ProbeRecord>,
}

/// An objective at a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveFigure {
    /// The metric: µs for times, else a share; `null` where it was not reached.
    pub figure: Option<f64>,
    /// For a percentile the share of operations that took longer than allowed; `null` for others.
    pub beyond: Option<f64>,
}

/// A probe: one slice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// `round` of its slice in the other files.
    pub round: u32,
    /// Length of its warm-up, s.
    pub warmup_s: f64,
    /// Length of its measurement, s.
    pub measure_s: f64,
    /// Parallel to the objectives.
    pub objectives: Vec<ObjectiveFigure>,
    /// Why the rate counts as missed in it whatever the objectives say, where it does.
    pub not_sustained: Option<String>,
    /// Whether it is part of what its rate is judged by.
    pub counts: bool,
    /// What speaks against generator or machine.
    pub not_valid: Vec<String>,
}

/// The figures of `times` together with `censored` values above all.
#[must_use]
pub fn times_of(times: &Distribution, censored: u64) -> TimesUs {
    TimesUs::of(times, censored)
}

/// Response and service times of a mix, what was censored above all.
#[must_use]
pub fn response_and_service(mix: &OperationMetrics) -> (TimesUs, TimesUs) {
    let ranks = super::times::Censored::of(mix.counters.censored, mix.counters.unstarted);
    (TimesUs::of(&mix.response, ranks.response), TimesUs::of(&mix.service, ranks.service))
}

impl SearchRecord {
    /// Writes `search.json`, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(SEARCH);
        let mut text = serde_json::to_vec_pretty(self).map_err(|source| StoreError::encode(&path, source))?;
        text.push(b'\n');
        write_file(dir, SEARCH, &text)
    }

    /// Reads it; `None` where the folder holds no search.
    ///
    /// # Errors
    /// When it cannot be read, or was written by a newer dbbench.
    pub fn read(dir: &Path) -> Result<Option<Self>, ReadError> {
        read_json(&dir.join(SEARCH))
    }
}
