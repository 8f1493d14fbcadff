//! The coordinates of a draw, and the space that text is drawn into.

use super::stream::{Random, Stream, absorb};
use super::value::Value;

/// The coordinates of one draw: equal coordinates give the equal value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The operation, or the row.
    pub stream: Stream,
    /// [`name_hash`](super::name_hash) of the parameter or column.
    pub name: u64,
    /// Which draw of that name within the operation, from 0.
    pub index: u64,
    /// The row of the dataset, from 1; 0 for parameters.
    pub row: u64,
    /// The client's clock at the start of the operation, microseconds since 1970-01-01 UTC; 0 in the dataset.
    pub now_us: i64,
}

impl Draw {
    /// A parameter of an operation.
    #[must_use]
    pub const fn param(stream: Stream, name: u64, index: u64, now_us: i64) -> Self {
        Self { stream, name, index, row: 0, now_us }
    }

    /// A cell of the dataset; `table` and `column` are [`name_hash`](super::name_hash)es, rows count from 1.
    #[must_use]
    pub const fn cell(seed: u64, table: u64, row: u64, column: u64) -> Self {
        Self { stream: Stream::row(seed, table, row), name: column, index: 0, row, now_us: 0 }
    }

    pub(super) fn random(&self) -> Random {
        self.stream.random(self.name, self.index)
    }

    /// A draw of a part of this one, independent of it.
    pub(super) const fn part(&self, part: u64) -> Self {
        Self { name: absorb(self.name, part), ..*self }
    }

    /// The draw of another parameter or column in the same operation or row.
    #[must_use]
    pub const fn named(&self, name: u64) -> Self {
        Self { name, ..*self }
    }
}

/// Space for drawn text, reused from draw to draw.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(super) text: String,
}

/// A value before it is handed out: text that was made for it stands at the end of the caller's buffer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Drawn<'s> {
    /// A value that needs no space, or text that the sampler owns.
    Value(Value<'s>),
    /// Text, from this byte of the buffer to its end.
    Text(usize),
    /// JSON, from this byte of the buffer to its end.
    Json(usize),
}

impl<'s> Drawn<'s> {
    /// The value itself.
    pub(super) fn value<'a>(self, text: &'a str) -> Value<'a>
    where
        's: 'a,
    {
        match self {
            Drawn::Value(value) => value,
            Drawn::Text(start) | Drawn::Json(start) => Value::Text(&text[start..]),
        }
    }
}
