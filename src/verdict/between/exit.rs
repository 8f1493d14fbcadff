//! The exit code of a comparison.

use crate::result::compared::{Compared, ComparedFigure};
use crate::result::summary::Verdict;
use crate::words::ExitCode;

/// What a comparison ends with. `strict`: what is undecided counts as a regression.
#[must_use]
pub fn exit_code(compared: &Compared, strict: bool) -> ExitCode {
    let mut code = ExitCode::Done;
    if !compared.valid {
        code = code.precedence(ExitCode::NotValid);
    }
    if compared.regressions().next().is_some() || (strict && undecided(compared).next().is_some()) {
        code = code.precedence(ExitCode::Refuted);
    }
    code
}

/// What decides and is undecided: with `--strict` each is a reason for exit code 3.
pub fn undecided(compared: &Compared) -> impl Iterator<Item = &ComparedFigure> {
    compared.deciding().filter(|comparison| comparison.verdict == Verdict::Undecided)
}
