//! `dbbench search`: the highest rate of arrivals at which objectives hold, variant by variant.
//!
//! [`objective`] reads what has to hold, [`asked`] the other options, [`variant`] searches with one variant; which rate comes
//! next and when one is judged is decided in `stats::seek`. The result folder is that of a run, its rates being `point`s,
//! with `search.json` in place of `summary.json`.

pub mod args;
mod asked;
mod finish;
mod objective;
mod variant;

pub use finish::{exit_code, show};

use self::args::SearchArgs;
use self::asked::Asked;
use self::variant::Ended;
use super::failure::Failure;
use super::finish::Output;
use super::overrides::overrides;
use super::run::measure::{self, Begun};
use super::run::probe::Prober;
use super::run::{self, Command, stage};
use crate::event::Event;
use crate::result::run::RunRecord;
use crate::result::search::{SEARCH_VERSION, SearchEnd, SearchRecord, SearchedVariant};
use crate::verdict::Validity;
use crate::words::ExitCode;
use crate::workload::plan::Plan;

/// Searches.
///
/// # Errors
/// When the options or the file are wrong, or nothing was measured.
pub fn search(args: &SearchArgs) -> Result<ExitCode, Failure> {
    let mut asked = Asked::read(args)?;
    let run_args = args.as_run();
    let mut plans = run::load(&run_args, &overrides(&run_args.overrides)?, None, args.color.is_on())?;
    let Some((mut plan, out)) = plans.pop() else { return Ok(ExitCode::Usage) };
    asked.lay_over(args, &mut plan)?;
    run::with_command(&run_args, |command| {
        let output = Output { format: args.format, quiet: args.quiet, color: command.color };
        search_plan(command, &asked, &plan, out.as_deref(), output)
    })
}

fn search_plan(
    command: &Command<'_>,
    asked: &Asked,
    plan: &Plan,
    out: Option<&std::path::Path>,
    output: Output,
) -> Result<ExitCode, Failure> {
    let mut stage = stage::Stage::set(command, plan)?;
    let searched = search_on(command, asked, plan, &mut stage, out);
    let server_log = stage.strike(command);
    let (record, failure) = searched.map_err(|failure| match &server_log {
        Some(log) if failure.code == ExitCode::Failed => failure.with_note(log),
        _ => failure,
    })?;
    command.progress.finish();
    let dir = std::path::PathBuf::from(&record.dir);
    show(&dir, &record, output)?;
    let code = exit_code(&record);
    Ok(match failure {
        Some(failure) => failure.print().precedence(code),
        None => code,
    })
}

/// Searches with each variant; what was found until a failure is kept.
fn search_on(
    command: &Command<'_>,
    asked: &Asked,
    plan: &Plan,
    stage: &mut stage::Stage,
    out: Option<&std::path::Path>,
) -> Result<(SearchRecord, Option<Failure>), Failure> {
    let mut begun = measure::begin(command, plan, stage, out)?;
    // They are searched for.
    begun.run.variants.iter_mut().for_each(|variant| variant.rate_per_s = None);
    begun.store.write_run(&begun.run).map_err(|error| Failure::failed(&error))?;
    let mut record = record(asked, &begun);
    if let Some(end) = begun.end.take() {
        write(&record)?;
        return Ok((record, end.failure));
    }
    let mut prober = Prober::new(command, plan, stage, begun);
    command.events.emit(Event::Probed(asked.announcement(plan)));
    let mut failure = None;
    for (at, variant) in plan.variants.iter().enumerate() {
        // What is left is shared among those that are left.
        let left = asked.max_time.saturating_sub(prober.took());
        let until = prober.took() + left / u32::try_from(plan.variants.len() - at).unwrap_or(1);
        record.variants.push(SearchedVariant {
            name: variant.name.clone(),
            clients: variant.load.clients(),
            ..SearchedVariant::default()
        });
        let mut search = variant::Search::new(command, asked, at, until);
        let (warnings, checks_failed) = (record.warnings.clone(), record.checks_failed);
        let known = |record: &mut SearchRecord, search: &variant::Search<'_>| {
            record.variants[at].clone_from(search.searched());
            record.warnings = [warnings.clone(), search.warnings()].concat();
            record.checks_failed = checks_failed + search.checks_failed();
        };
        let ended = search.run(&mut prober, |search, took| {
            known(&mut record, search);
            record.took_s = took.as_secs_f64();
            write(&record)
        });
        known(&mut record, &search);
        match ended {
            Ok(Ended::Done) => {}
            Ok(Ended::Interrupted) => {
                failure = Some(Failure::text(ExitCode::Interrupted, "interrupted: the result is partial"));
                break;
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    record.partial = failure.is_some() || record.variants.iter().any(|variant| variant.end == SearchEnd::Cut);
    record.took_s = prober.took().as_secs_f64();
    write(&record)?;
    Ok((record, failure))
}

fn write(record: &SearchRecord) -> Result<(), Failure> {
    record.write(std::path::Path::new(&record.dir)).map_err(|error| Failure::failed(&error))
}

fn record(asked: &Asked, begun: &Begun) -> SearchRecord {
    let run: &RunRecord = &begun.run;
    let validity = Validity::of_variants(run, &[], |_| false);
    let server = |endpoint: &crate::result::run::Endpoint| format!("{} {}", endpoint.name, endpoint.version);
    SearchRecord {
        schema_version: SEARCH_VERSION,
        dbbench_version: run.dbbench.version.clone(),
        workload: run.workload.clone(),
        workload_hash: run.workload_hash.clone(),
        machine: run.environment.machine.clone(),
        servers: run.endpoints.iter().map(server).collect(),
        started_at: run.started_at.clone(),
        dir: begun.store.dir().display().to_string(),
        partial: true,
        valid: validity.reasons.is_empty(),
        invalid_reasons: validity.reasons,
        warnings: run.warnings.clone(),
        objectives: asked.objectives.iter().map(objective::Objective::record).collect(),
        arrivals: asked.arrivals_word().to_owned(),
        precision: asked.precision,
        checks_failed: 0,
        took_s: 0.0,
        variants: Vec::new(),
    }
}
