//! A statement with its references rewritten to `$1…`, and the way back from the server's error position to the file.

use super::Place;
use crate::param::Literal;

/// SQL as it is sent, and where each part of it stands in the workload file.
#[derive(Clone, Debug)]
pub struct SqlText {
    /// What is sent.
    pub sql: String,
    /// The SQL's place in the file.
    pub place: Place,
    /// Pairs (byte offset in `sql`, byte offset in the file), rising; between two pairs both advance together.
    pub offsets: Vec<(usize, usize)>,
}

impl SqlText {
    /// The place in the file of a position that the server reports (characters, from 1).
    #[must_use]
    pub fn place_at(&self, position: usize) -> Place {
        let byte = self.sql.char_indices().nth(position.saturating_sub(1)).map_or(self.sql.len(), |(at, _)| at);
        let at = match self.offsets.iter().rev().find(|(sent, _)| *sent <= byte) {
            Some((sent, source)) => source + (byte - sent),
            None => self.place.span.start,
        };
        let at = at.clamp(self.place.span.start, self.place.span.end);
        Place { source: self.place.source.clone(), span: at..at }
    }
}

/// A statement of an operation.
#[derive(Clone, Debug)]
pub struct StatementPlan {
    /// The SQL with `$1…`.
    pub text: SqlText,
    /// What each `$n` is, in order.
    pub args: Vec<Arg>,
}

/// What a `$n` stands for. Sets and columns are indexes into the operation's `sets` and the set's `columns`.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A parameter: index into `VariantPlan::params`, and for generators that give rows the column (else `None`).
    Param {
        /// Index into `VariantPlan::params`.
        param: usize,
        /// `:c.id` of a `csv` or `query` generator.
        column: Option<String>,
    },
    /// A constant's value.
    Constant {
        /// Name, for messages.
        name: String,
        /// Value.
        value: Literal,
    },
    /// `:u.id`: the row being visited.
    Visited {
        /// The set.
        set: usize,
        /// Its column.
        column: usize,
    },
    /// `:u.id[]`: the whole column as an array.
    Whole {
        /// The set.
        set: usize,
        /// Its column.
        column: usize,
    },
    /// `:u.first.id`
    First {
        /// The set.
        set: usize,
        /// Its column.
        column: usize,
    },
    /// `:u.last.id`
    Last {
        /// The set.
        set: usize,
        /// Its column.
        column: usize,
    },
}
