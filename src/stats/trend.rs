//! Whether figures settle: a trend over rounds, or one that repeats within each of them.
//!
//! Trends are of the logs, so that they are relative. A run looks for several of them; its intervals are as wide
//! (Bonferroni) as a false alarm in one run of a hundred allows.

use super::estimate::{Interval, MIN_ROUNDS, Moments, t_quantile};

/// The probability that a run without any trend reports one.
const FALSE_ALARMS: f64 = 0.01;

/// A relative change from the first to the last figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The estimate: 0.1 is ten per cent more at the end than at the begin, −0.5 half of it.
    pub change: f64,
    /// Its interval.
    pub interval: Interval,
}

impl Trend {
    /// Whether the interval excludes "no change".
    #[must_use]
    pub fn is_certain(&self) -> bool {
        !self.interval.contains(0.0)
    }

    fn of(log_change: f64, half: f64) -> Self {
        Self {
            change: log_change.exp_m1(),
            interval: Interval { low: (log_change - half).exp_m1(), high: (log_change + half).exp_m1() },
        }
    }
}

/// The trend of positive figures over their positions (round numbers): least squares on the logs, Student's t with two
/// degrees of freedom less than there are figures. `tests`: how many trends the run looks for. `None` below four figures,
/// where a line fits nearly everything, and when a figure is not positive.
#[must_use]
pub fn trend(points: &[(f64, f64)], tests: usize) -> Option<Trend> {
    let line = Line::through(points)?;
    let degrees = points.len().checked_sub(2).filter(|degrees| *degrees >= 2)? as f64;
    let squares: f64 = points.iter().map(|(x, y)| (y.ln() - line.at(*x)).powi(2)).sum();
    let error = (squares / degrees / line.spread).sqrt() * line.span;
    Some(Trend::of(line.slope * line.span, quantile(tests, degrees)? * error))
}

/// The trend that the series of all rounds have in common, each a list of (position, figure): the mean of their changes from
/// first to last, with the round as the unit of replication. `None` below three series that have a trend at all.
#[must_use]
pub fn common_trend(series: &[Vec<(f64, f64)>], tests: usize) -> Option<Trend> {
    let changes: Vec<f64> =
        series.iter().filter_map(|points| Line::through(points)).map(|line| line.slope * line.span).collect();
    if changes.len() < MIN_ROUNDS {
        return None;
    }
    let moments = Moments::of(&changes);
    Some(Trend::of(moments.mean, quantile(tests, moments.degrees)? * moments.error?))
}

fn quantile(tests: usize, degrees: f64) -> Option<f64> {
    t_quantile(1.0 - FALSE_ALARMS / tests.max(1) as f64 / 2.0, degrees)
}

/// A least-squares line through the logs of figures.
struct Line {
    x_mean: f64,
    y_mean: f64,
    slope: f64,
    /// Sum of the squared deviations of the positions.
    spread: f64,
    /// From the first position to the last.
    span: f64,
}

impl Line {
    /// `None` with fewer than two positions, or when a figure is not positive.
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        if points.iter().any(|(_, y)| !y.ln().is_finite()) {
            return None;
        }
        let n = points.len() as f64;
        let (x_sum, y_sum) = points.iter().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x, sum.1 + y.ln()));
        let (x_mean, y_mean) = (x_sum / n, y_sum / n);
        let spread: f64 = points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
        let cross: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y.ln() - y_mean)).sum();
        let ends =
            points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |ends, (x, _)| (ends.0.min(*x), ends.1.max(*x)));
        (spread > 0.0).then(|| Self { x_mean, y_mean, slope: cross / spread, spread, span: ends.1 - ends.0 })
    }

    fn at(&self, x: f64) -> f64 {
        self.y_mean + self.slope * (x - self.x_mean)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    /// Seven rounds with the given noise (sigma of the log) and growth over all of them.
    fn rounds(rng: &mut Xoshiro256PlusPlus, noise: f64, growth: f64) -> Vec<(f64, f64)> {
        let normal = Normal::new(0.0, noise).unwrap();
        (0..7)
            .map(|round| {
                (f64::from(round), 500.0 * (growth.ln_1p() * f64::from(round) / 6.0 + normal.sample(rng)).exp())
            })
            .collect()
    }

    fn share(experiments: usize, mut certain: impl FnMut() -> bool) -> f64 {
        (0..experiments).filter(|_| certain()).count() as f64 / experiments as f64
    }

    #[test]
    fn a_run_without_a_trend_reports_one_in_a_hundred_times() {
        const RUNS: usize = 3_000;
        const TESTS: usize = 6;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let alarms =
            share(RUNS, || (0..TESTS).any(|_| trend(&rounds(&mut rng, 0.04, 0.0), TESTS).unwrap().is_certain()));
        // A hundredth, give or take three standard deviations.
        assert!((0.004..=0.016).contains(&alarms), "{alarms}");
        let alarms = share(RUNS, || {
            let series: Vec<_> = (0..7).map(|_| rounds(&mut rng, 0.1, 0.0)).collect();
            common_trend(&series, 1).unwrap().is_certain()
        });
        assert!((0.004..=0.016).contains(&alarms), "{alarms}");
    }

    #[test]
    fn a_trend_beyond_the_noise_is_found_with_its_size() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
        let found = share(500, || trend(&rounds(&mut rng, 0.02, 0.3), 6).unwrap().is_certain());
        assert!(found > 0.95, "{found}");
        let series: Vec<_> = (0..7).map(|_| rounds(&mut rng, 0.02, -0.2)).collect();
        let common = common_trend(&series, 6).unwrap();
        assert!(common.is_certain() && common.interval.contains(-0.2), "{common:?}");
    }

    #[test]
    fn an_exact_line_is_certain_and_too_little_says_nothing() {
        let doubling: Vec<(f64, f64)> = (0..5).map(|x| (f64::from(x), f64::from(1 << x))).collect();
        let found = trend(&doubling, 1).unwrap();
        assert!((found.change - 15.0).abs() < 1e-9 && found.is_certain(), "{found:?}");
        assert_eq!(trend(&doubling[..3], 1), None);
        assert_eq!(trend(&[(1.0, 2.0); 5], 1), None, "one position only");
        assert_eq!(trend(&[(1.0, 2.0), (2.0, 0.0), (3.0, 1.0), (4.0, 1.0)], 1), None);
        assert_eq!(common_trend(&[doubling.clone(), doubling, vec![(1.0, 1.0)]], 1), None);
    }

    proptest! {
        /// Neither the unit of the figures nor where positions begin changes a trend.
        #[test]
        fn units_do_not_matter(ys in prop::collection::vec(1.0..100.0_f64, 4..9), unit in 0.001..1000.0_f64) {
            let points = |from: f64, unit: f64| -> Vec<(f64, f64)> {
                ys.iter().enumerate().map(|(x, y)| (x as f64 + from, y * unit)).collect()
            };
            let (one, other) = (trend(&points(1.0, 1.0), 3).unwrap(), trend(&points(9.0, unit), 3).unwrap());
            prop_assert!((one.change - other.change).abs() <= 1e-6 * (1.0 + one.change.abs()));
            prop_assert!(one.interval.low <= one.change && one.change <= one.interval.high);
        }
    }
}
