//! What the link's thread and those who steer it share: the delays, and what the link learns about itself.
//!
//! All of it changes at any time and nothing depends on two values agreeing: relaxed atomics, written by one thread each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::lane::Delays;
use crate::workload::plan::LinkPlan;

const LATENESS_STEP_NS: u64 = 1_000;
/// Later than this it is not the timer, but a thread that gets no CPU: not to be hidden.
const LATENESS_LIMIT_NS: u64 = 200_000;
/// More than this is no cost of waking.
const IDLE_COST_LIMIT: Duration = Duration::from_micros(50);
/// Shorter delays do not let a path fall asleep.
const AWAKE: Duration = Duration::from_micros(100);
/// A client is alone when no other connection moved anything for so long.
const ALONE: Duration = Duration::from_millis(2);

/// See the module.
#[derive(Debug)]
pub(super) struct Shared {
    half_rtt_ns: AtomicU64,
    jitter_ns: AtomicU64,
    lateness_ns: AtomicU64,
    idle_cost_ns: AtomicU64,
    base: Instant,
    /// The connection on which something arrived last, when that was, and when it last was another one.
    last: AtomicU64,
    last_at_ns: AtomicU64,
    other_at_ns: AtomicU64,
}

impl Shared {
    pub(super) fn new(plan: LinkPlan) -> Self {
        let zero = || AtomicU64::new(0);
        let shared = Self {
            half_rtt_ns: zero(),
            jitter_ns: zero(),
            lateness_ns: zero(),
            idle_cost_ns: zero(),
            base: Instant::now(),
            last: zero(),
            last_at_ns: zero(),
            other_at_ns: zero(),
        };
        shared.set(plan);
        shared
    }

    pub(super) fn set(&self, plan: LinkPlan) {
        self.half_rtt_ns.store(nanos(plan.rtt / 2), Ordering::Relaxed);
        self.jitter_ns.store(nanos(plan.jitter), Ordering::Relaxed);
    }

    /// The delays of what arrives `now` on `connection`.
    pub(super) fn delays(&self, connection: u64, now: Instant) -> Delays {
        let read = |value: &AtomicU64| Duration::from_nanos(value.load(Ordering::Relaxed));
        let half_rtt = read(&self.half_rtt_ns);
        let is_alone = self.is_alone(connection, now);
        let correction = if is_alone && half_rtt > AWAKE { self.idle_cost() } else { Duration::ZERO };
        Delays { half_rtt: half_rtt - correction, jitter: read(&self.jitter_ns) }
    }

    fn is_alone(&self, connection: u64, now: Instant) -> bool {
        let now_ns = nanos(now.saturating_duration_since(self.base));
        if self.last.swap(connection, Ordering::Relaxed) != connection {
            self.other_at_ns.store(self.last_at_ns.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.last_at_ns.store(now_ns, Ordering::Relaxed);
        now_ns.saturating_sub(self.other_at_ns.load(Ordering::Relaxed)) > nanos(ALONE)
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

    /// What each direction of a path takes longer because its ends fell asleep meanwhile: the path of a single client at
    /// no delay never rests, so that this would be counted as the link's.
    pub(super) fn idle_cost(&self) -> Duration {
        Duration::from_nanos(self.idle_cost_ns.load(Ordering::Relaxed))
    }

    pub(super) fn set_idle_cost(&self, measured: Duration) {
        self.idle_cost_ns.store(nanos(measured.min(IDLE_COST_LIMIT)), Ordering::Relaxed);
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
    fn only_a_client_that_is_alone_is_spared_the_waking_of_its_path() {
        let shared = shared(500);
        shared.set_idle_cost(Duration::from_micros(20));
        let half_rtt_us = |connection, at_us| {
            shared.delays(connection, shared.base + Duration::from_micros(at_us)).half_rtt.as_micros()
        };
        let seen = [(1, 3000), (1, 3500), (2, 4000), (1, 4100), (1, 5900), (1, 6001), (1, 6500)];
        assert_eq!(seen.map(|(connection, at)| half_rtt_us(connection, at)), [230, 230, 250, 250, 250, 230, 230]);
        let short = Shared::new(LinkPlan { rtt: Duration::from_micros(80), ..LinkPlan::default() });
        short.set_idle_cost(Duration::from_micros(20));
        assert_eq!(short.delays(1, short.base + ALONE * 2).half_rtt, Duration::from_micros(40));
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
