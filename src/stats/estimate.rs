//! Point estimates with Student t intervals.
//!
//! Sources: the interval of a mean and its t quantiles are Student's (W. S. Gosset, "The Probable Error of a Mean", 1908);
//! ratios of paired figures on logs make the geometric mean and an interval that is the same whichever of the two stands
//! on top (P. J. Fleming and J. J. Wallace, "How not to lie with statistics", 1986); the detectable difference is the usual
//! approximation of a power calculation, (t₀.₉₇₅ + t₀.₈₀)·s/√n (J. M. Bland, "An Introduction to Medical Statistics").

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence that every interval is stated with: the share of runs whose interval covers the truth.
pub const CONFIDENCE: f64 = 0.95;

/// Level that the intervals are computed at when a run looks at them after every round and ends as soon as they are narrow
/// enough. Ending then favours the moments at which the spread happens to look small, and costs up to two of a hundred:
/// computed at this level, intervals cover the truth as often as [`CONFIDENCE`] says.
const REPEATED: f64 = 0.97;

/// Fewest rounds of every comparison at which a run may end because its intervals are narrow enough: before, the spread
/// is too badly known to be waited for.
pub const FIRST_LOOK: u32 = 5;

/// Fewest rounds that an interval is computed from.
pub const MIN_ROUNDS: usize = 3;

/// Probability with which the difference called detectable would be found.
pub(super) const POWER: f64 = 0.80;

/// An interval that covers the truth with probability [`CONFIDENCE`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How often the intervals are looked at before the run ends, which decides the level that they are computed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looks {
    /// Once: how many rounds there are does not depend on what they show.
    #[default]
    Once,
    /// After every round from the [`FIRST_LOOK`] on, until the intervals are narrow enough.
    Repeated,
}

impl Looks {
    /// The level that intervals are computed at; they are stated with [`CONFIDENCE`] either way.
    #[must_use]
    pub fn level(self) -> f64 {
        match self {
            Self::Once => CONFIDENCE,
            Self::Repeated => REPEATED,
        }
    }

    /// [`ratio`] at this level.
    #[must_use]
    pub fn ratio(self, pairs: &[(f64, f64)], resolution: f64) -> Option<Estimate> {
        if pairs.iter().any(|(figure, baseline)| *figure <= 0.0 || *baseline <= 0.0) {
            return None;
        }
        on_logs(pairs.iter().map(|(figure, baseline)| figure / baseline), resolution, self)
    }

    /// [`difference`] at this level.
    #[must_use]
    pub fn difference(self, pairs: &[(f64, f64)]) -> Option<Estimate> {
        let differences: Vec<f64> = pairs.iter().map(|(figure, baseline)| figure - baseline).collect();
        plain(&differences, self)
    }

    /// [`value`] at this level.
    #[must_use]
    pub fn value(self, values: &[f64], resolution: f64) -> Option<Estimate> {
        if values.iter().all(|value| *value > 0.0) {
            on_logs(values.iter().copied(), resolution, self)
        } else {
            plain(values, self)
        }
    }
}

impl Interval {
    /// Whether it holds `value`.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// How far its farther end lies from `center`, as a share of the nearer of the two: 0.03 for ± 3 %. Both must be positive.
    #[must_use]
    pub fn relative_half_width(&self, center: f64) -> f64 {
        (self.high / center).max(center / self.low) - 1.0
    }

    /// Whether all of it lies within `low … high`.
    #[must_use]
    pub fn lies_within(&self, low: f64, high: f64) -> bool {
        low <= self.low && self.high <= high
    }
}

/// A number with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its interval; `None` below three rounds (runs a side).
    pub interval: Option<Interval>,
    /// The relative difference (for differences: the absolute one) that would be found with probability 0.8; `None`
    /// below three rounds.
    pub detectable: Option<f64>,
    /// Rounds that it rests on, or runs of both sides.
    pub rounds: usize,
}

/// Mean and standard error of the mean.
pub(super) struct Moments {
    pub(super) mean: f64,
    /// `None` below three values.
    pub(super) error: Option<f64>,
    pub(super) degrees: f64,
}

impl Moments {
    pub(super) fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let same = values.iter().all(|value| *value == values[0]);
        let mean = if same { values[0] } else { values.iter().sum::<f64>() / n };
        let error = (values.len() >= MIN_ROUNDS).then(|| {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / (n - 1.0) / n).sqrt()
        });
        Self { mean, error, degrees: n - 1.0 }
    }

    fn half_width(&self, looks: Looks) -> Option<f64> {
        Some(t_quantile(f64::midpoint(1.0, looks.level()), self.degrees)? * self.error?)
    }

    /// Half-width plus what a true difference must exceed it by to be found with probability [`POWER`].
    fn detectable(&self, looks: Looks) -> Option<f64> {
        Some(self.half_width(looks)? + t_quantile(POWER, self.degrees)? * self.error?)
    }
}

/// Quantile `p` of Student's t with `degrees` of freedom; `None` where it does not exist.
pub(super) fn t_quantile(p: f64, degrees: f64) -> Option<f64> {
    StudentsT::new(0.0, 1.0, degrees).ok().map(|t| t.inverse_cdf(p))
}

/// Geometric mean of positive figures, with Student's t on their logs. `resolution` is the relative width below which
/// figures cannot be told apart (0.001 for percentiles of a histogram, 0 for exact figures): the interval is never
/// narrower to either side, and no smaller difference is called detectable.
fn on_logs(values: impl Iterator<Item = f64>, resolution: f64, looks: Looks) -> Option<Estimate> {
    let values: Vec<f64> = values.collect();
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    if logs.is_empty() || logs.iter().any(|log| !log.is_finite()) {
        return None;
    }
    let moments = Moments::of(&logs);
    // Equal figures (21 statements in every round) keep their value to the last digit.
    let center = if values.iter().all(|value| *value == values[0]) { values[0] } else { moments.mean.exp() };
    let least = resolution.ln_1p();
    let interval = moments.half_width(looks).map(|half| {
        let factor = half.max(least).exp();
        Interval { low: center / factor, high: center * factor }
    });
    Some(Estimate {
        value: center,
        interval,
        detectable: moments.detectable(looks).map(|log| log.max(least).exp_m1()),
        rounds: logs.len(),
    })
}

/// The ratio of paired figures (figure, baseline), one pair per round: geometric mean of the ratios within rounds.
/// `None` without rounds, or when any figure is not positive: such figures are compared by [`difference`].
#[must_use]
pub fn ratio(pairs: &[(f64, f64)], resolution: f64) -> Option<Estimate> {
    Looks::Once.ratio(pairs, resolution)
}

/// The difference of paired figures (figure − baseline), one pair per round: their mean with Student's t. `None` without
/// rounds.
#[must_use]
pub fn difference(pairs: &[(f64, f64)]) -> Option<Estimate> {
    Looks::Once.difference(pairs)
}

/// A figure itself, one value per round: on logs when all are positive, else plain. `None` without rounds.
#[must_use]
pub fn value(values: &[f64], resolution: f64) -> Option<Estimate> {
    Looks::Once.value(values, resolution)
}

fn plain(values: &[f64], looks: Looks) -> Option<Estimate> {
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let moments = Moments::of(values);
    Some(Estimate {
        value: moments.mean,
        interval: moments
            .half_width(looks)
            .map(|half| Interval { low: moments.mean - half, high: moments.mean + half }),
        detectable: moments.detectable(looks),
        rounds: values.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Interval, Looks, difference, ratio, value};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-6 * b.abs().max(1.0)
    }

    /// Against a computation by hand: logs ln 0.9, ln 1.0, ln 1.1; t₀.₉₇₅(2) = 4.302653, t₀.₈₀(2) = 1.060660.
    #[test]
    fn three_ratios_give_the_interval_of_the_textbook() {
        let logs = [0.9_f64.ln(), 0.0, 1.1_f64.ln()];
        let mean = logs.iter().sum::<f64>() / 3.0;
        let error = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / 2.0 / 3.0).sqrt();
        let found = ratio(&[(9.0, 10.0), (20.0, 20.0), (33.0, 30.0)], 0.001).unwrap();
        let interval = found.interval.unwrap();
        assert!(close(found.value, mean.exp()));
        assert!(close(interval.low, (mean - 4.302_652_73 * error).exp()), "{interval:?}");
        assert!(close(interval.high, (mean + 4.302_652_73 * error).exp()), "{interval:?}");
        assert!(close(found.detectable.unwrap(), ((4.302_652_73 + 1.060_660_17) * error).exp() - 1.0));
    }

    #[test]
    fn below_three_rounds_there_is_no_interval() {
        let two = ratio(&[(1.0, 2.0), (1.0, 2.0)], 0.001).unwrap();
        assert_eq!((two.value, two.interval, two.detectable, two.rounds), (0.5, None, None, 2));
        assert_eq!(ratio(&[], 0.001), None);
        assert_eq!(value(&[], 0.0), None);
    }

    #[test]
    fn equal_rounds_are_no_surer_than_the_resolution() {
        let same = ratio(&[(1.0, 2.0); 5], 0.001).unwrap();
        let interval = same.interval.unwrap();
        assert!(interval.low <= 0.5 / 1.001 + 1e-12 && interval.high >= 0.5 * 1.001 - 1e-12, "{interval:?}");
        assert!(close(same.detectable.unwrap(), 0.001));
        let exact = ratio(&[(21.0, 1.0); 5], 0.0).unwrap().interval.unwrap();
        assert_eq!((exact.low, exact.high), (21.0, 21.0));
    }

    #[test]
    fn a_zero_is_compared_by_difference_and_valued_plainly() {
        let pairs = [(0.0, 4.0), (1.0, 6.0), (2.0, 5.0)];
        assert_eq!(ratio(&pairs, 0.001), None);
        let found = difference(&pairs).unwrap();
        assert!(close(found.value, -4.0) && found.interval.unwrap().high < 0.0, "{found:?}");
        assert!(close(value(&[0.0, 1.0, 2.0], 0.0).unwrap().value, 1.0));
    }
    #[test]
    fn repeated_looks_widen_the_interval_by_the_quantiles_of_the_textbook() {
        // t₀.₉₈₅(4) = 3.297630, t₀.₉₇₅(4) = 2.776445.
        let pairs = [(1.0, 1.0), (1.1, 1.0), (0.9, 1.0), (1.05, 1.0), (1.0, 1.0)];
        let width = |looks: Looks| {
            let found = looks.ratio(&pairs, 0.001).unwrap();
            (found.interval.unwrap().high / found.value).ln()
        };
        assert!(close(width(Looks::Repeated) / width(Looks::Once), 3.297_629_73 / 2.776_445_11));
    }

    #[test]
    fn the_half_width_is_that_of_the_farther_end() {
        let half = |low, high, center| Interval { low, high }.relative_half_width(center);
        assert!(close(half(1.0 / 1.03, 1.03, 1.0), 0.03) && close(half(0.5 / 1.03, 0.5 * 1.03, 0.5), 0.03));
        assert!(close(half(0.9, 1.01, 1.0), 1.0 / 9.0));
    }
}
