//! The clock of a slice: one monotonic origin, and the bounds of the measurement, which the coordinator fixes once
//! while clients already run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::param::Phase;

/// Not fixed yet.
const OPEN: u64 = u64::MAX;
/// The end of a measurement that operations end, until they have: in about a hundred years.
pub(super) const NOT_BEFORE_DONE: u64 = 3_000_000_000_000_000_000;

/// Shared by the coordinator and all workers of a slice. Times are ns since `origin`.
#[derive(Debug)]
pub(super) struct SliceClock {
    origin: Instant,
    /// The wall clock at the origin, µs since 1970-01-01 UTC: read once, so that it cannot jump.
    wall_us: i64,
    from_ns: AtomicU64,
    until_ns: AtomicU64,
}

impl SliceClock {
    /// Starts now.
    pub(super) fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            origin: Instant::now(),
            wall_us: i64::try_from(wall.as_micros()).unwrap_or(i64::MAX),
            from_ns: AtomicU64::new(OPEN),
            until_ns: AtomicU64::new(OPEN),
        }
    }

    /// Now.
    pub(super) fn now_ns(&self) -> u64 {
        ns(self.origin.elapsed())
    }

    /// The wall clock at a moment of this clock, µs since 1970-01-01 UTC.
    pub(super) fn wall_us(&self, at_ns: u64) -> i64 {
        self.wall_us.saturating_add(i64::try_from(at_ns / 1_000).unwrap_or(i64::MAX))
    }

    /// For timers.
    pub(super) fn instant(&self, at_ns: u64) -> Instant {
        // About 584 years at most; an Instant holds that.
        self.origin + Duration::from_nanos(at_ns)
    }

    /// Fixes the measurement's bounds. Clients see both or none.
    pub(super) fn fix_measurement(&self, from_ns: u64, until_ns: u64) {
        self.until_ns.store(until_ns, Ordering::Relaxed);
        self.from_ns.store(from_ns, Ordering::Release);
    }

    /// Fixes the end of a measurement that operations end, and not a time: it is over.
    pub(super) fn fix_end(&self, until_ns: u64) {
        self.until_ns.store(until_ns, Ordering::Release);
    }

    /// The measurement's bounds, once they are fixed.
    pub(super) fn measurement(&self) -> Option<(u64, u64)> {
        let from_ns = self.from_ns.load(Ordering::Acquire);
        (from_ns != OPEN).then(|| (from_ns, self.until_ns.load(Ordering::Acquire)))
    }

    /// The phase in which an intended start lies; `None` when the measurement is over.
    pub(super) fn phase_of(&self, intended_ns: u64) -> Option<Phase> {
        match self.measurement() {
            Some((_, until_ns)) if intended_ns >= until_ns => None,
            Some((from_ns, _)) if intended_ns >= from_ns => Some(Phase::Measure),
            _ => Some(Phase::Warmup),
        }
    }
}

/// A duration in ns; saturates after 584 years.
pub(super) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::SliceClock;
    use crate::param::Phase;

    #[test]
    fn an_operation_belongs_to_the_phase_of_its_intended_start() {
        let clock = SliceClock::new();
        assert_eq!(clock.phase_of(u64::MAX - 1), Some(Phase::Warmup), "nothing is fixed yet");
        clock.fix_measurement(100, 200);
        assert_eq!(clock.phase_of(99), Some(Phase::Warmup));
        assert_eq!(clock.phase_of(100), Some(Phase::Measure));
        assert_eq!(clock.phase_of(199), Some(Phase::Measure));
        assert_eq!(clock.phase_of(200), None);
    }
}
