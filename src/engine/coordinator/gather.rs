//! Puts together what the workers of a slice hand over: intervals as they complete, the slice's totals at the end.

use std::collections::BTreeMap;

use crate::engine::worker::{WorkerEnd, WorkerInterval};
use crate::metrics::{Distribution, Precision, Reconnects, Snapshot, WorkerUsage};

/// An interval over all workers.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) measuring: bool,
    pub(super) from_ns: u64,
    pub(super) until_ns: u64,
    pub(super) recorded: Snapshot,
    pub(super) cpu_ns: Option<u64>,
    reports: usize,
}

/// What a slice has measured so far.
#[derive(Debug)]
pub(super) struct Gathering {
    workers: usize,
    precision: Precision,
    /// By phase (warm-up first) and end.
    open: BTreeMap<(bool, u64), Gathered>,
    pub(super) total: Snapshot,
    pub(super) warmup: Snapshot,
    pub(super) connect: Distribution,
    pub(super) usage: Vec<WorkerUsage>,
    pub(super) last_end_ns: u64,
    pub(super) reconnects: Reconnects,
}

impl Gathering {
    pub(super) fn new(workers: usize, operations: usize, precision: Precision) -> Self {
        Self {
            workers,
            precision,
            open: BTreeMap::new(),
            total: Snapshot::new(operations, precision),
            warmup: Snapshot::new(operations, precision),
            connect: Distribution::with_precision(precision),
            usage: Vec::new(),
            last_end_ns: 0,
            reconnects: Reconnects::default(),
        }
    }

    /// Adds a worker's interval; gives back its snapshot and the intervals that are complete with it, in order. One that
    /// a worker skipped because it was behind is complete as soon as a later one is.
    pub(super) fn interval(&mut self, interval: WorkerInterval) -> (Snapshot, Vec<Gathered>) {
        let WorkerInterval { measuring, from_ns, until_ns, recorded, cpu_ns } = interval;
        self.sum(measuring).merge(&recorded);
        let open = self.open(measuring, from_ns, until_ns);
        open.recorded.merge(&recorded);
        open.from_ns = open.from_ns.min(from_ns);
        open.cpu_ns = open.cpu_ns.map(|sum| sum + cpu_ns);
        open.reports += 1;
        let complete = open.reports >= self.workers;
        (recorded, if complete { self.take_until((measuring, until_ns)) } else { Vec::new() })
    }

    /// Adds what a worker had left at its end: operations of the measurement that ended in the drain, or what could not be
    /// handed over before.
    pub(super) fn end(&mut self, end: WorkerEnd, rest_from_ns: u64, rest_until_ns: u64) {
        for (measuring, rest) in [(false, &end.warmup), (true, &end.measure)] {
            self.sum(measuring).merge(rest);
            if rest.operations.iter().any(|operation| operation.counters != Default::default()) {
                let open = self.open(measuring, rest_from_ns, rest_until_ns.max(rest_from_ns));
                open.recorded.merge(rest);
                open.cpu_ns = None;
            }
        }
        self.connect.merge(&end.connect);
        self.usage.extend(end.usage);
        self.last_end_ns = self.last_end_ns.max(end.last_end_ns);
        self.reconnects.merge(end.reconnects);
    }

    /// Adds what was planned and never started, by operation; of the measurement also to the interval of the rest, since the
    /// intervals before it are told already.
    pub(super) fn unstarted(&mut self, warmup: &[u64], measure: &[u64], rest_from_ns: u64, rest_until_ns: u64) {
        add_unstarted(&mut self.warmup, warmup);
        add_unstarted(&mut self.total, measure);
        if measure.iter().any(|count| *count > 0) {
            add_unstarted(&mut self.open(true, rest_from_ns, rest_until_ns.max(rest_from_ns)).recorded, measure);
        }
    }

    /// All intervals that are still open, in order.
    pub(super) fn rest(&mut self) -> Vec<Gathered> {
        std::mem::take(&mut self.open).into_values().collect()
    }

    fn sum(&mut self, measuring: bool) -> &mut Snapshot {
        if measuring { &mut self.total } else { &mut self.warmup }
    }

    fn open(&mut self, measuring: bool, from_ns: u64, until_ns: u64) -> &mut Gathered {
        let (operations, precision) = (self.total.operations.len(), self.precision);
        self.open.entry((measuring, until_ns)).or_insert_with(|| Gathered {
            measuring,
            from_ns,
            until_ns,
            recorded: Snapshot::new(operations, precision),
            cpu_ns: Some(0),
            reports: 0,
        })
    }

    fn take_until(&mut self, key: (bool, u64)) -> Vec<Gathered> {
        let mut done = Vec::new();
        while let Some(entry) = self.open.first_entry()
            && *entry.key() <= key
        {
            done.push(entry.remove());
        }
        done
    }
}

fn add_unstarted(snapshot: &mut Snapshot, counts: &[u64]) {
    for (operation, count) in snapshot.operations.iter_mut().zip(counts) {
        let counters = &mut operation.counters;
        counters.planned += count;
        counters.unstarted += count;
        counters.censored += count;
    }
}

#[cfg(test)]
mod tests {
    use super::Gathering;
    use crate::engine::worker::{WorkerEnd, WorkerInterval};
    use crate::metrics::{Outcome, Precision, Recorder, Snapshot, Times};

    fn recorded(operations: u64) -> Snapshot {
        let mut recorder = Recorder::new(1, Precision::ThreeDigits);
        for _ in 0..operations {
            recorder.started(0);
            let times = Times { response_ns: 1_000, service_ns: 1_000, ..Times::default() };
            recorder.ended(0, times, Outcome::Succeeded, 1, 1);
        }
        recorder.swap()
    }

    fn interval(from_ns: u64, until_ns: u64, operations: u64) -> WorkerInterval {
        WorkerInterval { measuring: true, from_ns, until_ns, recorded: recorded(operations), cpu_ns: 10 }
    }

    #[test]
    fn an_interval_is_complete_when_all_workers_reported_it_or_a_later_one() {
        let mut gathering = Gathering::new(2, 1, Precision::ThreeDigits);
        assert!(gathering.interval(interval(0, 1, 1)).1.is_empty());
        assert!(gathering.interval(interval(1, 2, 2)).1.is_empty());
        // The other worker was behind and reports both seconds as one.
        let (_, complete) = gathering.interval(interval(0, 2, 4));
        let spans: Vec<_> = complete.iter().map(|part| (part.from_ns, part.until_ns, part.cpu_ns)).collect();
        assert_eq!(spans, [(0, 1, Some(10)), (0, 2, Some(20))]);
        let left = WorkerEnd { measure: recorded(8), last_end_ns: 5, ..WorkerEnd::default() };
        gathering.end(left, 2, 5);
        gathering.end(WorkerEnd::default(), 2, 5);
        let rest = gathering.rest();
        assert_eq!(rest.len(), 1);
        assert_eq!((rest[0].from_ns, rest[0].until_ns, rest[0].cpu_ns), (2, 5, None));
        assert_eq!(gathering.total.operations[0].counters.succeeded, 15);
        assert_eq!(gathering.total.operations[0].violation(), None);
    }
}
