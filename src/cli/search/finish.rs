//! The end of a search, and `dbbench report` of one: `search.json` becomes a page and plots, and is shown.

use std::io::Write as _;
use std::path::Path;

use crate::cli::args::Format;
use crate::cli::failure::Failure;
use crate::cli::finish::{Output, width};
use crate::report::{self, terminal::Look};
use crate::result;
use crate::result::search::{SearchEnd, SearchRecord, SearchedVariant};
use crate::words::{ExitCode, counted};

/// Writes page and plots beside `search.json`, and shows what was found.
///
/// # Errors
/// When the folder cannot be written, or stdout is closed.
pub fn show(dir: &Path, record: &SearchRecord, output: Output) -> Result<(), Failure> {
    for file in report::search::files(record).map_err(|error| Failure::failed(&error))? {
        result::write_file(dir, &file.name, &file.content).map_err(|error| Failure::failed(&error))?;
    }
    let text = match output.format {
        Format::Json => serde_json::to_string_pretty(record).map_err(|error| Failure::failed(&error))?,
        Format::Text => dir.display().to_string(),
    };
    if output.format == Format::Text && !output.quiet {
        let look = Look { width: width(), color: output.color };
        anstream::eprintln!("{}", report::search::render(record, look).trim_end());
    } else {
        for reason in &record.invalid_reasons {
            anstream::eprintln!("error: not valid: {reason}");
        }
        for variant in record.variants.iter().filter(|variant| code_of(variant) != ExitCode::Done) {
            anstream::eprintln!("error: {}", report::search::answer(record, variant));
        }
        if record.checks_failed > 0 {
            anstream::eprintln!(
                "error: {} failed: see the warnings in search.json",
                counted(record.checks_failed, "check")
            );
        }
    }
    match writeln!(std::io::stdout().lock(), "{text}") {
        // Whoever reads stdout has what he wanted (`| head -1`).
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::text(ExitCode::Failed, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// What a search says of itself, the user's interrupt aside.
#[must_use]
pub fn exit_code(record: &SearchRecord) -> ExitCode {
    let mut code = record.variants.iter().map(code_of).fold(ExitCode::Done, ExitCode::precedence);
    if !record.valid {
        code = code.precedence(ExitCode::NotValid);
    }
    if record.checks_failed > 0 {
        code = code.precedence(ExitCode::Refuted);
    }
    code
}

fn code_of(variant: &SearchedVariant) -> ExitCode {
    match variant.end {
        SearchEnd::Time if variant.met_per_s.is_none() && variant.missed_per_s.is_none() => ExitCode::Failed,
        SearchEnd::Found | SearchEnd::Highest | SearchEnd::Time | SearchEnd::Cut => ExitCode::Done,
        SearchEnd::Undecided => ExitCode::Failed,
        SearchEnd::NeverMet => ExitCode::Refuted,
        SearchEnd::Generator => ExitCode::NotValid,
    }
}
