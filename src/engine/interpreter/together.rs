//! Statements at the same time, each on a connection of its own: all are sent, then all answers are taken.
//!
//! The answers are read one after the other; meanwhile the others wait in their sockets, so that the last one that comes is
//! what the step takes.

use super::{Interpreter, OperationError, Place, append, statement_at};
use crate::driver::{DriverError, Session, StatementId};
use crate::engine::bound::{Program, Statement};
use crate::engine::rows::Sink;

/// A further connection of a client.
#[derive(Debug)]
pub(in crate::engine) struct Beside {
    pub(in crate::engine) session: Session,
    /// Parallel to the variant's statements.
    pub(in crate::engine) prepared: Vec<StatementId>,
}

impl Place<'_> {
    /// The connection number `line`, with the name that it has for a statement.
    fn line(&mut self, line: usize, statement: usize) -> (&mut Session, StatementId) {
        match line.checked_sub(1) {
            None => (&mut *self.session, self.prepared[statement]),
            Some(line) => {
                let Beside { session, prepared } = &mut self.beside[line];
                (session, prepared[statement])
            }
        }
    }
}

impl Interpreter {
    /// Runs the `count` statements after instruction `at`. The first failure counts, once all have ended.
    pub(super) async fn together(
        &mut self,
        index: usize,
        program: &Program,
        at: usize,
        count: usize,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let statements = || (at + 1..=at + count).filter_map(|at| statement_at(program, at));
        let mut failed = None;
        let mut started = 0;
        for (line, statement) in statements().enumerate() {
            match self.start(index, line, statement, place).await {
                Ok(()) => started += 1,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        for (line, statement) in statements().enumerate().take(started) {
            if let Err(error) = self.finish(program, line, statement, place).await
                // A connection that is gone matters more: the client has to make it anew.
                && (failed.is_none() || error.is_fatal())
            {
                failed = Some(error);
            }
        }
        match failed {
            Some(error) if error.is_fatal() => Err(error),
            result => {
                place.progress.confirmed();
                result.map_or(Ok(()), Err)
            }
        }
    }

    async fn start(
        &mut self,
        index: usize,
        line: usize,
        statement: &Statement,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.args.clear();
        for source in &statement.args {
            append(&mut self.args, *source, &self.sets, &self.drawn[index])?;
        }
        self.runs[statement.statement] = self.runs[statement.statement].saturating_add(1);
        let commits = statement.commits || place.progress.is_unconfirmed();
        place.progress.sent(commits);
        let (session, name) = place.line(line, statement.statement);
        session.start(name, &self.args).await?;
        Ok(())
    }

    async fn finish(
        &mut self,
        program: &Program,
        line: usize,
        statement: &Statement,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let mut sink = match &statement.binds {
            None => Sink::counting(),
            Some(bind) => {
                // More than 4 billion rows do not fit in memory.
                let parent = bind.visiting.map(|set| self.sets[set].visited() as u32);
                let rows = &mut self.sets[bind.set];
                if !bind.in_loop {
                    rows.clear(program.widths[bind.set]);
                }
                Sink::keeping(rows, &bind.keep, parent)
            }
        }
        .recording(&mut self.recorded, &statement.records);
        let (session, _) = place.line(line, statement.statement);
        let executed = session.finish(&mut sink).await.map_err(DriverError::from)?;
        let rows = if executed.rows > 0 { executed.rows } else { executed.affected };
        place.progress.add_rows(rows);
        match statement.expect_rows {
            Some(expected) if expected != rows => Err(OperationError::Rows { expected, found: rows }),
            _ => Ok(()),
        }
    }
}
