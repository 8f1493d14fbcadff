//! What runs outside of the measured loop: compiling a plan, statistics, lines of the histogram log.
//!
//! `cargo bench --bench control` measures; `-- --test` runs each once.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench program: criterion's macros make the main function")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use dbbench::metrics::Distribution;
use dbbench::metrics::hlog::{IntervalLogWriter, LogTag, read_line};
use dbbench::param::{Draw, Generator, Over, Phase, Sampler, Scratch, Stream, Value, name_hash};
use dbbench::stats;
use dbbench::workload::plan::SourceText;
use dbbench::workload::{Overrides, compile_text};

/// Rounds that intervals are computed over.
const ROUNDS: u64 = 1_000;

/// Values of an interval of the log: ten seconds at 50,000 operations per second.
const VALUES: u64 = 500_000;

/// Draws of a real distribution, by number.
fn reals(generator: Generator, count: u64) -> Vec<f64> {
    let sampler = Sampler::new(&generator).unwrap();
    let mut scratch = Scratch::default();
    let mut draw = |number| {
        let stream = Stream::operation(1, 0, Phase::Measure, 0, number);
        match sampler.draw(&Draw::param(stream, name_hash("value"), 0, 0), &mut scratch) {
            Value::Real { value, .. } => value,
            _ => unreachable!("a range of reals gives reals"),
        }
    };
    (0..count).map(&mut draw).collect()
}

fn normal(mean: f64, deviation: f64, count: u64) -> Vec<f64> {
    let over = Over::Reals { low: mean - 8.0 * deviation, high: mean + 8.0 * deviation, decimals: 3 };
    reals(Generator::Normal { over, mean, deviation }, count)
}

fn statistics(c: &mut Criterion) {
    let figures = normal(100.0, 5.0, 2 * ROUNDS);
    let pairs: Vec<(f64, f64)> = figures.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let mut group = c.benchmark_group("statistics_over_1000_rounds");
    group.bench_function("ratio", |b| b.iter(|| stats::ratio(black_box(&pairs), 0.001)));
    group.bench_function("difference", |b| b.iter(|| stats::difference(black_box(&pairs))));
    group.bench_function("value", |b| b.iter(|| stats::value(black_box(&figures[..1_000]), 0.001)));
    group.finish();
}

/// A workload of so many operations, each a variant.
fn many_operations(count: usize) -> String {
    let mut text = "name = \"many\"\nparams.id = { uniform = [1, 1000000] }\nload.clients = 8\n".to_owned();
    for number in 0..count {
        let step = "{ as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :id\" }";
        let other = "{ as = \"o\", for_each = \"u\", sql = \"SELECT id FROM orders WHERE user_id = :u.id\" }";
        writeln!(text, "operations.o{number}.steps = [{step}, {other}]").unwrap();
        writeln!(text, "variants.o{number} = {{}}").unwrap();
    }
    text
}

fn compilation(c: &mut Criterion) {
    let committed = include_str!("../workloads/n-plus-one.toml").to_owned();
    let mut group = c.benchmark_group("compile_plan");
    for (name, text) in [("n_plus_one", committed), ("50_variants", many_operations(50))] {
        group.bench_function(name, |b| {
            b.iter(|| compile_text(SourceText::new("workload.toml", text.as_str()), &Overrides::default()).unwrap());
        });
    }
    group.finish();
}

fn log(c: &mut Criterion) {
    let mut times = Distribution::new();
    // The logs of response times are about normal.
    normal(12.0, 0.5, VALUES).iter().for_each(|log| times.record(log.exp() as u64));
    let tag = LogTag { variant: "join".into(), operation: "page".into(), kind: "response".into(), point: 0, round: 1 };
    let length = Duration::from_secs(10);
    let mut writer = IntervalLogWriter::new();
    let line = writer.line(&tag, Duration::ZERO, length, &times).unwrap();
    let mut group = c.benchmark_group("histogram_log");
    group.bench_function("write_line", |b| b.iter(|| writer.line(&tag, Duration::ZERO, length, &times).unwrap()));
    group.bench_function("read_line", |b| b.iter(|| read_line(black_box(&line)).unwrap()));
    group.finish();
}

criterion_group!(benches, statistics, compilation, log);
criterion_main!(benches);
