//! What becomes known of a slice while it runs: each interval as it completes.

use std::time::Duration;

use super::super::Interval;
use super::super::gather::Gathered;
use super::Slice;
use crate::engine::worker::Command;
use crate::event::{Event, IntervalFigures};
use crate::load::Load;

impl Slice<'_, '_> {
    pub(super) fn publish(&mut self, interval: &Gathered, server_cpu_ns: Option<u64>) {
        let length = Duration::from_nanos(interval.until_ns.saturating_sub(interval.from_ns));
        let mix = interval.recorded.mix();
        let quantile = |q| mix.response.quantile_ns(q, mix.counters.censored).map(|ns| ns / 1e3);
        // What ends after the measurement belongs to it, but adds nothing to its length.
        let planned_until_ns = self.clock.measurement().map_or(u64::MAX, |(_, until_ns)| until_ns);
        let planned_ns = interval.until_ns.min(planned_until_ns).saturating_sub(interval.from_ns);
        self.input.events.emit(Event::Interval(IntervalFigures {
            slice: self.info.clone(),
            measuring: interval.measuring,
            seconds: Duration::from_nanos(planned_ns).as_secs_f64(),
            asked: self.asked_between(interval.measuring, interval.from_ns, interval.from_ns + planned_ns),
            succeeded: mix.counters.succeeded,
            failed: mix.counters.failed,
            response_p50_us: quantile(0.5),
            response_p99_us: quantile(0.99),
        }));
        let stored = (self.input.on_interval)(&Interval {
            slice: self.info,
            measuring: interval.measuring,
            start: self.offset + Duration::from_nanos(interval.from_ns),
            length,
            recorded: &interval.recorded,
            client_cpu_ns: interval.cpu_ns,
            server_cpu_ns,
        });
        if let (Err(error), true) = (stored, self.stored.is_ok()) {
            self.stored = Err(error.into());
            self.commands.send_replace(Command::Abort);
        }
    }

    fn asked_between(&self, measuring: bool, from_ns: u64, until_ns: u64) -> Option<f64> {
        let Load::Open(open) = &self.load else { return None };
        let begin_ns = if measuring { self.clock.measurement()?.0 } else { self.start_ns? };
        let schedule = if measuring { open.measure.schedule() } else { open.warmup.schedule() };
        let until = |at_ns: u64| schedule.expected_before(at_ns.saturating_sub(begin_ns));
        Some(until(until_ns) - until(from_ns))
    }
}
