//! From described steps to programs: which columns are kept, and at which slot.

use super::operation::{BoundStep, StepArg};
use crate::engine::bound::{ArgSource, Bind, Program, Step};
use crate::engine::rows::Keep;
use crate::workload::plan::OperationPlan;

/// The program for the load, which keeps what steps refer to, and the one for the answer, which keeps all that `answer`
/// names as well.
pub(super) fn build(operation: &OperationPlan, steps: &[BoundStep<'_>]) -> (Program, Program) {
    let everything: Vec<Vec<bool>> = operation.sets.iter().map(|set| vec![true; set.columns.len()]).collect();
    let mut referred: Vec<Vec<bool>> = operation.sets.iter().map(|set| vec![false; set.columns.len()]).collect();
    for arg in steps.iter().flat_map(|step| &step.args) {
        match *arg {
            StepArg::Drawn(_) => {}
            StepArg::Visited { set, column }
            | StepArg::Whole { set, column, .. }
            | StepArg::First { set, column }
            | StepArg::Last { set, column } => referred[set][column] = true,
        }
    }
    (with_kept(steps, &referred), with_kept(steps, &everything))
}

fn with_kept(steps: &[BoundStep<'_>], kept: &[Vec<bool>]) -> Program {
    // The slot of a kept column is the number of kept columns before it.
    let slot = |set: usize, column: usize| kept[set][..column].iter().filter(|kept| **kept).count();
    let steps = steps.iter().map(|step| {
        let args = step.args.iter().map(|arg| match *arg {
            StepArg::Drawn(index) => ArgSource::Drawn(index),
            StepArg::Visited { set, column } => ArgSource::Visited { set, slot: slot(set, column) },
            StepArg::First { set, column } => ArgSource::First { set, slot: slot(set, column) },
            StepArg::Last { set, column } => ArgSource::Last { set, slot: slot(set, column) },
            StepArg::Whole { set, column, element_oid } => {
                ArgSource::Whole { set, slot: slot(set, column), element_oid }
            }
        });
        let binds = step.plan.binds.map(|set| {
            let mut keep: Vec<Keep> = (step.positions.iter().enumerate())
                .filter(|(column, _)| kept[set][*column])
                .map(|(column, position)| Keep { position: *position, slot: slot(set, column) })
                .collect();
            keep.sort_unstable_by_key(|keep| keep.position);
            Bind { set, keep }
        });
        Step { statement: step.statement, args: args.collect(), binds, for_each: step.plan.for_each }
    });
    Program {
        steps: steps.collect(),
        widths: kept.iter().map(|columns| columns.iter().filter(|kept| **kept).count()).collect(),
    }
}
