//! Every distribution against its formula: χ² where values can be counted, Kolmogorov–Smirnov where they cannot. The bounds
//! let a true law pass in all but one of ten thousand seeds.

use super::*;
use crate::param::scramble::Scramble;

const DRAWS: u64 = 100_000;

/// Compares how often each position came with its probability; positions expected less than ten times are taken
/// together with those that follow.
fn assert_follows(what: &str, positions: impl Iterator<Item = usize>, probabilities: &[f64]) {
    let mut counts = vec![0.0_f64; probabilities.len()];
    let mut draws = 0.0;
    for position in positions {
        counts[position] += 1.0;
        draws += 1.0;
    }
    let total: f64 = probabilities.iter().sum();
    let (mut chi_square, mut cells, mut expected, mut found) = (0.0, 0.0, 0.0, 0.0);
    let last = probabilities.len() - 1;
    let mut rest = draws;
    for (at, probability) in probabilities.iter().enumerate() {
        let share = draws * probability / total;
        (expected, found, rest) = (expected + share, found + counts[at], rest - share);
        if (expected >= 10.0 && rest >= 10.0) || at == last {
            chi_square += (found - expected) * (found - expected) / expected;
            (expected, found) = (0.0, 0.0);
            cells += 1.0;
        }
    }
    // Wilson and Hilferty's approximation of the quantile at 1 − 10⁻⁴.
    let freedom: f64 = cells - 1.0;
    let bound = if freedom < 1.0 {
        1e-9
    } else {
        let part = 2.0 / (9.0 * freedom);
        freedom * (1.0 - part + 3.719 * part.sqrt()).powi(3)
    };
    assert!(chi_square <= bound, "{what}: χ² {chi_square} > {bound} over {cells} cells");
}

/// Compares the share of values below each value with the law's.
fn assert_lies(what: &str, mut values: Vec<f64>, below: impl Fn(f64) -> f64) {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = values
        .iter()
        .enumerate()
        .map(|(at, value)| (below(*value) - at as f64 / n).abs().max((below(*value) - (at as f64 + 1.0) / n).abs()))
        .fold(0.0, f64::max);
    // Kolmogorov's distribution at 1 − 10⁻⁴.
    assert!(distance < 2.226 / n.sqrt(), "{what}: distance {distance}");
}

fn follows(generator: &Generator, low: i64, probabilities: &[f64]) {
    let positions = integers(generator, DRAWS).into_iter().map(|value| usize::try_from(value - low).unwrap());
    assert_follows(&format!("{generator:?}"), positions, probabilities);
}

/// Φ by Simpson's rule over the density, from far below.
fn normal_below(x: f64) -> f64 {
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (from, steps) = (-9.0, 400_u32);
    let width = (x - from) / f64::from(steps);
    let weight = |step: u32| if step == 0 || step == 400 { 1.0 } else { f64::from(2 + step % 2 * 2) };
    (0..=steps).map(|step| weight(step) * density(from + width * f64::from(step))).sum::<f64>() * width / 3.0
}

#[test]
fn uniform() {
    follows(&Generator::Uniform(range(-3, 13)), -3, &[1.0; 17]);
    follows(&Generator::Uniform(column("users", 40, Generator::RowNumber)), 1, &[1.0; 40]);
    assert_lies("reals", reals(&Generator::Uniform(between(-2.0, 6.0)), DRAWS), |x| (x + 2.0) / 8.0);
    let instants = integers(&Generator::Timestamp { from_us: -1_000_000, to_us: 9_000_000 }, DRAWS);
    assert_lies("timestamp", instants.into_iter().map(|us| us as f64).collect(), |x| (x + 1e6) / 1e7);
    let whole = integers(&Generator::Uniform(range(i64::MIN, i64::MAX)), DRAWS);
    assert_lies("all", whole.into_iter().map(|x| x as f64).collect(), |x| x / 2_f64.powi(64) + 0.5);
}

#[test]
fn zipf_gives_rank_k_with_probability_proportional_to_k_to_the_minus_s() {
    let cases = [
        (10, 0.0),
        (1_000, 0.5),
        (5_000, 0.8),
        (1_000, 0.99),
        (300, 1.0),
        (300, 1.0005),
        (50, 2.5),
        (2, 3.0),
        (1, 1.2),
    ];
    for (n, exponent) in cases {
        let probabilities: Vec<f64> = (1..=n).map(|k| (k as f64).powf(-exponent)).collect();
        follows(&Generator::Zipf { over: range(1, n), exponent, scramble: false }, 1, &probabilities);
    }
}

#[test]
fn zipf_over_a_billion_ranks_keeps_its_shares() {
    let (n, exponent) = (1e9, 0.99);
    // Σ k^−s up to n: the first thousand one by one, the rest by Euler and Maclaurin.
    let sum = |n: f64| {
        let head: f64 = (1..=1_000).map(|k| f64::from(k).powf(-exponent)).sum();
        let integral = (n.powf(1.0 - exponent) - 1_000_f64.powf(1.0 - exponent)) / (1.0 - exponent);
        head + integral + (n.powf(-exponent) - 1_000_f64.powf(-exponent)) / 2.0
    };
    let ranks = integers(&Generator::Zipf { over: range(1, 1_000_000_000), exponent, scramble: false }, DRAWS);
    let marks = [1_000_i64, 10_000, 1_000_000, 100_000_000, 1_000_000_000];
    let mut before = 0.0;
    let probabilities = marks.map(|mark| sum(mark as f64) - std::mem::replace(&mut before, sum(mark as f64)));
    assert!((probabilities.iter().sum::<f64>() - sum(n)).abs() < 1e-9);
    assert_follows(
        "zipf",
        ranks.into_iter().map(|rank| marks.iter().position(|mark| rank <= *mark).unwrap()),
        &probabilities,
    );
}

#[test]
fn scrambling_only_renames_the_ranks() {
    let zipf = |scramble| Generator::Zipf { over: range(0, 4_999), exponent: 0.9, scramble };
    let renamed = integers(&zipf(false), 20_000).into_iter().map(|rank| {
        let rank = u64::try_from(rank).unwrap();
        i64::try_from(Scramble::new(4_999).apply(rank)).unwrap()
    });
    assert!(renamed.eq(integers(&zipf(true), 20_000)));
}

#[test]
fn hotspot_gives_the_hot_part_its_share() {
    let hotspot = |over| Generator::Hotspot { over, hot_fraction: 0.2, hot_weight: 0.7 };
    let mut probabilities = [0.3 / 40.0; 50];
    probabilities[..10].fill(0.07);
    follows(&hotspot(range(1, 50)), 1, &probabilities);
    follows(&hotspot(range(5, 5)), 5, &[1.0]);
    let below = |x: f64| if x < 2.0 { x * 0.35 } else { 0.7 + (x - 2.0) / 8.0 * 0.3 };
    assert_lies("reals", reals(&hotspot(between(0.0, 10.0)), DRAWS), below);
}

#[test]
fn normal_is_truncated_to_its_range() {
    let normal = |over| Generator::Normal { over, mean: 8.0, deviation: 5.0 };
    let probabilities: Vec<f64> = (1..=20)
        .map(|k| normal_below((f64::from(k) + 0.5 - 8.0) / 5.0) - normal_below((f64::from(k) - 0.5 - 8.0) / 5.0))
        .collect();
    follows(&normal(range(1, 20)), 1, &probabilities);
    follows(&normal(column("users", 20, Generator::RowNumber)), 1, &probabilities);
    let (from, to) = (normal_below(-1.6), normal_below(2.4));
    let below = |x: f64| (normal_below((x - 8.0) / 5.0) - from) / (to - from);
    assert_lies("reals", reals(&normal(between(0.0, 20.0)), 20_000), below);
}

#[test]
fn exponential_is_truncated_to_its_range() {
    let exponential = |over| Generator::Exponential { over, mean: 6.0 };
    let probabilities: Vec<f64> = (0..15).map(|k| (-f64::from(k) / 6.0).exp()).collect();
    follows(&exponential(range(10, 24)), 10, &probabilities);
    let below = |x: f64| (1.0 - (-(x - 1.0) / 6.0).exp()) / (1.0 - (-2.0_f64).exp());
    assert_lies("reals", reals(&exponential(between(1.0, 13.0)), DRAWS), below);
}

#[test]
fn choice_follows_its_weights_and_null_its_rate() {
    let drawn = texts(&choice(&[("a", 5.0), ("b", 0.0), ("c", 3.0), ("d", 2.0)]), DRAWS);
    let position = |text: String| "abcd".find(&text).unwrap();
    assert!(drawn.iter().all(|text| text != "b"));
    let without_b = drawn.into_iter().map(|text| position(text).saturating_sub(1));
    assert_follows("choice", without_b, &[0.5, 0.3, 0.2]);

    let null = Sampler::new(&Generator::Null { rate: 0.25, of: Box::new(Generator::Uniform(range(1, 3))) }).unwrap();
    let position = |value: Value<'_>| match value {
        Value::Null => 0,
        Value::Integer(number) => usize::try_from(number).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_follows("null", (0..DRAWS).map(|count| with_value(&null, count, position)), &[0.25, 0.25, 0.25, 0.25]);
}

#[test]
fn text_has_every_length_and_letter_alike() {
    let drawn = texts(&Generator::Text { min: 3, max: 11 }, 20_000);
    assert_follows("lengths", drawn.iter().map(|text| text.len() - 3), &[1.0; 9]);
    let letters: Vec<char> = ('a'..='z').chain('0'..='9').collect();
    let position = |letter| letters.iter().position(|known| *known == letter).unwrap();
    assert_follows("letters", drawn.iter().flat_map(|text| text.chars()).map(position), &[1.0; 36]);
    assert_eq!(texts(&Generator::Text { min: 0, max: 0 }, 1), [""]);
}
