//! The measurements of `dbbench calibrate`: the real engine on a workload of one statement, against targets that answer at
//! once. Everything is measured in each of several repeats, so that what drifts shows as a range.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::cli::failure::{Failure, chain};
use crate::driver::{NullEndpoint, NullTarget, Target};
use crate::engine::{self, BoundVariant, Interrupt, RunInput};
use crate::event::Events;
use crate::metrics::{Distribution, SliceMetrics};
use crate::result::{Calibration, Cost, Repeated};
use crate::timer::{self, Timer};
use crate::topology;
use crate::words::ExitCode;
use crate::workload::plan::{Plan, SourceText};
use crate::workload::{self, Overrides};

/// The round trip that the link is asked for.
pub const LINK_RTT: Duration = Duration::from_micros(500);
/// The waits by which the timer is judged.
const TIMER_GAP: Duration = Duration::from_millis(2);
/// So many waits give a 99th percentile with ten values above it.
const TIMER_SAMPLES: usize = 1_010;
/// So many give a median with ten values above it.
const FEWEST_WAITS: usize = 21;

/// One operation of one statement: one value in, one value out. One worker, so that figures are those of one core.
const WORKLOAD: &str = r#"
name = "calibrate"

[params]
id = { uniform = [1, 1_000_000] }

[operations.read]
steps = [{ as = "r", sql = "SELECT v FROM t WHERE id = :id" }]
answer = ["r.v"]

[load]
clients = 16

[run]
rounds = 1
workers = 1

[compare]
same_answer = false

[variants]
in_process = {}
loopback = {}
alone = { load.clients = 1 }
"#;

/// Variants of [`WORKLOAD`], by their place in it.
const IN_PROCESS: usize = 0;
const LOOPBACK: usize = 1;
const ALONE: usize = 2;

/// How the time is divided.
#[derive(Clone, Copy, Debug)]
struct Budget {
    repeats: u32,
    warmup: Duration,
    /// Of each slice, and of the bare exchanges.
    measure: Duration,
    timer_samples: usize,
    link_exchanges: usize,
}

impl Budget {
    fn of(seconds: u64) -> Self {
        let repeats = if seconds < 5 { 5 } else { 7 };
        let repeat = Duration::from_secs(seconds) / repeats;
        let share = |percent: u32| repeat * percent / 100;
        // A wait takes a little longer than its gap; an exchange over the link and its counterparts some 0.85 ms, of which
        // some 45 ms are spent in starting it.
        let waits = share(18).as_micros() / 2_100;
        let exchanges = share(12).saturating_sub(Duration::from_millis(45)).as_micros() / 850;
        let enough = TIMER_SAMPLES.div_ceil(repeats as usize);
        let slice = share(70) / 4;
        let warmup = slice / 8;
        Self {
            repeats,
            warmup,
            measure: slice - warmup,
            timer_samples: usize::try_from(waits).unwrap_or(enough).clamp(FEWEST_WAITS, enough),
            link_exchanges: usize::try_from(exchanges).unwrap_or(400).clamp(20, 400),
        }
    }
}

/// What one repeat found.
#[derive(Debug)]
struct Repeat {
    slices: [Option<SliceMetrics>; 3],
    bare: Distribution,
    timer: Distribution,
    link_error_us: f64,
}

impl Repeat {
    /// The median or another percentile of one client over loopback, µs.
    fn response_us(&self, q: f64) -> Option<f64> {
        let mix = self.slices[ALONE].as_ref()?.total.mix();
        mix.response.quantile_ns(q, 0).map(us)
    }

    fn bare_us(&self, q: f64) -> Option<f64> {
        self.bare.quantile_ns(q, 0).map(us)
    }

    /// CPU of the worker, s, with the statements and operations that it went into.
    fn work(&self, variant: usize) -> Option<(f64, f64, f64)> {
        let metrics = self.slices[variant].as_ref()?;
        let counters = metrics.total.mix().counters;
        let cpu_s = metrics.workers.iter().map(|worker| worker.cpu_ns as f64 / 1e9).sum::<f64>();
        (cpu_s > 0.0 && counters.succeeded > 0).then_some((
            cpu_s,
            counters.statements as f64,
            counters.succeeded as f64,
        ))
    }
}

/// Measures all; who, where and when is left to the caller.
pub fn measure(seconds: u64, runtime: &Runtime, interrupt: &Interrupt) -> Result<Calibration, Failure> {
    let budget = Budget::of(seconds);
    let bench = Bench::set(runtime, budget)?;
    let mut repeats = Vec::new();
    for number in 1..=budget.repeats {
        repeats.push(bench.repeat(number, interrupt)?);
    }
    if repeats.iter().flat_map(|repeat| &repeat.slices).all(Option::is_none) {
        let text = "no operation ended in any of the slices: the machine is too busy, or --seconds too few";
        return Err(Failure::text(ExitCode::Failed, text));
    }
    let over = |figure: &dyn Fn(&Repeat) -> Option<f64>| Repeated::of(repeats.iter().map(figure));
    let cost = |variant: usize| Cost {
        operations_per_core_per_s: over(&|r| r.work(variant).map(|(cpu_s, _, operations)| operations / cpu_s)),
        cpu_us_per_statement: over(&|r| r.work(variant).map(|(cpu_s, statements, _)| cpu_s * 1e6 / statements)),
    };
    let added = |q: f64| over(&|r: &Repeat| Some(r.response_us(q)? - r.bare_us(q)?));
    let mut lateness = Distribution::new();
    repeats.iter().for_each(|r| lateness.merge(&r.timer));
    Ok(Calibration {
        in_process: cost(IN_PROCESS),
        loopback: cost(LOOPBACK),
        response_p50_us: over(&|r| r.response_us(0.5)),
        response_p99_us: over(&|r| r.response_us(0.99)),
        bare_p50_us: over(&|r| r.bare_us(0.5)),
        bare_p99_us: over(&|r| r.bare_us(0.99)),
        added_p50_us: added(0.5),
        added_p99_us: added(0.99),
        timer_late_p50_us: over(&|r| r.timer.quantile_ns(0.5, 0).map(us)),
        timer_late_p99_us: lateness.quantile_ns(0.99, 0).map(|ns| Repeated::together(us(ns), budget.repeats)),
        link_error_us: over(&|r| Some(r.link_error_us)),
        ..Calibration::default()
    })
}

/// What is measured against.
struct Bench {
    budget: Budget,
    plan: Plan,
    bound: Vec<BoundVariant>,
    null: NullEndpoint,
    sql: String,
    targets: Vec<Target>,
}

impl Bench {
    fn set(runtime: &Runtime, budget: Budget) -> Result<Self, Failure> {
        let source = SourceText::new("calibrate.toml", WORKLOAD.to_owned());
        let mut plan = workload::compile_text(source, &Overrides::default())
            .map_err(|problems| Failure::rendered(ExitCode::Failed, problems.render(false)))?;
        let mut bound = Vec::new();
        for variant in &mut plan.variants {
            (variant.warmup, variant.measure) = (budget.warmup, budget.measure);
            bound.push(runtime.block_on(engine::bind(variant, None, None)).map_err(|error| Failure::failed(&error))?);
        }
        let target = NullTarget { service: Duration::ZERO, rows: 1 };
        let described = bound.first().map(BoundVariant::described).unwrap_or_default();
        let sql = described.first().map(|(sql, _)| sql.clone()).unwrap_or_default();
        let null = NullEndpoint::start(target.clone(), described)
            .map_err(|error| failed("start the null endpoint", &error))?;
        let over = Target::Postgres(null.endpoint());
        let targets = vec![Target::Null(target), over.clone(), over];
        Ok(Self { budget, plan, bound, null, sql, targets })
    }

    /// Measures everything once. Bare exchanges lie on both sides of the slices that they are compared with.
    fn repeat(&self, number: u32, interrupt: &Interrupt) -> Result<Repeat, Failure> {
        let mut bare = Distribution::new();
        self.bare(&mut bare)?;
        let slices = self.slices(number, interrupt)?;
        self.bare(&mut bare)?;
        let timer = self.timer().map_err(|error| failed("measure the timer", &error))?;
        let link = topology::measure_added_delay(LINK_RTT, self.budget.link_exchanges);
        let link = link.map_err(|error| failed("measure the link", &error))?;
        let link_error_us = (link.added().as_secs_f64() - LINK_RTT.as_secs_f64()) * 1e6;
        Ok(Repeat { slices, bare, timer, link_error_us })
    }

    fn bare(&self, times: &mut Distribution) -> Result<(), Failure> {
        let exchanges = self.null.bare_exchanges(&self.sql, self.budget.measure / 2);
        let exchanges = exchanges.map_err(|error| failed("exchange messages with the null endpoint", &error))?;
        // The first ones find caches cold, as a warm-up does for the slices.
        exchanges.iter().skip(exchanges.len() / 16).for_each(|time| times.record(ns(*time)));
        Ok(())
    }

    fn slices(&self, number: u32, interrupt: &Interrupt) -> Result<[Option<SliceMetrics>; 3], Failure> {
        let mut plan = self.plan.clone();
        // Another order in each repeat.
        plan.run.seed = number.into();
        let mut slices = [const { None }; 3];
        let ended = engine::run(RunInput {
            plan: &plan,
            bound: &self.bound,
            targets: &self.targets,
            began: Instant::now(),
            events: &Events::ignored(),
            interrupt,
            server_cpu: None,
            on_interval: &mut |_| Ok(()),
            on_slice: &mut |outcome| {
                // On a busy machine a short slice may pass without an operation: one repeat less for its figures.
                let measured = Some(outcome.metrics).filter(|metrics| metrics.failed.is_none());
                slices[outcome.slice.variant] = measured;
                Ok(())
            },
        });
        let ended = ended.map_err(|error| Failure::failed(&error))?;
        if ended.interrupted {
            return Err(Failure::text(ExitCode::Interrupted, "interrupted: nothing was kept"));
        }
        Ok(slices)
    }

    /// Waits on a thread of its own, as those of workers and links are.
    fn timer(&self) -> std::io::Result<Distribution> {
        let samples = self.budget.timer_samples;
        let waits = move || {
            let _ = timer::set_slack();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            runtime.block_on(async { Ok(Timer::new()?.lateness(samples, TIMER_GAP).await) })
        };
        let late: std::io::Result<Vec<Duration>> = match std::thread::spawn(waits).join() {
            Ok(late) => late,
            Err(_) => Err(std::io::Error::other("its thread panicked")),
        };
        let mut times = Distribution::new();
        late?.iter().for_each(|late| times.record(ns(*late)));
        Ok(times)
    }
}

fn failed(doing: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::text(ExitCode::Failed, format!("cannot {doing}: {}", chain(error)))
}

fn us(ns: f64) -> f64 {
    ns / 1e3
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Budget, TIMER_SAMPLES};

    #[test]
    fn the_time_is_divided_within_what_is_given() {
        for seconds in [1, 4, 5, 12, 60] {
            let budget = Budget::of(seconds);
            let waits = Duration::from_micros(2_100) * u32::try_from(budget.timer_samples).unwrap();
            let exchanges = Duration::from_micros(850) * u32::try_from(budget.link_exchanges).unwrap();
            let slices = (budget.warmup + budget.measure) * 3 + budget.measure;
            let all = (waits + exchanges + Duration::from_millis(45) + slices) * budget.repeats;
            let most = Duration::from_secs(seconds).mul_f64(1.02).max(Duration::from_millis(1_400));
            assert!(all < most, "{seconds} s: {all:?}");
            assert!(budget.repeats >= 5 && budget.measure > Duration::from_millis(20), "{budget:?}");
        }
        let usual = Budget::of(12);
        assert!(usual.timer_samples * usual.repeats as usize >= TIMER_SAMPLES, "the 99th percentile is reached");
    }
}
