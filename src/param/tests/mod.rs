//! Draws against the laws that they promise. Seeds are fixed, so that each test always gives the same numbers.

mod draws;
mod laws;
mod sameness;

use std::sync::Arc;

use super::*;

/// One value as a parameter of operation `count` would be drawn.
fn with_value<T>(sampler: &Sampler, count: u64, read: impl FnOnce(Value<'_>) -> T) -> T {
    let draw = Draw::param(Stream::operation(7, 0, Phase::Measure, 0, count), name_hash("p"), 0, 0);
    read(sampler.draw(&draw, &mut Scratch::default()))
}

fn integers(generator: &Generator, draws: u64) -> Vec<i64> {
    let sampler = Sampler::new(generator).unwrap();
    let read = |value: Value<'_>| match value {
        Value::Integer(number) | Value::TimestampUs(number) => number,
        other => panic!("{other:?}"),
    };
    (0..draws).map(|count| with_value(&sampler, count, read)).collect()
}

fn reals(generator: &Generator, draws: u64) -> Vec<f64> {
    let sampler = Sampler::new(generator).unwrap();
    let read = |value: Value<'_>| match value {
        Value::Real { value, .. } => value,
        other => panic!("{other:?}"),
    };
    (0..draws).map(|count| with_value(&sampler, count, read)).collect()
}

fn texts(generator: &Generator, draws: u64) -> Vec<String> {
    let sampler = Sampler::new(generator).unwrap();
    let read = |value: Value<'_>| match value {
        Value::Text(text) => text.to_owned(),
        other => panic!("{other:?}"),
    };
    (0..draws).map(|count| with_value(&sampler, count, read)).collect()
}

fn range(low: i64, high: i64) -> Over {
    Over::Integers { low, high }
}

fn between(low: f64, high: f64) -> Over {
    Over::Reals { low, high, decimals: 2 }
}

fn column(table: &str, rows: u64, generator: Generator) -> Over {
    Over::Column(Arc::new(ColumnSource { table: table.into(), column: "id".into(), rows, seed: 3, generator }))
}

fn choice(entries: &[(&str, f64)]) -> Generator {
    Generator::Choice(entries.iter().map(|(text, weight)| (Literal::Text((*text).to_owned()), *weight)).collect())
}

fn same_as(name: &str, of: Generator, distinct: bool) -> Generator {
    Generator::SameAs { name: name.into(), of: Box::new(of), distinct }
}
