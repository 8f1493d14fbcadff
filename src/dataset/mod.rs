//! The data that variants read: made by the schema's SQL, filled by generators, verified, and left as a fresh server
//! would have it after vacuum and checkpoint.
//!
//! Rows travel by binary COPY; a value is a function of (seed, table, row, column), so that any row can be derived again.
//! Which database that happens in, and keeping a loaded one for the next run, is the topology's business.

mod bind;
mod blocks;
mod catalogue;
mod clones;
mod compare;
mod error;
mod facts;
mod load;
mod order;
mod progress;
mod rows;
mod setup;
mod shape;
mod verify;

pub use clones::Clones;
pub use error::{DatasetError, Problem};
pub use facts::{ColumnFacts, KeyFacts, TableFacts};
pub use rows::{CellError, RowEncoder};
pub use setup::{SetupInput, set_up};

use std::time::Instant;

use bind::TableJob;
use catalogue::Catalogue;
use progress::Progress;

use crate::driver::{Control, DriverError, Endpoint};
use crate::event::{Event, Events, Stage};
use crate::workload::plan::{DatasetPlan, SqlText};

/// What is loaded, and where.
#[derive(Clone, Copy, Debug)]
pub struct LoadInput<'a> {
    /// The data.
    pub plan: &'a DatasetPlan,
    /// The database to load into, which is empty, by a role that may create tables there.
    pub endpoint: &'a Endpoint,
    /// A superuser, for VACUUM and CHECKPOINT; its own database does not matter.
    pub maintenance: &'a Endpoint,
    /// Where progress goes.
    pub events: &'a Events,
}

/// A loaded dataset.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Loaded {
    /// Rows in all tables.
    pub rows: u64,
    /// Time that the rows took from first to last, without schema, verification and vacuum.
    pub seconds: f64,
    /// Rows per second of that time; `None` when there were no rows.
    pub rows_per_s: Option<f64>,
    /// What was found in each table, in the order of the file.
    pub tables: Vec<TableFacts>,
}

/// How far what follows a load may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// The whole server is the run's: VACUUM (FREEZE, ANALYZE) and CHECKPOINT.
    Server,
    /// The database is: VACUUM (FREEZE, ANALYZE).
    Database,
    /// Only this schema of somebody's database is: tables elsewhere do not exist for the load, and what it made is analyzed.
    Schema(&'a str),
}

/// Creates the schema, loads and verifies the rows, runs `after_load`, then VACUUM (FREEZE, ANALYZE) and CHECKPOINT.
///
/// # Errors
/// [`DatasetError`]; the database is then in an unknown state and must be dropped.
pub async fn create_and_load(input: LoadInput<'_>) -> Result<Loaded, DatasetError> {
    create_and_load_within(input, Reach::Server).await
}

/// The same on a server that is not all the run's.
///
/// # Errors
/// As [`create_and_load`].
pub async fn create_and_load_within(input: LoadInput<'_>, reach: Reach<'_>) -> Result<Loaded, DatasetError> {
    let LoadInput { plan, endpoint, events, .. } = input;
    let began = Instant::now();
    let rows = plan.tables.iter().map(|table| table.rows).sum();
    let what = match plan.tables.len() {
        1 => "loading 1 table".to_owned(),
        tables => format!("loading {tables} tables"),
    };
    events.emit(Event::StageStarted { stage: Stage::Dataset, what });
    let control = connect(endpoint).await?;
    run(&control, "dataset.schema", &plan.schema).await?;
    let (jobs, catalogue) = bind_tables(&control, plan, reach).await?;
    let progress = Progress::new(events.clone(), rows);
    load::load(&jobs, &catalogue.references, plan.seed, endpoint, &progress).await?;
    let seconds = progress.finish().as_secs_f64();
    let tables = verify(&control, &jobs, plan.seed).await?;
    run(&control, "dataset.after_load", &plan.after_load).await?;
    control.close().await;
    settle(input, reach, &jobs).await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rows_per_s = (rows > 0 && seconds > 0.0).then(|| rows as f64 / seconds);
    let what = rows_per_s.map_or_else(String::new, |rate| progress::in_words(rows, rate));
    events.emit(Event::StageEnded { stage: Stage::Dataset, took: began.elapsed(), what });
    Ok(Loaded { rows, seconds, rows_per_s, tables })
}

async fn connect(endpoint: &Endpoint) -> Result<Control, DatasetError> {
    let doing = || server("connect to the database that is to be loaded");
    let control = Control::connect(endpoint).await.map_err(doing())?;
    // What a workload's settings limit is its load, not its preparation.
    control.batch("SET statement_timeout = 0").await.map_err(doing())?;
    Ok(control)
}

/// Statements of the file, each alone in autocommit.
async fn run(control: &Control, key: &str, statements: &[SqlText]) -> Result<(), DatasetError> {
    for text in statements {
        let failed = |source| DatasetError::Statement { key: key.to_owned(), text: text.clone(), source };
        control.batch(&text.sql).await.map_err(failed)?;
    }
    Ok(())
}

async fn bind_tables(
    control: &Control,
    plan: &DatasetPlan,
    reach: Reach<'_>,
) -> Result<(Vec<TableJob>, Catalogue), DatasetError> {
    let doing = || server("read the tables that dataset.schema made");
    let mut catalogue = Catalogue::read(control, reach).await.map_err(doing())?;
    let found = bind::find_tables(plan, &catalogue).map_err(DatasetError::Mismatch)?;
    for table in &found {
        catalogue.columns(control, *table).await.map_err(doing())?;
    }
    let jobs = bind::bind(plan, &catalogue, &found).map_err(DatasetError::Mismatch)?;
    Ok((jobs, catalogue))
}

async fn verify(control: &Control, jobs: &[TableJob], seed: u64) -> Result<Vec<TableFacts>, DatasetError> {
    let doing = || server("verify the loaded rows");
    // Groups of millions of keys shall not go through temporary files.
    control.batch("SET work_mem = '256MB'").await.map_err(doing())?;
    let (mut facts, mut problems) = (Vec::new(), Vec::new());
    for job in jobs {
        facts.push(verify::table(control, jobs, job, seed, &mut problems).await.map_err(doing())?);
    }
    control.batch("RESET work_mem").await.map_err(doing())?;
    if problems.is_empty() { Ok(facts) } else { Err(DatasetError::Shape(problems)) }
}

/// Leaves nothing to autovacuum and little to the next checkpoint, the server's own catalogue included.
async fn settle(input: LoadInput<'_>, reach: Reach<'_>, jobs: &[TableJob]) -> Result<(), DatasetError> {
    let Reach::Schema(_) = reach else {
        return settle_database(input.maintenance, &input.endpoint.database, reach).await;
    };
    let doing = || server("analyze the loaded tables");
    let endpoint = Endpoint { database: input.endpoint.database.clone(), ..input.maintenance.clone() };
    let control = Control::connect(&endpoint).await.map_err(doing())?;
    for job in jobs {
        control.batch(&format!("ANALYZE {}", job.sql)).await.map_err(doing())?;
    }
    control.close().await;
    Ok(())
}

/// The same for a whole database, which `maintenance` may vacuum.
async fn settle_database(maintenance: &Endpoint, database: &str, reach: Reach<'_>) -> Result<(), DatasetError> {
    let endpoint = Endpoint { database: database.to_owned(), ..maintenance.clone() };
    let doing = || server("vacuum the loaded database and write a checkpoint");
    let control = Control::connect(&endpoint).await.map_err(doing())?;
    control.batch("VACUUM (FREEZE, ANALYZE)").await.map_err(doing())?;
    if reach == Reach::Server {
        control.batch("CHECKPOINT").await.map_err(doing())?;
    }
    control.close().await;
    Ok(())
}

fn server(what: &str) -> impl FnOnce(DriverError) -> DatasetError + use<> {
    let what = what.to_owned();
    move |source| DatasetError::Server { what, source }
}
