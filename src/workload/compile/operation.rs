//! An operation with its sets, statements and answer: names become indexes.

use super::super::diagnostic::{did_you_mean, problem};
use super::super::document::{Node, Value};
use super::super::plan::{AnswerPath, AnswerPlan, JsonStep, OperationPlan, Place, SetPlan, StatementPlan};
use super::super::spec::OperationSpec;
use super::Names;
use super::step;

/// An operation on its way: sets are added as steps bind them, columns as anything refers to them.
pub(super) struct Building<'a> {
    pub(super) spec: &'a OperationSpec,
    pub(super) names: Names<'a>,
    pub(super) sets: Vec<SetPlan>,
    /// Parameters referred to, as indexes into the file's, each once.
    pub(super) params: Vec<usize>,
    /// The sets whose rows are being visited, from the outermost loop in.
    pub(super) visiting: Vec<usize>,
    pub(super) in_transaction: bool,
    /// Inside of a pipeline: how many sets there were when it began.
    pub(super) pipeline_from: Option<usize>,
    /// The same inside of `together`.
    pub(super) together_from: Option<usize>,
}

impl Building<'_> {
    /// The set of that name among those bound so far.
    pub(super) fn set(&self, name: &str) -> Option<usize> {
        self.sets.iter().position(|set| set.name == name)
    }

    /// Whether any step of the operation binds the name.
    pub(super) fn is_bound_anywhere(&self, name: &str) -> bool {
        self.spec.steps.iter().any(|step| step.binds_name(name))
    }

    /// Whether the rows of a set are known only when the pipeline or `together` around has ended.
    pub(super) fn is_on_its_way(&self, set: usize) -> bool {
        self.pipeline_from.or(self.together_from).is_some_and(|from| set >= from)
    }

    /// What that is, for messages.
    pub(super) fn on_whose_way(&self) -> &'static str {
        if self.pipeline_from.is_some() { "pipeline" } else { "`together`" }
    }

    /// Notes that the operation draws a parameter.
    pub(super) fn refer_to(&mut self, param: usize) {
        if !self.params.contains(&param) {
            self.params.push(param);
        }
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
    let mut building = Building {
        spec,
        names,
        sets: Vec::new(),
        params: Vec::new(),
        visiting: Vec::new(),
        in_transaction: false,
        pipeline_from: None,
        together_from: None,
    };
    let steps = step::compile(&spec.steps, &mut building, statements);
    let answer = spec.answer.as_ref().and_then(|(place, items)| answer(place, items, &mut building));
    OperationPlan {
        name: spec.name.value.clone(),
        job: spec.job.as_ref().unwrap_or(&spec.name).value.clone(),
        timeout: spec.timeout,
        steps,
        sets: building.sets,
        params: building.params,
        answer,
        place: spec.name.place.clone(),
    }
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
    step::renumber_params(&mut operation.steps, statements, used);
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
