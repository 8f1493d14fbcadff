//! Before anything is timed: every operation once, to find out what fails and what writes, and the data that this and the
//! comparison of answers go to.

use std::time::Instant;

use super::Command;
use super::copies::{Copies, READ_ONLY};
use super::external::about_writes;
use super::plans;
use super::sites;
use super::stage::Stage;
use crate::cli::failure::{Failure, chain};
use crate::driver::Target;
use crate::engine::{self, AnswersError, Rehearsal};
use crate::event::{Event, Stage as Phase};
use crate::result::plans::PlanList;
use crate::result::run::RunRecord;
use crate::topology::External;
use crate::words::{ExitCode, SqlState, counted};
use crate::workload::plan::{ClonePlan, Plan};

/// Runs every operation once, and tells whether any variant writes. Then all of them run on clones: operations are tried
/// again on a clone of each, where they may write, and the sessions for plans and answers go to further ones. Gives the plans
/// too, unless nobody wants them.
///
/// # Errors
/// What fails, and what writes where there can be no clones, unless the user has allowed it.
pub fn try_operations(
    command: &Command<'_>,
    plan: &Plan,
    stage: &mut Stage,
    run: &mut RunRecord,
) -> Result<(bool, Option<PlanList>), Failure> {
    let interrupt = &command.asked.engine;
    let begin = Instant::now();
    let operations: usize = plan.variants.iter().map(|variant| variant.operations.len()).sum();
    let what = format!("trying {} once", counted(operations, "operation"));
    command.events.emit(Event::StageStarted { stage: Phase::Trial, what });
    let ended = |what: &str| {
        command.events.emit(Event::StageEnded { stage: Phase::Trial, took: begin.elapsed(), what: what.to_owned() });
    };
    let (reading, told) = read_only(stage);
    let (refused, rehearsal) = match engine::which_write(plan, &stage.bound, &reading, interrupt) {
        Ok(tried) => tried,
        Err(error) => return Err(unanswered(error, stage)),
    };
    let Some(first) = refused.into_iter().flatten().next() else {
        if told {
            ended("none writes");
        } else {
            ended("whether any writes is not known");
            warn(command, run, UNTOLD.to_owned());
        }
        tell(command, run, &rehearsal);
        return Ok((false, plans::of_shared(command, plan, stage, &rehearsal)?));
    };
    if stage.clones.is_none() {
        stage.clones = sites::copies(command, plan, stage)?;
    }
    let Some(copies) = &mut stage.clones else {
        let note = in_place(first, stage)?;
        let rehearsal = engine::rehearse(plan, &stage.bound, &stage.direct, interrupt);
        let rehearsal = rehearsal.map_err(|error| unanswered(error, stage))?;
        ended("some write: in the target's own data, where what they change stays");
        warn(command, run, note);
        tell(command, run, &rehearsal);
        return Ok((true, plans::of_shared(command, plan, stage, &rehearsal)?));
    };
    // Once for the trial, once for the plans, once for the answers: all begin with the rows that were loaded.
    let trial = fresh(command, copies, &stage.direct)?;
    let rehearsal = engine::rehearse(plan, &stage.bound, &trial, interrupt);
    let rehearsal = rehearsal.map_err(|error| unanswered(error, stage))?;
    ended("some write: on copies of the data");
    tell(command, run, &rehearsal);
    let plans = plans::of_copies(command, plan, stage, &rehearsal)?;
    let Some(copies) = &mut stage.clones else { return Ok((true, plans)) };
    stage.direct = fresh(command, copies, &stage.direct)?;
    Ok((true, plans))
}

/// What is said where sessions cannot be kept from writing.
const UNTOLD: &str = "the pooler takes no settings at the start of a session, so that operations could not be tried read-only: \
                      whether any writes is not known, and what they change stays; slices may have no equal start";

/// The same targets with sessions that may not write, also where the user has allowed it: a write is found out by its
/// refusal. Whether all of them are kept from it.
fn read_only(stage: &Stage) -> (Vec<Target>, bool) {
    let mut targets = stage.direct.clone();
    let told = stage.externals().all(External::takes_settings);
    for target in targets.iter_mut().filter(|_| told) {
        if let Target::Postgres(endpoint) = target {
            endpoint.startup.retain(|(setting, _)| !setting.eq_ignore_ascii_case(READ_ONLY));
            endpoint.startup.push((READ_ONLY.to_owned(), "on".to_owned()));
        }
    }
    (targets, told)
}

/// What writes where there are no copies: what is to be said of it, where the user has allowed it.
///
/// # Errors
/// Where it is not allowed, or a dataset would be changed that every slice is to begin with.
fn in_place(refused: AnswersError, stage: &Stage) -> Result<String, Failure> {
    let AnswersError::Writes { variant, operation, .. } = &refused else { return Err(unanswered(refused, stage)) };
    let Some(external) = stage.external_of(variant) else { return Err(unanswered(refused, stage)) };
    if let Some(schema) = external.own_schema() {
        let text = format!(
            "--schema {schema}: operation \"{operation}\" of variant \"{variant}\" writes, and what writes runs on copies of a \
             database of dbbench's own; within a schema there is none: leave --schema out (the role then needs CREATEDB), or \
             take out what writes"
        );
        return Err(Failure::text(ExitCode::Usage, text));
    }
    if !external.may_write() {
        return Err(unanswered(refused, stage));
    }
    Ok(format!(
        "operation \"{operation}\" of variant \"{variant}\" writes in database \"{}\" itself: each slice begins with what those \
         before it have left, so slices have no equal start",
        external.endpoint().database
    ))
}

/// Says what failed in the trial and ends nothing.
fn tell(command: &Command<'_>, run: &mut RunRecord, rehearsal: &Rehearsal) {
    rehearsal.notes.iter().for_each(|note| warn(command, run, note.clone()));
}

fn warn(command: &Command<'_>, run: &mut RunRecord, note: String) {
    command.events.emit(Event::Warning(note.clone()));
    run.warnings.push(note);
}

/// Each variant's sessions go to a new clone.
pub(super) fn fresh(command: &Command<'_>, copies: &mut Copies, direct: &[Target]) -> Result<Vec<Target>, Failure> {
    let each = direct.iter().enumerate();
    let targets = each.map(|(variant, target)| copies.target(command, variant, ClonePlan::Slice, target));
    made(command, targets.collect())
}

/// Where answers are asked for: where any operation writes, each that is compared has a clone of its own.
///
/// # Errors
/// When a clone cannot be made.
pub fn answer_targets(command: &Command<'_>, stage: &mut Stage, writes: bool) -> Result<Vec<Vec<Target>>, Failure> {
    let mut targets: Vec<Vec<Target>> = stage.direct.iter().map(|target| vec![target.clone()]).collect();
    let Some(copies) = stage.clones.as_mut().filter(|_| writes) else { return Ok(targets) };
    for (variant, members) in engine::answering(&stage.bound).into_iter().enumerate() {
        let further = (1..members).map(|_| copies.further(command, variant, &stage.direct[variant]));
        targets[variant].extend(made(command, further.collect())?);
    }
    Ok(targets)
}

fn made(command: &Command<'_>, targets: Result<Vec<Target>, String>) -> Result<Vec<Target>, Failure> {
    if command.asked.engine.is_set() {
        return Err(Failure::text(ExitCode::Interrupted, "interrupted before anything was measured"));
    }
    targets.map_err(|reason| Failure::text(ExitCode::Failed, reason))
}

/// Why operations could not even be tried: what the file says wrongly is a usage error, the rest a failed run.
pub(super) fn unanswered(error: AnswersError, stage: &Stage) -> Failure {
    match error {
        AnswersError::Interrupted => Failure::text(ExitCode::Interrupted, "interrupted before anything was measured"),
        AnswersError::Writes { ref variant, .. } => {
            let why = about_writes(stage.external_of(variant));
            Failure::text(ExitCode::Usage, format!("{}: {why}", chain(&error)))
        }
        AnswersError::Fails { state: Some(state), .. } if state.as_str() == "42501" => {
            Failure::text(ExitCode::Usage, format!("{}: GRANT it to the role, or connect as another", chain(&error)))
        }
        AnswersError::Fails { state: Some(state), .. } => Failure::text(code_of(state), chain(&error)),
        _ => Failure::text(ExitCode::Failed, chain(&error)),
    }
}

/// What an operation fails by is the file's fault, unless it is the server's trouble: a lock that somebody else holds, say.
fn code_of(state: SqlState) -> ExitCode {
    if state.is_trouble_of_the_server() { ExitCode::Failed } else { ExitCode::Usage }
}

#[cfg(test)]
mod tests {
    use super::{ExitCode, SqlState, code_of};

    #[test]
    fn the_trouble_of_a_server_is_no_error_of_usage() {
        let codes = ["55P03", "42P01"].map(|state| SqlState::new(state).map(code_of));
        assert_eq!(codes, [Some(ExitCode::Failed), Some(ExitCode::Usage)]);
    }
}
