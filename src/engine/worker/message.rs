//! What coordinator and workers say to each other. Few words per second; the data plane does not talk.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use crate::metrics::{Distribution, Reconnects, Snapshot, WorkerUsage};

/// What the coordinator wants. The newest word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Command {
    /// Connect, prepare, then wait.
    Wait,
    /// Begin the warm-up at this moment of the slice's clock.
    Start { at_ns: u64 },
    /// The measurement's bounds are fixed; read them from the clock.
    Measure,
    /// Cut off what is running and end.
    Abort,
}

/// What a worker tells.
#[derive(Debug)]
pub(in crate::engine) enum Message {
    /// All its clients are connected, all statements prepared.
    Ready,
    /// The last connection of all workers has run each of its statements often enough.
    Warm,
    /// All its clients have done their share of the operations that the measurement consists of.
    Done,
    /// What was recorded since the last one.
    Interval(WorkerInterval),
    /// Something ended the worker early; `End` follows.
    Failed(Failure),
    /// The last word of a worker, whatever happened.
    End(Box<WorkerEnd>),
}

/// Why a worker ended early.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Failure {
    pub(in crate::engine) reason: String,
    /// No server answers any more: further slices on it make no sense.
    pub(in crate::engine) server_gone: bool,
    /// A fault of dbbench itself: no run with one counts as done.
    pub(in crate::engine) panicked: bool,
}

/// One second (or less, or more when the coordinator was slow) of one worker.
#[derive(Debug)]
pub(in crate::engine) struct WorkerInterval {
    pub(in crate::engine) measuring: bool,
    pub(in crate::engine) from_ns: u64,
    pub(in crate::engine) until_ns: u64,
    pub(in crate::engine) recorded: Snapshot,
    /// CPU time of the thread in the interval, ns.
    pub(in crate::engine) cpu_ns: u64,
}

/// What is left when a worker ends.
#[derive(Debug, Default)]
pub(in crate::engine) struct WorkerEnd {
    pub(in crate::engine) warmup: Snapshot,
    pub(in crate::engine) measure: Snapshot,
    pub(in crate::engine) connect: Distribution,
    /// `None` when the measurement was not reached or not finished.
    pub(in crate::engine) usage: Option<WorkerUsage>,
    /// When the last operation of the measurement ended; 0 when there was none.
    pub(in crate::engine) last_end_ns: u64,
    pub(in crate::engine) reconnects: Reconnects,
}

/// How many intervals of one worker may wait for the coordinator.
const WAITING_INTERVALS: u32 = 16;

/// Snapshots that the coordinator has merged and cleared, for the worker to record into again. Locked once a second.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct SpentSnapshots(Arc<Mutex<Vec<Snapshot>>>);

impl SpentSnapshots {
    /// Gives one back.
    pub(in crate::engine) fn give(&self, mut spent: Snapshot) {
        spent.clear();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(spent);
    }

    fn take(&self) -> Option<Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// A worker's end of the channel. Words are few and never lost; intervals are bounded.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Messages {
    worker: usize,
    sender: mpsc::Sender<(usize, Message)>,
    waiting: Arc<AtomicU32>,
    spent: SpentSnapshots,
}

impl Messages {
    /// The end of worker number `worker`.
    pub(in crate::engine) fn new(worker: usize, sender: mpsc::Sender<(usize, Message)>) -> Self {
        Self { worker, sender, waiting: Arc::default(), spent: SpentSnapshots::default() }
    }

    /// The coordinator's view of how many intervals wait.
    pub(in crate::engine) fn desk(&self) -> Desk {
        Desk { waiting: Arc::clone(&self.waiting), spent: self.spent.clone() }
    }

    /// Says something. A coordinator that is gone needs no word.
    pub(in crate::engine) fn send(&self, message: Message) {
        if matches!(message, Message::Interval(_)) {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
        let _ = self.sender.send((self.worker, message));
    }

    /// Whether the coordinator keeps up; if not, the worker keeps recording and the interval becomes longer.
    pub(in crate::engine) fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < WAITING_INTERVALS
    }

    /// A cleared snapshot, if one came back.
    pub(in crate::engine) fn spent(&self) -> Option<Snapshot> {
        self.spent.take()
    }
}

/// Where the coordinator acknowledges a worker's intervals.
#[derive(Debug)]
pub(in crate::engine) struct Desk {
    waiting: Arc<AtomicU32>,
    spent: SpentSnapshots,
}

impl Desk {
    /// An interval was taken out of the channel and merged; its memory goes back.
    pub(in crate::engine) fn done_with(&self, recorded: Snapshot) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.spent.give(recorded);
    }
}
