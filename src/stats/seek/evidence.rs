//! How sure observations are that a figure lies on one side of its bound.
//!
//! A share (of operations slower than an objective allows, of failures) is judged by the number of bad ones against the
//! distribution that it has when the share lies exactly at the bound. Near saturation bad ones come in clumps, one for each
//! time that the queue is long, so that their number is that of a compound Poisson process: a Poisson number of clumps,
//! each of exponential size. How large clumps are is measured ([`clumping`]). A mean is judged by Student's t over batches.
//!
//! Source: for a sum S of N ~ Poisson(a) exponential sizes of mean 1, P(S ≤ x) = P(Poisson(x) ≥ Poisson(a)), since a sum of j
//! exponentials is at most x exactly when a Poisson process of rate 1 has at least j events until x (W. Feller, "An
//! Introduction to Probability Theory and Its Applications", volume II, chapter I).

use statrs::distribution::{ContinuousCDF, Discrete, DiscreteCDF, Normal, Poisson, StudentsT};

/// What is to hold of a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The share of bad operations stays below `share`. `clump`: the variance-to-mean ratio of their number that is taken
    /// as long as too little is known of it.
    Share {
        /// The share allowed, above 0 and below 1.
        share: f64,
        /// At least 1.
        clump: f64,
    },
    /// The mean stays below this.
    Mean(f64),
}

/// Some time of a probe: for a share the bad ones of all, for a mean the sum over all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Batch {
    /// Bad operations, or the sum of values.
    pub sum: f64,
    /// All operations.
    pub all: f64,
}

/// Weight of the assumed clumping, in batches.
const ASSUMED_BATCHES: f64 = 5.0;
/// Rates whose share is within this factor of the bound tell how bad operations clump near it.
const NEAR: f64 = 4.0;
/// Above this the sum over Poisson terms gives way to the normal distribution, which it then equals.
const LARGE: f64 = 2_000.0;
/// Fewest batches of which a mean is judged.
const MIN_BATCHES: usize = 4;

/// The variance-to-mean ratio of the number of bad operations in a batch, at a share near the bound: pooled over all rates
/// that were near it, with the assumed one for weight while they are few. `rates`: the batches of each rate.
#[must_use]
pub fn clumping<'a>(share: f64, assumed: f64, rates: impl Iterator<Item = &'a [Batch]>) -> f64 {
    let (mut weight, mut sum) = (ASSUMED_BATCHES, ASSUMED_BATCHES * assumed);
    for batches in rates {
        let found = share_of(batches);
        let count = as_f64(batches.len());
        if batches.len() < 2 || found < share / NEAR || found > share * NEAR {
            continue;
        }
        let pearson: f64 = batches
            .iter()
            .filter(|batch| batch.all > 0.0)
            .map(|batch| (batch.sum - found * batch.all).powi(2) / (found * batch.all))
            .sum();
        sum += pearson * count / (count - 1.0);
        weight += count;
    }
    (sum / weight).max(1.0)
}

/// Bad operations of all, or the mean.
#[must_use]
pub fn share_of(batches: &[Batch]) -> f64 {
    let all: f64 = batches.iter().map(|batch| batch.all).sum();
    if all > 0.0 { batches.iter().map(|batch| batch.sum).sum::<f64>() / all } else { 0.0 }
}

/// How sure it is that the bound is exceeded, from 0 (certainly kept) to 1 (certainly exceeded); 0.5: nothing is known.
/// `clump`: as [`clumping`] says.
#[must_use]
pub fn exceeded(bound: Bound, batches: &[Batch], clump: f64) -> f64 {
    match bound {
        Bound::Share { share, .. } => {
            let all: f64 = batches.iter().map(|batch| batch.all).sum();
            let bad: f64 = batches.iter().map(|batch| batch.sum).sum();
            // Exponential sizes of mean m have a variance-to-mean ratio of 2 m in their sum.
            let size = clump.max(1.0) / 2.0;
            let sure = if all > 0.0 { compound(share * all / size, bad / size) } else { 0.5 };
            // That few operations hold no clump says nothing for one that is there.
            if bad <= share * all { sure.min(0.5) } else { sure }
        }
        Bound::Mean(bound) => mean_exceeded(bound, batches),
    }
}

/// P(S ≤ x) of the compound Poisson sum with `a` clumps expected.
fn compound(a: f64, x: f64) -> f64 {
    if a <= 0.0 {
        return 0.5;
    }
    if x <= 0.0 {
        return (-a).exp();
    }
    if a + x > LARGE {
        return Normal::standard().cdf((x - a) / (a + x).sqrt());
    }
    let (Ok(clumps), Ok(until)) = (Poisson::new(a), Poisson::new(x)) else { return 0.5 };
    let most = int(a + 12.0 * a.sqrt() + 20.0);
    let terms = (0..=most).map(|j| clumps.pmf(j) * if j == 0 { 1.0 } else { until.sf(j - 1) });
    terms.sum::<f64>().clamp(0.0, 1.0)
}

fn mean_exceeded(bound: f64, batches: &[Batch]) -> f64 {
    let batches: Vec<&Batch> = batches.iter().filter(|batch| batch.all > 0.0).collect();
    let count = as_f64(batches.len());
    // What a batch has too much; batches of more operations weigh more.
    let excess: Vec<f64> = batches.iter().map(|batch| batch.sum - bound * batch.all).collect();
    if batches.len() < MIN_BATCHES {
        return 0.5;
    }
    let mean = excess.iter().sum::<f64>() / count;
    let variance = excess.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    if error <= 0.0 {
        return if mean < 0.0 { 0.0 } else { 1.0 };
    }
    StudentsT::new(0.0, 1.0, count - 1.0).map_or(0.5, |t| t.cdf(mean / error))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of batches are small")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a few thousand")]
fn int(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: Bound = Bound::Share { share: 0.01, clump: 1.0 };

    fn of(sum: f64, all: f64) -> Vec<Batch> {
        vec![Batch { sum, all }]
    }

    #[test]
    fn nothing_bad_is_as_sure_as_the_chance_of_no_clump() {
        // 1,000 operations at 1 % are 10 bad ones, 5 clumps of 2.
        let sure = exceeded(SHARE, &of(0.0, 1_000.0), 4.0);
        assert!((sure - (-5.0f64).exp()).abs() < 1e-12, "{sure}");
        // And is never a sign that the bound is exceeded.
        assert_eq!(exceeded(SHARE, &of(0.0, 10.0), 4.0), 0.5);
    }

    #[test]
    fn single_bad_ones_are_about_as_poisson_says() {
        // Exponential sizes instead of ones: the same variance at a ratio of 1, close enough for a decision.
        for (bad, poisson) in [(60.0, 0.066), (100.0, 0.51), (114.0, 0.92)] {
            let sure = exceeded(SHARE, &of(bad, 10_000.0), 1.0);
            assert!((sure - poisson).abs() < 0.07, "{bad}: {sure}");
        }
    }

    #[test]
    fn the_sum_and_the_normal_distribution_agree_where_they_meet() {
        let (below, above) = (compound(990.0, 1_009.0), compound(991.0, 1_010.0));
        assert!((below - above).abs() < 0.01, "{below} {above}");
        assert!(compound(500.0, 1e6) > 0.999_999 && compound(1e6, 500.0) < 1e-6);
    }

    #[test]
    fn clumps_are_found_and_make_less_sure() {
        let clumped: Vec<Batch> =
            (0..100).map(|at| Batch { sum: if at % 10 == 0 { 100.0 } else { 0.0 }, all: 1_000.0 }).collect();
        let clump = clumping(0.01, 1.0, std::iter::once(clumped.as_slice()));
        assert!((80.0..100.0).contains(&clump), "{clump}");
        let some = of(130.0, 10_000.0);
        assert!(exceeded(SHARE, &some, 1.0) > 0.98 && exceeded(SHARE, &some, clump) < 0.75);
        // What is far from the bound tells nothing.
        assert_eq!(clumping(0.1, 7.0, std::iter::once(&[Batch { sum: 1.0, all: 1_000.0 }; 9][..])), 7.0);
    }

    #[test]
    fn a_mean_needs_batches_and_is_judged_by_their_spread() {
        let values = |means: &[f64]| means.iter().map(|mean| Batch { sum: mean * 10.0, all: 10.0 }).collect::<Vec<_>>();
        assert_eq!(exceeded(Bound::Mean(5.0), &values(&[1.0, 1.0, 1.0]), 1.0), 0.5);
        assert_eq!(exceeded(Bound::Mean(5.0), &values(&[1.0; 4]), 1.0), 0.0);
        assert!(exceeded(Bound::Mean(5.0), &values(&[5.1, 5.3, 5.2, 5.4, 5.2]), 1.0) > 0.99);
        let undecided = exceeded(Bound::Mean(5.0), &values(&[4.0, 6.0, 3.0, 7.0, 5.0]), 1.0);
        assert!((0.4..0.6).contains(&undecided), "{undecided}");
    }
}
