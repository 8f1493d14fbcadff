//! Claims and expectations: whether what is required holds, on the interval or round by round.

use super::checks::{Unanswered, unanswered};
use super::failed::hide_the_job;
use super::figure::{Scope, pairs, resolution, values};
use super::look::looks;
use super::missing::missing;
use crate::result::run::{Bound, Judgement, Limit, RunRecord};
use crate::result::slice::SliceRecord;
use crate::result::summary::{Finding, Judged};
use crate::stats::{Estimate, Interval, Looks, MIN_ROUNDS};
use crate::words::{Metric, RecordFigure, counted};

/// Figures are sums and quotients of floating-point numbers: this much relative difference is none.
const ROUNDING: f64 = 1e-9;

/// The finding about one claim or expectation.
pub(super) fn judge(run: &RunRecord, slices: &[SliceRecord], judgement: &Judgement) -> Judged {
    let scope = Scope { operation: judgement.operation.as_deref(), job: judgement.job.as_deref() };
    let metric = Metric::of_results(&judgement.metric);
    let (limit, is_ratio) = match judgement.bound {
        Bound::Ratio(limit) => (limit, true),
        Bound::Value(limit) => (limit, false),
    };
    let mut judged = Judged {
        claim: judgement.claim.clone(),
        source: judgement.source.clone(),
        variant: judgement.variant.clone(),
        operation: judgement.operation.clone(),
        job: judgement.job.clone(),
        metric: judgement.metric.clone(),
        against: is_ratio.then(|| judgement.against.clone()),
        required: required(limit, !is_ratio && metric.as_ref().is_some_and(Metric::is_time)),
        point: run.variants.iter().find(|v| v.name == judgement.variant).map(|v| v.point.clone()).unwrap_or_default(),
        ..Judged::default()
    };
    // A metric that this version does not know leaves the claim undecided.
    let Some(metric) = metric else { return judged };
    let against = is_ratio.then_some(judgement.against.as_str());
    let sides: Vec<&str> = std::iter::once(judgement.variant.as_str()).chain(against).collect();
    let unanswered = unanswered(slices, &sides, &metric);
    if is_ratio {
        let pairs = pairs(slices, &judgement.variant, &judgement.against, &metric, scope);
        judged.rounds = pairs.len() as u32;
        by_ratio(&mut judged, &pairs, limit, resolution(run, &metric), looks(run));
        if !unanswered.is_empty() {
            judged.verdict = Finding::Undecided;
        }
    } else {
        let values = values(slices, &judgement.variant, &metric, scope);
        judged.rounds = (values.len() + unanswered.len()) as u32;
        if matches!(limit, Limit::Equals(_)) || is_count(&metric) {
            round_by_round(&mut judged, &values, unanswered.len(), limit);
        } else {
            by_interval(&mut judged, looks(run).value(&values, resolution(run, &metric)), limit);
        }
    }
    judged.reason = judged.reason.or_else(|| without_answer(&unanswered));
    if let Some(reason) = undecidable(run, slices, &sides, &metric, scope) {
        judged.verdict = Finding::Undecided;
        judged.reason = Some(reason);
        return judged;
    }
    // With an interval, that shows by itself why.
    if judged.verdict == Finding::Undecided && judged.ci_low.is_none() && judged.reason.is_none() {
        judged.reason = missing(slices, judgement, &metric, scope, judged.rounds);
    }
    judged
}

/// Why nothing follows from the figures, whatever they are.
fn undecidable(
    run: &RunRecord,
    slices: &[SliceRecord],
    sides: &[&str],
    metric: &Metric,
    scope: Scope<'_>,
) -> Option<String> {
    if run.null_target {
        return Some("the target is the null driver: there is no server to judge".to_owned());
    }
    hide_the_job(slices, sides, metric, scope)
}

/// That a check could not be answered, and what was found instead the first time.
fn without_answer(unanswered: &Unanswered<'_>) -> Option<String> {
    let (slice, check) = unanswered.first()?;
    let rounds = counted(unanswered.len(), "round");
    Some(format!("the check had no answer in {rounds}; round {} of {}: {}", slice.round, slice.variant, check.found))
}

/// Counts and checks are judged round by round: one round that violates is one too many, whatever the others say.
fn is_count(metric: &Metric) -> bool {
    match metric {
        Metric::Failures(_) | Metric::Check(_) | Metric::Record(_, RecordFigure::Count | RecordFigure::Nulls) => true,
        Metric::Background(_, metric) => is_count(metric),
        _ => false,
    }
}

fn required(limit: Limit, is_time: bool) -> String {
    let (word, bound) = match limit {
        Limit::AtMost(bound) => ("at_most", bound),
        Limit::AtLeast(bound) => ("at_least", bound),
        Limit::Equals(bound) => ("equals", bound),
    };
    format!("{word} {bound}{}", if is_time { " us" } else { "" })
}

fn by_ratio(judged: &mut Judged, pairs: &[(f64, f64)], limit: Limit, resolution: f64, looks: Looks) {
    if let Some(ratio) = looks.ratio(pairs, resolution) {
        return by_interval(judged, Some(ratio), limit);
    }
    // Nothing is at most any share of nothing; that it is at least or as much as one, nobody saw.
    if !pairs.is_empty() && !matches!(limit, Limit::AtMost(_)) && pairs.iter().all(|pair| *pair == (0.0, 0.0)) {
        judged.reason =
            Some("it is 0 in every round of both: a ratio of nothing to nothing decides nothing".to_owned());
        return;
    }
    // A zero has no ratio, but "at most r of it" is "what exceeds r times it is at most nothing".
    let (Limit::AtMost(bound) | Limit::AtLeast(bound) | Limit::Equals(bound)) = limit;
    let scaled: Vec<(f64, f64)> = pairs.iter().map(|(figure, against)| (*figure, against * bound)).collect();
    let against: f64 = pairs.iter().map(|(_, against)| against).sum();
    judged.observed = (against > 0.0).then(|| pairs.iter().map(|(figure, _)| figure).sum::<f64>() / against);
    if let Some(interval) = looks.difference(&scaled).and_then(|excess| excess.interval) {
        judged.verdict = on_interval(interval, to_zero(limit));
    }
}

fn to_zero(limit: Limit) -> Limit {
    match limit {
        Limit::AtMost(_) => Limit::AtMost(0.0),
        Limit::AtLeast(_) => Limit::AtLeast(0.0),
        Limit::Equals(_) => Limit::Equals(0.0),
    }
}

fn by_interval(judged: &mut Judged, estimate: Option<Estimate>, limit: Limit) {
    let Some(estimate) = estimate else { return };
    judged.observed = Some(estimate.value);
    if let Some(interval) = estimate.interval {
        (judged.ci_low, judged.ci_high) = (Some(interval.low), Some(interval.high));
        judged.verdict = on_interval(interval, limit);
    }
}

/// Holds when all of the interval satisfies the bound, refuted when none of it does.
fn on_interval(interval: Interval, limit: Limit) -> Finding {
    match (satisfies(interval.low, limit), satisfies(interval.high, limit)) {
        (true, true) => Finding::Holds,
        (false, false) => Finding::Refuted,
        _ => Finding::Undecided,
    }
}

fn satisfies(value: f64, limit: Limit) -> bool {
    let slack = |bound: f64| bound.abs() * ROUNDING;
    match limit {
        Limit::AtMost(bound) => value <= bound + slack(bound),
        Limit::AtLeast(bound) => value >= bound - slack(bound),
        Limit::Equals(bound) => (value - bound).abs() <= slack(bound),
    }
}

/// Counts and `equals`: every round must satisfy the bound. A round whose check was not answered satisfies none.
fn round_by_round(judged: &mut Judged, values: &[f64], unanswered: usize, limit: Limit) {
    judged.observed = Looks::Once.value(values, 0.0).map(|_| values.iter().sum::<f64>() / values.len() as f64);
    let rounds = values.len() + unanswered;
    if rounds < MIN_ROUNDS {
        return;
    }
    let satisfied = values.iter().filter(|value| satisfies(**value, limit)).count();
    judged.verdict = match limit {
        _ if satisfied == rounds => Finding::Holds,
        Limit::AtMost(_) | Limit::Equals(_) => Finding::Refuted,
        Limit::AtLeast(_) if satisfied == 0 => Finding::Refuted,
        Limit::AtLeast(_) => Finding::Undecided,
    };
}
