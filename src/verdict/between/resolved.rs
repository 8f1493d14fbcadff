//! The resolved workload of a run as dotted keys, and which of them decide what its figures mean.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::result::run::RunRecord;
use crate::result::sides::without_side;

/// Sections that say nothing about what is measured: prose, judgements, how many rounds of which length, and the servers
/// (a difference of servers is what a comparison is often for). All others do, also those that later versions know.
const BESIDE: [&str; 11] = [
    "name",
    "title",
    "about",
    "include",
    "claim",
    "expect",
    "compare",
    "checks",
    "probes",
    "topology",
    "schema_version",
];

/// Keys of `run` that say nothing about what is measured.
const BESIDE_OF_RUN: [&str; 6] = ["rounds", "warmup", "measure", "drain", "seed", "workers"];

/// Prose: not worth naming when it differs.
const PROSE: [&str; 2] = ["about", "title"];

/// Dotted keys with their values as text, of the workload as far as it concerns these variants. `ways`: also how they do
/// the job (their overlays and operations), which two variants of different names do differently by design.
pub(super) fn keys(run: &RunRecord, variants: &[&str], ways: bool) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let Json::Object(sections) = &run.resolved else { return keys };
    for (section, value) in sections {
        match section.as_str() {
            "about" | "title" | "claim" | "expect" => {}
            "variants" | "operations" | "mix" if !ways => {}
            // What side b has of its own concerns nobody else.
            "sides" if !variants.iter().any(|name| name.ends_with("@b")) => {}
            "variants" => chosen(section, value, &in_file(variants), &mut keys),
            "operations" => chosen(section, value, &operations(run, variants), &mut keys),
            _ => flatten(section, value, &mut keys),
        }
    }
    keys
}

/// How a variant does the job.
pub(super) fn way(run: &RunRecord, variant: &str) -> BTreeMap<String, String> {
    let of_way = |key: &String| {
        let section = key.split('.').next().unwrap_or_default();
        matches!(section, "variants" | "operations" | "mix") && decides(key)
    };
    keys(run, &[variant], true).into_iter().filter(|(key, _)| of_way(key)).collect()
}

/// Whether a key decides what is measured.
pub(super) fn decides(key: &str) -> bool {
    let mut parts: Vec<&str> = key.split('.').collect();
    // What an overlay or a side sets counts as what it is laid over.
    if matches!(parts.first(), Some(&("variants" | "sides"))) {
        parts.drain(..parts.len().min(2));
    }
    match parts.as_slice() {
        ["dataset", "seed"] => false,
        ["run", key, ..] => !BESIDE_OF_RUN.contains(key),
        [section, ..] => !BESIDE.contains(section),
        [] => true,
    }
}

/// Of a parameter or constant that only one side has, nothing that both sides do can depend.
pub(super) fn is_definition(key: &str) -> bool {
    key.starts_with("params.") || key.starts_with("constants.")
}

/// The names that the file has for these variants.
fn in_file<'n>(variants: &[&'n str]) -> Vec<&'n str> {
    variants.iter().map(|name| without_side(name)).collect()
}

fn operations<'r>(run: &'r RunRecord, variants: &[&str]) -> Vec<&'r str> {
    let of = run.variants.iter().filter(|variant| variants.contains(&variant.name.as_str()));
    of.flat_map(|variant| &variant.operations).map(|operation| operation.name.as_str()).collect()
}

fn chosen(section: &str, value: &Json, names: &[&str], keys: &mut BTreeMap<String, String>) {
    let Json::Object(all) = value else { return flatten(section, value, keys) };
    for (name, value) in all.iter().filter(|(name, _)| names.contains(&name.as_str())) {
        flatten(&format!("{section}.{name}"), value, keys);
    }
}

fn flatten(path: &str, value: &Json, keys: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !PROSE.contains(&key.as_str())) {
                flatten(&format!("{path}.{key}"), value, keys);
            }
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), item, keys);
            }
        }
        Json::String(text) => {
            keys.insert(path.to_owned(), text.clone());
        }
        plain => {
            keys.insert(path.to_owned(), plain.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::result::run::{OperationRecord, VariantRecord};

    fn run(resolved: Json) -> RunRecord {
        let variant = |name: &str| VariantRecord {
            name: name.to_owned(),
            operations: vec![OperationRecord { name: name.to_owned(), ..OperationRecord::default() }],
            ..VariantRecord::default()
        };
        RunRecord { resolved, variants: vec![variant("join"), variant("batch")], ..RunRecord::default() }
    }

    fn workload() -> Json {
        json!({
            "name": "w", "about": "prose", "claim": [{"claim": "c"}],
            "load": {"clients": 8}, "run": {"rounds": 7, "clone": "slice"}, "topology": {"link": {"rtt": "1ms"}},
            "operations": {
                "join": {"about": "prose", "steps": [{"as": "u", "sql": "SELECT 1"}]},
                "batch": {"steps": [{"sql": "SELECT 2"}]},
            },
            "variants": {"join": {"title": "prose", "load": {"clients": 2}, "topology": {"link": {"rtt": "2ms"}}}, "batch": {}},
        })
    }

    #[test]
    fn only_what_concerns_the_variants_is_there_and_no_prose() {
        let found: Vec<String> = keys(&run(workload()), &["join"], true).into_keys().collect();
        let expected = [
            "load.clients",
            "name",
            "operations.join.steps[0].as",
            "operations.join.steps[0].sql",
            "run.clone",
            "run.rounds",
            "topology.link.rtt",
            "variants.join.load.clients",
            "variants.join.topology.link.rtt",
        ];
        assert_eq!(found, expected);
        let without: Vec<String> = keys(&run(workload()), &["join"], false).into_keys().collect();
        assert_eq!(without, ["load.clients", "name", "run.clone", "run.rounds", "topology.link.rtt"]);
        assert!(keys(&run(Json::Null), &["join"], true).is_empty());
    }

    #[test]
    fn load_data_and_steps_decide_and_servers_rounds_and_seeds_do_not() {
        let decide = [
            "load.clients",
            "dataset.tables.users.rows",
            "operations.join.steps[0].sql",
            "run.clone",
            "new.key",
            "variants.join.load.clients",
            "variants.join.mix.read",
            "connections.mode",
            "params.org.uniform",
        ];
        assert_eq!(decide.map(decides), [true; 9]);
        let beside = [
            "topology.link.rtt",
            "run.rounds",
            "run.seed",
            "dataset.seed",
            "name",
            "compare.margin",
            "variants.join.topology.link.rtt",
            "variants.join.run.measure",
            "checks.money.sql",
            "variants.join.checks.money.equals",
            "probes.plans",
        ];
        assert_eq!(beside.map(decides), [false; 11]);
    }

    #[test]
    fn the_way_of_a_variant_is_what_it_runs() {
        let (one, mut other) = (run(workload()), workload());
        other["load"]["clients"] = json!(9);
        other["operations"]["batch"]["steps"] = json!([]);
        other["variants"]["join"]["topology"] = json!({});
        let other = run(other);
        assert_eq!(way(&one, "join"), way(&other, "join"));
        assert_ne!(way(&one, "batch"), way(&other, "batch"));
    }
}
