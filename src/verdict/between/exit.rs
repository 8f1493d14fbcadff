//! The exit code of a comparison.

use crate::result::compared::Compared;
use crate::result::summary::Verdict;
use crate::words::ExitCode;

/// What a comparison ends with. `strict`: what is undecided counts as a regression.
#[must_use]
pub fn exit_code(compared: &Compared, strict: bool) -> ExitCode {
    let mut code = ExitCode::Done;
    if !compared.valid {
        code = code.precedence(ExitCode::NotValid);
    }
    let undecided = || compared.deciding().any(|comparison| comparison.verdict == Verdict::Undecided);
    if compared.regressions().next().is_some() || (strict && undecided()) {
        code = code.precedence(ExitCode::Refuted);
    }
    code
}
