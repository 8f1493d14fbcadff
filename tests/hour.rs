//! An hour at 50,000 operations per second, in simulated time: memory stays flat, the result stays small.
//!
//! The path is the real one (recorder, swap, merge, store, summary), without a clock to wait for. What is not recorded
//! anew each second are most of the values: each interval merges one of [`SHAPES`] snapshots that hold a second's worth,
//! so that histograms have the buckets and the counts of the whole load.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the message")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use dbbench::metrics::{
    Distribution, MachineUsage, Outcome, Precision, Reconnects, Recorder, SliceMetrics, Snapshot, Times, WorkerUsage,
};
use dbbench::param::{Draw, Generator, Over, Phase, Sampler, Scratch, Stream, Value, name_hash};
use dbbench::report::compare::{MeasuredRun, page};
use dbbench::result::interval::IntervalContext;
use dbbench::result::run::{OperationRecord, RunRecord, VariantRecord};
use dbbench::result::slice::SliceContext;
use dbbench::result::{Reader, SCHEMA_VERSION, Store, summarize};
use dbbench::verdict::between::{Past, Question, SideRuns, compare};

static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);
static PEAK_BYTES: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting the bytes that are held.
struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE_BYTES.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK_BYTES.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests that count bytes run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

const OPERATIONS_PER_S: u64 = 50_000;
/// Seconds simulated. Without optimization a fifth of an hour takes as long as a whole one with it.
const SECONDS: u32 = if cfg!(debug_assertions) { 720 } else { 3_600 };
/// Of an hour, per operation.
const LIMIT_BYTES: u64 = 10_000_000;
const SHAPES: usize = 10;
/// Recorded anew in each interval.
const RECORDED: u64 = 100;

/// Draws times whose logs are normal: medians of `median_ns`, a 99.7 % range of e^(3 · deviation) to either side.
struct Spread {
    sampler: Sampler,
    scratch: Scratch,
    name: u64,
    median_ns: f64,
}

impl Spread {
    fn new(name: &str, median_ns: f64, deviation: f64) -> Self {
        let over = Over::Reals { low: -6.0 * deviation, high: 6.0 * deviation, decimals: 9 };
        let sampler = Sampler::new(&Generator::Normal { over, mean: 0.0, deviation }).unwrap();
        Self { sampler, scratch: Scratch::default(), name: name_hash(name), median_ns }
    }

    fn at(&mut self, number: u64) -> u64 {
        let stream = Stream::operation(7, 1, Phase::Measure, 0, number);
        match self.sampler.draw(&Draw::param(stream, self.name, 0, 0), &mut self.scratch) {
            Value::Real { value, .. } => (self.median_ns * value.exp()) as u64,
            other => panic!("a range of reals gives reals, not {other:?}"),
        }
    }
}

/// An open loop with fewer connections than clients: every kind of time is there. Tails as of a busy server.
struct Load {
    service: Spread,
    lag: Spread,
    queue: Spread,
    acquire: Spread,
}

impl Load {
    fn new() -> Self {
        Self {
            service: Spread::new("service", 300e3, 0.6),
            lag: Spread::new("lag", 20e3, 0.5),
            queue: Spread::new("queue", 50e3, 1.0),
            acquire: Spread::new("acquire", 30e3, 1.0),
        }
    }

    /// Of four operations one finds no client free, and another no connection.
    fn record(&mut self, recorder: &mut Recorder, number: u64) {
        let (service_ns, lag_ns) = (self.service.at(number), self.lag.at(number));
        let queue_ns = if number.is_multiple_of(4) { self.queue.at(number) } else { 0 };
        let acquire_ns = if number % 4 == 1 { self.acquire.at(number) } else { 0 };
        let response_ns = service_ns + lag_ns + queue_ns + acquire_ns;
        recorder.started(0);
        let times = Times { response_ns, lag_ns, queue_ns: Some(queue_ns), acquire_ns: Some(acquire_ns), service_ns };
        recorder.ended(0, times, Outcome::Succeeded, 1, 1);
    }
}

/// Snapshots of one second each.
fn shapes(load: &mut Load) -> Vec<Snapshot> {
    let mut recorder = Recorder::new(1, Precision::ThreeDigits);
    (0..SHAPES as u64)
        .map(|shape| {
            let first = shape * OPERATIONS_PER_S;
            (first..first + OPERATIONS_PER_S - RECORDED).for_each(|number| load.record(&mut recorder, number));
            recorder.swap()
        })
        .collect()
}

fn run_record(rounds: u32) -> RunRecord {
    let operation = OperationRecord { name: "page".into(), job: "page".into(), ..OperationRecord::default() };
    let variant =
        VariantRecord { name: "join".into(), operations: vec![operation], clients: 64, ..VariantRecord::default() };
    RunRecord {
        schema_version: SCHEMA_VERSION,
        workload: "hour".into(),
        started_at_epoch_s: 1.8e9,
        rounds,
        baseline: "join".into(),
        variants: vec![variant],
        histogram_digits: 3,
        ..RunRecord::default()
    }
}

fn slice_metrics(total: Snapshot, seconds: u32) -> SliceMetrics {
    let ns = u64::from(seconds) * 1_000_000_000;
    SliceMetrics {
        background: Vec::new(),
        total,
        warmup: Snapshot::new(1, Precision::ThreeDigits),
        connect: Distribution::new(),
        measure_ns: ns,
        asked_per_s: Some(OPERATIONS_PER_S as f64),
        warmup_ns: 0,
        warmed_up: true,
        drain_ns: 0,
        workers: vec![WorkerUsage { cpu_ns: ns / 2, cpu_wait_ns: Some(0), wall_ns: ns }],
        server_cpu_ns: None,
        machine: MachineUsage::default(),
        reconnects: Reconnects::default(),
        failed: None,
        interrupted: false,
    }
}

/// What a simulated hour left.
struct Hour {
    /// Bytes held after each interval.
    held_bytes: Vec<usize>,
    total: Snapshot,
}

/// So many seconds of load in slices of so many seconds.
fn simulate(dir: &Path, seconds: u32, slice_s: u32) -> Hour {
    let mut load = Load::new();
    let shapes = shapes(&mut load);
    let mut store = Store::create(dir, &run_record(seconds / slice_s)).unwrap();
    let mut recorder = Recorder::new(1, Precision::ThreeDigits);
    let mut hour = Hour { held_bytes: Vec::with_capacity(seconds as usize), total: Snapshot::default() };
    let mut total = Snapshot::new(1, Precision::ThreeDigits);
    for second in 0..seconds {
        let round = second / slice_s + 1;
        let first = 1_000_000 + u64::from(second) * RECORDED;
        (first..first + RECORDED).for_each(|number| load.record(&mut recorder, number));
        let fresh = recorder.swap();
        let mut interval = Snapshot::new(1, Precision::ThreeDigits);
        for part in [&fresh, &shapes[second as usize % SHAPES]] {
            interval.merge(part);
            total.merge(part);
        }
        recorder.recycle(fresh);
        let context = IntervalContext {
            start_s: f64::from(second) + 0.123_456_789,
            seconds: 1.0,
            round,
            measuring: true,
            variant: "join".into(),
            operations: vec!["page".into()],
            client_cpu_us: Some(1_234_567.0 + f64::from(second)),
            ..IntervalContext::default()
        };
        store.append_interval(&context, &interval).unwrap();
        drop(interval);
        if (second + 1) % slice_s == 0 {
            let metrics = slice_metrics(std::mem::take(&mut total), slice_s);
            let context = SliceContext {
                round,
                position: 1,
                variant: "join".into(),
                operations: vec![("page".into(), "page".into())],
                start_s: f64::from(second + 1 - slice_s),
                ..SliceContext::default()
            };
            let record = store.close_slice(&context, &metrics, |_| {}).unwrap();
            assert_eq!((record.valid, record.violation), (true, None));
            hour.total.merge(&metrics.total);
        }
        hour.held_bytes.push(LIVE_BYTES.load(Ordering::Relaxed));
    }
    hour
}

fn size_bytes(dir: &Path) -> u64 {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn check(seconds: u32, slice_s: u32) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let hour = simulate(dir.path(), seconds, slice_s);

    // The result is small.
    let (bytes, limit) = (size_bytes(dir.path()), LIMIT_BYTES * u64::from(seconds) / 3_600);
    assert!(bytes <= limit, "{bytes} bytes, {limit} at most");

    // Memory is flat: compared at the same place within lines of the log and slices.
    let (early, late) = (hour.held_bytes[59], hour.held_bytes[hour.held_bytes.len() - 1]);
    assert!(late <= early + 64 * 1_024, "{early} bytes after a minute, {late} at the end");

    // Nothing was lost, and reading it takes the log and some histograms, not all of its histograms at once.
    PEAK_BYTES.store(LIVE_BYTES.load(Ordering::Relaxed), Ordering::Relaxed);
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    let reader = Reader::open(dir.path()).unwrap();
    let summary = summarize(&reader.run, &reader.slices, &reader.histograms().unwrap(), dir.path());
    let read_bytes = PEAK_BYTES.load(Ordering::Relaxed) - before;
    assert!(read_bytes as u64 <= 2 * bytes + 16_000_000, "{read_bytes} bytes to read {bytes}");
    let mix = &summary.variants[0].mix;
    assert_eq!(mix.succeeded, u64::from(seconds) * OPERATIONS_PER_S);
    assert_eq!(mix.goodput_per_s, Some(OPERATIONS_PER_S as f64));
    let response = &hour.total.operations[0].response;
    for (found, q) in [(mix.response_us.p50, 0.5), (mix.response_us.p999, 0.999)] {
        assert_eq!(found, response.quantile_ns(q, 0).map(|ns| ns / 1e3));
    }
    assert_eq!(mix.response_us.max, response.max_ns().map(|ns| ns as f64 / 1e3));
}

#[test]
fn one_slice_of_an_hour_is_flat_in_memory_and_small_on_disk() {
    check(SECONDS, SECONDS);
}

/// How long a comparison of two results may take, s: what is promised for optimized builds is 0.5, and machines of tests
/// are slow and busy.
const COMPARED_S: f64 = if cfg!(debug_assertions) { 30.0 } else { 2.5 };

/// How long the two are. What takes time without optimization is to make them.
const COMPARED_SECONDS: u32 = if cfg!(debug_assertions) { 120 } else { 3_600 };

/// Two results of the length are compared, and the page of that drawn.
#[test]
fn two_hours_are_compared_at_once_on_a_small_page() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    simulate(folders[0].path(), COMPARED_SECONDS, COMPARED_SECONDS / 10);
    for entry in std::fs::read_dir(folders[0].path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folders[1].path().join(entry.file_name())).unwrap();
    }
    let start = std::time::Instant::now();
    let sides = folders.each_ref().map(|folder| SideRuns {
        name: "hour".to_owned(),
        runs: vec![Reader::open(folder.path()).unwrap()],
        ..SideRuns::default()
    });
    let compared = compare(&sides, &Past::default(), &Question::default()).unwrap();
    let without_page_s = start.elapsed().as_secs_f64();
    let runs = [0, 1].map(|side| {
        let reader: &Reader = &sides[side].runs[0];
        let histograms = reader.response_histograms().unwrap();
        MeasuredRun { side, reader, histograms, intervals: reader.intervals().unwrap() }
    });
    let page = page(&compared, &runs).unwrap();
    let took_s = start.elapsed().as_secs_f64();
    eprintln!("compared in {without_page_s:.3} s, with the page of {} bytes in {took_s:.3} s", page.len());
    assert!(took_s <= COMPARED_S, "{took_s} s");
    assert!(page.len() <= 1_000_000, "{} bytes", page.len());
    let p50 = compared.comparisons.iter().find(|c| c.metric == "response_us.p50").unwrap();
    assert_eq!((p50.ratio, p50.rounds), (Some(1.0), 10));
    assert_eq!(page.matches("<svg").count(), 6, "ratios, percentiles and seconds, for two screens each");
}

#[test]
fn slices_of_a_minute_are_flat_in_memory_and_small_on_disk() {
    check(SECONDS / 6, 60);
}
