//! All that was measured in one slice.

use super::{Distribution, OperationMetrics, Snapshot};

/// A worker thread's use of the machine during the measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WorkerUsage {
    /// On a CPU, ns.
    pub cpu_ns: u64,
    /// Runnable, waiting for a CPU (schedstat), ns; `None` when the kernel does not tell.
    pub cpu_wait_ns: Option<u64>,
    /// Length of the measurement, ns.
    pub wall_ns: u64,
}

/// What the kernel says of the whole machine during the measurement. `None`: it does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineUsage {
    /// Time in which CPUs wanted to run and the host ran something else, all CPUs together, ns. Counted by the kernel in
    /// ticks, so that it may be off by one tick.
    pub steal_ns: Option<u64>,
    /// Time of all CPUs between the two readings, ns: what `steal_ns` is a part of.
    pub cpus_ns: Option<u64>,
    /// Time in which anything runnable waited for a CPU (pressure, "some"), ns.
    pub pressure_ns: Option<u64>,
    /// Between the two readings, ns.
    pub wall_ns: u64,
}

/// How often connections were lost and made again, and statements prepared again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconnects {
    /// In warm-up and measurement together.
    pub all: u64,
    /// Of these, for operations of the warm-up.
    pub warmup: u64,
    /// Statements that were prepared again because the server had forgotten them or their result had changed.
    pub re_prepared: u64,
}

impl Reconnects {
    /// Adds `other`.
    pub fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.warmup += other.warmup;
        self.re_prepared += other.re_prepared;
    }
}

/// All that was measured in one slice. Counts and times are of the measurement alone.
#[derive(Clone, Debug)]
pub struct SliceMetrics {
    /// Merged over workers and intervals, parallel to the variant's operations.
    pub total: Snapshot,
    /// The same for the warm-up (counts are needed by nothing but the record).
    pub warmup: Snapshot,
    /// What went on beside the mix during the measurement, by name; what was cut off at its end is not counted.
    pub background: Vec<(String, OperationMetrics)>,
    /// Time of each connect, link included.
    pub connect: Distribution,
    /// Length of the measurement as planned, ns.
    pub measure_ns: u64,
    /// Open loop: operations planned per second of the measurement; `None` in a closed loop.
    pub asked_per_s: Option<f64>,
    /// Length of the warm-up as it became, ns.
    pub warmup_ns: u64,
    /// Whether every connection ran each of its statements six times before the measurement.
    pub warmed_up: bool,
    /// Time from the end of the measurement until the last operation in flight ended, ns.
    pub drain_ns: u64,
    /// Workers.
    pub workers: Vec<WorkerUsage>,
    /// CPU that local servers used during the measurement, ns; `None` when not known.
    pub server_cpu_ns: Option<u64>,
    /// The machine.
    pub machine: MachineUsage,
    /// Connections that were lost and made again.
    pub reconnects: Reconnects,
    /// Why the slice failed, if it did (its figures are then left out).
    pub failed: Option<String>,
    /// Whether it "failed" because the user ended the run: this says nothing about what was measured.
    pub interrupted: bool,
}
