//! `[dataset]`: SQL, seed, tables and the generators of their columns.

use super::super::document::{Entry, Node, Table, Value};
use super::super::read::{At, Context, optional};
use super::generator::{self, GeneratorSpec};
use crate::workload::diagnostic::problem;

/// Most rows of a table.
const MAX_ROWS: i64 = 100_000_000_000;

/// `[dataset]`.
#[derive(Clone, Debug)]
pub(in crate::workload) struct DatasetSpec {
    pub(in crate::workload) schema: Option<Node>,
    pub(in crate::workload) after_load: Option<Node>,
    pub(in crate::workload) seed: u64,
    pub(in crate::workload) tables: Vec<TableSpec>,
}

/// `[dataset.tables.T]`.
#[derive(Clone, Debug)]
pub(in crate::workload) struct TableSpec {
    pub(in crate::workload) name: At<String>,
    /// `None` when it could not be read, which has been reported.
    pub(in crate::workload) rows: Option<u64>,
    pub(in crate::workload) columns: Vec<ColumnSpec>,
}

/// `columns.C`.
#[derive(Clone, Debug)]
pub(in crate::workload) struct ColumnSpec {
    pub(in crate::workload) name: At<String>,
    /// `None` when it could not be read, which has been reported.
    pub(in crate::workload) generator: Option<At<GeneratorSpec>>,
}

pub(super) fn read(table: &Table, context: Context<'_>) -> DatasetSpec {
    let text =
        |key: &str| table.get(key).filter(|entry| context.text(key, &entry.node).is_some()).map(|e| e.node.clone());
    let seed = optional(table.get("seed"), |key, node| context.integer(key, node, 0..=i64::MAX)).unwrap_or(1);
    let tables = table.table(&["tables"]).into_iter().flat_map(|tables| &tables.entries);
    DatasetSpec {
        schema: text("schema"),
        after_load: text("after_load"),
        seed: u64::try_from(seed).unwrap_or(1),
        tables: tables.filter_map(|entry| table_spec(entry, context)).collect(),
    }
}

fn table_spec(entry: &Entry, context: Context<'_>) -> Option<TableSpec> {
    let Value::Table(table) = &entry.node.value else { return None };
    let rows = optional(table.get("rows"), |key, node| context.integer(key, node, 0..=MAX_ROWS));
    if table.get("rows").is_none() && !table.incomplete {
        context.sink.push(
            problem(&entry.key_place, format!("the table `{}` needs `rows`", entry.key))
                .hint("for example `rows = 20_000`"),
        );
    }
    let columns = table.table(&["columns"]).into_iter().flat_map(|columns| &columns.entries);
    Some(TableSpec {
        name: At { value: entry.key.clone(), place: entry.key_place.clone() },
        rows: rows.and_then(|rows| u64::try_from(rows).ok()),
        columns: columns
            .map(|column| ColumnSpec {
                name: At { value: column.key.clone(), place: column.key_place.clone() },
                generator: generator::read(&column.key, &column.node, context),
            })
            .collect(),
    })
}
