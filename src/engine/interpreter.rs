//! Runs a bound operation: builds arguments, executes the instructions, keeps the rows that later steps refer to.
//!
//! Hot: everything is reused, nothing is looked up by name, nothing is allocated once the buffers have found their
//! size. Response times are not its business; of time it only knows what waiting needs, and what failed attempts took.

mod flow;
mod insert;
mod outcome;
mod pipeline;
mod prepare;
mod send;
mod together;

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::BytesMut;

use super::bound::{ArgSource, BoundParam, BoundVariant, DrawnSource, Instruction, Program, Statement};
use super::rows::{Rows, Taken};
use crate::driver::{Args, Misfit, Session, StatementId};
use crate::param::{Draw, Literal, Scratch, Stream, Value, name_hash};
use crate::timer::Timer;

use self::flow::{Attempt, LoopState};
pub(super) use self::outcome::{OperationError, Progress};
use self::pipeline::Pipeline;
pub(super) use self::prepare::{open_beside, prepare};
use self::send::{count, exchange, sink};
pub(super) use self::together::Beside;

/// The working memory of one client.
#[derive(Debug)]
pub(super) struct Interpreter {
    sets: Vec<Rows>,
    /// For each operation its drawn values, each encoded by itself.
    drawn: Vec<Vec<Args>>,
    args: Args,
    scratch: Scratch,
    /// How often each statement ran on this connection.
    runs: Vec<u32>,
    /// The same for a new connection: those that need not run count as if they had.
    fresh_runs: Vec<u32>,
    /// The state of each loop of the operation.
    loops: Vec<LoopState>,
    /// Attempts that have begun and not ended, from the outermost in; those from `active` on are only kept for reuse.
    attempts: Vec<Attempt>,
    active: usize,
    /// Whether statements are queued, for a pipeline.
    is_queueing: bool,
    pipeline: Pipeline,
    /// The values of one column of a chunk, on their way into an array; the rows of a COPY.
    column: Args,
    rows: BytesMut,
    /// The values that were taken from counters in this draw, by parameter: one that is sent as two types is one value.
    counted: Vec<(usize, i64)>,
    /// What was recorded in the operation so far.
    recorded: Vec<Taken>,
    /// Rows that the operation has made so far, by table: no two of one table draw the same.
    rows_made: Vec<u64>,
    /// The draws of the operation, for those that loops make anew.
    stream: Stream,
    now_us: i64,
    timer: Timer,
    /// Whether waits are left out.
    hurried: bool,
}

/// Where an operation runs.
pub(super) struct Place<'a> {
    pub(super) session: &'a mut Session,
    /// Parallel to the variant's statements.
    pub(super) prepared: &'a [StatementId],
    /// Further connections, for what runs at the same time.
    pub(super) beside: &'a mut [Beside],
    pub(super) progress: &'a Progress,
}

impl Interpreter {
    /// Working memory for the operations of a variant; constants are encoded here, once.
    ///
    /// # Errors
    /// When a constant does not fit its type, which binding has ruled out.
    pub(super) fn new(variant: &BoundVariant, timer: Timer) -> Result<Self, Misfit> {
        let most = |count: &dyn Fn(&Program) -> usize| {
            variant.operations.iter().map(|operation| count(&operation.load)).max().unwrap_or(0)
        };
        let mut drawn = Vec::with_capacity(variant.operations.len());
        for operation in &variant.operations {
            let mut values = Vec::with_capacity(operation.drawn.len());
            for value in &operation.drawn {
                let mut args = Args::default();
                if let DrawnSource::Constant(literal) = &value.source {
                    args.value(literal_value(literal), &value.ty)?;
                }
                values.push(args);
            }
            drawn.push(values);
        }
        let fresh_runs: Vec<u32> =
            variant.statements.iter().map(|statement| if statement.usual { 0 } else { u32::MAX }).collect();
        Ok(Self {
            sets: std::iter::repeat_with(Rows::default).take(most(&|program| program.widths.len())).collect(),
            drawn,
            args: Args::default(),
            scratch: Scratch::default(),
            runs: fresh_runs.clone(),
            fresh_runs,
            loops: std::iter::repeat_with(LoopState::default).take(most(&|program| program.loops)).collect(),
            attempts: Vec::new(),
            active: 0,
            is_queueing: false,
            pipeline: Pipeline::default(),
            column: Args::default(),
            rows: BytesMut::new(),
            counted: Vec::new(),
            recorded: Vec::new(),
            rows_made: vec![0; most(&|program| program.tables)],
            stream: Stream::purpose(0, "none", 0),
            now_us: 0,
            timer,
            hurried: false,
        })
    }

    /// Leaves out all waits from now on: what is tried before the load needs none.
    pub(super) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Draws and encodes the values of operation `index` for its next run.
    ///
    /// # Errors
    /// When a value does not fit its type.
    pub(super) fn draw(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        stream: Stream,
        now_us: i64,
    ) -> Result<(), Misfit> {
        self.stream = stream;
        self.now_us = now_us;
        self.draw_values(variant, index, None, 0)
    }

    /// Draws the values that loop `redrawn_by` (or, `None`, the start of the operation) draws.
    fn draw_values(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        redrawn_by: Option<usize>,
        draw_index: u64,
    ) -> Result<(), Misfit> {
        self.counted.clear();
        for (value, args) in variant.operations[index].drawn.iter().zip(&mut self.drawn[index]) {
            if value.redrawn_by != redrawn_by {
                continue;
            }
            if let DrawnSource::Param { param, column } = value.source {
                let BoundParam { key, sampler, next, .. } = &variant.params[param];
                let draw = Draw::param(self.stream, *key, draw_index, self.now_us);
                let drawn = match (next, column) {
                    (Some(next), _) => Value::Integer(counted(&mut self.counted, param, next)),
                    (None, Some(column)) => sampler.draw_column(&draw, column),
                    (None, None) => sampler.draw(&draw, &mut self.scratch),
                };
                args.clear();
                args.value(drawn, &value.ty)?;
            }
        }
        Ok(())
    }

    /// Runs operation `index` with the values that were drawn.
    ///
    /// # Errors
    /// The first failure that is not tried again; a transaction it happened in is rolled back, the steps after it are not
    /// run.
    pub(super) async fn execute(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.active = 0;
        self.recorded.clear();
        self.rows_made.fill(0);
        self.execute_from(0, variant, index, program, place).await
    }

    /// Goes on at instruction `at`, which [`Interpreter::taken`] has named after a failure.
    ///
    /// # Errors
    /// As [`Interpreter::execute`].
    #[inline]
    pub(super) async fn execute_from(
        &mut self,
        mut at: usize,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.is_queueing = false;
        while let Some(instruction) = program.instructions.get(at) {
            let next = match instruction {
                Instruction::Statement(statement) if self.is_queueing => {
                    self.queue(index, statement, at, place).map(|()| at + 1)
                }
                Instruction::Statement(statement) => match self.statement(index, program, statement, place).await {
                    Ok(()) => {
                        at += 1;
                        continue;
                    }
                    Err(error) if error.is_stale(place.session) => {
                        Box::pin(self.once_more(variant, index, program, statement, error, place))
                            .await
                            .map(|()| at + 1)
                    }
                    Err(error) => Err(error),
                },
                Instruction::Loop(of) => self.begin_loop(variant, index, program, of, at).map_err(Into::into),
                Instruction::Next(begin) => self.next_iteration(variant, index, program, *begin).map_err(Into::into),
                Instruction::Insert(of) => self.insert(variant, of, place).await.map(|()| at + 1),
                Instruction::Pause(length) => {
                    self.wait(*length).await;
                    Ok(at + 1)
                }
                Instruction::Try(of) => {
                    self.begin_attempt(of, at, place.progress);
                    Ok(at + 1)
                }
                Instruction::EndTry => {
                    self.active -= 1;
                    Ok(at + 1)
                }
                Instruction::Pipeline => {
                    self.begin_pipeline(at, place);
                    Ok(at + 1)
                }
                Instruction::Together(count) => {
                    self.together(variant, index, program, (at, *count), place).await.map(|()| at + 1 + count)
                }
                Instruction::EndPipeline => self.end_pipeline(variant, program, at, place).await,
            };
            at = match next {
                Ok(next) => next,
                Err(error) => self.recover(program, error, place).await?,
            };
        }
        Ok(())
    }

    #[inline]
    async fn statement(
        &mut self,
        index: usize,
        program: &Program,
        statement: &Statement,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        self.put_args(index, statement)?;
        let progress = place.progress;
        let parent = self.parent(statement);
        self.runs(statement.statement, 1);
        let mut sink = sink(&mut self.sets, &mut self.recorded, program, statement, parent);
        let sent = (statement.statement, statement.commits);
        let executed = exchange(place.line(0), progress, sent, &self.args, &mut sink).await?;
        count(progress, statement, executed)
    }

    /// Prepares a statement that is no longer what it was, and runs it once more.
    ///
    /// # Errors
    /// As [`OperationError::renew`], and of the second execution.
    #[cold]
    async fn once_more(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        statement: &Statement,
        error: OperationError,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let progress = place.progress;
        if !error.renew(variant, &[statement], place.line(0), progress).await? {
            return Err(error);
        }
        self.statement(index, program, statement, place).await
    }

    /// What the operation recorded, with the numbers of the names.
    pub(super) fn recorded(&self) -> &[Taken] {
        &self.recorded
    }

    /// The rows that set `set` holds after an operation.
    pub(super) fn rows(&self, set: usize) -> &Rows {
        &self.sets[set]
    }

    /// Whether every statement ran at least `times` times on this connection; what only follows a failure need not.
    pub(super) fn all_ran(&self, times: u32) -> bool {
        self.runs.iter().all(|runs| *runs >= times)
    }

    /// A new connection: its statements have not run yet.
    pub(super) fn forget_runs(&mut self) {
        self.runs.copy_from_slice(&self.fresh_runs);
    }
}

/// The value of a parameter that counts, taken once in a draw.
fn counted(taken: &mut Vec<(usize, i64)>, param: usize, next: &AtomicI64) -> i64 {
    if let Some((_, value)) = taken.iter().find(|(known, _)| *known == param) {
        return *value;
    }
    let value = next.fetch_add(1, Ordering::Relaxed) + 1;
    taken.push((param, value));
    value
}

/// The statement that instruction number `at` is.
fn statement_at(program: &Program, at: usize) -> Option<&Statement> {
    match program.instructions.get(at) {
        Some(Instruction::Statement(statement)) => Some(statement),
        _ => None,
    }
}

/// Appends one argument.
fn append(args: &mut Args, source: ArgSource, sets: &[Rows], drawn: &[Args]) -> Result<(), OperationError> {
    match source {
        ArgSource::Drawn(index) => args.extend(&drawn[index]),
        ArgSource::Visited { set, slot } => args.raw(sets[set].cell(sets[set].visited(), slot)),
        ArgSource::Whole { set, slot, element_oid } => args.array(element_oid, sets[set].column(slot)),
        ArgSource::First { set, slot } => {
            let rows = &sets[set];
            if rows.count() == rows.from() {
                return Err(OperationError::NoRow);
            }
            args.raw(rows.cell(rows.from(), slot));
        }
        ArgSource::Last { set, slot } => {
            let rows = &sets[set];
            let last = rows.count().checked_sub(1).filter(|last| *last >= rows.from());
            args.raw(rows.cell(last.ok_or(OperationError::NoRow)?, slot));
        }
    }
    Ok(())
}

const MIX: u64 = name_hash("mix");

/// A constant as a value.
pub(super) fn literal_value(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Integer(value) => Value::Integer(*value),
        Literal::Real { value, decimals } => Value::Real { value: *value, decimals: *decimals },
        Literal::Text(text) => Value::Text(text),
    }
}

/// Chooses an operation of the mix: a draw named `mix`, so that it is the same in every variant.
pub(super) fn choose(variant: &BoundVariant, stream: Stream) -> usize {
    let Some((total, rest)) = variant.cumulative.split_last() else { return 0 };
    if rest.is_empty() {
        return 0;
    }
    let at = stream.fraction(MIX, 0) * total;
    rest.iter().position(|bound| at < *bound).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::{ArgSource, Interpreter, append, choose};
    use crate::driver::{Args, RawRow, RowSink};
    use crate::engine::rows::{Keep, Rows, Sink};
    use crate::engine::testing::{TestStep, bound, integers, operation, param, plan, variant};
    use crate::param::{Phase, Stream};
    use crate::timer::Timer;

    #[test]
    fn variants_draw_the_same_values_whatever_their_steps_and_other_parameters() {
        let (a, b) = (|| integers("a", 1, 1_000_000), || integers("b", 1, 1_000_000));
        let step = |args| TestStep::new("SELECT", args);
        let one = operation(variant("one", 1, vec![a(), b()]), "x", 1.0, vec![], vec![step(vec![param(0)])], None);
        let steps = vec![step(vec![param(0)]), step(vec![param(0), param(1)])];
        let other = operation(variant("other", 1, vec![b(), a()]), "x", 1.0, vec![], steps, None);
        let other = operation(other, "y", 2.0, vec![], vec![step(vec![param(1)])], None);
        let bound = bound(&plan(vec![one, other], 1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let _entered = runtime.enter();
        let [mut first, mut second] = [&bound[0], &bound[1]]
            .map(|variant| Interpreter::new(variant, Timer::new().expect("a timer")).expect("fits"));
        let mut chosen = [0_u32; 2];
        for count in 0..300 {
            let stream = Stream::operation(1, 2, Phase::Measure, 3, count);
            first.draw(&bound[0], 0, stream, 0).expect("fits");
            second.draw(&bound[1], 0, stream, 0).expect("fits");
            assert_eq!(first.drawn[0][0].bytes(), second.drawn[0][1].bytes(), "parameter a");
            chosen[choose(&bound[1], stream)] += 1;
        }
        // Weights 1 and 2: a hundred of the first, give or take five standard deviations.
        assert!((60..=140).contains(&chosen[0]), "{chosen:?}");
    }

    #[test]
    fn references_pass_bytes_on_and_keep_nulls() {
        let mut rows = Rows::default();
        rows.clear(2);
        // Of three columns the third and the first are kept, in this order.
        let keep = [Keep { position: 0, slot: 1 }, Keep { position: 2, slot: 0 }];
        let null = (-1_i32).to_be_bytes();
        let cell = |byte: u8| [&1_i32.to_be_bytes()[..], &[byte]].concat();
        for body in [[cell(1), cell(2), cell(3)].concat(), [cell(4), cell(5), null.to_vec()].concat()] {
            Sink::keeping(&mut rows, &keep, None).row(&RawRow { body: &body, columns: 3 });
        }
        let mut empty = Rows::default();
        empty.clear(1);
        let mut sets = [rows, empty];
        let mut argument = |source: ArgSource, row: usize| {
            let mut args = Args::default();
            sets[0].visit(row);
            append(&mut args, source, &sets, &[]).map(|()| args.bytes().to_vec()).ok()
        };
        assert_eq!(argument(ArgSource::Visited { set: 0, slot: 0 }, 0), Some(cell(3)));
        assert_eq!(argument(ArgSource::Visited { set: 0, slot: 0 }, 1), Some(null.to_vec()));
        assert_eq!(argument(ArgSource::First { set: 0, slot: 1 }, 1), Some(cell(1)));
        assert_eq!(argument(ArgSource::Last { set: 0, slot: 1 }, 0), Some(cell(4)));
        let whole = argument(ArgSource::Whole { set: 0, slot: 0, element_oid: 18 }, 0).expect("an array");
        assert!(whole.ends_with(&[cell(3), null.to_vec()].concat()));
        assert_eq!(argument(ArgSource::First { set: 1, slot: 0 }, 0), None);
        let mut expected = Args::default();
        expected.array(18, std::iter::empty());
        assert_eq!(
            argument(ArgSource::Whole { set: 1, slot: 0, element_oid: 18 }, 0).as_deref(),
            Some(expected.bytes())
        );
    }
}
