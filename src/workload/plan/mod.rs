//! The plan: a workload with every name resolved to an index and every override applied. No server was asked yet;
//! types and encoders are bound later.
//!
//! Nothing here is optional that means "filled in later". Each variant is complete by itself: overlays, constants and
//! `--set` are already applied, so the engine never merges anything.

mod background;
mod check;
mod estimate;
mod insert;
mod judgement;
mod load;
mod place;
mod statement;
mod step;

use std::collections::BTreeMap;
use std::time::Duration;

pub use background::{BackgroundPlan, Backgrounds, When};
pub use check::{CheckPlan, Counted, Counter, Expected};
pub use estimate::{copies, estimate, setup, slice};
pub use insert::{InsertMethod, InsertPlan};
pub use judgement::{Bound, JudgementPlan, Limit};
pub use load::{ArrivalsPlan, LoadPlan, RatePlan, StagePlan};
pub use place::{Place, SourceText};
pub use statement::{Arg, SqlText, StatementPlan};
pub use step::{
    Action, Isolation, RecordPlan, RetryPlan, StatementStep, StepPlan, TransactionPlan, share_round_trips, statements,
    walk,
};

pub use super::sql::{first_word, leading_words};
use crate::param::{Generator, Literal};

/// A whole workload, ready to be bound to servers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name from the file, `[A-Za-z0-9_-]{1,64}`.
    pub name: String,
    /// What the file says it is about.
    pub about: Option<String>,
    /// Servers of the base workload.
    pub topology: TopologyPlan,
    /// Tables and rows; `None` when the file has no `[dataset]`.
    pub dataset: Option<DatasetPlan>,
    /// In the order of the file; at least one.
    pub variants: Vec<VariantPlan>,
    /// How many rounds, and the seed of draws and order.
    pub run: RunPlan,
    /// What is looked at beside the load.
    pub probes: ProbesPlan,
    /// What is compared with what.
    pub compare: ComparePlan,
    /// `[[claim]]`.
    pub claims: Vec<JudgementPlan>,
    /// `[[expect]]`.
    pub expectations: Vec<JudgementPlan>,
    /// SHA-256 (hex) of the resolved workload.
    pub workload_hash: String,
    /// SHA-256 (hex) of the resolved topology.
    pub topology_hash: String,
    /// The resolved workload as JSON, and for each overridden key where its value came from.
    pub resolved: serde_json::Value,
    /// Dotted key → where its value came from (`--set`, `DBBENCH_ROUNDS`, …); keys of the file are not listed.
    pub origins: BTreeMap<String, String>,
    /// Dotted key → file and line, for values that come from an included file.
    pub included_origins: BTreeMap<String, String>,
    /// The workload file as written, for the report.
    pub source: SourceText,
    /// The files that it includes, nearest first.
    pub included: Vec<SourceText>,
    /// Things that are allowed but worth saying.
    pub warnings: Vec<String>,
}

/// The servers that a run needs.
#[derive(Clone, Debug, Default)]
pub struct TopologyPlan {
    /// Server settings changed from the default, by name.
    pub settings: BTreeMap<String, String>,
    /// `auth = "scram" | "md5"`; SCRAM by default.
    pub md5: bool,
    /// A server that already runs, instead of one that is started.
    pub external: Option<ExternalPlan>,
}

/// A server that already runs.
#[derive(Clone, Debug)]
pub struct ExternalPlan {
    /// The connection string as written: `${NAME}` in it is not replaced, and it holds no password.
    pub primary: String,
    /// Where the file gives it.
    pub place: Place,
}

/// The network between client and endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkPlan {
    /// Round-trip time added.
    pub rtt: Duration,
    /// Each direction's delay varies uniformly by up to ± half of this.
    pub jitter: Duration,
    /// The proxy stays in the path although both are 0 (a sweep or a variant varies the link).
    pub in_path: bool,
}

impl LinkPlan {
    /// Whether traffic goes through the proxy.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.in_path || !self.rtt.is_zero() || !self.jitter.is_zero()
    }
}

/// The data that variants read.
#[derive(Clone, Debug)]
pub struct DatasetPlan {
    /// DDL, split into statements.
    pub schema: Vec<SqlText>,
    /// Statements after the load, each alone in autocommit.
    pub after_load: Vec<SqlText>,
    /// Seed of all column values.
    pub seed: u64,
    /// Tables with rows, in the order of the file.
    pub tables: Vec<TablePlan>,
    /// SHA-256 (hex) over schema, generators, rows, seed and after_load: the key of the dataset cache.
    pub hash: String,
}

/// A table to be filled.
#[derive(Clone, Debug)]
pub struct TablePlan {
    /// Name as written (may be schema-qualified).
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// Columns with a generator; the others take their default.
    pub columns: Vec<ColumnPlan>,
    /// Where the file names the table.
    pub place: Place,
}

/// A column to be filled.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    /// Column name.
    pub name: String,
    /// Where its values come from.
    pub generator: Generator,
    /// Where the file gives the generator.
    pub place: Place,
}

/// One of the ways being compared, complete by itself.
#[derive(Clone, Debug)]
pub struct VariantPlan {
    /// Name from the file.
    pub name: String,
    /// Free title.
    pub title: Option<String>,
    /// What the file says it is about.
    pub about: Option<String>,
    /// The link of this variant.
    pub link: LinkPlan,
    /// How load is offered.
    pub load: LoadPlan,
    /// Wait before the measurement; extended at most tenfold until every statement ran six times.
    pub warmup: Duration,
    /// Length of the measurement; zero where `count` ends it.
    pub measure: Duration,
    /// The measurement ends after so many operations, however long that takes (closed loop).
    pub count: Option<u64>,
    /// How long operations in flight may take after the measurement.
    pub drain: Duration,
    /// SQL that changes a copy of the data for this variant, split into statements, each alone in autocommit.
    pub setup: Vec<SqlText>,
    /// How long a clone of the data lasts, where any variant writes.
    pub clone: ClonePlan,
    /// Worker threads; `None`: one per core, at most `clients`.
    pub workers: Option<u32>,
    /// How statements travel.
    pub protocol: Protocol,
    /// Operations of the mix (only those with a weight), in the order of the mix.
    pub operations: Vec<OperationPlan>,
    /// Weight of each operation, parallel to `operations`; all positive.
    pub weights: Vec<f64>,
    /// Parameters that the operations refer to.
    pub params: Vec<ParamPlan>,
    /// Statements of all operations.
    pub statements: Vec<StatementPlan>,
    /// What must hold after each slice.
    pub checks: Vec<CheckPlan>,
    /// What goes on beside the mix.
    pub background: Option<Box<Backgrounds>>,
}

impl VariantPlan {
    /// How many connections each client has: as many as its widest `together`.
    #[must_use]
    pub fn connections_per_client(&self) -> u32 {
        let mut widest = 1;
        for operation in &self.operations {
            walk(&operation.steps, &mut |step| {
                if let Action::Together(steps) = &step.action {
                    widest = widest.max(u32::try_from(steps.len()).unwrap_or(u32::MAX));
                }
            });
        }
        widest
    }

    /// Connections that a slice holds at the same time: those of all clients, and of what goes on beside them.
    #[must_use]
    pub fn connections(&self) -> u32 {
        // Each has what the widest of the background needs: they are bound together.
        let beside = self.background.as_ref().map_or(0, |background| {
            let clients = background.list.iter().map(|one| one.when.clients()).fold(0, u32::saturating_add);
            clients.saturating_mul(background.work.connections_per_client())
        });
        self.load.clients().saturating_mul(self.connections_per_client()).saturating_add(beside)
    }

    /// The names that its steps record values under, each once.
    #[must_use]
    pub fn records(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let steps = self.operations.iter().flat_map(|operation| statements(&operation.steps));
        for record in steps.flat_map(|step| &step.records) {
            if !names.contains(&record.name.as_str()) {
                names.push(&record.name);
            }
        }
        names
    }
}

/// How long a clone of the data lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClonePlan {
    /// For one slice: every slice begins with the same rows.
    #[default]
    Slice,
    /// Over all rounds of a variant: for what grows over time.
    Variant,
}

/// How statements travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Parsed once per connection, then bound and executed.
    Prepared,
    /// Parsed, bound and executed each time, in one round trip.
    Extended,
    /// Values are written into the text of each execution, results come as text: one Query message.
    Simple,
}

/// One unit of the mix.
#[derive(Clone, Debug)]
pub struct OperationPlan {
    /// Name from the file.
    pub name: String,
    /// Operations of the same job are alternatives; by default the operation's name.
    pub job: String,
    /// When the client gives up: it asks the server to cancel and closes the connection.
    pub timeout: Option<Duration>,
    /// What is done, in order.
    pub steps: Vec<StepPlan>,
    /// Row sets bound by `as`, in order of their first binding.
    pub sets: Vec<SetPlan>,
    /// Indexes into [`VariantPlan::params`] of the parameters drawn for this operation, each once.
    pub params: Vec<usize>,
    /// What must be equal between variants.
    pub answer: Option<AnswerPlan>,
    /// Where the file defines the operation.
    pub place: Place,
}

/// A row set bound by `as`.
#[derive(Clone, Debug)]
pub struct SetPlan {
    /// The name after `as`.
    pub name: String,
    /// Columns that anything refers to (references and answers), by name; only these are kept.
    pub columns: Vec<String>,
    /// The set that is being visited when this one is bound: its rows are joined with the row visited.
    pub visiting: Option<usize>,
}

/// The answer of an operation: a multiset of tuples.
#[derive(Clone, Debug)]
pub struct AnswerPlan {
    /// One per element of `answer`.
    pub paths: Vec<AnswerPath>,
    /// Whether order counts.
    pub ordered: bool,
}

/// `u.id`, or `r.orders[].id` into JSON.
#[derive(Clone, Debug)]
pub struct AnswerPath {
    /// As written.
    pub text: String,
    /// Index into [`OperationPlan::sets`].
    pub set: usize,
    /// Index into [`SetPlan::columns`].
    pub column: usize,
    /// Steps into the JSON value of the column; empty for a plain column.
    pub json: Vec<JsonStep>,
}

/// A step into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// `.key`
    Key(String),
    /// `[]`: each element gives a tuple.
    Each,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct ParamPlan {
    /// Name from `[params]`; also the key of its random stream.
    pub name: String,
    /// Where its values come from.
    pub generator: Generator,
    /// Where the file gives the generator.
    pub place: Place,
}

/// Rounds and seeds.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// How many rounds, at least 1; with `until` the most that may be.
    pub rounds: u32,
    /// Rounds end before, as soon as the intervals are narrow enough.
    pub until: Option<UntilPlan>,
    /// Seed of draws and of the order of variants.
    pub seed: u64,
    /// Each two variants that follow each other in the plan stay together in every round: two sides of the same.
    pub in_pairs: bool,
}

/// The goal that ends the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UntilPlan {
    /// Half-width that every interval of the primary metric is to have, as a share of its ratio: 0.03 for ± 3 %.
    pub half_width: f64,
    /// Rounds that there are at least.
    pub min_rounds: u32,
}

/// What is looked at beside the load.
#[derive(Clone, Copy, Debug)]
pub struct ProbesPlan {
    /// Whether the server is asked for the plans of the statements.
    pub plans: bool,
}

/// What is compared with what.
#[derive(Clone, Debug)]
pub struct ComparePlan {
    /// Index of the baseline in [`Plan::variants`].
    pub baseline: usize,
    /// Whether answers are compared before any timing.
    pub same_answer: bool,
    /// Of two sides each by itself: they are meant to answer differently.
    pub within_sides: bool,
    /// How many draws each variant answers for that.
    pub answer_draws: u32,
    /// Half-width of the band that counts as no difference, 0.05 by default.
    pub margin: f64,
}

/// A constant, for messages and reports.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Name from `[constants]`.
    pub name: String,
    /// Its value.
    pub value: Literal,
}
