//! Two plans of one workload as one: every variant twice, side a and side b of it next to each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::cli::run::{alternating, hashed};
use crate::result::sides::{Difference, SIDE_MARK};
use crate::words::redacted;
use crate::workload::plan::{JudgementPlan, Plan};

/// Keys whose change is meant to change what is answered.
const ANSWERS: [&str; 5] = ["dataset", "constants", "params", "operations", "mix"];
/// The one among them that is for indexes and the like.
const SAME_ANSWERS: &str = "dataset.after_load";

/// The two sides.
#[derive(Debug)]
pub struct Both {
    /// Each by itself, with the names that its variants have in both.
    pub sides: [Plan; 2],
    /// All that is run.
    pub plan: Plan,
    /// The keys that differ.
    pub differ: Vec<Difference>,
}

impl Both {
    /// Puts them together. Both come from one file, so that their variants are the same in number and order.
    pub fn of(mut a: Plan, mut b: Plan) -> Self {
        let differ = differences(&a.resolved, &b.resolved);
        // Where the link varies, its proxy is a part of every variant: only the delay may differ.
        let links = |plan: &Plan| plan.variants.iter().map(|variant| variant.link).collect::<Vec<_>>();
        if links(&a) != links(&b) {
            let variants = a.variants.iter_mut().chain(&mut b.variants);
            variants.for_each(|variant| variant.link.in_path = true);
        }
        for (plan, side) in [(&mut a, "a"), (&mut b, "b")] {
            for variant in &mut plan.variants {
                variant.name = format!("{}{SIDE_MARK}{side}", variant.name);
            }
        }
        let plan = both(&a, &b, &differ);
        for side in [&mut a, &mut b] {
            (side.compare.same_answer, side.compare.within_sides) =
                (plan.compare.same_answer, plan.compare.within_sides);
        }
        Self { sides: [a, b], plan, differ }
    }

    /// Whether one server and one load of the data do for both, wherever the server comes from.
    pub fn need_the_same(&self) -> bool {
        let needed = |plan: &Plan| {
            let topology = &plan.topology;
            let external = topology.external.as_ref().map(|external| external.primary.clone());
            let dataset = plan.dataset.as_ref().map(|dataset| dataset.hash.clone());
            (topology.settings.clone(), topology.md5, external, dataset)
        };
        needed(&self.sides[0]) == needed(&self.sides[1])
    }

    /// Rows per table of each side, where they differ.
    pub fn rows(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let [a, b] = &self.sides;
        let rows = |plan: &Plan| -> BTreeMap<String, u64> {
            let tables = plan.dataset.iter().flat_map(|dataset| &dataset.tables);
            tables.map(|table| (table.name.clone(), table.rows)).collect()
        };
        match (rows(a), rows(b)) {
            (a, b) if a == b => BTreeMap::new(),
            (a, b) => BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]),
        }
    }
}

fn both(a: &Plan, b: &Plan, differ: &[Difference]) -> Plan {
    let mut plan = a.clone();
    plan.variants = alternating(a.variants.clone(), b.variants.clone());
    plan.run.in_pairs = true;
    plan.claims = judgements(&a.claims);
    plan.expectations = judgements(&a.expectations);
    plan.compare.baseline = 2 * a.compare.baseline;
    plan.compare.same_answer = compares_answers(&plan);
    let changes_answers =
        |key: &str| ANSWERS.contains(&key.split('.').next().unwrap_or_default()) && key != SAME_ANSWERS;
    let meant = differ.iter().find(|difference| changes_answers(&difference.what));
    plan.compare.within_sides = plan.compare.same_answer && meant.is_some();
    if let Some(difference) = meant.filter(|_| plan.compare.same_answer) {
        plan.warnings.push(format!(
            "the sides differ in {}, so that they are meant to answer differently: answers are not compared between them",
            difference.what
        ));
    }
    plan.warnings.extend(b.warnings.iter().filter(|warning| !a.warnings.contains(warning)).cloned());
    // A run of two sides is another measurement than one of either.
    plan.workload_hash = hashed(&("sides", &a.workload_hash, &b.workload_hash));
    plan.topology_hash = hashed(&("sides", &a.topology_hash, &b.topology_hash));
    for (key, origin) in &b.origins {
        let known = plan.origins.entry(key.clone()).or_insert_with(|| origin.clone());
        if known != origin {
            *known = format!("{known} and {origin}");
        }
    }
    if let Json::Object(resolved) = &mut plan.resolved {
        let own = |difference: &Difference| (difference.what.clone(), json!(difference.b));
        let own: serde_json::Map<String, Json> = differ.iter().map(own).collect();
        resolved.insert("sides".to_owned(), json!({ "b": own }));
    }
    plan
}

/// A judgement holds for each side by itself.
fn judgements(of: &[JudgementPlan]) -> Vec<JudgementPlan> {
    let on = |judgement: &JudgementPlan, side: usize| JudgementPlan {
        variant: 2 * judgement.variant + side,
        against: 2 * judgement.against + side,
        ..judgement.clone()
    };
    of.iter().flat_map(|judgement| [on(judgement, 0), on(judgement, 1)]).collect()
}

/// Also where the file has one variant only, which is compared with nothing there.
fn compares_answers(plan: &Plan) -> bool {
    let is_off = plan.resolved.pointer("/compare/same_answer") == Some(&Json::Bool(false));
    let answers = |plan: &Plan| plan.variants.iter().flat_map(|of| &of.operations).any(|of| of.answer.is_some());
    !is_off && answers(plan)
}

/// Dotted keys whose values differ.
fn differences(a: &Json, b: &Json) -> Vec<Difference> {
    let (mut of_a, mut of_b) = (BTreeMap::new(), BTreeMap::new());
    flatten("", a, &mut of_a);
    flatten("", b, &mut of_b);
    let keys: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
    let keys = keys.into_iter().filter(|key| of_a.get(*key) != of_b.get(*key));
    keys.map(|key| Difference { what: key.clone(), a: of_a.get(key).cloned(), b: of_b.get(key).cloned() }).collect()
}

fn flatten(path: &str, value: &Json, keys: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, keys);
            }
        }
        Json::String(text) => {
            keys.insert(path.to_owned(), redacted(text));
        }
        plain => {
            keys.insert(path.to_owned(), redacted(&plain.to_string()));
        }
    }
}

#[cfg(test)]
#[path = "both_tests.rs"]
mod tests;
