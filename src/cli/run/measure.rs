//! Answers, then rounds; what is measured goes into the result folder as it comes.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Command;
use super::after::After;
use super::context::{append, slice_context, slow_record};
use super::copies::Copies;
use super::record::record;
use super::sites::Meter;
use super::stage::Stage;
use super::trial::{answer_targets, try_operations, unanswered};
use super::withheld::{keeps_values, of_difference};
use crate::cli::failure::{Failure, chain};
use crate::driver::Target;
use crate::engine::{self, AnswerReport, AnswersError, EngineError, Interval, Next, RunEnd, RunInput, SliceOutcome};
use crate::event::{Event, Events, Stage as Phase};
use crate::result::run::{RunRecord, SameAnswer};
use crate::result::slice::SliceRecord;
use crate::result::slowest::SlowRecord;
use crate::result::{self, Store, StoreError};
use crate::stats::FIRST_LOOK;
use crate::verdict;
use crate::words::{ExitCode, counted};
use crate::workload::plan::Plan;

/// How the measured part ended, when there is something to report.
#[derive(Debug)]
pub struct End {
    /// The exit code so far.
    pub code: ExitCode,
    /// What went wrong on the way; what was measured until then is in the folder.
    pub failure: Option<Failure>,
}

/// What is there when load may begin.
#[derive(Debug)]
pub struct Begun {
    /// Its `run.json`.
    pub run: RunRecord,
    /// The folder.
    pub store: Store,
    /// Time zero.
    pub began: Instant,
    /// Whether any variant writes.
    pub writes: bool,
    /// Set where answers differ, and nothing is timed.
    pub end: Option<End>,
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
    let Begun { mut run, store, began, writes, end } = begin(command, plan, stage, out)?;
    let dir = store.dir().to_owned();
    match end {
        Some(end) => Ok((end, dir)),
        None => Ok((rounds(command, plan, stage, &mut run, store, began, writes)?, dir)),
    }
}

/// Tries operations, makes the folder and compares answers.
///
/// # Errors
/// When the folder cannot be made, or an operation cannot be run.
pub fn begin(command: &Command<'_>, plan: &Plan, stage: &mut Stage, out: Option<&Path>) -> Result<Begun, Failure> {
    let mut known = std::mem::take(&mut stage.known);
    known.histogram_digits = engine::precision(plan).digits();
    let null_target = known.null_target;
    // The moment that `started_at` names, and that everything in the folder is counted from.
    let began = Instant::now();
    let mut run = record(plan, known);
    let (mut writes, mut plans) = (false, None);
    if !null_target {
        (writes, plans) = try_operations(command, plan, stage, &mut run)?;
    }
    let dir = match out {
        Some(out) => out.to_owned(),
        None => result::default_dir(Path::new(super::RESULTS), &plan.name, jiff::Timestamp::now())
            .map_err(|error| Failure::failed(&error))?,
    };
    let store = Store::create(&dir, &run).map_err(|error| match error {
        // Another run was quicker to take the folder: the same error, and the same code, as had it been there before.
        StoreError::NotEmpty(_) => Failure::text(ExitCode::Usage, chain(&error)),
        error => Failure::failed(&error),
    })?;
    command.asked.writes_to(&dir);
    if let Some(plans) = &plans {
        store.write_plans(plans).map_err(|error| Failure::failed(&error))?;
    }
    if plan.compare.same_answer && !null_target {
        let end = compare_answers(command, plan, stage, &mut run, writes)?;
        store.write_run(&run).map_err(|error| Failure::failed(&error))?;
        if end.is_some() {
            return Ok(Begun { run, store, began, writes, end });
        }
    }
    if let (true, Some(copies)) = (writes, &mut stage.clones) {
        copies.drop_all(command).or_else(|reason| {
            command.goes_on()?;
            Err(Failure::text(ExitCode::Failed, reason))
        })?;
    }
    Ok(Begun { run, store, began, writes, end: None })
}

/// `Some` when they differ: then nothing is timed.
fn compare_answers(
    command: &Command<'_>,
    plan: &Plan,
    stage: &mut Stage,
    run: &mut RunRecord,
    writes: bool,
) -> Result<Option<End>, Failure> {
    let begin = Instant::now();
    let draws = plan.compare.answer_draws;
    let what =
        format!("comparing the answers of {} to {}", counted(plan.variants.len(), "variant"), counted(draws, "draw"));
    command.events.emit(Event::StageStarted { stage: Phase::Answers, what });
    let targets = answer_targets(command, stage, writes)?;
    match asked(command, plan, stage, &targets) {
        Ok(report) => {
            for group in report.groups.iter().filter(|group| group.rows == 0) {
                run.warnings.push(format!(
                    "the answers of {} are equal, but none of {} returned a row: nothing was compared; choose parameters \
                     that meet data",
                    group.operations.join(", "),
                    counted(draws, "draw")
                ));
            }
            run.same_answer = report.compared.then_some(SameAnswer {
                draws: report.draws,
                equal: true,
                within_sides: plan.compare.within_sides,
            });
            let what = match report.compared {
                true if plan.compare.within_sides => {
                    format!("all variants of each side give the same answer ({})", counted(draws, "draw"))
                }
                true => format!("all variants give the same answer ({})", counted(draws, "draw")),
                false => "no two variants have answers to compare".to_owned(),
            };
            command.events.emit(Event::StageEnded { stage: Phase::Answers, took: begin.elapsed(), what });
            Ok(None)
        }
        Err(AnswersError::Differ(difference)) => {
            run.same_answer = Some(SameAnswer { draws, equal: false, within_sides: plan.compare.within_sides });
            let said = difference.to_string();
            // Who runs it sees the rows; the result may be shown to others.
            run.answers_difference = Some(match keeps_values(command, stage) {
                true => said.clone(),
                false => of_difference(&difference),
            });
            let failure = Failure::text(ExitCode::AnswersDiffer, said);
            Ok(Some(End { code: ExitCode::AnswersDiffer, failure: Some(failure) }))
        }
        Err(error) => Err(unanswered(error, stage)),
    }
}

/// All variants with each other, or those of each side, where the sides are meant to answer differently.
fn asked(
    command: &Command<'_>,
    plan: &Plan,
    stage: &Stage,
    targets: &[Vec<Target>],
) -> Result<AnswerReport, AnswersError> {
    let interrupt = &command.asked.engine;
    if !plan.compare.within_sides {
        return engine::compare_answers(plan, &stage.bound, targets, interrupt);
    }
    let [a, b] = [0, 1].map(|side| {
        let (bound, targets) = stage.of_side(side, targets);
        engine::compare_answers(plan, &bound, &targets, interrupt)
    });
    let (mut report, b) = (a?, b?);
    report.compared |= b.compared;
    report.groups.extend(b.groups);
    report.alone.extend(b.alone);
    Ok(report)
}

/// Rounds as planned; with a goal until a look between two of them finds it reached, and the number of rounds is then
/// written into `run.json`.
fn rounds(
    command: &Command<'_>,
    plan: &Plan,
    stage: &mut Stage,
    run: &mut RunRecord,
    store: Store,
    began: Instant,
    writes: bool,
) -> Result<End, Failure> {
    let (begin, done) = (Instant::now(), Cell::new(0));
    command.events.emit(Event::StageStarted { stage: Phase::Rounds, what: planned_rounds(plan) });
    // The callbacks come one after the other, on this thread.
    let (store, closed) = (RefCell::new(store), RefCell::<Vec<SliceRecord>>::default());
    let after = RefCell::new(After::new(plan));
    let meter = Meter::new(&stage.sites, &stage.site_of);
    let mut on_interval = |interval: &Interval<'_>| append(&mut store.borrow_mut(), plan, interval);
    let with_values = keeps_values(command, stage);
    let mut on_slice = |outcome: SliceOutcome| {
        let context = slice_context(plan, &outcome);
        let idle = meter.other_share();
        let found = after.borrow_mut().slice_closed(command, plan, &outcome);
        let judge = |slice: &mut SliceRecord| {
            (slice.checks, slice.tables, slice.other_server_cpu) = (found.checks, found.tables, idle);
            verdict::judge_slice(run, slice);
        };
        let slow = outcome.slowest.iter().map(|slow| slow_record(&context, slow, with_values));
        store.borrow_mut().append_slowest(&slow.collect::<Vec<SlowRecord>>()).map_err(io::Error::other)?;
        let slice = store.borrow_mut().close_slice(&context, &outcome.metrics, judge).map_err(io::Error::other)?;
        closed.borrow_mut().push(slice);
        Ok(())
    };
    let mut after_round = |round: u32| {
        done.set(round);
        look(&command.events, run, &closed.borrow(), round)
    };
    let cpu = || meter.cpu_ns();
    let (copies, targets, direct) = (&mut stage.clones, &stage.targets, &stage.direct);
    let mut make_ready = |variant: usize| {
        meter.turn_to(variant);
        let copies = copies.as_mut().filter(|_| writes);
        let ways = (&targets[variant], &direct[variant]);
        ready(command, plan, copies, variant, ways, &mut after.borrow_mut())
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
    let end = match engine::run_rounds(input, &mut make_ready, &mut after_round) {
        Ok(end) => end,
        Err(error) => return cut_off(&error, stage, store.borrow().dir()),
    };
    if !end.interrupted {
        // Also where slices failed: rounds that were never to come are not missing.
        run.rounds = done.get();
        store.borrow().write_run(run).map_err(|error| Failure::failed(&error))?;
    }
    if let Some(failure) = not_finished(&end) {
        return Ok(End { code: failure.code, failure: Some(failure) });
    }
    let what = goal_met(run, &closed.borrow()).unwrap_or_else(|| planned_rounds(plan));
    command.events.emit(Event::StageEnded { stage: Phase::Rounds, took: begin.elapsed(), what });
    Ok(End { code: ExitCode::Done, failure: None })
}

/// Where the next slice of a variant goes: into a copy, which is new unless it goes on with the one before. `ways` are those of
/// its sessions and the one without a link.
pub(super) fn ready(
    command: &Command<'_>,
    plan: &Plan,
    copies: Option<&mut Copies>,
    variant: usize,
    (target, direct): (&Target, &Target),
    after: &mut After,
) -> Result<Option<Target>, String> {
    let mut copy = None;
    if let Some(copies) = copies {
        let clone = plan.variants[variant].clone;
        if !copies.goes_on(variant, clone) {
            after.state_is_new(variant);
        }
        copy = Some(copies.target(command, variant, clone, target)?);
    }
    // Without the link: what is asked after the slice is no part of it.
    after.slice_begins(direct, copy.as_ref().unwrap_or(target));
    if copy.is_some() {
        after.look(command, variant);
    }
    Ok(copy)
}

/// Why the rounds are not all there, as far as that is a failure.
fn not_finished(end: &RunEnd) -> Option<Failure> {
    match end {
        RunEnd { interrupted: true, .. } => {
            Some(Failure::text(ExitCode::Interrupted, "interrupted: the result is partial"))
        }
        RunEnd { panicked, slices, .. } if *panicked > 0 => {
            let failure = format!(
                "dbbench itself failed in {panicked} of {}, left out: this is a fault of dbbench, not \
                 of the workload; please report it with the message in slices.jsonl",
                counted(*slices, "slice")
            );
            Some(Failure::text(ExitCode::Failed, failure))
        }
        RunEnd { failed, slices, .. } if *slices > 0 && failed == slices => {
            Some(Failure::text(ExitCode::Failed, "every slice failed"))
        }
        _ => None,
    }
}

/// How a run ended that could not go on: with a partial result when a server or its data are gone, with nothing to report when
/// it could not be written.
pub(super) fn cut_off(error: &EngineError, stage: &Stage, dir: &Path) -> Result<End, Failure> {
    if let EngineError::ServerGone { .. } | EngineError::Data { .. } = error {
        let mut failure = Failure::text(ExitCode::Failed, chain(error));
        if let Some(log) = stage.log_of_the_dead() {
            failure = failure.with_note(&log);
        }
        return Ok(End { code: ExitCode::Failed, failure: Some(failure) });
    }
    let kept = format!(
        "{}\nwhat was written until then is kept; `dbbench report {}` makes a page of it",
        chain(error),
        dir.display()
    );
    Err(Failure::text(ExitCode::Failed, kept))
}

fn planned_rounds(plan: &Plan) -> String {
    let (rounds, variants) = (plan.run.rounds, counted(plan.variants.len(), "variant"));
    match plan.run.until {
        None => format!("{} of {variants}", counted(rounds, "round")),
        Some(until) => format!(
            "rounds of {variants} until the intervals are within {}, at most {rounds}",
            verdict::format_half_width(until.half_width)
        ),
    }
}

/// Looks at the intervals, where the run has a goal for them and the first look is due.
fn look(events: &Events, run: &RunRecord, closed: &[SliceRecord], round: u32) -> Next {
    let Some(until) = run.until.filter(|_| round >= FIRST_LOOK) else { return Next::Round };
    let half_width = verdict::widest(run, closed);
    events.emit(Event::IntervalsSeen { round, half_width, goal: until.half_width });
    if let Some(warning) = verdict::never_judged(run, closed).filter(|_| round == FIRST_LOOK) {
        events.emit(Event::Warning(warning));
    }
    if verdict::is_reached(half_width, until.half_width) { Next::End } else { Next::Round }
}

/// Whether the goal was reached; `None` where there was none.
fn goal_met(run: &RunRecord, closed: &[SliceRecord]) -> Option<String> {
    let until = run.until?;
    let reached = verdict::is_reached(verdict::widest(run, closed), until.half_width);
    let not = if reached { "" } else { "not " };
    Some(format!("goal {not}reached after {}", counted(run.rounds, "round")))
}
