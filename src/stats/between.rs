//! Two groups of figures that have nothing to do with each other round by round: the runs of two sides.
//!
//! Sources: the interval of a difference of two means whose spreads may differ is Welch's (B. L. Welch, "The generalization of
//! 'Student's' problem when several different population variances are involved", 1947), its degrees of freedom are
//! Satterthwaite's (F. E. Satterthwaite, "An approximate distribution of estimates of variance components", 1946). A spread
//! that is pooled over groups is the usual one of a one-way analysis of variance.

use super::estimate::{CONFIDENCE, Estimate, Interval, MIN_ROUNDS, Moments, POWER, t_quantile};

/// A spread between figures that is known from groups of them: of logs for ratios, of the figures for differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Variance of one figure.
    variance: f64,
    /// Degrees of freedom that it rests on.
    degrees: f64,
}

impl Spread {
    /// The spread within groups, each around its own mean, so that differences between them do not count. `None` with
    /// fewer than `least` degrees of freedom (figures beyond the first of each group).
    #[must_use]
    pub fn within(groups: &[Vec<f64>], least: usize) -> Option<Self> {
        let degrees: usize = groups.iter().map(|group| group.len().saturating_sub(1)).sum();
        let squares: f64 = groups.iter().filter(|group| group.len() > 1).map(|group| squares(group)).sum();
        (degrees >= least.max(1) && squares.is_finite())
            .then(|| Self { variance: squares / degrees as f64, degrees: degrees as f64 })
    }

    /// The same of the figures' logs; `None` also when one of them is not positive.
    #[must_use]
    pub fn within_logs(groups: &[Vec<f64>], least: usize) -> Option<Self> {
        Self::within(&groups.iter().map(|group| logs(group)).collect::<Option<Vec<_>>>()?, least)
    }
}

fn squares(group: &[f64]) -> f64 {
    let mean = group.iter().sum::<f64>() / group.len() as f64;
    group.iter().map(|value| (value - mean).powi(2)).sum()
}

fn logs(figures: &[f64]) -> Option<Vec<f64>> {
    figures.iter().map(|figure| Some(figure.ln()).filter(|log| log.is_finite())).collect()
}

/// Standard error of a difference of means and its degrees of freedom.
#[derive(Clone, Copy, Debug)]
struct Error {
    error: f64,
    degrees: f64,
}

impl Error {
    /// Welch's, with Satterthwaite's degrees of freedom; `None` where a group has fewer than three figures.
    fn welch(first: &Moments, other: &Moments) -> Option<Self> {
        let (of_first, of_other) = (first.error?.powi(2), other.error?.powi(2));
        let squared = of_first + of_other;
        let weight = of_first.powi(2) / first.degrees + of_other.powi(2) / other.degrees;
        // Without any spread the degrees do not matter, for the error is none.
        let degrees = if weight > 0.0 { squared.powi(2) / weight } else { first.degrees + other.degrees };
        Some(Self { error: squared.sqrt(), degrees })
    }

    /// Of means of so many figures each, whose spread is known from elsewhere.
    fn known(spread: Spread, first: usize, other: usize) -> Self {
        let each = 1.0 / first as f64 + 1.0 / other as f64;
        Self { error: (spread.variance * each).sqrt(), degrees: spread.degrees }
    }

    fn half_width(self) -> Option<f64> {
        Some(t_quantile(f64::midpoint(1.0, CONFIDENCE), self.degrees)? * self.error)
    }

    fn detectable(self) -> Option<f64> {
        Some(self.half_width()? + t_quantile(POWER, self.degrees)? * self.error)
    }
}

fn error(first: &[f64], other: &[f64], spread: Option<Spread>) -> (f64, Option<Error>) {
    let moments = (Moments::of(first), Moments::of(other));
    let error = match spread {
        Some(spread) => Some(Error::known(spread, first.len(), other.len())),
        None => Error::welch(&moments.0, &moments.1),
    };
    (moments.1.mean - moments.0.mean, error)
}

/// The ratio of `other` to `first` (figures of a run each): that of the geometric means. Its interval is Welch's on the logs,
/// or with `spread` that of two means of figures whose spread is known; there is none where a group has fewer than three
/// figures and no spread is known. Never narrower than `resolution`, as in [`ratio`](super::ratio). `None` without figures, or when
/// one is not positive.
#[must_use]
pub fn ratio_between(first: &[f64], other: &[f64], resolution: f64, spread: Option<Spread>) -> Option<Estimate> {
    let (first, other) = (logs(first)?, logs(other)?);
    if first.is_empty() || other.is_empty() {
        return None;
    }
    let (difference, error) = error(&first, &other, spread);
    let (center, least) = (difference.exp(), resolution.ln_1p());
    let interval = error.and_then(Error::half_width).map(|half| {
        let factor = half.max(least).exp();
        Interval { low: center / factor, high: center * factor }
    });
    Some(Estimate {
        value: center,
        interval,
        detectable: error.and_then(Error::detectable).map(|log| log.max(least).exp_m1()),
        rounds: first.len() + other.len(),
    })
}

/// The difference of the means, `other` − `first`, as [`ratio_between`]. `None` without figures.
#[must_use]
pub fn difference_between(first: &[f64], other: &[f64], spread: Option<Spread>) -> Option<Estimate> {
    if first.is_empty() || other.is_empty() || first.iter().chain(other).any(|figure| !figure.is_finite()) {
        return None;
    }
    let (value, error) = error(first, other, spread);
    Some(Estimate {
        value,
        interval: error.and_then(Error::half_width).map(|half| Interval { low: value - half, high: value + half }),
        detectable: error.and_then(Error::detectable),
        rounds: first.len() + other.len(),
    })
}

/// Fewest figures in each group that Welch's interval is computed from: as for an interval over rounds.
pub const MIN_RUNS: usize = MIN_ROUNDS;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-6 * b.abs().max(1.0)
    }

    /// Hours of sleep gained with two soporifics (A. R. Cushny and A. R. Peebles, 1905; the data of Student's paper of 1908).
    const SLEEP: [[f64; 10]; 2] =
        [[0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]];

    /// The published analysis of these data by Welch's test: t = 1.8608 with 17.776 degrees of freedom, and a 95 % interval from
    /// −0.2054832 to 3.3654832.
    #[test]
    fn the_interval_is_that_of_the_published_example() {
        let found = difference_between(&SLEEP[0], &SLEEP[1], None).unwrap();
        let interval = found.interval.unwrap();
        assert!(close(found.value, 1.58), "{found:?}");
        assert!(close(interval.low, -0.205_483_2) && close(interval.high, 3.365_483_2), "{interval:?}");
        let (_, error) = error(&SLEEP[0], &SLEEP[1], None);
        let error = error.unwrap();
        assert!((error.degrees - 17.776).abs() < 5e-4 && (1.58 / error.error - 1.8608).abs() < 5e-5, "{error:?}");
    }

    /// Of logs the same: a ratio is a difference there.
    #[test]
    fn a_ratio_is_the_difference_of_logs() {
        let figures = |group: usize| SLEEP[group].map(f64::exp);
        let found = ratio_between(&figures(0), &figures(1), 0.001, None).unwrap();
        let interval = found.interval.unwrap();
        assert!(close(found.value.ln(), 1.58));
        assert!(close(interval.low.ln(), -0.205_483_2) && close(interval.high.ln(), 3.365_483_2), "{interval:?}");
    }

    /// By hand: within {1, 2, 3} and {10, 14} the squares are 2 and 8, with 2 + 1 degrees; t₀.₉₇₅(3) = 3.182446.
    #[test]
    fn a_known_spread_is_pooled_around_the_mean_of_each_group() {
        let spread = Spread::within(&[vec![1.0, 2.0, 3.0], vec![10.0, 14.0], vec![7.0]], 3).unwrap();
        assert!(close(spread.variance, 10.0 / 3.0) && spread.degrees == 3.0, "{spread:?}");
        let found = difference_between(&[5.0], &[9.0, 11.0], Some(spread)).unwrap();
        let half = 3.182_446_31 * (10.0_f64 / 3.0 * 1.5).sqrt();
        let interval = found.interval.unwrap();
        assert!(close(found.value, 5.0) && close(interval.low, 5.0 - half) && close(interval.high, 5.0 + half));
        assert_eq!(Spread::within(&[vec![1.0, 2.0, 3.0], vec![10.0, 14.0]], 4), None);
        assert_eq!(Spread::within(&[vec![1.0], vec![2.0]], 0), None, "nothing to compare with anything");
        assert_eq!(Spread::within_logs(&[vec![1.0, 0.0, 3.0]], 1), None);
    }

    #[test]
    fn below_three_figures_a_side_there_is_an_estimate_and_no_interval() {
        let found = ratio_between(&[2.0, 2.0], &[3.0, 3.0, 3.0], 0.001, None).unwrap();
        assert!(close(found.value, 1.5) && found.interval.is_none() && found.detectable.is_none(), "{found:?}");
        assert_eq!(ratio_between(&[], &[1.0], 0.001, None), None);
        assert_eq!(ratio_between(&[0.0, 1.0, 1.0], &[1.0; 3], 0.001, None), None);
        assert_eq!(difference_between(&[1.0], &[f64::NAN], None), None);
    }

    #[test]
    fn equal_figures_are_no_surer_than_the_resolution_and_one_quiet_side_is_no_fault() {
        let same = ratio_between(&[2.0; 3], &[2.0; 3], 0.001, None).unwrap();
        let interval = same.interval.unwrap();
        assert!(close(interval.low, 1.0 / 1.001) && close(interval.high, 1.001), "{interval:?}");
        assert!(close(same.detectable.unwrap(), 0.001));
        // One side without any spread leaves the degrees of the other: t₀.₉₇₅(2) = 4.302653, s/√n = 1/√3.
        let found = difference_between(&[5.0; 4], &[1.0, 2.0, 3.0], None).unwrap();
        let half = 4.302_652_73 / 3.0_f64.sqrt();
        assert!(close(found.interval.unwrap().high, -3.0 + half), "{found:?}");
    }

    proptest! {
        /// Which side stands first and the unit of the figures change nothing but the sign.
        #[test]
        fn sides_may_be_exchanged(
            first in prop::collection::vec(1.0..100.0_f64, 3..8),
            other in prop::collection::vec(1.0..100.0_f64, 3..8),
            unit in 0.001..1000.0_f64,
        ) {
            let scaled: Vec<Vec<f64>> = [&first, &other].map(|group| group.iter().map(|value| value * unit).collect()).into();
            let one = ratio_between(&first, &other, 0.001, None).unwrap();
            let back = ratio_between(&scaled[1], &scaled[0], 0.001, None).unwrap();
            let (interval, reverse) = (one.interval.unwrap(), back.interval.unwrap());
            prop_assert!(close(one.value * back.value, 1.0));
            prop_assert!(close(interval.low * reverse.high, 1.0) && close(interval.high * reverse.low, 1.0));
            prop_assert!(interval.low < one.value && one.value < interval.high);
        }
    }
}
