//! Rows to the server: one COPY stream per table, tables side by side as far as foreign keys and cores allow.

use std::num::NonZero;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::bind::TableJob;
use super::blocks::{Block, Blocks};
use super::error::{DatasetError, Problem, copy_position, copy_remedy};
use super::order::Schedule;
use super::progress::Progress;
use super::rows::{CellError, HEADER, RowEncoder, TRAILER};
use crate::driver::{Control, DriverError, Endpoint};

/// Blocks in one COPY (32 MiB). What the server thinks of the rows is only known when a COPY ends, so a refused row is
/// found after this much instead of after the whole table; all COPYs of a table are one transaction.
const BLOCKS_PER_COPY: u32 = 128;

/// Loads all tables.
pub(super) async fn load(
    jobs: &[TableJob],
    references: &[(usize, usize)],
    seed: u64,
    endpoint: &Endpoint,
    progress: &Progress,
) -> Result<(), DatasetError> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let at_once = cores.min(jobs.len()).max(1);
    let makers = (cores / at_once).clamp(1, 4);
    let find = |table: usize| jobs.iter().position(|job| job.table == table);
    let among_jobs: Vec<(usize, usize)> =
        references.iter().filter_map(|(child, parent)| Some((find(*child)?, find(*parent)?))).collect();
    let mut schedule = Schedule::new(jobs.iter().map(|job| job.rows).collect(), &among_jobs);
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < at_once
            && let Some(next) = schedule.take()
        {
            let job = &jobs[next];
            running.push(async move { table(job, seed, makers, endpoint, progress).await.map(|()| next) });
        }
        match running.next().await {
            Some(done) => schedule.finished(done?),
            None => return Ok(()),
        }
    }
}

/// Loads one table over a connection of its own, in one transaction.
async fn table(
    job: &TableJob,
    seed: u64,
    makers: usize,
    endpoint: &Endpoint,
    progress: &Progress,
) -> Result<(), DatasetError> {
    if job.rows == 0 {
        return Ok(());
    }
    let encoders = (0..makers).map(|_| encoder(job, seed)).collect();
    let mut blocks = Blocks::start(job.rows, encoders).map_err(|error| no_thread(job, error))?;
    let control = Control::connect(endpoint).await.map_err(|error| lost(job, error))?;
    let truncate = if job.freeze { format!("TRUNCATE {}", job.sql) } else { String::new() };
    control.batch("SET statement_timeout = 0").await.map_err(|error| lost(job, error))?;
    control.batch(&format!("BEGIN; {truncate}")).await.map_err(|error| lost(job, error))?;
    let mut sent = 0;
    while sent < job.rows {
        let rows = copy(job, sent, &control, &mut blocks, progress).await?;
        if rows == 0 {
            return Err(incomplete(job, sent));
        }
        sent += rows;
    }
    control.batch("COMMIT").await.map_err(|error| refused(job, sent, error))?;
    control.close().await;
    Ok(())
}

/// What makes a table's rows.
pub(super) fn encoder(job: &TableJob, seed: u64) -> RowEncoder {
    let columns = job.columns.iter().map(|column| (column.name.as_str(), &column.sampler, &column.ty));
    RowEncoder::new(seed, &job.name, columns)
}

/// One COPY of the next blocks; how many rows they had. `before` rows are already there.
async fn copy(
    job: &TableJob,
    before: u64,
    control: &Control,
    blocks: &mut Blocks,
    progress: &Progress,
) -> Result<u64, DatasetError> {
    let failed = |error| refused(job, before, error);
    let mut copy = control.copy_in(&job.copy_sql()).await.map_err(failed)?;
    copy.send(Bytes::from_static(HEADER)).await.map_err(failed)?;
    let mut rows = 0;
    for _ in 0..BLOCKS_PER_COPY {
        let Some(block) = blocks.next().await else { break };
        let Block { rows: more, bytes } = block.map_err(|error| does_not_fit(job, error))?;
        if copy.send(bytes).await.is_err() {
            // Why is said at the end of the COPY.
            break;
        }
        rows += more;
        progress.add(more);
    }
    // When this cannot be sent either, the end of the COPY says why.
    let _ = copy.send(Bytes::from_static(TRAILER)).await;
    let taken = copy.finish().await.map_err(failed)?;
    if taken == rows { Ok(rows) } else { Err(incomplete(job, before + taken)) }
}

fn lost(job: &TableJob, source: DriverError) -> DatasetError {
    DatasetError::Server { what: format!("load table {}", job.name), source }
}

fn no_thread(job: &TableJob, source: std::io::Error) -> DatasetError {
    let message = format!("cannot start a thread that makes the rows of {}", job.name);
    DatasetError::Copy { what: Problem { place: job.place.clone(), message, hint: None }, source: source.into() }
}

fn incomplete(job: &TableJob, rows: u64) -> DatasetError {
    let message = format!("{}: only {rows} of {} rows came to the server", job.name, job.rows);
    DatasetError::Shape(vec![Problem { place: job.place.clone(), message, hint: None }])
}

fn does_not_fit(job: &TableJob, error: CellError) -> DatasetError {
    let column = &job.columns[error.column];
    let what = Problem {
        place: column.place.clone(),
        message: format!("{}.{}: row {} does not fit", job.name, column.name, error.row),
        hint: None,
    };
    DatasetError::Copy { what, source: error.misfit.into() }
}

/// The server refused rows: says which table, column and row as far as the server does, and what to do.
fn refused(job: &TableJob, before: u64, source: DriverError) -> DatasetError {
    let error = match &source {
        DriverError::Server(error) if !source.is_fatal() => error,
        _ => return lost(job, source),
    };
    let (line, column) = error.context.as_deref().map_or((None, None), copy_position);
    let column = column.and_then(|name| job.columns.iter().find(|column| column.name == name));
    let row = line.map(|line| format!(", row {}", before + line)).unwrap_or_default();
    let (place, name) = match column {
        Some(column) => (&column.place, format!("{}.{}", job.name, column.name)),
        None => (&job.place, job.name.clone()),
    };
    let what = Problem {
        place: place.clone(),
        message: format!("{name}{row}: the server refused to take rows"),
        hint: copy_remedy(error).map(str::to_owned).or_else(|| error.hint.clone()),
    };
    DatasetError::Copy { what, source: source.into() }
}
