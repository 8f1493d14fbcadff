//! What needs more than one connection, or one that waits for each answer, and where that cannot stand.

use super::super::diagnostic::problem;
use super::super::plan::{StatementPlan, StepPlan};
use super::super::spec::{StepKind, StepSpec};
use super::operation::Building;
use super::step::{bind_all, compile};

/// Most statements of one `together`.
const MOST_TOGETHER: usize = 64;

/// Statements at the same time: each on a connection of its own, so that nothing of them can belong to a transaction or
/// pipeline, which has one.
pub(super) fn together(
    step: &StepSpec,
    steps: &[StepSpec],
    building: &mut Building<'_>,
    statements: &mut Vec<StatementPlan>,
) -> Option<Vec<StepPlan>> {
    let sink = building.names.sink;
    let around = match (building.in_transaction, building.pipeline_from.is_some()) {
        (true, _) => Some("transaction"),
        (_, true) => Some("pipeline"),
        _ => None,
    };
    if let Some(around) = around {
        let title = format!("`together` cannot stand inside of a {around}");
        let problem = problem(&step.place, title).label("its statements run on several connections");
        sink.push(
            problem.hint(format!("a {around} has one connection: use `steps`, or put `together` before or after it")),
        );
        return None;
    }
    if steps.len() > MOST_TOGETHER {
        let title = format!("`together` has {} steps, and at most {MOST_TOGETHER} run at once", steps.len());
        sink.push(problem(&step.place, title).hint("each of them is a connection that every client has"));
        return None;
    }
    let mut fits = true;
    for inner in steps {
        let what = match (&inner.kind, &inner.for_each, inner.repeat) {
            (StepKind::Sql(_), None, None) => continue,
            (StepKind::Sql(_), Some(_), _) => "`for_each`",
            (StepKind::Sql(_), None, Some(_)) => "`repeat`",
            (StepKind::Insert(_), ..) => "`insert`",
            (StepKind::Pause(_), ..) => "`pause`",
            (StepKind::Group(_), ..) => "a group",
            (StepKind::Transaction(..), ..) => "a transaction",
            (StepKind::Pipeline(_), ..) => "a pipeline",
            (StepKind::Together(_), ..) => "`together`",
        };
        fits = false;
        let problem = problem(&inner.place, format!("{what} cannot stand inside of `together`"));
        sink.push(problem.hint("each of its steps is one statement: `together = [{ sql = \"…\" }, { sql = \"…\" }]`"));
    }
    if !fits {
        steps.iter().for_each(|step| bind_all(step, building));
        return None;
    }
    building.together_from = Some(building.sets.len());
    let steps = compile(steps, building, statements);
    building.together_from = None;
    Some(steps)
}

/// With the simple protocol nothing can be queued.
pub(super) fn refuse_simple(step: &StepSpec, what: &str, building: &Building<'_>) {
    if building.pipeline_from.is_none() {
        return;
    }
    let title = format!("{what} of the simple protocol cannot stand inside of a pipeline");
    let problem = problem(&step.place, title).label("with that protocol each statement waits for its answer");
    let hint = match step.protocol {
        Some(_) => "take `protocol` out, or use `\"prepared\"` or `\"extended\"`",
        None => "use `protocol = \"prepared\"` or `\"extended\"`, or take the steps out of the pipeline",
    };
    building.names.sink.push(problem.hint(hint));
}
