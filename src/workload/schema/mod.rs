//! The JSON Schema (2020-12) of the workload language, for editors: every key with what it is for, what it takes, its
//! default and an example.
//!
//! Made from the table of keys that files are checked against, so that no key can be missing or unknown here. It is looser
//! than `dbbench check`: names, references and whatever depends on other keys are not part of it.

mod examples;
mod forms;

use serde_json::{Map, Value as Json, json};

use self::forms::{DEFAULTS, FORMS, Form, NEEDED};
use super::document;
use super::keys::{self, KEYS, Key, Kind, NOT_IN_A_VARIANT, RUN_KEYS_OF_A_VARIANT};
use super::plan::SourceText;

/// Where the schema of a version can be told from that of another.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// What `":name"` looks like where a setting takes something other than a number.
const CONSTANT: &str = "^:[A-Za-z_][A-Za-z0-9_]{0,63}$";
/// `500us`, `1m 30s`, `1.5 hours`: what durations are made of; the reader knows the units.
const DURATION: &str = "^\\s*[+-]?(P.*|0|[0-9].*[a-zA-Zµ]+.*|[0-9:]+)$";

/// The schema of the whole language.
#[must_use]
pub fn schema() -> Json {
    let mut root = object("", false);
    let head = json!({
        "$schema": DIALECT,
        "$id": format!("urn:dbbench:workload:{}", env!("CARGO_PKG_VERSION")),
        "title": "dbbench workload",
        "description": "One job done several ways, measured side by side.",
    });
    let mut whole = match head {
        Json::Object(head) => head,
        _ => Map::new(),
    };
    whole.append(&mut root);
    whole.insert("$defs".to_owned(), definitions());
    Json::Object(whole)
}

/// A key's example as TOML, where it has one of a single line.
#[must_use]
pub fn example(path: &str) -> Option<&'static str> {
    examples::EXAMPLES.iter().find(|(known, _)| *known == path).map(|(_, example)| *example)
}

/// A key's default as JSON.
#[must_use]
pub fn default(path: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|(known, _)| *known == path).map(|(_, default)| *default)
}

/// The words that a key takes, where it takes words.
#[must_use]
pub fn words(path: &str) -> Option<&'static [&'static str]> {
    match form(path) {
        Some(Form::Words(words)) => Some(words),
        _ => None,
    }
}

/// Smallest and largest integer that a key takes, where they are fixed.
#[must_use]
pub fn bounds(path: &str) -> Option<(i64, i64)> {
    match form(path) {
        Some(Form::Bounds(low, high)) => Some((low, high)),
        _ => None,
    }
}

/// Every path that a form, a default or a needed key is given for.
pub fn described_paths() -> impl Iterator<Item = &'static str> {
    let forms = FORMS.iter().map(|(path, _)| *path);
    forms.chain(DEFAULTS.iter().map(|(path, _)| *path)).chain(NEEDED.iter().map(|(path, _)| *path))
}

/// Whether this version supports a key and all around it.
#[must_use]
pub fn is_supported(key: &Key) -> bool {
    !KEYS.iter().any(|outer| {
        let is_around = outer.path == key.path || key.path.starts_with(&format!("{}.", outer.path));
        is_around && !outer.supported
    })
}

fn form(path: &str) -> Option<Form> {
    FORMS.iter().find(|(known, _)| *known == path).map(|(_, form)| *form)
}

fn definitions() -> Json {
    let generator = json!({
        "description": "Where values come from.",
        "anyOf": [
            { "enum": ["row_number", "uuid4", "uuid7", "now"] },
            { "type": ["number", "boolean"] },
            { "$ref": "#/$defs/arithmetic" },
            Json::Object(object("generator", false)),
        ],
    });
    let mut step = object("step", false);
    let kinds = ["sql", "insert", "pause", "steps", "transaction", "pipeline", "together"];
    step.insert("oneOf".to_owned(), kinds.iter().map(|kind| json!({ "required": [kind] })).collect());
    json!({
        "duration": {
            "description": "A duration with its unit, for example \"500us\" or \"2s\"; or a constant, \":name\".",
            "anyOf": [{ "type": "string", "pattern": DURATION }, { "const": 0 }, { "$ref": "#/$defs/constant" }],
        },
        "constant": { "type": "string", "pattern": CONSTANT },
        "arithmetic": {
            "description": "Arithmetic over constants, for example \"100_000 * :scale\".",
            "type": "string",
            "pattern": ":",
        },
        "integer": { "anyOf": [{ "type": "integer" }, { "$ref": "#/$defs/arithmetic" }] },
        "number": { "anyOf": [{ "type": "number" }, { "$ref": "#/$defs/arithmetic" }] },
        "scalar": { "type": ["string", "number", "boolean"] },
        "generator": generator,
        "step": step,
    })
}

/// The schema of a table with the keys that stand below a path.
fn object(path: &str, in_variant: bool) -> Map<String, Json> {
    let mut properties = Map::new();
    let mut others = json!(false);
    for key in keys::children(path).filter(|key| !in_variant || is_in_variants(key)) {
        let schema = value(key, in_variant || key.kind == Kind::Overlay);
        match key.name() {
            "*" => others = schema,
            // An overlay's own keys come before those of the top.
            name => {
                properties.entry(name.to_owned()).or_insert(schema);
            }
        }
    }
    let mut table = Map::new();
    table.insert("type".to_owned(), json!("object"));
    if !properties.is_empty() {
        table.insert("properties".to_owned(), Json::Object(properties));
    }
    table.insert("additionalProperties".to_owned(), others);
    let needed = NEEDED.iter().find(|(known, _)| *known == path);
    if let Some((_, names)) = needed.filter(|_| !in_variant) {
        table.insert("required".to_owned(), json!(names));
    }
    table
}

/// What a variant may set of the keys that it shares with the top.
fn is_in_variants(key: &Key) -> bool {
    let is_of_the_top = key.parent().is_empty();
    match key.parent() {
        "run" => RUN_KEYS_OF_A_VARIANT.contains(&key.name()),
        _ => {
            !(is_of_the_top && NOT_IN_A_VARIANT.contains(&key.path))
                && key.path != "operations.*.steps"
                && !matches!(key.path, "topology.settings" | "topology.auth" | "topology.external")
        }
    }
}

/// The schema of what stands after a key, described.
fn value(key: &Key, in_variant: bool) -> Json {
    let mut schema = match bare(key, in_variant) {
        Json::Object(schema) => schema,
        _ => Map::new(),
    };
    let supported = is_supported(key);
    let note = if supported { "" } else { " Not supported by this version: it is refused by name." };
    schema.insert("description".to_owned(), json!(format!("{}.{note}", sentence(key.about))));
    if !supported {
        schema.insert("deprecated".to_owned(), json!(true));
    }
    if let Some(default) = default(key.path).and_then(|text| serde_json::from_str::<Json>(text).ok()) {
        schema.insert("default".to_owned(), default);
    }
    if let Some(example) = example(key.path).and_then(as_json) {
        schema.insert("examples".to_owned(), json!([example]));
    }
    Json::Object(schema)
}

/// The schema of a value without description.
fn bare(key: &Key, in_variant: bool) -> Json {
    let form = form(key.path);
    let with = |mut schema: Json| {
        if let (Some(Form::Keywords(text)), Json::Object(schema)) = (form, &mut schema)
            && let Ok(Json::Object(mut keywords)) = serde_json::from_str::<Json>(text)
        {
            schema.append(&mut keywords);
        }
        schema
    };
    if let Some(Form::Whole(text)) = form {
        return serde_json::from_str(text).unwrap_or_else(|_| json!({}));
    }
    match key.kind {
        Kind::Table | Kind::Named | Kind::Overlay => Json::Object(object(key.path, in_variant)),
        Kind::Tables => json!({ "type": "array", "items": object(key.path, in_variant) }),
        Kind::Generator => json!({ "$ref": "#/$defs/generator" }),
        Kind::Steps => json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } }),
        Kind::Text => with(json!({ "type": "string" })),
        Kind::Word => match form {
            Some(Form::Words(words)) => json!({ "anyOf": [{ "enum": words }, { "$ref": "#/$defs/constant" }] }),
            _ => json!({ "type": "string" }),
        },
        Kind::Integer => {
            let number = match form {
                Some(Form::Bounds(low, i64::MAX)) => json!({ "type": "integer", "minimum": low }),
                Some(Form::Bounds(low, high)) => json!({ "type": "integer", "minimum": low, "maximum": high }),
                _ => json!({ "type": "integer" }),
            };
            json!({ "anyOf": [number, { "$ref": "#/$defs/arithmetic" }] })
        }
        Kind::Number => json!({ "anyOf": [with(json!({ "type": "number" })), { "$ref": "#/$defs/arithmetic" }] }),
        Kind::Duration => json!({ "$ref": "#/$defs/duration" }),
        Kind::Flag => json!({ "anyOf": [{ "type": "boolean" }, { "$ref": "#/$defs/constant" }] }),
        Kind::Scalar => json!({ "$ref": "#/$defs/scalar" }),
        Kind::List => with(json!({ "type": "array" })),
        Kind::Other => json!({}),
    }
}

/// `of what` → `Of what`.
fn sentence(about: &str) -> String {
    let mut letters = about.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A TOML value as JSON.
fn as_json(text: &str) -> Option<Json> {
    let sink = super::diagnostic::Sink::default();
    let node = document::read_value(&SourceText::new("example", text), 0..text.len(), &sink)?;
    Some(super::compile::node_as_json(&node))
}
