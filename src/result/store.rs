//! The result folder while a run writes it.
//!
//! A slice counts as closed when its line stands in `slices.jsonl`; everything else about it is written and flushed
//! before, so that whatever is listed there can be read. A run killed at any moment loses the slice in progress.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::StoreError;
use super::files::{Appended, replace};
use super::interval::{ErrorRow, IntervalContext, IntervalRow};
use super::log::SliceLog;
use super::plans::{LIST, PlanList};
use super::run::RunRecord;
use super::slice::{SliceContext, SliceRecord};
use super::slowest::SlowRecord;
use super::summary::Summary;
use crate::metrics::hlog::IntervalLogWriter;
use crate::metrics::{SliceMetrics, Snapshot};

pub(super) const RUN: &str = "run.json";
pub(super) const SLICES: &str = "slices.jsonl";
pub(super) const INTERVALS: &str = "intervals.csv";
pub(super) const HISTOGRAMS: &str = "histograms.hlog";
pub(super) const ERRORS: &str = "errors.csv";
pub(super) const SLOWEST: &str = "slowest.jsonl";
pub(super) const SUMMARY: &str = "summary.json";

/// Writes a result folder.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    slices: Appended,
    intervals: Appended,
    histograms: Appended,
    errors: Appended,
    slowest: Appended,
    log: SliceLog,
}

impl Store {
    /// Makes the folder, with `run.json` and the heads of the files that grow.
    ///
    /// # Errors
    /// When `dir` is neither new nor empty, or cannot be written.
    pub fn create(dir: &Path, run: &RunRecord) -> Result<Self, StoreError> {
        match std::fs::read_dir(dir) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(StoreError::NotEmpty(dir.to_owned()));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(StoreError::NotAFolder(dir.to_owned()));
            }
            Err(_) => std::fs::create_dir_all(dir).map_err(|source| StoreError::write(dir, source))?,
        }
        let start = SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(run.started_at_epoch_s).unwrap_or_default();
        // Of two runs that were given the same folder at the same time, one fails here.
        let slices = Appended::create(dir.join(SLICES), "").map_err(|error| match error {
            StoreError::Write { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
                StoreError::NotEmpty(dir.to_owned())
            }
            other => other,
        })?;
        let store = Self {
            slices,
            intervals: Appended::create(dir.join(INTERVALS), &csv_head::<IntervalRow>(dir, INTERVALS)?)?,
            histograms: Appended::create(dir.join(HISTOGRAMS), &IntervalLogWriter::header(start))?,
            errors: Appended::create(dir.join(ERRORS), &csv_head::<ErrorRow>(dir, ERRORS)?)?,
            slowest: Appended::create(dir.join(SLOWEST), "")?,
            log: SliceLog::default(),
            dir: dir.to_owned(),
        };
        store.write_run(run)?;
        Ok(store)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes `run.json` anew: what became known after the start (answers compared, servers' settings).
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        replace(&self.dir.join(RUN), &json(&self.dir.join(RUN), run)?)
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        write_summary(&self.dir, summary)
    }

    /// Appends one interval to `intervals.csv` and `errors.csv`, and every ten seconds of a slice (or more, where
    /// times spread widely) to `histograms.hlog`. All intervals of a measurement must come, or none: from ten seconds on,
    /// the log is made of them.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append_interval(&mut self, context: &IntervalContext, snapshot: &Snapshot) -> Result<(), StoreError> {
        let rows = csv_rows(self.intervals.path(), &context.rows(snapshot))?;
        self.intervals.append(&rows)?;
        let rows = csv_rows(self.errors.path(), &context.errors(snapshot))?;
        self.errors.append(&rows)?;
        let lines = self.log.interval(context, snapshot);
        let lines = lines.map_err(|error| StoreError::encode(self.histograms.path(), error))?;
        self.histograms.append(lines.as_bytes())
    }

    /// Appends the slowest operations of a slice, which is closed afterwards.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append_slowest(&mut self, records: &[SlowRecord]) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record)
                .map_err(|source| StoreError::encode(self.slowest.path(), source))?;
            lines.push(b'\n');
        }
        self.slowest.append(&lines)
    }

    /// Closes a slice: its histograms, then its line in `slices.jsonl`, both flushed. `judge` may say what limited it and
    /// that it is not valid.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn close_slice(
        &mut self,
        context: &SliceContext,
        metrics: &SliceMetrics,
        judge: impl FnOnce(&mut SliceRecord),
    ) -> Result<SliceRecord, StoreError> {
        let mut record = SliceRecord::new(context, metrics);
        judge(&mut record);
        let lines = self.log.close(context, metrics);
        let lines = lines.map_err(|error| StoreError::encode(self.histograms.path(), error))?;
        self.histograms.append(lines.as_bytes())?;
        self.histograms.sync()?;
        self.intervals.sync()?;
        self.errors.sync()?;
        self.slowest.sync()?;
        let mut text = serde_json::to_vec(&record).map_err(|source| StoreError::encode(self.slices.path(), source))?;
        text.push(b'\n');
        self.slices.append(&text)?;
        self.slices.sync()?;
        Ok(record)
    }

    /// Writes `plans/`: the text of each plan, then the list.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_plans(&self, list: &PlanList) -> Result<(), StoreError> {
        for plan in &list.plans {
            self.write_file(&plan.file, plan.text.as_bytes())?;
        }
        self.write_file(LIST, &json(&self.dir.join(LIST), list)?)
    }

    /// Writes a file of the report (`report.html`, `plots/latency.svg`), whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_file(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        write_file(&self.dir, name, content)
    }
}

/// Writes `summary.json` into a result folder, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_summary(dir: &Path, summary: &Summary) -> Result<(), StoreError> {
    let path = dir.join(SUMMARY);
    replace(&path, &json(&path, summary)?)
}

/// Writes a file of the report into a result folder, whole or not at all; folders in `name` are made.
///
/// # Errors
/// When it cannot be written.
pub fn write_file(dir: &Path, name: &str, content: &[u8]) -> Result<(), StoreError> {
    let path = dir.join(name);
    if let Some(parent) = path.parent().filter(|parent| *parent != dir) {
        std::fs::create_dir_all(parent).map_err(|source| StoreError::write(parent, source))?;
    }
    replace(&path, content)
}

/// Makes the folder that a run gets when none was named: `<base>/<workload>-<UTC time>`, with a number behind it when
/// that is taken. Made here, since two runs may start in the same second. `at` is the start of the run.
///
/// # Errors
/// When it cannot be made.
pub fn default_dir(base: &Path, workload: &str, at: jiff::Timestamp) -> Result<PathBuf, StoreError> {
    std::fs::create_dir_all(base).map_err(|source| StoreError::write(base, source))?;
    let name = format!("{workload}-{}", at.strftime("%Y%m%dT%H%M%SZ"));
    let mut dir = base.join(&name);
    let mut number = 1_u32;
    loop {
        match std::fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                number += 1;
                dir = base.join(format!("{name}-{number}"));
            }
            Err(source) => return Err(StoreError::write(&dir, source)),
        }
    }
}

fn json<T: serde::Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, StoreError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| StoreError::encode(path, source))?;
    text.push(b'\n');
    Ok(text)
}

fn csv_head<T: serde::Serialize + Default>(dir: &Path, name: &str) -> Result<String, StoreError> {
    let path = dir.join(name);
    let encode = |source: csv::Error| StoreError::encode(&path, source);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(T::default()).map_err(encode)?;
    let rows = writer.into_inner().map_err(|source| StoreError::encode(&path, source.to_string()))?;
    let head = String::from_utf8_lossy(&rows);
    Ok(head.lines().next().map(|head| format!("{head}\n")).unwrap_or_default())
}

fn csv_rows<T: serde::Serialize>(path: &Path, rows: &[T]) -> Result<Vec<u8>, StoreError> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|source| StoreError::encode(path, source))?;
    }
    writer.into_inner().map_err(|source| StoreError::encode(path, source.to_string()))
}
