//! One entry of `steps`: its kind, and the modifiers that go with it.

use std::time::Duration;

use super::super::diagnostic::{did_you_mean, problem};
use super::super::document::{Entry, Node, Table, Value};
use super::super::plan::{Isolation, Place, Protocol, RecordPlan, RetryPlan, TransactionPlan};
use super::super::read::{At, Context, optional};
use super::super::shape::{is_identifier, is_incomplete};
use super::insert::{self, InsertSpec};
use super::operation::identifier;
use crate::words::{FailureClass, FailureKey, Metric, SqlState};

/// One entry of `steps`.
#[derive(Clone, Debug)]
pub(in crate::workload) struct StepSpec {
    pub(in crate::workload) kind: StepKind,
    pub(in crate::workload) binds: Option<At<String>>,
    pub(in crate::workload) for_each: Option<At<String>>,
    pub(in crate::workload) repeat: Option<u32>,
    /// Names of parameters.
    pub(in crate::workload) draw: Vec<At<String>>,
    pub(in crate::workload) expect_rows: Option<u64>,
    pub(in crate::workload) protocol: Option<Protocol>,
    pub(in crate::workload) records: Vec<RecordPlan>,
    /// With the place of `retries`.
    pub(in crate::workload) retry: Option<At<RetryPlan>>,
    pub(in crate::workload) place: Place,
}

/// What a step is.
#[derive(Clone, Debug)]
pub(in crate::workload) enum StepKind {
    /// The SQL; always a text.
    Sql(Node),
    Pause(Duration),
    Insert(InsertSpec),
    Group(Vec<StepSpec>),
    Transaction(TransactionPlan, Vec<StepSpec>),
    Pipeline(Vec<StepSpec>),
    Together(Vec<StepSpec>),
}

impl StepSpec {
    /// The steps inside.
    pub(in crate::workload) fn inner(&self) -> &[Self] {
        match &self.kind {
            StepKind::Sql(_) | StepKind::Pause(_) | StepKind::Insert(_) => &[],
            StepKind::Group(steps)
            | StepKind::Transaction(_, steps)
            | StepKind::Pipeline(steps)
            | StepKind::Together(steps) => steps,
        }
    }

    /// Whether it or a step inside of it binds a name.
    pub(in crate::workload) fn binds_name(&self, name: &str) -> bool {
        self.binds.as_ref().is_some_and(|binds| binds.value == name)
            || self.inner().iter().any(|step| step.binds_name(name))
    }
}

/// The kinds, each with the modifiers that go with it.
const KINDS: [(&str, &[&str]); 7] = [
    ("sql", &["as", "for_each", "repeat", "draw", "expect_rows", "protocol", "record"]),
    ("insert", &["for_each", "repeat"]),
    ("pause", &["for_each", "repeat"]),
    ("steps", &["for_each", "repeat", "draw", "retries", "retry_on", "backoff"]),
    ("transaction", &["for_each", "repeat", "draw", "retries", "retry_on", "backoff", "isolation", "read_only"]),
    ("pipeline", &["for_each", "repeat", "draw"]),
    ("together", &["for_each", "repeat", "draw"]),
];

/// Modifiers that say nothing without another one.
const WITH: [(&str, &[&str]); 3] =
    [("retry_on", &["retries"]), ("backoff", &["retries"]), ("draw", &["repeat", "for_each"])];

/// Most iterations of one step.
const MOST_ITERATIONS: i64 = 1_000_000;
/// Most retries.
const MOST_RETRIES: i64 = 1_000_000;

/// Reads a list of steps; also whether some were wrong and left out.
pub(super) fn read(nodes: &[Node], context: Context<'_>) -> (Vec<StepSpec>, bool) {
    let read: Vec<Option<StepSpec>> = nodes.iter().map(|node| step(node, context)).collect();
    let lost = read.iter().any(Option::is_none);
    (read.into_iter().flatten().collect(), lost)
}

fn step(node: &Node, context: Context<'_>) -> Option<StepSpec> {
    let Value::Table(table) = &node.value else { return None };
    let binds = optional(table.get("as"), |key, node| identifier(key, node, context));
    let for_each = optional(table.get("for_each"), |key, node| context.text(key, node));
    let repeat = optional(table.get("repeat"), |key, node| count(key, node, MOST_ITERATIONS, context));
    let expect_rows = optional(table.get("expect_rows"), |key, node| context.integer(key, node, 0..=i64::MAX));
    let draw = optional(table.get("draw"), |key, node| {
        let items = context.list(key, node, "draw = [\"id\"]")?;
        Some(items.iter().filter_map(|item| context.text(key, item)).collect())
    });
    let protocol = optional(table.get("protocol"), |key, node| super::settings::protocol(key, node, context));
    let retry = retry(table, context);
    let kind = one_kind(node, table, context)?;
    modifiers(kind, table, context);
    if let (Some(entry), true) = (table.get("repeat"), for_each.is_some()) {
        let title = "a step has either `repeat` or `for_each`";
        let hint =
            "put one of them on a group around the step: `{ repeat = 3, steps = [{ for_each = \"u\", sql = \"…\" }] }`";
        context.sink.push(problem(&entry.key_place, title).hint(hint));
    }
    Some(StepSpec {
        kind: read_kind(kind, table, context)?,
        binds,
        for_each,
        repeat,
        draw: draw.unwrap_or_default(),
        expect_rows: expect_rows.and_then(|rows| u64::try_from(rows).ok()),
        protocol,
        records: records(table, context),
        retry,
        place: node.place.clone(),
    })
}

fn count(key: &str, node: &Node, most: i64, context: Context<'_>) -> Option<u32> {
    u32::try_from(context.integer(key, node, 0..=most)?).ok()
}

/// `record = { name = "column" }`.
fn records(table: &Table, context: Context<'_>) -> Vec<RecordPlan> {
    let Some(Value::Table(named)) = table.get("record").map(|entry| &entry.node.value) else { return Vec::new() };
    let one = |entry: &Entry| {
        let column = context.text(&entry.key, &entry.node)?;
        if Metric::is_reserved(&entry.key) {
            let title = format!("`record` cannot use the name `{}`: dbbench has a metric of that name", entry.key);
            context.sink.push(problem(&entry.key_place, title).hint(format!("for example `my_{}`", entry.key)));
            return None;
        }
        if !is_identifier(&entry.key) {
            let title = format!("`record` cannot use the name \"{}\"", entry.key);
            let hint = "a name is made of a letter or `_`, then letters, digits and `_`, at most 64";
            context.sink.push(problem(&entry.key_place, title).hint(hint));
            return None;
        }
        Some(RecordPlan { name: entry.key.clone(), column: column.value, place: column.place })
    };
    named.entries.iter().filter_map(one).collect()
}

/// The one kind that a step has.
fn one_kind(node: &Node, table: &Table, context: Context<'_>) -> Option<&'static str> {
    let mut kinds = KINDS.iter().filter_map(|(kind, _)| Some((*kind, table.get(kind)?)));
    let Some((kind, first)) = kinds.next() else {
        if !is_incomplete(node) {
            let known: Vec<String> = KINDS.iter().map(|(kind, _)| format!("`{kind}`")).collect();
            let title = format!("this step has none of {}", known.join(", "));
            context.sink.push(problem(&node.place, title).hint("for example `{ as = \"u\", sql = \"SELECT …\" }`"));
        }
        return None;
    };
    if let Some((other, entry)) = kinds.next() {
        let problem =
            problem(&entry.key_place, format!("a step has one kind, and this one has `{kind}` and `{other}`"));
        context
            .sink
            .push(problem.also(&first.key_place, "here").hint("write two steps, or put one into the other's list"));
        return None;
    }
    Some(kind)
}

/// Modifiers that do not go with the kind, or that another one is missing for.
fn modifiers(kind: &str, table: &Table, context: Context<'_>) {
    let goes_with =
        |kind: &str| KINDS.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, modifiers)| *modifiers);
    for entry in &table.entries {
        let key = entry.key.as_str();
        if key == kind || goes_with(kind).contains(&key) {
            continue;
        }
        let kinds: Vec<String> = KINDS
            .iter()
            .filter(|(other, _)| goes_with(other).contains(&key))
            .map(|(kind, _)| format!("`{kind}`"))
            .collect();
        let hint = match (key, kind) {
            ("retries" | "retry_on" | "backoff", _) => {
                "put the step into a group: `{ retries = 3, steps = [{ sql = \"…\" }] }`, or into a `transaction`"
                    .to_owned()
            }
            _ => format!("it goes with {}", kinds.join(" and ")),
        };
        context.sink.push(problem(&entry.key_place, format!("`{key}` does not go with `{kind}`")).hint(hint));
    }
    for (modifier, needed) in WITH {
        let Some(entry) = table.get(modifier) else { continue };
        if goes_with(kind).contains(&modifier)
            && !needed.iter().any(|key| table.get(key).is_some())
            && !table.incomplete
        {
            let needed: Vec<String> = needed.iter().map(|key| format!("`{key}`")).collect();
            let title = format!("`{modifier}` says nothing without {}", needed.join(" or "));
            context.sink.push(problem(&entry.key_place, title).hint(format!("add {}, or take it out", needed[0])));
        }
    }
}

fn read_kind(kind: &str, table: &Table, context: Context<'_>) -> Option<StepKind> {
    let entry = table.get(kind)?;
    Some(match kind {
        "sql" => {
            context.text(kind, &entry.node)?;
            StepKind::Sql(entry.node.clone())
        }
        "insert" => StepKind::Insert(insert::read(entry, context)?),
        "pause" => StepKind::Pause(context.duration(kind, &entry.node)?),
        _ => {
            let Value::List(nodes) = &entry.node.value else { return None };
            if nodes.is_empty() {
                let title = format!("`{kind}` has no steps");
                context.sink.push(problem(&entry.key_place, title).hint("for example `[{ sql = \"SELECT …\" }]`"));
                return None;
            }
            let (steps, lost) = read(nodes, context);
            let modes = modes(table, context);
            if lost {
                return None;
            }
            match kind {
                "steps" => StepKind::Group(steps),
                "pipeline" => StepKind::Pipeline(steps),
                "together" => StepKind::Together(steps),
                _ => StepKind::Transaction(modes, steps),
            }
        }
    })
}

fn modes(table: &Table, context: Context<'_>) -> TransactionPlan {
    const LEVELS: [(&str, Isolation); 3] = [
        ("read committed", Isolation::ReadCommitted),
        ("repeatable read", Isolation::RepeatableRead),
        ("serializable", Isolation::Serializable),
    ];
    let words = LEVELS.map(|(word, _)| word);
    let word = optional(table.get("isolation"), |key, node| context.word(key, node, &words));
    TransactionPlan {
        isolation: word.and_then(|word| LEVELS.iter().find(|(known, _)| *known == word)).map(|(_, level)| *level),
        read_only: optional(table.get("read_only"), |key, node| context.flag(key, node)).unwrap_or(false),
    }
}

fn retry(table: &Table, context: Context<'_>) -> Option<At<RetryPlan>> {
    let on = optional(table.get("retry_on"), |key, node| {
        let items = context.list(key, node, "retry_on = [\"40001\", \"rows\"]")?;
        if items.is_empty() {
            let hint = "name SQLSTATEs or classes, or take the key out: 40001 and 40P01 are tried again then";
            context.sink.push(problem(&node.place, "`retry_on` names no failure").hint(hint));
        }
        Some(items.iter().filter_map(|item| failure(item, context)).collect())
    });
    let backoff = optional(table.get("backoff"), |key, node| context.duration(key, node));
    let entry = table.get("retries")?;
    let retries = count("retries", &entry.node, MOST_RETRIES, context)?;
    let default =
        || ["40001", "40P01"].iter().filter_map(|state| SqlState::new(state)).map(FailureKey::State).collect();
    let value = RetryPlan { retries, on: on.unwrap_or_else(default), backoff: backoff.unwrap_or_default() };
    Some(At { value, place: entry.key_place.clone() })
}

/// `40001`, or the name of a class.
fn failure(node: &Node, context: Context<'_>) -> Option<FailureKey> {
    let text = context.text("retry_on", node)?;
    if let Some(class) = FailureClass::ALL.into_iter().find(|class| class.name() == text.value) {
        return Some(FailureKey::Class(class));
    }
    let is_state = text.value.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if let Some(state) = SqlState::new(&text.value).filter(|_| is_state) {
        return Some(FailureKey::State(state));
    }
    let names = FailureClass::ALL.map(FailureClass::name);
    let near = did_you_mean(&text.value, names).filter(|hint| hint.starts_with("did"));
    let title = format!("`retry_on` names \"{}\", which is neither an SQLSTATE nor a class of failures", text.value);
    let hint = format!("an SQLSTATE has five letters and digits (\"40001\"); classes are {}", names.join(", "));
    context.sink.push(problem(&text.place, title).maybe_hint(near).hint(hint));
    None
}
