//! The command line: one file per subcommand; the only place that assembles the other rooms.

mod ab;
mod args;
mod arrivals;
mod build;
mod cache;
mod calibrate;
mod catalogue;
mod check;
mod clean;
mod compare;
mod doctor;
mod failure;
mod finish;
mod history;
mod index;
mod init;
mod interrupt;
mod list;
mod manual;
mod overrides;
#[cfg(test)]
mod reference_tests;
mod report;
mod run;
mod schema;
mod search;
mod until;

use std::io::Write as _;

use clap::Parser as _;

use self::args::{Cli, Command};
use self::failure::Failure;
use crate::words::{ExitCode, redacted_message};

/// Parses the arguments, runs the subcommand, prints what it failed by.
#[must_use]
pub fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are no errors; everything else about the arguments is.
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done };
            // Nobody is left to tell when the terminal is gone.
            let said = error.to_string();
            let shown = redacted_message(&said, std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()));
            let _ = match shown != said {
                // An option that was left out in front of a connection string.
                true => anstream::stderr().write_all(shown.as_bytes()),
                false => error.print(),
            };
            return code.into();
        }
    };
    let ended = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Search(args) => search::search(args),
        Command::Ab(args) => ab::ab(args),
        Command::Check(args) => check::check(args),
        Command::Compare(args) => compare::compare(args),
        Command::History(args) => history::history(args),
        Command::Clean(args) => clean::clean(args),
        Command::Report(args) => report::report(args),
        Command::Calibrate(args) => calibrate::calibrate(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::List(args) => list::list(args),
        Command::Init(args) => init::init(args),
        Command::Schema => schema::schema(),
        Command::Cache(args) => cache::cache(args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    };
    ended.unwrap_or_else(|failure: Failure| failure.print()).into()
}
