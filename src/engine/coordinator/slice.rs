//! One slice, from starting its workers to its totals.

mod beside;
mod publish;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::watch;

use super::gather::Gathering;
use super::load;
use super::machine::MachineMark;
use super::slowest::slowest;
use super::{EngineError, RunInput, SliceOutcome};
use crate::driver::Target;
use crate::engine::background;
use crate::engine::bound::BoundVariant;
use crate::engine::clock::{NOT_BEFORE_DONE, SliceClock, ns};
use crate::engine::worker::{self, Command, Desk, Failure, Message, Messages, WorkerTask};
use crate::event::{Event, SliceInfo};
use crate::load::Load;
use crate::metrics::{OperationMetrics, Precision, SliceMetrics};
use crate::workload::plan::VariantPlan;

/// From the last worker's readiness to the common start.
const START_LEAD_NS: u64 = 5_000_000;
/// From fixing the begin of the measurement to the begin: no worker may learn of it too late.
const MEASURE_LEAD_NS: u64 = 10_000_000;
/// The warm-up is extended to so many times its length at most.
const WARMUP_AT_MOST: u64 = 10;
/// How often the coordinator looks for an interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// How a slice ended, for the rounds.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) failed: Option<String>,
    pub(super) server_gone: bool,
    pub(super) panicked: bool,
    pub(super) interrupted: bool,
}

struct Slice<'a, 'b> {
    input: &'a mut RunInput<'b>,
    info: &'a SliceInfo,
    target: Target,
    plan: &'b VariantPlan,
    bound: Arc<BoundVariant>,
    load: Load,
    clock: Arc<SliceClock>,
    /// The slice's clock at 0, from the start of the run.
    offset: Duration,
    commands: watch::Sender<Command>,
    cold: Arc<AtomicU32>,
    gathering: Gathering,
    /// Begin of the warm-up.
    start_ns: Option<u64>,
    warmed_up: bool,
    /// CPU of the servers when it was last read, at the begin and at the end of the measurement.
    server_cpu: [Option<Reading>; 3],
    /// The machine at the begin and at the end of the measurement.
    machine: [Option<MachineMark>; 2],
    background: Vec<(String, OperationMetrics)>,
    failure: Option<Failure>,
    interrupted: bool,
    stored: Result<(), EngineError>,
}

/// `None` inside: the servers do not tell.
type Reading = Option<u64>;
const LAST: usize = 0;
const BEGIN: usize = 1;
const END: usize = 2;

/// Runs a slice and reports it.
pub(super) fn run(
    input: &mut RunInput<'_>,
    info: &SliceInfo,
    target: Target,
    bound: Arc<BoundVariant>,
    workers: u32,
    precision: Precision,
) -> Result<Closed, EngineError> {
    input.events.emit(Event::SliceStarted(info.clone()));
    let plan = &input.plan.variants[info.variant];
    let clock = Arc::new(SliceClock::new());
    let mut slice = Slice {
        offset: input.began.elapsed(),
        gathering: Gathering::new(workers as usize, plan.operations.len(), precision),
        info,
        target,
        plan,
        bound,
        load: load::load(plan, input.plan.run.seed, info.round),
        clock,
        commands: watch::Sender::new(Command::Wait),
        cold: Arc::new(AtomicU32::new(plan.load.clients())),
        start_ns: None,
        warmed_up: false,
        server_cpu: [None; 3],
        machine: [None; 2],
        background: Vec::new(),
        failure: None,
        interrupted: false,
        stored: Ok(()),
        input,
    };
    let (sender, receiver) = mpsc::channel();
    let (desks, tasks): (Vec<Desk>, Vec<WorkerTask>) =
        (0..workers).map(|worker| slice.task(worker, workers, &sender, precision)).unzip();
    drop(sender);
    let beside = slice.background_task(precision);
    std::thread::scope(|scope| {
        let mut started = 0;
        let thread = std::thread::Builder::new().name("dbbench-background".to_owned());
        let beside = beside.map(|task| thread.spawn_scoped(scope, || background::run(task)));
        for task in tasks {
            let thread = std::thread::Builder::new().name("dbbench-worker".to_owned());
            match thread.spawn_scoped(scope, || worker::run(task)) {
                Ok(_) => started += 1,
                Err(error) => slice.fail(Failure {
                    reason: format!("a worker thread cannot be started: {error}"),
                    ..Failure::default()
                }),
            }
        }
        slice.attend(&receiver, &desks, started);
        slice.end_of_background(beside);
    });
    slice.close()
}

impl Slice<'_, '_> {
    fn task(
        &self,
        worker: u32,
        workers: u32,
        sender: &mpsc::Sender<(usize, Message)>,
        precision: Precision,
    ) -> (Desk, WorkerTask) {
        let messages = Messages::new(worker as usize, sender.clone());
        let task = WorkerTask {
            clock: Arc::clone(&self.clock),
            variant: Arc::clone(&self.bound),
            target: self.target.clone(),
            load: self.load.clone(),
            seed: self.input.plan.run.seed,
            round: self.info.round,
            clients: (0..self.plan.load.clients()).filter(|client| client % workers == worker).collect(),
            drain_ns: ns(self.plan.drain),
            precision,
            cold: Arc::clone(&self.cold),
            commands: self.commands.subscribe(),
            messages,
        };
        (task.messages.desk(), task)
    }

    /// Listens to the workers until the last one has ended.
    fn attend(&mut self, receiver: &mpsc::Receiver<(usize, Message)>, desks: &[Desk], workers: usize) {
        let (mut ready, mut done, mut ends) = (0, 0, Vec::with_capacity(workers));
        while ends.len() < workers {
            let message = match receiver.recv_timeout(self.patience()) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                // All threads are gone.
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match message {
                None | Some((_, Message::Warm)) => {}
                Some((_, Message::Ready)) => {
                    ready += 1;
                    if ready == desks.len() {
                        self.start();
                    }
                }
                Some((_, Message::Done)) => {
                    done += 1;
                    if done == desks.len() {
                        self.end_of_count();
                    }
                }
                Some((worker, Message::Interval(interval))) => {
                    let (recorded, complete) = self.gathering.interval(interval);
                    if let Some(desk) = desks.get(worker) {
                        desk.done_with(recorded);
                    }
                    for interval in complete {
                        let server_cpu_ns = self.server_cpu_since_last();
                        self.publish(&interval, server_cpu_ns);
                    }
                }
                Some((_, Message::Failed(failure))) => self.fail(failure),
                Some((_, Message::End(end))) => ends.push(*end),
            }
            self.look_at_the_clock();
        }
        let last_end_ns = ends.iter().map(|end| end.last_end_ns).max().unwrap_or(0);
        let (from_ns, until_ns) = self.drain_bounds(last_end_ns);
        for end in ends {
            self.gathering.end(end, from_ns, until_ns);
        }
        self.count_unstarted(from_ns, until_ns);
    }

    /// Open loop: what was planned and never started, unless the slice was cut short and says nothing anyway.
    fn count_unstarted(&mut self, rest_from_ns: u64, rest_until_ns: u64) {
        let (Load::Open(open), Some((from_ns, until_ns)), Some(start_ns)) =
            (&self.load, self.clock.measurement(), self.start_ns)
        else {
            return;
        };
        if self.failure.is_some() || self.interrupted {
            return;
        }
        let warmup = load::unstarted(&open.warmup, from_ns - start_ns, &self.bound);
        let measure = load::unstarted(&open.measure, until_ns - from_ns, &self.bound);
        self.gathering.unstarted(&warmup, &measure, rest_from_ns, rest_until_ns);
    }

    /// Until when nothing needs attention unless a worker speaks.
    fn patience(&self) -> Duration {
        let warmup_ends_ns = self.start_ns.map(|start_ns| start_ns.saturating_add(ns(self.plan.warmup)));
        let (from_ns, until_ns) = self.clock.measurement().unzip();
        let now_ns = self.clock.now_ns();
        let next_ns = [warmup_ends_ns, from_ns, until_ns].into_iter().flatten().filter(|at_ns| *at_ns > now_ns).min();
        next_ns.map_or(LOOK, |at_ns| LOOK.min(Duration::from_nanos(at_ns - now_ns)))
    }

    fn start(&mut self) {
        let start_ns = self.clock.now_ns() + START_LEAD_NS;
        self.start_ns = Some(start_ns);
        self.server_cpu[LAST] = Some(self.read_server_cpu());
        if self.plan.warmup.is_zero() {
            // However late this is: no client runs before it hears of the start.
            self.fix_measurement(start_ns);
        }
        self.commands.send_if_modified(|command| match command {
            Command::Wait => {
                *command = Command::Start { at_ns: start_ns };
                true
            }
            _ => false,
        });
    }

    fn fix_measurement(&mut self, from_ns: u64) {
        let until_ns = match self.plan.count {
            Some(_) => NOT_BEFORE_DONE,
            None => from_ns + ns(self.plan.measure),
        };
        self.clock.fix_measurement(from_ns, until_ns);
        let in_ = Duration::from_nanos(from_ns.saturating_sub(self.clock.now_ns()));
        self.input.events.emit(Event::MeasurementStarted { slice: self.info.clone(), in_ });
    }

    /// All operations of a measurement that they end are done.
    fn end_of_count(&self) {
        self.clock.fix_end(self.clock.now_ns());
        self.commands.send_if_modified(|command| *command != Command::Abort);
    }

    /// Clients that run while the bounds become known must see them before the begin: what they start in between would be
    /// taken for warm-up.
    fn check_begin_is_ahead(&mut self) {
        let now_ns = self.clock.now_ns();
        if let Some((from_ns, _)) = self.clock.measurement()
            && now_ns >= from_ns
        {
            let late_ms = (now_ns - from_ns) as f64 / 1e6;
            let reason = format!(
                "the begin of the measurement was fixed {late_ms:.1} ms after it: dbbench had to wait for a CPU; leave it \
                 one, or use fewer workers"
            );
            self.fail(Failure { reason, ..Failure::default() });
        }
    }

    fn look_at_the_clock(&mut self) {
        if self.input.interrupt.is_set() && !self.interrupted {
            self.interrupted = true;
            self.commands.send_replace(Command::Abort);
        }
        let Some(start_ns) = self.start_ns else { return };
        let now_ns = self.clock.now_ns();
        let Some((from_ns, until_ns)) = self.clock.measurement() else {
            let warmup_ns = ns(self.plan.warmup);
            self.warmed_up = self.cold.load(Ordering::Acquire) == 0;
            let at_most_ns = start_ns.saturating_add(warmup_ns.saturating_mul(WARMUP_AT_MOST));
            if self.warmed_up || now_ns + MEASURE_LEAD_NS >= at_most_ns {
                self.fix_measurement((start_ns + warmup_ns).max(now_ns + MEASURE_LEAD_NS));
                self.check_begin_is_ahead();
                self.commands.send_if_modified(|command| match command {
                    Command::Abort => false,
                    _ => {
                        *command = Command::Measure;
                        true
                    }
                });
            }
            return;
        };
        if now_ns >= from_ns && self.server_cpu[BEGIN].is_none() {
            self.server_cpu[BEGIN] = Some(self.read_server_cpu());
            self.machine[0] = Some(MachineMark::take(self.clock.now_ns()));
        }
        if now_ns >= until_ns && self.server_cpu[END].is_none() {
            self.server_cpu[END] = Some(self.read_server_cpu());
            self.machine[1] = Some(MachineMark::take(self.clock.now_ns()));
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.commands.send_replace(Command::Abort);
        // The first failure is the cause; a server that is gone outweighs what follows from it.
        match &mut self.failure {
            Some(known) if known.server_gone || !failure.server_gone => {}
            known => *known = Some(failure),
        }
    }

    fn read_server_cpu(&self) -> Reading {
        self.input.server_cpu.and_then(|read| read())
    }

    fn server_cpu_since_last(&mut self) -> Option<u64> {
        let now = self.read_server_cpu();
        let before = self.server_cpu[LAST].replace(now).flatten();
        Some(now?.saturating_sub(before?))
    }

    /// Where the rest of the workers' figures lies: from the end of the measurement to the last operation's end.
    fn drain_bounds(&self, last_end_ns: u64) -> (u64, u64) {
        match self.clock.measurement() {
            Some((_, until_ns)) if last_end_ns >= until_ns => (until_ns, last_end_ns),
            _ => (self.start_ns.unwrap_or(0), self.clock.now_ns()),
        }
    }

    fn close(mut self) -> Result<Closed, EngineError> {
        for interval in self.gathering.rest() {
            self.publish(&interval, None);
        }
        self.stored?;
        let Failure { server_gone, panicked, .. } = self.failure.clone().unwrap_or_default();
        let mut failed = self.failure.map(|failure| failure.reason);
        let gathering = self.gathering;
        let interrupted = self.interrupted && failed.is_none();
        if interrupted {
            failed = Some("interrupted".to_owned());
        }
        let planned: u64 = gathering.total.operations.iter().map(|operation| operation.counters.planned).sum();
        if failed.is_none() && planned == 0 {
            failed = Some(load::nothing_started(&self.load, gathering.reconnects));
        }
        let start_ns = self.start_ns.unwrap_or(0);
        let (from_ns, mut until_ns) = self.clock.measurement().unwrap_or((start_ns, start_ns));
        if self.plan.count.is_some() {
            // It took until its last operation ended.
            until_ns = gathering.last_end_ns.max(from_ns);
        }
        let [_, begin, end] = self.server_cpu;
        let [machine_begin, machine_end] = self.machine;
        let (seed, round) = (self.input.plan.run.seed, self.info.round);
        let slowest = slowest(&self.bound, seed, round, &self.clock, &gathering.total);
        let metrics = SliceMetrics {
            total: gathering.total,
            warmup: gathering.warmup,
            background: self.background,
            connect: gathering.connect,
            measure_ns: until_ns - from_ns,
            asked_per_s: load::asked_per_s(&self.load, self.plan.measure),
            warmup_ns: from_ns - start_ns,
            warmed_up: self.warmed_up,
            drain_ns: gathering.last_end_ns.saturating_sub(until_ns),
            workers: gathering.usage,
            server_cpu_ns: end.flatten().zip(begin.flatten()).map(|(end, begin)| end.saturating_sub(begin)),
            machine: machine_end.zip(machine_begin).map(|(end, begin)| end.since(begin)).unwrap_or_default(),
            reconnects: gathering.reconnects,
            failed: failed.clone(),
            interrupted,
        };
        self.input.events.emit(Event::SliceClosed { slice: self.info.clone(), failed: failed.clone() });
        let start = self.offset + Duration::from_nanos(from_ns);
        (self.input.on_slice)(SliceOutcome { slice: self.info.clone(), start, metrics, slowest })?;
        Ok(Closed { failed, server_gone, panicked, interrupted: self.interrupted })
    }
}
