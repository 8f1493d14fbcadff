//! Oracles: what queueing theory, the server's own books and an independent program say of a run must be what dbbench
//! measured, on a real server. One test at a time, for they measure; together they take about two minutes.
//!
//! Theory is applied to *the arrivals of that very run* and to the service times measured in it, so that what is compared
//! is the harness, not the machine or the luck of a sample. A noisy neighbour can still spoil a slice; so a measuring
//! oracle may try three times. What breaks a rule misses the bounds by far, and at every try.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the message")]

#[path = "../support/mod.rs"]
mod support;

mod books;
mod queues;
mod stopped;
mod theory;
mod writes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dbbench::driver::{Control, Endpoint, Target};
use dbbench::engine::{Interrupt, RunInput, bind, run};
use dbbench::event::{Event, Events};
use dbbench::metrics::{OperationMetrics, SliceMetrics};
use dbbench::workload::plan::{Plan, SourceText};
use dbbench::workload::{Overrides, compile_text};
use support::Server;

/// One oracle at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A workload of one statement, one round, without warm-up.
fn plan(sql: &str, load: &str, measure_s: f64, workers: u32) -> Plan {
    let measure_ms = (measure_s * 1e3) as u64;
    let text = format!(
        "name = \"oracle\"\n[operations.op]\nsteps = [{{ sql = \"{sql}\" }}]\n[load]\n{load}\n\
         [run]\nrounds = 1\nwarmup = \"0ms\"\nmeasure = \"{measure_ms}ms\"\nworkers = {workers}\n"
    );
    compile_text(SourceText::new("oracle.toml", text), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Runs the plan's only slice; `disturb` is called once, from another thread, when the measurement begins.
fn slice(plan: &Plan, endpoint: &Endpoint, disturb: impl FnOnce() + Send + 'static) -> SliceMetrics {
    slice_by_seconds(plan, endpoint, disturb).0
}

/// The same, with what was recorded in each second, the last one being that of the drain.
fn slice_by_seconds(
    plan: &Plan,
    endpoint: &Endpoint,
    disturb: impl FnOnce() + Send + 'static,
) -> (SliceMetrics, Vec<OperationMetrics>) {
    let bound = wait(async {
        let control = Control::connect(endpoint).await.unwrap();
        bind(&plan.variants[0], Some(&control), None).await.unwrap()
    });
    let disturb = Mutex::new(Some(disturb));
    let events = Events::new(move |event| {
        if let Event::MeasurementStarted { in_, .. } = event
            && let Some(disturb) = disturb.lock().unwrap().take()
        {
            std::thread::spawn(move || {
                std::thread::sleep(in_);
                disturb();
            });
        }
    });
    let mut closed = None;
    let mut by_seconds = Vec::new();
    let ended = run(RunInput {
        plan,
        bound: std::slice::from_ref(&bound),
        targets: &[Target::Postgres(endpoint.clone())],
        began: Instant::now(),
        events: &events,
        interrupt: &Interrupt::default(),
        server_cpu: None,
        on_interval: &mut |interval| {
            if interval.measuring {
                by_seconds.push(interval.recorded.mix());
            }
            Ok(())
        },
        on_slice: &mut |slice| {
            closed = Some(slice.metrics);
            Ok(())
        },
    });
    ended.unwrap();
    let metrics = closed.unwrap();
    assert_eq!(metrics.failed, None);
    assert_eq!(metrics.total.mix().violation(), None);
    (metrics, by_seconds)
}

/// Tries up to three times; the last word is that of the last try.
fn within_three_tries(mut oracle: impl FnMut() -> Result<(), String>) {
    let mut said = Vec::new();
    for _ in 0..3 {
        match oracle() {
            Ok(()) => return,
            Err(why) => said.push(why),
        }
    }
    panic!("three times: {}", said.join("\n"));
}

/// `Err` when `found` is not within a share of `expected`.
fn near(what: &str, found: f64, expected: f64, share: f64) -> Result<(), String> {
    let apart = (found / expected - 1.0).abs();
    match apart <= share {
        true => Ok(()),
        false => Err(format!("{what}: measured {found:.6}, expected {expected:.6}, more than {share} apart")),
    }
}

/// A percentile of response times, s.
fn response_s(mix: &OperationMetrics, q: f64) -> f64 {
    mix.response.quantile_ns(q, mix.counters.censored).expect("enough values") / 1e9
}

fn mean_s(mix: &OperationMetrics) -> f64 {
    mix.response.mean_ns().expect("values") / 1e9
}

fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

/// The shared server.
fn server() -> Arc<Server> {
    support::server()
}
