//! From described statements to programs: steps become one list of instructions, columns the slots that they are kept in.

use super::operation::{BoundStep, Part, StepArg};
use crate::engine::bound::{ArgSource, Bind, Instruction, Program, Statement};
use crate::engine::rows::Keep;
use crate::workload::plan::OperationPlan;

/// The program for the load, which keeps what steps refer to, and the one for the answer, which keeps all that `answer`
/// names as well.
pub(super) fn build(
    operation: &OperationPlan,
    parts: &[Part],
    loops: usize,
    tables: usize,
    rollback: Option<usize>,
) -> (Program, Program) {
    let everything: Vec<Vec<bool>> = operation.sets.iter().map(|set| vec![true; set.columns.len()]).collect();
    let mut referred: Vec<Vec<bool>> = operation.sets.iter().map(|set| vec![false; set.columns.len()]).collect();
    for arg in parts.iter().filter_map(Part::statement).flat_map(|step| &step.args) {
        match *arg {
            StepArg::Drawn(_) => {}
            StepArg::Visited { set, column }
            | StepArg::Whole { set, column, .. }
            | StepArg::First { set, column }
            | StepArg::Last { set, column } => referred[set][column] = true,
        }
    }
    let program = |kept: &[Vec<bool>]| Program {
        instructions: parts.iter().map(|part| instruction(part, kept)).collect(),
        widths: kept.iter().map(|columns| columns.iter().filter(|kept| **kept).count()).collect(),
        loops,
        tables,
        rollback,
    };
    (program(&referred), program(&everything))
}

fn instruction(part: &Part, kept: &[Vec<bool>]) -> Instruction {
    match part {
        Part::Statement(step) => Instruction::Statement(statement(step, kept)),
        Part::Loop(of) => Instruction::Loop(of.clone()),
        Part::Insert(insert) => Instruction::Insert(insert.clone()),
        Part::Next(begin) => Instruction::Next(*begin),
        Part::Pause(length) => Instruction::Pause(*length),
        Part::Try(of) => Instruction::Try(of.clone()),
        Part::EndTry => Instruction::EndTry,
        Part::Pipeline => Instruction::Pipeline,
        Part::EndPipeline => Instruction::EndPipeline,
        Part::Together(count) => Instruction::Together(*count),
    }
}

fn statement(step: &BoundStep, kept: &[Vec<bool>]) -> Statement {
    // The slot of a kept column is the number of kept columns before it.
    let slot = |set: usize, column: usize| kept[set][..column].iter().filter(|kept| **kept).count();
    let args = step.args.iter().map(|arg| match *arg {
        StepArg::Drawn(index) => ArgSource::Drawn(index),
        StepArg::Visited { set, column } => ArgSource::Visited { set, slot: slot(set, column) },
        StepArg::First { set, column } => ArgSource::First { set, slot: slot(set, column) },
        StepArg::Last { set, column } => ArgSource::Last { set, slot: slot(set, column) },
        StepArg::Whole { set, column, element_oid } => ArgSource::Whole { set, slot: slot(set, column), element_oid },
    });
    let binds = step.binds.map(|set| {
        let mut keep: Vec<Keep> = (step.positions.iter().enumerate())
            .filter(|(column, _)| kept[set][*column])
            .map(|(column, position)| Keep { position: *position, slot: slot(set, column) })
            .collect();
        keep.sort_unstable_by_key(|keep| keep.position);
        Bind { set, visiting: step.visiting, in_loop: step.in_loop, keep }
    });
    Statement {
        statement: step.statement,
        args: args.collect(),
        binds,
        expect_rows: step.expect_rows,
        records: step.records.clone(),
        commits: step.commits,
    }
}
