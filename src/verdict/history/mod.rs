//! Many results of one workload in the order of time: which belong together, what their figures are, and where these change
//! their level. Works on summaries alone, so that a thousand results are read in a moment. Reading folders is left to the caller.

mod figures;
mod groups;

use std::collections::BTreeMap;

use self::figures::{ratio_to, value};
use self::groups::{Member, groups, turns, unusable};
use super::compare::better;
use crate::result::compared::LeftOutRun;
use crate::result::history::{Group, HISTORY_VERSION, History, Level, LevelChange, PastRun, Series};
use crate::result::summary::{Summary, Verdict};
use crate::stats::{self, CONFIDENCE, Change, FALSE_ALARMS};
use crate::words::{Metric, Percentile, TimeKind};

/// The metric of a history that asks for none: the one that reports compare first.
const PRIMARY: Metric = Metric::Time(TimeKind::Response, Percentile::P50);

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The workload; `None`: that of the largest group.
    pub workload: Option<String>,
    /// The machine; `None`: that of the largest group.
    pub machine: Option<String>,
    /// How the workload hash begins; `None`: that of the largest group.
    pub hash: Option<String>,
    /// Only these variants; empty: all.
    pub only: Vec<String>,
    /// Metrics; empty: the median response.
    pub metrics: Vec<Metric>,
    /// One series of all runs of the workload, whatever measured and where.
    pub force: bool,
}

/// Why there is no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing of what was read can be used.
    #[error("no result can be used{}", why(.0))]
    Nothing(Vec<LeftOutRun>),
    /// What was asked for is not there.
    #[error("no run of {wanted}; there {} {}", if there.len() == 1 { "is" } else { "are" }, there.join("; "))]
    NoSuch {
        /// What was asked for.
        wanted: String,
        /// What is there.
        there: Vec<String>,
    },
    /// A variant was named that no run has.
    #[error("no run of {workload} has a variant \"{variant}\"; there are {}", has.join(", "))]
    NoVariant {
        /// The workload.
        workload: String,
        /// What was named.
        variant: String,
        /// What is there.
        has: Vec<String>,
    },
    /// No run has the figure.
    #[error("no run of {workload} states {}", metrics.join(" or "))]
    NoFigure {
        /// The workload.
        workload: String,
        /// What was asked for.
        metrics: Vec<String>,
    },
}

fn why(left_out: &[LeftOutRun]) -> String {
    const SHOWN: usize = 5;
    let mut lines: Vec<String> =
        left_out.iter().take(SHOWN).map(|run| format!("\n  {}: {}", run.dir, run.reason)).collect();
    lines.extend((left_out.len() > SHOWN).then(|| format!("\n  and {} more", left_out.len() - SHOWN)));
    if lines.is_empty() { String::new() } else { format!(":{}", lines.concat()) }
}

/// A group in a sentence: `n-plus-one on box (12 runs, hash 5f0c4a6e5f0c)`.
#[must_use]
pub fn in_words(group: &Group) -> String {
    let hash: String = group.workload_hash.chars().take(12).collect();
    let runs = crate::words::counted(group.runs, "run");
    let target = if group.null_target { ", the null target" } else { "" };
    let machine = if group.machine.is_empty() { String::new() } else { format!(" on {}", group.machine) };
    format!("{}{machine} ({runs}, hash {hash}{target})", group.workload)
}

/// The history of the group that was asked for, else of the largest. `left_out`: what could not be read.
///
/// # Errors
/// When nothing is left, or what was asked for is not there.
pub fn history(
    read: Vec<(String, Summary)>,
    left_out: Vec<LeftOutRun>,
    question: &Question,
) -> Result<History, Refusal> {
    let mut left_out = left_out;
    let mut usable = Vec::new();
    for (dir, summary) in read {
        match unusable(&summary) {
            Some(reason) if question.workload.as_ref().is_none_or(|name| *name == summary.workload) => {
                left_out.push(LeftOutRun { dir, reason });
            }
            Some(_) => {}
            None => usable.push(Member { dir, summary }),
        }
    }
    if usable.is_empty() {
        return Err(Refusal::Nothing(left_out));
    }
    let (group, members, others) = groups(usable, question)?;
    let mut history = History {
        history_version: HISTORY_VERSION,
        dbbench_version: env!("CARGO_PKG_VERSION").to_owned(),
        group,
        forced: question.force,
        runs: members.iter().map(past_run).collect(),
        unlike: turns(&members),
        others,
        left_out,
        ..History::default()
    };
    history.series = series(&members, &history, question)?;
    history.by_chance = history.series.len() as f64 * FALSE_ALARMS;
    Ok(history)
}

fn past_run(member: &Member) -> PastRun {
    let summary = &member.summary;
    PastRun {
        dir: member.dir.clone(),
        started_at: summary.started_at.clone(),
        workload_hash: summary.workload_hash.clone(),
        topology_hash: summary.topology_hash.clone(),
        machine: summary.machine.clone(),
        dbbench_version: summary.dbbench_version.clone(),
        servers: summary.servers.clone(),
    }
}

/// A variant at a point.
type Subject = (String, BTreeMap<String, String>);

/// Each variant of any run, those of the newest run first and in its order.
fn subjects(members: &[Member], history: &History, question: &Question) -> Result<Vec<Subject>, Refusal> {
    let mut found: Vec<Subject> = Vec::new();
    for variant in members.iter().rev().flat_map(|member| &member.summary.variants) {
        let subject = (variant.name.clone(), variant.point.clone());
        if !found.contains(&subject) {
            found.push(subject);
        }
    }
    if let Some(missing) = question.only.iter().find(|name| !found.iter().any(|(has, _)| has == *name)) {
        let mut has: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
        has.dedup();
        return Err(Refusal::NoVariant { workload: history.group.workload.clone(), variant: missing.clone(), has });
    }
    found.retain(|(name, _)| question.only.is_empty() || question.only.contains(name));
    Ok(found)
}

/// Each variant and its ratio to the baseline, metric by metric.
fn series(members: &[Member], history: &History, question: &Question) -> Result<Vec<Series>, Refusal> {
    let metrics = if question.metrics.is_empty() { vec![PRIMARY] } else { question.metrics.clone() };
    let subjects = subjects(members, history, question)?;
    let newest = |name: &str| members.iter().rev().find_map(|member| Some((member, member.summary.variant(name)?)));
    // Of two sides of a run each variant is compared with the same on the other side.
    let against = |name: &str| {
        let (member, variant) = newest(name)?;
        variant.against.clone().or_else(|| Some(member.summary.baseline.clone()).filter(|name| !name.is_empty()))
    };
    let mut all = Vec::new();
    for metric in &metrics {
        for (name, point) in &subjects {
            let figures = |relative_to: Option<&str>| -> Vec<Option<f64>> {
                let of = |member: &Member| match relative_to {
                    None => value(&member.summary, name, point, metric),
                    Some(baseline) => ratio_to(&member.summary, name, point, baseline, metric),
                };
                members.iter().map(of).collect()
            };
            all.push(one(figures(None), None, (name, point), metric, history));
            if let Some(baseline) = against(name).filter(|baseline| baseline != name) {
                all.push(one(figures(Some(&baseline)), Some(baseline), (name, point), metric, history));
            }
        }
    }
    all.retain(|series| series.figures.iter().any(Option::is_some));
    if all.is_empty() {
        let metrics = metrics.iter().map(Metric::name).collect();
        return Err(Refusal::NoFigure { workload: history.group.workload.clone(), metrics });
    }
    Ok(all)
}

fn one(
    figures: Vec<Option<f64>>,
    relative_to: Option<String>,
    (name, point): (&str, &BTreeMap<String, String>),
    metric: &Metric,
    history: &History,
) -> Series {
    // The places of the runs that have the figure.
    let places: Vec<usize> = (0..figures.len()).filter(|at| figures[*at].is_some()).collect();
    let known: Vec<f64> = figures.iter().copied().flatten().collect();
    let found = stats::changes(&known, figures::resolution(metric));
    let ends: Vec<usize> = found.iter().map(|change| change.at).chain([known.len()]).collect();
    let mut first = 0;
    let mut levels = Vec::new();
    let is_ratio = known.iter().all(|figure| *figure > 0.0);
    for end in ends.into_iter().filter(|_| !known.is_empty()) {
        levels.push(Level {
            first: places[first],
            last: places[end - 1],
            runs: (end - first) as u32,
            figure: Some(super::between::mean(known[first..end].iter().copied(), is_ratio)),
        });
        first = end;
    }
    let change = |change: &Change| {
        let run = places[change.at];
        let (value, interval) = (change.size.value, change.size.interval);
        let neutral = if change.is_ratio { 1.0 } else { 0.0 };
        let verdict = if value > neutral { Verdict::Higher } else { Verdict::Lower };
        LevelChange {
            run,
            dir: history.runs[run].dir.clone(),
            started_at: history.runs[run].started_at.clone(),
            ratio: change.is_ratio.then_some(value),
            difference: (!change.is_ratio).then_some(value),
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            confidence: CONFIDENCE,
            better: better(verdict, metric),
        }
    };
    Series {
        variant: name.to_owned(),
        point: point.clone(),
        metric: metric.path(),
        relative_to,
        changes: found.iter().map(change).collect(),
        levels,
        figures,
    }
}

#[cfg(test)]
mod tests;
