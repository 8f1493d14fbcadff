//! The server's plans, folded, a block per variant and a fold per statement.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::report::{Inputs, format, wording};
use crate::result::plans::{PlanList, PlanRecord};

/// All plans.
#[derive(Debug, Serialize)]
pub(super) struct Plans {
    taken: String,
    variants: Vec<VariantPlans>,
    notes: Vec<String>,
}

/// Those of a variant.
#[derive(Debug, Serialize)]
struct VariantPlans {
    variant: String,
    /// Which nodes the baseline does not have, and the other way round.
    differs: Option<String>,
    statements: Vec<StatementView>,
}

/// That of a statement.
#[derive(Debug, Serialize)]
struct StatementView {
    name: String,
    /// Nodes and figures in one line.
    line: String,
    note: Option<String>,
    text: String,
}

/// `None` where none were taken.
pub(super) fn plans(inputs: &Inputs<'_>) -> Option<Plans> {
    let list = inputs.plans?;
    let variants = inputs.summary.variants.iter().filter_map(|variant| {
        let own = list.plans.iter().filter(|plan| plan.variant == variant.name);
        let statements: Vec<StatementView> = own.map(statement).collect();
        (!statements.is_empty()).then(|| VariantPlans {
            variant: wording::variant_name(variant),
            differs: inputs
                .summary
                .against(&variant.name)
                .and_then(|against| differs(&nodes(list, &variant.name), &nodes(list, against), against)),
            statements,
        })
    });
    Some(Plans { taken: list.taken.clone(), variants: variants.collect(), notes: list.notes.clone() })
}

fn nodes<'a>(list: &'a PlanList, variant: &str) -> BTreeSet<&'a str> {
    let own = list.plans.iter().filter(|plan| plan.variant == variant);
    own.flat_map(|plan| &plan.node_names).map(String::as_str).collect()
}

fn differs(own: &BTreeSet<&str>, baseline: &BTreeSet<&str>, name: &str) -> Option<String> {
    if own.is_empty() || baseline.is_empty() {
        return None;
    }
    let only = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.difference(b).copied().collect::<Vec<_>>().join(", ");
    let (more, fewer) = (only(own, baseline), only(baseline, own));
    match (more.is_empty(), fewer.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("Not in {name}: {more}.")),
        (true, false) => Some(format!("Only in {name}: {fewer}.")),
        (false, false) => Some(format!("Not in {name}: {more}. Only there: {fewer}.")),
    }
}

fn statement(plan: &PlanRecord) -> StatementView {
    let mut parts: Vec<String> = plan.nodes.iter().cloned().collect();
    parts.extend(plan.execution_us.map(|us| format!("{} to execute", format::time_us(us))));
    if let (Some(hit), Some(read)) = (plan.shared_hit, plan.shared_read) {
        parts.push(format!("pages: {} hit, {} read", format::count(hit), format::count(read)));
    }
    StatementView {
        name: format!("{}, statement {}", plan.operation, plan.statement),
        line: parts.join("; "),
        note: plan.note.clone(),
        text: plan.text.trim_end().to_owned(),
    }
}
