//! Rows and bytes of the tables that a slice writes to, before and after it.

use crate::driver::{Control, DriverError};
use crate::result::slice::TableRecord;

/// Tables up to this size are counted; the rows of larger ones are not stated.
const COUNTED_BYTES: u64 = 256 << 20;

/// The largest tables. Their planner's number of rows is exact in a copy that was vacuumed and not touched since.
const TABLES: &str = "SELECT c.oid::regclass, pg_table_size(c.oid), c.reltuples::bigint \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
     ORDER BY 2 DESC, 1 LIMIT 50";

/// A table at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    name: String,
    bytes: u64,
    rows: Option<u64>,
}

/// The tables of a copy that nobody has written to.
pub async fn untouched(control: &Control) -> Result<Vec<Size>, DriverError> {
    let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let size = |row: Vec<Option<String>>| Size {
        name: text(&row, 0),
        bytes: text(&row, 1).parse().unwrap_or(0),
        // Negative: never vacuumed.
        rows: text(&row, 2).parse().ok(),
    };
    Ok(control.rows(TABLES).await?.into_iter().map(size).collect())
}

/// The tables as they are.
pub async fn counted(control: &Control) -> Result<Vec<Size>, DriverError> {
    let mut sizes = untouched(control).await?;
    for size in &mut sizes {
        size.rows = None;
        if size.bytes <= COUNTED_BYTES {
            let rows = control.rows(&format!("SELECT count(*) FROM {}", size.name)).await?;
            size.rows = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        }
    }
    Ok(sizes)
}

/// What became of each table; one that was made or dropped meanwhile has nothing on one side.
pub fn changes(before: &[Size], after: &[Size]) -> Vec<TableRecord> {
    let names = before.iter().chain(after.iter().filter(|new| before.iter().all(|old| old.name != new.name)));
    names
        .map(|size| {
            let of = |sizes: &[Size]| sizes.iter().find(|known| known.name == size.name).cloned();
            let (old, new) = (of(before), of(after));
            TableRecord {
                name: size.name.clone(),
                rows_before: old.as_ref().and_then(|old| old.rows),
                rows_after: new.as_ref().and_then(|new| new.rows),
                bytes_before: old.map(|old| old.bytes),
                bytes_after: new.map(|new| new.bytes),
            }
        })
        .collect()
}
