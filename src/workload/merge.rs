//! Laying a variant over the file, and a file over the one that it includes: merging descends through named
//! tables; `mix`, each parameter, each column and every list are replaced whole. What the upper one excludes is taken out.

use super::document::{Table, Value};
use super::exclude;
use super::keys::{self, Key};

/// Whether an overlay replaces the value of a key instead of merging into it.
pub(super) fn is_replaced_whole(key: &Key) -> bool {
    matches!(key.path, "mix" | "params.*" | "dataset.tables.*.columns.*")
}

/// The file's tables with a variant's laid over them. What describes the variant itself stays out.
pub(super) fn overlay(base: &Table, variant: &Table) -> Table {
    let mut merged = base.clone();
    merged.entries.retain(|entry| !is_of_variant(&entry.key));
    let mut settings = variant.clone();
    settings.entries.retain(|entry| !is_of_variant(&entry.key));
    exclude::make_room(&mut merged, &settings);
    lay_over(&mut merged, &settings, "");
    merged
}

/// A file's tables laid over those of the file that it includes.
pub(super) fn file_over(base: &mut Table, over: &Table) {
    exclude::make_room(base, over);
    for entry in over.table(&["variants"]).into_iter().flat_map(|table| &table.entries) {
        let under = base.get_mut("variants").and_then(|variants| match &mut variants.node.value {
            Value::Table(variants) => variants.get_mut(&entry.key),
            _ => None,
        });
        if let (Some(Value::Table(under)), Value::Table(over)) =
            (under.map(|under| &mut under.node.value), &entry.node.value)
        {
            exclude::make_room(under, over);
        }
    }
    lay_over(base, over, "");
}

/// Keys that describe a variant itself.
fn is_of_variant(key: &str) -> bool {
    matches!(key, "title" | "about" | "setup")
}

fn lay_over(base: &mut Table, over: &Table, pattern: &str) {
    base.incomplete |= over.incomplete;
    for entry in &over.entries {
        let key = keys::child(pattern, &entry.key);
        match (base.get_mut(&entry.key), key) {
            (Some(known), Some(key)) if !is_replaced_whole(key) => match (&mut known.node.value, &entry.node.value) {
                (Value::Table(under), Value::Table(table)) => lay_over(under, table, keys::inside(key)),
                _ => *known = entry.clone(),
            },
            (Some(known), _) => *known = entry.clone(),
            (None, _) => base.entries.push(entry.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::diagnostic::Sink;
    use crate::workload::plan::SourceText;

    fn table(text: &str) -> Table {
        crate::workload::document::read(&SourceText::new("w.toml", text), &Sink::default()).root
    }

    fn keys_of(table: &Table, path: &[&str]) -> Vec<String> {
        table.table(path).map(|table| table.keys().map(str::to_owned).collect()).unwrap_or_default()
    }

    #[test]
    fn merging_descends_but_replaces_mix_and_parameters_whole() {
        let base = table(
            "[mix]\na = 1\nb = 2\n[load]\nclients = 1\n[params]\np = { uniform = [1, 2] }\nq = 3\n[topology]\nlink = { rtt = \"1ms\" }",
        );
        let over = table(
            "title = \"t\"\nabout = \"x\"\nmix = { c = 1 }\nload.think = \"1ms\"\nparams.p = { text = 3 }\ntopology.link.jitter = \"1us\"",
        );
        let merged = overlay(&base, &over);
        assert_eq!(keys_of(&merged, &["mix"]), ["c"]);
        assert_eq!(keys_of(&merged, &["load"]), ["clients", "think"]);
        assert_eq!(keys_of(&merged, &["params"]), ["p", "q"]);
        assert_eq!(keys_of(&merged, &["params", "p"]), ["text"]);
        assert_eq!(keys_of(&merged, &["topology", "link"]), ["rtt", "jitter"]);
        assert!(merged.get("title").is_none() && merged.get("about").is_none());
    }
}
