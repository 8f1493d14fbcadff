//! A history as a table for programs: a row for each run in the order of time, a column for each series. Apache Otava's importer
//! reads it: a column of times, columns of numbers, columns of attributes.

use crate::result::history::{History, PastRun, Series};

/// Columns before the figures.
const HEAD: [&str; 8] =
    ["time", "run", "workload", "workload_hash", "topology_hash", "machine", "dbbench_version", "servers"];

/// The table, and the runs that are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// As CSV.
    pub text: String,
    /// Folders of runs that lack a figure: importers want a number in every field.
    pub left_out: Vec<String>,
}

/// The history as CSV: figures in the units of `summary.json`. A run that lacks any of the figures is left out.
///
/// # Errors
/// When it cannot be encoded, which no history can cause.
pub fn render(history: &History) -> Result<Table, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns: Vec<String> = history.series.iter().map(column).collect();
    writer.write_record(HEAD.iter().copied().chain(columns.iter().map(String::as_str)))?;
    let mut left_out = Vec::new();
    for (at, run) in history.runs.iter().enumerate() {
        let figures: Option<Vec<String>> = history
            .series
            .iter()
            .map(|series| series.figures.get(at).copied().flatten().map(|figure| figure.to_string()))
            .collect();
        match figures {
            Some(figures) => writer.write_record(attributes(history, run).into_iter().chain(figures))?,
            None => left_out.push(run.dir.clone()),
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(Table { text: String::from_utf8_lossy(&bytes).into_owned(), left_out })
}

/// `join.response_us.p50`, `join.response_us.p50.to.n_plus_one`.
fn column(series: &Series) -> String {
    let point: String = series.point.iter().map(|(key, value)| format!("[{key}={value}]")).collect();
    let to = series.relative_to.as_ref().map(|baseline| format!(".to.{baseline}")).unwrap_or_default();
    format!("{}{point}.{}{to}", series.variant, series.metric)
}

fn attributes(history: &History, run: &PastRun) -> [String; 8] {
    [
        run.started_at.clone(),
        run.dir.clone(),
        history.group.workload.clone(),
        run.workload_hash.clone(),
        run.topology_hash.clone(),
        run.machine.clone(),
        run.dbbench_version.clone(),
        run.servers.join(", "),
    ]
}
