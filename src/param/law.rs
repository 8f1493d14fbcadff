//! The distributions over a range: which of its positions, or which real, a draw takes.

use rand_distr::{Distribution, StandardNormal};

use super::scramble::Scramble;
use super::stream::{Random, fraction, up_to};
use super::zipf::Zipf;

/// Draws outside of the range are drawn again this often. A range that takes less than [`LEAST_INSIDE`] of a normal
/// distribution is refused beforehand, so that this many in a row are less likely than 10⁻¹⁷.
const MOST_REDRAWS: u32 = 4_096;

/// The share of a normal distribution that must lie in the range, as found by [`PROBES`] draws.
const LEAST_INSIDE: f64 = 0.01;
const PROBES: u32 = 10_000;

/// Why a generator cannot be drawn from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub(super) String);

/// A distribution, in units of the range: 0 is its low end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Law {
    /// Every position equally likely.
    Uniform,
    /// Rank k with probability ∝ 1/k^s; rank 1 is position 0 before scrambling.
    Zipf { zipf: Zipf, scramble: Option<Scramble> },
    /// The lowest `fraction` of the range takes `weight` of the draws; uniform within both parts.
    Hotspot { fraction: f64, weight: f64 },
    /// Truncated to the range; position k takes [k, k + 1), so `mean` is half more than the mean position.
    Normal { mean: f64, deviation: f64 },
    /// Truncated to the range; position k takes [k, k + 1). `below_end` is minus the probability of lying in the range.
    Exponential { mean: f64, below_end: f64 },
}

impl Law {
    /// Zipf's law over positions 0 … `last`.
    pub(super) fn zipf(last: u64, exponent: f64, scramble: bool) -> Result<Self, Unusable> {
        if !(exponent.is_finite() && exponent >= 0.0) {
            return Err(Unusable(format!("`exponent` must be a number ≥ 0, got {exponent}")));
        }
        Ok(Self::Zipf { zipf: Zipf::new(count(last), exponent), scramble: scramble.then(|| Scramble::new(last)) })
    }

    /// An exponential law over a range of this length.
    pub(super) fn exponential(mean: f64, length: f64) -> Self {
        Self::Exponential { mean, below_end: (-length / mean).exp_m1() }
    }

    /// Refuses what could not be drawn by drawing again.
    pub(super) fn checked(self, length: f64) -> Result<Self, Unusable> {
        let Self::Normal { mean, deviation } = self else { return Ok(self) };
        let mut random = super::Stream::purpose(0, "normal", 0).random(0, 0);
        let inside = (0..PROBES).filter(|_| (0.0..=length).contains(&normal(&mut random, mean, deviation))).count();
        #[expect(clippy::cast_precision_loss, reason = "a count up to PROBES")]
        let share = inside as f64 / f64::from(PROBES);
        if share < LEAST_INSIDE {
            return Err(Unusable(format!(
                "less than {LEAST_INSIDE} of this normal distribution lies in the range ({share} of {PROBES} draws); \
                 move `mean` into the range or widen `deviation`"
            )));
        }
        Ok(self)
    }

    /// A position in 0 … `last`.
    pub(super) fn position(&self, random: &mut Random, last: u64) -> u64 {
        match *self {
            Self::Uniform => up_to(random, last),
            Self::Zipf { zipf, scramble } => {
                // Ranks begin at 1; beyond 2⁵³ the largest is rounded past the end.
                let position = whole(zipf.rank(random) - 1.0).min(last);
                scramble.map_or(position, |scramble| scramble.apply(position))
            }
            Self::Hotspot { fraction: hot, weight } => {
                let hot = hot_count(last, hot);
                match (hot > last, fraction(random) < weight) {
                    (true, _) => up_to(random, last),
                    (false, true) => up_to(random, hot - 1),
                    (false, false) => hot + up_to(random, last - hot),
                }
            }
            Self::Normal { mean, deviation } => {
                let end = count(last);
                whole(redrawn(random, mean, deviation, |at| at >= 0.0 && at < end)).min(last)
            }
            Self::Exponential { mean, below_end } => whole(exponential(random, mean, below_end)).min(last),
        }
    }

    /// A distance in 0 … `length` from the low end.
    pub(super) fn distance(&self, random: &mut Random, length: f64) -> f64 {
        let at = match *self {
            // Positions of reals have no ranks: refused when the sampler is made.
            Self::Uniform | Self::Zipf { .. } => fraction(random) * length,
            Self::Hotspot { fraction: hot, weight } => {
                if fraction(random) < weight {
                    fraction(random) * length * hot
                } else {
                    length * hot + fraction(random) * length * (1.0 - hot)
                }
            }
            Self::Normal { mean, deviation } => redrawn(random, mean, deviation, |at| (0.0..=length).contains(&at)),
            Self::Exponential { mean, below_end } => exponential(random, mean, below_end),
        };
        at.clamp(0.0, length)
    }
}

/// How many of the positions 0 … `last` are hot: at least one.
pub(super) fn hot_count(last: u64, fraction: f64) -> u64 {
    whole((count(last) * fraction).round()).max(1)
}

/// 0 … `last` are this many. Beyond 2⁵³ the count is rounded, by less than one part in 10¹⁵.
#[expect(clippy::cast_precision_loss, reason = "said in the documentation")]
pub(super) fn count(last: u64) -> f64 {
    last as f64 + 1.0
}

/// The whole part of a number ≥ 0; what is larger than any u64 becomes the largest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturation is what is wanted")]
fn whole(number: f64) -> u64 {
    number as u64
}

fn normal(random: &mut Random, mean: f64, deviation: f64) -> f64 {
    let standard: f64 = StandardNormal.sample(random);
    mean + deviation * standard
}

/// A normal variate that lies inside; after [`MOST_REDRAWS`] the last one, which callers clamp to the range.
fn redrawn(random: &mut Random, mean: f64, deviation: f64, is_inside: impl Fn(f64) -> bool) -> f64 {
    let mut at = normal(random, mean, deviation);
    for _ in 0..MOST_REDRAWS {
        if is_inside(at) {
            break;
        }
        at = normal(random, mean, deviation);
    }
    at
}

/// An exponential variate inside of the range, by inversion of the truncated distribution: the same law as drawing again
/// until it lies inside, in one draw.
fn exponential(random: &mut Random, mean: f64, below_end: f64) -> f64 {
    -mean * (fraction(random) * below_end).ln_1p()
}
