//! Before any timing: every operation is rehearsed, and the server is asked for the plans of what it sends.
//!
//! Plans are those of the first draw of the answers. Each operation is first rehearsed: the interpreter of the load runs it
//! as it will be timed, and the session keeps what it sends. Then the same is sent once more, each statement inside of an
//! EXPLAIN when it comes for the first time. References are thereby bound as in the operation, and on a copy of the data
//! that is made anew every statement finds the rows that it found in the rehearsal.
//!
//! A plan that cannot be had is a note, never a failed run.

mod explain;
mod sql;

use self::explain::Explainer;
pub(in crate::engine) use self::sql::{has_plan, is_ddl, selects_into};
use super::answers::AnswersError;
use super::answers::runner::{Runner, on_own_thread};
use super::bound::BoundVariant;
use super::clock::SliceClock;
use super::coordinator::Interrupt;
use super::error::chain;
use crate::driver::{Tape, Target};
use crate::workload::plan::Plan;

/// The draw of the answers that plans are taken of.
const DRAW: u32 = 0;

/// What every operation sends.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// By variant and operation.
    variants: Vec<Vec<Rehearsed>>,
    /// What fails beside the mix, where failures are counted and end nothing.
    pub notes: Vec<String>,
}

/// What an operation sends.
#[derive(Debug, Default)]
struct Rehearsed {
    tape: Tape,
    params: Vec<(String, String)>,
}

/// Whether what is sent may be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Sessions go to a fresh copy of the data for each variant, which nobody else sees: everything is executed, so that a
    /// statement finds what those before it wrote.
    Copy,
    /// Somebody's data: only what a READ ONLY transaction executes is executed, for the rest the server is asked for its plan
    /// alone.
    Shared,
}

/// The plans of a variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VariantPlans {
    /// In the order of operations and statements.
    pub explained: Vec<Explained>,
    /// Why some are not there.
    pub notes: Vec<String>,
}

/// A statement with its plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    /// Index into the variant's operations.
    pub operation: usize,
    /// Number of the statement among those of the operation that have a plan, in the order in which they are sent, from 1.
    pub number: u32,
    /// As it was sent.
    pub sql: String,
    /// Parameters of the operation and their values.
    pub params: Vec<(String, String)>,
    /// Values of `$1…`, what was taken from rows of other statements included.
    pub values: Vec<String>,
    /// The server's text; empty where there is none.
    pub lines: Vec<String>,
    /// Whether it was executed for it (ANALYZE).
    pub executed: bool,
    /// What is to be said of it: why it was not executed, or why there is no plan.
    pub note: Option<String>,
}

/// Runs every operation of every variant once, waits left out (draw 0 of the answers), to find out what fails; keeps what
/// they send.
///
/// # Errors
/// The first operation that fails, or writes where it may not.
pub fn rehearse(
    plan: &Plan,
    bound: &[BoundVariant],
    targets: &[Target],
    interrupt: &Interrupt,
) -> Result<Rehearsal, AnswersError> {
    let (refused, rehearsal) = which_write(plan, bound, targets, interrupt)?;
    match refused.into_iter().flatten().next() {
        Some(refused) => Err(refused),
        None => Ok(rehearsal),
    }
}

/// The same in sessions that may only read; gives for each variant the first refusal of an operation that writes
/// ([`AnswersError::Writes`]). Where there is one, the rehearsal is not complete.
///
/// # Errors
/// The first operation that fails for another reason.
pub fn which_write(
    plan: &Plan,
    bound: &[BoundVariant],
    targets: &[Target],
    interrupt: &Interrupt,
) -> Result<(Vec<Option<AnswersError>>, Rehearsal), AnswersError> {
    let now_us = SliceClock::new().wall_us(0);
    let seed = plan.run.seed;
    on_own_thread(async |timer| {
        let (mut refusals, mut variants) = (Vec::with_capacity(bound.len()), Vec::with_capacity(bound.len()));
        let mut notes = Vec::new();
        for (variant, target) in bound.iter().zip(targets) {
            let mut runner = Runner::open(variant, target, &timer, interrupt, now_us).await?;
            let mut operations = Vec::with_capacity(variant.operations.len());
            let mut refused = None;
            for operation in 0..variant.operations.len() {
                let tape = match runner.rehearse(operation, seed, DRAW).await {
                    Ok(tape) => tape,
                    Err(error @ AnswersError::Writes { .. }) => {
                        refused = refused.or(Some(error));
                        Tape::default()
                    }
                    Err(error) => return Err(error),
                };
                operations.push(Rehearsed { tape, params: runner.params(operation, seed, DRAW) });
            }
            runner.close().await;
            if let Some(beside) = variant.background.as_deref() {
                for operation in 0..beside.operations.len() {
                    // A session for each: one that fails may end it.
                    let mut runner = Runner::open(beside, target, &timer, interrupt, now_us).await?;
                    match runner.run(operation, seed, DRAW).await {
                        Ok(()) => {}
                        Err(error @ AnswersError::Writes { .. }) => refused = refused.or(Some(error)),
                        Err(AnswersError::Fails { operation, reason, .. }) if !runner.is_lost() => notes.push(format!(
                            "operation \"{operation}\" beside variant \"{}\" fails: {reason}; in the run its failures are counted",
                            variant.name
                        )),
                        Err(error) => return Err(error),
                    }
                    runner.close().await;
                }
            }
            refusals.push(refused);
            variants.push(operations);
        }
        Ok((refusals, Rehearsal { variants, notes }))
    })
}

/// Asks for the plan of every statement that was rehearsed; variants parallel to `bound`.
///
/// # Errors
/// Only when somebody asked to stop.
pub fn explain(
    bound: &[BoundVariant],
    targets: &[Target],
    rehearsal: &Rehearsal,
    ground: Ground,
    interrupt: &Interrupt,
) -> Result<Vec<VariantPlans>, AnswersError> {
    on_own_thread(async |timer| {
        let mut all = Vec::with_capacity(bound.len());
        for ((variant, target), rehearsed) in bound.iter().zip(targets).zip(&rehearsal.variants) {
            let mut plans = VariantPlans::default();
            match Explainer::open(variant, target, &timer, ground, interrupt).await {
                Ok(mut explainer) => {
                    for (operation, of) in rehearsed.iter().enumerate() {
                        explainer.operation(operation, of, &mut plans).await?;
                    }
                    explainer.close().await;
                }
                Err(error) => plans.notes.push(format!("no session for plans: {}", chain(&error))),
            }
            all.push(plans);
        }
        Ok(all)
    })
}
