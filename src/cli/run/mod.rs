//! `dbbench run`: from the file to the report.
//!
//! [`stage`] makes everything ready that load runs against, [`measure`] compares answers and runs the rounds,
//! [`record`] says what results keep of the plan. The order of errors is that of the data: nothing is started for a file
//! that is wrong, nothing is measured when answers differ.

mod after;
mod checks;
mod context;
mod copies;
mod external;
pub(super) mod measure;
mod plans;
pub(super) mod probe;
mod record;
pub(super) mod refusal;
mod setup;
mod sites;
pub(super) mod stage;
mod tables;
mod trial;
mod withheld;

pub(super) use external::{refuse_statements, refused};
pub(super) use record::hashed;
pub(super) use sites::alternating;
pub(super) use stage::Stage;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use super::args::{Format, RunArgs};
use super::arrivals;
use super::catalogue;
use super::failure::Failure;
use super::finish::{Output, explain, finish};
use super::interrupt::Asked;
use super::overrides::overrides;
use super::until::{self, Goal};
use crate::event::Events;
use crate::report::progress::{Mode, Progress};
use crate::verdict;
use crate::words::ExitCode;
use crate::workload::{self, Overrides, plan::Plan};

/// Where results go unless `--out` says otherwise.
const RESULTS: &str = "results";

/// What all files of one command share.
pub struct Command<'a> {
    args: &'a RunArgs,
    runtime: &'a Runtime,
    pub(super) asked: &'a Asked,
    pub(super) progress: &'a Progress,
    pub(super) events: Events,
    pub(super) color: bool,
}

/// Runs each file.
///
/// # Errors
/// When the options are wrong. What goes wrong with one file is printed, and the next one is run.
pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let overrides = overrides(&args.overrides)?;
    let goal = until::goal(&args.overrides)?;
    if args.format == Format::Json && args.files.len() > 1 {
        let rule =
            "--format json prints one summary, got several files: run them one by one, or read their summary.json";
        return Err(Failure::text(ExitCode::Usage, rule));
    }
    let color = args.color.is_on();
    // All files are read before anything is started: a typing error in the last one must not cost the time of the others.
    let plans = load(args, &overrides, goal, color)?;
    with_command(args, |command| {
        let mut code = ExitCode::Done;
        for (at, (plan, out)) in plans.iter().enumerate() {
            let ended = command.run_on(plan, out.as_deref(), |command| Stage::set(command, plan));
            code = code.precedence(ended.unwrap_or_else(|failure| {
                command.progress.finish();
                failure.print()
            }));
            if command.asked.engine.is_set() {
                let (code, said) = cut_off(code, &args.files[at + 1..]);
                anstream::eprint!("{said}");
                return Ok(code);
            }
        }
        Ok(code)
    })
}

/// What a command ends with that was interrupted before it came to these files, and what is said of them.
fn cut_off(code: ExitCode, files: &[PathBuf]) -> (ExitCode, String) {
    if files.is_empty() {
        return (code, String::new());
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    (code.precedence(ExitCode::Interrupted), format!("error: interrupted: not run: {}\n", names.join(", ")))
}

/// Gives the work what all runs of a command share: a runtime, ears for signals, progress.
///
/// # Errors
/// When these cannot be had, or the work fails.
pub(super) fn with_command(
    args: &RunArgs,
    work: impl FnOnce(&Command<'_>) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let color = args.color.is_on();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error))?;
    let asked = runtime.block_on(async { Asked::listen() }).map_err(|error| Failure::failed(&error))?;
    let mode = Mode::new(args.quiet, args.no_progress, std::io::stderr().is_terminal(), color);
    let progress = Progress::new(mode, Box::new(anstream::stderr()), crate::cli::finish::width);
    let command =
        Command { args, runtime: &runtime, asked: &asked, progress: &progress, events: progress.events(), color };
    let ended = work(&command);
    progress.finish();
    // Tasks that still hold a connection must not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Reads the files and refuses what is known to go wrong.
///
/// # Errors
/// With all that is wrong.
pub(super) fn load(
    args: &RunArgs,
    overrides: &Overrides,
    goal: Option<Goal>,
    color: bool,
) -> Result<Vec<(Plan, Option<PathBuf>)>, Failure> {
    let mut plans: Vec<(Plan, Option<PathBuf>)> = Vec::new();
    let mut wrong = String::new();
    for file in &args.files {
        match workload::load(file, overrides) {
            Ok(mut plan) => {
                goal.map_or(Ok(()), |goal| goal.lay_over(&mut plan))?;
                arrivals::in_every_round(&plan)?;
                refuse_statements(&plan, args.target.as_deref(), args.allow_writes_to.as_deref(), color)?;
                let out = args.out.as_ref().map(|out| match args.files.len() {
                    1 => out.clone(),
                    _ => out.join(&plan.name),
                });
                plans.push((plan, out));
            }
            Err(problems) => {
                wrong.push_str(&problems.render(color));
                wrong.extend(catalogue::hint(file));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::rendered(ExitCode::Usage, wrong));
    }
    for (at, (plan, out)) in plans.iter().enumerate() {
        let Some(out) = out else { continue };
        if plans[..at].iter().any(|(_, other)| other.as_ref() == Some(out)) {
            let name = &plan.name;
            let rule = format!("two of the files are named \"{name}\": with --out each needs a folder of its own");
            return Err(Failure::text(ExitCode::Usage, rule));
        }
        empty_or_new(out)?;
    }
    // What has taken hours must not end at a folder that cannot be made.
    for (_, out) in &plans {
        writable(out.as_deref())?;
    }
    Ok(plans)
}

/// A result never mixes with another.
pub(super) fn empty_or_new(out: &Path) -> Result<(), Failure> {
    let rule = match std::fs::read_dir(out) {
        Ok(mut entries) => match entries.next() {
            None => return Ok(()),
            Some(_) => "is not empty: a result needs a folder of its own; name another, or remove it",
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(_) if out.is_file() => "is a file: name a folder",
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => "lies below a file: name a folder",
        Err(_) => "cannot be read: name a folder that you may write to",
    };
    Err(Failure::text(ExitCode::Usage, format!("--out {} {rule}", out.display())))
}

/// Sees whether the folder can be made and written into; what was made for that goes again, for a run that is refused leaves
/// nothing.
pub(super) fn writable(out: Option<&Path>) -> Result<(), Failure> {
    let folder = out.unwrap_or(Path::new(RESULTS));
    let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made: Vec<&Path> = folder.ancestors().take_while(missing).collect();
    let probe = folder.join(format!(".dbbench-{}", std::process::id()));
    let tried = std::fs::create_dir_all(folder).and_then(|()| std::fs::File::create_new(&probe));
    drop(std::fs::remove_file(&probe));
    for folder in made {
        // Whoever else has put something into it meanwhile keeps it.
        drop(std::fs::remove_dir(folder));
    }
    tried.map(drop).map_err(|error| {
        let option = if out.is_some() { "--out " } else { "" };
        let rule = format!("{option}{} cannot be written to ({error}): name a folder with --out", folder.display());
        Failure::text(ExitCode::Usage, rule)
    })
}

impl Command<'_> {
    /// The same command with the arguments of one side of it.
    pub(super) fn with<'b>(&'b self, args: &'b RunArgs) -> Command<'b> {
        let Self { runtime, asked, progress, events, color, .. } = self;
        Command { args, runtime, asked, progress, events: events.clone(), color: *color }
    }

    /// Runs one plan to its report on the stage that is set for it.
    pub(super) fn run_on(
        &self,
        plan: &Plan,
        out: Option<&Path>,
        set: impl FnOnce(&Self) -> Result<Stage, Failure>,
    ) -> Result<ExitCode, Failure> {
        let mut stage = set(self)?;
        let measured = measure::measure(self, plan, &mut stage, out);
        // Servers go before the report is made: whatever happens to it, they are not needed any more.
        let server_log = stage.strike(self);
        let (end, dir) = measured.map_err(|failure| match server_log {
            Some(log) if failure.code == ExitCode::Failed => failure.with_note(&log),
            _ => failure,
        })?;
        let summary = finish(&dir)?;
        self.progress.finish();
        let output = Output { format: self.args.format, quiet: self.args.quiet, color: self.color };
        output.print(&summary)?;
        match &end.failure {
            Some(failure) => drop(failure.print()),
            None => anstream::eprint!("{}", explain(&summary, self.args.strict, output)),
        }
        Ok(end.code.precedence(verdict::exit_code(&summary, self.args.strict)))
    }

    /// Whether the user wants it to: looked at after what could not be given up half-way.
    fn goes_on(&self) -> Result<(), Failure> {
        match self.asked.engine.is_set() {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }

    /// Waits for something of the control plane, unless the user asks for the end.
    fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Failure> {
        self.runtime.block_on(async {
            tokio::select! {
                done = what => Ok(done),
                () = self.asked.asked() => Err(interrupted()),
            }
        })
    }
}

fn interrupted() -> Failure {
    Failure::text(ExitCode::Interrupted, "interrupted before anything was measured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_an_interrupt_left_out_are_named_and_count() {
        let rest = [PathBuf::from("b.toml"), PathBuf::from("c.toml")];
        assert_eq!(cut_off(ExitCode::Done, &[]), (ExitCode::Done, String::new()));
        let (code, said) = cut_off(ExitCode::Done, &rest);
        assert_eq!((code, said.as_str()), (ExitCode::Interrupted, "error: interrupted: not run: b.toml, c.toml\n"));
        assert_eq!(cut_off(ExitCode::Usage, &rest[1..]).0, ExitCode::Usage);
    }
}
