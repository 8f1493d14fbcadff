//! Inserts: rows are drawn and sent as the method wants it.

use std::sync::atomic::Ordering;

use bytes::BufMut;

use super::send::{confirm, exchange};
use super::{Interpreter, OperationError, Place};
use crate::driver::{Args, Misfit, RawRow, copy_header, copy_trailer};
use crate::engine::bound::{BoundVariant, Cell, Insert};
use crate::engine::rows::Sink;
use crate::param::{Draw, Value};
use crate::workload::plan::InsertMethod;

/// How rows travel.
#[derive(Clone, Copy)]
enum Form {
    Statement,
    Copy,
}

impl Interpreter {
    /// Inserts all rows.
    pub(super) async fn insert(
        &mut self,
        variant: &BoundVariant,
        of: &Insert,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let mut done = 0;
        while done < of.rows {
            let count = of.chunk.min(of.rows - done);
            match of.method {
                InsertMethod::Single => self.one_by_one(variant, of, done, count, place).await?,
                InsertMethod::Chunks => {
                    self.control(variant, of.around.map(|(begin, _)| begin), false, place).await?;
                    self.one_by_one(variant, of, done, count, place).await?;
                    self.control(variant, of.around.map(|(_, commit)| commit), true, place).await?;
                }
                InsertMethod::Pipeline | InsertMethod::PipelineAutocommit => {
                    self.without_waiting(variant, of, done, count, place).await?;
                }
                InsertMethod::MultiRow | InsertMethod::Unnest | InsertMethod::Copy => {
                    self.at_once(variant, of, done, count, place).await?;
                }
            }
            done += count;
        }
        Ok(())
    }

    /// A statement per row, each with its round trip.
    async fn one_by_one(
        &mut self,
        variant: &BoundVariant,
        of: &Insert,
        first: u32,
        count: u32,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        for row in first..first + count {
            self.args.clear();
            self.append_row(of, row)?;
            self.send(variant, Form::Statement, (of.statement, of.commits), place).await?;
        }
        Ok(())
    }

    /// BEGIN or COMMIT.
    async fn control(
        &mut self,
        variant: &BoundVariant,
        statement: Option<usize>,
        commits: bool,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let Some(statement) = statement else { return Ok(()) };
        self.args.clear();
        self.send(variant, Form::Statement, (statement, commits), place).await
    }

    /// Sends a statement with the arguments, or a COPY with the rows, that are there; once more when the session had
    /// forgotten it.
    async fn send(
        &mut self,
        variant: &BoundVariant,
        form: Form,
        sent: (usize, bool),
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        match self.sent(form, sent, place).await {
            Err(error) if error.is_forgotten() && error.is_stale(place.session) => {
                let progress = place.progress;
                match Box::pin(error.renew(variant, &[], place.line(0), progress)).await? {
                    true => self.sent(form, sent, place).await,
                    false => Err(error),
                }
            }
            done => done,
        }
    }

    async fn sent(
        &mut self,
        form: Form,
        (statement, commits): (usize, bool),
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.runs(statement, 1);
        let progress = place.progress;
        let executed = match form {
            Form::Statement => {
                exchange(place.line(0), progress, (statement, commits), &self.args, &mut Sink::counting()).await?
            }
            Form::Copy => {
                progress.sent(commits)?;
                let copied = place.session.copy_in(place.prepared[statement], &self.rows).await;
                confirm(progress, &copied);
                copied?
            }
        };
        progress.add_rows(executed.affected.max(executed.rows));
        Ok(())
    }

    /// A statement, or a COPY, for all rows of the chunk.
    async fn at_once(
        &mut self,
        variant: &BoundVariant,
        of: &Insert,
        first: u32,
        count: u32,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.args.clear();
        let statement = if count == of.chunk { of.statement } else { of.rest };
        match of.method {
            InsertMethod::MultiRow => {
                for row in first..first + count {
                    self.append_row(of, row)?;
                }
            }
            InsertMethod::Unnest => self.append_columns(of, first, count)?,
            _ => {
                self.put_copy(of, first, count)?;
                return self.send(variant, Form::Copy, (statement, of.commits), place).await;
            }
        }
        self.send(variant, Form::Statement, (statement, of.commits), place).await
    }

    /// A statement per row, and what is around them, sent in one go; once more when the session had forgotten them all.
    async fn without_waiting(
        &mut self,
        variant: &BoundVariant,
        of: &Insert,
        first: u32,
        count: u32,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let (made, rows, progress) = (self.rows_made[of.table], place.progress.rows(), place.progress);
        match self.in_one_go(of, first, count, place).await {
            Err(error) if error.is_forgotten() && error.is_stale(place.session) && progress.rows() == rows => {
                match Box::pin(error.renew(variant, &[], place.line(0), progress)).await? {
                    true => {
                        self.rows_made[of.table] = made;
                        self.in_one_go(of, first, count, place).await
                    }
                    false => Err(error),
                }
            }
            done => done,
        }
    }

    async fn in_one_go(
        &mut self,
        of: &Insert,
        first: u32,
        count: u32,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let each = of.method == InsertMethod::PipelineAutocommit;
        place.session.begin_pipeline();
        self.args.clear();
        if let Some((begin, _)) = of.around {
            place.session.queue(place.prepared[begin], &self.args)?;
            self.runs(begin, 1);
        }
        for row in first..first + count {
            self.args.clear();
            self.append_row(of, row)?;
            place.session.queue(place.prepared[of.statement], &self.args)?;
            if each {
                place.session.queue_sync();
            }
        }
        self.runs(of.statement, count);
        if let Some((_, commit)) = of.around {
            self.args.clear();
            place.session.queue(place.prepared[commit], &self.args)?;
            self.runs(commit, 1);
        }
        if !each {
            place.session.queue_sync();
        }
        let statements = u64::from(count) + if of.around.is_some() { 2 } else { 0 };
        place.progress.sent_many(statements, true)?;
        place.session.send_queued().await?;
        let result = if each { each_answered(count, place).await } else { all_answered(statements, place).await };
        if !result.as_ref().is_err_and(OperationError::is_fatal) {
            place.progress.confirmed();
        }
        result
    }

    /// Draws the values of a row into the arguments.
    fn append_row(&mut self, of: &Insert, row: u32) -> Result<(), Misfit> {
        self.rows_made[of.table] += 1;
        for cell in &of.cells {
            let draw = self.draw_of(cell, row, self.rows_made[of.table]);
            put(cell, &draw, &mut self.scratch, &mut self.args)?;
        }
        Ok(())
    }

    /// Draws a chunk column by column into arrays.
    fn append_columns(&mut self, of: &Insert, first: u32, count: u32) -> Result<(), Misfit> {
        for cell in &of.cells {
            self.column.clear();
            for row in 0..count {
                let draw = self.draw_of(cell, first + row, self.rows_made[of.table] + u64::from(row) + 1);
                put(cell, &draw, &mut self.scratch, &mut self.column)?;
            }
            let values = RawRow { body: self.column.bytes(), columns: self.column.count() };
            self.args.array(cell.ty.oid, values.iter());
        }
        self.rows_made[of.table] += u64::from(count);
        Ok(())
    }

    /// Draws a chunk in the form of a binary COPY.
    fn put_copy(&mut self, of: &Insert, first: u32, count: u32) -> Result<(), Misfit> {
        self.rows.clear();
        self.rows.put_slice(copy_header());
        for row in first..first + count {
            self.args.clear();
            self.append_row(of, row)?;
            self.rows.put_u16(self.args.count());
            self.rows.put_slice(self.args.bytes());
        }
        self.rows.put_slice(copy_trailer());
        self.args.clear();
        Ok(())
    }

    /// Where a cell is drawn: its row counts from 1 in each insert, its index over all rows of the operation in its table.
    fn draw_of(&self, cell: &Cell, row: u32, index: u64) -> Draw {
        Draw { stream: self.stream, name: cell.key, index, row: u64::from(row) + 1, now_us: self.now_us }
    }
}

fn put(cell: &Cell, draw: &Draw, scratch: &mut crate::param::Scratch, into: &mut Args) -> Result<(), Misfit> {
    let value = match &cell.next {
        Some(next) => Value::Integer(next.fetch_add(1, Ordering::Relaxed) + 1),
        None => cell.sampler.draw(draw, scratch),
    };
    into.value(value, &cell.ty)
}

/// The answers of executions up to one Sync.
async fn all_answered(count: u64, place: &mut Place<'_>) -> Result<(), OperationError> {
    let mut result = Ok(());
    for _ in 0..count {
        match place.session.next_answer(&mut Sink::counting()).await {
            Ok(executed) => place.progress.add_rows(executed.affected.max(executed.rows)),
            Err(error) if error.is_fatal() => return Err(error.into()),
            // The rest was not executed.
            Err(error) => {
                result = Err(error.into());
                break;
            }
        }
    }
    let ended = place.session.next_ready(true).await;
    result.and(ended.map_err(Into::into))
}

/// The answers of executions with a Sync each; the first failure counts.
async fn each_answered(count: u32, place: &mut Place<'_>) -> Result<(), OperationError> {
    let mut result = Ok(());
    for row in 0..count {
        match place.session.next_answer(&mut Sink::counting()).await {
            Ok(executed) => place.progress.add_rows(executed.affected.max(executed.rows)),
            Err(error) if error.is_fatal() => return Err(error.into()),
            Err(error) => result = result.and(Err(error.into())),
        }
        let ended = place.session.next_ready(row + 1 == count).await;
        if let Err(error) = ended {
            if error.is_fatal() {
                return Err(error.into());
            }
            result = result.and(Err(error.into()));
        }
    }
    result
}
