//! What `summary.json` says of the tables that a variant writes to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::slice::{SliceRecord, TableRecord};

/// A table before and after a slice, on average over the valid rounds; `null` where it is not known in all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Name as SQL wants it.
    pub name: String,
    /// Rows when a slice begins.
    pub rows_before: Option<f64>,
    /// Rows when it has ended.
    pub rows_after: Option<f64>,
    /// Bytes when a slice begins, without indexes.
    pub bytes_before: Option<f64>,
    /// Bytes when it has ended.
    pub bytes_after: Option<f64>,
}

/// The tables of a variant's slices, the largest first.
pub(super) fn tables(slices: &[&SliceRecord]) -> Vec<Table> {
    let mut by_name: BTreeMap<&str, Vec<&TableRecord>> = BTreeMap::new();
    for table in slices.iter().flat_map(|slice| &slice.tables) {
        by_name.entry(&table.name).or_default().push(table);
    }
    let table = |(name, all): (&str, Vec<&TableRecord>)| {
        let mean = |field: fn(&TableRecord) -> Option<u64>| {
            let sum = all.iter().map(|table| field(table)).sum::<Option<u64>>()?;
            (all.len() == slices.len()).then(|| sum as f64 / all.len() as f64)
        };
        Table {
            name: name.to_owned(),
            rows_before: mean(|table| table.rows_before),
            rows_after: mean(|table| table.rows_after),
            bytes_before: mean(|table| table.bytes_before),
            bytes_after: mean(|table| table.bytes_after),
        }
    };
    let mut tables: Vec<Table> = by_name.into_iter().map(table).collect();
    tables.sort_by(|a, b| b.bytes_after.unwrap_or(0.0).total_cmp(&a.bytes_after.unwrap_or(0.0)));
    tables
}
