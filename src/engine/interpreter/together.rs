//! Statements at the same time, each on a connection of its own: all are sent, then all answers are taken.
//!
//! The answers are read one after the other; meanwhile the others wait in their sockets, so that the last one that comes is
//! what the step takes.

use super::send::{count, sink};
use super::{Interpreter, OperationError, Place, statement_at};
use crate::driver::{Session, StatementId};
use crate::engine::bound::{BoundVariant, Program, Statement};

/// A further connection of a client.
#[derive(Debug)]
pub(in crate::engine) struct Beside {
    pub(in crate::engine) session: Session,
    /// Parallel to the variant's statements.
    pub(in crate::engine) prepared: Vec<StatementId>,
}

impl Interpreter {
    /// Runs the `lines` statements after instruction `at`. The first failure counts, once all have ended.
    pub(super) async fn together(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        (at, lines): (usize, usize),
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let statements = || (at + 1..=at + lines).filter_map(|at| statement_at(program, at)).enumerate();
        let mut failed = None;
        let mut stale = Vec::new();
        let mut started = 0;
        for (line, statement) in statements() {
            match self.start(index, line, statement, place).await {
                Ok(()) => started += 1,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        for (line, statement) in statements().take(started) {
            match self.finish(program, line, statement, place).await {
                Ok(()) => {}
                Err(error) if error.is_stale(place.line(line).session) => stale.push((line, statement, error)),
                // A connection that is gone matters more: the client has to make it anew.
                Err(error) if failed.is_none() || error.is_fatal() => failed = Some(error),
                Err(_) => {}
            }
        }
        for (line, statement, error) in stale {
            if failed.is_none() {
                failed = Box::pin(self.again(variant, index, program, (line, statement, error), place)).await.err();
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

    /// Prepares a statement again on its connection, and runs it there once more.
    #[cold]
    async fn again(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        (line, statement, error): (usize, &Statement, OperationError),
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let progress = place.progress;
        if !error.renew(variant, &[statement], place.line(line), progress).await? {
            return Err(error);
        }
        self.start(index, line, statement, place).await?;
        self.finish(program, line, statement, place).await
    }

    async fn start(
        &mut self,
        index: usize,
        line: usize,
        statement: &Statement,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.put_args(index, statement)?;
        self.runs(statement.statement, 1);
        let commits = statement.commits || place.progress.is_unconfirmed();
        place.progress.sent(commits)?;
        let line = place.line(line);
        line.session.start(line.prepared[statement.statement], &self.args).await?;
        Ok(())
    }

    async fn finish(
        &mut self,
        program: &Program,
        line: usize,
        statement: &Statement,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let parent = self.parent(statement);
        let mut sink = sink(&mut self.sets, &mut self.recorded, program, statement, parent);
        let executed = place.line(line).session.finish(&mut sink).await?;
        count(place.progress, statement, executed)
    }
}
