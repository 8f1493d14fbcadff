//! How unevenly a generator really draws, for the report: skew that nobody chose must not stay hidden.

use std::collections::HashMap;

use super::draw::{Draw, Scratch};
use super::sampler::Sampler;
use super::stream::{Stream, name_hash};
use super::value::Value;

/// Shares of the draws, each in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skew {
    /// Of the value drawn most often.
    pub top_key_share: f64,
    /// Of the hundredth of all values (at least one) that is drawn most often.
    pub top_1_percent_share: f64,
}

/// Draws `draws` values as a parameter would be drawn, and says how they are spread. `None` for generators that do not choose
/// among values that can be counted (UUIDs, text, reals, instants, constants), and for no draws.
///
/// The first half of the draws decides which values are the most frequent, the second half what their share is: the
/// most frequent values of the same draws would seem more frequent than they are.
#[must_use]
pub fn skew(sampler: &Sampler, draws: u64, seed: u64) -> Option<Skew> {
    let values = sampler.size()?;
    let half = draws / 2;
    if half == 0 {
        return None;
    }
    let mut scratch = Scratch::default();
    let mut counts: HashMap<u64, (u64, u64)> = HashMap::new();
    for number in 0..half * 2 {
        let draw = Draw::param(Stream::purpose(seed, "skew", number), 0, 0, 0);
        let count = counts.entry(identity(sampler.draw(&draw, &mut scratch))).or_default();
        if number < half { count.0 += 1 } else { count.1 += 1 }
    }
    let mut ranked: Vec<(u64, u64, u64)> =
        counts.into_iter().map(|(key, (first, second))| (first, key, second)).collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    let share = |keys: usize| ratio(ranked.iter().take(keys).map(|(_, _, second)| second).sum(), half);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates above the keys seen")]
    let hundredth = ((values / 100.0).ceil() as usize).max(1);
    Some(Skew { top_key_share: share(1), top_1_percent_share: share(hundredth) })
}

#[expect(clippy::cast_precision_loss, reason = "counts of draws")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// A number that different values share only by a chance of 2⁻⁶⁴.
fn identity(value: Value<'_>) -> u64 {
    match value {
        Value::Null => name_hash("null"),
        Value::Bool(truth) => name_hash(if truth { "true" } else { "false" }),
        Value::Integer(number) | Value::TimestampUs(number) => super::stream::mix(number.cast_unsigned()),
        Value::Real { value, .. } => super::stream::mix(value.to_bits()),
        Value::Text(text) => name_hash(text),
        Value::Uuid(bytes) => {
            let [high, low] =
                [0, 8].map(|at| bytes[at..at + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
            super::stream::absorb(high, low)
        }
    }
}
