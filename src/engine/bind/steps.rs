//! Walks over the steps of an operation in order, describing statements and laying out loops, transactions and retries.

use super::operation::{Binder, BoundStep, Part};
use super::own_ddl::protocol_behind_ddl;
use super::problem::BindProblem;
use crate::driver::DriverError;
use crate::engine::bound::{BoundStatement, Loop, Try};
use crate::workload::plan::{Action, Protocol, RetryPlan, StatementStep, StepPlan, TransactionPlan, statements};

/// A loop around the step being bound.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) number: usize,
    /// Parameters that it draws anew.
    pub(super) draw: Vec<usize>,
    /// The set that it visits.
    pub(super) visits: Option<usize>,
}

impl<'a> Binder<'a> {
    /// Binds steps one after the other.
    pub(super) async fn steps(
        &mut self,
        steps: &'a [StepPlan],
        statements: &mut Vec<BoundStatement>,
    ) -> Result<(), DriverError> {
        for step in steps {
            let loop_at = self.begin_loop(step);
            if let Some(retry) = &step.retry {
                self.begin_try(retry, step);
            }
            match &step.action {
                Action::Statement(statement) => self.statement(statement, statements).await?,
                Action::Pause(length) => self.parts.push(Part::Pause(*length)),
                Action::Insert(insert) => self.insert(insert, statements).await?,
                // The futures of control-plane work may lie on the heap.
                Action::Group(inner) => Box::pin(self.steps(inner, statements)).await?,
                Action::Pipeline(inner) => {
                    self.parts.push(Part::Pipeline);
                    Box::pin(self.steps(inner, statements)).await?;
                    self.parts.push(Part::EndPipeline);
                }
                Action::Together(inner) => {
                    self.parts.push(Part::Together(inner.len()));
                    Box::pin(self.steps(inner, statements)).await?;
                }
                Action::Transaction { modes, steps } => self.transaction(*modes, steps, statements).await?,
            }
            if step.retry.is_some() {
                self.parts.push(Part::EndTry);
            }
            if let Some(at) = loop_at {
                self.end_loop(at);
            }
        }
        Ok(())
    }

    fn begin_loop(&mut self, step: &StepPlan) -> Option<usize> {
        if step.for_each.is_none() && step.repeat == 1 {
            return None;
        }
        let number = self.loops;
        self.loops += 1;
        let within = self.around.last().map(|around| around.number);
        self.parts.push(Part::Loop(Loop {
            number,
            visits: step.for_each,
            repeat: step.repeat,
            nested: !self.around.is_empty(),
            within,
            binds: bound_inside(step),
            redraws: !step.draw.is_empty(),
            end: 0,
        }));
        self.around.push(Around { number, draw: step.draw.clone(), visits: step.for_each });
        Some(self.parts.len() - 1)
    }

    fn end_loop(&mut self, at: usize) {
        self.around.pop();
        self.parts.push(Part::Next(at));
        let after = self.parts.len();
        if let Part::Loop(of) = &mut self.parts[at] {
            of.end = after;
        }
    }

    fn begin_try(&mut self, retry: &RetryPlan, step: &StepPlan) {
        self.parts.push(Part::Try(Try { retry: retry.clone(), binds: bound_inside(step) }));
    }

    async fn transaction(
        &mut self,
        modes: TransactionPlan,
        steps: &'a [StepPlan],
        statements: &mut Vec<BoundStatement>,
    ) -> Result<(), DriverError> {
        let begin = control(&modes.begin_sql(), self.variant.protocol, statements);
        self.parts.push(Part::Statement(BoundStep { statement: begin, ..BoundStep::default() }));
        self.in_transaction = true;
        Box::pin(self.steps(steps, statements)).await?;
        self.in_transaction = false;
        let commit = control("COMMIT", self.variant.protocol, statements);
        self.parts.push(Part::Statement(BoundStep { statement: commit, commits: true, ..BoundStep::default() }));
        let rollback = control("ROLLBACK", self.variant.protocol, statements);
        statements[rollback].usual = false;
        self.rollback = Some(rollback);
        Ok(())
    }

    /// Describes a statement.
    async fn statement(
        &mut self,
        step: &StatementStep,
        statements: &mut Vec<BoundStatement>,
    ) -> Result<(), DriverError> {
        let statement = &self.variant.statements[step.statement];
        let Some(declared) = self.declare(statement).await? else {
            // It refers to what a statement before was to bind, and that one has a problem.
            self.fail_step(step);
            return Ok(());
        };
        let names = self.referred_columns(step);
        let natural = |index: usize| self.natural_type(&statement.args[index]);
        let mut protocol = step.protocol.unwrap_or(self.variant.protocol);
        let described = match self.describer.describe(statement, &declared, natural, &names).await {
            Ok(described) => described,
            Err(DriverError::Server(error)) if !error.state.is_trouble_of_the_server() => {
                let Some(described) = self.describe_behind_ddl(&statement.text.sql, &declared, &error).await? else {
                    self.problems.push(BindProblem::refused(&statement.text, &error));
                    self.fail_step(step);
                    return Ok(());
                };
                protocol = protocol_behind_ddl(protocol);
                described
            }
            Err(error) => return Err(error),
        };
        let args = self.args(statement, &declared, &described);
        let Some(columns) = self.columns(step, statement, &described.columns) else {
            self.fail_step(step);
            return Ok(());
        };
        let Some(records) = self.records(step, &described.columns) else {
            self.fail_step(step);
            return Ok(());
        };
        let Some(literals) = self.literals(step, statement, &described, &columns).await? else {
            self.fail_step(step);
            return Ok(());
        };
        self.parts.push(Part::Statement(BoundStep {
            statement: statements.len(),
            args,
            binds: step.binds,
            visiting: step.binds.and_then(|set| self.operation.sets[set].visiting),
            in_loop: !self.around.is_empty(),
            expect_rows: step.expect_rows,
            records,
            commits: step.may_write && !self.in_transaction,
            positions: columns.iter().map(|(position, _)| *position).collect(),
        }));
        if let Some(set) = step.binds {
            self.sets[set] = Some(columns);
        }
        let oids: Vec<u32> = described.params.iter().map(|ty| ty.oid).collect();
        self.note_ddl(statement, &oids);
        statements.push(BoundStatement {
            sql: statement.text.sql.clone(),
            oids,
            literals,
            columns: described.columns,
            protocol,
            usual: true,
        });
        Ok(())
    }
}

/// A statement without arguments and rows, which all operations share.
pub(super) fn control(sql: &str, protocol: Protocol, statements: &mut Vec<BoundStatement>) -> usize {
    let known =
        statements.iter().position(|known| known.sql == sql && known.oids.is_empty() && known.protocol == protocol);
    known.unwrap_or_else(|| {
        statements.push(BoundStatement {
            sql: sql.to_owned(),
            oids: Vec::new(),
            literals: Vec::new(),
            columns: Vec::new(),
            protocol,
            usual: true,
        });
        statements.len() - 1
    })
}

/// The sets that a step and the steps inside of it bind.
fn bound_inside(step: &StepPlan) -> Vec<usize> {
    statements(std::slice::from_ref(step)).into_iter().filter_map(|statement| statement.binds).collect()
}
