//! `[[claim]]` and `[[expect]]`.

use super::super::diagnostic::{Diagnostic, did_you_mean, problem};
use super::super::document::{Entry, Node, Table, Value};
use super::super::plan::{Bound, Limit, Place};
use super::super::read::{At, Context, optional};
use crate::param::Number;
use crate::words::{Metric, UnknownMetric};

/// A claim or an expectation; names of variants, operations and jobs not looked up yet.
#[derive(Clone, Debug)]
pub(in crate::workload) struct JudgementSpec {
    pub(in crate::workload) claim: String,
    pub(in crate::workload) source: Option<String>,
    pub(in crate::workload) variant: At<String>,
    pub(in crate::workload) operation: Option<At<String>>,
    pub(in crate::workload) job: Option<At<String>>,
    pub(in crate::workload) metric: At<Metric>,
    pub(in crate::workload) against: Option<At<String>>,
    pub(in crate::workload) bound: BoundSpec,
    pub(in crate::workload) place: Place,
}

/// The bound, and where its key stands.
pub(in crate::workload) type BoundSpec = At<Bound>;

/// Reads all `[[claim]]` or all `[[expect]]`.
pub(in crate::workload) fn judgements(root: &Table, key: &str, context: Context<'_>) -> Vec<JudgementSpec> {
    let Some(Value::List(nodes)) = root.get(key).map(|entry| &entry.node.value) else { return Vec::new() };
    nodes.iter().filter_map(|node| judgement(key, node, context)).collect()
}

fn judgement(kind: &str, node: &Node, context: Context<'_>) -> Option<JudgementSpec> {
    let Value::Table(table) = &node.value else { return None };
    let text = |key: &str| optional(table.get(key), |key, node| context.text(key, node));
    let needed = |key: &str, example: &str| {
        if table.get(key).is_none() && !table.incomplete {
            let problem = problem(&node.place, format!("[[{kind}]] needs `{key}`"));
            context.sink.push(problem.hint(format!("for example `{example}`")));
        }
    };
    needed("claim", "claim = \"one JOIN takes less than a third of N+1\"");
    needed("variant", "variant = \"join\"");
    needed("metric", "metric = \"response.p50\"");
    let claim = text("claim");
    let variant = text("variant");
    let metric = optional(table.get("metric"), |key, node| metric(key, node, context));
    let (operation, job) = (text("operation"), text("job"));
    if let (Some(_), Some(job)) = (&operation, &job) {
        context.sink.push(problem(&job.place, "`operation` and `job` exclude each other").hint("keep one of the two"));
    }
    let against = table.get("against").and_then(|entry| match &entry.node.value {
        Value::Table(_) => {
            let problem = problem(&entry.node.place, "points of a sweep are not supported by this version");
            context.sink.push(problem.hint("`against = \"variant\"` compares with another variant"));
            None
        }
        _ => context.text("against", &entry.node),
    });
    let bound = bound(kind, table, node, metric.as_ref().map(|metric| &metric.value), context);
    Some(JudgementSpec {
        claim: claim?.value,
        source: text("source").map(|source| source.value),
        variant: variant?,
        operation,
        job,
        metric: metric?,
        against,
        bound: bound?,
        place: node.place.clone(),
    })
}

/// The metrics that are asked for most.
const NAMES: [&str; 12] = [
    "response.p50",
    "response.p90",
    "response.p95",
    "response.p99",
    "response.mean",
    "service.p50",
    "connect.p50",
    "goodput",
    "rows_per_s",
    "statements",
    "failures.share",
    "cpu.server",
];

/// That there is no such metric; `records` are the names that steps record under.
pub(in crate::workload) fn unknown_metric(name: &str, place: &Place, records: &[&str]) -> Diagnostic {
    let names = NAMES.iter().chain(records).copied();
    problem(place, format!("there is no metric `{name}`")).maybe_hint(did_you_mean(name, names))
}

/// A name that is none of dbbench's own may be one that a step records under: that is looked up when steps are known.
fn metric(key: &str, node: &Node, context: Context<'_>) -> Option<At<Metric>> {
    let name = context.text(key, node)?;
    let problem = match Metric::parse(&name.value) {
        Ok(metric) => return Some(At { value: metric, place: name.place }),
        Err(UnknownMetric::NotSupported) => {
            problem(&name.place, format!("the metric `{}` is not supported by this version", name.value))
        }
        Err(UnknownMetric::Meant(right)) => problem(&name.place, format!("there is no metric `{}`", name.value))
            .hint(format!("here it is called `{right}`")),
        Err(UnknownMetric::Unknown) => match Metric::record(&name.value) {
            Some(metric) => return Some(At { value: metric, place: name.place }),
            None => unknown_metric(&name.value, &name.place, &[]),
        },
    };
    context.sink.push(problem);
    None
}

fn bound(kind: &str, table: &Table, node: &Node, metric: Option<&Metric>, context: Context<'_>) -> Option<BoundSpec> {
    let example = "ratio = { at_most = 0.5 }` or `value = { at_most = \"5ms\" }";
    let entry = match (table.get("ratio"), table.get("value")) {
        (Some(entry), None) | (None, Some(entry)) => entry,
        (None, None) => {
            if !table.incomplete {
                let problem = problem(&node.place, format!("[[{kind}]] needs `ratio` or `value`"));
                context.sink.push(problem.hint(format!("for example `{example}`")));
            }
            return None;
        }
        (Some(_), Some(value)) => {
            context
                .sink
                .push(problem(&value.key_place, "`ratio` and `value` exclude each other").hint("write two claims"));
            return None;
        }
    };
    let Value::Table(limits) = &entry.node.value else { return None };
    let [limit] = limits.entries.as_slice() else {
        if !limits.incomplete {
            let problem = problem(
                &entry.node.place,
                format!("`{}` takes exactly one bound, got {}", entry.key, limits.entries.len()),
            );
            context.sink.push(problem.hint(format!("for example `{example}`")));
        }
        return None;
    };
    let is_ratio = entry.key == "ratio";
    let value = if is_ratio {
        context.real(&limit.key, &limit.node, "above 0", |ratio| ratio > 0.0)?
    } else {
        figure(limit, metric?, context)?
    };
    let limit = match limit.key.as_str() {
        "at_most" => Limit::AtMost(value),
        "at_least" => Limit::AtLeast(value),
        _ => Limit::Equals(value),
    };
    let bound = if is_ratio { Bound::Ratio(limit) } else { Bound::Value(limit) };
    Some(At { value: bound, place: entry.key_place.clone() })
}

/// A figure with the unit of its metric: times as durations, in microseconds.
fn figure(limit: &Entry, metric: &Metric, context: Context<'_>) -> Option<f64> {
    let node = &limit.node;
    if metric.is_time() {
        return context.duration(&limit.key, node).map(|duration| duration.as_secs_f64() * 1e6);
    }
    if let Value::Text(text) = &node.value
        && let Some(number) = text.strip_suffix("/s")
        && matches!(metric, Metric::Goodput | Metric::RowsPerS)
        && let Ok(value) = number.trim().replace('_', "").parse::<f64>()
        && value.is_finite()
    {
        return Some(value);
    }
    let value = match context.number(&limit.key, node)? {
        #[expect(clippy::cast_precision_loss, reason = "figures are compared as reals")]
        Number::Integer(value) => value as f64,
        Number::Real { value, .. } => value,
    };
    if value < 0.0 && !matches!(metric, Metric::Record(..) | Metric::Check(_)) {
        context.sink.push(problem(&node.place, format!("`{}` must be 0 or more, got {value}", limit.key)));
        return None;
    }
    if *metric == Metric::FailuresShare && value > 1.0 {
        context.sink.push(problem(&node.place, format!("a share is between 0 and 1, got {value}")).hint("5 % is 0.05"));
        return None;
    }
    Some(value)
}
