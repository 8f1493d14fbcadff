//! Rows of a CSV file, read before the run.

use std::path::Path;
use std::sync::Arc;

use super::super::diagnostic::{Sink, problem};
use super::super::read::At;
use crate::param::SampledRows;

/// Reads a file with a header line; its path is relative to the workload file's folder.
pub(super) fn csv(path: &At<String>, sink: &Sink) -> Option<SampledRows> {
    let folder = path.place.source.path().parent().unwrap_or(Path::new(""));
    let file = folder.join(&path.value);
    let read = || -> Result<SampledRows, csv::Error> {
        let mut reader = csv::Reader::from_path(&file)?;
        let columns = reader.headers()?.iter().map(|name| name.trim().to_owned()).collect();
        let rows: Result<Vec<_>, csv::Error> = reader
            .into_records()
            .map(|record| Ok(record?.iter().map(|cell| (!cell.is_empty()).then(|| cell.to_owned())).collect()))
            .collect();
        Ok(SampledRows::Csv { columns, rows: Arc::new(rows?) })
    };
    match read() {
        Ok(SampledRows::Csv { rows, .. }) if rows.is_empty() => {
            sink.push(problem(&path.place, format!("{} has no rows below its header", file.display())));
            None
        }
        Ok(rows) => Some(rows),
        Err(error) => {
            let title = format!("{} cannot be read: {error}", file.display());
            sink.push(problem(&path.place, title).hint("a path is relative to the folder of the workload file"));
            None
        }
    }
}
