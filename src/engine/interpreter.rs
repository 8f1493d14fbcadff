//! Runs a bound operation: builds arguments, executes the steps, keeps the rows that later steps refer to.
//!
//! Hot: everything is reused, nothing is looked up by name, nothing is allocated once the buffers have found their
//! size. Times are not its business.

use std::cell::Cell;

use super::bound::{ArgSource, BoundParam, BoundVariant, DrawnSource, Program, Step};
use super::rows::{Rows, Sink};
use crate::driver::{Args, DriverError, Misfit, Session, StatementId};
use crate::param::{Draw, Literal, Scratch, Stream, Value, name_hash};
use crate::words::{FailureClass, FailureKey};

/// How far an operation came; readable from outside while it runs.
#[derive(Debug, Default)]
pub(super) struct Progress {
    statements: Cell<u64>,
    rows: Cell<u64>,
}

impl Progress {
    /// Forgets the operation before.
    pub(super) fn clear(&self) {
        self.statements.set(0);
        self.rows.set(0);
    }

    /// Statements sent.
    pub(super) fn statements(&self) -> u64 {
        self.statements.get()
    }

    /// Rows returned or affected.
    pub(super) fn rows(&self) -> u64 {
        self.rows.get()
    }
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum OperationError {
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error("a reference to the first or last row of an empty set")]
    NoRow,
    #[error("a drawn value cannot be sent")]
    Misfit(#[from] Misfit),
}

impl OperationError {
    /// The key under which the operation is counted.
    pub(super) fn key(&self) -> FailureKey {
        match self {
            Self::Driver(error) => error.key(),
            Self::NoRow => FailureKey::Class(FailureClass::NoRow),
            Self::Misfit(_) => FailureKey::Class(FailureClass::Other),
        }
    }

    /// Whether the connection is gone.
    pub(super) fn is_fatal(&self) -> bool {
        matches!(self, Self::Driver(error) if error.is_fatal())
    }
}

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
}

impl Interpreter {
    /// Working memory for the operations of a variant; constants are encoded here, once.
    ///
    /// # Errors
    /// When a constant does not fit its type, which binding has ruled out.
    pub(super) fn new(variant: &BoundVariant) -> Result<Self, Misfit> {
        let sets = variant.operations.iter().map(|operation| operation.load.widths.len()).max().unwrap_or(0);
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
        Ok(Self {
            sets: std::iter::repeat_with(Rows::default).take(sets).collect(),
            drawn,
            args: Args::default(),
            scratch: Scratch::default(),
            runs: vec![0; variant.statements.len()],
        })
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
        for (value, args) in variant.operations[index].drawn.iter().zip(&mut self.drawn[index]) {
            if let DrawnSource::Param { param, column } = value.source {
                let BoundParam { key, sampler, .. } = &variant.params[param];
                let draw = Draw::param(stream, *key, 0, now_us);
                let drawn = match column {
                    Some(column) => sampler.draw_column(&draw, column),
                    None => sampler.draw(&draw, &mut self.scratch),
                };
                args.clear();
                args.value(drawn, &value.ty)?;
            }
        }
        Ok(())
    }

    /// Runs the steps of operation `index` with the values that were drawn.
    ///
    /// # Errors
    /// The first failure; the steps after it are not run.
    pub(super) async fn execute(
        &mut self,
        index: usize,
        program: &Program,
        session: &mut Session,
        prepared: &[StatementId],
        progress: &Progress,
    ) -> Result<(), OperationError> {
        for step in &program.steps {
            let Some(visited) = step.for_each else {
                self.step(index, program, step, None, session, prepared, progress).await?;
                continue;
            };
            if let Some(bind) = &step.binds {
                self.sets[bind.set].clear(program.widths[bind.set]);
            }
            for row in 0..self.sets[visited].count() {
                self.step(index, program, step, Some(row), session, prepared, progress).await?;
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the hot loop takes plain arguments")]
    async fn step(
        &mut self,
        index: usize,
        program: &Program,
        step: &Step,
        row: Option<usize>,
        session: &mut Session,
        prepared: &[StatementId],
        progress: &Progress,
    ) -> Result<(), OperationError> {
        self.args.clear();
        let visiting = step.for_each.zip(row);
        for source in &step.args {
            append(&mut self.args, *source, &self.sets, &self.drawn[index], visiting)?;
        }
        let mut sink = match &step.binds {
            None => Sink::counting(),
            Some(bind) => {
                let rows = &mut self.sets[bind.set];
                if row.is_none() {
                    rows.clear(program.widths[bind.set]);
                }
                // More than 4 billion rows do not fit in memory.
                Sink::keeping(rows, &bind.keep, row.map(|row| row as u32))
            }
        };
        progress.statements.set(progress.statements.get() + 1);
        self.runs[step.statement] = self.runs[step.statement].saturating_add(1);
        let executed = session.execute(prepared[step.statement], &self.args, &mut sink).await?;
        let rows = if executed.rows > 0 { executed.rows } else { executed.affected };
        progress.rows.set(progress.rows.get() + rows);
        Ok(())
    }

    /// The rows that set `set` holds after an operation.
    pub(super) fn rows(&self, set: usize) -> &Rows {
        &self.sets[set]
    }

    /// Whether every statement ran at least `times` times on this connection.
    pub(super) fn all_ran(&self, times: u32) -> bool {
        self.runs.iter().all(|runs| *runs >= times)
    }

    /// A new connection: its statements have not run yet.
    pub(super) fn forget_runs(&mut self) {
        self.runs.fill(0);
    }
}

/// Appends one argument. `visiting` is the set of the loop and its current row.
fn append(
    args: &mut Args,
    source: ArgSource,
    sets: &[Rows],
    drawn: &[Args],
    visiting: Option<(usize, usize)>,
) -> Result<(), OperationError> {
    match source {
        ArgSource::Drawn(index) => args.extend(&drawn[index]),
        ArgSource::Visited { set, slot } => {
            // Binding has checked that `set` is the one being visited.
            let row = visiting.map_or(0, |(_, row)| row);
            args.raw(sets[set].cell(row, slot));
        }
        ArgSource::Whole { set, slot, element_oid } => args.array(element_oid, sets[set].column(slot)),
        ArgSource::First { set, slot } => {
            if sets[set].count() == 0 {
                return Err(OperationError::NoRow);
            }
            args.raw(sets[set].cell(0, slot));
        }
        ArgSource::Last { set, slot } => {
            let last = sets[set].count().checked_sub(1).ok_or(OperationError::NoRow)?;
            args.raw(sets[set].cell(last, slot));
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

    #[test]
    fn variants_draw_the_same_values_whatever_their_steps_and_other_parameters() {
        let (a, b) = (|| integers("a", 1, 1_000_000), || integers("b", 1, 1_000_000));
        let step = |args| TestStep::new("SELECT", args);
        let one = operation(variant("one", 1, vec![a(), b()]), "x", 1.0, vec![], vec![step(vec![param(0)])], None);
        let steps = vec![step(vec![param(0)]), step(vec![param(0), param(1)])];
        let other = operation(variant("other", 1, vec![b(), a()]), "x", 1.0, vec![], steps, None);
        let other = operation(other, "y", 2.0, vec![], vec![step(vec![param(1)])], None);
        let bound = bound(&plan(vec![one, other], 1));
        let [mut first, mut second] = [&bound[0], &bound[1]].map(|variant| Interpreter::new(variant).expect("fits"));
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
        let sets = [rows, empty];
        let argument = |source: ArgSource, row: usize| {
            let mut args = Args::default();
            append(&mut args, source, &sets, &[], Some((0, row))).map(|()| args.bytes().to_vec()).ok()
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
