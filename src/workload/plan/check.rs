//! What must hold after a slice.

use std::fmt;

use super::{Place, SqlText};
use crate::param::Number;
use crate::workload::arithmetic::Expr;

/// A query whose value must equal something.
#[derive(Clone, Debug)]
pub struct CheckPlan {
    /// Name from the file.
    pub name: String,
    /// The query, constants replaced by their values.
    pub text: SqlText,
    /// What it must give.
    pub expected: Expected,
    /// Where the file names it.
    pub place: Place,
}

/// What a check must give.
#[derive(Clone, Debug)]
pub enum Expected {
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// Arithmetic over what the variant's operations have come to.
    Counters {
        /// As written.
        text: String,
        /// The arithmetic.
        expression: Expr,
        /// Constants that it names, with their values.
        constants: Vec<(String, Number)>,
        /// Counters that it names.
        counters: Vec<Counted>,
    },
}

/// A counter of some operations of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// As written: `thousand.succeeded`.
    pub name: String,
    /// Indexes into [`super::VariantPlan::operations`]; those of an operation, of a job, or all. None where the variant has
    /// none of them in its mix.
    pub operations: Vec<usize>,
    /// Which counter.
    pub counter: Counter,
}

/// What is counted of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Operations that ended well.
    Succeeded,
    /// Operations that failed for good.
    Failed,
    /// Tries, those that were tried again included.
    Attempts,
    /// Attempts that failed and were tried again.
    Retried,
    /// Rows returned or affected by operations that succeeded.
    Rows,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Succeeded, Self::Failed, Self::Attempts, Self::Retried, Self::Rows];

    /// Its name in workload files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Attempts => "attempts",
            Self::Retried => "retried",
            Self::Rows => "rows",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(Number::Integer(value)) => write!(f, "{value}"),
            Self::Number(Number::Real { value, .. }) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Counters { text, .. } => f.write_str(text),
        }
    }
}
