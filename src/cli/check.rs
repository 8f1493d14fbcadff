//! `dbbench check`: validates files without starting anything.

use super::args::CheckArgs;
use super::failure::Failure;
use super::overrides::overrides;
use super::until;
use crate::words::ExitCode;
use crate::workload;

/// Prints the resolved plan of each file, or all its problems. One wrong file does not hide the others.
///
/// # Errors
/// When the options are wrong.
pub fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let overrides = overrides(&args.overrides)?;
    let goal = until::goal(&args.overrides)?;
    let mut code = ExitCode::Done;
    for file in &args.files {
        match workload::load(file, &overrides) {
            Ok(mut plan) => match goal.map_or(Ok(()), |goal| goal.lay_over(&mut plan)) {
                Ok(()) => anstream::println!("{}", workload::describe(&plan).trim_end()),
                Err(failure) => code = code.precedence(failure.print()),
            },
            Err(problems) => {
                anstream::eprintln!("{}", problems.render(args.color.is_on()).trim_end());
                code = ExitCode::Usage;
            }
        }
    }
    Ok(code)
}
