//! Before any timing: the variants answer the same draws.
//!
//! Runs on a thread of its own with a worker's runtime and the interpreter of the load, so that what is compared is what
//! will be timed.

mod differ;
pub(super) mod runner;
#[cfg(test)]
mod tests;
mod tuples;

use crate::driver::{DriverError, PgType, Target};
use crate::words::SqlState;
use crate::workload::plan::Plan;

use self::differ::{difference, shown};
use self::runner::{Runner, on_own_thread};
use super::bound::{BoundOperation, BoundVariant};
use super::clock::SliceClock;
use super::coordinator::Interrupt;
use super::recount::is_shared_and_written;

pub use differ::{AnswersDiffer, Side};

/// No two answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerReport {
    /// Whether any two operations were compared.
    pub compared: bool,
    /// Draws that each operation answered.
    pub draws: u32,
    /// What was compared with each other.
    pub groups: Vec<AnswerGroup>,
    /// Operations with an `answer` that nothing was compared with, as `variant/operation`.
    pub alone: Vec<String>,
}

/// Operations with equal answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerGroup {
    /// Their job; with one operation in each variant, the name of the first.
    pub job: String,
    /// The operations, as `variant/operation`.
    pub operations: Vec<String>,
    /// Rows of the answers of one of them, over all draws.
    pub rows: u64,
}

/// Why nothing may be timed.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    /// Two answers differ.
    #[error(transparent)]
    Differ(Box<AnswersDiffer>),
    /// An operation writes in a session that may only read.
    #[error("variant \"{variant}\", operation \"{operation}\": {message} (SQLSTATE 25006)")]
    Writes {
        /// Its variant.
        variant: String,
        /// The operation.
        operation: String,
        /// What the server said.
        message: String,
    },
    /// An operation fails.
    #[error("variant \"{variant}\", operation \"{operation}\" fails{}: {reason}", with(params))]
    Fails {
        /// Its variant.
        variant: String,
        /// The operation.
        operation: String,
        /// Parameters and their values.
        params: Vec<(String, String)>,
        /// What happened.
        reason: String,
        /// The server's code, where there is one.
        state: Option<SqlState>,
    },
    /// No session for a variant.
    #[error("no session for the answers of variant \"{variant}\"")]
    Driver {
        /// The variant.
        variant: String,
        /// What happened.
        #[source]
        source: Box<DriverError>,
    },
    /// The thread that asks could not work.
    #[error("answers cannot be compared: {0}")]
    Thread(String),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

fn with(params: &[(String, String)]) -> String {
    let params: Vec<String> = params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if params.is_empty() { String::new() } else { format!(" with {}", params.join(", ")) }
}

/// An operation among the variants.
#[derive(Clone, Copy, Debug)]
struct Member {
    variant: usize,
    operation: usize,
    /// Who asks for its answers.
    runner: usize,
}

/// How many operations of each variant are compared with others.
#[must_use]
pub fn answering(bound: &[BoundVariant]) -> Vec<usize> {
    let mut counts = vec![0; bound.len()];
    groups(bound).0.iter().flatten().for_each(|member| counts[member.variant] += 1);
    counts
}

/// Compares the answers of operations that do the same job. Of each variant there is one target for all of its operations, or,
/// where they write, one for each that is compared ([`answering`]), so that none sees what another wrote. With the null target, whose answers say nothing, nothing is
/// compared.
///
/// # Errors
/// [`AnswersError::Differ`] with the first draw that two operations answer differently, or what kept them from answering.
pub fn compare_answers(
    plan: &Plan,
    bound: &[BoundVariant],
    targets: &[Vec<Target>],
    interrupt: &Interrupt,
) -> Result<AnswerReport, AnswersError> {
    let (mut groups, alone) = groups(bound);
    let draws = plan.compare.answer_draws;
    if groups.is_empty() || targets.iter().flatten().any(|target| matches!(target, Target::Null(_))) {
        return Ok(AnswerReport { compared: false, draws, groups: Vec::new(), alone });
    }
    let now_us = SliceClock::new().wall_us(0);
    on_own_thread(async |timer| {
        let seats = seats(&mut groups, targets);
        let all: Vec<&Target> = seats.iter().map(|(_, target)| *target).collect();
        let mut runners = Vec::with_capacity(seats.len());
        for (variant, target) in &seats {
            let mut runner = Runner::open(&bound[*variant], target, &timer, interrupt, now_us).await?;
            if is_shared_and_written(target, &all) {
                runner.recount_in(target);
            }
            runners.push(runner);
        }
        let mut reports = Vec::with_capacity(groups.len());
        for group in &groups {
            let rows = compare_group(plan, &mut runners, group).await?;
            reports.push(AnswerGroup {
                job: job_of(bound, group),
                operations: group.iter().map(|member| label(bound, *member)).collect(),
                rows,
            });
        }
        for runner in runners {
            runner.close().await;
        }
        Ok(AnswerReport { compared: true, draws, groups: reports, alone })
    })
}

/// Who asks: a runner for each target that is needed, and its number with each member.
fn seats<'a>(groups: &mut [Vec<Member>], targets: &'a [Vec<Target>]) -> Vec<(usize, &'a Target)> {
    let mut seats = Vec::new();
    let mut of_variant: Vec<Vec<usize>> = vec![Vec::new(); targets.len()];
    for member in groups.iter_mut().flatten() {
        let own = &mut of_variant[member.variant];
        if let Some(target) = targets[member.variant].get(own.len()) {
            own.push(seats.len());
            seats.push((member.variant, target));
        }
        member.runner = own.last().copied().unwrap_or_default();
    }
    seats
}

/// Compares all members of a group with the first, draw by draw; returns the rows of the first.
async fn compare_group(plan: &Plan, runners: &mut [Runner<'_>], group: &[Member]) -> Result<u64, AnswersError> {
    let types = plain_types(runners, group);
    let ordered = group.iter().any(|member| {
        let operation = &runners[member.runner].variant().operations[member.operation];
        operation.answer.as_ref().is_some_and(|answer| answer.plan.ordered)
    });
    let Some((first, others)) = group.split_first() else { return Ok(0) };
    let mut rows = 0;
    for draw in 0..plan.compare.answer_draws {
        let expected = runners[first.runner].answer(first.operation, plan.run.seed, draw, &types).await?;
        rows += expected.len() as u64;
        for other in others {
            let found = runners[other.runner].answer(other.operation, plan.run.seed, draw, &types).await?;
            let counts = (expected.len(), found.len());
            let Some(different) = difference(expected.clone(), found, ordered) else { continue };
            let side = |member: &Member, rows: usize, only: &[tuples::Tuple]| {
                let variant = runners[member.runner].variant();
                let operation = &variant.operations[member.operation];
                Side {
                    variant: variant.name.clone(),
                    operation: operation.name.clone(),
                    columns: columns(operation),
                    rows,
                    only: only.len(),
                    only_shown: shown(only),
                }
            };
            return Err(AnswersError::Differ(Box::new(AnswersDiffer {
                draw: draw + 1,
                draws: plan.compare.answer_draws,
                params: runners[first.runner].params(first.operation, plan.run.seed, draw),
                left: side(first, counts.0, &different.left),
                right: side(other, counts.1, &different.right),
                common: different.common.len(),
                common_shown: shown(&different.common),
                place: different.place,
            })));
        }
    }
    Ok(rows)
}

/// Which operations are alternatives: those of the same job; where every variant has a single operation, these, whatever
/// their names. Also those that are left alone.
fn groups(bound: &[BoundVariant]) -> (Vec<Vec<Member>>, Vec<String>) {
    let single = bound.iter().all(|variant| variant.operations.len() == 1);
    let mut groups: Vec<(String, Vec<Member>)> = Vec::new();
    for (variant, of) in bound.iter().enumerate() {
        for (operation, found) in of.operations.iter().enumerate().filter(|(_, found)| found.answer.is_some()) {
            let job = if single { String::new() } else { found.job.clone() };
            let member = Member { variant, operation, runner: 0 };
            match groups.iter_mut().find(|(known, _)| *known == job) {
                Some((_, group)) => group.push(member),
                None => groups.push((job, vec![member])),
            }
        }
    }
    let (together, alone): (Vec<_>, Vec<_>) =
        groups.into_iter().map(|(_, group)| group).partition(|group| group.len() > 1);
    (together, alone.iter().flatten().map(|member| label(bound, *member)).collect())
}

/// For each place of the answer the type of a plain column that a member has there, if any.
fn plain_types(runners: &[Runner<'_>], group: &[Member]) -> Vec<Option<PgType>> {
    let answers =
        group.iter().filter_map(|member| runners[member.runner].variant().operations[member.operation].answer.as_ref());
    let mut types: Vec<Option<PgType>> = Vec::new();
    for answer in answers {
        types.resize(types.len().max(answer.types.len()), None);
        for ((path, ty), known) in answer.plan.paths.iter().zip(&answer.types).zip(&mut types) {
            if path.json.is_empty() && known.is_none() {
                *known = Some(ty.clone());
            }
        }
    }
    types
}

fn columns(operation: &BoundOperation) -> Vec<String> {
    operation.answer.iter().flat_map(|answer| &answer.plan.paths).map(|path| path.text.clone()).collect()
}

fn label(bound: &[BoundVariant], member: Member) -> String {
    let variant = &bound[member.variant];
    format!("{}/{}", variant.name, variant.operations[member.operation].name)
}

fn job_of(bound: &[BoundVariant], group: &[Member]) -> String {
    group.first().map_or_else(String::new, |member| bound[member.variant].operations[member.operation].job.clone())
}
