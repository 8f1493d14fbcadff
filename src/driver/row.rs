//! Rows as they came over the wire, and who takes them.

/// Takes rows as they arrive. Implemented by the engine; static dispatch.
pub trait RowSink {
    /// One row. Column `i`'s raw bytes are `row.column(i)`.
    fn row(&mut self, row: &RawRow<'_>);

    /// Whether it looks at the column of that position. Of a result in text only such columns are put into binary form; the
    /// others come as NULL.
    fn takes(&self, position: usize) -> bool {
        let _ = position;
        true
    }
}

/// A row as it came over the wire; nothing is decoded.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a> {
    /// The body of the DataRow message after the column count.
    pub body: &'a [u8],
    /// How many columns.
    pub columns: u16,
}

impl<'a> RawRow<'a> {
    /// Column `i`'s bytes in the wire's binary form; `None` is NULL (or no such column). Walks over those before it.
    #[inline]
    #[must_use]
    pub fn column(&self, i: usize) -> Option<&'a [u8]> {
        self.iter().nth(i).flatten()
    }

    /// All columns in order; `None` is NULL.
    #[inline]
    #[must_use]
    pub fn iter(&self) -> Columns<'a> {
        Columns { rest: self.body }
    }
}

impl<'a> IntoIterator for &RawRow<'a> {
    type Item = Option<&'a [u8]>;
    type IntoIter = Columns<'a>;

    fn into_iter(self) -> Columns<'a> {
        self.iter()
    }
}

/// The columns of a row.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Columns<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk()?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Err(_) => {
                self.rest = rest;
                Some(None)
            }
            Ok(length) => {
                let (column, rest) = rest.split_at_checked(length)?;
                self.rest = rest;
                Some(Some(column))
            }
        }
    }
}
