//! `[checks]`: queries after a slice.

use super::super::diagnostic::problem;
use super::super::document::{Entry, Node, Table, Value};
use super::super::read::{At, Context, optional};

/// `[checks.NAME]`.
#[derive(Clone, Debug)]
pub(in crate::workload) struct CheckSpec {
    pub(in crate::workload) name: At<String>,
    /// A text.
    pub(in crate::workload) sql: Node,
    /// A text, a number or a flag.
    pub(in crate::workload) equals: Node,
}

/// Reads the checks that are not taken out.
pub(in crate::workload) fn checks(root: &Table, context: Context<'_>) -> Vec<CheckSpec> {
    let entries = root.table(&["checks"]).into_iter().flat_map(|table| &table.entries);
    entries.filter_map(|entry| check(entry, context)).collect()
}

fn check(entry: &Entry, context: Context<'_>) -> Option<CheckSpec> {
    let Value::Table(table) = &entry.node.value else { return None };
    let enabled = optional(table.get("enabled"), |key, node| context.flag(key, node)).unwrap_or(true);
    if let Some(on) = table.get("on")
        && let Some(word) = context.text("on", &on.node)
        && word.value != "primary"
    {
        let title = match word.value.as_str() {
            name if name == "reads" || name.starts_with("replica") || name.starts_with("shard") => {
                format!("`on = \"{name}\"` is not supported by this version")
            }
            other => format!("`on` must be \"primary\", got \"{other}\""),
        };
        context.sink.push(problem(&on.node.place, title).hint("a check asks the primary: take `on` out"));
    }
    let sql = table.get("sql").filter(|sql| context.text("sql", &sql.node).is_some()).map(|sql| sql.node.clone());
    let equals = table.get("equals").and_then(|equals| match &equals.node.value {
        Value::Text(_) | Value::Integer(_) | Value::Real { .. } | Value::Flag(_) => Some(equals.node.clone()),
        other => {
            let title = format!("`equals` takes a number, a text, `true` or `false`, got {}", other.what());
            let hint = "for example `equals = 0`, or arithmetic over counters: `equals = \"1000 * mix.succeeded\"`";
            context.sink.push(problem(&equals.node.place, title).hint(hint));
            None
        }
    });
    for (key, example) in [("sql", "sql = \"SELECT sum(n) FROM counters\""), ("equals", "equals = \"mix.succeeded\"")] {
        if table.get(key).is_none() && !table.incomplete {
            let problem = problem(&entry.key_place, format!("the check `{}` needs `{key}`", entry.key));
            context.sink.push(problem.hint(format!("for example `{example}`")));
        }
    }
    let name = At { value: entry.key.clone(), place: entry.key_place.clone() };
    enabled.then_some(CheckSpec { name, sql: sql?, equals: equals? })
}
