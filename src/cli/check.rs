//! `dbbench check`: validates files without starting anything.

use super::args::CheckArgs;
use super::failure::Failure;
use super::overrides::overrides;
use super::run::refuse_statements;
use crate::driver::conninfo::{self, Outside};
use crate::words::{ExitCode, redacted};
use crate::workload;
use crate::workload::plan::{ExternalPlan, Place};

/// Prints the resolved plan of each file, or all its problems. One wrong file does not hide the others.
///
/// # Errors
/// When the options are wrong.
pub fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let overrides = overrides(&args.overrides)?;
    let server = args.target.as_deref().filter(|target| !target.starts_with("null:"));
    if let Some(target) = server {
        conninfo::read(target, &Outside::of_this_process())
            .map_err(|error| Failure::text(ExitCode::Usage, error.to_string()))?;
    }
    let mut code = ExitCode::Done;
    for file in &args.files {
        match workload::load(file, &overrides) {
            Ok(mut plan) => {
                if let Some(target) = server {
                    if let Err(failure) = refuse_statements(&plan, args.color.is_on()) {
                        code = failure.print();
                        continue;
                    }
                    let place = Place { source: plan.source.clone(), span: 0..0 };
                    plan.topology.external = Some(ExternalPlan { primary: redacted(target), place });
                }
                anstream::println!("{}", workload::describe(&plan).trim_end());
            }
            Err(problems) => {
                anstream::eprintln!("{}", problems.render(args.color.is_on()).trim_end());
                code = ExitCode::Usage;
            }
        }
    }
    Ok(code)
}
