//! Loaded data against the plan: rows, NULLs, keys, and some values derived again. What was found is kept as facts.

use super::bind::{ColumnJob, TableJob};
use super::compare::{same, shown};
use super::error::Problem;
use super::facts::{ColumnFacts, KeyFacts, TableFacts};
use super::load::encoder;
use super::shape::{as_f64, expected_distinct, null_rate, nulls_agree, parent, possible_keys};
use crate::driver::{Control, DriverError, TypeKind};
use crate::param::Generator;
use crate::words::counted;

/// Rows of a table that are derived again.
const SAMPLED: u64 = 20;

/// Asks the server about a loaded table; adds to `problems` what differs from the plan.
pub(super) async fn table(
    control: &Control,
    jobs: &[TableJob],
    job: &TableJob,
    seed: u64,
    problems: &mut Vec<Problem>,
) -> Result<TableFacts, DriverError> {
    let present: Vec<String> = job.columns.iter().map(|column| format!(", count({})", column.sql)).collect();
    let counts = numbers(control, &format!("SELECT count(*){} FROM {}", present.concat(), job.sql)).await?;
    let rows = counts[0];
    if rows != job.rows {
        let message = format!("{} has {} where the plan has {}", job.name, counted(rows, "row"), job.rows);
        problems.push(problem(&job.place, message, Some("does a trigger or rule of the schema change rows?")));
    }
    let mut columns = Vec::new();
    for (column, present) in job.columns.iter().zip(&counts[1..]) {
        let nulls = rows - present;
        nulls_as_planned(job, column, nulls, rows, problems);
        let keys = keys(control, jobs, job, column, *present, problems).await?;
        columns.push(ColumnFacts { name: column.name.clone(), nulls, keys });
    }
    values(control, job, seed, problems).await?;
    Ok(TableFacts { name: job.name.clone(), rows, columns })
}

fn nulls_as_planned(job: &TableJob, column: &ColumnJob, nulls: u64, rows: u64, problems: &mut Vec<Problem>) {
    if let Some(rate) = null_rate(&column.generator)
        && !nulls_agree(nulls, rows, rate)
    {
        let message =
            format!("{}.{} is NULL in {nulls} of {rows} rows; the plan's rate is {rate}", job.name, column.name);
        problems.push(problem(&column.place, message, None));
    }
}

/// How values repeat, and whether keys point to rows that exist.
async fn keys(
    control: &Control,
    jobs: &[TableJob],
    job: &TableJob,
    column: &ColumnJob,
    present: u64,
    problems: &mut Vec<Problem>,
) -> Result<Option<KeyFacts>, DriverError> {
    let Some(possible) = possible_keys(&column.generator) else { return Ok(None) };
    let found = numbers(control, &keys_sql(jobs, job, column, possible)).await?;
    let [distinct, max, top_percent, orphans] = found[..] else { return Ok(None) };
    let name = format!("{}.{}", job.name, column.name);
    if orphans > 0 {
        let of = parent(&column.generator).map(|of| format!("{}.{}", of.table, of.column)).unwrap_or_default();
        let message = format!("{name}: {orphans} of {distinct} keys are not in {of}, which they are drawn from");
        problems.push(problem(&column.place, message, None));
    }
    if let Some((least, most)) = expected_distinct(&column.generator, present)
        && !(least..=most).contains(&as_f64(distinct))
    {
        let message = format!("{name} has {distinct} different keys; the plan gives {least:.0} to {most:.0}");
        problems.push(problem(&column.place, message, None));
    }
    let share = |rows: u64| (present > 0).then(|| as_f64(rows) / as_f64(present));
    Ok(Some(KeyFacts {
        distinct,
        possible,
        rows_per_key_max: max,
        rows_per_key_mean: (distinct > 0).then(|| as_f64(present) / as_f64(distinct)),
        top_key_share: share(max),
        top_1_percent_share: share(top_percent),
    }))
}

/// Keys found, rows of the most frequent one, rows of the most frequent 1 % of the possible ones, keys without a parent.
fn keys_sql(jobs: &[TableJob], job: &TableJob, column: &ColumnJob, possible: u64) -> String {
    let orphans = match parent_column(jobs, column) {
        Some((table, key)) => format!(
            "(SELECT count(*) FROM keys WHERE NOT EXISTS \
             (SELECT FROM {} AS parent WHERE parent.{} = keys.key))",
            table.sql, key.sql
        ),
        None => "0".to_owned(),
    };
    format!(
        "WITH keys AS MATERIALIZED \
         (SELECT {column} AS key, count(*) AS rows FROM {table} WHERE {column} IS NOT NULL GROUP BY 1) \
         SELECT count(*), coalesce(max(rows), 0), (SELECT coalesce(sum(rows), 0) FROM \
         (SELECT rows FROM keys ORDER BY rows DESC LIMIT {top}) AS top), {orphans} FROM keys",
        column = column.sql,
        table = job.sql,
        top = possible.div_ceil(100),
    )
}

/// The loaded column that keys are drawn from, where the server can compare the two.
fn parent_column<'a>(jobs: &'a [TableJob], column: &ColumnJob) -> Option<(&'a TableJob, &'a ColumnJob)> {
    let source = parent(&column.generator)?;
    let table = jobs.iter().find(|job| job.name == source.table)?;
    let key = table.columns.iter().find(|key| key.name == source.column)?;
    let is_integer = |kind: &TypeKind| matches!(kind, TypeKind::Int2 | TypeKind::Int4 | TypeKind::Int8);
    let (mine, other) = (column.ty.base(), key.ty.base());
    let comparable = mine.oid == other.oid || (is_integer(&mine.kind) && is_integer(&other.kind));
    comparable.then_some((table, key))
}

/// Values of some rows, derived again; only where a column tells which row is which.
async fn values(control: &Control, job: &TableJob, seed: u64, problems: &mut Vec<Problem>) -> Result<(), DriverError> {
    let is_integer = |kind: &TypeKind| matches!(kind, TypeKind::Int2 | TypeKind::Int4 | TypeKind::Int8);
    let number = |column: &&ColumnJob| column.generator == Generator::RowNumber && is_integer(&column.ty.base().kind);
    let Some(id) = job.columns.iter().find(number) else { return Ok(()) };
    let shown: Vec<(usize, String)> = (job.columns.iter().enumerate())
        .filter_map(|(index, column)| shown(&column.sql, &column.ty).map(|sql| (index, sql)))
        .collect();
    let columns: String = shown.iter().map(|(_, sql)| format!(", {sql}")).collect();
    let sample: Vec<String> = sampled(job.rows).iter().map(u64::to_string).collect();
    if sample.is_empty() {
        return Ok(());
    }
    let sql = format!("SELECT {0}{columns} FROM {1} WHERE {0} IN ({2})", id.sql, job.sql, sample.join(", "));
    let mut encoder = encoder(job, seed);
    for found in control.rows(&sql).await? {
        let Some(row) = found[0].as_deref().and_then(|text| text.parse().ok()) else { continue };
        for ((index, _), text) in shown.iter().zip(&found[1..]) {
            let column = &job.columns[*index];
            let value = encoder.value(row, *index);
            if !same(value, &column.ty, text.as_deref()) {
                let found = text.as_deref().unwrap_or("NULL");
                let message = format!("{}.{} is {found} in row {row}; the plan gives {value:?}", job.name, column.name);
                problems.push(problem(&column.place, message, Some("does a trigger or rule change it?")));
            }
        }
    }
    Ok(())
}

/// Rows spread over the table, first and last among them.
fn sampled(rows: u64) -> Vec<u64> {
    if rows <= SAMPLED {
        return (1..=rows).collect();
    }
    let at = |part: u64| 1 + u128::from(rows - 1) * u128::from(part) / u128::from(SAMPLED - 1);
    // At most `rows`.
    (0..SAMPLED).map(|part| u64::try_from(at(part)).unwrap_or(rows)).collect()
}

/// The first row of a query, all numbers.
async fn numbers(control: &Control, sql: &str) -> Result<Vec<u64>, DriverError> {
    let rows = control.rows(sql).await?;
    let cells = rows.into_iter().next().unwrap_or_default();
    Ok(cells.iter().map(|cell| cell.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0)).collect())
}

fn problem(place: &crate::workload::plan::Place, message: String, hint: Option<&str>) -> Problem {
    Problem { place: place.clone(), message, hint: hint.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::sampled;

    #[test]
    fn sampled_rows_exist_and_reach_both_ends() {
        for rows in [1, 5, 20, 21, 1_000_000, u64::MAX] {
            let sample = sampled(rows);
            assert_eq!((sample[0], sample[sample.len() - 1]), (1, rows));
            assert!(sample.is_sorted_by(|a, b| a < b) && sample.len() as u64 == rows.min(20), "{sample:?}");
        }
    }
}
