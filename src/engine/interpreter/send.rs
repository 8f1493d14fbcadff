//! What all ways of sending a statement have in common: its arguments, where its rows go, and what counts.

use super::{Interpreter, OperationError, Place, Progress, append};
use crate::driver::{Args, DriverError, Executed, RowSink, Session, StatementId};
use crate::engine::bound::{Program, Statement};
use crate::engine::rows::{Rows, Sink, Taken};

/// One connection of a client, with the names that the variant's statements have on it.
pub(super) struct Line<'a> {
    pub(super) session: &'a mut Session,
    /// Parallel to the variant's statements.
    pub(super) prepared: &'a [StatementId],
}

impl Place<'_> {
    /// The connection number `line`: the client's own one, then those beside it.
    #[inline]
    pub(super) fn line(&mut self, line: usize) -> Line<'_> {
        match line.checked_sub(1) {
            None => Line { session: self.session, prepared: self.prepared },
            Some(line) => {
                let beside = &mut self.beside[line];
                Line { session: &mut beside.session, prepared: &beside.prepared }
            }
        }
    }
}

impl Interpreter {
    /// Builds the arguments of a statement.
    #[inline]
    pub(super) fn put_args(&mut self, index: usize, statement: &Statement) -> Result<(), OperationError> {
        self.args.clear();
        for source in &statement.args {
            append(&mut self.args, *source, &self.sets, &self.drawn[index])?;
        }
        Ok(())
    }

    /// Notes that a statement runs `times` times on this connection.
    #[inline]
    pub(super) fn runs(&mut self, statement: usize, times: u32) {
        self.runs[statement] = self.runs[statement].saturating_add(times);
    }

    /// The row that is being visited where the statement binds its rows.
    #[inline]
    pub(super) fn parent(&self, statement: &Statement) -> Option<u32> {
        let visiting = statement.binds.as_ref().and_then(|bind| bind.visiting);
        // More than 4 billion rows do not fit in memory.
        visiting.map(|set| self.sets[set].visited() as u32)
    }
}

/// What takes the rows of a statement; `parent` is the row that was visited when it was sent.
#[inline]
pub(super) fn sink<'a>(
    sets: &'a mut [Rows],
    recorded: &'a mut Vec<Taken>,
    program: &Program,
    statement: &'a Statement,
    parent: Option<u32>,
) -> Sink<'a> {
    match &statement.binds {
        None => Sink::counting(),
        Some(bind) => {
            let rows = &mut sets[bind.set];
            if !bind.in_loop {
                rows.clear(program.widths[bind.set]);
            }
            Sink::keeping(rows, &bind.keep, parent)
        }
    }
    .recording(recorded, &statement.records)
}

/// Sends a statement and takes its answer.
///
/// # Errors
/// What the server says, or a lost connection; or the operation was cut off.
#[inline]
pub(super) async fn exchange(
    line: Line<'_>,
    progress: &Progress,
    (statement, commits): (usize, bool),
    args: &Args,
    sink: &mut impl RowSink,
) -> Result<Executed, OperationError> {
    progress.sent(commits)?;
    let executed = line.session.execute(line.prepared[statement], args, sink).await;
    confirm(progress, &executed);
    Ok(executed?)
}

/// An answer has come, whatever it says, unless the connection is gone.
#[inline]
pub(super) fn confirm<T>(progress: &Progress, answer: &Result<T, DriverError>) {
    if !answer.as_ref().is_err_and(DriverError::is_fatal) {
        progress.confirmed();
    }
}

/// Counts the rows of a statement, and holds them against what was expected.
#[inline]
pub(super) fn count(progress: &Progress, statement: &Statement, executed: Executed) -> Result<(), OperationError> {
    let rows = if executed.rows > 0 { executed.rows } else { executed.affected };
    progress.add_rows(rows);
    match statement.expect_rows {
        Some(expected) if expected != rows => Err(OperationError::Rows { expected, found: rows }),
        _ => Ok(()),
    }
}
