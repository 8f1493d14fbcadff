//! The order in which a round visits the variants.

use crate::param::Stream;

/// The variants of a round in shuffled order: the same for the same seed and round, whatever else happens.
#[must_use]
pub fn order_of_variants(seed: u64, round: u32, variants: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants).collect();
    Stream::purpose(seed, "order of variants", round.into()).shuffle(&mut order);
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
