//! The schema for editors and the reader of files say the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::super::compile::node_as_json;
use super::super::document::{Node, Value};
use super::super::keys::{KEYS, Key, Kind};
use super::super::schema::{self, is_supported};
use super::super::{Overrides, compile_text};
use super::corpus::{file_of, tables, used, with_value};
use crate::workload::plan::SourceText;

fn as_json(path: &Path) -> Json {
    let (root, source) = tables(path);
    let place = crate::workload::plan::Place { source, span: 0..0 };
    node_as_json(&Node { value: Value::Table(root), place })
}

fn text_as_json(source: &SourceText) -> Json {
    let sink = super::super::diagnostic::Sink::default();
    let root = super::super::document::read(source, &sink).root;
    let place = crate::workload::plan::Place { source: source.clone(), span: 0..0 };
    node_as_json(&Node { value: Value::Table(root), place })
}

/// An independent reader of schemas, with ours in it.
struct Validator {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Validator {
    /// What it says against an instance, if anything.
    fn says(&self, instance: &Json) -> Option<String> {
        self.schemas.validate(instance, self.index).err().map(|error| format!("{error:#}"))
    }

    fn is_valid(&self, instance: &Json) -> bool {
        self.says(instance).is_none()
    }
}

/// It also holds the schema against the rules of its dialect.
fn validator() -> Validator {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("http://localhost/workload.json", schema::schema()).expect("a schema");
    let index = compiler.compile("http://localhost/workload.json", &mut schemas);
    Validator { index: index.unwrap_or_else(|error| panic!("{error:#}")), schemas }
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect()
}

#[test]
fn every_committed_file_fits_the_schema() {
    let validator = validator();
    let files: Vec<PathBuf> =
        ["workloads", "tests/language/keys", "tests/language/keys/base"].iter().flat_map(|f| toml_files(f)).collect();
    assert!(files.len() > KEYS.len());
    for path in files {
        if let Some(said) = validator.says(&as_json(&path)) {
            panic!("{}: {said}", path.display());
        }
    }
}

#[test]
fn a_wrong_value_or_a_wrong_key_fits_neither_schema_nor_reader() {
    let validator = validator();
    let mut wrong = Vec::new();
    let mut refused = |source: SourceText, what: &str| {
        if validator.is_valid(&text_as_json(&source)) {
            wrong.push(format!("the schema takes {what}"));
        }
        if compile_text(source, &Overrides::default()).is_ok() {
            wrong.push(format!("the reader takes {what}"));
        }
    };
    for key in KEYS.iter().filter(|key| is_supported(key) && key.path != "include") {
        let value = match key.kind {
            Kind::List | Kind::Steps | Kind::Tables => "12345",
            _ => "[[[]]]",
        };
        if inline(key).is_some() {
            refused(with_value(key, value), &format!("{value} for {}", key.path));
        }
        // Among names that the author chooses any name is right.
        let is_in_named = KEYS.iter().any(|other| other.path == format!("{}.*", key.parent()));
        if key.name() != "*" && !is_in_named {
            let (root, source) = tables(&file_of(key));
            let (place, text) = (&used(&root, "", key).expect("used").key_place, source.as_written());
            let text = format!("{}zzz{}", &text[..place.span.start], &text[place.span.end..]);
            refused(SourceText::new(file_of(key), text), &format!("zzz for {}", key.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The value of a key in its file, where it stands behind `=` on one line.
fn inline(key: &Key) -> Option<String> {
    let (root, source) = tables(&file_of(key));
    let place = &used(&root, "", key).expect("used").node.place;
    let (before, text) = (&source.as_written()[..place.span.start], &source.as_written()[place.span.clone()]);
    let is_inline = before.trim_end().ends_with('=') && !text.contains('\n') && !text.is_empty() && text.len() <= 110;
    is_inline.then(|| text.to_owned())
}

#[test]
fn words_and_bounds_are_those_of_the_reader() {
    for key in KEYS.iter().filter(|key| is_supported(key)) {
        let said = |value: &str| super::rendered(compile_text(with_value(key, value), &Overrides::default()));
        if let Some(words) = schema::words(key.path) {
            let title = said("\"no_such_word\"");
            let line =
                title.lines().find(|line| line.contains("must be")).unwrap_or_else(|| panic!("{}: {title}", key.path));
            let rule = line.split(", got").next().expect("a rule").split("must be").nth(1).expect("words");
            let named: BTreeSet<&str> = rule.split('"').skip(1).step_by(2).collect();
            assert_eq!(named, words.iter().copied().collect(), "{}", key.path);
        }
        if let Some((low, high)) = schema::bounds(key.path) {
            let rule = |value: i64| said(&value.to_string()).contains("must be");
            assert!(low == 0 && key.path == "load.stages.clients" || rule(low - 1), "{} takes {}", key.path, low - 1);
            assert!(high == i64::MAX || rule(high + 1), "{} takes {}", key.path, high + 1);
            assert!(!said(&low.to_string()).contains("must be"), "{} refuses {low}", key.path);
        }
        if matches!(key.kind, Kind::Word) {
            let has_form = schema::described_paths().any(|path| path == key.path);
            assert!(has_form, "{} takes words, and the schema says nothing of them", key.path);
        }
    }
}

#[test]
fn every_form_belongs_to_a_key_and_every_default_is_what_is_resolved() {
    let known = |path: &str| KEYS.iter().any(|key| key.path == path);
    for path in schema::described_paths() {
        assert!(known(path), "{path} is no key");
    }
    let plan = super::compile("name = \"x\"\n[operations.a]\nsteps = [{ sql = \"SELECT 1\" }]\n").expect("right");
    for table in ["load", "run", "connections", "compare"] {
        for (key, value) in plan.resolved[table].as_object().expect("a table") {
            let default =
                schema::default(&format!("{table}.{key}")).unwrap_or_else(|| panic!("{table}.{key} has no default"));
            assert_eq!(serde_json::from_str::<Json>(default).expect("JSON"), *value, "{table}.{key}");
        }
    }
}

#[test]
fn a_variant_may_set_in_the_schema_what_it_may_set_in_a_file() {
    let validator = validator();
    let with = |inner: &str| {
        let text = format!(
            "name = \"x\"\n[operations.a]\nsteps = [{{ sql = \"SELECT 1\" }}]\n[variants]\na = {{ {inner} }}\n"
        );
        text_as_json(&SourceText::new("w.toml", text))
    };
    for right in
        ["load.clients = 4", "topology.link.rtt = \"2ms\"", "run.workers = 1", "mix = { a = 1 }", "title = \"A\""]
    {
        assert!(validator.is_valid(&with(right)), "{right}");
    }
    for wrong in [
        "name = \"y\"",
        "run.rounds = 3",
        "topology.auth = \"md5\"",
        "dataset.seed = 2",
        "operations.a.steps = []",
        "zzz = 1",
    ] {
        assert!(!validator.is_valid(&with(wrong)), "{wrong}");
    }
}

/// The examples that editors and the documentation show are those of the key's own file.
#[test]
fn examples_are_those_of_the_files() {
    let mut lines = String::new();
    let mut wrong = Vec::new();
    for key in KEYS.iter().filter(|key| key.path != "include") {
        let expected = inline(key);
        if schema::example(key.path) != expected.as_deref() {
            wrong.push(key.path);
        }
        if let Some(text) = expected {
            let hashes = if text.contains('"') { "#" } else { "" };
            let raw = if hashes.is_empty() { "" } else { "r" };
            lines.push_str(&format!("    ({:?}, {raw}{hashes}\"{text}\"{hashes}),\n", key.path));
        }
    }
    if std::env::var_os("DBBENCH_UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workload/schema/examples.rs");
        let old = std::fs::read_to_string(path).expect("the table");
        let head = old.split("&[(&str, &str)] = &[").next().expect("a head").to_owned();
        std::fs::write(path, format!("{head}&[(&str, &str)] = &[\n{lines}];\n")).expect("written");
        return;
    }
    assert!(
        wrong.is_empty(),
        "examples that are not those of the files: {wrong:?}; see src/workload/schema/examples.rs"
    );
}
