//! Settings that exclude each other: of two layers the later one takes out what the earlier one had. Both in one layer is
//! an error, which whoever reads the settings reports.

use super::document::{Table, Value};

/// The dotted keys that a key excludes, whatever they are set to.
pub(super) fn rivals(key: &str) -> &'static [&'static str] {
    match key {
        "load.rate" => &["load.think", "load.stages"],
        "load.think" => &["load.rate"],
        "load.stages" => &["load.rate", "run.measure", "run.count"],
        "run.measure" => &["load.stages", "run.count"],
        "run.count" => &["run.measure", "load.stages"],
        _ => &[],
    }
}

/// Whether a dotted key is set.
pub(super) fn stands(table: &Table, key: &str) -> bool {
    table.find(&parts(key)).is_some()
}

/// Takes out of `base` what `over` excludes, before the one is laid over the other. Returns the keys.
pub(super) fn make_room(base: &mut Table, over: &Table) -> Vec<&'static str> {
    let mut out = Vec::new();
    for key in ["load.rate", "load.think", "load.stages", "run.measure", "run.count"] {
        let Some(entry) = over.find(&parts(key)) else { continue };
        let by_kind: &[&str] = match (key, &entry.node.value) {
            // Without the rate they would mean nothing.
            ("load.think", _) => &["load.arrivals"],
            ("load.stages", Value::List(_)) if sets_in_stages(over, "rate") => &["load.think"],
            ("load.stages", Value::List(_)) if sets_in_stages(over, "clients") => &["load.clients", "load.arrivals"],
            _ => &[],
        };
        for rival in rivals(key).iter().chain(by_kind) {
            // What the layer sets itself is for its reader to judge.
            if !stands(over, rival) && remove(base, &parts(rival)) {
                out.push(*rival);
            }
        }
    }
    out
}

/// Whether a stage of `[load]` sets a key.
pub(super) fn sets_in_stages(root: &Table, key: &str) -> bool {
    let Some(Value::List(stages)) = root.find(&["load", "stages"]).map(|entry| &entry.node.value) else { return false };
    stages.iter().any(|stage| matches!(&stage.value, Value::Table(stage) if stage.get(key).is_some()))
}

fn parts(key: &str) -> Vec<&str> {
    key.split('.').collect()
}

fn remove(table: &mut Table, path: &[&str]) -> bool {
    match path {
        [] => false,
        [name] => {
            let before = table.entries.len();
            table.entries.retain(|entry| entry.key != *name);
            table.entries.len() < before
        }
        [name, rest @ ..] => match table.get_mut(name).map(|entry| &mut entry.node.value) {
            Some(Value::Table(inner)) => remove(inner, rest),
            _ => false,
        },
    }
}
