//! SQL with `:references` turned into SQL with `$1…`, with the way back into the file.

use super::super::diagnostic::{Diagnostic, did_you_mean, problem};
use super::super::document::{self, Node, Value};
use super::super::plan::{Arg, Place, SqlText, StatementPlan};
use super::super::sql::{self, Path, Reference};
use super::operation::Building;
use crate::param::{Generator, SampledRows};

/// Compiles the SQL of a step.
pub(super) fn compile(node: &Node, building: &mut Building<'_>) -> Option<StatementPlan> {
    let Value::Text(text) = &node.value else { return None };
    let sink = building.names.sink;
    if let Some(problem) = refused(text, node, building.in_transaction) {
        sink.push(problem);
    }
    let references = match sql::scan(text) {
        Ok(references) => references,
        Err((byte, message)) => {
            let rest = text.get(byte..).unwrap_or_default();
            let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '[' | ']');
            let length =
                rest.char_indices().skip(1).find(|(_, letter)| !is_part(*letter)).map_or(rest.len(), |(at, _)| at);
            sink.push(problem(&document::inside(node, byte..byte + length), message));
            return None;
        }
    };
    let mut args: Vec<Arg> = Vec::new();
    let mut numbers = Vec::new();
    for reference in &references {
        let place = document::inside(node, reference.range.clone());
        match argument(reference, &place, building) {
            Ok(arg) => {
                let known = args.iter().position(|other| *other == arg);
                numbers.push(known.map_or(args.len() + 1, |index| index + 1));
                if known.is_none() {
                    args.push(arg);
                }
            }
            Err(Some(problem)) => sink.push(*problem),
            // What it refers to was wrong already, which has been reported.
            Err(None) => return None,
        }
    }
    (numbers.len() == references.len())
        .then(|| StatementPlan { text: rewrite(node, text, &references, &numbers), args })
}

/// The text with `$n` in the place of references, and the offsets of both.
fn rewrite(node: &Node, text: &str, references: &[Reference], numbers: &[usize]) -> SqlText {
    let decoded = document::text_offsets(&node.place, text);
    let mut sent = String::with_capacity(text.len());
    let mut offsets = Vec::new();
    let mut at = 0;
    for (reference, number) in references.iter().zip(numbers) {
        copy(text, at..reference.range.start, &decoded, &mut sent, &mut offsets);
        offsets.push((sent.len(), document::source_offset(&decoded, reference.range.start)));
        sent.push_str(&format!("${number}"));
        at = reference.range.end;
    }
    copy(text, at..text.len(), &decoded, &mut sent, &mut offsets);
    SqlText { sql: sent, place: node.place.clone(), offsets }
}

pub(super) fn copy(
    text: &str,
    range: std::ops::Range<usize>,
    decoded: &[(usize, usize)],
    sent: &mut String,
    offsets: &mut Vec<(usize, usize)>,
) {
    offsets.push((sent.len(), document::source_offset(decoded, range.start)));
    let inside = decoded.iter().filter(|(byte, _)| *byte > range.start && *byte < range.end);
    offsets.extend(inside.map(|(byte, source)| (sent.len() + byte - range.start, *source)));
    sent.push_str(&text[range]);
}

/// Whether a statement may change something, as far as its first word tells.
pub(super) fn may_write(node: &Node) -> bool {
    const READS: [&str; 5] = ["select", "values", "table", "show", "explain"];
    let Value::Text(text) = &node.value else { return false };
    !sql::first_word(text).is_some_and(|word| READS.iter().any(|read| read.eq_ignore_ascii_case(word)))
}

/// The statements of a script, each with its way back into the file.
pub(super) fn script(node: &Node) -> Vec<SqlText> {
    let Value::Text(text) = &node.value else { return Vec::new() };
    let decoded = document::text_offsets(&node.place, text);
    let statement = |range: std::ops::Range<usize>| {
        let (mut sent, mut offsets) = (String::new(), Vec::new());
        let place = document::inside(node, range.clone());
        copy(text, range, &decoded, &mut sent, &mut offsets);
        SqlText { sql: sent, place, offsets }
    };
    sql::split_statements(text).into_iter().map(statement).collect()
}

/// SQL that cannot be a step of this version, whatever the server says.
fn refused(text: &str, node: &Node, in_transaction: bool) -> Option<Diagnostic> {
    let statements = sql::split_statements(text);
    match statements.as_slice() {
        [] => return Some(problem(&node.place, "this step has no SQL")),
        [_] => {}
        [_, second, ..] => {
            return Some(
                problem(
                    &document::inside(node, second.clone()),
                    "a step is one statement, and here a second one begins",
                )
                .hint("write two steps"),
            );
        }
    }
    let word = sql::first_word(text)?;
    let start = text.find(word).unwrap_or(0);
    let place = document::inside(node, start..start + word.len());
    let upper = word.to_ascii_uppercase();
    Some(match upper.as_str() {
        "SET" if in_transaction && second_is_local(&text[start + word.len()..]) => return None,
        "SET" | "RESET" => {
            let hint = match in_transaction {
                true => "write `SET LOCAL`: it ends with the transaction",
                false => {
                    "server settings belong to [topology] as `settings = { work_mem = \"64MB\" }`; inside of a \
                          `transaction` there is `SET LOCAL`"
                }
            };
            problem(&place, format!("`{upper}` changes the session for what runs after it")).hint(hint)
        }
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "PREPARE" => {
            problem(&place, format!("`{upper}` cannot be a step"))
                .hint("a transaction is a step around others: `{ transaction = [{ sql = \"…\" }, { sql = \"…\" }] }`")
        }
        "SAVEPOINT" | "RELEASE" => problem(&place, format!("`{upper}` in a step is not supported by this version")),
        "COPY" => problem(&place, "`COPY` in a step is not supported by this version"),
        _ => return None,
    })
}

/// Whether the next word is `LOCAL`.
fn second_is_local(rest: &str) -> bool {
    sql::first_word(rest).is_some_and(|word| word.eq_ignore_ascii_case("local"))
}

/// What a reference stands for. `Err(None)`: something wrong that was reported before.
fn argument(reference: &Reference, place: &Place, building: &mut Building<'_>) -> Result<Arg, Option<Box<Diagnostic>>> {
    let name = reference.name.as_str();
    let names = building.names;
    let fail = |problem: Diagnostic| Err(Some(Box::new(problem)));
    if let Some(set) = building.set(name) {
        if building.is_on_its_way(set) {
            let around = building.on_whose_way();
            return fail(
                problem(
                    place,
                    format!("`{name}` is bound in the same {around}: its rows come when the {around} has ended"),
                )
                .hint(format!("bind it in a step before the {around}, or refer to it after")),
            );
        }
        return match &reference.path {
            Path::Plain => fail(
                problem(place, format!("`:{name}` is a set of rows, not a value"))
                    .hint(format!("`:{name}.id` is the row being visited, `:{name}.id[]` a whole column, `:{name}.first.id` the first row")),
            ),
            Path::Column(column) if !building.visiting.contains(&set) => fail(
                problem(place, format!("`:{name}.{column}` is known only inside of `for_each = \"{name}\"`"))
                    .hint(format!("add `for_each = \"{name}\"` to the step, or write `:{name}.{column}[]` for the whole column, `:{name}.first.{column}` for the first row")),
            ),
            Path::Column(column) => Ok(Arg::Visited { set, column: building.column(set, column) }),
            Path::Whole(column) => Ok(Arg::Whole { set, column: building.column(set, column) }),
            Path::First(column) => Ok(Arg::First { set, column: building.column(set, column) }),
            Path::Last(column) => Ok(Arg::Last { set, column: building.column(set, column) }),
        };
    }
    if let Some(param) = names.params.iter().position(|(param, _)| param.value == name) {
        building.refer_to(param);
        return parameter(reference, place, param, building);
    }
    if let Some(value) = names.constants.get(name) {
        return match reference.path {
            Path::Plain => Ok(Arg::Constant { name: name.to_owned(), value: value.clone() }),
            _ => fail(
                problem(place, format!("`{name}` is a constant, not a set of rows")).hint(format!("write `:{name}`")),
            ),
        };
    }
    if building.is_bound_anywhere(name) {
        let title = format!("`{name}` is not bound before this step");
        return fail(problem(place, title).hint("a set is visible to the steps after the one that binds it"));
    }
    if building.spec.incomplete && reference.path != Path::Plain {
        return Err(None);
    }
    let known: Vec<&str> = names
        .params
        .iter()
        .map(|(param, _)| param.value.as_str())
        .chain(names.constants.names())
        .chain(building.sets.iter().map(|set| set.name.as_str()))
        .collect();
    let hint = did_you_mean(name, known.iter().copied())
        .unwrap_or_else(|| format!("draw it under [params]: `{name} = {{ uniform = [1, 1000] }}`"));
    fail(
        problem(place, format!("`:{name}` refers to nothing: no parameter, constant or earlier set has this name"))
            .hint(hint),
    )
}

fn parameter(
    reference: &Reference,
    place: &Place,
    param: usize,
    building: &Building<'_>,
) -> Result<Arg, Option<Box<Diagnostic>>> {
    let name = reference.name.as_str();
    let fail = |problem: Diagnostic| Err(Some(Box::new(problem)));
    let generator = building.names.params[param].1.as_ref().map(|generator| &generator.value);
    if let (Path::Column(column), Some(Generator::Rows(SampledRows::Query { .. }))) = (&reference.path, generator) {
        // Which columns there are, the server says.
        return Ok(Arg::Param { param, column: Some(column.clone()) });
    }
    let columns: Option<&[String]> = match generator {
        Some(Generator::Rows(SampledRows::Csv { columns, .. })) => Some(columns.as_slice()),
        Some(_) => None,
        None => return Err(None),
    };
    match (&reference.path, columns) {
        (Path::Plain, None) => Ok(Arg::Param { param, column: None }),
        (Path::Plain, Some([only])) => Ok(Arg::Param { param, column: Some(only.clone()) }),
        (Path::Plain, Some(columns)) => {
            let first = columns.first().map_or("id", String::as_str);
            let title = format!("`:{name}` has several columns");
            fail(problem(place, title).hint(format!("name one, for example `:{name}.{first}`")))
        }
        (Path::Column(column), Some(columns)) if columns.contains(column) => {
            Ok(Arg::Param { param, column: Some(column.clone()) })
        }
        (Path::Column(column), Some(columns)) => {
            let hint = did_you_mean(column, columns.iter().map(String::as_str));
            fail(problem(place, format!("`{name}` has no column `{column}`")).maybe_hint(hint))
        }
        _ => {
            fail(problem(place, format!("`{name}` is a parameter, not a set of rows")).hint(format!("write `:{name}`")))
        }
    }
}
