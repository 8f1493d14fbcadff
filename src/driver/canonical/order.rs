//! Sameness of answers, and an order in which multisets of rows can be laid side by side.

use std::cmp::Ordering;

use super::{Canonical, Decimal};

/// What two floats may differ by, relative to the larger one.
const TOLERANCE: f64 = 1e-9;

impl Canonical {
    /// Whether two answers are the same: floats to 1e-9 relative, everything else exactly.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(left), Self::Float(right)) => near(*left, *right),
            (Self::Float(float), Self::Number(number)) | (Self::Number(number), Self::Float(float)) => {
                near(*float, number.to_float())
            }
            (Self::Array(left), Self::Array(right)) => same_row(left, right),
            (Self::Object(left), Self::Object(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.0 == r.0 && l.1.same(&r.1))
            }
            _ => self == other,
        }
    }

    /// Whether floats, which are the same without being equal, may stand in it.
    fn is_inexact(&self) -> bool {
        match self {
            Self::Number(_) | Self::Float(_) => true,
            Self::Array(values) => values.iter().any(Self::is_inexact),
            Self::Object(members) => members.iter().any(|(_, value)| value.is_inexact()),
            _ => false,
        }
    }

    /// The same for numbers that are the same, with few exceptions; 22 bits of mantissa. Half a step is added so that
    /// numbers with few digits stand in the middle of a step and not at its edge.
    fn coarse(&self) -> u64 {
        const STEP: u32 = 30;
        let number = match self {
            Self::Number(number) => number.to_float(),
            Self::Float(value) if value.is_nan() => f64::INFINITY,
            Self::Float(value) => *value,
            _ => return 0,
        };
        ((number + 0.0).to_bits() + (1 << (STEP - 1))) >> STEP
    }

    /// Kinds in the order in which they sort; numbers of both kinds are one.
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) | Self::Float(_) => 2,
            Self::Text(_) => 3,
            Self::Uuid(_) => 4,
            Self::Bytes(_) => 5,
            Self::Date(_) => 6,
            Self::Timestamp(_) => 7,
            Self::Instant(_) => 8,
            Self::Array(_) => 9,
            Self::Object(_) => 10,
            Self::Raw(_) => 11,
        }
    }

    /// A number among numbers: −∞, the finite ones, ∞, not a number.
    fn size(&self) -> Option<(u8, Option<Decimal>)> {
        match self {
            Self::Number(number) => Some((1, Some(number.clone()))),
            Self::Float(value) if value.is_nan() => Some((3, None)),
            Self::Float(value) if value.is_infinite() => Some((if *value < 0.0 { 0 } else { 2 }, None)),
            Self::Float(value) => Some((1, Some(Decimal::of_float(*value)))),
            _ => None,
        }
    }
}

fn near(left: f64, right: f64) -> bool {
    if left.is_nan() || right.is_nan() {
        return left.is_nan() && right.is_nan();
    }
    left == right || (left - right).abs() <= TOLERANCE * left.abs().max(right.abs()) && (left - right).is_finite()
}

impl Ord for Canonical {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Uuid(left), Self::Uuid(right)) => left.cmp(right),
            (Self::Bytes(left), Self::Bytes(right)) | (Self::Raw(left), Self::Raw(right)) => left.cmp(right),
            (Self::Date(left), Self::Date(right)) => left.cmp(right),
            (Self::Timestamp(left), Self::Timestamp(right)) | (Self::Instant(left), Self::Instant(right)) => {
                left.cmp(right)
            }
            (Self::Array(left), Self::Array(right)) => left.cmp(right),
            (Self::Object(left), Self::Object(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()).then_with(|| self.size().cmp(&other.size())),
        }
    }
}

impl PartialOrd for Canonical {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Canonical {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Canonical {}

/// Whether two rows (or arrays) are the same, value by value.
#[must_use]
pub fn same_row(left: &[Canonical], right: &[Canonical]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.same(right))
}

/// Sorts rows so that those of two equal multisets stand at equal places: what compares exactly decides first, then the
/// size of numbers by and large, and their last digits only between rows that are equal in all of that, so that two
/// floats a hair apart do not tear rows from their pair.
pub fn sort_rows(rows: &mut [Vec<Canonical>]) {
    fn exact(row: &[Canonical]) -> impl Iterator<Item = Option<&Canonical>> {
        row.iter().map(|value| Some(value).filter(|value| !value.is_inexact()))
    }
    fn coarse(row: &[Canonical]) -> impl Iterator<Item = u64> {
        row.iter().map(Canonical::coarse)
    }
    rows.sort_by(|left, right| {
        exact(left).cmp(exact(right)).then_with(|| coarse(left).cmp(coarse(right))).then_with(|| left.cmp(right))
    });
}
