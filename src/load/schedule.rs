//! The schedule of an open loop: when each arrival is to start, as a function of seed, round, phase and its number.
//!
//! Arrival `i` starts when the integral of the rate reaches the sum of the gaps before it. Gaps are of mean 1: all equal
//! (`constant`; the first arrival is at 0), or drawn from the exponential distribution (`poisson`), each keyed by the
//! number of its arrival. So a steady rate and one that changes are the same arithmetic (the time change of a Poisson
//! process), and nothing depends on workers, clients or clocks.
//!
//! A sum has no closed form, so who asks carries a [`Cursor`] and adds up from where it stands. Marks, one every
//! [`BLOCK`] arrivals, are made before the slice: a cursor that has fallen behind jumps to the next one. They take eight
//! bytes per 1024 arrivals: 1.4 MB for an hour at 50,000 per second.

use super::profile::Profile;
use crate::param::{Phase, Stream, name_hash};

/// Arrivals from one mark to the next.
pub const BLOCK: u64 = 1024;

const GAP: u64 = name_hash("gap");

/// How the starts are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Equal gaps.
    Constant,
    /// Exponential gaps: arrivals that know nothing of each other.
    Poisson,
}

/// What the draws of a schedule are keyed by; the same in all variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleKey {
    /// Seed of the run.
    pub seed: u64,
    /// Round, from 1.
    pub round: u32,
    /// Each phase has a schedule of its own, numbered from 0.
    pub phase: Phase,
}

/// Where the sum of the gaps stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cursor {
    /// How many gaps are in the sum.
    gaps: u64,
    sum: f64,
}

/// Planned starts, from the begin of a phase.
#[derive(Clone, Debug)]
pub struct Schedule {
    rate_per_s: Profile,
    spacing: Spacing,
    key: ScheduleKey,
    /// The sum of the first `BLOCK`, `2·BLOCK` … gaps. Empty: every cursor walks.
    marks: Vec<f64>,
    planned: u64,
}

impl Schedule {
    /// A schedule whose marks are made and whose arrivals are counted here: about 20 ns for each arrival.
    #[must_use]
    pub fn new(rate_per_s: Profile, spacing: Spacing, key: ScheduleKey) -> Self {
        let mut schedule = Self::without_marks(rate_per_s, spacing, key);
        let mut marks = Vec::new();
        schedule.planned = schedule.count_before(u64::MAX, &mut marks);
        schedule.marks = marks;
        schedule
    }

    /// A schedule of which nobody needs to know the number of arrivals, and on which no cursor falls far behind: the
    /// warm-up's, whose end is not known beforehand.
    #[must_use]
    pub fn without_marks(rate_per_s: Profile, spacing: Spacing, key: ScheduleKey) -> Self {
        Self { rate_per_s, spacing, key, marks: Vec::new(), planned: u64::MAX }
    }

    /// How many arrivals it has; `u64::MAX` if they were not counted.
    #[must_use]
    pub fn planned(&self) -> u64 {
        self.planned
    }

    /// How many arrivals start before `until_ns`.
    #[must_use]
    pub fn planned_before(&self, until_ns: u64) -> u64 {
        if until_ns >= self.rate_per_s.length_ns() && self.planned < u64::MAX {
            return self.planned;
        }
        self.count_before(until_ns, &mut Vec::new())
    }

    /// How many arrivals start before `until_ns` on average over all seeds: the integral of the rate.
    #[must_use]
    pub fn expected_before(&self, until_ns: u64) -> f64 {
        self.rate_per_s.integral_until(until_ns)
    }

    /// The key of the draws of arrival `number`: of its operation as of its gap.
    #[must_use]
    pub fn stream(&self, number: u64) -> Stream {
        let ScheduleKey { seed, round, phase } = self.key;
        Stream::arrival(seed, round, phase, number)
    }

    /// The intended start of arrival `number`, ns from the begin of the phase; `None` when the schedule ends before it.
    /// A cursor must be asked for rising numbers.
    #[inline]
    #[must_use]
    pub fn start_ns(&self, number: u64, cursor: &mut Cursor) -> Option<u64> {
        let sum = match self.spacing {
            Spacing::Constant => number as f64,
            Spacing::Poisson => self.sum_of_gaps(number, cursor),
        };
        let start_ns = self.rate_per_s.time_of_ns(sum)?;
        (start_ns < self.rate_per_s.length_ns()).then_some(start_ns)
    }

    /// The sum of the gaps up to and with that of arrival `number`.
    fn sum_of_gaps(&self, number: u64, cursor: &mut Cursor) -> f64 {
        let gaps = number + 1;
        let blocks = (gaps / BLOCK).min(self.marks.len() as u64);
        if blocks > 0 && cursor.gaps < blocks * BLOCK {
            // At most as many as there are marks.
            *cursor = Cursor { gaps: blocks * BLOCK, sum: self.marks[blocks as usize - 1] };
        }
        while cursor.gaps < gaps {
            cursor.sum += self.gap(cursor.gaps);
            cursor.gaps += 1;
        }
        cursor.sum
    }

    /// The gap before arrival `number`, of mean 1: −ln(1 − u).
    fn gap(&self, number: u64) -> f64 {
        -(-self.stream(number).fraction(GAP, 0)).ln_1p()
    }

    fn count_before(&self, until_ns: u64, marks: &mut Vec<f64>) -> u64 {
        let is_before = |number: u64, cursor: &mut Cursor| {
            self.start_ns(number, cursor).is_some_and(|start_ns| start_ns < until_ns)
        };
        let mut cursor = Cursor::default();
        if self.spacing == Spacing::Constant {
            // The starts rise, so the first that is not before the end can be searched for.
            let (mut low, mut high) = (0, self.rate_per_s.total().ceil() as u64 + 1);
            while low < high {
                let middle = low + (high - low) / 2;
                if is_before(middle, &mut cursor) { low = middle + 1 } else { high = middle }
            }
            return low;
        }
        let mut number = 0;
        while is_before(number, &mut cursor) {
            number += 1;
            if number.is_multiple_of(BLOCK) {
                marks.push(cursor.sum);
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::profile::{Piece, Profile};
    use super::{BLOCK, Cursor, Schedule, ScheduleKey, Spacing};
    use crate::param::Phase;

    const S: u64 = 1_000_000_000;

    fn key(seed: u64) -> ScheduleKey {
        ScheduleKey { seed, round: 1, phase: Phase::Measure }
    }

    fn steady(spacing: Spacing, rate: f64, seconds: u64, seed: u64) -> Schedule {
        Schedule::new(Profile::steady(rate, seconds * S), spacing, key(seed))
    }

    fn starts(schedule: &Schedule) -> Vec<u64> {
        let mut cursor = Cursor::default();
        (0..schedule.planned()).map(|number| schedule.start_ns(number, &mut cursor).expect("planned")).collect()
    }

    #[test]
    fn constant_arrivals_are_equally_spaced_and_exactly_as_many_as_asked() {
        for (rate, seconds, planned) in [(100.0, 2, 200), (3.0, 1, 3), (0.5, 10, 5), (7.0, 3, 21), (1e6, 1, 1_000_000)]
        {
            let schedule = steady(Spacing::Constant, rate, seconds, 1);
            assert_eq!(schedule.planned(), planned, "{rate}/s for {seconds} s");
            for (number, start_ns) in starts(&schedule).into_iter().enumerate() {
                let expected_ns = number as f64 / rate * 1e9;
                assert!((start_ns as f64 - expected_ns).abs() <= 1.0, "arrival {number}: {start_ns}");
            }
        }
    }

    proptest! {
        #[test]
        fn starts_rise_lie_in_the_phase_and_do_not_depend_on_who_asks(
            values in prop::collection::vec((1_u64..4, 0.0_f64..3000.0, 0.0_f64..3000.0), 1..4),
            seed in any::<u64>(),
            poisson in any::<bool>(),
            owners in prop::collection::vec(0_usize..3, 64),
        ) {
            let pieces = values.iter().map(|(s, from, to)| Piece { length_ns: s * S, from: *from, to: *to });
            let spacing = if poisson { Spacing::Poisson } else { Spacing::Constant };
            let schedule = Schedule::new(Profile::new(pieces), spacing, key(seed));
            let starts = starts(&schedule);
            prop_assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(starts.last().is_none_or(|last| *last < schedule.rate_per_s.length_ns()));
            prop_assert_eq!(schedule.start_ns(schedule.planned(), &mut Cursor::default()), None);
            // Three workers take turns as it comes: each asks for some of the numbers only.
            let mut cursors = [Cursor::default(); 3];
            for (number, start_ns) in starts.iter().enumerate() {
                let cursor = &mut cursors[owners[number / 7 % owners.len()]];
                prop_assert_eq!(schedule.start_ns(number as u64, cursor), Some(*start_ns));
            }
            // One that comes late jumps.
            for number in [starts.len() / 2, starts.len().saturating_sub(1)] {
                if let Some(start_ns) = starts.get(number) {
                    prop_assert_eq!(schedule.start_ns(number as u64, &mut Cursor::default()), Some(*start_ns));
                }
            }
            let half_ns = schedule.rate_per_s.length_ns() / 2;
            let before = starts.iter().filter(|start_ns| **start_ns < half_ns).count() as u64;
            prop_assert_eq!(schedule.planned_before(half_ns), before);
        }
    }

    #[test]
    fn poisson_gaps_follow_the_exponential_distribution() {
        const COUNT: u64 = 1_000_000;
        // 1100 s at 1000/s: more than a million arrivals.
        let schedule = steady(Spacing::Poisson, 1_000.0, 1_100, 7);
        assert!(schedule.planned() > COUNT);
        let mut cursor = Cursor::default();
        let starts: Vec<u64> =
            (0..=COUNT).map(|number| schedule.start_ns(number, &mut cursor).expect("planned")).collect();
        let mut gaps: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
        let mean = gaps.iter().sum::<f64>() / COUNT as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / COUNT as f64;
        // Standard errors: 1/1000 of the mean, √8/1000 of the variance; five of them.
        assert!((mean - 1.0).abs() < 0.005, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.015, "variance {variance}");
        // Neighbours know nothing of each other: the correlation's standard error is 1/1000.
        let products: f64 = gaps.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
        assert!((products / COUNT as f64 / variance).abs() < 0.005);
        // Kolmogorov and Smirnov: above 1.95/√n in one of a thousand seeds; this one is fixed.
        gaps.sort_by(f64::total_cmp);
        let distance = gaps.iter().enumerate().map(|(rank, gap)| {
            let expected = 1.0 - (-gap).exp();
            (expected - rank as f64 / COUNT as f64).abs().max((expected - (rank + 1) as f64 / COUNT as f64).abs())
        });
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1.95 / (COUNT as f64).sqrt(), "{distance}");
    }

    #[test]
    fn the_number_of_poisson_arrivals_varies_as_much_as_it_should() {
        // 400 slices of 1000 expected arrivals: mean within 5 · √(1000/400), variance within 5 · 1000 · √(2/400).
        let counts: Vec<f64> = (0..400).map(|seed| steady(Spacing::Poisson, 500.0, 2, seed).planned() as f64).collect();
        let mean = counts.iter().sum::<f64>() / 400.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 399.0;
        assert!((mean - 1000.0).abs() < 8.0, "{mean}");
        assert!((variance - 1000.0).abs() < 354.0, "{variance}");
    }

    #[test]
    fn a_ramp_has_as_many_arrivals_in_each_part_as_the_integral_of_its_rate() {
        let ramp = || Profile::new([Piece { length_ns: 10 * S, from: 0.0, to: 20_000.0 }]);
        let constant = Schedule::new(ramp(), Spacing::Constant, key(1));
        assert_eq!(constant.planned(), 100_000);
        let poisson = Schedule::new(ramp(), Spacing::Poisson, key(1));
        for second in 1..=10_u64 {
            let expected = 1_000.0 * (second * second) as f64;
            assert_eq!(constant.planned_before(second * S) as f64, expected, "{second} s");
            let found = poisson.planned_before(second * S) as f64;
            assert!((found - expected).abs() < 5.0 * expected.sqrt(), "{second} s: {found} instead of {expected}");
        }
    }

    #[test]
    fn rounds_phases_and_seeds_have_schedules_of_their_own_and_repeat_them() {
        let profile = || Profile::steady(1_000.0, S);
        let with = |seed, round, phase| {
            starts(&Schedule::new(profile(), Spacing::Poisson, ScheduleKey { seed, round, phase }))
        };
        let first = with(1, 1, Phase::Measure);
        assert_eq!(first, with(1, 1, Phase::Measure));
        for other in [with(2, 1, Phase::Measure), with(1, 2, Phase::Measure), with(1, 1, Phase::Warmup)] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn memory_is_a_mark_for_each_block() {
        let schedule = steady(Spacing::Poisson, 50_000.0, 10, 1);
        assert_eq!(schedule.marks.len() as u64, schedule.planned() / BLOCK);
        assert!(steady(Spacing::Constant, 50_000.0, 10, 1).marks.is_empty());
    }
}
