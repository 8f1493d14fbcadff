//! Seeded random streams: a draw is a function of (seed, round, phase, operation number, name, index), never of how
//! many draws came before.
//!
//! # The function
//! All arithmetic is modulo 2⁶⁴. `mix` is the finalizer of SplitMix64; `absorb(key, word) = mix(key ⊕ word · M)` with an odd
//! `M`, so that for a given key different words give different keys.
//!
//! - an operation: `mix(seed + O)` absorbs round, phase, client, count; that of an arrival has the client 2³² − 1, which no
//!   closed loop reaches, and its number as the count;
//! - a row of a table: `mix(seed + R)` absorbs the table's name and the row number;
//! - anything else that is seeded: `mix(seed + P)` absorbs a purpose and a number.
//!
//! A draw absorbs into that the hash of its name (a parameter, a column) and an index, and the result is the seed of a
//! Xoshiro256++ generator, expanded as its authors recommend (four outputs of SplitMix64). Names are hashed by FNV-1a with
//! a final `mix`. Results of different versions of dbbench are compared by their draws: tests keep them the same.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator that a draw takes its bits from.
pub type Random = Xoshiro256PlusPlus;

const WORD: u64 = 0xd6e8_feb8_6659_fd93;
const OPERATION: u64 = 0x243f_6a88_85a3_08d3;
const ROW: u64 = 0x1319_8a2e_0370_7344;
const PURPOSE: u64 = 0xa409_3822_299f_31d0;

/// Spreads every bit of the input over the output; different inputs give different outputs.
pub(super) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A key that depends on all of `key` and `word`.
pub(super) const fn absorb(key: u64, word: u64) -> u64 {
    mix(key ^ word.wrapping_mul(WORD))
}

/// The number by which a name (of a parameter, a table, a column) enters a draw.
#[must_use]
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    mix(hash)
}

/// Which part of a slice an operation belongs to; each numbers its operations from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The comparison of answers before any timing.
    Answers,
    /// Before the measurement.
    Warmup,
    /// The measurement.
    Measure,
}

/// The key of the draws of one operation, or of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The stream of operation `count` of `client` (closed loop) in a phase of a round.
    #[must_use]
    pub const fn operation(seed: u64, round: u32, phase: Phase, client: u32, count: u64) -> Self {
        let phase = match phase {
            Phase::Answers => 0,
            Phase::Warmup => 1,
            Phase::Measure => 2,
        };
        let key = mix(seed.wrapping_add(OPERATION));
        let key = absorb(absorb(absorb(key, round as u64), phase), client as u64);
        Self { key: absorb(key, count) }
    }

    /// The stream of arrival `number` (open loop) in a phase of a round, whichever client takes it.
    #[must_use]
    pub const fn arrival(seed: u64, round: u32, phase: Phase, number: u64) -> Self {
        Self::operation(seed, round, phase, u32::MAX, number)
    }

    /// The stream of a row of the dataset, from 1; `table` is the [`name_hash`] of the table. Its columns draw from it under
    /// their own names.
    #[must_use]
    pub const fn row(seed: u64, table: u64, row: u64) -> Self {
        Self { key: absorb(absorb(mix(seed.wrapping_add(ROW)), table), row) }
    }

    /// A stream for anything else that is decided by the seed, such as the order of variants in a round.
    #[must_use]
    pub const fn purpose(seed: u64, purpose: &str, number: u64) -> Self {
        Self { key: absorb(absorb(mix(seed.wrapping_add(PURPOSE)), name_hash(purpose)), number) }
    }

    /// The generator of one draw: `name` is a [`name_hash`], `index` tells apart several draws of that name.
    #[must_use]
    pub fn random(&self, name: u64, index: u64) -> Random {
        Random::seed_from_u64(absorb(absorb(self.key, name), index))
    }

    /// A single number in [0, 1), for a choice by weight.
    #[must_use]
    pub fn fraction(&self, name: u64, index: u64) -> f64 {
        fraction(&mut self.random(name, index))
    }

    /// Brings items into an order in which every permutation is equally likely.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        let mut random = self.random(0, 0);
        for last in (1..items.len()).rev() {
            let other = up_to(&mut random, last as u64);
            // `other` is at most `last`, which came from a usize.
            items.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }
}

/// A multiple of 2⁻⁵³ in [0, 1), every one equally likely.
pub(super) fn fraction(random: &mut Random) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64")]
    let numerator = (random.next_u64() >> 11) as f64;
    numerator * (1.0 / 9_007_199_254_740_992.0)
}

/// A number in 0 … `last`, every one equally likely.
///
/// D. Lemire, "Fast Random Integer Generation in an Interval" (2019): the high word of a product, drawn again in the few cases
/// that would make some numbers likelier.
pub(super) fn up_to(random: &mut Random, last: u64) -> u64 {
    let Some(count) = last.checked_add(1) else { return random.next_u64() };
    let mut product = u128::from(random.next_u64()) * u128::from(count);
    if low_word(product) < count {
        let surplus = count.wrapping_neg() % count;
        while low_word(product) < surplus {
            product = u128::from(random.next_u64()) * u128::from(count);
        }
    }
    high_word(product)
}

#[expect(clippy::cast_possible_truncation, reason = "the low word is wanted")]
pub(super) const fn low_word(product: u128) -> u64 {
    product as u64
}

pub(super) const fn high_word(product: u128) -> u64 {
    (product >> 64) as u64
}
