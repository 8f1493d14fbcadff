//! Zipf's law over ranks 1 … n: rank k with probability ∝ 1/k^s.
//!
//! Rejection-inversion after W. Hörmann and G. Derflinger, "Rejection-Inversion to Generate Variates from Monotone Discrete
//! Distributions" (1996): invert the integral H of t^−s over [½, n + ½], round to the nearest rank, and accept it unless
//! the point lies above the rank's own bar. Set-up does not depend on n, and nearly every draw is accepted by one
//! comparison after one exponential and one logarithm.

use super::stream::{Random, fraction};

/// Below this distance of s from 1, `ln_1p` keeps the digits that `ln` would lose.
const NEAR_ONE: f64 = 1e-3;

/// The constants of one (n, s).
#[derive(Clone, Copy, Debug)]
pub(super) struct Zipf {
    n: f64,
    s: f64,
    /// 1 − s, and its inverse; the inverse is not used when s is 1.
    power: f64,
    inverse: f64,
    /// H at ½ (where the bar of rank 1 begins) and at n + ½.
    start: f64,
    end: f64,
    /// Roundings down by at most this are accepted without a look at the bar.
    sure: f64,
}

impl Zipf {
    /// For `n` ≥ 1 and a finite `s` ≥ 0.
    pub(super) fn new(n: f64, s: f64) -> Self {
        let power = 1.0 - s;
        let mut zipf = Self { n, s, power, inverse: power.recip(), start: 0.0, end: 0.0, sure: 0.0 };
        zipf.start = zipf.integral(1.5) - 1.0;
        zipf.end = zipf.integral(n + 0.5);
        zipf.sure = 2.0 - zipf.invert(zipf.integral(2.5) - zipf.bar(2.0));
        zipf
    }

    /// ∫ t^−s from 1 to x.
    fn integral(&self, x: f64) -> f64 {
        if self.power == 0.0 { x.ln() } else { (self.power * x.ln()).exp_m1() * self.inverse }
    }

    /// The x whose integral is `area`.
    fn invert(&self, area: f64) -> f64 {
        if self.power == 0.0 {
            return area.exp();
        }
        // Rounding may carry it just below −1, where there is no logarithm.
        let shift = (area * self.power).max(-1.0);
        let logarithm = if self.power.abs() < NEAR_ONE { shift.ln_1p() } else { (1.0 + shift).ln() };
        (logarithm * self.inverse).exp()
    }

    fn bar(&self, k: f64) -> f64 {
        (-self.s * k.ln()).exp()
    }

    /// A rank, as a whole number in 1 … n.
    pub(super) fn rank(&self, random: &mut Random) -> f64 {
        loop {
            let area = self.end + fraction(random) * (self.start - self.end);
            let x = self.invert(area);
            let k = (x + 0.5).floor().clamp(1.0, self.n);
            if k - x <= self.sure || area >= self.integral(k + 0.5) - self.bar(k) {
                return k;
            }
        }
    }
}
