//! Values from outside of the file: `--set key=value`, options that stand for one, and variables of the environment.
//!
//! Options override the file; `DBBENCH_*` variables only fill in what the file leaves out.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Overrides;
use super::diagnostic::{Diagnostic, Sink, did_you_mean, problem};
use super::document::{self, Entry, Node, Table, Value};
use super::exclude;
use super::keys::{self, Kind};
use super::plan::{Place, SourceText};
use crate::words::redacted;

/// A value that an option has set.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    /// The key's parts.
    pub(super) path: Vec<String>,
    /// Where it was given.
    pub(super) place: Place,
}

/// What was set from outside.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// By options, which no variant may set again.
    pub(super) assigned: Vec<Assigned>,
    /// Dotted key → origin.
    pub(super) origins: BTreeMap<String, String>,
    /// What options took out of the file, in words.
    pub(super) notes: Vec<String>,
}

/// Lays values from outside over the file.
pub(super) fn apply(root: &mut Table, overrides: &Overrides, sink: &Sink) -> Outside {
    let mut outside = Outside::default();
    let (variables, options): (Vec<_>, Vec<_>) =
        overrides.set.iter().partition(|(_, _, origin)| origin.starts_with("DBBENCH_"));
    let options = options.into_iter().map(|option| (option, false));
    let variables = variables.into_iter().map(|variable| (variable, true));
    for ((key, value, origin), is_variable) in options.chain(variables) {
        let (source, key_at, value_at) = source_of(key, value, origin, is_variable);
        let place = Place { source: source.clone(), span: key_at.clone() };
        let Some(parts) = document::read_key(key) else {
            let problem = problem(&place, format!("`{}` is not a key", redacted(key)));
            sink.push(problem.hint("write the path with dots, for example `--set topology.link.rtt=2ms`"));
            continue;
        };
        let path: Vec<String> = parts.iter().map(|(part, _)| part.clone()).collect();
        if path.first().is_some_and(|first| first == "include") {
            let problem = problem(&place, "`include` cannot be set from outside: the file says what it is laid over");
            sink.push(problem.hint("write a file of two lines that includes the other one"));
            continue;
        }
        if is_variable {
            let borrowed: Vec<&str> = path.iter().map(String::as_str).collect();
            if root.find(&borrowed).is_some() || exclude::rivals(key).iter().any(|rival| exclude::stands(root, rival)) {
                continue;
            }
        } else if let Some(earlier) = outside.assigned.iter().find(|earlier| earlier.path == path) {
            sink.push(
                problem(&place, format!("`{key}` is set twice"))
                    .also(&earlier.place, "set here first")
                    .hint("keep one"),
            );
            continue;
        }
        let Some(node) = document::read_value(&source, value_at, sink) else { continue };
        // In `--set load.clients=4` each part of the key has a place; `--rounds` stands for the whole key.
        let places: Vec<Place> = parts
            .iter()
            .map(|(_, part)| match origin.as_str() {
                origin if takes_key(origin) => {
                    Place { source: source.clone(), span: key_at.start + part.start..key_at.start + part.end }
                }
                _ => place.clone(),
            })
            .collect();
        if !names_exist(root, &path, &places, sink) {
            continue;
        }
        if let Some(problem) = takes_the_rate(root, &path, &place, overrides) {
            sink.push(problem);
            continue;
        }
        let taken_out = exclude::make_room(root, &nested(&path, &place, &node));
        if !assign(root, &path, &places, node, sink) {
            continue;
        }
        outside
            .notes
            .extend(taken_out.iter().map(|rival| format!("`{rival}` of the file is left out: {origin} sets {key}")));
        outside.origins.insert(path.join("."), origin.clone());
        if !is_variable {
            outside.assigned.push(Assigned { path, place });
        }
    }
    outside
}

/// Why the length of the measurement cannot be set where stages give it, and the only rate with it: without them nothing would
/// arrive, and clients would wait for each other instead.
fn takes_the_rate(root: &Table, path: &[String], place: &Place, overrides: &Overrides) -> Option<Diagnostic> {
    let is_measure = path.iter().map(String::as_str).eq(["run", "measure"]);
    if !is_measure || !exclude::sets_in_stages(root, "rate") {
        return None;
    }
    // What comes with it may bring a rate, or other stages, which are refused together with it.
    let brings = |(key, ..): &(String, String, String)| matches!(key.as_str(), "load" | "load.rate" | "load.stages");
    if overrides.set.iter().any(brings) {
        return None;
    }
    let stages = root.find(&["load", "stages"])?;
    let title = "`run.measure` would take out the stages of the file, and with them the rate of its open loop";
    let problem = problem(place, title)
        .label("a length for the whole measurement")
        .also(&stages.key_place, "the lengths of these make up the measurement, and nothing else gives a rate");
    Some(
        problem
            .hint("give a rate beside it: `--set load.rate=500`")
            .hint("or leave it out and change the stages: `--set 'load.stages=[{ for = \"5s\", rate = 500 }]'`"),
    )
}

/// Whether an option is written with the key that it sets.
fn takes_key(origin: &str) -> bool {
    ["--set", "--a", "--b"].contains(&origin)
}

/// What the user wrote, as a text of its own, with the places of key and value.
fn source_of(key: &str, value: &str, origin: &str, is_variable: bool) -> (SourceText, Range<usize>, Range<usize>) {
    let (path, text, key_at) = match origin {
        _ if takes_key(origin) => {
            let at = origin.len() + 1;
            ("command line", format!("{origin} {key}={value}"), at..at + key.len())
        }
        _ if is_variable => ("environment", format!("{origin}={value}"), 0..origin.len()),
        _ => ("command line", format!("{origin} {value}"), 0..origin.len()),
    };
    let value_at = text.len() - value.len()..text.len();
    (SourceText::new(path, text), key_at, value_at)
}

/// `--set` changes what is there: a name that the author of the file chose must exist.
fn names_exist(root: &Table, path: &[String], places: &[Place], sink: &Sink) -> bool {
    let mut pattern = "";
    let mut table = Some(root);
    for (part, place) in path.iter().zip(places) {
        let Some(key) = keys::child(pattern, part) else { return true };
        let must_exist = matches!(
            key.path,
            "constants.*"
                | "params.*"
                | "operations.*"
                | "variants.*"
                | "dataset.tables.*"
                | "dataset.tables.*.columns.*"
        );
        let entry = table.and_then(|table| table.get(part));
        if must_exist && entry.is_none() {
            let holder = key.parent().rsplit('.').next().unwrap_or_default();
            let known: Vec<&str> = table.map(|table| table.keys().collect()).unwrap_or_default();
            let hint = did_you_mean(part, known.iter().copied());
            sink.push(problem(place, format!("the file has no `{part}` in its {holder}")).maybe_hint(hint));
            return false;
        }
        table = entry.and_then(|entry| match &entry.node.value {
            Value::Table(table) => Some(table),
            _ => None,
        });
        pattern = keys::inside(key);
    }
    true
}

/// A table that holds nothing but this path.
fn nested(path: &[String], place: &Place, node: &Node) -> Table {
    let Some((name, rest)) = path.split_first() else { return Table::default() };
    let node = match rest {
        [] => node.clone(),
        rest => Node { value: Value::Table(nested(rest, place, node)), place: place.clone() },
    };
    let entry = Entry { key: name.clone(), key_place: place.clone(), node };
    Table { entries: vec![entry], incomplete: false }
}

fn assign(table: &mut Table, path: &[String], places: &[Place], node: Node, sink: &Sink) -> bool {
    let (Some((name, rest)), Some((place, places))) = (path.split_first(), places.split_first()) else { return false };
    if rest.is_empty() {
        match table.get_mut(name) {
            Some(entry) => {
                entry.key_place = place.clone();
                entry.node = node;
            }
            None => table.entries.push(Entry { key: name.clone(), key_place: place.clone(), node }),
        }
        return true;
    }
    if table.get(name).is_none() {
        let node = Node { value: Value::Table(Table::default()), place: place.clone() };
        table.entries.push(Entry { key: name.clone(), key_place: place.clone(), node });
    }
    match table.get_mut(name).map(|entry| &mut entry.node.value) {
        Some(Value::Table(inner)) => assign(inner, rest, places, node, sink),
        _ => {
            let title = format!("`{name}` is not a table, so `{}` cannot be set in it", rest.join("."));
            sink.push(problem(place, title).hint(format!("set `{name}` as a whole")));
            false
        }
    }
}

/// Keys that an option and a variant both set: an error that names both places.
pub(super) fn conflicts(root: &Table, variants: &[(&str, &Table)], outside: &Outside, sink: &Sink) {
    for assigned in &outside.assigned {
        let path: Vec<&str> = assigned.path.iter().map(String::as_str).collect();
        if path.first() == Some(&"variants") {
            continue;
        }
        let key = assigned.path.join(".");
        for (variant, overlay) in variants {
            let rival = exclude::rivals(&key)
                .iter()
                .find_map(|rival| Some((rival, overlay.find(&rival.split('.').collect::<Vec<_>>())?)));
            if let Some((rival, entry)) = rival {
                let title =
                    format!("`{key}` is set here, and the variant `{variant}` sets `{rival}`: they exclude each other");
                // The length of the measurement holds for all variants alike.
                let hint = match path.first() {
                    Some(&"run") => format!("take `{rival}` out of the variant, or change it there"),
                    _ => format!("name the variant, `--set variants.{variant}.{key}=…`, or take `{rival}` out of it"),
                };
                sink.push(problem(&assigned.place, title).also(&entry.key_place, "set here").hint(hint));
                continue;
            }
            let Some(place) = common(root, overlay, &path, "") else { continue };
            sink.push(
                problem(&assigned.place, format!("`{key}` is set here and by the variant `{variant}`"))
                    .also(&place, "set here too")
                    .hint(format!(
                        "name the variant, `--set variants.{variant}.{key}=…`, or take the key out of the variant"
                    )),
            );
        }
    }
}

/// Where an overlay sets what stands at a path of the file.
fn common(base: &Table, overlay: &Table, path: &[&str], pattern: &str) -> Option<Place> {
    let Some((name, rest)) = path.split_first() else {
        return overlay.entries.iter().find_map(|entry| common(base, overlay, &[entry.key.as_str()], pattern));
    };
    let under = &base.get(name)?.node.value;
    let entry = overlay.get(name)?;
    let key = keys::child(pattern, name)?;
    let is_whole = super::merge::is_replaced_whole(key) || !matches!(key.kind, Kind::Table | Kind::Named);
    match (&entry.node.value, under) {
        (Value::Table(over), Value::Table(under)) if !is_whole => common(under, over, rest, keys::inside(key)),
        _ => Some(entry.key_place.clone()),
    }
}
