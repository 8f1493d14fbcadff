//! Generators as written: kinds, bounds and weights checked; columns and other parameters still by name.

use super::super::constants::literal;
use super::super::diagnostic::{did_you_mean, problem};
use super::super::document::{Entry, Node, Table, Value};
use super::super::keys;
use super::super::read::{At, Context, optional, shown};
use super::super::shape::is_incomplete;
use super::distribution;
use crate::param::{Expr, Literal};

/// Longest random text, in characters.
const MAX_TEXT: i64 = 1_000_000;

/// A generator whose names are not looked up yet.
#[derive(Clone, Debug)]
pub(in crate::workload) enum GeneratorSpec {
    RowNumber,
    Uuid4,
    Uuid7,
    Now,
    Constant(Literal),
    Distribution { shape: Shape, over: OverSpec },
    Choice(Vec<(Literal, f64)>),
    Text { min: u32, max: u32 },
    Json(Vec<(String, At<GeneratorSpec>)>),
    Null { rate: f64, of: Box<At<GeneratorSpec>> },
    Timestamp { from_us: i64, to_us: i64 },
    Expr { expr: Expr, of_row: bool },
    SameAs { name: At<String>, distinct: bool },
    Csv(At<String>),
    Query(At<String>),
    Next(At<String>),
}

/// How values are drawn from a range or column.
#[derive(Clone, Copy, Debug)]
pub(in crate::workload) enum Shape {
    Uniform,
    Zipf { exponent: f64, scramble: bool },
    Hotspot { hot_fraction: f64, hot_weight: f64 },
    Normal { mean: f64, deviation: f64 },
    Exponential { mean: f64 },
}

/// A range, or a column by name.
#[derive(Clone, Debug)]
pub(in crate::workload) enum OverSpec {
    Integers { low: i64, high: i64 },
    Reals { low: f64, high: f64, decimals: u8 },
    Column(At<String>),
}

/// Reads a generator; what it is for is told by `name`.
pub(super) fn read(name: &str, node: &Node, context: Context<'_>) -> Option<At<GeneratorSpec>> {
    let value = match &node.value {
        Value::Text(word) => word_generator(name, word, node, context)?,
        Value::Integer(_) | Value::Real { .. } | Value::Flag(_) => GeneratorSpec::Constant(literal(node)?),
        Value::Table(table) => table_generator(name, table, node, context)?,
        Value::List(_) | Value::Datetime(_) => {
            let title = format!("`{name}` takes a generator, got {}", shown(&node.value));
            let hint = match &node.value {
                Value::List(_) => {
                    "a range is `{ uniform = [1, 200] }`, several values are `{ choice = [[\"a\", 3], [\"b\", 1]] }`"
                }
                _ => "a range of time is `{ timestamp = [2025-01-01, 2025-12-31] }`",
            };
            context.sink.push(problem(&node.place, title).hint(hint));
            return None;
        }
    };
    Some(At { value, place: node.place.clone() })
}

fn word_generator(name: &str, word: &str, node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    const WORDS: [&str; 4] = ["row_number", "uuid4", "uuid7", "now"];
    Some(match word {
        "row_number" => GeneratorSpec::RowNumber,
        "uuid4" => GeneratorSpec::Uuid4,
        "uuid7" => GeneratorSpec::Uuid7,
        "now" => GeneratorSpec::Now,
        _ if word.contains(':') => match context.constants.resolve(node) {
            Ok(Some(value)) => GeneratorSpec::Constant(literal(&value)?),
            Ok(None) => match context.number(name, node)? {
                crate::param::Number::Integer(value) => GeneratorSpec::Constant(Literal::Integer(value)),
                crate::param::Number::Real { value, decimals } => {
                    GeneratorSpec::Constant(Literal::Real { value, decimals })
                }
            },
            Err(problem) => {
                context.sink.push(*problem);
                return None;
            }
        },
        _ => {
            let problem = problem(&node.place, format!("\"{word}\" is not a generator"))
                .hint(format!("for this text itself write `{{ constant = \"{word}\" }}`"));
            let near = did_you_mean(word, WORDS).filter(|hint| hint.starts_with("did"));
            let near = near.unwrap_or_else(|| {
                if word.contains('.') {
                    return format!("to draw from a column write `{{ uniform = \"{word}\" }}`");
                }
                "words are \"row_number\", \"uuid4\", \"uuid7\", \"now\"; the others are tables such as `{ uniform = [1, 200] }`".to_owned()
            });
            context.sink.push(problem.hint(near));
            return None;
        }
    })
}

fn table_generator(name: &str, table: &Table, node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    let kinds: Vec<&Entry> = table.entries.iter().filter(|entry| entry.key != "distinct").collect();
    let [kind] = kinds.as_slice() else {
        if !table.incomplete {
            let known: Vec<&str> = keys::children("generator")
                .filter(|key| key.supported && key.name() != "distinct")
                .map(keys::Key::name)
                .collect();
            let title = match kinds.len() {
                0 => format!("the generator of `{name}` has no kind"),
                _ => format!(
                    "a generator has one kind, got {}",
                    kinds.iter().map(|kind| format!("`{}`", kind.key)).collect::<Vec<_>>().join(" and ")
                ),
            };
            context.sink.push(problem(&node.place, title).hint(format!("one of {}", known.join(", "))));
        }
        return None;
    };
    if let Some(distinct) = table.get("distinct").filter(|_| kind.key != "same_as") {
        context.sink.push(problem(&distinct.key_place, "`distinct` goes with `same_as` only"));
    }
    let value = &kind.node;
    match kind.key.as_str() {
        "constant" => constant(value, context),
        "uniform" => distribution::over("uniform", value, context)
            .map(|over| GeneratorSpec::Distribution { shape: Shape::Uniform, over }),
        "zipf" | "hotspot" | "normal" | "exponential" => distribution::read(kind, context),
        "choice" => choice(value, context),
        "text" => text(value, context),
        "json" => json(value, context),
        "null" => null(value, context),
        "timestamp" => distribution::timestamp(value, context),
        "expr" => expr(value, context),
        "same_as" => {
            let name = context.text("same_as", value)?;
            let distinct = optional(table.get("distinct"), |key, node| context.flag(key, node)).unwrap_or(false);
            Some(GeneratorSpec::SameAs { name, distinct })
        }
        "csv" => context.text("csv", value).map(GeneratorSpec::Csv),
        "query" => context.text("query", value).map(GeneratorSpec::Query),
        "next" => context.text("next", value).map(GeneratorSpec::Next),
        _ => None,
    }
}

fn constant(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    let found = literal(node);
    if found.is_none() {
        let title = format!("`constant` takes a text, a number, `true` or `false`, got {}", node.value.what());
        context.sink.push(problem(&node.place, title));
    }
    found.map(GeneratorSpec::Constant)
}

fn choice(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    const EXAMPLE: &str = "choice = [[\"a\", 3], [\"b\", 1]]";
    let items = context.list("choice", node, EXAMPLE)?;
    let mut choices = Vec::new();
    for item in items {
        let pair = match &item.value {
            Value::List(pair) => pair.as_slice(),
            _ => &[],
        };
        let value = pair.first().and_then(literal);
        let (Some(value), [_, weight]) = (value, pair) else {
            let problem = problem(&item.place, "each choice is a pair of a value and its weight");
            context.sink.push(problem.hint(format!("for example `{EXAMPLE}`")));
            continue;
        };
        if let Some(weight) = context.real("weight", weight, "0 or more", |weight| weight >= 0.0) {
            choices.push((value, weight));
        }
    }
    if choices.len() < items.len() {
        return None;
    }
    if choices.iter().all(|(_, weight)| *weight == 0.0) {
        context
            .sink
            .push(problem(&node.place, "`choice` has nothing to choose from").hint(format!("for example `{EXAMPLE}`")));
        return None;
    }
    Some(GeneratorSpec::Choice(choices))
}

fn text(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    let (min, max) = match &node.value {
        Value::List(bounds) => {
            let [min, max] = bounds.as_slice() else {
                context
                    .sink
                    .push(problem(&node.place, "`text` takes a length or two: `{ text = 16 }`, `{ text = [5, 20] }`"));
                return None;
            };
            (context.integer("text", min, 0..=MAX_TEXT)?, context.integer("text", max, 0..=MAX_TEXT)?)
        }
        _ => {
            let length = context.integer("text", node, 0..=MAX_TEXT)?;
            (length, length)
        }
    };
    if min > max {
        context.sink.push(problem(
            &node.place,
            format!("the shortest text must not be longer than the longest, got [{min}, {max}]"),
        ));
        return None;
    }
    Some(GeneratorSpec::Text { min: u32::try_from(min).ok()?, max: u32::try_from(max).ok()? })
}

fn json(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    let Value::Table(table) = &node.value else {
        context.sink.push(
            problem(&node.place, format!("`json` takes a table of generators, got {}", shown(&node.value)))
                .hint("for example `{ json = { age = { uniform = [1, 99] } } }`"),
        );
        return None;
    };
    let read: Vec<_> =
        table.entries.iter().map(|entry| Some((entry.key.clone(), read(&entry.key, &entry.node, context)?))).collect();
    read.into_iter().collect::<Option<Vec<_>>>().map(GeneratorSpec::Json)
}

fn null(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    const EXAMPLE: &str = "for example `{ null = { rate = 0.1, of = { uniform = [1, 9] } } }`";
    let Value::Table(table) = &node.value else {
        context.sink.push(problem(&node.place, "`null` takes `rate` and `of`").hint(EXAMPLE));
        return None;
    };
    let rate = optional(table.get("rate"), |key, node| {
        context.real(key, node, "between 0 and 1", |rate| (0.0..=1.0).contains(&rate))
    });
    let of = optional(table.get("of"), |key, node| read(key, node, context));
    for key in ["rate", "of"] {
        if table.get(key).is_none() && !is_incomplete(node) {
            context.sink.push(problem(&node.place, format!("`null` needs `{key}`")).hint(EXAMPLE));
        }
    }
    Some(GeneratorSpec::Null { rate: rate?, of: Box::new(of?) })
}

fn expr(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    let text = context.text("expr", node)?.value;
    let parsed = super::super::arithmetic::parse(&text).and_then(|parsed| {
        let of_row = parsed.names().iter().any(|(name, _)| *name == "row");
        Ok(GeneratorSpec::Expr { expr: parsed.over_row(&|name| context.constants.number(name))?, of_row })
    });
    match parsed {
        Ok(spec) => Some(spec),
        Err((byte, message)) => {
            let place = super::super::document::inside(node, byte..text.len());
            context.sink.push(problem(&place, message).hint("for example `{ expr = \"(:row - 1) % 16\" }`"));
            None
        }
    }
}
