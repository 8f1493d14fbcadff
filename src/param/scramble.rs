//! A bijection over 0 … n−1 that spreads neighbours, so that the hottest keys do not share pages.
//!
//! A hash with collisions would merge keys and change the distribution; a bijection only renames them. Over the smallest
//! power of two ≥ n, three rounds of `x · odd + constant` and `x ⊕ (x >> half the bits)`, each of them invertible, permute
//! the numbers; a result ≥ n is permuted again until it is below n (cycle walking), which keeps it a bijection over
//! 0 … n−1 and takes fewer than two rounds on average.
//!
//! The permutation depends on n alone: everything drawn over the same range agrees on which key is the hottest, in every
//! run. It was chosen for spread, not for secrecy.

/// Multiplier (odd) and summand of each round.
const ROUNDS: [(u64, u64); 3] = [
    (0x9e37_79b9_7f4a_7c15, 0x4528_21e6_38d0_1377),
    (0xc2b2_ae3d_27d4_eb4f, 0xbe54_66cf_34e9_0c6c),
    (0xff51_afd7_ed55_8ccd, 0xc0ac_29b7_c97c_50dd),
];

/// The bijection for one n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scramble {
    last: u64,
    mask: u64,
    shift: u32,
}

impl Scramble {
    /// Over 0 … `last`.
    pub(super) fn new(last: u64) -> Self {
        let bits = 64 - last.leading_zeros();
        let mask = if bits == 0 { 0 } else { u64::MAX >> (64 - bits) };
        Self { last, mask, shift: bits.div_ceil(2).max(1) }
    }

    /// Where a number goes; `rank` ≤ `last`.
    pub(super) fn apply(self, rank: u64) -> u64 {
        let mut at = rank;
        loop {
            for (factor, summand) in ROUNDS {
                at = at.wrapping_mul(factor).wrapping_add(summand) & self.mask;
                at ^= at >> self.shift;
            }
            if at <= self.last {
                return at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(n: u64) -> Vec<u64> {
        (0..n).map(|rank| Scramble::new(n - 1).apply(rank)).collect()
    }

    proptest! {
        #[test]
        fn every_number_is_hit_once(n in 1_u64..3_000) {
            let mut hit = all(n);
            hit.sort_unstable();
            prop_assert_eq!(hit, (0..n).collect::<Vec<_>>());
        }

        #[test]
        fn large_ranges_stay_in_bounds_and_apart(last in any::<u64>(), a in any::<u64>(), b in any::<u64>()) {
            let (a, b) = if last == u64::MAX { (a, b) } else { (a % (last + 1), b % (last + 1)) };
            let scramble = Scramble::new(last);
            prop_assert!(scramble.apply(a) <= last);
            prop_assert_eq!(scramble.apply(a) == scramble.apply(b), a == b);
        }
    }

    #[test]
    fn the_hottest_keys_are_not_neighbours() {
        for n in [200, 1_000, 1_024, 10_000, 20_000, 100_000, 1_000_000, 10_000_000] {
            let scramble = Scramble::new(n - 1);
            let mut hottest: Vec<u64> = (0..8).map(|rank| scramble.apply(rank)).collect();
            hottest.sort_unstable();
            let nearest = hottest.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
            assert!(nearest > 1, "{n}: {hottest:?}");
            assert!(hottest[7] - hottest[0] > n / 3, "{n}: {hottest:?}");
        }
    }

    #[test]
    fn ranks_land_in_every_part_of_the_range_alike() {
        // The top tenth of the ranks over sixteen parts: as even as a random permutation would make it (χ², 15 degrees).
        let n = 160_000;
        let mut parts = [0_u32; 16];
        for rank in 0..n / 10 {
            parts[usize::try_from(Scramble::new(n - 1).apply(rank) * 16 / n).unwrap()] += 1;
        }
        let chi_square: f64 = parts.iter().map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi_square < 37.7, "{chi_square}: {parts:?}");
    }
}
