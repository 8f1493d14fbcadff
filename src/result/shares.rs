//! What the verdict on the generator rests on, as shares of a slice, and the same over the slices of a variant.

use super::slice::{LimitedBy, SliceRecord};
use super::summary::GeneratorUse;

/// The share of planned operations that may never have started while the rate still counts as reached.
pub const MISSED_AT_MOST: f64 = 0.01;

impl SliceRecord {
    /// Of the slice's length, on a CPU: the busiest worker thread. `None` without workers.
    #[must_use]
    pub fn worker_cpu_share(&self) -> Option<f64> {
        let share = |cpu_us: f64, wall_us: f64| (wall_us > 0.0).then(|| cpu_us / wall_us);
        self.workers.iter().filter_map(|worker| share(worker.cpu_us, worker.wall_us)).reduce(f64::max)
    }

    /// Of the slice's length, waiting for a CPU: the worker thread that waited most. `None` when the kernel does not tell.
    #[must_use]
    pub fn worker_cpu_wait_share(&self) -> Option<f64> {
        let share = |wait_us: f64, wall_us: f64| (wall_us > 0.0).then(|| wait_us / wall_us);
        self.workers.iter().filter_map(|worker| share(worker.cpu_wait_us?, worker.wall_us)).reduce(f64::max)
    }

    /// Schedule lag of all operations that started, of the response times of all that ended, both in sum. `None` when
    /// nothing ended.
    #[must_use]
    pub fn schedule_lag_share(&self) -> Option<f64> {
        let response_ns = self.response_sum_ns();
        (response_ns > 0.0).then(|| self.mix.lag.sum_ns as f64 / response_ns)
    }

    /// Mean schedule lag of the operations that started, µs. `None` when none did.
    #[must_use]
    pub fn schedule_lag_mean_us(&self) -> Option<f64> {
        let lag = &self.mix.lag;
        (lag.count > 0).then(|| lag.sum_ns as f64 / lag.count as f64 / 1e3)
    }

    /// Of the clients' time, in an operation that had started (acquire and service time). What ends after the measurement
    /// counts whole, what began before it does not: the two about cancel, and what does not is capped at 1. `None` without
    /// clients.
    #[must_use]
    pub fn clients_busy_share(&self, clients: u32) -> Option<f64> {
        let waited_ns = (self.mix.queue.sum_ns + self.mix.lag.sum_ns) as f64;
        let clients_ns = f64::from(clients) * self.measure_s * 1e9;
        (clients_ns > 0.0).then(|| ((self.response_sum_ns() - waited_ns) / clients_ns).clamp(0.0, 1.0))
    }

    /// Of the time of all CPUs, taken away by the host. `None` when the kernel does not tell.
    #[must_use]
    pub fn steal_share(&self) -> Option<f64> {
        let cpus_us = self.machine.cpus_us.filter(|us| *us > 0.0)?;
        Some(self.machine.steal_us? / cpus_us)
    }

    /// Of the time, something runnable waited for a CPU. `None` when the kernel does not tell.
    #[must_use]
    pub fn cpu_pressure_share(&self) -> Option<f64> {
        let pressure_us = self.machine.cpu_pressure_us?;
        (self.machine.wall_us > 0.0).then(|| pressure_us / self.machine.wall_us)
    }

    /// Open loop: the share of the planned operations that never started. `None` in a closed loop.
    #[must_use]
    pub fn missed_share(&self) -> Option<f64> {
        self.asked_per_s?;
        Some(if self.mix.planned == 0 { 0.0 } else { self.mix.unstarted as f64 / self.mix.planned as f64 })
    }

    /// Open loop: operations started per second of the measurement, which in a round of Poisson arrivals may be more than
    /// were asked for. `None` in a closed loop.
    #[must_use]
    pub fn started_per_s(&self) -> Option<f64> {
        self.asked_per_s?;
        let started = self.mix.planned.saturating_sub(self.mix.unstarted);
        (self.measure_s > 0.0).then(|| started as f64 / self.measure_s)
    }

    fn response_sum_ns(&self) -> f64 {
        self.mix.response.sum_ns as f64 + self.mix.failed_response.sum_ns as f64
    }
}

/// The slices that were measured to their end.
fn measured<'a>(slices: &'a [&SliceRecord]) -> impl Iterator<Item = &'a SliceRecord> {
    slices.iter().copied().filter(|slice| slice.failed.is_none())
}

/// The most frequent limit; of two as frequent, the worse.
pub(super) fn limit(slices: &[&SliceRecord]) -> Option<LimitedBy> {
    let known: Vec<LimitedBy> = measured(slices).filter_map(|slice| slice.limit).collect();
    known.iter().copied().max_by_key(|limit| (known.iter().filter(|other| *other == limit).count(), *limit))
}

/// Whether the asked rate was reached, all slices together.
pub(super) fn rate_reached(slices: &[&SliceRecord]) -> Option<bool> {
    let open = || measured(slices).filter(|slice| slice.asked_per_s.is_some());
    let (planned, unstarted) =
        open().fold((0, 0), |sum, slice| (sum.0 + slice.mix.planned, sum.1 + slice.mix.unstarted));
    open().next().map(|_| unstarted as f64 <= MISSED_AT_MOST * planned as f64)
}

/// The rate that was asked for, on average.
pub(super) fn asked_per_s(slices: &[&SliceRecord]) -> Option<f64> {
    let asked: Vec<f64> = measured(slices).filter_map(|slice| slice.asked_per_s).collect();
    (!asked.is_empty()).then(|| asked.iter().sum::<f64>() / asked.len() as f64)
}

/// The shares of all slices that were measured to their end.
pub(super) fn generator_use(slices: &[&SliceRecord], clients: u32) -> GeneratorUse {
    let largest = |share: fn(&SliceRecord) -> Option<f64>| measured(slices).filter_map(share).reduce(f64::max);
    let lag_ns: f64 = measured(slices).map(|slice| slice.mix.lag.sum_ns as f64).sum();
    let response_ns: f64 = measured(slices).map(SliceRecord::response_sum_ns).sum();
    let busy: Vec<f64> = measured(slices).filter_map(|slice| slice.clients_busy_share(clients)).collect();
    GeneratorUse {
        worker_cpu_max: largest(SliceRecord::worker_cpu_share),
        worker_cpu_wait_max: largest(SliceRecord::worker_cpu_wait_share),
        schedule_lag: (response_ns > 0.0).then(|| lag_ns / response_ns),
        clients_busy: (!busy.is_empty()).then(|| busy.iter().sum::<f64>() / busy.len() as f64),
        steal_max: largest(SliceRecord::steal_share),
        cpu_pressure_max: largest(SliceRecord::cpu_pressure_share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::slice::{MachineRecord, WorkerRecord};

    fn worker(cpu_us: f64, cpu_wait_us: Option<f64>) -> WorkerRecord {
        WorkerRecord { cpu_us, cpu_wait_us, wall_us: 1_000.0 }
    }

    fn limited(limit: Option<LimitedBy>) -> SliceRecord {
        SliceRecord { limit, valid: true, ..SliceRecord::default() }
    }

    #[test]
    fn the_busiest_thread_counts_and_what_is_not_told_is_null() {
        let mut slice = SliceRecord { measure_s: 0.001, ..SliceRecord::default() };
        assert_eq!((slice.worker_cpu_share(), slice.worker_cpu_wait_share()), (None, None));
        assert_eq!((slice.steal_share(), slice.cpu_pressure_share(), slice.schedule_lag_share()), (None, None, None));
        assert_eq!((slice.missed_share(), slice.clients_busy_share(0)), (None, None));
        slice.workers = vec![worker(970.0, None), worker(200.0, Some(120.0))];
        assert_eq!((slice.worker_cpu_share(), slice.worker_cpu_wait_share()), (Some(0.97), Some(0.12)));
        slice.machine = MachineRecord {
            steal_us: Some(40.0),
            cpus_us: Some(2_000.0),
            cpu_pressure_us: Some(300.0),
            wall_us: 1_000.0,
        };
        assert_eq!((slice.steal_share(), slice.cpu_pressure_share()), (Some(0.02), Some(0.3)));
        // Two clients for a millisecond: 1.5 ms in operations, 0.1 ms of lag, 0.4 ms of waiting in the queue.
        slice.mix.response.sum_ns = 1_500_000;
        slice.mix.failed_response.sum_ns = 500_000;
        slice.mix.queue.sum_ns = 400_000;
        slice.mix.lag.sum_ns = 100_000;
        assert_eq!((slice.schedule_lag_share(), slice.clients_busy_share(2)), (Some(0.05), Some(0.75)));
        slice.asked_per_s = Some(1_000.0);
        (slice.mix.planned, slice.mix.unstarted) = (1_040, 260);
        slice.measure_s = 1.0;
        assert_eq!((slice.missed_share(), slice.started_per_s()), (Some(0.25), Some(780.0)));
    }

    #[test]
    fn the_most_frequent_limit_counts_and_of_two_the_worse() {
        use LimitedBy::{Generator, Server, Shared};
        let of = |limits: &[Option<LimitedBy>]| {
            let slices: Vec<SliceRecord> = limits.iter().map(|limit| limited(*limit)).collect();
            limit(&slices.iter().collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[None, None]), None);
        assert_eq!(of(&[Some(Server), Some(Generator), Some(Server)]), Some(Server));
        assert_eq!(of(&[Some(LimitedBy::None), Some(Shared), None]), Some(Shared));
        assert_eq!(of(&[Some(Server), Some(Generator), Some(Server), Some(Generator)]), Some(Generator));
        let failed = SliceRecord { failed: Some("gone".to_owned()), ..limited(Some(Generator)) };
        assert_eq!(limit(&[&failed, &limited(Some(Server))]), Some(Server));
    }

    #[test]
    fn a_rate_is_reached_when_one_in_a_hundred_never_started() {
        let slice = |unstarted| {
            let mut slice = SliceRecord { asked_per_s: Some(500.0), ..SliceRecord::default() };
            (slice.mix.planned, slice.mix.unstarted) = (1_000, unstarted);
            slice
        };
        let closed = SliceRecord::default();
        assert_eq!((rate_reached(&[&closed]), asked_per_s(&[&closed])), (None, None));
        assert_eq!(rate_reached(&[&slice(0), &slice(20)]), Some(true));
        assert_eq!(rate_reached(&[&slice(0), &slice(21)]), Some(false));
        assert_eq!(asked_per_s(&[&slice(0), &slice(21)]), Some(500.0));
    }
}
