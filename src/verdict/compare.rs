//! Comparisons: each variant against the baseline, round by round.

use super::failed::hide_the_job;
use super::figure::{Scope, pairs, resolution};
use super::look::looks;
use super::missing::absent;
use super::sides;
use crate::result::run::{Judgement, RunRecord};
use crate::result::slice::SliceRecord;
use crate::result::summary::{Comparison, Verdict};
use crate::stats::{CONFIDENCE, Interval};
use crate::words::{Direction, Metric, Percentile, TimeKind};

/// What is compared for the whole mix whoever asks; the first is the primary one.
pub(super) const ALWAYS: [Metric; 4] = [
    Metric::Time(TimeKind::Response, Percentile::P50),
    Metric::Time(TimeKind::Response, Percentile::P99),
    Metric::Time(TimeKind::Response, Percentile::Mean),
    Metric::Goodput,
];

/// One comparison to be made.
#[derive(PartialEq)]
struct Question<'a> {
    variant: &'a str,
    against: &'a str,
    metric: Metric,
    scope: Scope<'a>,
}

/// All comparisons of a run.
pub(super) fn comparisons(run: &RunRecord, slices: &[SliceRecord]) -> Vec<Comparison> {
    let mut questions: Vec<Question<'_>> = Vec::new();
    let metrics = sides::metrics(run);
    for (variant, against) in run.variants.iter().filter_map(|variant| Some((variant, run.against(variant)?))) {
        questions.extend(metrics.iter().map(|metric| Question {
            variant: &variant.name,
            against,
            metric: metric.clone(),
            scope: Scope::default(),
        }));
    }
    for question in run.claims.iter().chain(&run.expectations).filter_map(named) {
        if question.variant != question.against && !questions.contains(&question) {
            questions.push(question);
        }
    }
    questions.iter().map(|question| answer(run, slices, question)).collect()
}

fn named(judgement: &Judgement) -> Option<Question<'_>> {
    Some(Question {
        variant: &judgement.variant,
        against: &judgement.against,
        metric: Metric::of_results(&judgement.metric)?,
        scope: Scope { operation: judgement.operation.as_deref(), job: judgement.job.as_deref() },
    })
}

fn answer(run: &RunRecord, slices: &[SliceRecord], question: &Question<'_>) -> Comparison {
    let Question { variant, against, metric, scope } = question;
    let pairs = pairs(slices, variant, against, metric, *scope);
    judged(run, slices, &Paired { variant, against, of: &[*variant, *against], metric, scope: *scope, pairs })
}

/// Figures of the same rounds, to be judged.
pub(super) struct Paired<'a> {
    pub(super) variant: &'a str,
    pub(super) against: &'a str,
    /// The variants that the figures are of.
    pub(super) of: &'a [&'a str],
    pub(super) metric: &'a Metric,
    pub(super) scope: Scope<'a>,
    pub(super) pairs: Vec<(f64, f64)>,
}

/// What paired figures say: the ratio where there can be one, else the difference, its interval, the verdict.
pub(super) fn judged(run: &RunRecord, slices: &[SliceRecord], paired: &Paired<'_>) -> Comparison {
    let Paired { variant, against, of, metric, scope, pairs } = paired;
    let mut comparison = Comparison {
        point: run.variants.iter().find(|v| v.name == *variant).map(|v| v.point.clone()).unwrap_or_default(),
        variant: (*variant).to_owned(),
        baseline: (*against).to_owned(),
        operation: scope.operation.map(str::to_owned),
        job: scope.job.map(str::to_owned),
        metric: metric.path(),
        confidence: CONFIDENCE,
        rounds: pairs.len() as u32,
        ..Comparison::default()
    };
    let ratio = looks(run).ratio(pairs, resolution(run, metric));
    let (estimate, center, low, high) = match ratio {
        Some(ratio) => {
            comparison.ratio = Some(ratio.value);
            comparison.detectable = ratio.detectable;
            (Some(ratio), 1.0, 1.0 - run.margin, 1.0 + run.margin)
        }
        None => {
            let difference = looks(run).difference(pairs);
            comparison.difference = difference.map(|difference| difference.value);
            let baseline = pairs.iter().map(|(_, baseline)| baseline).sum::<f64>() / pairs.len().max(1) as f64;
            let band = run.margin * baseline.abs();
            (difference, 0.0, -band, band)
        }
    };
    if let Some(interval) = estimate.and_then(|estimate| estimate.interval) {
        comparison.ci_low = Some(interval.low);
        comparison.ci_high = Some(interval.high);
        comparison.verdict = verdict(interval, center, low, high);
    }
    comparison.reason = hide_the_job(slices, of, metric, *scope);
    if comparison.reason.is_some() {
        comparison.verdict = Verdict::Undecided;
    }
    if comparison.ci_low.is_none() && comparison.reason.is_none() {
        comparison.reason = absent(slices, variant, Some(*against), metric, *scope);
    }
    comparison.better = better(comparison.verdict, metric);
    comparison
}

pub(super) fn verdict(interval: Interval, center: f64, low: f64, high: f64) -> Verdict {
    if interval.lies_within(low, high) {
        Verdict::NoDifference
    } else if interval.high < center {
        Verdict::Lower
    } else if interval.low > center {
        Verdict::Higher
    } else {
        Verdict::Undecided
    }
}

pub(super) fn better(verdict: Verdict, metric: &Metric) -> Option<bool> {
    let higher = match verdict {
        Verdict::Higher => true,
        Verdict::Lower => false,
        Verdict::NoDifference | Verdict::Undecided => return None,
    };
    match metric.direction() {
        Direction::HigherIsBetter => Some(higher),
        Direction::LowerIsBetter => Some(!higher),
        Direction::Neutral => None,
    }
}

/// How many comparisons there are, and how many would differ by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multiplicity {
    /// Comparisons that have an interval.
    pub comparisons: usize,
    /// Of these, how many would exclude "no difference" if nothing differed at all.
    pub by_chance: f64,
}

/// Counts the comparisons that have an interval.
#[must_use]
pub fn multiplicity(comparisons: &[Comparison]) -> Multiplicity {
    multiplicity_of(comparisons.iter().filter(|comparison| comparison.ci_low.is_some()).count())
}

/// Of so many comparisons that have an interval.
#[must_use]
pub fn multiplicity_of(comparisons: usize) -> Multiplicity {
    Multiplicity { comparisons, by_chance: comparisons as f64 * (1.0 - CONFIDENCE) }
}

impl std::fmt::Display for Multiplicity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.comparisons {
            0 => write!(f, "No comparison has an interval."),
            1 => write!(f, "One comparison; with nothing to find it would still differ by chance one time in twenty."),
            n => write!(
                f,
                "{n} comparisons; with nothing to find, {:.1} of them would differ by chance.",
                self.by_chance
            ),
        }
    }
}
