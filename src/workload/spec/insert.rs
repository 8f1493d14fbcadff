//! `insert = { table, rows, chunk, method, values }`.

use super::super::diagnostic::problem;
use super::super::document::{Entry, Value};
use super::super::plan::{InsertMethod, Place};
use super::super::read::{At, Context, optional};
use super::generator::{self, GeneratorSpec};

/// Most rows of one insert.
const MOST_ROWS: i64 = 1_000_000;
/// Most rows of a chunk: what the protocol counts values with has 16 bits.
const MOST_CHUNK: i64 = 65_535;

/// A column and its generator, where that could be read.
pub(in crate::workload) type ValueSpec = (At<String>, Option<At<GeneratorSpec>>);

/// Rows inserted.
#[derive(Clone, Debug)]
pub(in crate::workload) struct InsertSpec {
    pub(in crate::workload) table: At<String>,
    pub(in crate::workload) rows: u32,
    /// With its place, where the file gives it.
    pub(in crate::workload) chunk: Option<At<u32>>,
    pub(in crate::workload) method: InsertMethod,
    /// `None`: those of the dataset's table.
    pub(in crate::workload) values: Option<Vec<ValueSpec>>,
    pub(in crate::workload) place: Place,
}

pub(super) fn read(entry: &Entry, context: Context<'_>) -> Option<InsertSpec> {
    let Value::Table(table) = &entry.node.value else { return None };
    let name = optional(table.get("table"), |key, node| context.text(key, node));
    let count = |key: &str, most: i64| {
        let read = optional(table.get(key), |key, node| {
            let value = u32::try_from(context.integer(key, node, 1..=most)?).ok()?;
            Some(At { value, place: node.place.clone() })
        });
        (read, table.get(key).is_some())
    };
    let (rows, _) = count("rows", MOST_ROWS);
    let (chunk, has_chunk) = count("chunk", MOST_CHUNK);
    let words = InsertMethod::ALL.map(|(word, _)| word);
    let word = optional(table.get("method"), |key, node| context.word(key, node, &words));
    for key in ["table", "rows", "method"] {
        if table.get(key).is_none() && !table.incomplete {
            let hint = "for example `insert = { table = \"events\", rows = 1000, chunk = 50, method = \"multi_row\" }`";
            context.sink.push(problem(&entry.key_place, format!("`insert` needs `{key}`")).hint(hint));
        }
    }
    let values = table.get("values").map(|values| {
        let entries = match &values.node.value {
            Value::Table(values) => values.entries.as_slice(),
            _ => &[],
        };
        let one = |entry: &Entry| {
            let name = At { value: entry.key.clone(), place: entry.key_place.clone() };
            (name, generator::read(&entry.key, &entry.node, context))
        };
        entries.iter().map(one).collect()
    });
    if has_chunk && chunk.is_none() {
        return None;
    }
    let method = InsertMethod::ALL.iter().find(|(known, _)| Some(*known) == word).map(|(_, method)| *method);
    Some(InsertSpec { table: name?, rows: rows?.value, chunk, method: method?, values, place: entry.key_place.clone() })
}
