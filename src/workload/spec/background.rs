//! `[background]`: operations beside the mix.

use super::super::diagnostic::problem;
use super::super::document::{Entry, Table, Value};
use super::super::plan::When;
use super::super::read::{At, Context, optional};

/// Most clients of one background.
const MAX_CLIENTS: i64 = 10_000;

/// `[background.NAME]`; the operation not looked up yet.
#[derive(Clone, Debug)]
pub(in crate::workload) struct BackgroundSpec {
    pub(in crate::workload) name: String,
    pub(in crate::workload) operation: At<String>,
    pub(in crate::workload) when: When,
}

/// Reads those that are not taken out.
pub(in crate::workload) fn backgrounds(root: &Table, context: Context<'_>) -> Vec<BackgroundSpec> {
    let entries = root.table(&["background"]).into_iter().flat_map(|table| &table.entries);
    entries.filter_map(|entry| background(entry, context)).collect()
}

fn background(entry: &Entry, context: Context<'_>) -> Option<BackgroundSpec> {
    let Value::Table(table) = &entry.node.value else { return None };
    let enabled = optional(table.get("enabled"), |key, node| context.flag(key, node)).unwrap_or(true);
    let operation = optional(table.get("operation"), |key, node| context.text(key, node));
    if table.get("operation").is_none() && !table.incomplete {
        let problem = problem(&entry.key_place, format!("the background `{}` needs `operation`", entry.key));
        context.sink.push(problem.hint("for example `operation = \"vacuum\"`"));
    }
    let every = optional(table.get("every"), |key, node| context.duration_above_zero(key, node)).map(When::Every);
    let at = optional(table.get("at"), |key, node| context.duration(key, node)).map(When::At);
    let clients = optional(table.get("clients"), |key, node| context.integer(key, node, 1..=MAX_CLIENTS));
    let clients = clients.and_then(|clients| u32::try_from(clients).ok()).map(When::Clients);
    let given = ["every", "at", "clients"].iter().filter(|key| table.get(key).is_some()).count();
    if given != 1 && !table.incomplete {
        let title = format!("the background `{}` needs one of `every`, `at` and `clients`, got {given}", entry.key);
        let hint = "`every = \"1s\"`: again and again; `at = \"5s\"`: once; `clients = 2`: all the time";
        context.sink.push(problem(&entry.key_place, title).hint(hint));
        return None;
    }
    let when = every.or(at).or(clients)?;
    enabled.then_some(BackgroundSpec { name: entry.key.clone(), operation: operation?, when })
}
