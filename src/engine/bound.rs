//! A variant bound to a server: statements with their types, and each operation as a program that the interpreter
//! runs without looking anything up by name.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use super::recount::Counter;
use super::rows::Keep;
use crate::driver::{ColumnInfo, LiteralType, PgType, Recordable};
use crate::param::Sampler;
use crate::workload::plan::{AnswerPlan, InsertMethod, Protocol, RetryPlan};

/// A variant whose statements a server has described and whose parameters fit.
#[derive(Clone, Debug)]
pub struct BoundVariant {
    pub(super) name: String,
    pub(super) statements: Vec<BoundStatement>,
    pub(super) operations: Vec<BoundOperation>,
    pub(super) params: Arc<Vec<BoundParam>>,
    /// Weights summed up, parallel to `operations`.
    pub(super) cumulative: Vec<f64>,
    /// Names that steps record values under.
    pub(super) records: Vec<String>,
    /// Connections of each client.
    pub(super) width: usize,
    /// What goes on beside the mix, parallel to the plan's list.
    pub(super) background: Option<Arc<BoundVariant>>,
    /// What `next` counts with, in the mix and in the background.
    pub(super) counters: Vec<Counter>,
}

impl BoundVariant {
    /// The variant's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names that its steps record values under, as metrics count them.
    #[must_use]
    pub fn records(&self) -> &[String] {
        &self.records
    }

    /// How many statements each connection prepares.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.statements.len()
    }

    /// Whether any of its statements travels so.
    #[must_use]
    pub fn uses(&self, protocol: Protocol) -> bool {
        self.statements.iter().any(|statement| statement.protocol == protocol)
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
    /// The last value of a `next`, shared by all who take from it.
    pub(super) next: Option<Arc<AtomicI64>>,
}

/// A statement of one step, as each connection prepares it.
#[derive(Clone, Debug)]
pub(super) struct BoundStatement {
    pub(super) sql: String,
    /// OIDs of `$1…`, all known.
    pub(super) oids: Vec<u32>,
    /// The same as SQL names them, where values are written into the text; else empty.
    pub(super) literals: Vec<LiteralType>,
    pub(super) columns: Vec<ColumnInfo>,
    /// How it travels.
    pub(super) protocol: Protocol,
    /// Whether every operation that succeeds without a retry runs it, so that a warm-up can wait for it.
    pub(super) usual: bool,
}

/// An operation, ready to run.
#[derive(Clone, Debug)]
pub(super) struct BoundOperation {
    pub(super) name: String,
    pub(super) job: String,
    /// When the client gives up.
    pub(super) timeout: Option<Duration>,
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

/// A value that is drawn or constant, in the form of one type. A parameter used as two types is two of these, and one
/// that a loop draws anew is another one inside of the loop.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DrawnValue {
    pub(super) source: DrawnSource,
    pub(super) ty: PgType,
    /// The loop that draws it anew in each iteration; `None`: once per operation.
    pub(super) redrawn_by: Option<usize>,
}

/// Where such a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum DrawnSource {
    /// Index into [`BoundVariant::params`], and the column of generators that give rows.
    Param { param: usize, column: Option<usize> },
    /// Always the same.
    Constant(crate::param::Literal),
}

/// The steps of an operation as one list of instructions, so that running them needs neither recursion nor memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    /// Kept columns of each set.
    pub(super) widths: Vec<usize>,
    /// How many loops there are; each has a place of its own for its state.
    pub(super) loops: usize,
    /// How many tables its inserts go to; the rows of each are counted apart.
    pub(super) tables: usize,
    /// What ends a failed transaction: index into [`BoundVariant::statements`]; `None` without transactions.
    pub(super) rollback: Option<usize>,
}

/// One instruction; the next one follows unless it says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Instruction {
    /// Sends a statement and takes its rows.
    Statement(Statement),
    /// Begins a loop, or passes it over when there is nothing to do.
    Loop(Loop),
    /// The end of an iteration: the number of its [`Instruction::Loop`].
    Next(usize),
    /// Inserts rows.
    Insert(Box<Insert>),
    /// Waits.
    Pause(Duration),
    /// Begins what is run again after a failure.
    Try(Try),
    /// The end of that.
    EndTry,
    /// From here on statements are queued instead of sent one by one.
    Pipeline,
    /// Sends what is queued, then takes all answers.
    EndPipeline,
    /// Sends the so many statements that follow, each on its own connection, then takes all answers.
    Together(usize),
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    /// Index into [`BoundVariant::statements`].
    pub(super) statement: usize,
    pub(super) args: Vec<ArgSource>,
    pub(super) binds: Option<Bind>,
    /// Rows that must be returned, else affected.
    pub(super) expect_rows: Option<u64>,
    /// Columns that are recorded.
    pub(super) records: Vec<RecordColumn>,
    /// Whether what was written is there for others once it has succeeded: a COMMIT, or a write on its own.
    pub(super) commits: bool,
}

/// A column whose values are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordColumn {
    /// Position in the result, from 0.
    pub(super) position: usize,
    /// Index into [`BoundVariant::records`].
    pub(super) record: u32,
    pub(super) kind: Recordable,
}

/// A loop over the rows of a set, or a number of times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Loop {
    /// The place of its state.
    pub(super) number: usize,
    /// The set that is visited; `None`: `repeat` times.
    pub(super) visits: Option<usize>,
    pub(super) repeat: u32,
    /// Whether another loop is around it.
    pub(super) nested: bool,
    /// The loop around it most closely.
    pub(super) within: Option<usize>,
    /// Sets that are bound inside.
    pub(super) binds: Vec<usize>,
    /// Whether it draws anew: then values with its number in [`DrawnValue::redrawn_by`].
    pub(super) redraws: bool,
    /// The instruction after its [`Instruction::Next`].
    pub(super) end: usize,
}

/// Rows to be inserted. Statements are indexes into [`BoundVariant::statements`].
#[derive(Clone, Debug)]
pub(super) struct Insert {
    /// The number of its table among those of the operation.
    pub(super) table: usize,
    pub(super) method: InsertMethod,
    pub(super) rows: u32,
    pub(super) chunk: u32,
    /// For a row, or for a chunk of `chunk` rows.
    pub(super) statement: usize,
    /// For the last chunk, where it is shorter and needs another statement.
    pub(super) rest: usize,
    /// BEGIN and COMMIT of methods with transactions of their own.
    pub(super) around: Option<(usize, usize)>,
    /// Whether each statement commits by itself.
    pub(super) commits: bool,
    pub(super) cells: Vec<Cell>,
}

/// Two inserts are the same only when they are one: what they draw cannot be compared.
impl PartialEq for Insert {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// A column that is inserted into.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Hash of its table and name: the key of its stream.
    pub(super) key: u64,
    pub(super) sampler: Sampler,
    pub(super) ty: PgType,
    /// The last value of a `next`, shared by all who take from it.
    pub(super) next: Option<Arc<AtomicI64>>,
}

/// What is run again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Try {
    pub(super) retry: RetryPlan,
    /// Sets that are bound inside: a failed attempt leaves nothing in them.
    pub(super) binds: Vec<usize>,
}

/// Where a statement's rows go.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bind {
    pub(super) set: usize,
    /// The set whose row is being visited.
    pub(super) visiting: Option<usize>,
    /// Inside of a loop rows are added to those of earlier iterations.
    pub(super) in_loop: bool,
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
