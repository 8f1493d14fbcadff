//! What a draw costs, per distribution: every operation draws its parameters, so this is client CPU that the measured
//! system does not get. Keyed hash of (seed, round, phase, client, count, name, index) included.
//!
//! `cargo bench --bench draw` measures; `-- --test` runs each once.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench program: criterion's macros make the main function")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use dbbench::param::{
    ColumnSource, Draw, Expr, Generator, Literal, Over, Phase, SampledRows, Sampler, Scratch, Stream, name_hash,
};

/// 2026-01-01, where parameters' clocks stand.
const NOW_US: i64 = 1_767_225_600_000_000;

fn numbers() -> Over {
    Over::Integers { low: 1, high: 1_000_000 }
}

fn reals() -> Over {
    Over::Reals { low: 1.0, high: 500.0, decimals: 2 }
}

/// A column whose values are derived from the row that was drawn.
fn column(generator: Generator) -> Over {
    let (table, column) = ("users".to_owned(), "id".to_owned());
    Over::Column(Arc::new(ColumnSource { table, column, rows: 1_000_000, seed: 1, generator }))
}

fn zipf(over: Over, exponent: f64, scramble: bool) -> Generator {
    Generator::Zipf { over, exponent, scramble }
}

fn same(distinct: bool) -> Generator {
    Generator::SameAs { name: "other".to_owned(), of: Box::new(Generator::Uniform(numbers())), distinct }
}

fn rows() -> Generator {
    let cells = (0..1_000).map(|row| vec![Some(row.to_string()), Some(format!("name {row}"))]).collect();
    let columns = vec!["id".to_owned(), "name".to_owned()];
    Generator::Rows(SampledRows::Csv { columns, rows: Arc::new(cells) })
}

/// `:row % 100 + 1`
fn expr() -> Generator {
    let remainder = Expr::Binary('%', Box::new(Expr::Row), Box::new(Expr::Value(100)));
    Generator::Expr(Expr::Binary('+', Box::new(remainder), Box::new(Expr::Value(1))))
}

fn spreads() -> Vec<(&'static str, Generator)> {
    vec![
        ("uniform", Generator::Uniform(numbers())),
        ("uniform of reals", Generator::Uniform(reals())),
        ("uniform of a column", Generator::Uniform(column(Generator::RowNumber))),
        ("uniform of a text column", Generator::Uniform(column(Generator::Text { min: 16, max: 16 }))),
        ("zipf 0.5", zipf(numbers(), 0.5, true)),
        ("zipf 0.8", zipf(numbers(), 0.8, true)),
        ("zipf 0.99", zipf(numbers(), 0.99, true)),
        ("zipf 1.0", zipf(numbers(), 1.0, true)),
        ("zipf 1.5", zipf(numbers(), 1.5, true)),
        ("zipf 0.99 without scramble", zipf(numbers(), 0.99, false)),
        ("zipf 0.99 of a column", zipf(column(Generator::RowNumber), 0.99, true)),
        ("hotspot", Generator::Hotspot { over: numbers(), hot_fraction: 0.1, hot_weight: 0.9 }),
        ("normal", Generator::Normal { over: numbers(), mean: 5e5, deviation: 1e5 }),
        ("exponential", Generator::Exponential { over: numbers(), mean: 1e5 }),
    ]
}

fn others() -> Vec<(&'static str, Generator)> {
    let choice = ["new", "paid", "sent", "done", "lost"].map(|text| (Literal::Text(text.to_owned()), 1.0));
    let json = [("id", Generator::Uniform(numbers())), ("name", Generator::Text { min: 16, max: 16 })];
    vec![
        ("row number", Generator::RowNumber),
        ("constant", Generator::Constant(Literal::Integer(42))),
        ("now", Generator::Now),
        ("uuid4", Generator::Uuid4),
        ("uuid7", Generator::Uuid7),
        ("timestamp", Generator::Timestamp { from_us: 0, to_us: NOW_US }),
        ("choice of 5", Generator::Choice(choice.to_vec())),
        ("text of 16", Generator::Text { min: 16, max: 16 }),
        ("json of 2", Generator::Json(json.map(|(key, value)| (key.to_owned(), value)).to_vec())),
        ("null at 0.1", Generator::Null { rate: 0.1, of: Box::new(Generator::Uniform(numbers())) }),
        ("expr", expr()),
        ("same_as", same(false)),
        ("same_as distinct", same(true)),
        ("rows of 1000", rows()),
    ]
}

fn draws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw");
    for (name, generator) in spreads().into_iter().chain(others()) {
        let sampler = Sampler::new(&generator).unwrap();
        let hash = name_hash("id");
        let mut scratch = Scratch::default();
        let mut count = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                count += 1;
                let stream = Stream::operation(1, 0, Phase::Measure, 0, count);
                black_box(sampler.draw(&Draw::param(stream, hash, 0, NOW_US), &mut scratch));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, draws);
criterion_main!(benches);
