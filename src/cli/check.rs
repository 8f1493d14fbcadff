//! `dbbench check`: validates files without starting anything.

use super::args::CheckArgs;
use super::arrivals;
use super::failure::Failure;
use super::overrides::overrides;
use super::run::refuse_statements;
use super::until;
use crate::driver::conninfo::{self, Outside};
use crate::words::{ExitCode, redacted_target};
use crate::workload;
use crate::workload::plan::{ExternalPlan, Place, Plan};

/// Prints the resolved plan of each file, or all its problems. One wrong file does not hide the others.
///
/// # Errors
/// When the options are wrong.
pub fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let overrides = overrides(&args.overrides)?;
    let goal = until::goal(&args.overrides)?;
    let server = args.target.as_deref().filter(|target| !target.starts_with("null:"));
    if let Some(target) = server {
        conninfo::read(target, &Outside::of_this_process())
            .map_err(|error| Failure::text(ExitCode::Usage, error.to_string()))?;
    }
    let mut code = ExitCode::Done;
    for file in &args.files {
        match workload::load(file, &overrides) {
            Ok(mut plan) => {
                let fits = goal.map_or(Ok(()), |goal| goal.lay_over(&mut plan));
                let fits = fits.and_then(|()| arrivals::in_every_round(&plan)).and_then(|()| {
                    refuse_statements(
                        &plan,
                        args.target.as_deref(),
                        args.allow_writes_to.as_deref(),
                        args.color.is_on(),
                    )
                });
                if let Some(target) = server {
                    aim(&mut plan, target);
                }
                match fits {
                    Ok(()) => anstream::println!("{}", workload::describe(&plan).trim_end()),
                    Err(failure) => code = code.precedence(failure.print()),
                }
            }
            Err(problems) => {
                anstream::eprintln!("{}", problems.render(args.color.is_on()).trim_end());
                code = ExitCode::Usage;
            }
        }
    }
    Ok(code)
}

/// The server of the command line in the place of the file's.
fn aim(plan: &mut Plan, target: &str) {
    let place = Place { source: plan.source.clone(), span: 0..0 };
    plan.topology.external = Some(ExternalPlan { primary: redacted_target(target), place });
}
