//! What servers refuse, shown where it stands in the workload file.

use crate::cli::failure::{Failure, chain};
use crate::dataset::DatasetError;
use crate::engine::{BindError, BindProblem};
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
        DatasetError::Copy { .. } | DatasetError::Shape(_) | DatasetError::Server { .. } => ExitCode::Failed,
        _ => ExitCode::Usage,
    };
    Failure::rendered(code, text)
}

/// Variants that do not fit the server. Variants share operations, so the same problem is said once.
pub fn binding(errors: &[BindError], color: bool) -> Failure {
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
    Failure::rendered(ExitCode::Usage, said.concat())
}

fn diagnostic(problem: &BindProblem) -> Diagnostic {
    Diagnostic::at(&problem.place(), problem.title.clone(), problem.label.clone(), problem.hints.clone())
}
