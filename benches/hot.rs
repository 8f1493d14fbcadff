//! What runs per row, per operation and per interval: rows of the loader, arguments of a statement, records of an
//! operation, merging what was recorded.
//!
//! `cargo bench --bench hot` measures; `-- --test` runs each once.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench program: criterion's macros make the main function")]

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dbbench::dataset::RowEncoder;
use dbbench::driver::{Args, PgType, TypeKind};
use dbbench::metrics::{OperationNumber, Outcome, Precision, Recorder, Slow, Snapshot, Times};
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

/// Times as operations have them: spread over some octaves, each kind in a place of its own in its histogram.
fn times(number: u64, kinds: Kinds) -> Times {
    let bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // A sum of uniform parts: most values in the middle, few at the ends.
    let spread = |at: u32, width_ns: u64| ((bits >> at) & 0xfff) * width_ns / 4_096;
    let lag_ns = 2_000 + spread(0, 20_000);
    let service_ns = 80_000 + spread(12, 200_000) + spread(24, 200_000) + spread(36, 50_000);
    let (queue_ns, acquire_ns) = match kinds {
        Kinds::Three => (None, None),
        Kinds::Five => (Some(spread(40, 90_000)), Some(1_000 + spread(48, 30_000))),
    };
    let response_ns = lag_ns + service_ns + queue_ns.unwrap_or(0) + acquire_ns.unwrap_or(0);
    Times { response_ns, lag_ns, queue_ns, acquire_ns, service_ns }
}

/// Which times there are.
#[derive(Clone, Copy)]
enum Kinds {
    /// Response, lag, service: a closed loop.
    Three,
    /// Queue and acquire too: an open loop with fewer connections than clients.
    Five,
}

fn record(recorder: &mut Recorder, operation: usize, number: u64, kinds: Kinds) {
    recorder.started(black_box(operation));
    let times = times(black_box(number), kinds);
    recorder.slow(operation, times.response_ns, || Slow {
        times,
        number: OperationNumber::Arrival(number),
        intended_ns: number,
        retried: 0,
        failure: None,
    });
    recorder.ended(operation, times, Outcome::Succeeded, 1, 1);
}

fn recording(c: &mut Criterion) {
    let mut group = c.benchmark_group("record_operation");
    for (name, kinds) in [("closed_loop", Kinds::Three), ("all_histograms", Kinds::Five)] {
        let mut recorder = Recorder::new(2, Precision::default());
        let mut number = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                number += 1;
                record(&mut recorder, 1, number, kinds);
            });
        });
    }
    let mut number = 0;
    group.bench_function("times_alone", |b| {
        b.iter(|| {
            number += 1;
            black_box(times(black_box(number), Kinds::Five));
        });
    });
    group.finish();
}

/// Operations of one worker in an interval of a second.
const OPERATIONS: u64 = 50_000;

fn snapshot() -> Snapshot {
    let mut recorder = Recorder::new(2, Precision::default());
    (0..OPERATIONS).for_each(|number| record(&mut recorder, (number % 2) as usize, number, Kinds::Five));
    recorder.swap()
}

/// What the coordinator does with a worker's interval: two operations, five kinds each.
fn merging(c: &mut Criterion) {
    let interval = snapshot();
    let mut group = c.benchmark_group("merge");
    let mut total = Snapshot::new(2, Precision::default());
    total.merge(&interval);
    group.bench_function("interval_into_total", |b| b.iter(|| total.merge(black_box(&interval))));
    group.bench_function("total_into_total", |b| {
        let other = total.clone();
        b.iter(|| total.merge(black_box(&other)));
    });
    group.bench_function("mix_of_interval", |b| b.iter(|| black_box(&interval).mix()));
    let mut recorder = Recorder::new(2, Precision::default());
    group.bench_function("swap_and_recycle", |b| {
        b.iter(|| {
            record(&mut recorder, 0, 1, Kinds::Five);
            let spent = recorder.swap();
            recorder.recycle(spent);
        });
    });
    group.finish();
}

criterion_group!(benches, rows, arguments, recording, merging);
criterion_main!(benches);
