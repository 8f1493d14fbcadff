//! The one queue of an open loop: whoever is free takes the next arrival, on whatever worker.

use std::sync::atomic::{AtomicU64, Ordering};

use super::schedule::{Cursor, Schedule};
use crate::param::Stream;

/// An arrival that a client has taken and will start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its intended start, ns from the begin of the phase.
    pub start_ns: u64,
    /// Its number within the phase, from 0.
    pub number: u64,
    /// The key of its draws.
    pub stream: Stream,
}

/// Arrivals of a phase, handed out in their order.
#[derive(Debug)]
pub struct ArrivalQueue {
    schedule: Schedule,
    next: AtomicU64,
}

impl ArrivalQueue {
    /// Nothing was taken yet.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, next: AtomicU64::new(0) }
    }

    /// The schedule.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Takes the next arrival; `None` when all are taken. `cursor` belongs to the worker that asks, and to this queue.
    #[inline]
    pub fn take(&self, cursor: &mut Cursor) -> Option<Arrival> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.schedule.planned() {
            return None;
        }
        let start_ns = self.schedule.start_ns(number, cursor)?;
        Some(Arrival { start_ns, number, stream: self.schedule.stream(number) })
    }

    /// The arrivals before `until_ns` that nobody took, as the keys of their draws.
    pub fn left_before(&self, until_ns: u64) -> impl Iterator<Item = Stream> + '_ {
        let planned = self.schedule.planned_before(until_ns);
        (self.next.load(Ordering::Relaxed).min(planned)..planned).map(|number| self.schedule.stream(number))
    }
}

/// The load of an open loop: a queue for each phase.
#[derive(Debug)]
pub struct OpenLoop {
    /// Before the measurement.
    pub warmup: ArrivalQueue,
    /// The measurement.
    pub measure: ArrivalQueue,
}

/// Where a worker stands in the queues of an open loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenCursors {
    /// In the warm-up's.
    pub warmup: Cursor,
    /// In the measurement's.
    pub measure: Cursor,
}

#[cfg(test)]
mod tests {
    use super::ArrivalQueue;
    use crate::load::{Cursor, Profile, Schedule, ScheduleKey, Spacing};
    use crate::param::Phase;

    #[test]
    fn threads_take_every_arrival_once() {
        const THREADS: usize = 4;
        let key = ScheduleKey { seed: 1, round: 1, phase: Phase::Measure };
        let queue = ArrivalQueue::new(Schedule::new(Profile::steady(20_000.0, 1_000_000_000), Spacing::Poisson, key));
        let planned = queue.schedule().planned();
        let mut taken: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut cursor = Cursor::default();
                        std::iter::from_fn(|| queue.take(&mut cursor))
                            .map(|arrival| arrival.start_ns)
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
        });
        taken.sort_unstable();
        let mut cursor = Cursor::default();
        let expected: Vec<u64> =
            (0..planned).filter_map(|number| queue.schedule().start_ns(number, &mut cursor)).collect();
        assert_eq!(taken, expected);
        assert_eq!(queue.left_before(1_000_000_000).count(), 0);
    }

    #[test]
    fn what_is_left_are_the_last_ones_before_the_end() {
        let key = ScheduleKey { seed: 1, round: 1, phase: Phase::Warmup };
        let rate = Profile::steady(100.0, u64::MAX);
        let queue = ArrivalQueue::new(Schedule::without_marks(rate, Spacing::Constant, key));
        for _ in 0..7 {
            queue.take(&mut Cursor::default()).expect("more");
        }
        let left: Vec<_> = queue.left_before(100_000_000).collect();
        assert_eq!(left, [7, 8, 9].map(|number| queue.schedule().stream(number)));
        assert_eq!(queue.left_before(50_000_000).count(), 0, "more were taken than are before the end");
    }
}
