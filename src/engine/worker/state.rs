//! What the clients of one worker share.

use std::cell::{Cell, RefCell, RefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

use super::message::{Message, Messages};
use crate::driver::Target;
use crate::engine::bound::BoundVariant;
use crate::engine::clock::SliceClock;
use crate::load::{Load, OpenCursors};
use crate::metrics::{Distribution, Reconnects, Recorder, Snapshot};
use crate::param::Phase;
use crate::timer::Timer;

/// By how much one wake-up moves what is known of the timer's lateness.
const LATENESS_STEP_NS: u64 = 1_000;
/// Later than this it is not the timer, but a thread that gets no CPU: nothing to be awake for.
const LATENESS_LIMIT_NS: u64 = 50_000;

/// Belongs to one thread.
#[derive(Debug)]
pub(super) struct WorkerState {
    pub(super) clock: Arc<SliceClock>,
    pub(super) variant: Arc<BoundVariant>,
    pub(super) target: Target,
    pub(super) load: Load,
    pub(super) seed: u64,
    pub(super) round: u32,
    pub(super) timer: Timer,
    pub(super) messages: Messages,
    /// Connections of all workers that have not run each of their statements often enough.
    pub(super) cold: Arc<AtomicU32>,
    pub(super) warmup: RefCell<Recorder>,
    pub(super) measure: RefCell<Recorder>,
    pub(super) connect: RefCell<Distribution>,
    pub(super) last_end_ns: Cell<u64>,
    pub(super) reconnects: Cell<Reconnects>,
    /// No operation starts any more: the slice was cut off.
    pub(super) stopped: Cell<bool>,
    /// How late the timer is, ns: what an operation would be started late by.
    pub(super) lateness_ns: Cell<u64>,
    /// Open loop: how far the sums of the schedules are.
    pub(super) cursors: Cell<OpenCursors>,
    /// Wakes whoever waits for a start in the warm-up: it may lie beyond its end.
    pub(super) measurement_fixed: Notify,
}

impl WorkerState {
    /// The recorder of a phase.
    pub(super) fn recorder(&self, phase: Phase) -> RefMut<'_, Recorder> {
        match phase {
            Phase::Measure => self.measure.borrow_mut(),
            Phase::Warmup | Phase::Answers => self.warmup.borrow_mut(),
        }
    }

    /// Takes what was recorded of a phase.
    pub(super) fn swap(&self, measuring: bool) -> Snapshot {
        self.recorder(if measuring { Phase::Measure } else { Phase::Warmup }).swap()
    }

    /// Gives the recorder that will be swapped next what the coordinator has merged, so that the swap allocates nothing.
    pub(super) fn reuse_spent(&self, measuring: bool) {
        let phase = if measuring { Phase::Measure } else { Phase::Warmup };
        while let Some(spent) = self.messages.spent() {
            self.recorder(phase).recycle(spent);
        }
    }

    /// Completes at a moment of the slice's clock, never before. The timer is set early by its lateness, and what is then
    /// left is waited for awake: a few microseconds, in which other clients have their turn.
    pub(super) async fn wait_until(&self, at_ns: u64) {
        let lateness_ns = self.lateness_ns.get();
        let early_ns = at_ns.saturating_sub(lateness_ns);
        if early_ns > self.clock.now_ns() {
            self.timer.sleep_until(self.clock.instant(early_ns)).await;
            let late_ns = self.clock.now_ns().saturating_sub(early_ns);
            // Towards what was seen, by a little: one late wake-up among many must not send the others early.
            let next_ns = late_ns.clamp(lateness_ns.saturating_sub(LATENESS_STEP_NS), lateness_ns + LATENESS_STEP_NS);
            self.lateness_ns.set(next_ns.min(LATENESS_LIMIT_NS));
        }
        while self.clock.now_ns() < at_ns {
            tokio::task::yield_now().await;
        }
    }

    /// One connection more is warm; the last one tells the coordinator.
    pub(super) fn connection_is_warm(&self) {
        if self.cold.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.messages.send(Message::Warm);
        }
    }

    /// A lost connection was made anew, for an operation of this phase.
    pub(super) fn reconnected(&self, phase: Phase) {
        let mut reconnects = self.reconnects.get();
        reconnects.all += 1;
        reconnects.warmup += u64::from(phase != Phase::Measure);
        self.reconnects.set(reconnects);
    }

    /// Statements were prepared again.
    pub(super) fn re_prepared(&self, statements: u64) {
        let mut reconnects = self.reconnects.get();
        reconnects.re_prepared += statements;
        self.reconnects.set(reconnects);
    }

    /// A connection was lost during the warm-up.
    pub(super) fn connection_is_cold(&self) {
        self.cold.fetch_add(1, Ordering::AcqRel);
    }
}
