//! A command that cannot go on: the exit code and the finished message.

use std::error::Error;
use std::fmt::Write as _;

use crate::words::ExitCode;

/// Why a command ends, ready to be printed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// The message, without the leading `error: ` (diagnostics bring their own and leave `bare` set).
    pub message: String,
    /// The message is complete as it is.
    pub bare: bool,
}

impl Failure {
    /// An error with its chain of sources.
    pub fn new(code: ExitCode, error: &(dyn Error + 'static)) -> Self {
        Self { code, message: chain(error), bare: false }
    }

    /// Environment, server, I/O: exit code 1.
    pub fn failed(error: &(dyn Error + 'static)) -> Self {
        Self::new(ExitCode::Failed, error)
    }

    /// A sentence.
    pub fn text(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), bare: false }
    }

    /// Rendered diagnostics.
    pub fn rendered(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), bare: true }
    }

    /// The same with something to read below it.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.message = format!("{}\n{}", self.message.trim_end(), note.trim_end());
        self
    }

    /// The same, said of a part of the command.
    #[must_use]
    pub fn on(mut self, part: &str) -> Self {
        self.message = match self.bare {
            true => format!("{part}:\n{}", self.message),
            false => format!("{part}: {}", self.message),
        };
        self
    }

    /// Prints it to stderr and hands out the exit code.
    pub fn print(&self) -> ExitCode {
        if self.bare {
            anstream::eprintln!("{}", self.message.trim_end());
        } else {
            anstream::eprintln!("error: {}", self.message.trim_end());
        }
        self.code
    }
}

/// `outer: inner: innermost`, leaving out a source that its outer error already says.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            let _ = write!(text, ": {inner_text}");
        }
        source = inner.source();
    }
    text
}
