//! Rows of a file or of a query: drawn whole, so that several columns belong together.

use std::sync::Arc;

use super::draw::Draw;
use super::generator::Cells;
use super::law::Unusable;
use super::stream::up_to;
use super::value::Value;

/// Rows to draw from, every one equally likely.
#[derive(Clone, Debug)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Cells,
    last: u64,
}

impl Table {
    pub(super) fn new(columns: &[String], rows: &Cells) -> Result<Self, Unusable> {
        let Some(last) = (rows.len() as u64).checked_sub(1) else {
            return Err(Unusable("there is no row to draw from".to_owned()));
        };
        if let Some(row) = rows.iter().position(|row| row.len() != columns.len()) {
            return Err(Unusable(format!(
                "row {} has {} cells where the header has {} columns",
                row + 1,
                rows[row].len(),
                columns.len()
            )));
        }
        Ok(Self { columns: columns.to_vec(), rows: Arc::clone(rows), last })
    }

    pub(super) fn column_name(&self, column: usize) -> Option<&str> {
        self.columns.get(column).map(String::as_str)
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The row that a draw takes.
    pub(super) fn pick(&self, draw: &Draw) -> usize {
        // At most the number of rows, which came from a usize.
        usize::try_from(up_to(&mut draw.random(), self.last)).unwrap_or(0)
    }

    pub(super) fn same(&self, row: usize, other: usize) -> bool {
        self.rows[row] == self.rows[other]
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Value<'_> {
        match self.rows[row].get(column) {
            Some(Some(cell)) => Value::Text(cell),
            _ => Value::Null,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}
