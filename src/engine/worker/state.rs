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

    /// Gives the recorders what the coordinator has merged, so that a swap allocates nothing.
    pub(super) fn reuse_spent(&self) {
        for recorder in [&self.warmup, &self.measure] {
            if let Some(spent) = self.messages.spent() {
                recorder.borrow_mut().recycle(spent);
            }
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
        let Reconnects { all, warmup } = self.reconnects.get();
        let warmup = warmup + u64::from(phase != Phase::Measure);
        self.reconnects.set(Reconnects { all: all + 1, warmup });
    }

    /// A connection was lost during the warm-up.
    pub(super) fn connection_is_cold(&self) {
        self.cold.fetch_add(1, Ordering::AcqRel);
    }
}
