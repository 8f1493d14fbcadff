//! The worker: its timer, the schedule's arithmetic, the steps of an operation, and the whole loop on a target that
//! answers at once.
//!
//! `cargo bench --bench worker` measures; `-- --test` runs each once. What one operation of the loop costs is taken from
//! slices of [`SLICE`]: criterion's iterations are scaled to it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench program: criterion's macros make the main function")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use dbbench::driver::{NullTarget, Target};
use dbbench::engine::{BoundVariant, Interrupt, RunInput, bind, run};
use dbbench::event::Events;
use dbbench::load::ClosedLoop;
use dbbench::timer::Timer;
use dbbench::workload::plan::{Plan, SourceText};
use dbbench::workload::{Overrides, compile_text};

/// The measurement of a slice: some 10,000 operations.
const SLICE: Duration = Duration::from_millis(40);
/// Between a deadline and the next, when lateness is measured.
const GAP: Duration = Duration::from_micros(200);

fn timer(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let timer = runtime.block_on(async { Timer::new().unwrap() });
    let far = Instant::now() + Duration::from_secs(86_400);
    let armed = |deadline: Instant| {
        let mut sleep = Box::pin(timer.sleep_until(deadline));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        sleep
    };
    let cancelled = |deadline: Instant| {
        let mut sleep = pin!(timer.sleep_until(deadline));
        black_box(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    };
    let mut group = c.benchmark_group("timer");
    let mut number = 0;
    // Each deadline is earlier than those before, so the timerfd is armed anew each time.
    group.bench_function("arm_as_earliest_and_cancel", |b| {
        b.iter(|| {
            number += 1;
            cancelled(far - Duration::from_micros(number));
        });
    });
    let first = armed(far - Duration::from_secs(3_600));
    group.bench_function("arm_as_later_and_cancel", |b| b.iter(|| cancelled(far)));
    let others: Vec<_> = (0..1_000).map(|at| armed(far + Duration::from_millis(at))).collect();
    group.bench_function("arm_among_1000_and_cancel", |b| b.iter(|| cancelled(far + Duration::from_millis(500))));
    drop((first, others));
    // The figure is how late the timer wakes, not how long anything takes.
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    group.bench_function("lateness", |b| {
        b.iter_custom(|iterations| {
            runtime.block_on(async {
                let mut late = Duration::ZERO;
                for _ in 0..iterations {
                    let deadline = Instant::now() + GAP;
                    timer.sleep_until(deadline).await;
                    late += deadline.elapsed();
                }
                late
            })
        });
    });
    group.finish();
}

fn schedule(c: &mut Criterion) {
    let load = ClosedLoop { think_ns: 5_000, clients: None, share: None };
    let mut at_ns = load.next_start_ns(0);
    c.bench_function("schedule/closed_loop", |b| {
        b.iter(|| {
            at_ns = load.next_start_ns(black_box(at_ns));
            at_ns
        });
    });
}

/// A workload that is run on the null target.
struct Case {
    name: &'static str,
    /// Statements of one operation where every statement answers [`ROWS`] rows.
    statements: u64,
    text: &'static str,
}

const ROWS: u32 = 5;

const CASES: [Case; 3] = [
    Case {
        name: "one_statement",
        statements: 1,
        text: "params.id = { uniform = [1, 1000000] }\n\
               operations.a.steps = [{ sql = \"SELECT name FROM users WHERE id = :id\" }]\n",
    },
    Case {
        name: "list_and_batch",
        statements: 2,
        text: "params.org = { zipf = { over = [1, 200], exponent = 0.8 } }\n\
               params.tag = { text = 12 }\n\
               operations.a.steps = [\n\
               { as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :org AND tag = :tag\" },\n\
               { sql = \"SELECT id, total FROM orders WHERE user_id = ANY(:u.id[])\" },\n]\n",
    },
    Case {
        name: "visit_rows_of_rows",
        statements: 31,
        text: "params.org = { uniform = [1, 200] }\n\
               operations.a.steps = [\n\
               { as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :org\" },\n\
               { as = \"o\", for_each = \"u\", sql = \"SELECT id, total FROM orders WHERE user_id = :u.id\" },\n\
               { for_each = \"o\", sql = \"SELECT name FROM items WHERE order_id = :o.id\" },\n]\n",
    },
];

/// Operations of one worker on the null target, per operation; `visit_rows_of_rows` is nearly all interpretation of steps.
fn operations(c: &mut Criterion) {
    let mut group = c.benchmark_group("worker_loop");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for Case { name, statements, text } in CASES {
        let (plan, bound) = compiled(text);
        group.throughput(Throughput::Elements(statements));
        group.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let (operations, sent) = slice(&plan, &bound);
                assert_eq!(sent, operations * statements, "what the throughput is computed from");
                SLICE.mul_f64(iterations as f64 / operations as f64)
            });
        });
    }
    group.finish();
}

fn compiled(text: &str) -> (Plan, BoundVariant) {
    let text = format!(
        "name = \"null\"\nload.clients = 4\nrun = {{ rounds = 1, warmup = \"5ms\", measure = \"{}ms\", workers = 1 }}\n{text}",
        SLICE.as_millis()
    );
    let plan = compile_text(SourceText::new("null.toml", text), &Overrides::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bound = runtime.block_on(bind(&plan.variants[0], None, None)).unwrap();
    (plan, bound)
}

/// Operations and statements of one slice. With so short a warm-up a machine that has no CPU to spare may fail one: that
/// says nothing of the loop.
fn slice(plan: &Plan, bound: &BoundVariant) -> (u64, u64) {
    let counted = (0..20).find_map(|_| whole_slice(plan, bound));
    counted.unwrap()
}

fn whole_slice(plan: &Plan, bound: &BoundVariant) -> Option<(u64, u64)> {
    let mut counted = (0, 0);
    let end = run(RunInput {
        plan,
        bound: std::slice::from_ref(bound),
        targets: &[Target::Null(NullTarget { service: Duration::ZERO, rows: ROWS })],
        began: Instant::now(),
        events: &Events::ignored(),
        interrupt: &Interrupt::default(),
        server_cpu: None,
        on_interval: &mut |_| Ok(()),
        on_slice: &mut |slice| {
            let counters = slice.metrics.total.mix().counters;
            counted = (counters.succeeded, counters.statements);
            Ok(())
        },
    });
    (end.unwrap().failed == 0).then_some(counted)
}

criterion_group!(benches, timer, schedule, operations);
criterion_main!(benches);
