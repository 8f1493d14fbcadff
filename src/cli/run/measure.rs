//! Answers, then rounds; what is measured goes into the result folder as it comes.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Command;
use super::record::record;
use super::stage::{Stage, server_log};
use crate::cli::failure::{Failure, chain};
use crate::engine::{self, AnswersError, EngineError, Interval, RunInput, SliceOutcome};
use crate::event::{Event, Stage as Phase};
use crate::result::interval::IntervalContext;
use crate::result::run::{RunRecord, SameAnswer};
use crate::result::slice::SliceContext;
use crate::result::{self, Store};
use crate::words::ExitCode;
use crate::workload::plan::{ClonePlan, Plan};

/// How the measured part ended, when there is something to report.
#[derive(Debug)]
pub struct End {
    /// The exit code so far.
    pub code: ExitCode,
    /// What went wrong on the way; what was measured until then is in the folder.
    pub failure: Option<Failure>,
}

/// Compares answers and runs all rounds, writing into `out`, or into a folder of its own making, which it names.
///
/// # Errors
/// When the folder cannot be made, or nothing was measured that could be reported.
pub fn measure(
    command: &Command<'_>,
    plan: &Plan,
    stage: &mut Stage,
    out: Option<&Path>,
) -> Result<(End, PathBuf), Failure> {
    let mut known = std::mem::take(&mut stage.known);
    known.histogram_digits = engine::precision(plan).digits();
    let null_target = known.null_target;
    // The moment that `started_at` names, and that everything in the folder is counted from.
    let began = Instant::now();
    let mut run = record(plan, known);
    let mut writes = false;
    if !null_target {
        writes = try_operations(command, plan, stage)?;
    }
    let dir = match out {
        Some(out) => out.to_owned(),
        None => result::default_dir(Path::new("results"), &plan.name, jiff::Timestamp::now())
            .map_err(|error| Failure::failed(&error))?,
    };
    let store = Store::create(&dir, &run).map_err(|error| Failure::failed(&error))?;
    if plan.compare.same_answer && !null_target {
        if let Some(end) = compare_answers(command, plan, stage, &mut run)? {
            store.write_run(&run).map_err(|error| Failure::failed(&error))?;
            return Ok((end, dir));
        }
        store.write_run(&run).map_err(|error| Failure::failed(&error))?;
    }
    if let (true, Some(copies)) = (writes, &mut stage.clones) {
        copies.drop_all(command).map_err(|reason| Failure::text(ExitCode::Failed, reason))?;
    }
    Ok((rounds(command, plan, stage, store, began, writes)?, dir))
}

/// Runs every operation once, and tells whether any variant writes. Then all of them run on clones: operations are tried
/// again on a clone of each, where they may write, and the sessions for the answers go to further ones.
fn try_operations(command: &Command<'_>, plan: &Plan, stage: &mut Stage) -> Result<bool, Failure> {
    let interrupt = &command.asked.engine;
    let refused = engine::which_write(plan, &stage.bound, &stage.direct, interrupt).map_err(unanswered)?;
    if !refused.contains(&true) {
        return Ok(false);
    }
    let Some(copies) = &mut stage.clones else { return Ok(false) };
    // Once for the trial, once for the answers: both begin with the rows that were loaded.
    for for_answers in [false, true] {
        let mut targets = Vec::with_capacity(stage.direct.len());
        for (variant, target) in stage.direct.iter().enumerate() {
            let target = copies.target(command, variant, ClonePlan::Slice, target);
            targets.push(target.map_err(|reason| Failure::text(ExitCode::Failed, reason))?);
        }
        if for_answers {
            stage.direct = targets;
        } else {
            engine::try_operations(plan, &stage.bound, &targets, interrupt).map_err(unanswered)?;
        }
    }
    Ok(true)
}

/// `Some` when they differ: then nothing is timed.
fn compare_answers(
    command: &Command<'_>,
    plan: &Plan,
    stage: &Stage,
    run: &mut RunRecord,
) -> Result<Option<End>, Failure> {
    let begin = Instant::now();
    let draws = plan.compare.answer_draws;
    let what = format!("comparing the answers of {} variants to {draws} draws", plan.variants.len());
    command.events.emit(Event::StageStarted { stage: Phase::Answers, what });
    match engine::compare_answers(plan, &stage.bound, &stage.direct, &command.asked.engine) {
        Ok(report) => {
            for group in report.groups.iter().filter(|group| group.rows == 0) {
                run.warnings.push(format!(
                    "the answers of {} are equal, but none of the {draws} draws returned a row: nothing was compared; \
                     choose parameters that meet data",
                    group.operations.join(", ")
                ));
            }
            run.same_answer = report.compared.then_some(SameAnswer { draws: report.draws, equal: true });
            let what = match report.compared {
                true => format!("all variants give the same answer ({draws} draws)"),
                false => "no two variants have answers to compare".to_owned(),
            };
            command.events.emit(Event::StageEnded { stage: Phase::Answers, took: begin.elapsed(), what });
            Ok(None)
        }
        Err(AnswersError::Differ(difference)) => {
            run.same_answer = Some(SameAnswer { draws, equal: false });
            let difference = difference.to_string();
            run.answers_difference = Some(difference.clone());
            let failure = Failure::text(ExitCode::AnswersDiffer, difference);
            Ok(Some(End { code: ExitCode::AnswersDiffer, failure: Some(failure) }))
        }
        Err(error) => Err(unanswered(error)),
    }
}

/// Why operations could not even be tried: what the file says wrongly is a usage error, the rest a failed run.
fn unanswered(error: AnswersError) -> Failure {
    match error {
        AnswersError::Interrupted => Failure::text(ExitCode::Interrupted, "interrupted before anything was measured"),
        AnswersError::Writes { .. } | AnswersError::Fails { state: Some(_), .. } => {
            Failure::text(ExitCode::Usage, chain(&error))
        }
        _ => Failure::text(ExitCode::Failed, chain(&error)),
    }
}

fn rounds(
    command: &Command<'_>,
    plan: &Plan,
    stage: &mut Stage,
    store: Store,
    began: Instant,
    writes: bool,
) -> Result<End, Failure> {
    let begin = Instant::now();
    let what = format!("{} rounds of {} variants", plan.run.rounds, plan.variants.len());
    command.events.emit(Event::StageStarted { stage: Phase::Rounds, what: what.clone() });
    // Both callbacks write, one after the other, on this thread.
    let store = RefCell::new(store);
    let mut on_interval = |interval: &Interval<'_>| {
        let context = interval_context(plan, interval);
        store.borrow_mut().append_interval(&context, interval.recorded).map_err(io::Error::other)
    };
    let mut on_slice = |outcome: SliceOutcome| {
        let context = slice_context(plan, &outcome);
        store.borrow_mut().close_slice(&context, &outcome.metrics).map(drop).map_err(io::Error::other)
    };
    let cpu = || stage.embedded.as_ref().and_then(crate::topology::Embedded::cpu_ns);
    let copies = &mut stage.clones;
    let mut make_ready = |variant: usize| match copies {
        Some(copies) if writes => {
            let clone = plan.variants[variant].clone;
            copies.target(command, variant, clone, &stage.targets[variant]).map(Some)
        }
        _ => Ok(None),
    };
    let input = RunInput {
        plan,
        bound: &stage.bound,
        targets: &stage.targets,
        began,
        events: &command.events,
        interrupt: &command.asked.engine,
        server_cpu: Some(&cpu),
        on_interval: &mut on_interval,
        on_slice: &mut on_slice,
    };
    let ended = engine::run_on_fresh_data(input, &mut make_ready);
    match ended {
        Ok(end) if end.interrupted => {
            let failure = Failure::text(ExitCode::Interrupted, "interrupted: the result is partial");
            Ok(End { code: ExitCode::Interrupted, failure: Some(failure) })
        }
        Ok(end) if end.slices > 0 && end.failed == end.slices => {
            Ok(End { code: ExitCode::Failed, failure: Some(Failure::text(ExitCode::Failed, "every slice failed")) })
        }
        Ok(_) => {
            command.events.emit(Event::StageEnded { stage: Phase::Rounds, took: begin.elapsed(), what });
            Ok(End { code: ExitCode::Done, failure: None })
        }
        Err(error @ EngineError::ServerGone { .. }) => {
            let mut failure = Failure::text(ExitCode::Failed, chain(&error));
            if let Some(embedded) = stage.embedded.as_ref().filter(|embedded| !embedded.is_alive()) {
                failure = failure.with_note(&server_log(embedded));
            }
            Ok(End { code: ExitCode::Failed, failure: Some(failure) })
        }
        Err(error) => Err(broken_off(&error, store.borrow().dir())),
    }
}

/// A run that ended by what dbbench itself could not do.
fn broken_off(error: &EngineError, dir: &Path) -> Failure {
    let kept = format!("what was written until then is kept; `dbbench report {}` makes a page of it", dir.display());
    Failure::text(ExitCode::Failed, format!("{}\n{kept}", chain(error)))
}

fn interval_context(plan: &Plan, interval: &Interval<'_>) -> IntervalContext {
    let variant = &plan.variants[interval.slice.variant];
    IntervalContext {
        start_s: interval.start.as_secs_f64(),
        seconds: interval.length.as_secs_f64(),
        point: 0,
        round: interval.slice.round,
        measuring: interval.measuring,
        variant: variant.name.clone(),
        operations: variant.operations.iter().map(|operation| operation.name.clone()).collect(),
        client_cpu_us: interval.client_cpu_ns.map(|ns| ns as f64 / 1e3),
        server_cpu_us: interval.server_cpu_ns.map(|ns| ns as f64 / 1e3),
    }
}

fn slice_context(plan: &Plan, outcome: &SliceOutcome) -> SliceContext {
    let variant = &plan.variants[outcome.slice.variant];
    SliceContext {
        point: 0,
        round: outcome.slice.round,
        position: outcome.slice.position,
        variant: variant.name.clone(),
        operations: variant
            .operations
            .iter()
            .map(|operation| (operation.name.clone(), operation.job.clone()))
            .collect(),
        start_s: outcome.start.as_secs_f64(),
    }
}
