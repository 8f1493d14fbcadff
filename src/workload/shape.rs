//! The shape of a file: which keys stand where. Unknown keys, keys that this version does not support, tables in the place
//! of values and wrong names are reported and taken out, so that what follows meets known keys only.
//!
//! Does not look at plain values; whoever reads them does.

use super::diagnostic::{Diagnostic, Sink, did_you_mean, nearest, problem};
use super::document::{Entry, Node, Table, Value};
use super::keys::{self, Key, Kind};
use super::plan::Place;

/// The slip that everybody makes once.
const ABOVE_THE_HEADERS: &str = "keys after a [table] header belong to that table, so move it above the first header";

/// Longest name of anything.
const MAX_NAME: usize = 64;

/// Checks the whole file.
pub(super) fn check(root: &mut Table, sink: &Sink) {
    let mut shape = Shape { sink, misplaced: false };
    shape.table(root, "", &mut Vec::new(), false);
    // What stands in the wrong table is not missing at the top as well.
    root.incomplete |= shape.misplaced;
}

struct Shape<'a> {
    sink: &'a Sink,
    misplaced: bool,
}

/// A table that encloses the one being read: its path in the language and in the file.
struct Enclosing {
    path: &'static str,
    shown: String,
}

impl Shape<'_> {
    fn table(&mut self, table: &mut Table, path: &'static str, around: &mut Vec<Enclosing>, in_variant: bool) {
        let entries = std::mem::take(&mut table.entries);
        for mut entry in entries {
            match self.entry(&mut entry, path, around, in_variant) {
                Ok(()) => table.entries.push(entry),
                Err(problem) => {
                    table.incomplete = true;
                    self.sink.push(*problem);
                }
            }
        }
    }

    /// Checks one key; an error means that it has to go.
    fn entry(
        &mut self,
        entry: &mut Entry,
        path: &'static str,
        around: &mut Vec<Enclosing>,
        in_variant: bool,
    ) -> Result<(), Box<Diagnostic>> {
        let Some(key) = keys::child(path, &entry.key) else {
            return Err(Box::new(self.unknown(entry, path, around)));
        };
        if !key.supported {
            return Err(Box::new(unsupported(&entry.key, key, &entry.key_place)));
        }
        if in_variant {
            allowed_in_variant(entry, key)?;
        }
        self.name(entry, key);
        let inner = keys::inside(key);
        let shown = match around.last().map(|last| last.shown.as_str()).unwrap_or_default() {
            "" => entry.key.clone(),
            outer => format!("{outer}.{}", entry.key),
        };
        around.push(Enclosing { path: inner, shown });
        let result = self.value(entry, key, inner, around, in_variant || key.kind == Kind::Overlay);
        around.pop();
        result
    }

    fn value(
        &mut self,
        entry: &mut Entry,
        key: &'static Key,
        inner: &'static str,
        around: &mut Vec<Enclosing>,
        in_variant: bool,
    ) -> Result<(), Box<Diagnostic>> {
        match (key.kind, &mut entry.node.value) {
            (Kind::Table | Kind::Named | Kind::Overlay | Kind::Generator, Value::Table(table)) => {
                self.table(table, inner, around, in_variant);
            }
            (Kind::Tables | Kind::Steps, Value::List(items)) => {
                for item in items {
                    match &mut item.value {
                        Value::Table(table) => self.table(table, inner, around, in_variant),
                        other => {
                            let each = if key.kind == Kind::Steps { "a step" } else { "each entry" };
                            let title = format!("{each} of `{}` is a table, got {}", entry.key, other.what());
                            self.sink.push(problem(&item.place, title).hint(example(key)));
                        }
                    }
                }
            }
            (Kind::Table | Kind::Named | Kind::Overlay | Kind::Tables | Kind::Steps, other) => {
                let wanted = match key.kind {
                    Kind::Tables | Kind::Steps => "a list of tables",
                    _ => "a table",
                };
                let title = format!("`{}` takes {wanted}, got {}", entry.key, other.what());
                let problem = problem(&entry.node.place, title).label(key.about).hint(example(key));
                let is_of_the_top = key.name() == "*" && names_exactly("", &entry.key);
                let of_the_top =
                    is_of_the_top.then(|| format!("if the workload's `{}` is meant, {ABOVE_THE_HEADERS}", entry.key));
                return Err(Box::new(problem.maybe_hint(of_the_top)));
            }
            _ => {}
        }
        Ok(())
    }

    fn unknown(&mut self, entry: &Entry, path: &'static str, around: &[Enclosing]) -> Diagnostic {
        let name = entry.key.as_str();
        let place = match around.last() {
            None => "at the top of the file".to_owned(),
            Some(_) if path == "generator" => "in a generator".to_owned(),
            Some(_) if path == "step" => "in a step".to_owned(),
            Some(here) => format!("in [{}]", here.shown),
        };
        if path == "variants.*" && keys::NOT_IN_A_VARIANT.contains(&name) {
            return problem(&entry.key_place, format!("a variant may not set `{name}`"))
                .hint("it holds for the whole workload: set it at the top");
        }
        let problem = problem(&entry.key_place, format!("unknown key `{name}` {place}"));
        let outer = around.iter().rev().skip(1).find(|outer| names_exactly(outer.path, name));
        if let Some(outer) = outer {
            return problem.hint(format!("`{name}` belongs to [{}]: move it there", outer.shown));
        }
        if !around.is_empty() && names_exactly("", name) {
            self.misplaced = true;
            return problem.hint(format!("`{name}` belongs to the top of the file: {ABOVE_THE_HEADERS}"));
        }
        if path == "operations.*" && names_exactly("step", name) {
            return problem.hint("it belongs into a step: `steps = [{ sql = \"SELECT …\" }]`");
        }
        let known = keys::children(path).map(Key::name).filter(|known| *known != "*");
        if nearest(name, known.clone()).is_none() {
            let elsewhere = keys::KEYS
                .iter()
                .filter(|key| {
                    key.name() == name && !key.path.contains('*') && keys::KEYS.iter().any(|k| k.path == key.parent())
                })
                .max_by_key(|key| (key.supported, std::cmp::Reverse(key.path.matches('.').count())));
            if let Some(key) = elsewhere {
                return problem.hint(format!("`{name}` belongs to [{}]", key.parent()));
            }
        }
        problem.maybe_hint(did_you_mean(name, known))
    }

    /// The names that authors choose.
    fn name(&self, entry: &Entry, key: &Key) {
        let name = entry.key.as_str();
        let problem = match key.path {
            "variants.*" if !is_plain_name(name) => "letters, digits, `_` and `-`, at most 64",
            "constants.*" | "params.*" | "operations.*" if !is_identifier(name) => {
                "a letter or `_`, then letters, digits and `_`, at most 64"
            }
            _ => return,
        };
        let what = match key.path {
            "params.*" => "parameter",
            path => path.trim_end_matches("s.*"),
        };
        self.sink.push(
            super::diagnostic::problem(&entry.key_place, format!("`{name}` cannot be the name of a {what}"))
                .hint(format!("a name is made of {problem}")),
        );
    }
}

/// Whether a table of the language knows exactly this key.
fn names_exactly(path: &str, name: &str) -> bool {
    keys::children(path).any(|key| key.name() == name)
}

/// `[A-Za-z0-9_-]{1,64}`: workloads and variants.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// `[A-Za-z_][A-Za-z0-9_]{0,63}`: everything that SQL or metrics refer to.
pub(super) fn is_identifier(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unsupported(name: &str, key: &Key, place: &Place) -> Diagnostic {
    let title = format!("`{name}` is not supported by this version");
    let problem = problem(place, title).label(key.about);
    let instead = match key.path {
        "run.count" => "this version measures for a time: `measure = \"2s\"`",
        "step.together" => "this version runs the steps of an operation one after the other",
        _ => return problem,
    };
    problem.hint(instead)
}

/// What a variant may not set although its key is known at the top.
fn allowed_in_variant(entry: &Entry, key: &Key) -> Result<(), Box<Diagnostic>> {
    let name = entry.key.as_str();
    match key.path {
        "operations.*.steps" => Err(Box::new(
            problem(&entry.key_place, "a variant may not set the steps of an operation")
                .hint("define another operation at the top and name it in the variant's `mix`, or let a constant vary"),
        )),
        "topology.settings" | "topology.auth" | "topology.external" => Err(Box::new(
            problem(&entry.key_place, format!("variants with different `{name}` are not supported by this version"))
                .label("this would need servers of its own")
                .hint("of [topology], a variant may set `link`"),
        )),
        "probes" => Err(Box::new(
            problem(&entry.key_place, "a variant may not set `probes`")
                .hint("they look at all variants alike: set them at the top"),
        )),
        path if key.parent() == "run" && !keys::RUN_KEYS_OF_A_VARIANT.contains(&name) => Err(Box::new(
            problem(&entry.key_place, format!("a variant may not set `{path}`"))
                .hint("it holds for all variants alike; of [run], a variant may set `workers`"),
        )),
        _ => Ok(()),
    }
}

/// What a table or list of the language looks like.
fn example(key: &Key) -> String {
    let shown = match key.path {
        "claim" | "expect" => return format!("write [[{}]] above the keys of each one", key.path),
        "topology.link" => "link = { rtt = \"500us\" }",
        "operations.*.steps" => "steps = [{ as = \"u\", sql = \"SELECT id FROM users WHERE id = :id\" }]",
        "operations.*" => "join = { steps = [{ sql = \"SELECT …\" }] }",
        "variants.*" => "join = {}",
        "mix" => "mix = { read = 9, write = 1 }",
        "load.stages" => "stages = [{ for = \"10s\", rate = 500 }, { for = \"20s\", rate = 2_000, ramp = true }]",
        _ => return format!("write a table: [{}]", key.path),
    };
    format!("for example `{shown}`")
}

/// Whether a node is a table that lost a part to an earlier problem.
pub(super) fn is_incomplete(node: &Node) -> bool {
    matches!(&node.value, Value::Table(table) if table.incomplete)
}
