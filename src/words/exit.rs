//! The exit codes: a contract that scripts rely on.

/// What the process's exit code says. Where several apply, the first in the order of [`ExitCode::precedence`] wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; every expectation holds.
    Done = 0,
    /// The run failed: environment, server, I/O.
    Failed = 1,
    /// Usage or workload file wrong, also SQL that the server refuses before the load; no load was run.
    Usage = 2,
    /// An expectation was refuted, a check failed, or a comparison found a regression.
    Refuted = 3,
    /// The answers of variants differ.
    AnswersDiffer = 4,
    /// Not valid: the generator was the limit.
    NotValid = 5,
    /// Interrupted by SIGINT or SIGTERM; partial results are written.
    Interrupted = 130,
}

impl ExitCode {
    const ORDER: [Self; 7] =
        [Self::Usage, Self::Failed, Self::Interrupted, Self::AnswersDiffer, Self::NotValid, Self::Refuted, Self::Done];

    /// Of two codes that both apply, the one that the process ends with.
    #[must_use]
    pub fn precedence(self, other: Self) -> Self {
        Self::ORDER.into_iter().find(|code| *code == self || *code == other).unwrap_or(self)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn usage_wins_over_everything_and_done_over_nothing() {
        for code in ExitCode::ORDER {
            assert_eq!(ExitCode::Usage.precedence(code), ExitCode::Usage);
            assert_eq!(code.precedence(ExitCode::Done), code);
        }
        assert_eq!(ExitCode::NotValid.precedence(ExitCode::Refuted), ExitCode::NotValid);
    }
}
