//! The resolved workload as JSON, and the hashes that say whether two runs measured the same thing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::super::document::{Node, Table, Value};
use super::super::plan::{DatasetPlan, LinkPlan, TopologyPlan, VariantPlan};

/// Rises when generators or the loader give other values for the same dataset, so that no stale copy is used.
const DATASET_VERSION: u32 = 1;

/// The workload after all overrides, with the defaults that it relies on.
pub(in crate::workload) fn resolved(root: &Table) -> Json {
    let mut resolved = match table(root) {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    let is_set = |path: &[&str]| root.find(path).is_some();
    // What excludes a setting excludes its default too.
    let load = match (is_set(&["load", "rate"]), is_set(&["load", "stages"])) {
        (true, _) => json!({ "clients": 8, "arrivals": "poisson" }),
        (false, true) => json!({}),
        (false, false) => json!({ "clients": 8, "think": "0" }),
    };
    let mut run = json!({ "rounds": 7, "warmup": "500ms", "measure": "2s", "drain": "10s", "seed": 1 });
    if let (true, Json::Object(run)) = (is_set(&["load", "stages"]) || is_set(&["run", "count"]), &mut run) {
        run.remove("measure");
    }
    let defaults = [
        ("load", load),
        ("run", run),
        ("connections", json!({ "mode": "dedicated", "protocol": "prepared" })),
        ("compare", json!({ "answer_draws": 20, "margin": 0.05 })),
        ("topology", json!({ "link": { "rtt": "0", "jitter": "0" }, "auth": "scram" })),
    ];
    for (key, defaults) in defaults {
        fill(resolved.entry(key).or_insert_with(|| json!({})), &defaults);
    }
    Json::Object(resolved)
}

fn fill(target: &mut Json, defaults: &Json) {
    if let (Json::Object(target), Json::Object(defaults)) = (target, defaults) {
        for (key, default) in defaults {
            match target.get_mut(key) {
                Some(known) => fill(known, default),
                None => {
                    target.insert(key.clone(), default.clone());
                }
            }
        }
    }
}

fn table(table: &Table) -> Json {
    Json::Object(table.entries.iter().map(|entry| (entry.key.clone(), node(&entry.node))).collect())
}

/// A value as JSON; dates become texts.
pub(in crate::workload) fn node(of: &Node) -> Json {
    match &of.value {
        Value::Text(text) | Value::Datetime(text) => json!(text),
        Value::Integer(value) => json!(value),
        Value::Real { value, .. } => json!(value),
        Value::Flag(value) => json!(value),
        Value::List(items) => Json::Array(items.iter().map(node).collect()),
        Value::Table(inner) => table(inner),
    }
}

/// Hashes of the workload and of its topology. Prose, claims, expectations and checks do not change what is measured, and so
/// not the hash.
pub(in crate::workload) fn hashes(
    resolved: &Json,
    topology: &TopologyPlan,
    variants: &[VariantPlan],
) -> (String, String) {
    let mut canonical = String::new();
    let mut measured = resolved.clone();
    if let Json::Object(map) = &mut measured {
        for key in ["about", "claim", "expect", "checks"] {
            map.remove(key);
        }
        for group in ["variants", "operations"] {
            for described in
                map.get_mut(group).and_then(Json::as_object_mut).into_iter().flat_map(|map| map.values_mut())
            {
                if let Json::Object(inner) = described {
                    inner.remove("about");
                    inner.remove("title");
                    inner.remove("checks");
                }
            }
        }
    }
    canonicalize(&measured, &mut canonical);
    let links: BTreeMap<&str, LinkPlan> =
        variants.iter().map(|variant| (variant.name.as_str(), variant.link)).collect();
    let TopologyPlan { settings, md5, external } = topology;
    // Which server a variable of the environment names is known when it is asked: a run hashes that itself.
    let external = external.as_ref().map(|external| format!(" external {:?}", external.primary)).unwrap_or_default();
    let servers = format!("TopologyPlan {{ settings: {settings:?}, md5: {md5} }}{external}");
    (sha256(&canonical), sha256(&format!("{servers} {links:?}")))
}

/// JSON with sorted keys.
fn canonicalize(value: &Json, out: &mut String) {
    match value {
        Json::Object(map) => {
            let sorted: BTreeMap<&String, &Json> = map.iter().collect();
            for (key, value) in sorted {
                out.push_str(&format!("{{{key:?}:"));
                canonicalize(value, out);
                out.push('}');
            }
        }
        Json::Array(items) => {
            out.push('[');
            for item in items {
                canonicalize(item, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// The hash of what a loaded dataset depends on, places left out.
pub(super) fn dataset(plan: &DatasetPlan) -> String {
    let mut text = format!("{DATASET_VERSION} {}\n", plan.seed);
    for statement in &plan.schema {
        text.push_str(&format!("schema {:?}\n", statement.sql));
    }
    for table in &plan.tables {
        text.push_str(&format!("table {:?} {}\n", table.name, table.rows));
        for column in &table.columns {
            text.push_str(&format!("column {:?} {:?}\n", column.name, column.generator));
        }
    }
    for statement in &plan.after_load {
        text.push_str(&format!("after {:?}\n", statement.sql));
    }
    sha256(&text)
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
