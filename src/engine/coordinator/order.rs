//! The order in which a round visits the variants.

use crate::param::{Phase, Stream};

/// No client has this number: the order has draws of its own.
const NOBODY: u32 = u32::MAX;

/// The variants of a round in shuffled order (Fisher–Yates over draws from the seed): the same for the same seed and
/// round, whatever else happens.
#[must_use]
pub fn order_of_variants(seed: u64, round: u32, variants: usize) -> Vec<usize> {
    let stream = Stream::operation(seed, round, Phase::Answers, NOBODY, 0);
    let mut order: Vec<usize> = (0..variants).collect();
    for last in (1..variants).rev() {
        let chosen = stream.below("order", last as u64, last as u64 + 1);
        order.swap(last, usize::try_from(chosen).unwrap_or(0));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::order_of_variants;
    use std::collections::BTreeMap;

    #[test]
    fn every_order_comes_up_about_as_often_and_the_same_seed_repeats_it() {
        let mut seen: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        for seed in 0..50 {
            for round in 1..=120 {
                *seen.entry(order_of_variants(seed, round, 3)).or_default() += 1;
            }
        }
        assert_eq!(seen.len(), 6);
        // 6,000 shuffles, 1,000 each; six standard deviations are 173.
        assert!(seen.values().all(|count| count.abs_diff(1_000) < 173), "{seen:?}");
        assert_eq!(order_of_variants(1, 1, 5), order_of_variants(1, 1, 5));
        assert_eq!(order_of_variants(1, 1, 1), [0]);
    }
}
