//! Load, run, topology, connections, mix, compare: settings of plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::diagnostic::problem;
use super::super::document::{Node, Table, Value};
use super::super::plan::{
    ClonePlan, ExternalPlan, LinkPlan, LoadPlan, Place, ProbesPlan, Protocol, RunPlan, TopologyPlan,
};
use super::super::read::{At, Context, optional, shown};
use super::super::shape::is_incomplete;
use super::load;
use crate::words::target_has_password;

/// Settings of the servers that the topology itself needs.
const OWN_SETTINGS: [&str; 9] = [
    "port",
    "listen_addresses",
    "unix_socket_directories",
    "unix_socket_permissions",
    "data_directory",
    "hba_file",
    "ident_file",
    "config_file",
    "external_pid_file",
];

/// What a slice of a variant needs.
#[derive(Clone, Debug)]
pub(in crate::workload) struct SliceSpec {
    pub(in crate::workload) link: LinkPlan,
    pub(in crate::workload) load: LoadPlan,
    pub(in crate::workload) warmup: Duration,
    pub(in crate::workload) measure: Duration,
    pub(in crate::workload) count: Option<u64>,
    pub(in crate::workload) drain: Duration,
    pub(in crate::workload) clone: ClonePlan,
    pub(in crate::workload) workers: Option<u32>,
}

/// Operations with weights, by name.
pub(in crate::workload) type MixSpec = (Place, Vec<(At<String>, f64)>);

/// `[compare]`.
#[derive(Clone, Debug, Default)]
pub(in crate::workload) struct CompareSpec {
    pub(in crate::workload) baseline: Option<At<String>>,
    pub(in crate::workload) same_answer: Option<At<bool>>,
    pub(in crate::workload) answer_draws: Option<u32>,
    pub(in crate::workload) margin: Option<f64>,
}

/// Reads `[load]`, `[run]` and the link, with defaults.
pub(in crate::workload) fn slice(root: &Table, context: Context<'_>) -> SliceSpec {
    let (load, length) = load::read(root, context);
    let count = load::count(root, &load, context);
    let duration = |key: &str| optional(root.find(&["run", key]), |key, node| context.duration(key, node));
    let workers = optional(root.find(&["run", "workers"]), |key, node| context.integer(key, node, 1..=1024));
    let clone = optional(root.find(&["run", "clone"]), |key, node| context.word(key, node, &["slice", "variant"]));
    SliceSpec {
        clone: if clone == Some("variant") { ClonePlan::Variant } else { ClonePlan::Slice },
        link: link(root, context),
        load,
        warmup: duration("warmup").unwrap_or(Duration::from_millis(500)),
        measure: if count.is_some() { Duration::ZERO } else { length },
        count,
        drain: duration("drain").unwrap_or(Duration::from_secs(10)),
        workers: workers.and_then(|workers| u32::try_from(workers).ok()),
    }
}

fn link(root: &Table, context: Context<'_>) -> LinkPlan {
    const MAX_RTT: Duration = Duration::from_secs(10);
    let key = |key: &str| root.find(&["topology", "link", key]);
    let rtt = optional(key("rtt"), |key, node| context.duration(key, node)).unwrap_or_default();
    let jitter = optional(key("jitter"), |key, node| context.duration(key, node)).unwrap_or_default();
    if let Some(entry) = key("rtt").filter(|_| rtt > MAX_RTT) {
        context.sink.push(problem(&entry.node.place, format!("`rtt` must be between 0 and 10s, got {rtt:?}")));
    }
    if let Some(entry) = key("jitter").filter(|_| jitter > rtt) {
        let title = format!("`jitter` must not be more than `rtt`, got {jitter:?} for {rtt:?}");
        context.sink.push(problem(&entry.node.place, title).label("no delay can be negative"));
    }
    LinkPlan { rtt, jitter, in_path: false }
}

/// `run.rounds` and `run.seed`. What ends the rounds before, no file says: that is the business of whoever runs it.
pub(in crate::workload) fn run_plan(root: &Table, context: Context<'_>) -> RunPlan {
    let rounds = optional(root.find(&["run", "rounds"]), |key, node| context.integer(key, node, 1..=10_000));
    let seed = optional(root.find(&["run", "seed"]), |key, node| context.integer(key, node, 0..=i64::MAX));
    RunPlan {
        rounds: rounds.and_then(|rounds| u32::try_from(rounds).ok()).unwrap_or(7),
        until: None,
        seed: seed.and_then(|seed| u64::try_from(seed).ok()).unwrap_or(1),
        in_pairs: false,
    }
}

/// `topology.settings` and `topology.auth`.
pub(in crate::workload) fn topology(root: &Table, context: Context<'_>) -> TopologyPlan {
    let mut settings = BTreeMap::new();
    for entry in root.table(&["topology", "settings"]).into_iter().flat_map(|table| &table.entries) {
        let name = entry.key.as_str();
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.') {
            context.sink.push(problem(&entry.key_place, format!("`{name}` is not the name of a server setting")));
        } else if OWN_SETTINGS.contains(&name) {
            context
                .sink
                .push(problem(&entry.key_place, format!("`{name}` is set by dbbench itself")).hint("take it out"));
        } else if let Some(value) = setting(name, &entry.node, context) {
            settings.insert(name.to_owned(), value);
        }
    }
    let auth = optional(root.find(&["topology", "auth"]), |key, node| context.word(key, node, &["scram", "md5"]));
    let external = external(root, context);
    if let Some(external) = &external {
        for key in ["settings", "auth"] {
            let Some(entry) = root.find(&["topology", key]) else { continue };
            let title = format!("`{key}` is of servers that dbbench starts, and topology.external names one that runs");
            context
                .sink
                .push(problem(&entry.key_place, title).also(&external.place, "here").hint("take one of them out"));
        }
    }
    TopologyPlan { settings, md5: auth == Some("md5"), external }
}

/// `topology.external`: a connection string without a password, since files are copied and committed.
fn external(root: &Table, context: Context<'_>) -> Option<ExternalPlan> {
    let entry = root.find(&["topology", "external"])?;
    let Some(primary) = root.find(&["topology", "external", "primary"]) else {
        if !is_incomplete(&entry.node) {
            let hint = "for example `external = { primary = \"${DATABASE_URL}\" }`";
            context.sink.push(problem(&entry.key_place, "`external` names no `primary`").hint(hint));
        }
        return None;
    };
    let text = context.text("primary", &primary.node)?;
    if target_has_password(&text.value) {
        let problem = problem(&text.place, "a password does not belong in a workload file")
            .hint("name a variable of the environment, for the whole or a part: `primary = \"${DATABASE_URL}\"`")
            .hint("or leave it out: PGPASSWORD and ~/.pgpass are read");
        context.sink.push(problem);
        return None;
    }
    if text.value.trim().is_empty() {
        context.sink.push(problem(&text.place, "`primary` is empty").hint("for example `\"${DATABASE_URL}\"`"));
        return None;
    }
    Some(ExternalPlan { primary: text.value, place: text.place })
}

fn setting(name: &str, node: &Node, context: Context<'_>) -> Option<String> {
    let resolved = match context.constants.resolve(node) {
        Ok(resolved) => resolved.unwrap_or_else(|| node.clone()),
        Err(problem) => {
            context.sink.push(*problem);
            return None;
        }
    };
    match &resolved.value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Real { value, .. } => Some(value.to_string()),
        Value::Flag(value) => Some(if *value { "on" } else { "off" }.to_owned()),
        other => {
            let title =
                format!("the server setting `{name}` takes a text, a number, `true` or `false`, got {}", shown(other));
            context.sink.push(problem(&node.place, title));
            None
        }
    }
}

/// `protocol`, of a step or of all.
pub(in crate::workload) fn protocol(key: &str, node: &Node, context: Context<'_>) -> Option<Protocol> {
    match context.word(key, node, &["prepared", "extended", "simple"])? {
        "prepared" => Some(Protocol::Prepared),
        "extended" => Some(Protocol::Extended),
        _ => Some(Protocol::Simple),
    }
}

/// `[connections]`: of `mode` the default may be stated; gives the protocol.
pub(in crate::workload) fn connections(root: &Table, context: Context<'_>) -> Protocol {
    let rules: [(&str, &[&'static str], &str); 1] =
        [("mode", &["dedicated", "pooled", "per_operation"], "each client has a connection of its own")];
    for (key, words, what) in rules {
        let Some(entry) = root.find(&["connections", key]) else { continue };
        if let Some(word) = context.word(key, &entry.node, words)
            && word != words[0]
        {
            let title = format!("`{key} = \"{word}\"` is not supported by this version");
            context
                .sink
                .push(problem(&entry.node.place, title).hint(format!("`\"{}\"`, the default: {what}", words[0])));
        }
    }
    optional(root.find(&["connections", "protocol"]), |key, node| protocol(key, node, context))
        .unwrap_or(Protocol::Prepared)
}

/// `[mix]`, if there is one.
pub(in crate::workload) fn mix(root: &Table, context: Context<'_>) -> Option<MixSpec> {
    let entry = root.get("mix")?;
    let Value::Table(table) = &entry.node.value else { return None };
    let mut weights = Vec::new();
    for entry in &table.entries {
        let weight = context.real(&entry.key, &entry.node, "a weight of 0 or more", |weight| weight >= 0.0);
        weights.push((At { value: entry.key.clone(), place: entry.key_place.clone() }, weight));
    }
    let is_readable = weights.iter().all(|(_, weight)| weight.is_some());
    let weights: Vec<_> = weights.into_iter().filter_map(|(name, weight)| Some((name, weight?))).collect();
    if is_readable && !is_incomplete(&entry.node) && weights.iter().all(|(_, weight)| *weight == 0.0) {
        context.sink.push(
            problem(&entry.key_place, "the mix is empty: no operation has a weight above 0")
                .hint("for example `mix = { read = 9, write = 1 }`"),
        );
    }
    Some((entry.key_place.clone(), weights))
}

/// `[probes]`. Whatever takes a probe out: what is not taken out is there.
pub(in crate::workload) fn probes(root: &Table, context: Context<'_>) -> ProbesPlan {
    let flag = |key: &str| optional(root.find(&["probes", key]), |key, node| context.flag(key, node)).unwrap_or(true);
    let (enabled, plans) = (flag("enabled"), flag("plans"));
    ProbesPlan { plans: enabled && plans }
}

/// `[compare]`.
pub(in crate::workload) fn compare(root: &Table, context: Context<'_>) -> CompareSpec {
    let key = |key: &str| root.find(&["compare", key]);
    let draws = optional(key("answer_draws"), |key, node| context.integer(key, node, 1..=100_000));
    CompareSpec {
        baseline: optional(key("baseline"), |key, node| context.text(key, node)),
        same_answer: optional(key("same_answer"), |key, node| {
            Some(At { value: context.flag(key, node)?, place: node.place.clone() })
        }),
        answer_draws: draws.and_then(|draws| u32::try_from(draws).ok()),
        margin: optional(key("margin"), |key, node| {
            context
                .real(key, node, "above 0 and below 1, for example 0.05 for 5 %", |margin| margin > 0.0 && margin < 1.0)
        }),
    }
}
