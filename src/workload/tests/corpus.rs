//! One file per key of the language: accepted, or refused by the name of the key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::diagnostic::Sink;
use super::super::document::{self, Entry, Table, Value};
use super::super::keys::{self, KEYS, Key};
use super::super::schema::is_supported;
use super::super::{Overrides, compile_text, load};
use crate::workload::plan::SourceText;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/language/keys");

/// `mix.*` has its file in `mix.NAME.toml`.
pub(super) fn file_of(key: &Key) -> PathBuf {
    Path::new(FOLDER).join(format!("{}.toml", key.path.replace('*', "NAME")))
}

/// A file's tables, read but not judged.
pub(super) fn tables(path: &Path) -> (Table, SourceText) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let source = SourceText::new(path, text);
    let sink = Sink::default();
    let root = document::read(&source, &sink).root;
    assert!(sink.is_empty(), "{} is not TOML", path.display());
    (root, source)
}

/// The first place in a file where a key is used.
pub(super) fn used<'t>(table: &'t Table, within: &str, wanted: &Key) -> Option<&'t Entry> {
    table.entries.iter().find_map(|entry| {
        let key = keys::child(within, &entry.key)?;
        if key.path == wanted.path {
            return Some(entry);
        }
        let inner = keys::inside(key);
        match &entry.node.value {
            Value::Table(table) => used(table, inner, wanted),
            Value::List(items) => items.iter().find_map(|item| match &item.value {
                Value::Table(table) => used(table, inner, wanted),
                _ => None,
            }),
            _ => None,
        }
    })
}

/// The text of a file with the value of a key replaced.
pub(super) fn with_value(key: &Key, value: &str) -> SourceText {
    let path = file_of(key);
    let (root, source) = tables(&path);
    let span = used(&root, "", key).expect("used").node.place.span.clone();
    let text = source.as_written();
    SourceText::new(path, format!("{}{value}{}", &text[..span.start], &text[span.end..]))
}

#[test]
fn every_key_has_a_file_and_every_file_a_key() {
    let expected: BTreeSet<PathBuf> = KEYS.iter().map(file_of).collect();
    let there: BTreeSet<PathBuf> = std::fs::read_dir(FOLDER)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    let missing: Vec<_> = expected.difference(&there).collect();
    let unknown: Vec<_> = there.difference(&expected).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "keys without a file: {missing:?}; files without a key: {unknown:?}"
    );
}

#[test]
fn every_file_uses_its_key() {
    for key in KEYS.iter().filter(|key| key.path != "include") {
        let path = file_of(key);
        assert!(used(&tables(&path).0, "", key).is_some(), "{} does not use {}", path.display(), key.path);
    }
}

/// A key becomes supported by one word in its table, and its file is accepted from then on.
#[test]
fn every_key_is_accepted_or_refused_by_name() {
    let mut wrong = Vec::new();
    for key in KEYS {
        let result = load(&file_of(key), &Overrides::default());
        match (is_supported(key), result) {
            (true, Ok(_)) => {}
            (true, Err(problems)) => wrong.push(format!("{} is supported, but:\n{}", key.path, problems.render(false))),
            (false, Ok(_)) => wrong.push(format!("{} is not supported, but its file is accepted", key.path)),
            (false, Err(problems)) => {
                let refused = KEYS
                    .iter()
                    .find(|outer| {
                        !outer.supported
                            && (outer.path == key.path || key.path.starts_with(&format!("{}.", outer.path)))
                    })
                    .expect("it or one around it");
                let message = format!("`{}` is not supported by this version", refused.name());
                let by_name = problems.list().iter().any(|problem| problem.title() == message);
                let other =
                    problems.list().iter().find(|problem| !problem.title().contains("not supported by this version"));
                // What `collect` gathers has a notation of its own in SQL, which means nothing without it.
                let has_own_notation = key.path.starts_with("step.collect");
                if !by_name || (other.is_some() && !has_own_notation) {
                    wrong.push(format!(
                        "{} should be refused by name alone, but:\n{}",
                        key.path,
                        problems.render(false)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two words in the table of keys would otherwise be all that a new key needs.
#[test]
fn a_wrong_word_beside_each_key_is_found() {
    for key in KEYS.iter().filter(|key| is_supported(key) && key.name() != "*" && key.path != "include") {
        let (root, source) = tables(&file_of(key));
        let place = &used(&root, "", key).expect("used").key_place;
        let text = source.as_written();
        let misspelt = format!("{}{}zzz{}", &text[..place.span.start], key.name(), &text[place.span.end..]);
        let result = compile_text(SourceText::new("w.toml", misspelt), &Overrides::default());
        let problems = result.expect_err(key.path);
        assert!(problems.render(false).contains(&format!("{}zzz", key.name())), "{}", problems.render(false));
    }
}
