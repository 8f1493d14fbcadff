//! What an operation does: its steps, the sets that they bind, its answer.

use std::time::Duration;

use super::{InsertMethod, InsertPlan, Place, Protocol};
use crate::words::FailureKey;

/// One action inside an operation.
#[derive(Clone, Debug)]
pub struct StepPlan {
    /// What is done.
    pub action: Action,
    /// The set whose rows are visited: the step runs once for each.
    pub for_each: Option<usize>,
    /// How often the step runs; 1 where the file says nothing.
    pub repeat: u32,
    /// Parameters drawn anew in each iteration: indexes into `VariantPlan::params`.
    pub draw: Vec<usize>,
    /// What happens after a failure (transactions and groups).
    pub retry: Option<RetryPlan>,
    /// Where the file has the step.
    pub place: Place,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A statement.
    Statement(StatementStep),
    /// Rows inserted.
    Insert(InsertPlan),
    /// A wait.
    Pause(Duration),
    /// Steps one after the other.
    Group(Vec<StepPlan>),
    /// Steps between BEGIN and COMMIT, which are statements and round trips of their own.
    Transaction {
        /// The transaction's modes.
        modes: TransactionPlan,
        /// In order.
        steps: Vec<StepPlan>,
    },
    /// Statements at the same time, each on a connection of its own.
    Together(Vec<StepPlan>),
    /// Steps that are sent without waiting for answers, with one Sync at the end: outside of a transaction they are one.
    Pipeline(Vec<StepPlan>),
}

impl Action {
    /// The steps inside.
    #[must_use]
    pub fn inner(&self) -> &[StepPlan] {
        match self {
            Self::Statement(_) | Self::Pause(_) | Self::Insert(_) => &[],
            Self::Group(steps) | Self::Transaction { steps, .. } | Self::Pipeline(steps) | Self::Together(steps) => {
                steps
            }
        }
    }
}

/// A statement of a step.
#[derive(Clone, Debug)]
pub struct StatementStep {
    /// Index into `VariantPlan::statements`.
    pub statement: usize,
    /// The set that the rows are bound to.
    pub binds: Option<usize>,
    /// Rows that each execution must return, else affect; anything else is a failure of class `rows`.
    pub expect_rows: Option<u64>,
    /// Whether it may change something, as far as its first word tells.
    pub may_write: bool,
    /// How it travels; `None`: as the variant says.
    pub protocol: Option<Protocol>,
    /// Columns whose values are recorded.
    pub records: Vec<RecordPlan>,
}

/// A column whose values are recorded as a metric.
#[derive(Clone, Debug)]
pub struct RecordPlan {
    /// Name of the metric.
    pub name: String,
    /// Name of the column in the result.
    pub column: String,
    /// Where the file names the column.
    pub place: Place,
}

/// The modes of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionPlan {
    /// `None`: the server's default.
    pub isolation: Option<Isolation>,
    /// Whether the server refuses writes in it.
    pub read_only: bool,
}

impl TransactionPlan {
    /// The statement that begins it.
    #[must_use]
    pub fn begin_sql(self) -> String {
        let isolation = self.isolation.map(|level| format!(" ISOLATION LEVEL {}", level.sql())).unwrap_or_default();
        format!("BEGIN{isolation}{}", if self.read_only { " READ ONLY" } else { "" })
    }
}

/// An isolation level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// `read committed`
    ReadCommitted,
    /// `repeatable read`
    RepeatableRead,
    /// `serializable`
    Serializable,
}

impl Isolation {
    fn sql(self) -> &'static str {
        match self {
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

/// When a transaction or group runs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// At most so many times after the first.
    pub retries: u32,
    /// After these failures: SQLSTATEs as they are, classes with all that belongs to them.
    pub on: Vec<FailureKey>,
    /// The wait before the first retry; it doubles with each.
    pub backoff: Duration,
}

impl RetryPlan {
    /// Whether a failure is tried again.
    #[must_use]
    pub fn takes(&self, failure: FailureKey) -> bool {
        self.on.iter().any(|on| match on {
            FailureKey::State(_) => *on == failure,
            FailureKey::Class(class) => *class == failure.class(),
        })
    }
}

/// All steps in the order of the file: each before those inside of it.
pub fn walk<'a>(steps: &'a [StepPlan], visit: &mut dyn FnMut(&'a StepPlan)) {
    for step in steps {
        visit(step);
        walk(step.action.inner(), visit);
    }
}

/// The statements of steps, in the order of the file.
#[must_use]
pub fn statements(steps: &[StepPlan]) -> Vec<&StatementStep> {
    let mut found = Vec::new();
    walk(steps, &mut |step| {
        if let Action::Statement(statement) = &step.action {
            found.push(statement);
        }
    });
    found
}

/// Whether some statements of these steps are sent before the one in front of them is answered: they share round trips.
#[must_use]
pub fn share_round_trips(steps: &[StepPlan]) -> bool {
    let mut share = false;
    walk(steps, &mut |step| {
        share |= match &step.action {
            Action::Pipeline(_) | Action::Together(_) => true,
            Action::Insert(insert) => {
                matches!(insert.method, InsertMethod::Pipeline | InsertMethod::PipelineAutocommit)
            }
            Action::Statement(_) | Action::Pause(_) | Action::Group(_) | Action::Transaction { .. } => false,
        };
    });
    share
}
