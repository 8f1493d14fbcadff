//! The plans of the statements: how they are taken, and what the result keeps of them.

use std::time::Instant;

use super::Command;
use super::stage::Stage;
use super::trial::fresh;
use super::withheld::{SAID, keeps_values, without_values};
use crate::cli::failure::{Failure, chain};
use crate::driver::Target;
use crate::engine::{self, AnswersError, Explained, Ground, Rehearsal, VariantPlans};
use crate::event::{Event, Stage as Phase};
use crate::result::SCHEMA_VERSION;
use crate::result::plans::{PLANS, PlanFigures, PlanList, PlanRecord};
use crate::words::ExitCode;
use crate::workload::plan::Plan;

/// Plans of what was rehearsed, on data that is not dbbench's to change, or that all variants share. `None`: nobody wants
/// them.
///
/// # Errors
/// Only when the user asks for the end.
pub fn of_shared(
    command: &Command<'_>,
    plan: &Plan,
    stage: &Stage,
    rehearsal: &Rehearsal,
) -> Result<Option<PlanList>, Failure> {
    if !plan.probes.plans {
        return Ok(None);
    }
    taken(command, plan, stage, &stage.direct, rehearsal, Ground::Shared).map(Some)
}

/// The same on copies of the data, one for each variant, that nobody has used.
///
/// # Errors
/// When there can be no copy, or when the user asks for the end.
pub fn of_copies(
    command: &Command<'_>,
    plan: &Plan,
    stage: &mut Stage,
    rehearsal: &Rehearsal,
) -> Result<Option<PlanList>, Failure> {
    let Some(copies) = stage.clones.as_mut().filter(|_| plan.probes.plans) else { return Ok(None) };
    let targets = fresh(command, copies, &stage.direct)?;
    taken(command, plan, stage, &targets, rehearsal, Ground::Copy).map(Some)
}

fn taken(
    command: &Command<'_>,
    plan: &Plan,
    stage: &Stage,
    targets: &[Target],
    rehearsal: &Rehearsal,
    ground: Ground,
) -> Result<PlanList, Failure> {
    let begin = Instant::now();
    let what = "asking the server for the plans of the statements".to_owned();
    command.events.emit(Event::StageStarted { stage: Phase::Plans, what });
    let explained = match engine::explain(&stage.bound, targets, rehearsal, ground, &command.asked.engine) {
        Ok(explained) => explained,
        Err(AnswersError::Interrupted) => return Err(interrupted()),
        Err(error) => vec![VariantPlans { notes: vec![chain(&error)], ..VariantPlans::default() }],
    };
    let list = list(plan, &explained, ground, keeps_values(command, stage));
    let what = format!("plans of {} statements", list.plans.iter().filter(|plan| !plan.text.is_empty()).count());
    command.events.emit(Event::StageEnded { stage: Phase::Plans, took: begin.elapsed(), what });
    Ok(list)
}

fn interrupted() -> Failure {
    Failure::text(ExitCode::Interrupted, "interrupted before anything was measured")
}

fn list(plan: &Plan, explained: &[VariantPlans], ground: Ground, with_values: bool) -> PlanList {
    let taken = match ground {
        Ground::Copy => "on a copy of the data for each variant",
        Ground::Shared => "in transactions that may only read",
    };
    let mut list = PlanList { schema_version: SCHEMA_VERSION, taken: taken.to_owned(), ..PlanList::default() };
    for (variant, plans) in plan.variants.iter().zip(explained) {
        list.notes.extend(plans.notes.iter().map(|note| format!("{}: {note}", variant.name)));
        for of in &plans.explained {
            let operation = variant.operations.get(of.operation).map(|operation| operation.name.clone());
            list.plans.push(record(&variant.name, operation.unwrap_or_default(), of, (taken, with_values)));
        }
    }
    list
}

fn record(variant: &str, operation: String, of: &Explained, (taken, with_values): (&str, bool)) -> PlanRecord {
    let figures = PlanFigures::read(&of.lines);
    let number = of.number;
    PlanRecord {
        variant: variant.to_owned(),
        statement: number,
        file: format!("{PLANS}/{variant}/{operation}-{number}.txt"),
        text: text(variant, &operation, of, (taken, with_values)),
        operation,
        nodes: figures.nodes,
        node_names: figures.node_names,
        executed: of.executed,
        execution_us: figures.execution_us,
        planning_us: figures.planning_us,
        shared_hit: figures.shared_hit.filter(|_| of.executed),
        shared_read: figures.shared_read.filter(|_| of.executed),
        note: of.note.clone(),
    }
}

/// The file: what was asked, then what the server said.
fn text(variant: &str, operation: &str, of: &Explained, (taken, with_values): (&str, bool)) -> String {
    let mut text = format!("-- {variant}, operation {operation}, statement {}\n-- taken {taken}\n", of.number);
    let mut pairs = |label: &str, pairs: Vec<String>| {
        if !pairs.is_empty() {
            text.push_str(&format!("-- {label}{}\n", pairs.join(", ").replace('\n', " ")));
        }
    };
    if with_values {
        pairs("parameters: ", of.params.iter().map(|(name, value)| format!("{name} = {value}")).collect());
        pairs("", of.values.iter().enumerate().map(|(at, value)| format!("${} = {value}", at + 1)).collect());
    } else if !of.values.is_empty() {
        pairs("", vec![SAID.to_owned()]);
    }
    pairs("", of.note.iter().cloned().collect());
    text.push_str(of.sql.trim());
    text.push('\n');
    if !of.lines.is_empty() {
        text.push('\n');
        let lines = if with_values { of.lines.clone() } else { without_values(&of.lines) };
        text.push_str(&lines.join("\n"));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::record;
    use crate::engine::Explained;

    #[test]
    fn a_file_holds_what_was_asked_and_what_the_server_said() {
        let of = Explained {
            operation: 0,
            number: 2,
            sql: "SELECT id FROM orders\n  WHERE user_id = $1 AND note = $2\n".to_owned(),
            params: vec![("user".to_owned(), "17".to_owned())],
            values: vec!["17".to_owned(), "'two\nlines'".to_owned()],
            lines: vec!["Seq Scan on orders  (cost=0.00..1.00 rows=1 width=8)".to_owned(), "  Filter: x".to_owned()],
            executed: false,
            note: Some("planned only".to_owned()),
        };
        let record = record("n_plus_one", "page".to_owned(), &of, ("somewhere", true));
        assert_eq!(record.file, "plans/n_plus_one/page-2.txt");
        assert_eq!((record.nodes.as_deref(), record.shared_hit), (Some("Seq Scan on orders"), None));
        let expected = "-- n_plus_one, operation page, statement 2\n-- taken somewhere\n-- parameters: user = 17\n\
                        -- $1 = 17, $2 = 'two lines'\n-- planned only\n\
                        SELECT id FROM orders\n  WHERE user_id = $1 AND note = $2\n\n\
                        Seq Scan on orders  (cost=0.00..1.00 rows=1 width=8)\n  Filter: x\n";
        assert_eq!(record.text, expected);
        let text = super::text("n_plus_one", "page", &of, ("somewhere", false));
        let said = "-- values are left out, being those of somebody's data: --keep-detail keeps them\n";
        assert!(text.contains(said) && !text.contains("17") && !text.contains("lines'"), "{text}");
    }
}
