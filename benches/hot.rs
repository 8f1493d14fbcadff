//! What runs per row and per operation: rows of the loader, arguments of a statement, records of an operation.
//!
//! `cargo bench --bench hot` measures; `-- --test` runs each once.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench program: criterion's macros make the main function")]

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dbbench::dataset::RowEncoder;
use dbbench::driver::{Args, PgType, TypeKind};
use dbbench::metrics::{Outcome, Precision, Recorder, Times};
use dbbench::param::{ColumnSource, Generator, Over, Sampler, Value};

/// Rows per measurement: a block of the loader has some thousands.
const ROWS: u64 = 1_000;

fn ty(kind: TypeKind, oid: u32, modifier: i32) -> PgType {
    PgType { oid, name: format!("{kind:?}").to_lowercase(), kind, modifier }
}

/// numeric(10,2)
fn money() -> PgType {
    ty(TypeKind::Numeric, 1700, ((10 << 16) | 2) + 4)
}

fn encoder(columns: &[(&str, Generator, PgType)]) -> RowEncoder {
    let samplers: Vec<Sampler> = columns.iter().map(|(_, generator, _)| Sampler::new(generator).unwrap()).collect();
    let columns = columns.iter().zip(&samplers).map(|((name, _, ty), sampler)| (*name, sampler, ty));
    RowEncoder::new(1, "orders", columns)
}

fn rows(c: &mut Criterion) {
    let int8 = || ty(TypeKind::Int8, 20, -1);
    let id = || ("id", Generator::RowNumber, int8());
    let total = || ("total", Generator::Uniform(Over::Reals { low: 1.0, high: 500.0, decimals: 2 }), money());
    let users = Over::Column(Arc::new(ColumnSource {
        table: "users".to_owned(),
        column: "id".to_owned(),
        rows: 20_000,
        seed: 1,
        generator: Generator::RowNumber,
    }));
    let uniform = ("user_id", Generator::Uniform(Over::Integers { low: 1, high: 100_000 }), int8());
    let zipf = ("user_id", Generator::Zipf { over: users, exponent: 0.8, scramble: true }, int8());
    let name = ("name", Generator::Text { min: 16, max: 16 }, ty(TypeKind::Text, 25, -1));
    let cases = [
        ("narrow", vec![id(), uniform, total()]),
        ("zipf", vec![id(), zipf, total()]),
        ("id", vec![id()]),
        ("numeric", vec![total()]),
        ("text", vec![name]),
    ];
    let mut group = c.benchmark_group("loader_rows");
    group.throughput(Throughput::Elements(ROWS));
    for (name, columns) in cases {
        let mut encoder = encoder(&columns);
        let mut out = BytesMut::with_capacity(1 << 20);
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                for row in 1..=ROWS {
                    encoder.row(black_box(row), &mut out).unwrap();
                }
                out.len()
            });
        });
    }
    group.finish();
}

fn arguments(c: &mut Criterion) {
    let (int8, text, money) = (ty(TypeKind::Int8, 20, -1), ty(TypeKind::Text, 25, -1), money());
    let keys: Vec<[u8; 8]> = (1..=20_u64).map(u64::to_be_bytes).collect();
    let mut args = Args::default();
    let mut group = c.benchmark_group("arguments");
    group.bench_function("one_int8", |b| {
        b.iter(|| {
            args.clear();
            args.value(black_box(Value::Integer(42)), &int8).unwrap();
        });
    });
    group.bench_function("int8_text_numeric", |b| {
        b.iter(|| {
            args.clear();
            args.value(black_box(Value::Integer(42)), &int8).unwrap();
            args.value(black_box(Value::Text("a name of some length")), &text).unwrap();
            args.value(black_box(Value::Real { value: 123.45, decimals: 2 }), &money).unwrap();
        });
    });
    group.bench_function("array_of_20", |b| {
        b.iter(|| {
            args.clear();
            args.array(20, black_box(&keys).iter().map(|key| Some(key.as_slice())));
        });
    });
    group.finish();
}

fn recording(c: &mut Criterion) {
    let mut recorder = Recorder::new(2, Precision::default());
    let mut time_ns = 100_000;
    c.bench_function("record_operation", |b| {
        b.iter(|| {
            // Spread over the histogram as response times are.
            time_ns = 100_000 + (time_ns * 7) % 900_001;
            let times = Times { response_ns: time_ns, service_ns: time_ns, ..Times::default() };
            recorder.started(black_box(1));
            recorder.ended(1, times, Outcome::Succeeded, 1, 1);
        });
    });
}

criterion_group!(benches, rows, arguments, recording);
criterion_main!(benches);
