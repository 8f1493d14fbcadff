//! The statistics against known truth: thousands of simulated experiments at fixed seeds.

use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{difference, ratio, value};

const EXPERIMENTS: usize = 3_000;
const ROUNDS: [usize; 4] = [3, 5, 7, 10];

/// Pairs of figures with a true ratio: what a round does to both, and log-normal noise of each.
fn experiment(rng: &mut Xoshiro256PlusPlus, rounds: usize, truth: f64, noise: f64) -> Vec<(f64, f64)> {
    let normal = Normal::new(0.0, 1.0).unwrap();
    (0..rounds)
        .map(|_| {
            let weather = 100.0 * f64::exp(0.3 * normal.sample(rng));
            let mut noisy = |scale: f64| scale * weather * (noise * normal.sample(rng)).exp();
            (noisy(truth), noisy(1.0))
        })
        .collect()
}

#[test]
fn the_interval_of_a_ratio_covers_the_truth_and_equal_variants_differ_rarely() {
    for (seed, rounds) in ROUNDS.into_iter().enumerate() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed as u64);
        let (mut covered, mut differ) = (0, 0);
        for _ in 0..EXPERIMENTS {
            let found = ratio(&experiment(&mut rng, rounds, 0.7, 0.04), 0.001).unwrap();
            covered += usize::from(found.interval.unwrap().contains(0.7));
            let equal = ratio(&experiment(&mut rng, rounds, 1.0, 0.04), 0.001).unwrap();
            differ += usize::from(!equal.interval.unwrap().contains(1.0));
        }
        let (covered, differ) = (covered as f64 / EXPERIMENTS as f64, differ as f64 / EXPERIMENTS as f64);
        assert!((0.93..=0.98).contains(&covered), "{rounds} rounds cover {covered}");
        assert!(differ <= 0.06, "{rounds} rounds call {differ} of equal variants different");
    }
}

#[test]
fn the_detectable_difference_is_found_four_times_in_five() {
    // The formula takes the spread as known, so it is set from the true spread here.
    let (rounds, noise) = (7, 0.04_f64);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let error = noise * 2.0_f64.sqrt() / (rounds as f64).sqrt();
    let detectable = ((2.446_912 + 0.905_703) * error).exp();
    let found = (0..EXPERIMENTS)
        .filter(|_| {
            let found = ratio(&experiment(&mut rng, rounds, detectable, noise), 0.001).unwrap();
            found.interval.unwrap().low > 1.0
        })
        .count() as f64
        / EXPERIMENTS as f64;
    assert!((0.77..=0.86).contains(&found), "{found}");
}

#[test]
fn intervals_of_values_and_differences_cover_the_truth() {
    let normal = Normal::new(0.0, 1.0).unwrap();
    for (seed, rounds) in ROUNDS.into_iter().enumerate() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(100 + seed as u64);
        let (mut values, mut differences) = (0, 0);
        for _ in 0..EXPERIMENTS {
            let figures: Vec<f64> = (0..rounds).map(|_| 500.0 * f64::exp(0.1 * normal.sample(&mut rng))).collect();
            values += usize::from(value(&figures, 0.001).unwrap().interval.unwrap().contains(500.0));
            let pairs: Vec<(f64, f64)> =
                (0..rounds).map(|_| (3.0 + normal.sample(&mut rng), normal.sample(&mut rng))).collect();
            differences += usize::from(difference(&pairs).unwrap().interval.unwrap().contains(3.0));
        }
        for (what, covered) in [("values", values), ("differences", differences)] {
            let covered = covered as f64 / EXPERIMENTS as f64;
            assert!((0.93..=0.98).contains(&covered), "{what} over {rounds} rounds cover {covered}");
        }
    }
}
