//! What happens, as values: the engine and its neighbours emit, progress and reports consume. Nothing is printed here.

use std::sync::Arc;
use std::time::Duration;

/// Where events go. Called from the control plane only; must return quickly.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Events go to `sink`.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Events go nowhere.
    #[must_use]
    pub fn ignored() -> Self {
        Self::new(|_| {})
    }

    /// Tells what happened.
    pub fn emit(&self, event: Event) {
        (self.0)(event);
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A stage of the run began ("starting PostgreSQL 15.18", "creating 2 tables" …).
    StageStarted {
        /// Which.
        stage: Stage,
        /// What exactly, in words.
        what: String,
    },
    /// The stage ended well.
    StageEnded {
        /// Which.
        stage: Stage,
        /// How long it took.
        took: Duration,
        /// What came of it, in words (may be empty).
        what: String,
    },
    /// Rows loaded so far, over all tables.
    LoadProgress {
        /// Rows written.
        rows: u64,
        /// Rows in all.
        total: u64,
        /// Time since the load began.
        elapsed: Duration,
    },
    /// A slice began.
    SliceStarted(SliceInfo),
    /// The begin of a slice's measurement is fixed.
    MeasurementStarted {
        /// Which.
        slice: SliceInfo,
        /// Until it begins.
        in_: Duration,
    },
    /// One second (or less) of a slice.
    Interval(IntervalFigures),
    /// A slice closed.
    SliceClosed {
        /// Which.
        slice: SliceInfo,
        /// Whether it ended well; else why not.
        failed: Option<String>,
    },
    /// A look at the intervals between two rounds of a run that ends as soon as they are narrow enough.
    IntervalsSeen {
        /// The round that ended.
        round: u32,
        /// Half-width of the widest interval, as a share of its ratio; `None` when one cannot be told.
        half_width: Option<f64>,
        /// Half-width at which the run ends.
        goal: f64,
    },
    /// What a probe of a search has shown, in words.
    Probed(String),
    /// Something the user should know.
    Warning(String),
}

/// The stages of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Starting servers.
    Topology,
    /// Creating and loading tables.
    Dataset,
    /// Copies of the data as variants change them.
    Setup,
    /// Preparing statements, checking types.
    Binding,
    /// Running every operation once.
    Trial,
    /// Asking for the plans of the statements.
    Plans,
    /// Comparing answers.
    Answers,
    /// Rounds.
    Rounds,
    /// Statistics and report.
    Report,
}

/// Which slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceInfo {
    /// Round, from 1.
    pub round: u32,
    /// Rounds in all; with `may_end_before` at most; 0 in a search, whose slices are no rounds.
    pub rounds: u32,
    /// Whether the rounds end as soon as the intervals are narrow enough.
    pub may_end_before: bool,
    /// Position within the round, from 1.
    pub position: u32,
    /// Index of the variant in the plan.
    pub variant: usize,
    /// Its name.
    pub name: String,
    /// Slices closed before this one.
    pub done: u32,
    /// Slices in all, or at most.
    pub total: u32,
    /// Length of its warm-up as planned.
    pub warmup: Duration,
    /// Length of its measurement as planned.
    pub measure: Duration,
    /// How long the slices after this one are expected to take.
    pub after: Duration,
}

/// Live figures of one interval of the whole mix.
#[derive(Clone, Debug)]
pub struct IntervalFigures {
    /// Which slice.
    pub slice: SliceInfo,
    /// Whether this is the measurement (else warm-up).
    pub measuring: bool,
    /// Length within the planned phase, s; 0 for what ended while the slice drained.
    pub seconds: f64,
    /// Open loop: operations asked for in it, on average over all seeds; `None` in a closed loop.
    pub asked: Option<f64>,
    /// Operations that succeeded.
    pub succeeded: u64,
    /// Operations that failed.
    pub failed: u64,
    /// Operations planned that never started; known at the end of a slice only.
    pub unstarted: u64,
    /// Median response, µs; `None` when nothing ended.
    pub response_p50_us: Option<f64>,
    /// 99th percentile of response, µs.
    pub response_p99_us: Option<f64>,
}
