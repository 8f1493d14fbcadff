//! A quantity that changes over time, linearly within each piece: arrivals per second, or clients.

/// A span of time over which the quantity goes linearly from one value to another; equal values: it stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Length, ns.
    pub length_ns: u64,
    /// Value at its begin.
    pub from: f64,
    /// Value that it goes to.
    pub to: f64,
}

/// Pieces one after the other, from time 0. Nothing is known after the last one.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pieces: Vec<Placed>,
    length_ns: u64,
    total: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Placed {
    piece: Piece,
    begin_ns: u64,
    /// Integral over all pieces before, in value · seconds.
    before: f64,
}

impl Placed {
    fn length_s(&self) -> f64 {
        self.piece.length_ns as f64 / 1e9
    }

    /// Change of the value per second.
    fn slope(&self) -> f64 {
        (self.piece.to - self.piece.from) / self.length_s()
    }

    fn integral(&self) -> f64 {
        (self.piece.from + self.piece.to) / 2.0 * self.length_s()
    }
}

impl Profile {
    /// Puts pieces one after the other; those without length are left out.
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut profile = Self { pieces: Vec::new(), length_ns: 0, total: 0.0 };
        for piece in pieces.into_iter().filter(|piece| piece.length_ns > 0) {
            let placed = Placed { piece, begin_ns: profile.length_ns, before: profile.total };
            profile.length_ns = profile.length_ns.saturating_add(piece.length_ns);
            profile.total += placed.integral();
            profile.pieces.push(placed);
        }
        profile
    }

    /// One value for so long.
    #[must_use]
    pub fn steady(value: f64, length_ns: u64) -> Self {
        Self::new([Piece { length_ns, from: value, to: value }])
    }

    /// Length of all pieces, ns.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.length_ns
    }

    /// The integral over all pieces, in value · seconds: of a rate, the number of arrivals.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The integral until `at_ns`, in value · seconds.
    #[must_use]
    pub fn integral_until(&self, at_ns: u64) -> f64 {
        let after = self.pieces.partition_point(|placed| placed.begin_ns < at_ns);
        let Some(placed) = after.checked_sub(1).and_then(|last| self.pieces.get(last)) else { return 0.0 };
        let inside_s = (at_ns - placed.begin_ns).min(placed.piece.length_ns) as f64 / 1e9;
        placed.before + inside_s * (placed.piece.from + placed.slope() * inside_s / 2.0)
    }

    /// When the integral rises above `integral`, ns: the inverse of the integral. `None`: not within the pieces.
    ///
    /// In a piece with value `v` at its begin and slope `a` this solves `v·t + a·t²/2 = h`, in the form
    /// `t = 2h / (v + √(v² + 2ah))`, which also holds for `a = 0` and loses no digits for small ones.
    #[must_use]
    pub fn time_of_ns(&self, integral: f64) -> Option<u64> {
        let after = self.pieces.partition_point(|placed| placed.before + placed.integral() <= integral);
        let placed = self.pieces.get(after)?;
        let here = integral - placed.before;
        let value = placed.piece.from;
        let seconds = if here > 0.0 {
            2.0 * here / (value + (value * value + 2.0 * placed.slope() * here).max(0.0).sqrt())
        } else {
            0.0
        };
        // To the nearest ns: what falls on the end of the last piece is then not before it.
        Some(placed.begin_ns.saturating_add((seconds * 1e9).round() as u64))
    }

    /// The first moment from `at_ns` on at which the value lies above `level`, ns. `None`: it does not any more.
    #[must_use]
    pub fn next_above_ns(&self, level: f64, at_ns: u64) -> Option<u64> {
        let first =
            self.pieces.partition_point(|placed| placed.begin_ns.saturating_add(placed.piece.length_ns) <= at_ns);
        self.pieces[first..].iter().find_map(|placed| {
            let Piece { length_ns, from, to } = placed.piece;
            let inside_ns = at_ns.saturating_sub(placed.begin_ns);
            if from + placed.slope() * (inside_ns as f64 / 1e9) > level {
                return Some(placed.begin_ns + inside_ns);
            }
            if from > level || to <= level {
                return None;
            }
            // At the crossing it is equal, one nanosecond later above.
            let crossing_ns = ((level - from) / placed.slope() * 1e9) as u64 + 1;
            (crossing_ns < length_ns).then(|| placed.begin_ns + crossing_ns.max(inside_ns))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, Profile};

    const S: u64 = 1_000_000_000;

    fn piece(seconds: u64, from: f64, to: f64) -> Piece {
        Piece { length_ns: seconds * S, from, to }
    }

    /// The integral until `at_ns`, summed up in a million steps: the midpoint rule is exact for linear pieces, but for the
    /// steps that hold a jump.
    fn integral_by_steps(pieces: &[Piece], at_ns: u64) -> f64 {
        let (mut begin_ns, mut sum) = (0, 0.0);
        for piece in pieces {
            let inside_ns = at_ns.saturating_sub(begin_ns).min(piece.length_ns);
            let steps = 1000;
            for step in 0..steps {
                let middle = (f64::from(step) + 0.5) / f64::from(steps) * inside_ns as f64;
                let value = piece.from + (piece.to - piece.from) * middle / piece.length_ns as f64;
                sum += value * inside_ns as f64 / 1e9 / f64::from(steps);
            }
            begin_ns += piece.length_ns;
        }
        sum
    }

    proptest! {
        #[test]
        fn the_inverse_is_the_integrals(
            values in prop::collection::vec((1_u64..20, 0.0_f64..500.0, 0.0_f64..500.0), 1..6),
            share in 0.0_f64..1.0,
        ) {
            let pieces: Vec<Piece> = values.iter().map(|(seconds, from, to)| piece(*seconds, *from, *to)).collect();
            let profile = Profile::new(pieces.clone());
            let wanted = profile.total() * share;
            if let Some(at_ns) = profile.time_of_ns(wanted) {
                prop_assert!(at_ns <= profile.length_ns());
                let found = integral_by_steps(&pieces, at_ns);
                // A nanosecond of the highest rate, and rounding.
                prop_assert!((found - wanted).abs() < 1e-5, "{found} instead of {wanted} at {at_ns}");
                prop_assert!((profile.integral_until(at_ns) - found).abs() < 1e-6);
            }
            prop_assert_eq!(profile.time_of_ns(profile.total()), None);
        }

        #[test]
        fn the_next_moment_above_is_above_and_none_before_it_is(
            values in prop::collection::vec((1_u64..9, 0_u32..9, 0_u32..9), 1..5),
            level in 0_u32..9,
            at in 0_u64..400,
        ) {
            let pieces: Vec<Piece> = values.iter().map(|(s, from, to)| piece(*s, f64::from(*from), f64::from(*to))).collect();
            let profile = Profile::new(pieces.clone());
            let value_at = |at_ns: u64| {
                let mut begin_ns = 0;
                for piece in &pieces {
                    if at_ns < begin_ns + piece.length_ns {
                        return piece.from + (piece.to - piece.from) * (at_ns - begin_ns) as f64 / piece.length_ns as f64;
                    }
                    begin_ns += piece.length_ns;
                }
                -1.0
            };
            let (level, at_ns) = (f64::from(level), at * S / 10);
            let next_ns = profile.next_above_ns(level, at_ns);
            if let Some(next_ns) = next_ns {
                prop_assert!(next_ns >= at_ns && value_at(next_ns + 10) > level - 1e-6);
            }
            let until_ns = next_ns.unwrap_or(profile.length_ns());
            for step in 0..200 {
                let probe_ns = at_ns + until_ns.saturating_sub(at_ns) * step / 200;
                prop_assert!(probe_ns >= until_ns || value_at(probe_ns) <= level + 1e-6, "above at {probe_ns}");
            }
        }
    }

    #[test]
    fn a_pause_holds_the_next_arrival_until_it_is_over() {
        let profile = Profile::new([piece(1, 10.0, 10.0), piece(1, 0.0, 0.0), piece(1, 10.0, 10.0)]);
        assert_eq!(profile.time_of_ns(9.0), Some(900_000_000));
        assert_eq!(profile.time_of_ns(10.0), Some(2 * S));
        assert_eq!(profile.time_of_ns(19.0), Some(2_900_000_000));
        assert_eq!(profile.time_of_ns(20.0), None);
    }

    #[test]
    fn a_ramp_reaches_a_share_of_its_arrivals_after_the_root_of_that_share_of_its_time() {
        let profile = Profile::new([piece(4, 0.0, 100.0)]);
        assert_eq!(profile.total(), 200.0);
        for share in [0.0, 0.25, 0.5, 0.81] {
            let expected_ns = 4e9 * f64::sqrt(share);
            let found_ns = profile.time_of_ns(200.0 * share).expect("within") as f64;
            assert!((found_ns - expected_ns).abs() <= 1.0, "{share}: {found_ns} {expected_ns}");
        }
    }
}
