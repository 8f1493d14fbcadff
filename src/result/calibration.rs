//! What the harness itself costs on a machine, as `dbbench calibrate` found it: kept beside the caches of that machine,
//! copied into `run.json` of every run there, quoted in `summary.json`.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::files::replace;
use super::run::{Build, RunRecord};

/// The version of a kept calibration. Fields may be added within a version.
pub const CALIBRATION_VERSION: u32 = 1;

/// Repeats below which a median of them says nothing.
const FEWEST: usize = 3;

/// A figure measured several times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// Median of the repeats.
    pub median: f64,
    /// The lowest of them; `None` where all repeats gave one figure together.
    pub low: Option<f64>,
    /// The highest of them.
    pub high: Option<f64>,
    /// How many repeats.
    pub repeats: u32,
}

impl Repeated {
    /// Median and range of the repeats that gave a figure; `None` when these are fewer than three.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().flatten().filter(|value| value.is_finite()).collect();
        if values.len() < FEWEST {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let (low, high) = (values.first().copied(), values.last().copied());
        let half = values.len() / 2;
        let median = if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
        Some(Self { median, low, high, repeats: u32::try_from(values.len()).unwrap_or(u32::MAX) })
    }

    /// Whether every repeat found more than 0.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.low.unwrap_or(self.median) > 0.0
    }

    /// From the lowest to the highest; `None` where there is no range.
    #[must_use]
    pub fn width(&self) -> Option<f64> {
        Some(self.high? - self.low?)
    }

    /// One figure of all repeats together.
    #[must_use]
    pub fn together(value: f64, repeats: u32) -> Self {
        Self { median: value, low: None, high: None, repeats }
    }
}

/// What the harness costs. `None` (`null`): not measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    /// [`CALIBRATION_VERSION`] of the writer.
    pub calibration_version: u32,
    /// The dbbench that was measured.
    pub dbbench: Build,
    /// The machine, by the name that results give it.
    pub machine: String,
    /// Model of its CPU.
    pub cpu_model: Option<String>,
    /// Cores that the process could use.
    pub cores: Option<u32>,
    /// Kernel and its version.
    pub kernel: Option<String>,
    /// When, RFC 3339 in UTC.
    pub calibrated_at: String,
    /// How long all of it took, s.
    pub took_s: f64,
    /// The harness alone: against the null target within the process.
    pub in_process: Cost,
    /// With the sockets: against the null endpoint over loopback.
    pub loopback: Cost,
    /// Response time of one client over loopback, at the median, µs.
    pub response_p50_us: Option<Repeated>,
    /// The same at the 99th percentile, µs.
    pub response_p99_us: Option<Repeated>,
    /// A bare exchange of the same bytes with the same endpoint, at the median, µs.
    pub bare_p50_us: Option<Repeated>,
    /// The same at the 99th percentile, µs.
    pub bare_p99_us: Option<Repeated>,
    /// What the harness adds to a statement: the difference of the two within each repeat, at the median, µs.
    pub added_p50_us: Option<Repeated>,
    /// The same of the 99th percentiles, µs.
    pub added_p99_us: Option<Repeated>,
    /// How late the timer wakes after waits of 2 ms, at the median, µs.
    pub timer_late_p50_us: Option<Repeated>,
    /// The same at the 99th percentile, over all repeats together, µs.
    pub timer_late_p99_us: Option<Repeated>,
    /// The round trip that the link was asked for, µs.
    pub link_rtt_us: f64,
    /// What it really added, less what it was asked for, µs.
    pub link_error_us: Option<Repeated>,
}

/// What operations of one statement cost a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// Operations per second of one core's time.
    pub operations_per_core_per_s: Option<Repeated>,
    /// CPU of the worker's thread for each statement, µs.
    pub cpu_us_per_statement: Option<Repeated>,
}

/// What of a calibration is quoted beside the figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Harness {
    /// When it was calibrated, RFC 3339.
    pub calibrated_at: String,
    /// Added to each statement at the median, µs.
    pub added_p50_us: Option<Repeated>,
    /// Added at the 99th percentile, µs.
    pub added_p99_us: Option<Repeated>,
    /// CPU of dbbench for each statement over a socket, µs.
    pub cpu_us_per_statement: Option<Repeated>,
}

impl Calibration {
    /// Where the calibration of a machine by a build lies below `folder`.
    #[must_use]
    pub fn path(folder: &Path, dbbench: &Build, machine: &str, cpu_model: Option<&str>) -> PathBuf {
        let mut hash = Sha256::new();
        let Build { version, profile, .. } = dbbench;
        for part in [machine, cpu_model.unwrap_or_default(), version, profile] {
            // With their lengths, so that no two lists of parts run together.
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        folder.join(format!("{name}.json"))
    }

    /// The last calibration of this machine by this build in `folder`; `None` also when it cannot be read, or was written
    /// by a newer version of this file.
    #[must_use]
    pub fn find(folder: &Path, dbbench: &Build, machine: &str, cpu_model: Option<&str>) -> Option<Self> {
        let text = fs::read(Self::path(folder, dbbench, machine, cpu_model)).ok()?;
        let found: Self = serde_json::from_slice(&text).ok()?;
        // What the name says by a hash is held against what stands in the file.
        let same = found.machine == machine && found.cpu_model.as_deref() == cpu_model && found.dbbench == *dbbench;
        (same && (1..=CALIBRATION_VERSION).contains(&found.calibration_version)).then_some(found)
    }

    /// Whether it says more than a later one of the same machine: measured for at least as long, and what the harness adds is
    /// in a narrower range. Not after a change of kernel or cores.
    #[must_use]
    pub fn outdoes(&self, later: &Self) -> bool {
        let width = |of: &Self| of.added_p50_us.and_then(|added| added.width()).unwrap_or(f64::INFINITY);
        let is_same_machine = (&self.kernel, self.cores) == (&later.kernel, later.cores);
        // Two that were to take the same time never take quite the same.
        is_same_machine && self.took_s >= later.took_s * 0.95 && width(self) < width(later)
    }

    /// Keeps it in `folder`, in place of an earlier one.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn keep(&self, folder: &Path) -> Result<PathBuf, StoreError> {
        let path = Self::path(folder, &self.dbbench, &self.machine, self.cpu_model.as_deref());
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| StoreError::write(folder, source))?;
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| StoreError::write(&path, io::Error::other(error)))?;
        replace(&path, &text)?;
        Ok(path)
    }
}

impl RunRecord {
    /// What of the harness is quoted beside this run. `None` without a calibration, and against the null target within the
    /// process, where nothing but the harness is measured.
    #[must_use]
    pub fn harness(&self) -> Option<Harness> {
        let within = self.null_target && self.endpoints.is_empty();
        let calibration = self.environment.calibration.as_ref().filter(|_| !within)?;
        Some(Harness {
            calibrated_at: calibration.calibrated_at.clone(),
            added_p50_us: calibration.added_p50_us,
            added_p99_us: calibration.added_p99_us,
            cpu_us_per_statement: calibration.loopback.cpu_us_per_statement,
        })
    }
}

impl Harness {
    /// What of an operation's median response is the harness: what it adds to a statement, as often as one is sent, µs.
    /// `None` where not every repeat of the calibration found that it adds anything.
    #[must_use]
    pub fn of_operation_us(&self, statements_per_operation: Option<f64>) -> Option<f64> {
        let added = self.added_p50_us.filter(Repeated::is_positive)?;
        Some(added.median * statements_per_operation?).filter(|us| *us > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::run::{Endpoint, Environment};

    fn calibration() -> Calibration {
        Calibration {
            calibration_version: CALIBRATION_VERSION,
            dbbench: Build { version: "0.1.0".to_owned(), profile: "release".to_owned(), ..Build::default() },
            machine: "host".to_owned(),
            cpu_model: Some("CPU".to_owned()),
            calibrated_at: "2026-03-01T12:00:00Z".to_owned(),
            added_p50_us: Repeated::of([9.0, 8.0, 12.0].map(Some)),
            ..Calibration::default()
        }
    }

    #[test]
    fn repeats_have_a_median_and_a_range_and_two_say_nothing() {
        let of = Repeated::of([Some(3.0), None, Some(1.0), Some(2.0), Some(10.0)]).unwrap();
        assert_eq!((of.median, of.low, of.high, of.repeats), (2.5, Some(1.0), Some(10.0), 4));
        assert_eq!(Repeated::of([Some(3.0), None, Some(f64::NAN), Some(1.0)]), None);
    }

    #[test]
    fn a_calibration_is_found_by_the_machine_and_the_build_that_made_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cache/calibrations");
        let kept = calibration();
        kept.keep(&folder).unwrap();
        let find = |build: &Build, machine, cpu| Calibration::find(&folder, build, machine, cpu);
        assert_eq!(find(&kept.dbbench, "host", Some("CPU")), Some(kept.clone()));
        assert_eq!(find(&kept.dbbench, "other", Some("CPU")), None);
        assert_eq!(find(&kept.dbbench, "host", None), None);
        assert_eq!(find(&Build { profile: "dev".to_owned(), ..kept.dbbench.clone() }, "host", Some("CPU")), None);
        let newer = Calibration { calibration_version: CALIBRATION_VERSION + 1, ..kept.clone() };
        let path = newer.keep(&folder).unwrap();
        assert_eq!(find(&kept.dbbench, "host", Some("CPU")), None, "from a newer version");
        std::fs::write(path, "{").unwrap();
        assert_eq!(find(&kept.dbbench, "host", Some("CPU")), None, "cut off");
    }

    #[test]
    fn a_short_calibration_with_a_wide_range_does_not_outdo_a_longer_one() {
        let of = |took_s: f64, added: [f64; 3]| Calibration {
            took_s,
            added_p50_us: Repeated::of(added.map(Some)),
            ..calibration()
        };
        let long = of(12.0, [9.0, 8.0, 10.0]);
        assert!(long.outdoes(&of(1.4, [-0.4, 0.2, 1.7])) && long.outdoes(&of(12.1, [8.0, 9.0, 11.0])));
        assert!(long.outdoes(&Calibration { added_p50_us: None, ..long.clone() }));
        assert!(!long.outdoes(&long.clone()) && !long.outdoes(&of(1.4, [9.0, 9.1, 9.2])));
        assert!(!long.outdoes(&of(60.0, [7.0, 9.0, 12.0])), "measured for longer");
        let elsewhere = Calibration { kernel: Some("another".to_owned()), ..of(1.4, [-0.4, 0.2, 1.7]) };
        assert!(!long.outdoes(&elsewhere));
    }

    #[test]
    fn the_harness_is_quoted_where_more_than_it_was_measured() {
        let environment = Environment { calibration: Some(calibration()), ..Environment::default() };
        let mut run = RunRecord { environment, ..RunRecord::default() };
        let harness = run.harness().unwrap();
        assert_eq!(harness.of_operation_us(Some(2.5)), Some(22.5));
        let unsure = Harness { added_p50_us: Repeated::of([-1.0, 8.0, 12.0].map(Some)), ..harness.clone() };
        assert_eq!(unsure.of_operation_us(Some(1.0)), None, "one repeat found that it takes time away");
        assert_eq!((harness.of_operation_us(None), harness.of_operation_us(Some(0.0))), (None, None));
        run.null_target = true;
        assert_eq!(run.harness(), None, "within the process");
        run.endpoints.push(Endpoint::default());
        assert_eq!(run.harness(), Some(harness), "over loopback");
        run.environment.calibration = None;
        assert_eq!(run.harness(), None, "not calibrated");
    }
}
