//! Open loops that ask for so little that a round would have nothing to start: refused before anything is.

use super::failure::Failure;
use crate::engine;
use crate::verdict::trimmed;
use crate::words::ExitCode;
use crate::workload::plan::Plan;

/// Refuses a plan with a round whose schedule is empty. To be asked when the number of rounds is known.
///
/// # Errors
/// When there is one.
pub fn in_every_round(plan: &Plan) -> Result<(), Failure> {
    let Some(empty) = engine::empty_round(plan) else { return Ok(()) };
    let (key, longer) = if empty.staged {
        ("load.stages", "make its stages longer")
    } else {
        ("load.rate", "measure for longer (run.measure)")
    };
    let rule = format!(
        "variant \"{}\" of \"{}\" would have no operation to start in the measurement of round {}: its `{key}` asks for {} on \
         average; raise `{key}`, or {longer}",
        empty.variant,
        plan.name,
        empty.round,
        trimmed(empty.expected)
    );
    Err(Failure::text(ExitCode::Usage, rule))
}
