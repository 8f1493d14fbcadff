//! Pipelines: statements are queued, sent in one go, and their answers taken in turn.

use super::{Interpreter, OperationError, Place, append, statement_at};
use crate::driver::DriverError;
use crate::engine::bound::{Program, Statement};
use crate::engine::rows::Sink;

/// A statement whose answer is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    /// Its instruction.
    at: usize,
    /// The row that was being visited.
    parent: Option<u32>,
}

impl Interpreter {
    /// From here on statements are queued.
    pub(super) fn begin_pipeline(&mut self, place: &mut Place<'_>) {
        self.is_queueing = true;
        self.queued.clear();
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
        self.args.clear();
        for source in &statement.args {
            append(&mut self.args, *source, &self.sets, &self.drawn[index])?;
        }
        place.session.queue(place.prepared[statement.statement], &self.args)?;
        self.runs[statement.statement] = self.runs[statement.statement].saturating_add(1);
        // More than 4 billion rows do not fit in memory.
        let visiting = statement.binds.as_ref().and_then(|bind| bind.visiting);
        self.queued.push(Queued { at, parent: visiting.map(|set| self.sets[set].visited() as u32) });
        Ok(())
    }

    /// Sends what is queued and takes the answers.
    pub(super) async fn end_pipeline(
        &mut self,
        program: &Program,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.is_queueing = false;
        if self.queued.is_empty() {
            return Ok(());
        }
        let queued = self.queued.iter().filter_map(|queued| statement_at(program, queued.at));
        let commits = queued.clone().any(|statement| statement.commits);
        place.progress.sent_many(self.queued.len() as u64, commits);
        place.session.queue_sync();
        place.session.send_queued().await?;
        let answered = self.take_answers(program, place).await;
        if answered.as_ref().is_err_and(OperationError::is_fatal) {
            return answered;
        }
        let ended = place.session.next_ready(true).await;
        if !ended.as_ref().is_err_and(DriverError::is_fatal) {
            place.progress.confirmed();
        }
        answered.and(ended.map_err(Into::into))
    }

    /// Takes one answer after the other. After an error of the server there are no more.
    async fn take_answers(&mut self, program: &Program, place: &mut Place<'_>) -> Result<(), OperationError> {
        let mut unexpected = None;
        for Queued { at, parent } in &self.queued {
            let Some(statement) = statement_at(program, *at) else { continue };
            let mut sink = match &statement.binds {
                None => Sink::counting(),
                Some(bind) => {
                    let rows = &mut self.sets[bind.set];
                    if !bind.in_loop {
                        rows.clear(program.widths[bind.set]);
                    }
                    Sink::keeping(rows, &bind.keep, *parent)
                }
            }
            .recording(&mut self.recorded, &statement.records);
            let executed = place.session.next_answer(&mut sink).await?;
            let rows = if executed.rows > 0 { executed.rows } else { executed.affected };
            place.progress.add_rows(rows);
            if let Some(expected) = statement.expect_rows.filter(|expected| *expected != rows) {
                unexpected.get_or_insert(OperationError::Rows { expected, found: rows });
            }
        }
        unexpected.map_or(Ok(()), Err)
    }
}
