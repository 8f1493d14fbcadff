//! Rows in the form of a binary COPY: a function of (seed, table, row, column), nothing allocated per row.

use bytes::{BufMut, BytesMut};

use crate::driver::{Args, Misfit, PgType};
use crate::param::{Draw, Sampler, Scratch, Stream, Value, name_hash};

/// What a COPY in binary format begins with: signature, no flags, no extension.
pub(super) const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
pub(super) const TRAILER: &[u8; 2] = b"\xff\xff";

/// Makes the rows of one table.
#[derive(Debug)]
pub struct RowEncoder {
    seed: u64,
    table: u64,
    columns: Vec<Cell>,
    fields: u16,
    args: Args,
    scratch: Scratch,
}

#[derive(Debug)]
struct Cell {
    sampler: Sampler,
    name: u64,
    ty: PgType,
}

/// A value that does not fit its column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {misfit}")]
pub struct CellError {
    /// Index of the column.
    pub column: usize,
    /// Row, from 1.
    pub row: u64,
    /// Why.
    pub misfit: Misfit,
}

impl RowEncoder {
    /// For a table of the dataset: its name and, for each column, name, sampler and type.
    #[must_use]
    pub fn new<'a>(
        seed: u64,
        table: &str,
        columns: impl IntoIterator<Item = (&'a str, &'a Sampler, &'a PgType)>,
    ) -> Self {
        let cell = |(name, sampler, ty): (&str, &Sampler, &PgType)| Cell {
            sampler: sampler.clone(),
            name: name_hash(name),
            ty: ty.clone(),
        };
        let columns: Vec<Cell> = columns.into_iter().map(cell).collect();
        // A table has at most 1,600 columns.
        let fields = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        Self { seed, table: name_hash(table), columns, fields, args: Args::default(), scratch: Scratch::default() }
    }

    /// Appends a row (from 1).
    ///
    /// # Errors
    /// The first value that does not fit its column; nothing is appended.
    pub fn row(&mut self, row: u64, out: &mut BytesMut) -> Result<(), CellError> {
        let stream = Stream::row(self.seed, self.table, row);
        self.args.clear();
        for (column, cell) in self.columns.iter().enumerate() {
            let draw = Draw { stream, name: cell.name, index: 0, row, now_us: 0 };
            let value = cell.sampler.draw(&draw, &mut self.scratch);
            self.args.value(value, &cell.ty).map_err(|misfit| CellError { column, row, misfit })?;
        }
        out.put_u16(self.fields);
        out.put_slice(self.args.bytes());
        Ok(())
    }

    /// A value of a row, derived again.
    pub fn value(&mut self, row: u64, column: usize) -> Value<'_> {
        let cell = &self.columns[column];
        cell.sampler.draw(&Draw::cell(self.seed, self.table, row, cell.name), &mut self.scratch)
    }
}
