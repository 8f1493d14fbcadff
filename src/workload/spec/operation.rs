//! `[operations]`: steps, answers, jobs.

use std::time::Duration;

use super::super::diagnostic::problem;
use super::super::document::{Entry, Node, Table, Value};
use super::super::plan::Place;
use super::super::read::{At, Context, optional};
use super::super::shape::is_identifier;
use super::step::{self, StepSpec};

/// `[operations.NAME]`.
#[derive(Clone, Debug)]
pub(in crate::workload) struct OperationSpec {
    pub(in crate::workload) name: At<String>,
    pub(in crate::workload) job: Option<At<String>>,
    pub(in crate::workload) timeout: Option<Duration>,
    pub(in crate::workload) steps: Vec<StepSpec>,
    pub(in crate::workload) answer: Option<(Place, Vec<Node>)>,
    pub(in crate::workload) ordered: bool,
    /// Steps were left out because they were wrong, which has been reported.
    pub(in crate::workload) incomplete: bool,
}

pub(super) fn read(entry: &Entry, context: Context<'_>) -> Option<OperationSpec> {
    let Value::Table(table) = &entry.node.value else { return None };
    let ordered = optional(table.get("ordered"), |key, node| context.flag(key, node)).unwrap_or(false);
    let job = optional(table.get("job"), |key, node| identifier(key, node, context));
    let timeout = optional(table.get("timeout"), |key, node| context.duration_above_zero(key, node));
    let answer = table.get("answer").and_then(|answer| {
        let items = context.list("answer", &answer.node, "answer = [\"u.id\", \"o.total\"]")?;
        if items.is_empty() {
            let problem = problem(&answer.node.place, "`answer` names no column");
            context.sink.push(problem.hint("name the columns that must be equal, or take the key out"));
        }
        let texts = items.iter().filter(|item| context.text("answer", item).is_some()).cloned().collect();
        Some((answer.node.place.clone(), texts))
    });
    // For whoever reads the file; still it must be a text.
    let _ = optional(table.get("about"), |key, node| context.text(key, node));
    let (steps, lost) = steps(table, entry, context);
    Some(OperationSpec {
        name: At { value: entry.key.clone(), place: entry.key_place.clone() },
        job,
        timeout,
        steps,
        answer,
        ordered,
        incomplete: table.incomplete || lost,
    })
}

fn steps(table: &Table, operation: &Entry, context: Context<'_>) -> (Vec<StepSpec>, bool) {
    const EXAMPLE: &str = "steps = [{ sql = \"SELECT name FROM users WHERE id = :id\" }]";
    let nodes = match table.get("steps").map(|entry| &entry.node.value) {
        Some(Value::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    if nodes.is_empty() && !table.incomplete {
        let title = format!("the operation `{}` has no steps", operation.key);
        context.sink.push(problem(&operation.key_place, title).hint(format!("for example `{EXAMPLE}`")));
    }
    step::read(nodes, context)
}

pub(super) fn identifier(key: &str, node: &Node, context: Context<'_>) -> Option<At<String>> {
    let name = context.text(key, node)?;
    if is_identifier(&name.value) {
        return Some(name);
    }
    context.sink.push(
        problem(&name.place, format!("`{key}` cannot be \"{}\"", name.value))
            .hint("a name is made of a letter or `_`, then letters, digits and `_`, at most 64"),
    );
    None
}
