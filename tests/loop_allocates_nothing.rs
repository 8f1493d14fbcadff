//! The hot loop runs inside of what is measured: once its buffers have grown, it allocates nothing.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the message")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dbbench::driver::{NullTarget, Target};
use dbbench::engine::{Interrupt, RunInput, bind, run};
use dbbench::event::Events;
use dbbench::workload::plan::SourceText;
use dbbench::workload::{Overrides, compile_text};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Of these, as large as a histogram.
static LARGE: AtomicU64 = AtomicU64::new(0);
const LARGE_BYTES: usize = 64 * 1024;

/// The system's allocator, counting what all threads ask of it.
struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LARGE.fetch_add(u64::from(layout.size() >= LARGE_BYTES), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WORKLOAD: &str = r#"
name = "page"
[params]
org = { zipf = { over = [1, 200], exponent = 0.8 } }
tag = { text = 12 }
[operations.page]
steps = [
  { as = "u", sql = "SELECT id, name FROM users WHERE org_id = :org AND tag = :tag" },
  { as = "o", for_each = "u", sql = "SELECT id, total FROM orders WHERE user_id = :u.id" },
  { as = "s", protocol = "simple", sql = "SELECT id FROM users WHERE tag = :tag AND org_id = ANY(:o.id[])" },
  { sql = "SELECT 1 FROM items WHERE order_id = ANY(:o.id[]) AND org_id = :org AND user_id > :u.first.id" },
]
[operations.one]
steps = [{ sql = "SELECT n, fresh FROM users WHERE id = :org", record = { n = "n", fresh = "fresh" } }]
[operations.nested]
steps = [
  { as = "u", sql = "SELECT id FROM users WHERE org_id = :org" },
  { retries = 3, transaction = [
    { for_each = "u", steps = [
      { as = "v", sql = "SELECT id FROM orders WHERE user_id = :u.id" },
      { repeat = 2, draw = ["org"], sql = "UPDATE orders SET total = :org WHERE id = :v.first.id" },
    ] },
  ] },
  { together = [{ as = "t", sql = "SELECT id FROM users WHERE org_id = :org" }, { sql = "SELECT :tag::text", protocol = "simple" }] },
  { pipeline = [{ for_each = "u", as = "w", sql = "SELECT id FROM orders WHERE user_id = :u.id" }, { sql = "SELECT :tag::text" }] },
  { insert = { table = "items", rows = 10, chunk = 4, method = "unnest", values = { id = { next = "items.id" }, name = { text = 8 } } } },
  { insert = { table = "items", rows = 10, chunk = 4, method = "pipeline", values = { id = "row_number", name = { text = 8 } } } },
  { insert = { table = "items", rows = 10, chunk = 4, method = "copy", values = { id = "row_number", name = { text = 8 } } } },
]
[mix]
page = 1
one = 3
nested = 1
[load]
clients = 4
[run]
rounds = 1
warmup = "10ms"
"#;

/// Allocations and operations of a run with a measurement of so many milliseconds.
/// A machine that has no CPU to spare may fail a slice with so short a warm-up: it is tried again.
fn run_for(measure_ms: u64, service: Duration, load: &[&str]) -> (u64, u64) {
    (0..5).find_map(|_| run_once(measure_ms, service, load)).expect("one slice in five")
}

fn run_once(measure_ms: u64, service: Duration, load: &[&str]) -> Option<(u64, u64)> {
    let set = load.iter().map(|value| ("load.rate".to_owned(), (*value).to_owned(), "--set".to_owned())).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    let mut plan = compile_text(SourceText::new("w.toml", WORKLOAD), &overrides).expect("a workload");
    plan.variants[0].measure = Duration::from_millis(measure_ms);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bound = [runtime.block_on(bind(&plan.variants[0], None, None)).expect("fits")];
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut operations = 0;
    let end = run(RunInput {
        plan: &plan,
        bound: &bound,
        targets: &[Target::Null(NullTarget { service, rows: 5 })],
        began: Instant::now(),
        events: &Events::ignored(),
        interrupt: &Interrupt::default(),
        server_cpu: None,
        on_interval: &mut |_| Ok(()),
        on_slice: &mut |slice| {
            operations = slice.metrics.total.mix().counters.succeeded;
            Ok(())
        },
    });
    (end.expect("runs").failed == 0).then(|| (ALLOCATIONS.load(Ordering::Relaxed) - before, operations))
}

/// The counts are of the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn operations_allocate_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let closed: &[&str] = &[];
    for (service, load) in [(Duration::ZERO, closed), (Duration::from_micros(50), closed), (Duration::ZERO, &["10000"])]
    {
        // Waits of a busy machine are long, and operations of this mix wait up to thirty times.
        let long_ms = if service.is_zero() { 800 } else { 2_000 };
        let (short, long) = (run_for(100, service, load), run_for(long_ms, service, load));
        let operations = long.1.saturating_sub(short.1);
        assert!(operations > 1_000, "{service:?} {load:?}: {short:?} {long:?}");
        // What a longer slice adds: the coordinator's looks at the clock, a buffer that grows once more.
        let more = long.0.saturating_sub(short.0);
        assert!(more * 50 < operations, "{more} allocations more for {operations} operations more");
    }
}

#[test]
fn histograms_are_handed_round_from_second_to_second() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let large = |measure_ms| {
        let before = LARGE.load(Ordering::Relaxed);
        run_for(measure_ms, Duration::ZERO, &[]);
        LARGE.load(Ordering::Relaxed) - before
    };
    let (short, long) = (large(2_500), large(5_500));
    // The coordinator makes a sum for each interval: nine in this workload. The workers would make twelve more.
    assert!(long <= short + 3 * 15, "{short} large allocations in 2.5 s, {long} in 5.5 s");
}
