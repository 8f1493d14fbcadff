//! `[load]` and `run.measure`: how load is offered, and for how long.

use std::time::Duration;

use super::super::diagnostic::problem;
use super::super::document::{Entry, Node, Table, Value};
use super::super::exclude;
use super::super::plan::{ArrivalsPlan, LoadPlan, RatePlan, StagePlan};
use super::super::read::{Context, optional};

/// Most clients of a workload.
const MAX_CLIENTS: i64 = 100_000;
/// Most arrivals per second: more than any client could count.
const MAX_RATE: f64 = 10_000_000.0;
/// Most arrivals of a slice; all are drawn before it, which takes about a minute for so many.
const MAX_ARRIVALS: f64 = 4e9;

/// Most operations of a slice that ends by their number.
const MAX_COUNT: i64 = 1_000_000_000_000;

/// Reads the load and the length of the measurement, with defaults.
pub(super) fn read(root: &Table, context: Context<'_>) -> (LoadPlan, Duration) {
    let key = |key: &str| root.find(&["load", key]);
    let clients = optional(key("clients"), |key, node| context.integer(key, node, 1..=MAX_CLIENTS));
    let clients = clients.and_then(|clients| u32::try_from(clients).ok()).unwrap_or(8);
    let think = optional(key("think"), |key, node| context.duration(key, node)).unwrap_or_default();
    let words = ["constant", "poisson"];
    let arrivals = match optional(key("arrivals"), |key, node| context.word(key, node, &words)) {
        Some("constant") => ArrivalsPlan::Constant,
        _ => ArrivalsPlan::Poisson,
    };
    let measure = root.find(&["run", "measure"]);
    let length = optional(measure, |key, node| context.duration_above_zero(key, node));
    let length = length.unwrap_or(Duration::from_secs(2));
    if let Some(entry) = key("stages") {
        excludes(entry, measure, "the stages give the length of the measurement", context);
        excludes(entry, key("rate"), "the stages give the rate", context);
        let stages = stages(entry, context);
        let length = stages.iter().map(|stage| stage.length).sum();
        return if exclude::sets_in_stages(root, "rate") {
            excludes(entry, key("think"), "in an open loop nobody thinks: operations arrive", context);
            let rate = RatePlan::Stages(stages);
            check_count(entry, &rate, length, context);
            (LoadPlan::Open { clients, arrivals, rate }, length)
        } else {
            excludes(entry, key("clients"), "the stages give the number of clients", context);
            without_rate(key("arrivals"), context);
            (LoadPlan::ClosedStages { stages, think }, length)
        };
    }
    let Some(entry) = key("rate") else {
        without_rate(key("arrivals"), context);
        return (LoadPlan::Closed { clients, think }, length);
    };
    excludes(entry, key("think"), "in an open loop nobody thinks: operations arrive", context);
    let steady = rate(&entry.key, &entry.node, "above 0 and at most 10 million per second", |rate| rate > 0.0, context);
    // Without a rate that can be read there is a problem to report, and no plan.
    let rate = RatePlan::Steady(steady.unwrap_or(1.0));
    check_count(entry, &rate, length, context);
    (LoadPlan::Open { clients, arrivals, rate }, length)
}

/// Reads `run.count`: operations of a slice, where their number and not a time ends it.
pub(super) fn count(root: &Table, load: &LoadPlan, context: Context<'_>) -> Option<u64> {
    let entry = root.find(&["run", "count"])?;
    excludes(entry, root.find(&["run", "measure"]), "the count says when a slice ends", context);
    match load {
        LoadPlan::Closed { .. } => {}
        LoadPlan::ClosedStages { .. } => {
            excludes(entry, root.find(&["load", "stages"]), "the count says when a slice ends", context);
        }
        LoadPlan::Open { .. } => {
            let problem = problem(&entry.key_place, "`count` is about closed loops, and this load has a rate");
            let hint = "a rate over a time has its own count: give `measure`, or take the rate out";
            context
                .sink
                .push(problem.label("in an open loop operations arrive for so long as it is measured").hint(hint));
        }
    }
    let count = context.integer(&entry.key, &entry.node, 1..=MAX_COUNT)?;
    u64::try_from(count).ok()
}

fn excludes(entry: &Entry, other: Option<&Entry>, why: &str, context: Context<'_>) {
    if let Some(other) = other {
        let title = format!("`{}` and `{}` exclude each other", entry.key, other.key);
        context.sink.push(
            problem(&entry.key_place, title)
                .label(why)
                .also(&other.key_place, "set here")
                .hint(format!("take `{}` out", other.key)),
        );
    }
}

fn without_rate(arrivals: Option<&Entry>, context: Context<'_>) {
    if let Some(entry) = arrivals {
        let problem = problem(&entry.key_place, "`arrivals` is about open loops, but there is no rate");
        context.sink.push(problem.hint("give one, for example `rate = 500`, or take `arrivals` out"));
    }
}

/// Arrivals per second: a number, also as arithmetic over constants or with its unit, `"4000/s"`.
fn rate(name: &str, node: &Node, rule: &str, holds: impl Fn(f64) -> bool, context: Context<'_>) -> Option<f64> {
    let holds = |rate: f64| holds(rate) && rate <= MAX_RATE;
    let with_unit = match &node.value {
        Value::Text(text) => text.trim().strip_suffix("/s").map(|number| number.trim().replace('_', "")),
        _ => None,
    };
    let Some(number) = with_unit.and_then(|number| number.parse::<f64>().ok()) else {
        return context.real(name, node, rule, holds);
    };
    if number.is_finite() && holds(number) {
        return Some(number);
    }
    context.sink.push(problem(&node.place, format!("`{name}` must be {rule}, got {number}")));
    None
}

fn check_count(entry: &Entry, rate: &RatePlan, length: Duration, context: Context<'_>) {
    let arrivals = rate.arrivals(length);
    if arrivals > MAX_ARRIVALS {
        let title = format!("a slice may have 4 billion operations, but these would be {:.0} billion", arrivals / 1e9);
        context.sink.push(problem(&entry.node.place, title).hint("measure for a shorter time, or at a lower rate"));
    }
}

/// All stages that can be read.
fn stages(entry: &Entry, context: Context<'_>) -> Vec<StagePlan> {
    let Value::List(nodes) = &entry.node.value else { return Vec::new() };
    let tables: Vec<(&Node, &Table)> = nodes
        .iter()
        .filter_map(|node| match &node.value {
            Value::Table(table) => Some((node, table)),
            _ => None,
        })
        .collect();
    let is_open = tables.iter().any(|(_, table)| table.get("rate").is_some());
    let stages: Vec<Option<StagePlan>> =
        tables.iter().map(|(node, table)| stage(node, table, is_open, context)).collect();
    let is_readable = stages.len() == nodes.len() && stages.iter().all(Option::is_some);
    let stages: Vec<StagePlan> = stages.into_iter().flatten().collect();
    if is_readable && stages.iter().all(|stage| stage.to == 0.0) {
        let title = match nodes.is_empty() {
            true => "there are no stages",
            false => "every stage is at 0, so nothing would run",
        };
        context.sink.push(
            problem(&entry.node.place, title)
                .hint("for example `stages = [{ for = \"10s\", rate = 500, ramp = true }]`"),
        );
    }
    stages
}

fn stage(node: &Node, table: &Table, is_open: bool, context: Context<'_>) -> Option<StagePlan> {
    let length = table.get("for");
    let ramp = optional(table.get("ramp"), |key, node| context.flag(key, node));
    let (wanted, other) = if is_open { ("rate", "clients") } else { ("clients", "rate") };
    if let Some(entry) = table.get(other).filter(|_| is_open) {
        let problem = problem(&entry.key_place, "a stage has a `rate` or `clients`, and all stages have the same");
        context.sink.push(problem.hint("`load.clients` limits how many operations of an open loop run at once"));
        return None;
    }
    for key in ["for", wanted] {
        if table.get(key).is_none() && !table.incomplete {
            let example = if is_open { "{ for = \"10s\", rate = 500 }" } else { "{ for = \"10s\", clients = 8 }" };
            let problem = problem(&node.place, format!("a stage needs `{key}`"));
            context.sink.push(problem.hint(format!("for example `{example}`")));
        }
    }
    let length = optional(length, |key, node| context.duration_above_zero(key, node));
    let to = optional(table.get(wanted), |key, node| match is_open {
        true => rate(key, node, "between 0 and 10 million per second", |rate| rate >= 0.0, context),
        #[expect(clippy::cast_precision_loss, reason = "at most 100,000")]
        false => context.integer(key, node, 0..=MAX_CLIENTS).map(|clients| clients as f64),
    });
    Some(StagePlan { length: length?, to: to?, ramp: ramp.unwrap_or(false) })
}
