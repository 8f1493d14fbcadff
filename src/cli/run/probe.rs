//! Slices of a plan's variants one by one, each under a load of its own: what a search asks for.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Command;
use super::after::After;
use super::context::{interval_context, slice_context, slow_record};
use super::measure::{Begun, cut_off, ready};
use super::sites::Meter;
use super::stage::Stage;
use super::withheld::keeps_values;
use crate::cli::failure::Failure;
use crate::engine::{self, Interval, RunInput, SliceOutcome};
use crate::event::SliceInfo;
use crate::metrics::OperationMetrics;
use crate::result::Store;
use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;
use crate::verdict;
use crate::workload::plan::{LoadPlan, Plan};

/// Runs slices and keeps what they leave in the result folder.
pub struct Prober<'a> {
    command: &'a Command<'a>,
    plan: &'a Plan,
    stage: &'a mut Stage,
    run: RunRecord,
    store: RefCell<Store>,
    after: RefCell<After>,
    began: Instant,
    writes: bool,
    /// Slices so far.
    slices: u32,
}

/// The slice that is wanted.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Index of the variant.
    pub variant: usize,
    /// Its `point` in the folder.
    pub point: u32,
    /// The load.
    pub load: LoadPlan,
    /// Length of the warm-up.
    pub warmup: Duration,
    /// Length of the measurement.
    pub measure: Duration,
    /// How many more are likely.
    pub further: u32,
}

/// What it left.
#[derive(Debug)]
pub struct Probed<S> {
    /// Its line in `slices.jsonl`, judged.
    pub slice: SliceRecord,
    /// The whole mix.
    pub mix: OperationMetrics,
    /// Second by second of the measurement, with what ended in the drain as the last one.
    pub seconds: Vec<S>,
    /// Whether the user asked for the end; the slice then says nothing.
    pub interrupted: bool,
}

impl<'a> Prober<'a> {
    /// From where the rounds of a run would begin.
    pub fn new(command: &'a Command<'a>, plan: &'a Plan, stage: &'a mut Stage, begun: Begun) -> Self {
        let Begun { run, store, began, writes, .. } = begun;
        let (store, after) = (RefCell::new(store), RefCell::new(After::new(plan)));
        Self { command, plan, stage, run, store, after, began, writes, slices: 0 }
    }

    /// What is run.
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// Since the begin.
    pub fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// Runs a slice; `of_second` keeps what is wanted of each second.
    ///
    /// # Errors
    /// When servers are gone, data cannot be made ready, or the folder cannot be written.
    pub fn probe<S>(&mut self, ask: &Ask, of_second: impl Fn(&OperationMetrics) -> S) -> Result<Probed<S>, Failure> {
        let mut plan = self.plan.clone();
        let variant = &mut plan.variants[ask.variant];
        (variant.load, variant.warmup, variant.measure) = (ask.load.clone(), ask.warmup, ask.measure);
        let info = self.info(ask, variant.name.clone());
        self.slices += 1;
        let (command, store, after, run) = (self.command, &self.store, &self.after, &self.run);
        let seconds = RefCell::new(Vec::new());
        let closed: Cell<Option<(SliceRecord, OperationMetrics)>> = Cell::new(None);
        let stage = &mut *self.stage;
        let with_values = keeps_values(command, stage);
        let meter = Meter::new(&stage.sites, &stage.site_of);
        let mut on_interval = |interval: &Interval<'_>| {
            if interval.measuring {
                seconds.borrow_mut().push(of_second(&interval.recorded.mix()));
            }
            let mut context = interval_context(&plan, interval);
            context.point = ask.point;
            store.borrow_mut().append_interval(&context, interval.recorded).map_err(io::Error::other)
        };
        let mut on_slice = |outcome: SliceOutcome| {
            let mut context = slice_context(&plan, &outcome);
            context.point = ask.point;
            let slow: Vec<_> = outcome.slowest.iter().map(|slow| slow_record(&context, slow, with_values)).collect();
            let idle = meter.other_share();
            let found = after.borrow_mut().slice_closed(command, &plan, &outcome);
            let judge = |slice: &mut SliceRecord| {
                (slice.checks, slice.tables, slice.other_server_cpu) = (found.checks, found.tables, idle);
                verdict::judge_slice(run, slice);
            };
            store.borrow_mut().append_slowest(&slow).map_err(io::Error::other)?;
            let slice = store.borrow_mut().close_slice(&context, &outcome.metrics, judge).map_err(io::Error::other)?;
            closed.set(Some((slice, outcome.metrics.total.mix())));
            Ok(())
        };
        let cpu = || meter.cpu_ns();
        let (copies, targets, direct) = (&mut stage.clones, &stage.targets, &stage.direct);
        let mut make_ready = |variant: usize| {
            meter.turn_to(variant);
            let copies = copies.as_mut().filter(|_| self.writes);
            ready(command, &plan, copies, variant, (&targets[variant], &direct[variant]), &mut after.borrow_mut())
        };
        let input = RunInput {
            plan: &plan,
            bound: &stage.bound,
            targets: &stage.targets,
            began: self.began,
            events: &command.events,
            interrupt: &command.asked.engine,
            server_cpu: Some(&cpu),
            on_interval: &mut on_interval,
            on_slice: &mut on_slice,
        };
        let end = match engine::run_slice(input, &info, &mut make_ready) {
            Ok(end) => end,
            Err(error) => return Err(self.ended(&error)),
        };
        let (slice, mix) = closed.take().unwrap_or_default();
        Ok(Probed { slice, mix, seconds: seconds.into_inner(), interrupted: end.interrupted })
    }

    fn info(&self, ask: &Ask, name: String) -> SliceInfo {
        let slice = ask.warmup + ask.measure;
        SliceInfo {
            // Draws and schedules of each are its own.
            round: self.slices + 1,
            rounds: 0,
            may_end_before: true,
            position: 1,
            variant: ask.variant,
            name,
            done: self.slices,
            total: self.slices + 1 + ask.further,
            warmup: ask.warmup,
            measure: ask.measure,
            after: slice * ask.further,
        }
    }

    /// Where results are.
    pub fn dir(&self) -> std::path::PathBuf {
        self.store.borrow().dir().to_owned()
    }

    fn ended(&self, error: &engine::EngineError) -> Failure {
        let dir = self.dir();
        match cut_off(error, self.stage, Path::new(&dir)) {
            Ok(end) => end.failure.unwrap_or_else(|| Failure::failed(error)),
            Err(failure) => failure,
        }
    }
}
