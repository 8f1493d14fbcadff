//! What the plan says the data must look like: pure arithmetic over generators and row counts.

use crate::param::{ColumnSource, Generator, Over};

/// How far a random count may lie from its mean: six standard deviations, once in 500 million columns.
const DEVIATIONS: f64 = 6.0;

/// The share of NULLs that a generator gives; `None` where it depends on what other rows hold.
pub(super) fn null_rate(generator: &Generator) -> Option<f64> {
    match generator {
        Generator::Null { rate, of } => Some(rate + (1.0 - rate) * null_rate(of)?),
        // Drawn uniformly or not: of a column without NULLs none can come, of one that is NULL nothing else.
        _ => match over(generator) {
            Some(Over::Column(source)) => null_rate(&source.generator).filter(|rate| *rate == 0.0 || *rate == 1.0),
            _ if matches!(generator, Generator::Rows(_) | Generator::SameAs { .. } | Generator::Expr(_)) => None,
            _ => Some(0.0),
        },
    }
}

/// Whether so many NULLs among `rows` agree with a rate.
pub(super) fn nulls_agree(nulls: u64, rows: u64, rate: f64) -> bool {
    let (nulls, rows) = (as_f64(nulls), as_f64(rows));
    (nulls - rows * rate).abs()
        <= DEVIATIONS * (rows * rate * (1.0 - rate)).sqrt() + f64::from(rate > 0.0 && rate < 1.0)
}

/// The range or column that a generator draws from.
pub(super) fn over(generator: &Generator) -> Option<&Over> {
    match generator {
        Generator::Uniform(over)
        | Generator::Zipf { over, .. }
        | Generator::Hotspot { over, .. }
        | Generator::Normal { over, .. }
        | Generator::Exponential { over, .. } => Some(over),
        Generator::Null { of, .. } | Generator::SameAs { of, .. } => over(of),
        _ => None,
    }
}

/// The column that a generator draws keys from.
pub(super) fn parent(generator: &Generator) -> Option<&ColumnSource> {
    match over(generator)? {
        Over::Column(source) => Some(source),
        _ => None,
    }
}

/// How many different values could be drawn, for columns whose repetition is worth knowing: keys of another column, and
/// skewed integers.
pub(super) fn possible_keys(generator: &Generator) -> Option<u64> {
    match (over(generator)?, inner(generator)) {
        (Over::Column(source), _) => Some(source.rows),
        (Over::Integers { low, high }, Generator::Zipf { .. } | Generator::Hotspot { .. }) => {
            Some(high.abs_diff(*low).saturating_add(1))
        }
        _ => None,
    }
}

/// Fewest and most different keys that `draws` uniform draws from `possible` distinct ones give; `None` where the plan
/// does not say (skew, keys that may repeat).
pub(super) fn expected_distinct(generator: &Generator, draws: u64) -> Option<(f64, f64)> {
    let source = parent(generator)?;
    let unique = matches!(source.generator, Generator::RowNumber | Generator::Uuid4 | Generator::Uuid7);
    if !unique || !matches!(inner(generator), Generator::Uniform(_)) {
        return None;
    }
    // Occupancy: n draws into m cells leave m·e^(−n/m) of them empty, with variance m·(e^−a − (1+a)·e^−2a), a = n/m
    // (W. Feller, An Introduction to Probability Theory, vol. 1, IV.2; the variance is that of its normal limit).
    let cells = as_f64(source.rows);
    let load = as_f64(draws) / cells;
    let empty = (-load).exp();
    let deviation = (cells * (empty - (1.0 + load) * empty * empty).max(0.0)).sqrt();
    // The exact mean differs from the limit by less than one.
    let (mean, slack) = (cells * (1.0 - empty), DEVIATIONS * deviation + 2.0);
    Some((mean - slack, mean + slack))
}

/// A generator without the NULLs around it.
fn inner(generator: &Generator) -> &Generator {
    match generator {
        Generator::Null { of, .. } | Generator::SameAs { of, .. } => inner(of),
        _ => generator,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows, compared with wide bounds")]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::param::{Draw, Literal, Sampler, Scratch, Value, name_hash};
    use proptest::prelude::*;

    fn uniform_over(rows: u64, of: Generator) -> Generator {
        let source = ColumnSource { table: "p".into(), column: "id".into(), rows, seed: 1, generator: of };
        Generator::Uniform(Over::Column(Arc::new(source)))
    }

    fn nullable(rate: f64, of: Generator) -> Generator {
        Generator::Null { rate, of: Box::new(of) }
    }

    #[test]
    fn null_rates_add_up_through_generators() {
        let one = Generator::Constant(Literal::Integer(1));
        assert_eq!(null_rate(&one), Some(0.0));
        assert_eq!(null_rate(&nullable(0.5, nullable(0.5, one.clone()))), Some(0.75));
        assert_eq!(null_rate(&uniform_over(10, Generator::RowNumber)), Some(0.0));
        assert_eq!(null_rate(&uniform_over(10, nullable(0.5, one))), None);
    }

    #[test]
    fn a_level_of_keys_left_null_is_noticed() {
        assert!(nulls_agree(0, 1_000, 0.0) && !nulls_agree(1, 1_000, 0.0));
        assert!(nulls_agree(1_000, 1_000, 1.0) && !nulls_agree(999, 1_000, 1.0));
        assert!(nulls_agree(100_900, 1_000_000, 0.1) && !nulls_agree(102_000, 1_000_000, 0.1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_drawn_lies_within_the_bounds(seed: u64, parents in 1_u64..3_000, draws in 1_u64..3_000, rate in 0.0..1.0) {
            let generator = nullable(rate, uniform_over(parents, Generator::RowNumber));
            let sampler = Sampler::new(&generator).unwrap();
            let mut scratch = Scratch::default();
            let mut found = std::collections::HashSet::new();
            let mut nulls = 0;
            for row in 1..=draws {
                match sampler.draw(&Draw::cell(seed, name_hash("t"), row, name_hash("c")), &mut scratch) {
                    Value::Null => nulls += 1,
                    Value::Integer(key) => { found.insert(key); }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert!(nulls_agree(nulls, draws, rate), "{nulls} of {draws} at {rate}");
            let (least, most) = expected_distinct(&generator, draws - nulls).unwrap();
            let distinct = found.len() as f64;
            prop_assert!(least <= distinct && distinct <= most, "{least} {distinct} {most}");
            // Half of the keys missing would be noticed as soon as there is enough to see.
            if draws - nulls > 500 && parents > 500 {
                prop_assert!(distinct / 2.0 < least);
            }
        }
    }
}
