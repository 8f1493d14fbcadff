//! The order in which a round visits the variants.

use crate::param::Stream;

/// The variants of a round in shuffled order: the same for the same seed and round, whatever else happens.
#[must_use]
pub fn order_of_variants(seed: u64, round: u32, variants: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants).collect();
    Stream::purpose(seed, "order of variants", round.into()).shuffle(&mut order);
    order
}

/// The same where each two variants that follow each other in the plan are sides of one: pairs in shuffled order, the two of
/// a pair one right after the other, so that what drifts meets both alike. Which of them goes first is drawn for two rounds
/// at a time: in the second of these it is the other one, so that going first is no advantage.
#[must_use]
pub fn order_in_pairs(seed: u64, round: u32, variants: usize) -> Vec<usize> {
    let pairs = order_of_variants(seed, round, variants / 2);
    let drawn = u64::from(round.saturating_sub(1) / 2);
    let mut order = Vec::with_capacity(variants);
    for pair in pairs {
        let mut both = [2 * pair, 2 * pair + 1];
        let block = drawn.wrapping_mul(variants as u64).wrapping_add(pair as u64);
        Stream::purpose(seed, "order of sides", block).shuffle(&mut both);
        if round.is_multiple_of(2) {
            both.reverse();
        }
        order.extend(both);
    }
    // One without a partner.
    order.extend(2 * (variants / 2)..variants);
    order
}

#[cfg(test)]
mod tests {
    use super::{order_in_pairs, order_of_variants};
    use std::collections::BTreeMap;

    #[test]
    fn sides_stay_together_and_take_turns_in_going_first() {
        let mut first_of_pair = [0_u32; 4];
        let mut in_the_same_order = 0;
        for seed in 0..50 {
            for round in (1..=40).step_by(2) {
                let [one, next] = [round, round + 1].map(|round| order_in_pairs(seed, round, 8));
                let firsts = |order: &[usize]| {
                    let mut firsts: Vec<usize> = order
                        .chunks(2)
                        .map(|pair| {
                            assert_eq!(pair[0] / 2, pair[1] / 2, "the sides of a variant are neighbours: {order:?}");
                            assert_ne!(pair[0], pair[1]);
                            pair[0]
                        })
                        .collect();
                    firsts.sort_unstable();
                    firsts
                };
                let (now, then) = (firsts(&one), firsts(&next));
                for pair in 0..4 {
                    assert_ne!(now[pair], then[pair], "each side goes first in one of two rounds");
                    first_of_pair[pair] += u32::from(now[pair] % 2 == 0);
                }
                in_the_same_order += u32::from(one.iter().map(|v| v / 2).eq(next.iter().map(|v| v / 2)));
            }
        }
        // 1,000 draws for each pair; six standard deviations are 95.
        assert!(first_of_pair.iter().all(|count| count.abs_diff(500) < 95), "{first_of_pair:?}");
        assert!(in_the_same_order < 400, "pairs are shuffled in every round");
        assert_eq!(order_in_pairs(1, 1, 2).len(), 2);
        assert_eq!(order_in_pairs(7, 3, 6), order_in_pairs(7, 3, 6));
    }

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
