//! `--slo`: what has to hold of a rate, from its text to what a search judges.

use std::time::Duration;

use crate::cli::failure::Failure;
use crate::metrics::{Distribution, OperationMetrics};
use crate::result::search::{ObjectiveFigure, ObjectiveRecord, times_of};
use crate::stats::seek::{Batch, Bound};
use crate::words::{ExitCode, Metric, Percentile, TimeKind, UnknownMetric};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measured {
    /// A percentile stays below a time, µs.
    Percentile(TimeKind, Percentile, f64),
    /// A mean does.
    Mean(TimeKind),
    /// The share of failed operations stays below another.
    Failures,
}

/// An objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// As it was given, blanks aside.
    pub text: String,
    measured: Measured,
    metric: String,
    /// µs, or a share.
    below: f64,
}

const EXAMPLE: &str = "for example 'response.p99<20ms' or 'failures.share<0.1%'";

/// Reads an objective.
///
/// # Errors
/// With a caret at what is wrong, and what would be accepted.
pub fn parse(text: &str) -> Result<Objective, Failure> {
    let Some(at) = text.find(['<', '>', '=', '≤']) else {
        return Err(refuse(text, text.len(), &format!("an objective is METRIC<VALUE, {EXAMPLE}")));
    };
    let (name, rest) = text.split_at(at);
    let value = match rest.strip_prefix("<=").or_else(|| rest.strip_prefix('≤')).or_else(|| rest.strip_prefix('<')) {
        Some(value) => value,
        None => {
            let rule =
                "an objective is an upper bound, with `<` or `<=`: a lower one holds the better the less is asked for";
            return Err(refuse(text, at, rule));
        }
    };
    let value_at = text.len() - value.len() + (value.len() - value.trim_start().len());
    let metric = metric(text, name.trim())?;
    let value = value.trim();
    let (measured, below) = match metric {
        Metric::FailuresShare => (Measured::Failures, share(text, value, value_at)?),
        Metric::Time(kind, figure) => {
            let below = time_us(text, value, value_at)?;
            match figure {
                Percentile::Mean => (Measured::Mean(kind), below),
                figure => (Measured::Percentile(kind, figure, below), below),
            }
        }
        _ => return Err(refuse(text, 0, NO_OBJECTIVE)),
    };
    let metric = metric.name();
    Ok(Objective { text: format!("{metric}<{value}"), measured, metric, below })
}

const NO_OBJECTIVE: &str = "an objective is about response, service, queue or acquire (.p50, .p90, .p95, .p99, .p999, .mean), or failures.share";

fn metric(text: &str, name: &str) -> Result<Metric, Failure> {
    // How others spell it.
    let name = if name == "failure_ratio" { "failures.share" } else { name };
    match Metric::parse(name) {
        Ok(Metric::Time(_, Percentile::Max | Percentile::Min)) => {
            let rule = "the largest of all operations grows with their number, so that no rate keeps below a bound for good: \
                        take a percentile, such as p999";
            Err(refuse(text, 0, rule))
        }
        Ok(Metric::Time(TimeKind::Connect, _)) => Err(refuse(text, 0, NO_OBJECTIVE)),
        Ok(metric @ (Metric::Time(..) | Metric::FailuresShare)) => Ok(metric),
        Ok(Metric::Goodput) => {
            Err(refuse(text, 0, "goodput is what the search looks for; say what may not suffer by it"))
        }
        Ok(Metric::Failures(_)) => {
            Err(refuse(text, 0, "of failures the share of all operations is an objective: failures.share<0.1%"))
        }
        Err(UnknownMetric::Meant(meant)) => Err(refuse(text, 0, &format!("the metric's name is `{meant}`"))),
        Ok(_) | Err(_) => Err(refuse(text, 0, &format!("`{name}` is no metric of an objective; {NO_OBJECTIVE}"))),
    }
}

fn share(text: &str, value: &str, at: usize) -> Result<f64, Failure> {
    let share = match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => value.parse(),
    };
    share.ok().filter(|share| *share > 0.0 && *share < 1.0).ok_or_else(|| {
        refuse(
            text,
            at,
            "a share lies above 0 and below 100 %, for example 0.1% or 0.001; without any failure none is certain",
        )
    })
}

fn time_us(text: &str, value: &str, at: usize) -> Result<f64, Failure> {
    if value.parse::<f64>().is_ok() {
        return Err(refuse(text, at, &format!("a time has a unit: {value}ms, {value}us or {value}s")));
    }
    let read = value.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    read.filter(|time| !time.is_zero())
        .map(|time| time.as_secs_f64() * 1e6)
        .ok_or_else(|| refuse(text, at, "a time above 0 is wanted here, for example 20ms, 500us or 1.5s"))
}

/// With a caret below the byte `at`.
fn refuse(text: &str, at: usize, rule: &str) -> Failure {
    let before = text.get(..at).map_or(0, |before| before.chars().count());
    let message = format!("error: --slo: {rule}\n  | {text}\n  | {}^", " ".repeat(before));
    Failure::rendered(ExitCode::Usage, message)
}

impl Objective {
    /// What it is about, for results.
    #[must_use]
    pub fn record(&self) -> ObjectiveRecord {
        ObjectiveRecord {
            objective: self.text.clone(),
            metric: self.metric.clone(),
            below: self.below,
            is_time: !matches!(self.measured, Measured::Failures),
            beyond_allowed: self.allowed(),
        }
    }

    /// Of a percentile the share that may be slower.
    fn allowed(&self) -> Option<f64> {
        match self.measured {
            Measured::Percentile(_, figure, _) => figure.quantile().map(|quantile| 1.0 - quantile),
            Measured::Mean(_) | Measured::Failures => None,
        }
    }

    /// Whether it is about failures, which then need no other judge.
    #[must_use]
    pub fn is_of_failures(&self) -> bool {
        self.measured == Measured::Failures
    }

    /// The time that operations are allowed, s; of a mean four times as long, since some take that.
    #[must_use]
    pub fn patience_s(&self) -> Option<f64> {
        match self.measured {
            Measured::Percentile(..) => Some(self.below / 1e6),
            Measured::Mean(_) => Some(4.0 * self.below / 1e6),
            Measured::Failures => None,
        }
    }

    /// Operations of which twenty are expected to be bad at the bound.
    #[must_use]
    pub fn operations(&self) -> f64 {
        match self.measured {
            Measured::Percentile(..) => 20.0 / self.allowed().unwrap_or(0.01),
            Measured::Failures => 20.0 / self.below,
            Measured::Mean(_) => 100.0,
        }
    }

    /// How it is judged, at rates about `rate_per_s` in probes of `probe_s`. How bad operations clump is not known before:
    /// near saturation about five times as many as arrive in the time allowed; but no more than lets a probe without any
    /// say something, since what clumps is seen soon.
    #[must_use]
    pub fn bound(&self, rate_per_s: f64, probe_s: f64) -> Bound {
        match self.measured {
            Measured::Percentile(..) => {
                let share = self.allowed().unwrap_or(0.01);
                let near_saturation = 1.0 + 5.0 * rate_per_s * self.below / 1e6;
                Bound::Share { share, clump: near_saturation.min(rate_per_s * probe_s * share).max(1.0) }
            }
            Measured::Failures => Bound::Share { share: self.below, clump: 2.0 },
            Measured::Mean(_) => Bound::Mean(self.below),
        }
    }

    /// What some time of a probe says of it.
    #[must_use]
    pub fn batch(&self, mix: &OperationMetrics) -> Batch {
        let (sum, all) = match self.measured {
            Measured::Percentile(kind, _, below_us) => {
                let (times, censored) = times(mix, kind);
                (above(times, below_us) + censored, times.count() + censored)
            }
            // What has no end would make any mean longer: it takes at least the bound.
            Measured::Mean(kind) => {
                let (times, censored) = times(mix, kind);
                let sum_us = float(times.sum_ns()) / 1e3 + self.below * 10.0 * float(censored.into());
                return Batch { sum: sum_us, all: float((times.count() + censored).into()) };
            }
            Measured::Failures => (mix.counters.failed, mix.counters.ended()),
        };
        Batch { sum: float(sum.into()), all: float(all.into()) }
    }

    /// The metric over all of `mix`.
    #[must_use]
    pub fn figure(&self, mix: &OperationMetrics) -> ObjectiveFigure {
        let of_all = |batch: Batch| (batch.all > 0.0).then(|| batch.sum / batch.all);
        match self.measured {
            Measured::Percentile(kind, figure, _) => {
                let (times, censored) = times(mix, kind);
                ObjectiveFigure { figure: times_of(times, censored).get(figure), beyond: of_all(self.batch(mix)) }
            }
            Measured::Mean(kind) => {
                let (times, censored) = times(mix, kind);
                ObjectiveFigure { figure: times_of(times, censored).mean, beyond: None }
            }
            Measured::Failures => ObjectiveFigure { figure: of_all(self.batch(mix)), beyond: None },
        }
    }
}

/// The times of a kind, and how many rank above them.
fn times(mix: &OperationMetrics, kind: TimeKind) -> (&Distribution, u64) {
    let started = mix.counters.censored.saturating_sub(mix.counters.unstarted);
    match kind {
        TimeKind::Response | TimeKind::Connect => (&mix.response, mix.counters.censored),
        TimeKind::Service => (&mix.service, started),
        TimeKind::Queue => (&mix.queue, mix.counters.censored),
        // Who did not wait for a connection is not among them.
        TimeKind::Acquire => (&mix.acquire, if mix.acquire.is_empty() { 0 } else { started }),
    }
}

/// How many took longer.
fn above(times: &Distribution, below_us: f64) -> u64 {
    let slow = times.buckets().filter(|bucket| float(bucket.value_ns.into()) / 1e3 >= below_us);
    slow.map(|bucket| bucket.count).sum::<u64>() + times.above_range()
}

#[expect(clippy::cast_precision_loss, reason = "counts and times in ns of a probe stay far below 2^53")]
fn float(value: u128) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::{Measured, parse};
    use crate::metrics::OperationMetrics;
    use crate::stats::seek::Bound;
    use crate::words::{Percentile, TimeKind};

    #[test]
    fn an_objective_is_a_metric_and_what_it_stays_below() {
        let p99 = parse(" response.p99 <= 20ms ").unwrap();
        assert_eq!((p99.text.as_str(), p99.below), ("response.p99<20ms", 20_000.0));
        assert_eq!(p99.measured, Measured::Percentile(TimeKind::Response, Percentile::P99, 20_000.0));
        assert_eq!(parse("queue.mean<1.5s").unwrap().below, 1.5e6);
        assert_eq!(parse("service.p50<500us").unwrap().below, 500.0);
        for same in ["failures.share<0.1%", "failure_ratio<0.1 %", "failures.share<0.001"] {
            let objective = parse(same).unwrap();
            assert!((objective.below - 0.001).abs() < 1e-12 && objective.is_of_failures(), "{same}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at_with_what_would_be_right() {
        let refused = |text: &str| parse(text).unwrap_err().message;
        assert_eq!(
            refused("response.p99<20"),
            "error: --slo: a time has a unit: 20ms, 20us or 20s\n  | response.p99<20\n  |              ^"
        );
        for (text, rule) in [
            ("response.p99", "an objective is METRIC<VALUE"),
            ("", "an objective is METRIC<VALUE"),
            ("response.p99>20ms", "upper bound"),
            ("response.p99=20ms", "upper bound"),
            ("response_us.p99<20ms", "the metric's name is `response.p99`"),
            ("response.p98<20ms", "`response.p98` is no metric of an objective"),
            ("latency<20ms", "`latency` is no metric"),
            ("response.max<20ms", "p999"),
            ("goodput<5", "what the search looks for"),
            ("connect.p99<5ms", "an objective is about"),
            ("failures.timeout<5%", "failures.share<0.1%"),
            ("failures.share<0", "a share lies above 0"),
            ("failures.share<100%", "a share lies above 0"),
            ("response.p99<soon", "a time above 0"),
            ("response.p99<-5ms", "a time above 0"),
            ("response.p99<0ms", "a time above 0"),
            ("response.p99<", "a time above 0"),
        ] {
            assert!(refused(text).contains(rule), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn what_never_ended_is_slower_than_any_bound() {
        let mut mix = OperationMetrics::default();
        (1..=1_000_u64).for_each(|n| mix.response.record(n * 20_000));
        let p99 = parse("response.p99<20ms").unwrap();
        // The last one took 20 ms, which is not below.
        assert_eq!((p99.batch(&mix).sum, p99.batch(&mix).all), (1.0, 1_000.0));
        (mix.counters.censored, mix.counters.unstarted) = (50, 50);
        assert_eq!((p99.batch(&mix).sum, p99.batch(&mix).all), (51.0, 1_050.0));
        assert_eq!(p99.figure(&mix).figure, None);
        assert!(
            matches!(p99.bound(100.0, 60.0), Bound::Share { share, clump } if (share - 0.01).abs() < 1e-9 && clump == 11.0)
        );
        assert!(matches!(p99.bound(100.0, 5.0), Bound::Share { clump, .. } if (clump - 5.0).abs() < 1e-9));
        let queue = parse("queue.p99<1ms").unwrap().batch(&mix);
        assert_eq!((queue.sum, queue.all), (50.0, 50.0), "of a queue time nothing is known but that they waited");
    }
}
