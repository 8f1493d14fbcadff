//! Pipelines: statements are queued, sent in one go, and their answers taken in turn.

use super::send::{count, sink};
use super::{Interpreter, OperationError, Place, statement_at};
use crate::driver::DriverError;
use crate::engine::bound::{BoundVariant, Program, Statement};
use crate::engine::plans::has_plan;

/// The pipeline that is being sent.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    /// Its instruction.
    at: usize,
    queued: Vec<Queued>,
    /// How many of them were answered.
    answered: usize,
    /// Whether it was sent before, with statements that have been prepared again since.
    is_again: bool,
}

/// A statement whose answer is on its way.
#[derive(Clone, Copy, Debug)]
struct Queued {
    /// Its instruction.
    at: usize,
    /// The row that was being visited.
    parent: Option<u32>,
    /// How many rows there were where its own go to.
    rows: usize,
}

impl Interpreter {
    /// From here on statements are queued; `at` is the instruction that says so.
    pub(super) fn begin_pipeline(&mut self, at: usize, place: &mut Place<'_>) {
        self.is_queueing = true;
        self.pipeline.at = at;
        self.pipeline.queued.clear();
        self.pipeline.is_again = false;
        place.session.begin_pipeline();
    }

    /// Queues the statement of instruction `at`.
    pub(super) fn queue(
        &mut self,
        index: usize,
        statement: &Statement,
        at: usize,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.put_args(index, statement)?;
        place.session.queue(place.prepared[statement.statement], &self.args)?;
        self.runs(statement.statement, 1);
        let rows = statement.binds.as_ref().map_or(0, |bind| self.sets[bind.set].count());
        self.pipeline.queued.push(Queued { at, parent: self.parent(statement), rows });
        Ok(())
    }

    /// Sends what is queued and takes the answers; gives the instruction to go on with, where `at` ends the pipeline.
    pub(super) async fn end_pipeline(
        &mut self,
        variant: &BoundVariant,
        program: &Program,
        at: usize,
        place: &mut Place<'_>,
    ) -> Result<usize, OperationError> {
        self.is_queueing = false;
        if self.pipeline.queued.is_empty() {
            return Ok(at + 1);
        }
        let before = (self.recorded.len(), place.progress.rows());
        let queued = self.pipeline.queued.iter().filter_map(|queued| statement_at(program, queued.at));
        let commits = queued.clone().any(|statement| statement.commits);
        place.progress.sent_many(self.pipeline.queued.len() as u64, commits)?;
        place.session.queue_sync();
        place.session.send_queued().await?;
        let answered = self.take_answers(program, place).await;
        if answered.as_ref().is_err_and(OperationError::is_fatal) {
            return answered.map(|()| at);
        }
        let ended = place.session.next_ready(true).await;
        if !ended.as_ref().is_err_and(DriverError::is_fatal) {
            place.progress.confirmed();
        }
        match answered.and(ended.map_err(Into::into)) {
            Ok(()) => Ok(at + 1),
            Err(error) if error.is_stale(place.session) && !self.pipeline.is_again => {
                Box::pin(self.send_again(variant, program, error, before, place)).await
            }
            Err(error) => Err(error),
        }
    }

    /// Takes one answer after the other. After an error of the server there are no more.
    async fn take_answers(&mut self, program: &Program, place: &mut Place<'_>) -> Result<(), OperationError> {
        let mut unexpected = None;
        self.pipeline.answered = 0;
        for Queued { at, parent, .. } in &self.pipeline.queued {
            let Some(statement) = statement_at(program, *at) else { continue };
            let mut sink = sink(&mut self.sets, &mut self.recorded, program, statement, *parent);
            let executed = place.session.next_answer(&mut sink).await?;
            self.pipeline.answered += 1;
            if let Err(error) = count(place.progress, statement, executed) {
                unexpected.get_or_insert(error);
            }
        }
        unexpected.map_or(Ok(()), Err)
    }

    /// Prepares again what is no longer what it was, and begins the pipeline anew: the server has undone what was answered.
    /// Gives its first instruction.
    ///
    /// # Errors
    /// As [`OperationError::renew`]; the failure itself when something before it is not undone.
    #[cold]
    async fn send_again(
        &mut self,
        variant: &BoundVariant,
        program: &Program,
        error: OperationError,
        (recorded, rows): (usize, u64),
        place: &mut Place<'_>,
    ) -> Result<usize, OperationError> {
        let queued: Vec<&Statement> =
            self.pipeline.queued.iter().filter_map(|queued| statement_at(program, queued.at)).collect();
        let progress = place.progress;
        let is_renewed = error.renew(variant, &queued, place.line(0), progress).await?;
        // All up to the Sync succeeds or fails together, unless something ends the transaction or cannot be part of one.
        let stays =
            |statement: &Statement| statement.commits && !has_plan(&variant.statements[statement.statement].sql);
        if !is_renewed || queued.iter().take(self.pipeline.answered).any(|statement| stays(statement)) {
            return Err(error);
        }
        for (statement, queued) in queued.iter().zip(&self.pipeline.queued).take(self.pipeline.answered) {
            if let Some(bind) = statement.binds.as_ref().filter(|bind| bind.in_loop) {
                self.sets[bind.set].truncate(queued.rows);
            }
        }
        self.recorded.truncate(recorded);
        progress.take_back(rows);
        self.begin_pipeline(self.pipeline.at, place);
        self.pipeline.is_again = true;
        Ok(self.pipeline.at + 1)
    }
}
