//! `setup`: SQL that changes a copy of the data for one variant.

use super::super::diagnostic::{Diagnostic, problem};
use super::super::document::{self, Node, Table, Value};
use super::super::plan::SqlText;
use super::super::read::Context;
use super::super::sql;
use super::statement;

/// The statements of a variant's `setup`; those that reach beyond its copy are reported.
pub(super) fn compile(overlay: &Table, context: Context<'_>) -> Vec<SqlText> {
    let Some(entry) = overlay.get("setup") else { return Vec::new() };
    if context.text("setup", &entry.node).is_none() {
        return Vec::new();
    }
    let statements = statement::script(&entry.node);
    if statements.is_empty() {
        let hint = "a variant that runs on the data as it was loaded has no `setup`";
        context.sink.push(problem(&entry.node.place, "`setup` has no SQL").hint(hint));
    }
    refused(&entry.node).into_iter().for_each(|problem| context.sink.push(problem));
    statements
}

/// What does not end with the copy, or not with the statement.
fn refused(node: &Node) -> Vec<Diagnostic> {
    let Value::Text(text) = &node.value else { return Vec::new() };
    let mut found = Vec::new();
    for range in sql::split_statements(text) {
        let statement = &text[range.clone()];
        let words = sql::leading_words(statement, 3);
        let upper: Vec<String> = words.iter().map(|word| statement[word.clone()].to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        let Some((count, why, remedy)) = rule(&upper) else { continue };
        let start = words.first().map_or(0, |word| word.start);
        let end = words[..count].last().map_or(0, |word| word.end);
        let place = document::inside(node, range.start + start..range.start + end);
        let title = format!("`{}` is refused in `setup`", upper[..count].join(" "));
        found.push(problem(&place, title).label(why).hint(remedy));
    }
    found
}

/// How many words of a statement tell that it is refused, why, and what to do instead.
fn rule(words: &[&str]) -> Option<(usize, &'static str, &'static str)> {
    const ROLE: (&str, &str) = (
        "a role belongs to the whole server, not to the variant's copy of the data",
        "the roles that a workload needs are `dataset.roles`",
    );
    const SERVER: (&str, &str) =
        ("this changes the whole server, and so every variant", "settings of the server are `topology.settings`");
    const DATABASE: (&str, &str) = (
        "a variant's copy is itself a database, which is copied for each slice without such settings",
        "settings of the server are `topology.settings`; a setting of one function goes with it: `ALTER FUNCTION … SET`",
    );
    const ALONE: (&str, &str) = (
        "each statement of `setup` runs alone and is committed at once",
        "leave it out; `DO $$ … $$` is one statement",
    );
    let (count, (why, remedy)) = match words {
        ["CREATE" | "ALTER" | "DROP", "USER", "MAPPING"] => return None,
        ["CREATE" | "ALTER" | "DROP", "ROLE" | "USER" | "GROUP", ..] => (2, ROLE),
        ["ALTER", "SYSTEM", ..] | ["CREATE" | "ALTER" | "DROP", "TABLESPACE", ..] => (2, SERVER),
        ["CREATE" | "ALTER" | "DROP", "DATABASE", ..] => (2, DATABASE),
        ["BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "PREPARE", ..] => (1, ALONE),
        _ => return None,
    };
    Some((count, why, remedy))
}
