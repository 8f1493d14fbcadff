//! The result folder while it is read: also one that a crash left behind.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::books;
use super::error::ReadError;
use super::histograms::Histograms;
use super::interval::{ErrorRow, IntervalRow};
use super::plans::{LIST, PlanList};
use super::run::{RunRecord, SCHEMA_VERSION};
use super::search::SEARCH;
use super::slice::SliceRecord;
use super::slowest::SlowRecord;
use super::store::{ERRORS, HISTOGRAMS, INTERVALS, RUN, SLICES, SLOWEST, SUMMARY};
use super::summary::Summary;

/// A result folder, read.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The folder.
    pub dir: PathBuf,
    /// What was run.
    pub run: RunRecord,
    /// Closed slices, in the order of closing.
    pub slices: Vec<SliceRecord>,
    /// What had to be left out while reading, for the reader to know.
    pub notes: Vec<String>,
}

impl Reader {
    /// Reads `run.json` and `slices.jsonl`. Lines of `slices.jsonl` that are torn, or repeat a slice, are left out and noted; one
    /// whose counts contradict each other is not valid.
    ///
    /// # Errors
    /// When it is no result folder, cannot be read, or was written by a newer dbbench.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let run = read_run(dir)?;
        if dir.join(SEARCH).exists() {
            return Err(ReadError::IsSearch(dir.to_owned()));
        }
        let mut reader = Self { dir: dir.to_owned(), run, slices: Vec::new(), notes: Vec::new() };
        reader.read_slices()?;
        Ok(reader)
    }

    fn read_slices(&mut self) -> Result<(), ReadError> {
        let path = self.dir.join(SLICES);
        let Some(lines) = lines(&path)? else {
            self.notes.push(format!("{SLICES} is missing: no slice closed"));
            return Ok(());
        };
        // Where the line of each slice is that was taken.
        let mut taken: BTreeMap<(u32, u32, String), usize> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            let number = at + 1;
            match serde_json::from_slice::<SliceRecord>(line) {
                Ok(slice) => match taken.entry((slice.point, slice.round, slice.variant.clone())) {
                    Entry::Occupied(first) => self.notes.push(format!(
                        "{SLICES}:{number} is left out: round {} of {} stands in line {} already",
                        slice.round,
                        slice.variant,
                        first.get()
                    )),
                    Entry::Vacant(free) => {
                        free.insert(number);
                        self.slices.push(checked(slice, number));
                    }
                },
                Err(_) if number == lines.len() => {
                    self.notes.push(format!("the last line of {SLICES} is cut off and left out"));
                }
                Err(error) => {
                    self.notes.push(format!("line {number} of {SLICES} is left out: {error}"));
                }
            }
        }
        Ok(())
    }

    /// `summary.json`; `None` when the run did not come to write it.
    ///
    /// # Errors
    /// When it is there but cannot be read, or was written by a newer dbbench.
    pub fn summary(&self) -> Result<Option<Summary>, ReadError> {
        read_json(&self.dir.join(SUMMARY))
    }

    /// The histograms of all slices that are part of the figures.
    ///
    /// # Errors
    /// When the log is there but cannot be read. A missing or torn log gives histograms that know what they miss.
    pub fn histograms(&self) -> Result<Histograms, ReadError> {
        let mut lines = lines(&self.dir.join(HISTOGRAMS))?.unwrap_or_default();
        lines.retain(|line| !line.is_empty());
        Ok(Histograms::read(&lines, &self.slices))
    }

    /// Those of the response times alone, for who needs no others: reading is then several times as fast.
    ///
    /// # Errors
    /// As [`Reader::histograms`].
    pub fn response_histograms(&self) -> Result<Histograms, ReadError> {
        let lines = lines(&self.dir.join(HISTOGRAMS))?.unwrap_or_default();
        Ok(Histograms::read_kinds(&lines, &self.slices, |kind| kind == "response"))
    }

    /// The rows of `intervals.csv`; torn ones are left out.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn intervals(&self) -> Result<Vec<IntervalRow>, ReadError> {
        read_csv(&self.dir.join(INTERVALS))
    }

    /// The slowest operations of all closed slices; torn lines are left out, and a result without them has none.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn slowest(&self) -> Result<Vec<SlowRecord>, ReadError> {
        let lines = lines(&self.dir.join(SLOWEST))?.unwrap_or_default();
        let records = lines.iter().filter_map(|line| serde_json::from_slice(line).ok());
        let is_closed = |slow: &SlowRecord| {
            let of = |slice: &&SliceRecord| {
                (slice.point, slice.round) == (slow.point, slow.round) && slice.variant == slow.variant
            };
            self.slices.iter().any(|slice| of(&slice))
        };
        Ok(records.filter(is_closed).collect())
    }

    /// The plans of the statements with their texts; `None` where none were taken.
    ///
    /// # Errors
    /// When they are there but cannot be read, or were written by a newer dbbench.
    pub fn plans(&self) -> Result<Option<PlanList>, ReadError> {
        let Some(mut list) = read_json::<PlanList>(&self.dir.join(LIST))? else { return Ok(None) };
        for plan in &mut list.plans {
            let text = read(&self.dir.join(&plan.file))?.unwrap_or_default();
            plan.text = String::from_utf8_lossy(&text).into_owned();
        }
        Ok(Some(list))
    }

    /// The rows of `errors.csv`; torn ones are left out.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn errors(&self) -> Result<Vec<ErrorRow>, ReadError> {
        read_csv(&self.dir.join(ERRORS))
    }
}

/// A slice whose counts contradict each other is not valid, whatever its line says.
fn checked(mut slice: SliceRecord, number: usize) -> SliceRecord {
    if slice.failed.is_none() && slice.violation.is_none() {
        slice.violation = books::contradiction(&slice).map(|what| format!("{SLICES}:{number}: {what}"));
        slice.valid &= slice.violation.is_none();
    }
    slice
}

/// The result folders directly in a folder, sorted by name.
///
/// # Errors
/// When it cannot be read.
pub fn results_in(dir: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::Read { file: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // The rates of a search are no rounds of a run.
        if path.join(RUN).is_file() && !path.join(SEARCH).exists() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// `run.json` of a result folder alone.
///
/// # Errors
/// When it is not there, cannot be read, or was written by a newer dbbench.
pub fn read_run(dir: &Path) -> Result<RunRecord, ReadError> {
    read_json(&dir.join(RUN))?.ok_or_else(|| ReadError::NotAResult(dir.to_owned()))
}

/// Reads a JSON file of ours after a look at its version; `None` when it is not there.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ReadError> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: u64,
    }
    let Some(text) = read(path)? else { return Ok(None) };
    let version: Version = serde_json::from_slice(&text).map_err(|source| ReadError::malformed(path, source))?;
    if version.schema_version > u64::from(SCHEMA_VERSION) {
        return Err(ReadError::Newer { file: path.to_owned(), found: version.schema_version, known: SCHEMA_VERSION });
    }
    serde_json::from_slice(&text).map(Some).map_err(|source| ReadError::malformed(path, source))
}

/// Also when what should be the folder is a file.
pub(super) fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(source) => Err(ReadError::Read { file: path.to_owned(), source }),
    }
}

/// The lines of a file without their ends; `None` when it is not there.
fn lines(path: &Path) -> Result<Option<Vec<Vec<u8>>>, ReadError> {
    let failed = |source| ReadError::Read { file: path.to_owned(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let lines: Result<Vec<Vec<u8>>, _> = BufReader::new(file).split(b'\n').collect();
    lines.map_err(failed).map(Some)
}

fn read_csv<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, ReadError> {
    let Some(text) = read(path)? else { return Ok(Vec::new()) };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_slice());
    Ok(reader.deserialize().filter_map(Result::ok).collect())
}
