//! Exact decimal numbers: only as much as comparing and printing them takes.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number without leading or trailing zeros: ±0.d₀d₁d₂… × 10^point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// ASCII digits; none for zero.
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// From digits (`0`–`9` as numbers) of which `before` stand before the point.
    pub(super) fn new(negative: bool, digits: impl IntoIterator<Item = u8>, before: i64) -> Self {
        let mut point = before;
        let mut kept = Vec::new();
        for digit in digits {
            if kept.is_empty() && digit == 0 {
                point -= 1;
            } else {
                kept.push(b'0' + digit);
            }
        }
        kept.truncate(kept.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1));
        match kept.is_empty() {
            true => Self { negative: false, digits: kept, point: 0 },
            false => Self { negative, digits: kept, point },
        }
    }

    /// From what a finite float prints: the shortest text that reads back as the same float.
    pub(super) fn of_float(value: f64) -> Self {
        // `Display` of a float never uses an exponent.
        Self::of_plain_text(&value.to_string())
    }

    /// From text with sign, digits and point, and nothing else.
    fn of_plain_text(text: &str) -> Self {
        let unsigned = text.trim_start_matches(['-', '+']);
        let before = unsigned.find('.').unwrap_or(unsigned.len());
        let digits = unsigned.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0');
        Self::new(text.starts_with('-'), digits, i64::try_from(before).unwrap_or(i64::MAX))
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        let digits = std::str::from_utf8(&self.digits).unwrap_or_default();
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0.{digits}e{}", self.point).parse().unwrap_or(f64::NAN)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Decimal {
            fn from(value: $integer) -> Self {
                Self::of_plain_text(&value.to_string())
            }
        }
    )*};
}

from_integers!(i16, i32, i64, u32, u64);

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        // Without leading and trailing zeros, digits compare like text once the points are equal.
        let size = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| if self.negative { size().reverse() } else { size() })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |at: i64| usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(b'0');
        let len = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let text = |range: std::ops::Range<i64>| range.map(|at| char::from(digit(at))).collect::<String>();
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.point > 0 { text(0..self.point) } else { "0".to_owned() };
        write!(f, "{sign}{whole}")?;
        if len > self.point {
            write!(f, ".{}", text(self.point.min(0)..0) + &text(self.point.max(0)..len))?;
        }
        Ok(())
    }
}
