//! One comparison: the figures of two sides, the interval that their number allows, and the verdict.

use std::path::Path;

use super::choose::Subject;
use super::figures::{Of, Rounds, mean, per_run, positive};
use super::{Past, Question, SideRuns};
use crate::result::Reader;
use crate::result::compared::{ComparedFigure, IntervalOver};
use crate::stats::{CONFIDENCE, Estimate, MIN_ROUNDS, MIN_RUNS, Spread, difference_between, ratio_between};
use crate::verdict::compare::{better, verdict};
use crate::verdict::failed::hide_the_job;
use crate::verdict::figure::{Scope, resolution};
use crate::verdict::look::looks;
use crate::verdict::missing::why;
use crate::words::Metric;

/// A spread is known from so many runs of one group, or as many degrees of freedom of several.
const PAST_RUNS: usize = 5;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contrast<'a> {
    pub(super) first: &'a SideRuns,
    pub(super) other: &'a SideRuns,
    pub(super) labels: &'a (String, String),
    pub(super) past: &'a Past,
    pub(super) subject: &'a Subject,
    pub(super) metric: &'a Metric,
    pub(super) margin: f64,
    pub(super) question: &'a Question,
}

/// The figures of both sides, run by run and round by round.
struct Figures {
    first: Vec<Rounds>,
    other: Vec<Rounds>,
    /// Whether ratios mean something.
    logs: bool,
    resolution: f64,
}

/// What the figures say.
#[derive(Default)]
struct Found {
    estimate: Option<Estimate>,
    over: Option<IntervalOver>,
    /// Why there can be no verdict.
    reason: Option<String>,
}

impl Contrast<'_> {
    /// The figures themselves; where both sides hold the same baseline also the ratios to it, which then decide.
    pub(super) fn compared(self) -> Vec<ComparedFigure> {
        let relative = self.subject.baseline.as_deref().and_then(|baseline| {
            let figures = self.figures(Some(baseline));
            let there = !figures.first.is_empty() && !figures.other.is_empty();
            (there && figures.logs).then(|| self.contrast(&figures, Some(baseline)))
        });
        let mut direct = self.contrast(&self.figures(None), None);
        direct.decides = relative.is_none();
        direct.regression &= direct.decides;
        std::iter::once(direct).chain(relative).collect()
    }

    fn of<'s>(&'s self, variant: &'s str, relative_to: Option<&'s str>) -> Of<'s> {
        Of { variant, point: &self.subject.point, metric: self.metric, relative_to }
    }

    fn figures(&self, relative_to: Option<&str>) -> Figures {
        let first = self.of(&self.subject.first, relative_to).runs(&self.first.runs);
        let other = self.of(&self.subject.other, relative_to).runs(&self.other.runs);
        let logs = positive(first.iter().chain(&other));
        let runs = || self.first.runs.iter().chain(&self.other.runs);
        let resolution = runs().map(|reader| resolution(&reader.run, self.metric)).fold(0.0, f64::max);
        Figures { first, other, logs, resolution }
    }

    /// Why times decide nothing: in a run of either side more operations failed than succeeded.
    fn failures(&self, relative_to: Option<&str>) -> Option<String> {
        let sides = [(self.first, &self.subject.first), (self.other, &self.subject.other)];
        sides.into_iter().find_map(|(side, variant)| {
            let variants: Vec<&str> = std::iter::once(variant.as_str()).chain(relative_to).collect();
            side.runs.iter().find_map(|run| hide_the_job(&run.slices, &variants, self.metric, Scope::default()))
        })
    }

    fn contrast(&self, figures: &Figures, relative_to: Option<&str>) -> ComparedFigure {
        let found = self.find(figures, relative_to);
        let over_runs = |runs: &[Rounds]| {
            let per_run = per_run(runs, figures.logs);
            (!per_run.is_empty()).then(|| mean(per_run.iter().copied(), figures.logs))
        };
        let rounds = |runs: &[Rounds]| runs.iter().map(Vec::len).sum::<usize>() as u32;
        let mut compared = ComparedFigure {
            side: self.labels.1.clone(),
            against: self.labels.0.clone(),
            variant: self.subject.other.clone(),
            against_variant: self.subject.first.clone(),
            point: self.subject.point.clone(),
            metric: self.metric.path(),
            relative_to: relative_to.map(str::to_owned),
            decides: true,
            figure: over_runs(&figures.other),
            against_figure: over_runs(&figures.first),
            confidence: CONFIDENCE,
            interval_over: found.over,
            runs: figures.other.len() as u32,
            against_runs: figures.first.len() as u32,
            rounds: rounds(&figures.other),
            against_rounds: rounds(&figures.first),
            detectable: found.estimate.and_then(|estimate| estimate.detectable),
            reason: found.reason.or_else(|| self.failures(relative_to)),
            ..ComparedFigure::default()
        };
        let value = found.estimate.map(|estimate| estimate.value);
        let (center, band) = if figures.logs {
            compared.ratio = value;
            (1.0, self.margin)
        } else {
            compared.difference = value;
            (0.0, self.margin * compared.against_figure.unwrap_or(0.0).abs())
        };
        if let Some(interval) = found.estimate.and_then(|estimate| estimate.interval) {
            (compared.ci_low, compared.ci_high) = (Some(interval.low), Some(interval.high));
            if compared.reason.is_none() {
                compared.verdict = verdict(interval, center, center - band, center + band);
            }
        }
        compared.better = better(compared.verdict, self.metric);
        compared.regression = compared.better == Some(false) && self.is_beyond(&compared);
        compared
    }

    /// Whether the estimate is farther from "no change" than is allowed. From nothing, anything is.
    fn is_beyond(&self, compared: &ComparedFigure) -> bool {
        let Some(allowed) = self.question.fail_above else { return false };
        match (compared.ratio, compared.difference) {
            (Some(ratio), _) => (ratio - 1.0).abs() > allowed,
            (None, Some(difference)) => difference.abs() > allowed * compared.against_figure.unwrap_or(0.0).abs(),
            (None, None) => false,
        }
    }

    fn find(&self, figures: &Figures, relative_to: Option<&str>) -> Found {
        if self.subject.same_runs {
            return self.find_in_same_runs();
        }
        let (first, other) = (per_run(&figures.first, figures.logs), per_run(&figures.other, figures.logs));
        if first.is_empty() || other.is_empty() {
            return Found { reason: Some(self.absent(figures)), ..Found::default() };
        }
        if first.len() >= MIN_RUNS && other.len() >= MIN_RUNS {
            let estimate = between(&first, &other, figures, None);
            return Found { estimate, over: Some(IntervalOver::Runs), reason: None };
        }
        if let Some(spread) = self.spread(&first, &other, figures.logs, relative_to) {
            let estimate = between(&first, &other, figures, Some(spread));
            return Found { estimate, over: Some(IntervalOver::KnownSpread), reason: None };
        }
        let reason = Some(too_few(other.len(), first.len(), &self.question.remedy));
        if let ([first], [other]) = (figures.first.as_slice(), figures.other.as_slice()) {
            let values = |rounds: &Rounds| rounds.iter().map(|(_, value)| *value).collect::<Vec<_>>();
            let estimate = between(&values(first), &values(other), figures, None);
            let over = estimate.and_then(|estimate| estimate.interval).map(|_| IntervalOver::Rounds);
            return Found { estimate, over, reason };
        }
        Found { estimate: between(&first, &other, figures, None), over: None, reason }
    }

    /// The spread between runs: within the sides and the groups of other runs, where they are enough together.
    fn spread(&self, first: &[f64], other: &[f64], logs: bool, relative_to: Option<&str>) -> Option<Spread> {
        let hash = |reader: &Reader| (reader.run.workload_hash.clone(), reader.run.topology_hash.clone());
        // Folders may hold what was meant to differ: runs are a group within theirs.
        let group = |reader: &Reader| (hash(reader), reader.dir.parent().map(Path::to_owned));
        let of_first: Vec<_> = self.first.runs.iter().map(hash).collect();
        let mut keys: Vec<_> = self.past.runs.iter().map(group).collect();
        keys.sort();
        keys.dedup();
        let mut groups = vec![first.to_vec(), other.to_vec()];
        for key in keys {
            // Of two variants of the same workload one: they share the mood of their runs.
            let name = if of_first.contains(&key.0) { &self.subject.first } else { &self.subject.other };
            let of = self.of(name, relative_to);
            let runs = self.past.runs.iter().filter(|reader| group(reader) == key).map(|reader| of.rounds(reader));
            let runs: Vec<Rounds> = runs.filter(|rounds| !rounds.is_empty()).collect();
            if logs && !positive(&runs) {
                return None;
            }
            groups.push(per_run(&runs, logs));
        }
        if logs { Spread::within_logs(&groups, PAST_RUNS - 1) } else { Spread::within(&groups, PAST_RUNS - 1) }
    }

    /// Two variants of the same runs are paired: by round within one run, by run where there are several.
    fn find_in_same_runs(&self) -> Found {
        let (first, other) = (self.of(&self.subject.first, None), self.of(&self.subject.other, None));
        let pairs = |reader: &Reader| -> Vec<(f64, f64)> {
            let base = first.rounds(reader);
            let of_round = |round: u32| base.iter().find(|(of_base, _)| *of_base == round).map(|(_, value)| *value);
            other.rounds(reader).into_iter().filter_map(|(round, value)| Some((value, of_round(round)?))).collect()
        };
        let runs: Vec<(&Reader, Vec<(f64, f64)>)> = self
            .first
            .runs
            .iter()
            .map(|reader| (reader, pairs(reader)))
            .filter(|(_, pairs)| !pairs.is_empty())
            .collect();
        let figures = self.figures(None);
        if let [(reader, pairs)] = runs.as_slice() {
            let looks = looks(&reader.run);
            let estimate = if figures.logs { looks.ratio(pairs, figures.resolution) } else { looks.difference(pairs) };
            let few = pairs.len() < MIN_ROUNDS;
            let reason = few
                .then(|| format!("{} valid rounds of both are too few: at least {MIN_ROUNDS} are needed", pairs.len()));
            return Found { estimate, over: (!few).then_some(IntervalOver::SameRounds), reason };
        }
        if runs.is_empty() {
            return Found { reason: Some(self.absent(&figures)), ..Found::default() };
        }
        let together = |pairs: &Vec<(f64, f64)>| {
            let part = |part: fn(&(f64, f64)) -> f64| mean(pairs.iter().map(part), figures.logs);
            (part(|pair| pair.0), part(|pair| pair.1))
        };
        let per_run: Vec<(f64, f64)> = runs.iter().map(|(_, pairs)| together(pairs)).collect();
        let looks = crate::stats::Looks::Once;
        let estimate =
            if figures.logs { looks.ratio(&per_run, figures.resolution) } else { looks.difference(&per_run) };
        let few = per_run.len() < MIN_RUNS;
        Found {
            estimate,
            over: (!few).then_some(IntervalOver::SameRuns),
            reason: few.then(|| format!("{} runs are too few: name one, or at least {MIN_RUNS}", per_run.len())),
        }
    }

    /// Why a side has no figure.
    fn absent(&self, figures: &Figures) -> String {
        let (side, label, name) = if figures.first.is_empty() {
            (self.first, &self.labels.0, &self.subject.first)
        } else {
            (self.other, &self.labels.1, &self.subject.other)
        };
        let mut slices = side.runs.iter().flat_map(|reader| &reader.slices).filter(|slice| slice.variant == *name);
        let metric = self.metric;
        match slices.clone().find(|slice| slice.valid) {
            Some(slice) if slices.any(|slice| slice.valid) => {
                format!("{metric} of {name} is not stated in {label}: {}", why(slice, metric, Scope::default()))
            }
            _ => format!("{name} has no valid round in {label}"),
        }
    }
}

fn between(first: &[f64], other: &[f64], figures: &Figures, spread: Option<Spread>) -> Option<Estimate> {
    if figures.logs {
        ratio_between(first, other, figures.resolution, spread)
    } else {
        difference_between(first, other, spread)
    }
}

fn too_few(other: usize, first: usize, remedy: &str) -> String {
    match (other, first) {
        (1, 1) => format!("one run each; {remedy}"),
        (2, 2) => format!("two runs each; {remedy}"),
        _ => format!("{other} {} against {first}; {remedy}", if other == 1 { "run" } else { "runs" }),
    }
}
