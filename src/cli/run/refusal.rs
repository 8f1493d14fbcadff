//! What servers refuse, shown where it stands in the workload file.

use crate::cli::failure::{Failure, chain};
use crate::dataset::DatasetError;
use crate::driver::DriverError;
use crate::engine::{BindError, BindProblem};
use crate::topology::TopologyError;
use crate::words::ExitCode;
use crate::workload::Diagnostic;

/// A dataset that could not be made: exit code 2 when the file is to blame, else 1.
pub fn dataset(error: &DatasetError, color: bool) -> Failure {
    let problems = error.problems();
    if problems.is_empty() {
        return Failure::failed(error);
    }
    let mut text = String::new();
    for problem in problems {
        let hints = problem.hint.into_iter().collect();
        text.push_str(&Diagnostic::at(&problem.place, problem.message, "", hints).render(color));
    }
    let code = match error {
        DatasetError::Statement { source, .. } if !is_of_the_statement(source) => ExitCode::Failed,
        DatasetError::Copy { source, .. } if breaks_a_rule(source.as_ref()) => ExitCode::Usage,
        DatasetError::Copy { .. } | DatasetError::Shape(_) | DatasetError::Server { .. } => ExitCode::Failed,
        _ => ExitCode::Usage,
    };
    Failure::rendered(code, text)
}

/// Whether the rows that the file asks for break a rule of its own schema: classes 22 (data) and 23 (constraints).
fn breaks_a_rule(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<DriverError>() {
        Some(DriverError::Server(error)) => ["22", "23"].iter().any(|class| error.state.as_str().starts_with(class)),
        _ => false,
    }
}

/// Whether a statement is to blame for its error, rather than the server's lack of resources, its end, or itself.
fn is_of_the_statement(error: &DriverError) -> bool {
    match error {
        DriverError::Server(error) => !error.state.is_trouble_of_the_server(),
        _ => false,
    }
}

/// A server that did not start: exit code 2 when a setting of the file is to blame, else 1.
pub fn topology(error: &TopologyError) -> Failure {
    match error {
        TopologyError::BadSetting { .. } | TopologyError::BadVariable { .. } => Failure::new(ExitCode::Usage, error),
        _ => Failure::failed(error),
    }
}

/// Variants and checks that do not fit the server. Variants share operations and checks, so the same problem is said once.
pub fn binding(errors: &[BindError], checks: &[Diagnostic], color: bool) -> Failure {
    let mut said: Vec<String> = Vec::new();
    for error in errors {
        match error {
            BindError::Driver { .. } => return Failure::text(ExitCode::Failed, chain(error)),
            BindError::Problems { problems, .. } => {
                for problem in problems {
                    let text = diagnostic(problem).render(color);
                    if !said.contains(&text) {
                        said.push(text);
                    }
                }
            }
        }
    }
    for check in checks {
        let text = check.render(color);
        if !said.contains(&text) {
            said.push(text);
        }
    }
    Failure::rendered(ExitCode::Usage, said.concat())
}

fn diagnostic(problem: &BindProblem) -> Diagnostic {
    Diagnostic::at(&problem.place(), problem.title.clone(), problem.label.clone(), problem.hints.clone())
}
