//! Claims and expectations: the variants, operations and jobs that they name must exist where they look for them.

use super::super::diagnostic::{Sink, did_you_mean, problem};
use super::super::plan::{Bound, JudgementPlan, VariantPlan};
use super::super::read::At;
use super::super::spec::{JudgementSpec, unknown_metric};
use crate::words::Metric;

/// Looks up the names of claims or expectations.
pub(in crate::workload) fn judgements(
    specs: Vec<JudgementSpec>,
    variants: &[VariantPlan],
    baseline: Option<usize>,
    sink: &Sink,
) -> Vec<JudgementPlan> {
    specs.into_iter().filter_map(|spec| judgement(spec, variants, baseline, sink)).collect()
}

/// The variant of that name.
pub(in crate::workload) fn variant(name: &At<String>, variants: &[VariantPlan], sink: &Sink) -> Option<usize> {
    let found = variants.iter().position(|variant| variant.name == name.value);
    if found.is_none() {
        let hint = did_you_mean(&name.value, variants.iter().map(|variant| variant.name.as_str()));
        sink.push(problem(&name.place, format!("there is no variant `{}`", name.value)).maybe_hint(hint));
    }
    found
}

fn judgement(
    spec: JudgementSpec,
    variants: &[VariantPlan],
    baseline: Option<usize>,
    sink: &Sink,
) -> Option<JudgementPlan> {
    let index = variant(&spec.variant, variants, sink);
    let against = match &spec.against {
        Some(name) => variant(name, variants, sink),
        None => baseline,
    };
    let (index, against) = (index?, against?);
    let is_ratio = matches!(spec.bound.value, Bound::Ratio(_));
    if is_ratio && index == against {
        let title = format!("the variant `{}` is compared with itself: the ratio is 1", variants[index].name);
        let place = spec.against.as_ref().map_or(&spec.variant.place, |against| &against.place);
        sink.push(
            problem(place, title)
                .hint("name another variant with `against`, or bound the value: `value = { at_most = … }`"),
        );
    }
    let compared: &[usize] = if is_ratio && index != against { &[index, against] } else { &[index] };
    let operations = |variant: usize| variants[variant].operations.iter();
    if let Some(name) = &spec.operation {
        for variant in compared {
            let known = operations(*variant).map(|operation| operation.name.as_str());
            missing(name, "operation", &variants[*variant].name, known, sink);
        }
    }
    if let Some(name) = &spec.job {
        for variant in compared {
            let known = operations(*variant).map(|operation| operation.job.as_str());
            missing(name, "job", &variants[*variant].name, known, sink);
        }
    }
    metric_of_a_name(&spec, variants, compared, sink)?;
    Some(JudgementPlan {
        claim: spec.claim,
        source: spec.source,
        variant: index,
        operation: spec.operation.map(|name| name.value),
        job: spec.job.map(|name| name.value),
        metric: spec.metric.value,
        against,
        bound: spec.bound.value,
        place: spec.place,
    })
}

/// Metrics that a workload names itself must be there in every variant that is compared; `None` after a problem that
/// leaves nothing to judge.
fn metric_of_a_name(spec: &JudgementSpec, variants: &[VariantPlan], compared: &[usize], sink: &Sink) -> Option<()> {
    if let Metric::Record(name, _) = &spec.metric.value {
        for variant in compared {
            let records = variants[*variant].records();
            if !records.contains(&name.as_str()) {
                let problem = unknown_metric(&spec.metric.value.name(), &spec.metric.place, &records);
                let hint = format!(
                    "no step of the variant `{}` has `record = {{ {name} = \"column\" }}`",
                    variants[*variant].name
                );
                sink.push(problem.hint(hint));
                return None;
            }
        }
    }
    if let Metric::Check(name) = &spec.metric.value {
        for variant in compared {
            let known = variants[*variant].checks.iter().map(|check| check.name.as_str());
            missing_check(name, spec, &variants[*variant].name, known, sink);
        }
    }
    if let Metric::Background(name, _) = &spec.metric.value {
        for variant in compared {
            let known = variants[*variant].background.iter().flat_map(|background| &background.list);
            let known = known.map(|background| background.name.as_str());
            if !known.clone().any(|known| known == name) {
                let title = format!("the variant `{}` has no background `{name}`", variants[*variant].name);
                sink.push(problem(&spec.place, title).maybe_hint(did_you_mean(name, known)));
            }
        }
    }
    Some(())
}

fn missing_check<'a>(
    name: &str,
    spec: &JudgementSpec,
    variant: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
    sink: &Sink,
) {
    if let Some(of) = spec.operation.as_ref().or(spec.job.as_ref()) {
        let title = "a check is about the whole slice, not about one operation or job";
        sink.push(problem(&of.place, title).hint("take it out"));
    }
    let all = known.clone();
    if !known.any(|known| known == name) {
        let title = format!("the variant `{variant}` has no check `{name}`");
        sink.push(problem(&spec.place, title).maybe_hint(did_you_mean(name, all)));
    }
}

fn missing<'a>(
    name: &At<String>,
    what: &str,
    variant: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
    sink: &Sink,
) {
    let all = known.clone();
    if known.any(|known| known == name.value) {
        return;
    }
    let title = format!("the mix of the variant `{variant}` has no {what} `{}`", name.value);
    sink.push(problem(&name.place, title).maybe_hint(did_you_mean(&name.value, all)));
}
