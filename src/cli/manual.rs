//! `dbbench completions` and `dbbench man`: what shells and manuals know of the command line, made from the arguments themselves.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::{Man, roff};

use super::args::Cli;
use super::failure::Failure;
use crate::words::ExitCode;

/// Arguments of `dbbench completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `dbbench man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for dbbench and one for each subcommand into this folder [default: the page of dbbench to stdout]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Prints the completions of a shell.
///
/// # Errors
/// When stdout cannot be written to.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dbbench", &mut text);
    print(&text)
}

/// Prints the manual page, or writes all of them.
///
/// # Errors
/// When they cannot be written.
pub fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    let Some(dir) = &args.out else {
        return print(&page(&whole()).map_err(|error| Failure::failed(&error))?);
    };
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::text(ExitCode::Failed, format!("cannot write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let all = whole();
    for command in std::iter::once(&all).chain(all.get_subcommands()) {
        let path = dir.join(format!("{}.1", command.get_display_name().unwrap_or_else(|| command.get_name())));
        let written = page(command).and_then(|text| std::fs::write(&path, text));
        written.map_err(|error| failed(&path, &error))?;
        anstream::println!("{}", path.display());
    }
    Ok(ExitCode::Done)
}

/// The command line, with the names that the pages of subcommands have.
fn whole() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// The page of a command. What stands below its help has lines of its own: commands must not run into each other.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man = Man::new(command.clone().after_help(None::<&str>)).manual("dbbench");
    let mut text = Vec::new();
    man.render(&mut text)?;
    let mut own = roff::Roff::new();
    let (examples, notes): (Vec<&str>, Vec<&str>) = after.lines().partition(|line| line.starts_with("  "));
    if !examples.is_empty() {
        own.control("SH", ["EXAMPLES"]);
        own.control("nf", []);
        for line in examples {
            own.text([roff::roman(line.trim())]);
        }
        own.control("fi", []);
    }
    let notes: Vec<&str> = notes.into_iter().filter(|line| !line.is_empty() && *line != "Examples:").collect();
    if !notes.is_empty() {
        own.control("SH", ["NOTES"]);
        own.text([roff::roman(notes.join(" "))]);
    }
    own.to_writer(&mut text)?;
    Ok(text)
}

fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    match std::io::stdout().lock().write_all(text) {
        // Whoever reads stdout has what he wanted (`| head -1`).
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::text(ExitCode::Failed, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(ExitCode::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_examples_in_its_help_and_in_its_manual() {
        let all = whole();
        assert!(all.get_subcommands().count() > 10, "the commands were not found");
        for command in all.get_subcommands() {
            let name = command.get_name();
            let help = command.clone().render_long_help().to_string();
            let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{name}: no examples"));
            let own = format!("  dbbench {name}");
            assert!(examples.lines().next().is_some_and(|line| line.starts_with(&own)), "{name}: {examples}");
            let manual = String::from_utf8(page(command).expect("made")).expect("text");
            let (_, after) = manual.split_once(".SH EXAMPLES\n.nf\n").unwrap_or_else(|| panic!("{name}: {manual}"));
            let first = after.lines().next().unwrap_or_default().replace("\\-", "-");
            assert!(first.starts_with(&format!("dbbench {name}")), "{name}: {first}");
            assert!(!manual.contains("Examples:"), "{name}: what stands below the help is there twice");
        }
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in <Shell as clap::ValueEnum>::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "dbbench", &mut text);
            let text = String::from_utf8(text).expect("text");
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
