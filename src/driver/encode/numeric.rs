//! Decimal text into the server's base-10000 form, without losing a digit on the way.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use bytes::{BufMut, BytesMut};

use super::{Rule, short};
use crate::driver::types::PgType;

/// Text of bounded length on the stack.
pub(in crate::driver) struct StackText<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> StackText<N> {
    pub(super) fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(in crate::driver) fn as_str(&self) -> &str {
        // Only whole `str`s are written.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Write for StackText<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let to = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        to.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Digits before and after the point that the server's type holds.
const MOST_BEFORE: i64 = 131_072;
const MOST_AFTER: i64 = 16_383;

/// A real, rounded to the type's scale, or to `decimals` where it has none. The rounding is that of the exact decimal
/// expansion of the value (half to even).
pub(super) fn write_real(out: &mut BytesMut, value: f64, decimals: u8, ty: &PgType) -> Result<(), Rule> {
    /// More decimals than that tell nothing about a real; the server appends the zeros of a larger scale.
    const MOST_DECIMALS: u8 = 250;
    let scale = ty.numeric_modifier().map_or(i32::from(decimals), |(_, scale)| scale);
    let decimals = u8::try_from(scale.max(0)).unwrap_or(MOST_DECIMALS);
    if short::write(out, value, decimals, ty) { Ok(()) } else { write_exact(out, value, decimals, ty) }
}

/// The same for every value, by way of its decimal expansion.
pub(super) fn write_exact(out: &mut BytesMut, value: f64, decimals: u8, ty: &PgType) -> Result<(), Rule> {
    // Sign, 309 digits, point and decimals.
    let mut text = StackText::<640>::new();
    let decimals = usize::from(decimals);
    write!(text, "{value:.decimals$}").map_err(|_| Cow::from("it has too many digits"))?;
    write(out, text.as_str(), ty)
}

/// What a server has printed.
pub(in crate::driver) fn from_text(out: &mut BytesMut, text: &str) -> Option<()> {
    const INFINITE: u16 = 0xD000;
    const MINUS_INFINITE: u16 = 0xF000;
    /// What the server has in the place of the decimals there.
    const NO_DECIMALS: i64 = 32;
    match text {
        "NaN" => put_header(out, 0, 0, NOT_A_NUMBER, 0),
        "Infinity" => put_header(out, 0, 0, INFINITE, NO_DECIMALS),
        "-Infinity" => put_header(out, 0, 0, MINUS_INFINITE, NO_DECIMALS),
        text => put_digits(out, &Digits::read(text)?),
    }
    Some(())
}

const NOT_A_NUMBER: u16 = 0xC000;

/// Decimal text: sign, digits, point, exponent; `NaN`.
pub(super) fn write(out: &mut BytesMut, text: &str, ty: &PgType) -> Result<(), Rule> {
    let text = text.trim_ascii();
    if text.eq_ignore_ascii_case("nan") {
        put_header(out, 0, 0, NOT_A_NUMBER, 0);
        return Ok(());
    }
    let number = Digits::read(text).ok_or("it takes decimal numbers such as -12.50 or 1e6")?;
    if let Some((precision, scale)) = ty.numeric_modifier() {
        let most = i64::from(precision - scale);
        if number.digits_before_point_at(scale) > most {
            return Err(format!("it takes at most {most} digits before the point").into());
        }
    }
    if number.point > MOST_BEFORE || number.decimals > MOST_AFTER {
        return Err("it takes 131072 digits before and 16383 after the point".into());
    }
    put_digits(out, &number);
    Ok(())
}

/// Groups of four digits with their header.
fn put_digits(out: &mut BytesMut, number: &Digits<'_>) {
    const NEGATIVE: u16 = 0x4000;
    let sign = if number.negative && number.len() > 0 { NEGATIVE } else { 0 };
    // The first group may begin with zeros, so that groups line up with the point.
    let weight = (number.point + 3).div_euclid(4) - 1;
    let lead = 4 * (weight + 1) - number.point;
    let groups = if number.len() == 0 { 0 } else { (lead + number.len() + 3) / 4 };
    let weight = if groups == 0 { 0 } else { weight };
    put_header(out, groups, weight, sign, number.decimals);
    for group in 0..groups {
        let at = group * 4 - lead;
        let value = (at..at + 4).fold(0_u16, |value, i| value * 10 + u16::from(number.digit(i)));
        out.put_u16(value);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "all are bounded by what the type holds, checked before")]
fn put_header(out: &mut BytesMut, groups: i64, weight: i64, sign: u16, decimals: i64) {
    out.put_i16(groups as i16);
    out.put_i16(weight as i16);
    out.put_u16(sign);
    out.put_i16(decimals as i16);
}

/// The significant digits of a decimal text: value = 0.d₀d₁… × 10^point.
struct Digits<'a> {
    negative: bool,
    before: &'a [u8],
    after: &'a [u8],
    /// Index of the first digit that is not zero, and of the end of the last, in `before` + `after`.
    first: i64,
    end: i64,
    point: i64,
    /// Decimals as written.
    decimals: i64,
}

impl<'a> Digits<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => (&unsigned[..at], std::str::from_utf8(&unsigned[at + 1..]).ok()?.parse::<i32>().ok()?.into()),
            None => (unsigned, 0_i64),
        };
        let (before, after) = match mantissa.iter().position(|b| *b == b'.') {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &mantissa[..0]),
        };
        let all_digits = before.iter().chain(after).all(u8::is_ascii_digit);
        if !all_digits || before.is_empty() && after.is_empty() {
            return None;
        }
        let (len_before, len_after) = (i64::try_from(before.len()).ok()?, i64::try_from(after.len()).ok()?);
        let mut number = Self { negative, before, after, first: 0, end: len_before + len_after, point: 0, decimals: 0 };
        number.decimals = (len_after - exponent).max(0);
        while number.first < number.end && number.raw(number.first) == 0 {
            number.first += 1;
        }
        while number.end > number.first && number.raw(number.end - 1) == 0 {
            number.end -= 1;
        }
        number.point = if number.len() == 0 { 0 } else { len_before + exponent - number.first };
        Some(number)
    }

    /// How many significant digits.
    fn len(&self) -> i64 {
        self.end - self.first
    }

    fn raw(&self, at: i64) -> u8 {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let digit = self.before.get(at).or_else(|| self.after.get(at.wrapping_sub(self.before.len())));
        digit.map_or(0, |digit| digit - b'0')
    }

    /// The significant digit at an index; zero on both sides of them.
    fn digit(&self, at: i64) -> u8 {
        if (0..self.len()).contains(&at) { self.raw(self.first + at) } else { 0 }
    }

    /// Digits before the point once the number is rounded (half away from zero) to `scale` decimals.
    fn digits_before_point_at(&self, scale: i32) -> i64 {
        if self.len() == 0 {
            return 0;
        }
        let kept = self.point + i64::from(scale);
        let carries = (0..kept).all(|at| self.digit(at) == 9) && self.digit(kept.max(0)) >= 5 && kept >= 0;
        if kept < 0 { 0 } else { self.point + i64::from(carries) }
    }
}
