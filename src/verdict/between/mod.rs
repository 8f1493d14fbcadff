//! Sides of runs against each other: what `dbbench compare` finds.
//!
//! The unit is the run. Each run gives one figure per variant and point, the mean of the logs over its valid rounds; the
//! figures of two sides are compared by Welch's test from three runs a side on. Where both sides hold the same baseline, the
//! ratios to it are compared, so that what slows a whole run cancels. Reading folders is left to the caller.

mod choose;
mod contrast;
mod exit;
mod figures;
mod resolved;
mod unlike;

use std::collections::BTreeSet;

pub use self::exit::{exit_code, undecided};
pub(super) use self::figures::mean;

use self::choose::{Subject, subjects};
use self::contrast::Contrast;
use super::compare::ALWAYS;
use super::{Validity, multiplicity_of};
use crate::result::Reader;
use crate::result::compared::{COMPARED_VERSION, Compared, History, IntervalOver, LeftOutRun, Side, SideRun, Unlike};
use crate::result::run::RunRecord;
use crate::stats::MIN_RUNS;
use crate::words::Metric;

/// A side as it was read.
#[derive(Clone, Debug, Default)]
pub struct SideRuns {
    /// As named.
    pub name: String,
    /// The variant that was named; `None`: all.
    pub variant: Option<String>,
    /// Its runs.
    pub runs: Vec<Reader>,
    /// What was named and could not be read.
    pub left_out: Vec<LeftOutRun>,
}

/// What is asked about them.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Metrics, the first in front; empty: those that a run compares.
    pub metrics: Vec<Metric>,
    /// Only these variants; empty: all.
    pub only: Vec<String>,
    /// Compare also what does not measure the same.
    pub force: bool,
    /// A change to the worse beyond this share is a regression.
    pub fail_above: Option<f64>,
    /// What to do about too few runs, as the end of a sentence: `three runs a side`.
    pub remedy: String,
}

/// Runs beside those compared.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The folder that they are in.
    pub dir: String,
    /// Those that [`is_past`] lets in.
    pub runs: Vec<Reader>,
}

/// Why sides are not compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A run would be compared with itself.
    #[error(
        "{dir} is part of both {first} and {other}: a run is not compared with itself; name two variants of it with RUN::VARIANT"
    )]
    SameRun {
        /// Its folder.
        dir: String,
        /// Label of the first side.
        first: String,
        /// Label of the other.
        other: String,
    },
    /// A variant was named that is not there.
    #[error("{side} has no variant \"{variant}\"; it has {has}")]
    NoVariant {
        /// Label and name of the side.
        side: String,
        /// What was named.
        variant: String,
        /// What is there.
        has: String,
    },
    /// Nothing stands on both sides.
    #[error(
        "no variant is on both sides: {first} has {first_has}, {other} has {other_has}; name one of each with RUN::VARIANT"
    )]
    NoVariantInCommon {
        /// Label and name of the first side.
        first: String,
        /// Its variants.
        first_has: String,
        /// Label and name of the other.
        other: String,
        /// Its variants.
        other_has: String,
    },
    /// The variants are there, but at no point in common.
    #[error("{first} and {other} have no sweep point in common: {first_has} and {other_has}")]
    NoPointInCommon {
        /// Label and name of the first side.
        first: String,
        /// Its points.
        first_has: String,
        /// Label and name of the other.
        other: String,
        /// Its points.
        other_has: String,
    },
    /// What was measured differs.
    #[error("{}", unlike::refused(sides, unlike))]
    NotTheSame {
        /// Label, name and hash of each side.
        sides: Vec<(String, String, String)>,
        /// In what they differ that decides what is measured.
        unlike: Vec<Unlike>,
    },
}

/// The label of a side: `A`, `B`, …
#[must_use]
pub fn label(index: usize) -> String {
    let letter = u8::try_from(index).ok().and_then(|index| b'A'.checked_add(index)).filter(u8::is_ascii_uppercase);
    letter.map_or_else(|| format!("side {}", index + 1), |letter| char::from(letter).to_string())
}

/// Whether a side has too few runs to compare by themselves, so that others of the same workload on the same machine help.
#[must_use]
pub fn needs_past(sides: &[SideRuns]) -> bool {
    sides.iter().any(|side| side.runs.len() < MIN_RUNS)
}

/// Whether a run tells the spread between runs of these sides: the same workload and topology as one of them, on the machine of all.
#[must_use]
pub fn is_past(run: &RunRecord, sides: &[SideRuns]) -> bool {
    let mut runs = sides.iter().flat_map(|side| &side.runs).map(|reader| &reader.run);
    let machines: BTreeSet<&str> = runs.clone().map(|run| run.environment.machine.as_str()).collect();
    let key = |run: &RunRecord| (run.workload_hash.clone(), run.topology_hash.clone());
    machines.len() == 1
        && machines.contains(run.environment.machine.as_str())
        && runs.any(|of_side| key(of_side) == key(run))
}

/// Compares each side with the first.
///
/// # Errors
/// When they have nothing in common, or do not measure the same.
pub fn compare(sides: &[SideRuns], past: &Past, question: &Question) -> Result<Compared, Refusal> {
    let Some((first, others)) = sides.split_first() else { return Ok(Compared::default()) };
    let mut chosen = Vec::new();
    for (index, other) in others.iter().enumerate() {
        chosen.push(subjects((&label(0), first), (&label(index + 1), other), &question.only)?);
    }
    let unlike = unlike::unlike(sides, &chosen);
    let measured: Vec<Unlike> = unlike.iter().filter(|unlike| unlike.measured).cloned().collect();
    if !measured.is_empty() && !question.force {
        return Err(Refusal::NotTheSame { sides: unlike::hashes(sides), unlike: measured });
    }
    let metrics: Vec<Metric> = if question.metrics.is_empty() { ALWAYS.into() } else { question.metrics.clone() };
    let margin = first.runs.first().map_or(0.05, |reader| reader.run.margin);
    let mut comparisons = Vec::new();
    for (index, (other, subjects)) in others.iter().zip(&chosen).enumerate() {
        let labels = (label(0), label(index + 1));
        for metric in &metrics {
            for subject in subjects {
                let contrast = Contrast { first, other, labels: &labels, past, subject, metric, margin, question };
                comparisons.extend(contrast.compared());
            }
        }
    }
    let from_past = comparisons.iter().any(|c| c.interval_over == Some(IntervalOver::KnownSpread));
    let (valid_runs, invalid_reasons) = validity(sides, &chosen);
    let mut compared = Compared {
        compared_version: COMPARED_VERSION,
        dbbench_version: env!("CARGO_PKG_VERSION").to_owned(),
        workload: first.runs.first().map(|reader| reader.run.workload.clone()).unwrap_or_default(),
        sides: records(sides, &valid_runs),
        forced: !measured.is_empty(),
        unlike,
        valid: invalid_reasons.is_empty(),
        invalid_reasons,
        margin,
        metric: metrics.first().map(Metric::path).unwrap_or_default(),
        history: (from_past && !past.runs.is_empty())
            .then(|| History { dir: past.dir.clone(), runs: past.runs.len() as u32 }),
        by_chance: multiplicity_of(comparisons.iter().filter(|c| c.decides && c.ci_low.is_some()).count()).by_chance,
        comparisons,
        fail_above: question.fail_above,
        ..Compared::default()
    };
    compared.warnings = warnings(sides, &compared);
    Ok(compared)
}

fn records(sides: &[SideRuns], valid: &[Vec<bool>]) -> Vec<Side> {
    let run = |(reader, valid): (&Reader, &bool)| SideRun {
        dir: reader.dir.display().to_string(),
        started_at: reader.run.started_at.clone(),
        workload: reader.run.workload.clone(),
        workload_hash: reader.run.workload_hash.clone(),
        topology_hash: reader.run.topology_hash.clone(),
        machine: reader.run.environment.machine.clone(),
        dbbench_version: reader.run.dbbench.version.clone(),
        servers: reader.run.endpoints.iter().map(|server| format!("{} ({})", server.version, server.name)).collect(),
        partial: is_partial(reader),
        valid: *valid,
    };
    sides
        .iter()
        .zip(valid)
        .enumerate()
        .map(|(index, (side, valid))| Side {
            label: label(index),
            name: side.name.clone(),
            variant: side.variant.clone(),
            runs: side.runs.iter().zip(valid).map(run).collect(),
            left_out: side.left_out.clone(),
        })
        .collect()
}

fn closed(reader: &Reader) -> (usize, usize) {
    let closed = reader.slices.iter().filter(|slice| slice.failed.is_none()).count();
    (closed, reader.run.rounds as usize * reader.run.variants.len())
}

fn is_partial(reader: &Reader) -> bool {
    let (closed, planned) = closed(reader);
    closed < planned
}

/// Whether each run of each side may be relied on for what is compared, and why not.
fn validity(sides: &[SideRuns], chosen: &[Vec<Subject>]) -> (Vec<Vec<bool>>, Vec<String>) {
    let mut reasons = Vec::new();
    let mut all = Vec::new();
    for (index, side) in sides.iter().enumerate() {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for subject in chosen.iter().enumerate().filter(|(at, _)| index == 0 || at + 1 == index).flat_map(|(_, s)| s) {
            names.insert(if index == 0 { &subject.first } else { &subject.other });
            names.extend(subject.baseline.as_deref());
        }
        let (mut valid, mut told) = (Vec::new(), BTreeSet::new());
        // A reason that several runs share is said once.
        let mut found: Vec<(String, Vec<String>)> = Vec::new();
        for reader in &side.runs {
            let of_run = Validity::of_variants(&reader.run, &reader.slices, |name| names.contains(name));
            valid.push(of_run.reasons.is_empty());
            told.extend(of_run.variants);
            for reason in of_run.reasons {
                let dir = reader.dir.display().to_string();
                match found.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, dirs)) => dirs.push(dir),
                    None => found.push((reason, vec![dir])),
                }
            }
        }
        reasons.extend(found.iter().map(|(reason, dirs)| format!("{} ({}): {reason}", label(index), dirs.join(", "))));
        let nothing: Vec<String> = names
            .iter()
            .filter(|name| !told.contains(**name))
            .filter_map(|name| nothing_measured(&label(index), side, name))
            .collect();
        if !nothing.is_empty() {
            valid.fill(false);
        }
        reasons.extend(nothing);
        all.push(valid);
    }
    (all, reasons)
}

/// That no run of a side has a round of a variant: runs that ended before, or whose answers differed.
fn nothing_measured(label: &str, side: &SideRuns, variant: &str) -> Option<String> {
    let mut slices = side.runs.iter().flat_map(|reader| &reader.slices);
    if slices.any(|slice| slice.variant == variant && slice.valid) {
        return None;
    }
    let dirs: Vec<String> = side.runs.iter().map(|reader| reader.dir.display().to_string()).collect();
    let differ = side.runs.iter().any(|reader| reader.run.same_answer.is_some_and(|answers| !answers.equal));
    let why = if differ { ": the answers of its variants differ" } else { "" };
    Some(format!("{label} ({}): {variant} has no valid round{why}", dirs.join(", ")))
}

fn warnings(sides: &[SideRuns], compared: &Compared) -> Vec<String> {
    let mut warnings = Vec::new();
    for (index, side) in sides.iter().enumerate() {
        let label = label(index);
        for left_out in &side.left_out {
            warnings.push(format!("{label}: {} is left out: {}", left_out.dir, left_out.reason));
        }
        for reader in &side.runs {
            let dir = reader.dir.display();
            let (closed, planned) = closed(reader);
            if closed < planned {
                warnings.push(format!("{label}: {dir} is partial: {closed} of {planned} slices closed"));
            }
            warnings.extend(reader.notes.iter().map(|note| format!("{label}: {dir}: {note}")));
        }
    }
    let direct = |side: &str| {
        compared
            .deciding()
            .any(|c| c.side == side && c.relative_to.is_none() && c.interval_over == Some(IntervalOver::Runs))
    };
    for (index, other) in sides.iter().enumerate().skip(1).filter(|(index, _)| direct(&label(*index))) {
        if let Some(first_is_earlier) = sides.first().and_then(|first| one_after_the_other(first, other)) {
            let (earlier, later) = if first_is_earlier { (label(0), label(index)) } else { (label(index), label(0)) };
            warnings.push(format!(
                "all runs of {earlier} were made before those of {later}, so that a change of the machine in between counts as a \
                 difference: alternate the sides"
            ));
        }
    }
    warnings
}

/// Where the runs of one side all came before those of the other: whether those of the first did.
fn one_after_the_other(first: &SideRuns, other: &SideRuns) -> Option<bool> {
    let ends = |side: &SideRuns| {
        let starts = side.runs.iter().map(|reader| reader.run.started_at_epoch_s);
        (starts.clone().fold(f64::INFINITY, f64::min), starts.fold(f64::NEG_INFINITY, f64::max))
    };
    let (first, other) = (ends(first), ends(other));
    (first.1 < other.0 || other.1 < first.0).then_some(first.1 < other.0)
}

#[cfg(test)]
mod tests;
