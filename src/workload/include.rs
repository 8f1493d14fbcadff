//! `include`: the file that another one is laid over. Reads every file of the chain, checks the shape of each by itself, and
//! merges them into one table whose values still know which file they come from.
//!
//! The only part of the language that opens workload files other than the one that was named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::diagnostic::{Sink, problem};
use super::document::{self, Entry, Table, Value};
use super::plan::{Place, SourceText};
use super::{merge, shape};

/// A workload's tables, and the files below the one that was named, nearest first.
pub(super) struct Layers {
    pub(super) root: Table,
    pub(super) included: Vec<SourceText>,
}

/// A file of the chain: where it really is, and its text.
type Link = (Option<PathBuf>, SourceText);

/// Reads a file and what it includes. `None` when the syntax of one is wrong or one is missing; that has been reported.
pub(super) fn read(source: &SourceText, sink: &Sink) -> Option<Layers> {
    let mut chain = vec![(source.path().canonicalize().ok(), source.clone())];
    let root = layer(&mut chain, sink)?;
    let included = chain.drain(1..).map(|(_, source)| source).collect();
    Some(Layers { root, included })
}

/// The last file of the chain, laid over what it includes.
fn layer(chain: &mut Vec<Link>, sink: &Sink) -> Option<Table> {
    let (_, source) = chain.last()?;
    let source = source.clone();
    let mut over = parse(&source, sink)?;
    let Some(at) = over.entries.iter().position(|entry| entry.key == "include") else {
        if chain.len() > 1 {
            shape::check(&mut over, sink);
        }
        return Some(over);
    };
    let include = over.entries.remove(at);
    shape::check(&mut over, sink);
    open(&include, chain, sink)?;
    let mut base = layer(chain, sink)?;
    steps_stay(&base, &mut over, sink);
    merge::file_over(&mut base, &over);
    Some(base)
}

/// Reads one file. With wrong syntax, what was lost cannot be missed; keys that were read can still be wrong.
fn parse(source: &SourceText, sink: &Sink) -> Option<Table> {
    let mut document = document::read(source, sink);
    if document.whole {
        return Some(document.root);
    }
    let shapes = Sink::default();
    shape::check(&mut document.root, &shapes);
    for problem in shapes.into_problems(source).list() {
        let is_broken = problem.place().is_some_and(|place| document.broken_lines.contains(&place.line_column().0));
        if !is_broken {
            sink.push(problem.clone());
        }
    }
    None
}

/// Appends the file that is included to the chain.
fn open(include: &Entry, chain: &mut Vec<Link>, sink: &Sink) -> Option<()> {
    let place = &include.node.place;
    let Value::Text(named) = &include.node.value else {
        let title = format!("`include` takes a text, got {}", include.node.value.what());
        sink.push(problem(place, title).hint("one file, relative to this one: `include = \"base.toml\"`"));
        return None;
    };
    if named.trim().is_empty() {
        sink.push(problem(place, "`include` names no file").hint("for example `include = \"base.toml\"`"));
        return None;
    }
    let folder = place.source.path().parent().unwrap_or(Path::new(""));
    let path = folder.join(named);
    let real = path.canonicalize().ok();
    if let Some(at) = chain.iter().position(|(known, _)| real.is_some() && *known == real) {
        let shown = |source: &SourceText| source.path().display().to_string();
        let mut names: Vec<String> = chain[at..].iter().map(|(_, source)| shown(source)).collect();
        names.push(path.display().to_string());
        let title = format!("`include` goes in a circle: {}", names.join(" → "));
        sink.push(problem(place, title).hint("a file that is included must not lead back: take one of them out"));
        return None;
    }
    match text_of(&path) {
        Ok(text) => {
            chain.push((real, SourceText::new(path, text)));
            Some(())
        }
        Err(error) => {
            let title = format!("the included file {} cannot be read: {error}", path.display());
            sink.push(problem(place, title).hint("the path is relative to the file that includes it"));
            None
        }
    }
}

/// The text of a file.
///
/// # Errors
/// Why it cannot be read, as a clause.
pub(super) fn text_of(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8; save it with that encoding".to_owned(),
        _ => error.to_string(),
    })
}

/// Steps are never overridden: who reads an operation must find it in one piece.
fn steps_stay(base: &Table, over: &mut Table, sink: &Sink) {
    let Some(Value::Table(operations)) = over.get_mut("operations").map(|entry| &mut entry.node.value) else { return };
    for entry in &mut operations.entries {
        let Value::Table(operation) = &mut entry.node.value else { continue };
        let Some(at) = operation.entries.iter().position(|inner| inner.key == "steps") else { continue };
        let Some(first) = base.find(&["operations", &entry.key, "steps"]) else { continue };
        let again = operation.entries.remove(at);
        let title = format!("the operation `{}` has its steps from the included file", entry.key);
        let hint = "give the new operation another name, or let a constant vary";
        sink.push(problem(&again.key_place, title).also(&first.key_place, "here").hint(hint));
    }
}

/// Dotted keys whose values come from an included file, each with the file and its line. Lists, and what merging replaces
/// as a whole, count as one value.
pub(super) fn origins(root: &Table, included: &[SourceText]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(root, "", "", &mut |key, place: &Place| {
        if included.contains(&place.source) {
            let line = place.line_column().0;
            found.insert(key, format!("{}:{line}", place.source.path().display()));
        }
    });
    found
}

fn walk(table: &Table, pattern: &str, above: &str, tell: &mut dyn FnMut(String, &Place)) {
    for entry in &table.entries {
        let key = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
        let known = super::keys::child(pattern, &entry.key);
        match (&entry.node.value, known) {
            (Value::Table(inner), Some(known)) if !merge::is_replaced_whole(known) && !inner.entries.is_empty() => {
                walk(inner, super::keys::inside(known), &key, tell);
            }
            _ => tell(key, &entry.key_place),
        }
    }
}
