//! An operation with its sets, statements and answer: names become indexes.

use super::super::diagnostic::{did_you_mean, problem};
use super::super::document::{Node, Value};
use super::super::plan::{
    AnswerPath, AnswerPlan, Arg, JsonStep, OperationPlan, Place, SetPlan, StatementPlan, StepPlan,
};
use super::super::read::At;
use super::super::spec::{OperationSpec, StepSpec};
use super::Names;
use super::statement;

/// An operation on its way: sets are added as steps bind them, columns as anything refers to them.
pub(super) struct Building<'a> {
    pub(super) spec: &'a OperationSpec,
    pub(super) names: Names<'a>,
    pub(super) sets: Vec<SetPlan>,
    /// Parameters referred to, as indexes into the file's, each once.
    pub(super) params: Vec<usize>,
}

impl Building<'_> {
    /// The set of that name among those bound so far.
    pub(super) fn set(&self, name: &str) -> Option<usize> {
        self.sets.iter().position(|set| set.name == name)
    }

    /// Whether any step of the operation binds the name.
    pub(super) fn is_bound_anywhere(&self, name: &str) -> bool {
        self.spec.steps.iter().any(|step| step.binds.as_ref().is_some_and(|binds| binds.value == name))
    }

    /// The column's index in its set; added when new.
    pub(super) fn column(&mut self, set: usize, column: &str) -> usize {
        let columns = &mut self.sets[set].columns;
        columns.iter().position(|known| known == column).unwrap_or_else(|| {
            columns.push(column.to_owned());
            columns.len() - 1
        })
    }
}

/// Compiles an operation; its statements are appended. Parameters are indexes into the file's.
pub(super) fn compile(spec: &OperationSpec, names: Names<'_>, statements: &mut Vec<StatementPlan>) -> OperationPlan {
    let mut building = Building { spec, names, sets: Vec::new(), params: Vec::new() };
    let mut steps = Vec::new();
    for step in &spec.steps {
        if let Some(plan) = compile_step(step, &mut building, statements) {
            steps.push(plan);
        }
    }
    let answer = spec.answer.as_ref().and_then(|(place, items)| answer(place, items, &mut building));
    OperationPlan {
        name: spec.name.value.clone(),
        job: spec.job.as_ref().unwrap_or(&spec.name).value.clone(),
        steps,
        sets: building.sets,
        params: building.params,
        answer,
        place: spec.name.place.clone(),
    }
}

fn compile_step(step: &StepSpec, building: &mut Building<'_>, statements: &mut Vec<StatementPlan>) -> Option<StepPlan> {
    let for_each = step.for_each.as_ref().and_then(|name| visited(name, building));
    if step.for_each.is_some() && for_each.is_none() {
        // Reported; the name is bound all the same, so that what refers to it is not reported too.
        if let Some(name) = &step.binds {
            bind(name, None, building);
        }
        return None;
    }
    let statement = statement::compile(&step.sql, for_each, building);
    let binds = step.binds.as_ref().map(|name| bind(name, for_each, building));
    statements.push(statement?);
    Some(StepPlan { statement: statements.len() - 1, binds, for_each, place: step.place.clone() })
}

fn visited(name: &At<String>, building: &mut Building<'_>) -> Option<usize> {
    let found = building.set(&name.value);
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

fn bind(name: &At<String>, visiting: Option<usize>, building: &mut Building<'_>) -> usize {
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
    building.sets.push(SetPlan { name: name.value.clone(), columns: Vec::new(), visiting });
    building.sets.len() - 1
}

fn answer(place: &Place, items: &[Node], building: &mut Building<'_>) -> Option<AnswerPlan> {
    let paths: Vec<AnswerPath> = items.iter().filter_map(|item| answer_path(item, building)).collect();
    if paths.len() < items.len() {
        return None;
    }
    // Along a chain of visits each tuple is one row of the innermost set with the rows visited around it.
    let chain = |mut set: usize| {
        let mut chain = vec![set];
        while let Some(outer) = building.sets[set].visiting {
            chain.push(outer);
            set = outer;
        }
        chain
    };
    let longest = paths.iter().map(|path| chain(path.set)).max_by_key(Vec::len)?;
    if let Some(stranger) = paths.iter().find(|path| !longest.contains(&path.set)) {
        let title = format!(
            "`answer` mixes `{}` and `{}`, whose rows are not joined by `for_each`",
            building.sets[longest[0]].name, building.sets[stranger.set].name
        );
        building.names.sink.push(
            problem(place, title).hint("name columns of one set, or of sets of which one visits the other's rows"),
        );
        return None;
    }
    Some(AnswerPlan { paths, ordered: building.spec.ordered })
}

fn answer_path(item: &Node, building: &mut Building<'_>) -> Option<AnswerPath> {
    let Value::Text(text) = &item.value else { return None };
    let sink = building.names.sink;
    let Some((name, column, json)) = parse_path(text) else {
        let problem = problem(&item.place, format!("`{text}` is not a column of a set"));
        sink.push(problem.hint("write `set.column`, for example `u.id`; into JSON `r.orders[].id`"));
        return None;
    };
    let Some(set) = building.set(&name) else {
        if !building.spec.incomplete {
            let hint = did_you_mean(&name, building.sets.iter().map(|set| set.name.as_str()));
            let hint = hint.unwrap_or_else(|| format!("bind the rows of a step: `as = \"{name}\"`"));
            let title = format!("`{text}` refers to `{name}`, but no step binds `as = \"{name}\"`");
            sink.push(problem(&item.place, title).hint(hint));
        }
        return None;
    };
    let column = building.column(set, &column);
    Some(AnswerPath { text: text.clone(), set, column, json })
}

/// `set.column`, then any number of `[]` and `.key`.
fn parse_path(text: &str) -> Option<(String, String, Vec<JsonStep>)> {
    let (name, rest) = text.split_once('.')?;
    let column_end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (column, mut rest) = rest.split_at(column_end);
    if !super::super::shape::is_identifier(name) || column.is_empty() {
        return None;
    }
    let mut json = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[]") {
            json.push(JsonStep::Each);
            rest = after;
        } else {
            let key = rest.strip_prefix('.')?;
            let end = key.find(['.', '[']).unwrap_or(key.len());
            if end == 0 {
                return None;
            }
            json.push(JsonStep::Key(key[..end].to_owned()));
            rest = &key[end..];
        }
    }
    Some((name.to_owned(), column.to_owned(), json))
}

/// Replaces indexes into the file's parameters by indexes into those that are used.
pub(super) fn renumber_params(operation: &mut OperationPlan, statements: &mut [StatementPlan], used: &[usize]) {
    let renumber = |param: &mut usize| {
        if let Some(index) = used.iter().position(|used| used == param) {
            *param = index;
        }
    };
    operation.params.iter_mut().for_each(renumber);
    for step in &operation.steps {
        for arg in &mut statements[step.statement].args {
            if let Arg::Param { param, .. } = arg {
                renumber(param);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_paths_go_into_json() {
        let (name, column, json) = parse_path("r.orders[].item.id").expect("a path");
        assert_eq!((name.as_str(), column.as_str()), ("r", "orders"));
        assert_eq!(json, [JsonStep::Each, JsonStep::Key("item".into()), JsonStep::Key("id".into())]);
        for wrong in ["u", "u.", ".id", "u.a[", "u.a[0]", "u.a..b", "u.a[]b", "1.a", ""] {
            assert!(parse_path(wrong).is_none(), "{wrong}");
        }
    }
}
