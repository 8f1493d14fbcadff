//! What the link's thread and those who steer it share: the delays, and what the link learns about itself.
//!
//! All of it changes at any time and nothing depends on two values agreeing: relaxed atomics, written by one thread each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lane::Delays;
use crate::workload::plan::LinkPlan;

const LATENESS_STEP_NS: u64 = 1_000;
/// Later than this it is not the timer, but a thread that gets no CPU: not to be hidden.
const LATENESS_LIMIT_NS: u64 = 200_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Shared {
    half_rtt_ns: AtomicU64,
    jitter_ns: AtomicU64,
    lateness_ns: AtomicU64,
}

impl Shared {
    pub(super) fn new(plan: LinkPlan) -> Self {
        let shared =
            Self { half_rtt_ns: AtomicU64::new(0), jitter_ns: AtomicU64::new(0), lateness_ns: AtomicU64::new(0) };
        shared.set(plan);
        shared
    }

    pub(super) fn set(&self, plan: LinkPlan) {
        self.half_rtt_ns.store(nanos(plan.rtt / 2), Ordering::Relaxed);
        self.jitter_ns.store(nanos(plan.jitter), Ordering::Relaxed);
    }

    /// The delays of what arrives now.
    pub(super) fn delays(&self) -> Delays {
        let read = |value: &AtomicU64| Duration::from_nanos(value.load(Ordering::Relaxed));
        Delays { half_rtt: read(&self.half_rtt_ns), jitter: read(&self.jitter_ns) }
    }

    /// How late the timer is.
    pub(super) fn lateness(&self) -> Duration {
        Duration::from_nanos(self.lateness_ns.load(Ordering::Relaxed))
    }

    pub(super) fn set_lateness(&self, measured: Duration) {
        self.lateness_ns.store(nanos(measured).min(LATENESS_LIMIT_NS), Ordering::Relaxed);
    }

    /// The timer was that late just now. How late it is depends on how long and how often it waits, so what was measured
    /// at start is followed up: by at most a microsecond at a time, which a burst of load does not throw off.
    pub(super) fn observe_lateness(&self, observed: Duration) {
        let known = self.lateness_ns.load(Ordering::Relaxed);
        let next = nanos(observed).clamp(known.saturating_sub(LATENESS_STEP_NS), known + LATENESS_STEP_NS);
        self.lateness_ns.store(next.min(LATENESS_LIMIT_NS), Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(rtt_us: u64) -> Shared {
        Shared::new(LinkPlan { rtt: Duration::from_micros(rtt_us), ..LinkPlan::default() })
    }

    #[test]
    fn lateness_follows_what_is_observed_in_small_steps() {
        let shared = shared(500);
        shared.set_lateness(Duration::from_micros(20));
        shared.observe_lateness(Duration::from_secs(1));
        assert_eq!(shared.lateness(), Duration::from_micros(21));
        for _ in 0..100 {
            shared.observe_lateness(Duration::from_nanos(9_500));
        }
        assert_eq!(shared.lateness(), Duration::from_nanos(9_500));
        shared.set_lateness(Duration::from_secs(1));
        assert_eq!(shared.lateness(), Duration::from_micros(200));
    }
}
