//! The file's tables against the server's: every table and column found, every generator fitting its column's type, all
//! problems in one pass and before the first row.

use crate::driver::{PgType, fits};
use crate::param::{Generator, Sampler};
use crate::workload::plan::{DatasetPlan, Place, TablePlan};

use super::catalogue::{Catalogue, Column, Table};
use super::error::Problem;

/// A table to be filled, with everything known about it.
#[derive(Clone, Debug)]
pub(super) struct TableJob {
    /// Name as the file writes it: the name that its rows are derived under.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) rows: u64,
    /// Name as SQL wants it.
    pub(super) sql: String,
    /// Index into [`Catalogue::tables`].
    pub(super) table: usize,
    /// Whether TRUNCATE and COPY FREEZE are possible.
    pub(super) freeze: bool,
    pub(super) columns: Vec<ColumnJob>,
}

/// A column to be filled.
#[derive(Clone, Debug)]
pub(super) struct ColumnJob {
    /// Name as the file writes it.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) sql: String,
    pub(super) ty: PgType,
    pub(super) generator: Generator,
    pub(super) sampler: Sampler,
}

impl TableJob {
    /// The COPY of its columns.
    pub(super) fn copy_sql(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.sql.as_str()).collect();
        let freeze = if self.freeze { ", FREEZE" } else { "" };
        format!("COPY {} ({}) FROM STDIN WITH (FORMAT binary{freeze})", self.sql, columns.join(", "))
    }
}

/// Finds the tables of the file in the catalogue; those that are not there are problems.
pub(super) fn find_tables(plan: &DatasetPlan, catalogue: &Catalogue) -> Result<Vec<usize>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for table in &plan.tables {
        match catalogue.find(&table.name) {
            Some(index) if found.contains(&index) => {
                let message = format!("{} names a table that is already filled under another name", table.name);
                problems.push(Problem { place: table.place.clone(), message, hint: None });
            }
            Some(index) => found.push(index),
            None => problems.push(no_table(table, catalogue)),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Binds tables to those of the catalogue that [`find_tables`] gave, columns read.
pub(super) fn bind(plan: &DatasetPlan, catalogue: &Catalogue, found: &[usize]) -> Result<Vec<TableJob>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut jobs = Vec::new();
    for (table, index) in plan.tables.iter().zip(found) {
        let real = &catalogue.tables[*index];
        let columns = columns(table, real, &mut problems);
        defaults(table, real, &mut problems);
        jobs.push(TableJob {
            name: table.name.clone(),
            place: table.place.clone(),
            rows: table.rows,
            sql: real.sql.clone(),
            table: *index,
            freeze: real.ordinary && !catalogue.is_referenced(*index),
            columns,
        });
    }
    if problems.is_empty() { Ok(jobs) } else { Err(problems) }
}

fn columns(table: &TablePlan, real: &Table, problems: &mut Vec<Problem>) -> Vec<ColumnJob> {
    let mut jobs = Vec::new();
    if table.columns.is_empty() {
        let hint = Some("give at least one column a generator".to_owned());
        let message = format!("{} has rows but no columns to fill", table.name);
        problems.push(Problem { place: table.place.clone(), message, hint });
    }
    for column in &table.columns {
        let at = |message: String, hint: Option<String>| Problem { place: column.place.clone(), message, hint };
        let name = format!("{}.{}", table.name, column.name);
        let Some(found) = find_column(&column.name, &real.columns) else {
            let names = real.columns.iter().map(|column| column.name.as_str());
            let hint = nearest(&column.name, names).map(|near| format!("did you mean {near}?"));
            problems.push(at(format!("the schema's table {} has no column {}", table.name, column.name), hint));
            continue;
        };
        if found.generated {
            let hint = Some("leave it out of the file".to_owned());
            problems.push(at(format!("{name} is GENERATED ALWAYS AS (…): only the server gives its value"), hint));
            continue;
        }
        let checked =
            column.generator.domains(table.rows).map_err(|unusable| unusable.to_string()).and_then(|domains| {
                let misfit = domains.iter().find_map(|domain| fits(domain, &found.ty).err());
                misfit.map_or(Ok(()), |misfit| Err(misfit.to_string()))
            });
        if let Err(message) = checked {
            problems.push(at(format!("{name}: {message}"), None));
            continue;
        }
        match Sampler::new(&column.generator) {
            Ok(sampler) => jobs.push(ColumnJob {
                name: column.name.clone(),
                place: column.place.clone(),
                sql: found.sql.clone(),
                ty: found.ty.clone(),
                generator: column.generator.clone(),
                sampler,
            }),
            Err(unusable) => problems.push(at(format!("{name}: {unusable}"), None)),
        }
    }
    jobs
}

/// Columns without a generator must be able to do without a value.
fn defaults(table: &TablePlan, real: &Table, problems: &mut Vec<Problem>) {
    for column in &real.columns {
        let means = |name: &str| find_column(name, &real.columns).is_some_and(|found| found.name == column.name);
        let named = table.columns.iter().any(|it| means(&it.name));
        if !named && column.not_null && !column.has_default && !column.generated {
            problems.push(Problem {
                place: table.place.clone(),
                message: format!("{}.{} is NOT NULL without a default and has no generator", table.name, column.name),
                hint: Some(format!("add columns.{} = …", column.name)),
            });
        }
    }
}

/// As written, else folded as SQL folds it.
fn find_column<'a>(name: &str, columns: &'a [Column]) -> Option<&'a Column> {
    let exact = columns.iter().find(|column| column.name == name.trim_matches('"'));
    exact.or_else(|| columns.iter().find(|column| column.name == name.to_lowercase()))
}

fn no_table(table: &TablePlan, catalogue: &Catalogue) -> Problem {
    let names = catalogue.tables.iter().map(|table| table.name.as_str());
    let hint = match nearest(&table.name, names) {
        Some(near) => format!("did you mean {near}?"),
        None => "create it in dataset.schema".to_owned(),
    };
    let message = format!("dataset.schema makes no table {}", table.name);
    Problem { place: table.place.clone(), message, hint: Some(hint) }
}

/// The most similar name, if one is similar at all.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILAR: f64 = 0.7;
    let scored = names.map(|other| (strsim::jaro_winkler(name, other), other));
    scored.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}
