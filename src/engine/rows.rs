//! The rows that an operation keeps while it runs: raw cells in one reused buffer per set.
//!
//! Only columns that something refers to are kept. Nothing is decoded. After the first operations the buffers have
//! found their size and nothing is allocated any more.

use super::bound::RecordColumn;
use crate::driver::{RawRow, Recordable, RowSink};
use crate::metrics::Sample;

/// One cell: where its bytes stand in the set's buffer; a negative length is NULL.
#[derive(Clone, Copy, Debug)]
struct Cell {
    start: usize,
    length: i32,
}

const NULL: Cell = Cell { start: 0, length: -1 };

/// The kept columns of a set's rows, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    /// For sets bound inside a loop: the row visited when each row came.
    parents: Vec<u32>,
    columns: usize,
    count: usize,
    /// The first row of the current iteration of the loop around the binding; 0 outside of loops.
    from: usize,
    /// The row that a loop is visiting.
    visited: usize,
}

impl Rows {
    /// Forgets all rows, keeps the space. From now on a row has `columns` kept columns.
    pub(super) fn clear(&mut self, columns: usize) {
        self.bytes.clear();
        self.cells.clear();
        self.parents.clear();
        self.columns = columns;
        self.count = 0;
        self.from = 0;
    }

    /// Forgets the rows from number `count` on.
    pub(super) fn truncate(&mut self, count: usize) {
        if count >= self.count {
            return;
        }
        let cells = count * self.columns;
        let bytes = self.cells[cells..].iter().filter(|cell| cell.length >= 0).map(|cell| cell.start).min();
        self.bytes.truncate(bytes.unwrap_or(self.bytes.len()));
        self.cells.truncate(cells);
        self.parents.truncate(count);
        self.count = count;
        self.from = self.from.min(count);
    }

    /// The first row that steps of the current iteration see.
    pub(super) fn from(&self) -> usize {
        self.from
    }

    /// From now on steps see the rows from number `from` on.
    pub(super) fn see_from(&mut self, from: usize) {
        self.from = from;
    }

    /// The row being visited.
    pub(super) fn visited(&self) -> usize {
        self.visited
    }

    /// A loop visits this row now.
    pub(super) fn visit(&mut self, row: usize) {
        self.visited = row;
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A kept cell; `None` is NULL.
    pub(super) fn cell(&self, row: usize, column: usize) -> Option<&[u8]> {
        self.bytes_of(self.cells[row * self.columns + column])
    }

    /// A whole kept column, of the rows that steps see.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = Option<&[u8]>> {
        self.cells
            .iter()
            .skip(self.from * self.columns + column)
            .step_by(self.columns.max(1))
            .map(|cell| self.bytes_of(*cell))
    }

    /// The row that was being visited when `row` came.
    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        self.parents.get(row).map(|parent| *parent as usize)
    }

    fn bytes_of(&self, cell: Cell) -> Option<&[u8]> {
        let length = usize::try_from(cell.length).ok()?;
        Some(&self.bytes[cell.start..cell.start + length])
    }

    fn push(&mut self, bytes: Option<&[u8]>) -> Cell {
        let Some(bytes) = bytes else { return NULL };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        // A message's length is an i32, so a cell's is too.
        Cell { start, length: i32::try_from(bytes.len()).unwrap_or(i32::MAX) }
    }
}

/// Which column of a result goes into which kept column of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keep {
    /// Position in the result, from 0.
    pub(super) position: usize,
    /// Kept column of the set.
    pub(super) slot: usize,
}

/// Takes the rows of one execution: into a set, or only past the counter that the session keeps.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    target: Option<(&'a mut Rows, &'a [Keep])>,
    parent: Option<u32>,
    recorded: Option<(&'a mut Vec<Taken>, &'a [RecordColumn])>,
}

/// A value that was recorded, with the number of its name.
pub(super) type Taken = (u32, Sample);

impl<'a> Sink<'a> {
    /// Rows are only counted.
    pub(super) fn counting() -> Self {
        Self { target: None, parent: None, recorded: None }
    }

    /// Rows are kept; `keep` rises by position. `parent` is the row being visited, where one is.
    pub(super) fn keeping(rows: &'a mut Rows, keep: &'a [Keep], parent: Option<u32>) -> Self {
        Self { target: Some((rows, keep)), parent, recorded: None }
    }

    /// Values of these columns are recorded as well.
    pub(super) fn recording(mut self, into: &'a mut Vec<Taken>, columns: &'a [RecordColumn]) -> Self {
        if !columns.is_empty() {
            self.recorded = Some((into, columns));
        }
        self
    }
}

impl RowSink for Sink<'_> {
    fn takes(&self, position: usize) -> bool {
        self.target.as_ref().is_some_and(|(_, keep)| keep.iter().any(|keep| keep.position == position))
            || self.recorded.as_ref().is_some_and(|(_, all)| all.iter().any(|column| column.position == position))
    }

    fn row(&mut self, row: &RawRow<'_>) {
        if let Some((into, columns)) = &mut self.recorded {
            into.extend(columns.iter().map(|column| (column.record, sample(*column, row))));
        }
        let Some((rows, keep)) = &mut self.target else { return };
        let first = rows.cells.len();
        rows.cells.resize(first + rows.columns, NULL);
        let mut wanted = keep.iter().peekable();
        for (position, cell) in row.iter().enumerate() {
            let Some(next) = wanted.peek() else { break };
            if next.position == position {
                let slot = first + next.slot;
                let kept = rows.push(cell);
                rows.cells[slot] = kept;
                wanted.next();
            }
        }
        if let Some(parent) = self.parent {
            rows.parents.push(parent);
        }
        rows.count += 1;
    }
}

fn sample(column: RecordColumn, row: &RawRow<'_>) -> Sample {
    match (row.column(column.position), column.kind) {
        (None, _) => Sample::Null,
        (Some(bytes), Recordable::Bool) => Sample::Flag(Recordable::Bool.read(bytes) != 0.0),
        (Some(bytes), kind) => Sample::Number(kind.read(bytes)),
    }
}
