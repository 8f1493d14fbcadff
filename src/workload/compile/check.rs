//! `[checks]`: SQL with constants in it, and what it must give.

use super::super::arithmetic::{self, is_counter};
use super::super::diagnostic::{did_you_mean, problem};
use super::super::document::{self, Node, Value};
use super::super::plan::{CheckPlan, Counted, Counter, Expected, OperationPlan, SqlText};
use super::super::spec::{CheckSpec, OperationSpec};
use super::super::sql::{self, Path};
use super::{Names, statement};
use crate::param::{Literal, Number};

/// The name by which `equals` means all operations of the mix.
const MIX: &str = "mix";

/// Compiles the checks of a variant: `all` are the operations of the file, `mix` those that the variant runs.
pub(super) fn compile(
    specs: Vec<CheckSpec>,
    all: &[OperationSpec],
    mix: &[OperationPlan],
    names: Names<'_>,
) -> Vec<CheckPlan> {
    let of = |spec: CheckSpec| {
        let text = query(&spec.sql, names);
        let expected = expected(&spec.equals, all, mix, names);
        Some(CheckPlan { name: spec.name.value, text: text?, expected: expected?, place: spec.name.place })
    };
    specs.into_iter().filter_map(of).collect()
}

/// One statement, constants replaced by their values.
fn query(node: &Node, names: Names<'_>) -> Option<SqlText> {
    let Value::Text(text) = &node.value else { return None };
    let found = match sql::split_statements(text).as_slice() {
        [] => Some(problem(&node.place, "this check has no SQL")),
        [_] => None,
        [_, second, ..] => {
            let place = document::inside(node, second.clone());
            Some(problem(&place, "a check is one statement, and here a second one begins").hint("write two checks"))
        }
    };
    if let Some(problem) = found {
        names.sink.push(problem);
        return None;
    }
    let references = match sql::scan(text) {
        Ok(references) => references,
        Err((byte, message)) => {
            names.sink.push(problem(&document::inside(node, byte..text.len()), message));
            return None;
        }
    };
    let decoded = document::text_offsets(&node.place, text);
    let (mut sent, mut offsets) = (String::with_capacity(text.len()), Vec::new());
    let (mut at, mut whole) = (0, true);
    for reference in references {
        let value = match reference.path {
            Path::Plain => names.constants.get(&reference.name),
            _ => None,
        };
        let Some(value) = value else {
            let place = document::inside(node, reference.range.clone());
            let title = format!("`{}` is not a constant", &text[reference.range]);
            let hint = did_you_mean(&reference.name, names.constants.names());
            let label = "a check belongs to no operation: it can name constants only";
            names.sink.push(problem(&place, title).label(label).maybe_hint(hint));
            whole = false;
            continue;
        };
        statement::copy(text, at..reference.range.start, &decoded, &mut sent, &mut offsets);
        offsets.push((sent.len(), document::source_offset(&decoded, reference.range.start)));
        sent.push_str(&literal(value));
        at = reference.range.end;
    }
    statement::copy(text, at..text.len(), &decoded, &mut sent, &mut offsets);
    whole.then_some(SqlText { sql: sent, place: node.place.clone(), offsets })
}

/// A value as SQL takes it.
fn literal(value: &Literal) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Integer(value) if *value < 0 => format!("({value})"),
        Literal::Integer(value) => value.to_string(),
        Literal::Real { value, decimals } => format!("({value:.*})", usize::from(*decimals)),
        Literal::Text(text) => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
    }
}

fn expected(node: &Node, all: &[OperationSpec], mix: &[OperationPlan], names: Names<'_>) -> Option<Expected> {
    let text = match &node.value {
        Value::Integer(value) => return Some(Expected::Number(Number::Integer(*value))),
        Value::Real { value, decimals } => {
            return Some(Expected::Number(Number::Real { value: *value, decimals: *decimals }));
        }
        Value::Flag(value) => return Some(Expected::Bool(*value)),
        Value::Text(text) => text,
        _ => return None,
    };
    match names.constants.resolve(node) {
        // A constant alone is what it is, also a text or a flag.
        Ok(Some(value)) => return expected(&value, all, mix, names),
        Ok(None) => {}
        Err(problem) => {
            names.sink.push(*problem);
            return None;
        }
    }
    // What is no arithmetic, or is about nothing, is the text itself.
    let Ok(expression) = arithmetic::parse_with_counters(text) else { return Some(Expected::Text(text.clone())) };
    let mentioned = expression.names();
    if mentioned.is_empty() {
        return Some(Expected::Text(text.clone()));
    }
    let (mut constants, mut counters, mut whole) = (Vec::new(), Vec::new(), true);
    for (name, range) in mentioned {
        let place = document::inside(node, range);
        let found = if is_counter(name) {
            counted(name, all, mix).map(|counted| counters.push(counted))
        } else {
            match names.constants.number(name) {
                Some(number) => {
                    constants.push((name.to_owned(), number));
                    Ok(())
                }
                None => Err((format!("`:{name}` is not a constant with a number"), None)),
            }
        };
        if let Err((title, hint)) = found {
            names.sink.push(problem(&place, title).maybe_hint(hint));
            whole = false;
        }
    }
    whole.then(|| Expected::Counters { text: text.clone(), expression: expression.clone(), constants, counters })
}

/// What a counter counts; else what is wrong with it, and what helps.
fn counted(name: &str, all: &[OperationSpec], mix: &[OperationPlan]) -> Result<Counted, (String, Option<String>)> {
    let (of, counter) = name.split_once('.').unwrap_or((name, ""));
    let Some(counter) = Counter::ALL.into_iter().find(|known| known.name() == counter) else {
        let known: Vec<&str> = Counter::ALL.iter().map(|known| known.name()).collect();
        let hint = match did_you_mean(counter, known.iter().copied()) {
            Some(near) if near.starts_with("did") => near,
            _ => format!(
                "there are {}; a text is compared in SQL: `SELECT name = '{name}'` equals `true`",
                known.join(", ")
            ),
        };
        return Err((format!("there is no counter `{counter}`"), Some(hint)));
    };
    let job = |operation: &OperationSpec| {
        operation.job.as_ref().map_or_else(|| operation.name.value.clone(), |job| job.value.clone())
    };
    let is_operation = all.iter().any(|operation| operation.name.value == of);
    let operations = mix.iter().enumerate().filter(|(_, operation)| match is_operation {
        true => operation.name == of,
        false => operation.job == of || of == MIX,
    });
    if !is_operation && of != MIX && !all.iter().any(|operation| job(operation) == of) {
        let known = all.iter().map(|operation| operation.name.value.as_str()).chain([MIX]);
        return Err((format!("there is no operation and no job `{of}`"), did_you_mean(of, known)));
    }
    Ok(Counted { name: name.to_owned(), operations: operations.map(|(index, _)| index).collect(), counter })
}
