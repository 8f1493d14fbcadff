//! The search with one variant: its capacity, then rate after rate as `stats::seek` asks for them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::asked::Asked;
use super::objective::Objective;
use crate::cli::failure::Failure;
use crate::cli::run::Command;
use crate::cli::run::probe::{Ask, Probed, Prober};
use crate::event::Event;
use crate::metrics::OperationMetrics;
use crate::report::search::rate_in_words;
use crate::result::MISSED_AT_MOST;
use crate::result::search::{
    ObjectiveFigure, ProbeRecord, RateStanding, SearchEnd, SearchedRate, SearchedVariant, response_and_service,
};
use crate::stats::seek::{Batch, Found, Goal, Next, Seek, Standing, is_growing};
use crate::verdict::percent;
use crate::words::{ExitCode, counted};

/// Probes of a rate that failed or were not valid before that is the result.
const MOST_SPOILT: u32 = 3;
/// Probes that judge a rate at most.
const MOST_PROBES: usize = 16;
/// Slices that are likely to come, for the display of the time left.
const LIKELY: u32 = 24;
/// Response times may grow by this share of the time that passes, beyond chance, while the rate still counts as sustained;
/// with a coarse precision by a quarter of that.
const GROWTH_AT_MOST: f64 = 0.0025;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an answer, or out of time.
    Done,
    /// By the user.
    Interrupted,
}

/// What is kept of a second of a probe.
struct Second {
    /// Parallel to the objectives.
    batches: Vec<Batch>,
    /// Response times in sum, s, and how many.
    response: Batch,
}

/// What is kept of a rate.
#[derive(Default)]
struct Rate {
    point: u32,
    mix: OperationMetrics,
    measured_s: f64,
    probes: Vec<ProbeRecord>,
    spoilt: u32,
    spoilt_in_a_row: u32,
}

/// The search with one variant.
pub struct Search<'a> {
    command: &'a Command<'a>,
    asked: &'a Asked,
    variant: usize,
    until: Duration,
    rates: BTreeMap<i32, Rate>,
    searched: SearchedVariant,
    failed_checks: Vec<String>,
}

impl<'a> Search<'a> {
    /// Before anything is measured. `until`: when the time is up, since the begin of the run.
    pub fn new(command: &'a Command<'a>, asked: &'a Asked, variant: usize, until: Duration) -> Self {
        let (rates, searched, failed_checks) = (BTreeMap::new(), SearchedVariant::default(), Vec::new());
        Self { command, asked, variant, until, rates, searched, failed_checks }
    }

    /// What is known so far.
    pub fn searched(&self) -> &SearchedVariant {
        &self.searched
    }

    /// What the user should know.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let name = &self.searched.name;
        let spoilt: u32 = self.rates.values().map(|rate| rate.spoilt).sum();
        if spoilt > 0 {
            let why = self.rates.values().flat_map(|rate| &rate.probes).flat_map(|probe| &probe.not_valid).next();
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            warnings.push(format!("{name}: {} left out{why}", counted(spoilt, "probe")));
        }
        warnings.extend(self.failed_checks.iter().map(|check| format!("{name}: {check}")));
        warnings
    }

    /// Checks that failed.
    pub fn checks_failed(&self) -> u32 {
        u32::try_from(self.failed_checks.len()).unwrap_or(u32::MAX)
    }

    /// Searches; `keep` is given what is known after each probe.
    ///
    /// # Errors
    /// When nothing can be measured any more, or `keep` fails.
    pub fn run(
        &mut self,
        prober: &mut Prober<'_>,
        mut keep: impl FnMut(&Self, Duration) -> Result<(), Failure>,
    ) -> Result<Ended, Failure> {
        let variant = prober.plan().variants[self.variant].clone();
        (self.searched.name, self.searched.clients) = (variant.name.clone(), variant.load.clients());
        let Some(capacity_per_s) = self.capacity(prober)? else { return Ok(Ended::Interrupted) };
        keep(self, prober.took())?;
        let probe_s = self.asked.lengths(&variant, capacity_per_s).1.as_secs_f64();
        let mut seek = Seek::new(Goal {
            bounds: self.asked.objectives.iter().map(|objective| objective.bound(capacity_per_s, probe_s)).collect(),
            precision: self.asked.precision,
            most_probes: MOST_PROBES,
            hint_per_s: capacity_per_s,
            highest_per_s: self.asked.highest_per_s,
        });
        loop {
            let (step, rate_per_s) = match seek.next() {
                Next::End(_) => break self.searched.end = self.end(&seek, false),
                Next::Probe(step, rate_per_s) => (step, rate_per_s),
            };
            let (warmup, measure) = self.asked.lengths(&variant, rate_per_s);
            if prober.took() + warmup + measure > self.until {
                break self.searched.end = self.end(&seek, true);
            }
            let point = u32::try_from(self.rates.len() + 1).unwrap_or(u32::MAX);
            let point = self.rates.entry(step).or_insert_with(|| Rate { point, ..Rate::default() }).point;
            let further = LIKELY.saturating_sub(self.probes()).max(2);
            let load = self.asked.load(&variant, rate_per_s);
            let ask = Ask { variant: self.variant, point, load, warmup, measure, further };
            let probed = prober.probe(&ask, |mix| self.second(mix))?;
            if probed.interrupted {
                self.known(&seek);
                return Ok(Ended::Interrupted);
            }
            if let Some(found) = self.judge(&seek, step, probed)? {
                seek.add(step, found);
            }
            self.known(&seek);
            self.tell(step);
            keep(self, prober.took())?;
        }
        self.known(&seek);
        keep(self, prober.took())?;
        Ok(Ended::Done)
    }

    fn probes(&self) -> u32 {
        self.rates.values().map(|rate| u32::try_from(rate.probes.len()).unwrap_or(u32::MAX)).sum()
    }

    /// Operations per second of a closed loop; `None` when the user asked for the end.
    fn capacity(&mut self, prober: &mut Prober<'_>) -> Result<Option<f64>, Failure> {
        let variant = &prober.plan().variants[self.variant];
        let (load, warmup, measure) = (Asked::closed(variant), variant.warmup, self.asked.capacity(variant));
        let ask = Ask { variant: self.variant, point: 0, load, warmup, measure, further: LIKELY };
        let probed = prober.probe(&ask, |_| ())?;
        if probed.interrupted {
            return Ok(None);
        }
        let name = &self.searched.name;
        let failed = |why: String| Err(Failure::text(ExitCode::Failed, why));
        if let Some(reason) = &probed.slice.failed {
            return failed(format!("the capacity of variant \"{name}\" cannot be measured: {reason}"));
        }
        let counts = &probed.mix.counters;
        if counts.succeeded == 0 {
            let why = probed.slice.mix.failures.keys().next().map_or_else(String::new, |key| format!(" ({key})"));
            return failed(format!(
                "no operation of variant \"{name}\" succeeded in a closed loop{why}: there is no rate to begin with; measure \
                 for longer (--measure), or see errors.csv in {}",
                prober.dir().display()
            ));
        }
        let capacity_per_s = float(counts.succeeded) / probed.slice.measure_s;
        self.searched.closed_loop_per_s = Some(capacity_per_s);
        Ok(Some(capacity_per_s))
    }

    fn second(&self, mix: &OperationMetrics) -> Second {
        let batches = self.asked.objectives.iter().map(|objective| objective.batch(mix)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a sum of times of one second")]
        let response = Batch { sum: mix.response.sum_ns() as f64 / 1e9, all: float(mix.response.count()) };
        Second { batches, response }
    }

    /// What a probe says of its rate; `None` where it says nothing.
    fn judge(&mut self, seek: &Seek, step: i32, probed: Probed<Second>) -> Result<Option<Found>, Failure> {
        let Probed { slice, mix, seconds, .. } = probed;
        self.failed_checks.extend(slice.checks.iter().filter(|check| !check.passed).map(|check| {
            format!(
                "check {} failed at probe {}: expected {}, found {}",
                check.name, slice.round, check.expected, check.found
            )
        }));
        let seconds = without_drain(seconds);
        let batches: Vec<Vec<Batch>> = (0..self.asked.objectives.len())
            .map(|objective| seconds.iter().map(|second| second.batches[objective]).collect())
            .collect();
        let not_sustained = self.not_sustained(&mix, &seconds);
        let objectives: Vec<ObjectiveFigure> =
            self.asked.objectives.iter().map(|objective| objective.figure(&mix)).collect();
        let found = Found { batches, not_sustained: not_sustained.is_some(), ..Found::default() };
        let mut not_valid = slice.not_valid.clone();
        not_valid.extend(slice.failed.iter().cloned());
        // A generator that is late makes operations slower, never faster: what met nevertheless has met. It must have met by
        // far: near the edge chance decides, and to keep what met by chance alone would make rates better than they are.
        let is_spoilt = !slice.valid && (slice.failed.is_some() || !seek.speaks_for(step, &found));
        let rate = self.rates.entry(step).or_default();
        rate.probes.push(ProbeRecord {
            round: slice.round,
            warmup_s: slice.warmup_s,
            measure_s: slice.measure_s,
            objectives,
            not_sustained: not_sustained.clone(),
            counts: !is_spoilt,
            not_valid,
        });
        if is_spoilt {
            (rate.spoilt, rate.spoilt_in_a_row) = (rate.spoilt + 1, rate.spoilt_in_a_row + 1);
            if rate.spoilt_in_a_row < MOST_SPOILT {
                return Ok(None);
            }
            if let Some(reason) = slice.failed {
                return Err(Failure::text(
                    ExitCode::Failed,
                    format!("{MOST_SPOILT} probes of one rate failed: {reason}"),
                ));
            }
            // What others of its probes have decided stands.
            let open = matches!(seek.standing(step), Standing::Open);
            return Ok(Some(Found { ceiling: open, last: true, ..Found::default() }));
        }
        rate.spoilt_in_a_row = 0;
        rate.mix.merge(&mix);
        rate.measured_s += slice.measure_s;
        Ok(Some(found))
    }

    /// Why the rate is none that can go on, whatever its times are.
    fn not_sustained(&self, mix: &OperationMetrics, seconds: &[Second]) -> Option<String> {
        let counts = &mix.counters;
        let share = |part: u64, of: u64| if of > 0 { float(part) / float(of) } else { 0.0 };
        let (missed, failed) = (share(counts.unstarted, counts.planned), share(counts.failed, counts.ended()));
        if missed > MISSED_AT_MOST {
            return Some(format!("{} of the operations never started", percent(missed)));
        }
        if failed > MISSED_AT_MOST && !self.asked.objectives.iter().any(Objective::is_of_failures) {
            return Some(format!("{} of the operations failed", percent(failed)));
        }
        let response: Vec<Batch> = seconds.iter().map(|second| second.response).collect();
        let allowed = GROWTH_AT_MOST.max(self.asked.precision / 4.0);
        let growth = is_growing(&response, allowed)?;
        Some(format!("response times grew by {} of the time that passed: the queue only gets longer", percent(growth)))
    }

    /// What is known becomes what is written.
    fn known(&mut self, seek: &Seek) {
        let sure = |missed: f64| missed.max(1.0 - missed);
        let rate = |(step, rate): (&i32, &Rate)| {
            let (response_us, service_us) = response_and_service(&rate.mix);
            let standing = match seek.standing(*step) {
                Standing::Met => RateStanding::Met,
                Standing::Missed => RateStanding::Missed,
                Standing::Open => RateStanding::Open,
                Standing::Ceiling => RateStanding::Generator,
            };
            SearchedRate {
                point: rate.point,
                rate_per_s: seek.rate(*step),
                standing,
                sure: seek.missed(*step).filter(|_| standing != RateStanding::Generator).map(sure),
                goodput_per_s: (rate.measured_s > 0.0).then(|| float(rate.mix.counters.succeeded) / rate.measured_s),
                objectives: self.asked.objectives.iter().map(|objective| objective.figure(&rate.mix)).collect(),
                response_us,
                service_us,
                probes: rate.probes.clone(),
            }
        };
        self.searched.rates = self.rates.iter().filter(|(_, rate)| !rate.probes.is_empty()).map(rate).collect();
        let answer = seek.answer();
        let of =
            |step: Option<i32>| (step.map(|step| seek.rate(step)), step.and_then(|step| seek.missed(step)).map(sure));
        (self.searched.met_per_s, self.searched.met_sure) = of(answer.met);
        (self.searched.missed_per_s, self.searched.missed_sure) = of(answer.missed);
    }

    fn tell(&self, step: i32) {
        let point = self.rates.get(&step).map(|rate| rate.point);
        let Some(rate) = self.searched.rates.iter().find(|rate| Some(rate.point) == point) else { return };
        let objectives: Vec<_> = self.asked.objectives.iter().map(Objective::record).collect();
        self.command.events.emit(Event::Probed(rate_in_words(rate, &objectives)));
    }

    fn end(&self, seek: &Seek, time_is_up: bool) -> SearchEnd {
        let answer = seek.answer();
        let ceiling = answer.missed.is_some_and(|missed| seek.standing(missed) == Standing::Ceiling);
        match (answer.met, answer.missed) {
            _ if time_is_up => SearchEnd::Time,
            (_, Some(_)) if ceiling => SearchEnd::Generator,
            (Some(_), Some(_)) => SearchEnd::Found,
            (Some(_), None) => SearchEnd::Highest,
            (None, Some(_)) => SearchEnd::NeverMet,
            (None, None) => SearchEnd::Undecided,
        }
    }
}

/// What ended in the drain belongs to the last second.
fn without_drain(mut seconds: Vec<Second>) -> Vec<Second> {
    if seconds.len() > 1
        && let Some(drain) = seconds.pop()
        && let Some(last) = seconds.last_mut()
    {
        for (last, drain) in last.batches.iter_mut().zip(drain.batches) {
            (last.sum, last.all) = (last.sum + drain.sum, last.all + drain.all);
        }
    }
    seconds
}

#[expect(clippy::cast_precision_loss, reason = "counts of a search stay far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Batch, Second, without_drain};

    #[test]
    fn the_drain_is_a_part_of_the_last_second_but_not_of_its_response_times() {
        let second = |sum: f64| Second { batches: vec![Batch { sum, all: 10.0 }], response: Batch { sum, all: 10.0 } };
        let seconds = without_drain(vec![second(1.0), second(2.0), second(4.0)]);
        assert_eq!(seconds.len(), 2);
        assert_eq!(seconds[1].batches[0], Batch { sum: 6.0, all: 20.0 });
        assert_eq!(seconds[1].response, Batch { sum: 2.0, all: 10.0 });
        assert_eq!(without_drain(vec![second(1.0)]).len(), 1);
    }
}
