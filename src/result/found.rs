//! Results in a folder of them, however deep they were put, and the comparisons that were written beside them.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::ReadError;
use super::index::ComparisonCard;
use super::reader::{is_missing, read_json, read_run};
use super::search::SEARCH;
use super::store::{RUN, SUMMARY};
use super::summary::Summary;

/// Folders are looked into so far below the one that was named: year, branch, workload, run, and two to spare.
const DEPTH: usize = 6;
/// A comparison says what it is at its beginning; of longer pages the rest is not read.
const HEAD_BYTES: u64 = 256 * 1024;
/// What stands before the data of a comparison's page.
const CARD: &str = "id=\"comparison-data\">";

/// What lies in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// Folders of results, by path. What lies below a result belongs to it.
    pub results: Vec<PathBuf>,
    /// Pages of comparisons, by path.
    pub comparisons: Vec<(PathBuf, ComparisonCard)>,
    /// Folders that could not be looked into.
    pub unreadable: Vec<ReadError>,
}

/// Looks into `root` and the folders below it. Hidden folders and symbolic links are not followed: nothing is found twice, and
/// nothing outside.
///
/// # Errors
/// When `root` cannot be read.
pub fn find(root: &Path) -> Result<Found, ReadError> {
    let mut found = Found::default();
    look(root, DEPTH, &mut found).map_err(|source| ReadError::Read { file: root.to_owned(), source })?;
    found.results.sort();
    found.comparisons.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn look(folder: &Path, depth: usize, found: &mut Found) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_file() && path.extension().is_some_and(|ending| ending == "html") {
            found.comparisons.extend(card(&path).map(|card| (path.clone(), card)));
        }
        if !kind.is_dir() || entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.join(SUMMARY).is_file() || path.join(RUN).is_file() {
            found.results.push(path);
        } else if depth > 1
            && let Err(source) = look(&path, depth - 1, found)
            // Removed meanwhile is no problem; where it is, what else there is, is still found.
            && path.exists()
        {
            found.unreadable.push(ReadError::Read { file: path, source });
        }
    }
    Ok(())
}

/// What a page says of the comparison that it shows; `None` when it shows none, or cannot be read.
fn card(page: &Path) -> Option<ComparisonCard> {
    let mut head = Vec::new();
    fs::File::open(page).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let (_, rest) = head.split_once(CARD)?;
    serde_json::from_str(rest.split_once("</script>")?.0).ok()
}

/// Whether the folder holds a run of its own, or was meant to.
#[must_use]
pub fn is_result(dir: &Path) -> bool {
    dir.join(RUN).exists()
}

/// What came of looking for the summary of a folder that [`find`] has found.
#[derive(Debug)]
pub enum Summarized {
    /// Here it is.
    Yes(Box<Summary>),
    /// The run has not come to its end: it goes on, or was cut off.
    NotYet,
    /// The file of this name is none of dbbench's.
    Foreign,
}

/// `summary.json` of a folder alone.
///
/// # Errors
/// When it is there but cannot be read, or was written by a newer dbbench; when neither it nor `run.json` is what it should be.
pub fn read_summary(dir: &Path) -> Result<Summarized, ReadError> {
    let path = dir.join(SUMMARY);
    match read_json(&path) {
        Ok(Some(summary)) => Ok(Summarized::Yes(Box::new(summary))),
        Ok(None) if dir.join(SEARCH).exists() => Err(ReadError::IsSearch(dir.to_owned())),
        Ok(None) => read_run(dir).map(|_| Summarized::NotYet),
        // Other programs have files of this name, too.
        Err(ReadError::Malformed { .. }) if !dir.join(RUN).exists() && is_foreign(&path) => Ok(Summarized::Foreign),
        Err(error) => Err(error),
    }
}

/// Whether a file is JSON of something else.
fn is_foreign(path: &Path) -> bool {
    let Ok(text) = fs::read(path) else { return false };
    let ours = |value: serde_json::Value| ["schema_version", "workload"].iter().all(|key| value.get(key).is_some());
    serde_json::from_slice(&text).is_ok_and(|value| !ours(value))
}

/// The name of the file in a result folder that says which pages link it.
pub const LINKS: &str = "links.json";

/// What is linked from the page of the result in `dir`; nothing where there is no such file, or it cannot be read: it is made
/// anew with every index.
#[must_use]
pub fn read_links(dir: &Path) -> super::index::Links {
    let text = match fs::read(dir.join(LINKS)) {
        Err(error) if is_missing(&error) => return super::index::Links::default(),
        text => text.unwrap_or_default(),
    };
    serde_json::from_slice(&text).unwrap_or_default()
}
