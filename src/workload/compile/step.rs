//! Steps with what is inside of them: names become indexes, and what cannot stand where it does is refused.

use super::super::diagnostic::{did_you_mean, problem};
use super::super::plan::{Action, Arg, Protocol, SetPlan, StatementPlan, StatementStep, StepPlan};
use super::super::read::At;
use super::super::spec::{StepKind, StepSpec};
use super::operation::Building;
use super::statement;
use super::together::{refuse_simple, together};

/// Compiles steps one after the other; their statements are appended.
pub(super) fn compile(
    steps: &[StepSpec],
    building: &mut Building<'_>,
    statements: &mut Vec<StatementPlan>,
) -> Vec<StepPlan> {
    steps.iter().filter_map(|step| compile_one(step, building, statements)).collect()
}

fn compile_one(step: &StepSpec, building: &mut Building<'_>, statements: &mut Vec<StatementPlan>) -> Option<StepPlan> {
    let for_each = step.for_each.as_ref().and_then(|name| visited(name, building));
    if step.for_each.is_some() && for_each.is_none() {
        // Reported; the names are bound all the same, so that what refers to them is not reported too.
        bind_all(step, building);
        return None;
    }
    let draw = step.draw.iter().filter_map(|name| drawn(name, building)).collect();
    if let (Some(retry), true) = (&step.retry, building.in_transaction) {
        let problem = problem(&retry.place, "`retries` cannot stand inside of a transaction");
        building.names.sink.push(
            problem
                .label("a failed statement ends the transaction around it")
                .hint("put `retries` on the transaction, or on a group around it"),
        );
    }
    if let (Some(retry), true) = (&step.retry, building.pipeline_from.is_some()) {
        let problem = problem(&retry.place, "`retries` cannot stand inside of a pipeline");
        building.names.sink.push(
            problem
                .label("its failures are known only when all of it was sent")
                .hint("put `retries` on a group around the pipeline"),
        );
    }
    building.visiting.extend(for_each);
    let action = action(step, building, statements);
    if for_each.is_some() {
        building.visiting.pop();
    }
    Some(StepPlan {
        action: action?,
        for_each,
        repeat: step.repeat.unwrap_or(1),
        draw,
        retry: step.retry.as_ref().map(|retry| retry.value.clone()),
        place: step.place.clone(),
    })
}

fn action(step: &StepSpec, building: &mut Building<'_>, statements: &mut Vec<StatementPlan>) -> Option<Action> {
    Some(match &step.kind {
        StepKind::Sql(sql) => {
            let statement = statement::compile(sql, building);
            let binds = step.binds.as_ref().map(|name| bind(name, building));
            statements.push(statement?);
            if step.protocol.unwrap_or(building.names.protocol) == Protocol::Simple {
                refuse_simple(step, "a statement", building);
            }
            Action::Statement(StatementStep {
                statement: statements.len() - 1,
                binds,
                expect_rows: step.expect_rows,
                may_write: statement::may_write(sql),
                protocol: step.protocol,
                records: step.records.clone(),
            })
        }
        StepKind::Insert(spec) => Action::Insert(super::insert::compile(spec, building)?),
        StepKind::Pause(length) => {
            if building.pipeline_from.is_some() {
                let problem = problem(&step.place, "`pause` cannot stand inside of a pipeline");
                building.names.sink.push(problem.hint("a pipeline is sent at once: pause before or after it"));
            }
            Action::Pause(*length)
        }
        StepKind::Group(steps) => Action::Group(compile(steps, building, statements)),
        StepKind::Transaction(modes, steps) => {
            if building.in_transaction {
                let problem = problem(&step.place, "a transaction cannot stand inside of a transaction");
                building
                    .names
                    .sink
                    .push(problem.hint("a connection has one transaction at a time: use `steps` for a group"));
            }
            if building.names.protocol == Protocol::Simple {
                refuse_simple(step, "a transaction", building);
            }
            let around = std::mem::replace(&mut building.in_transaction, true);
            let steps = compile(steps, building, statements);
            building.in_transaction = around;
            Action::Transaction { modes: *modes, steps }
        }
        StepKind::Together(steps) => Action::Together(together(step, steps, building, statements)?),
        StepKind::Pipeline(steps) => {
            if building.pipeline_from.is_some() {
                let problem = problem(&step.place, "a pipeline cannot stand inside of a pipeline");
                building.names.sink.push(problem.hint("its steps are sent without waiting already: take this one out"));
                return None;
            }
            building.pipeline_from = Some(building.sets.len());
            let steps = compile(steps, building, statements);
            building.pipeline_from = None;
            Action::Pipeline(steps)
        }
    })
}

fn visited(name: &At<String>, building: &mut Building<'_>) -> Option<usize> {
    let found = building.set(&name.value);
    if let Some(set) = found.filter(|set| building.is_on_its_way(*set)) {
        let around = building.on_whose_way();
        let title = format!("`for_each` visits `{}`, which is bound in the same {around}", building.sets[set].name);
        let hint = format!("its rows come when the {around} has ended: bind it before");
        let problem = problem(&name.place, title).hint(hint);
        building.names.sink.push(problem);
        return None;
    }
    if found.is_some_and(|set| building.visiting.contains(&set)) {
        let title = format!("`for_each` visits `{}`, whose rows are being visited already", name.value);
        let problem = problem(&name.place, title).hint("the row of the loop around is there: take this `for_each` out");
        building.names.sink.push(problem);
        return None;
    }
    if found.is_none() && !building.spec.incomplete {
        let title = if building.is_bound_anywhere(&name.value) {
            format!("`for_each` visits `{}`, which is not bound before this step", name.value)
        } else {
            format!("`for_each` visits `{}`, which no earlier step binds", name.value)
        };
        let hint = did_you_mean(&name.value, building.sets.iter().map(|set| set.name.as_str()));
        let hint =
            hint.unwrap_or_else(|| format!("bind rows in a step before: `{{ as = \"{}\", sql = \"…\" }}`", name.value));
        building.names.sink.push(problem(&name.place, title).hint(hint));
    }
    found
}

/// A parameter named by `draw`.
fn drawn(name: &At<String>, building: &mut Building<'_>) -> Option<usize> {
    let params = building.names.params;
    let found = params.iter().position(|(param, _)| param.value == name.value);
    match found {
        Some(param) => building.refer_to(param),
        None => {
            let hint = did_you_mean(&name.value, params.iter().map(|(param, _)| param.value.as_str()));
            let title = format!("`draw` names `{}`, but there is no such parameter", name.value);
            building.names.sink.push(problem(&name.place, title).maybe_hint(hint));
        }
    }
    found
}

pub(super) fn bind_all(step: &StepSpec, building: &mut Building<'_>) {
    if let Some(name) = &step.binds {
        bind(name, building);
    }
    step.inner().iter().for_each(|step| bind_all(step, building));
}

fn bind(name: &At<String>, building: &mut Building<'_>) -> usize {
    let names = building.names;
    let clash = if building.set(&name.value).is_some() {
        Some(("an earlier step binds it too", None))
    } else if let Some(place) = names.constants.place(&name.value) {
        Some(("a constant has it too", Some(place)))
    } else {
        names
            .params
            .iter()
            .find(|(param, _)| param.value == name.value)
            .map(|(param, _)| ("a parameter has it too", Some(&param.place)))
    };
    if let Some((why, place)) = clash {
        let mut problem = problem(&name.place, format!("the name `{}` is taken: {why}", name.value))
            .hint("constants, parameters and sets of an operation share one namespace: choose another name");
        if let Some(place) = place {
            problem = problem.also(place, "here");
        }
        names.sink.push(problem);
    }
    let visiting = building.visiting.last().copied();
    building.sets.push(SetPlan { name: name.value.clone(), columns: Vec::new(), visiting });
    building.sets.len() - 1
}

/// Replaces indexes into the file's parameters by indexes into those that are used.
pub(super) fn renumber_params(steps: &mut [StepPlan], statements: &mut [StatementPlan], used: &[usize]) {
    let renumber = |param: &mut usize| {
        if let Some(index) = used.iter().position(|used| used == param) {
            *param = index;
        }
    };
    renumber_draws(steps, &renumber);
    for step in super::super::plan::statements(steps) {
        for arg in &mut statements[step.statement].args {
            if let Arg::Param { param, .. } = arg {
                renumber(param);
            }
        }
    }
}

fn renumber_draws(steps: &mut [StepPlan], renumber: &dyn Fn(&mut usize)) {
    for step in steps {
        step.draw.iter_mut().for_each(renumber);
        match &mut step.action {
            Action::Statement(_) | Action::Pause(_) | Action::Insert(_) => {}
            Action::Group(steps)
            | Action::Transaction { steps, .. }
            | Action::Pipeline(steps)
            | Action::Together(steps) => renumber_draws(steps, renumber),
        }
    }
}
