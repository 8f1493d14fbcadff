//! A variant bound to a server: statements with their types, and each operation as a program that the interpreter
//! runs without looking anything up by name.

use std::sync::Arc;

use super::rows::Keep;
use crate::driver::{ColumnInfo, PgType};
use crate::param::Sampler;
use crate::workload::plan::AnswerPlan;

/// A variant whose statements a server has described and whose parameters fit.
#[derive(Clone, Debug)]
pub struct BoundVariant {
    pub(super) name: String,
    pub(super) statements: Vec<BoundStatement>,
    pub(super) operations: Vec<BoundOperation>,
    pub(super) params: Arc<Vec<BoundParam>>,
    /// Weights summed up, parallel to `operations`.
    pub(super) cumulative: Vec<f64>,
}

impl BoundVariant {
    /// The variant's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many statements each connection prepares.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.statements.len()
    }

    /// The SQL and the columns of each statement, in the order in which a connection prepares them.
    #[must_use]
    pub fn described(&self) -> Vec<(String, Vec<ColumnInfo>)> {
        self.statements.iter().map(|statement| (statement.sql.clone(), statement.columns.clone())).collect()
    }
}

/// A parameter with its random stream's name.
#[derive(Clone, Debug)]
pub(super) struct BoundParam {
    pub(super) name: String,
    /// Hash of the name: the key of its stream.
    pub(super) key: u64,
    pub(super) sampler: Sampler,
}

/// A statement of one step, as each connection prepares it.
#[derive(Clone, Debug)]
pub(super) struct BoundStatement {
    pub(super) sql: String,
    /// OIDs of `$1…`, all known.
    pub(super) oids: Vec<u32>,
    pub(super) columns: Vec<ColumnInfo>,
}

/// An operation, ready to run.
#[derive(Clone, Debug)]
pub(super) struct BoundOperation {
    pub(super) name: String,
    pub(super) job: String,
    /// Values drawn and encoded once at the start of each run.
    pub(super) drawn: Vec<DrawnValue>,
    /// As it runs under load: only what later steps refer to is kept.
    pub(super) load: Program,
    /// As it runs for the answer: what `answer` names is kept too.
    pub(super) answering: Program,
    pub(super) answer: Option<BoundAnswer>,
}

/// The answer of an operation, with the types of its columns.
#[derive(Clone, Debug)]
pub(super) struct BoundAnswer {
    pub(super) plan: AnswerPlan,
    /// Parallel to `plan.paths`: the type of the column that the path begins at.
    pub(super) types: Vec<PgType>,
    /// For each set of the operation the set that is visited when it is bound.
    pub(super) visiting: Vec<Option<usize>>,
}

/// A value that is drawn or constant, in the form of one type. A parameter used as two types is two of these.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DrawnValue {
    pub(super) source: DrawnSource,
    pub(super) ty: PgType,
}

/// Where such a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum DrawnSource {
    /// Index into [`BoundVariant::params`], and the column of generators that give rows.
    Param { param: usize, column: Option<usize> },
    /// Always the same.
    Constant(crate::param::Literal),
}

/// The steps of an operation, with the columns that they keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Kept columns of each set.
    pub(super) widths: Vec<usize>,
}

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// Index into [`BoundVariant::statements`].
    pub(super) statement: usize,
    pub(super) args: Vec<ArgSource>,
    pub(super) binds: Option<Bind>,
    pub(super) for_each: Option<usize>,
}

/// Where a step's rows go.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bind {
    pub(super) set: usize,
    /// Rising by position.
    pub(super) keep: Vec<Keep>,
}

/// Where an argument comes from. `slot` is a kept column of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArgSource {
    /// Index into [`BoundOperation::drawn`].
    Drawn(usize),
    /// The row being visited.
    Visited { set: usize, slot: usize },
    /// All rows, as an array.
    Whole { set: usize, slot: usize, element_oid: u32 },
    /// The first row.
    First { set: usize, slot: usize },
    /// The last row.
    Last { set: usize, slot: usize },
}
