//! Values into the wire's binary form.
//!
//! The rules of what fits what are few and strict, so that a workload never measures a conversion that its author did
//! not see: an integer goes into integer, float, numeric and text types (as its decimal digits), a real into floats and
//! numerics, an instant into date, timestamp (both in UTC) and timestamptz, a UUID into uuid and text, and text into
//! everything that can be read from text. Nothing is allocated unless a value does not fit.

mod fits;
mod numeric;
mod short;
mod text;

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};

pub use fits::fits;
pub(super) use numeric::from_text as numeric_from_text;
pub(super) use text::{parse_uuid, uuid as uuid_text};

use self::numeric::StackText;
use super::types::{PgType, TypeKind};
use crate::param::Value;

/// Why a value cannot be bound to a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} does not fit {ty}: {rule}")]
pub struct Misfit {
    /// The value, or the set of values.
    pub value: String,
    /// The type's name.
    pub ty: String,
    /// What would fit.
    pub rule: String,
}

/// What a type takes, when it does not take a value.
type Rule = Cow<'static, str>;

/// The arguments of one execution, in the form that Bind sends: for each a length (−1: NULL) and bytes. Reused.
#[derive(Clone, Debug, Default)]
pub struct Args {
    pub(super) buffer: BytesMut,
    pub(super) count: u16,
}

impl Args {
    /// Forgets all arguments, keeps the space.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.count = 0;
    }

    /// How many arguments there are.
    #[must_use]
    pub fn count(&self) -> u16 {
        self.count
    }

    /// For each argument a big-endian 32-bit length (−1: NULL) and the bytes: also the form of a row's fields in a
    /// binary COPY.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Appends a drawn value as `ty`.
    ///
    /// # Errors
    /// When the value does not fit; nothing is appended.
    pub fn value(&mut self, value: Value<'_>, ty: &PgType) -> Result<(), Misfit> {
        if value == Value::Null {
            self.raw(None);
            return Ok(());
        }
        let start = self.buffer.len();
        self.buffer.put_i32(0);
        match write(&mut self.buffer, value, ty) {
            Ok(()) => {
                self.end_of(start);
                Ok(())
            }
            Err(rule) => {
                self.buffer.truncate(start);
                Err(misfit(value, ty, rule))
            }
        }
    }

    /// Appends all arguments of `other` as they are.
    pub fn extend(&mut self, other: &Self) {
        self.buffer.extend_from_slice(&other.buffer);
        self.count += other.count;
    }

    /// Appends bytes that already are in the wire's binary form of the declared type; `None` is NULL.
    pub fn raw(&mut self, bytes: Option<&[u8]>) {
        self.count += 1;
        put_element(&mut self.buffer, bytes);
    }

    /// Appends a one-dimensional array of raw elements; NULL elements are kept; no element gives an empty array.
    pub fn array<'a>(&mut self, element_oid: u32, elements: impl Iterator<Item = Option<&'a [u8]>>) {
        const DIMENSIONS: usize = 4;
        const HAS_NULL: usize = 8;
        const COUNT: usize = 16;
        let start = self.buffer.len();
        for field in [0_u32, 1, 0, element_oid, 0, 1] {
            self.buffer.put_u32(field);
        }
        let (mut count, mut has_null) = (0_u32, false);
        for element in elements {
            count += 1;
            has_null |= element.is_none();
            put_element(&mut self.buffer, element);
        }
        if count == 0 {
            // An empty array has no dimension at all.
            self.buffer.truncate(start + COUNT);
            self.buffer[start + DIMENSIONS..start + HAS_NULL].copy_from_slice(&0_u32.to_be_bytes());
        } else {
            self.buffer[start + HAS_NULL..start + HAS_NULL + 4].copy_from_slice(&u32::from(has_null).to_be_bytes());
            self.buffer[start + COUNT..start + COUNT + 4].copy_from_slice(&count.to_be_bytes());
        }
        self.end_of(start);
    }

    /// Writes the length of the argument that began at `start`.
    fn end_of(&mut self, start: usize) {
        // The protocol cannot carry more than 2 GiB; a longer length is refused by the server.
        let length = i32::try_from(self.buffer.len() - start - 4).unwrap_or(i32::MAX);
        self.buffer[start..start + 4].copy_from_slice(&length.to_be_bytes());
        self.count += 1;
    }
}

fn put_element(buffer: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        None => buffer.put_i32(-1),
        Some(bytes) => {
            buffer.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
            buffer.put_slice(bytes);
        }
    }
}

fn misfit(value: Value<'_>, ty: &PgType, rule: Rule) -> Misfit {
    let value = match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Real { value, .. } => value.to_string(),
        Value::Text(text) if text.chars().count() > 60 => format!("'{}…'", text.chars().take(60).collect::<String>()),
        Value::Text(text) => format!("'{text}'"),
        Value::Uuid(bytes) => text::uuid(&bytes).as_str().to_owned(),
        Value::TimestampUs(us) => {
            jiff::Timestamp::from_microsecond(us).map_or_else(|_| format!("instant {us} µs"), |at| at.to_string())
        }
    };
    Misfit { value, ty: ty.to_string(), rule: rule.into_owned() }
}

/// The bytes of a value that is not NULL, without the length.
fn write(out: &mut BytesMut, value: Value<'_>, ty: &PgType) -> Result<(), Rule> {
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => write_bool(out, value, ty.base()),
        Value::Integer(value) => write_integer(out, value, ty.base()),
        Value::Real { value, decimals } => write_real(out, value, decimals, ty.base()),
        Value::Text(value) => text::write(out, value, ty.base()),
        Value::Uuid(bytes) => write_uuid(out, &bytes, ty.base()),
        Value::TimestampUs(us) => write_instant(out, us, ty.base()),
    }
}

fn write_bool(out: &mut BytesMut, value: bool, ty: &PgType) -> Result<(), Rule> {
    match ty.kind {
        TypeKind::Bool => out.put_u8(u8::from(value)),
        _ => return Err("a boolean fits bool only".into()),
    }
    Ok(())
}

fn write_integer(out: &mut BytesMut, value: i64, ty: &PgType) -> Result<(), Rule> {
    match ty.kind {
        TypeKind::Int2 => out.put_i16(value.try_into().map_err(|_| range(i16::MIN, i16::MAX))?),
        TypeKind::Int4 => out.put_i32(value.try_into().map_err(|_| range(i32::MIN, i32::MAX))?),
        TypeKind::Int8 => out.put_i64(value),
        TypeKind::Oid => out.put_u32(value.try_into().map_err(|_| range(u32::MIN, u32::MAX))?),
        #[expect(clippy::cast_precision_loss, reason = "what a float column does to an integer")]
        TypeKind::Float4 => out.put_f32(value as f32),
        #[expect(clippy::cast_precision_loss, reason = "what a float column does to an integer")]
        TypeKind::Float8 => out.put_f64(value as f64),
        TypeKind::Numeric => numeric::write(out, digits(value).as_str(), ty)?,
        TypeKind::Text => text::put(out, digits(value).as_str(), ty)?,
        _ => return Err("an integer fits integer, float, numeric and text types".into()),
    }
    Ok(())
}

fn write_real(out: &mut BytesMut, value: f64, decimals: u8, ty: &PgType) -> Result<(), Rule> {
    match ty.kind {
        TypeKind::Float4 => put_float4(out, value)?,
        TypeKind::Float8 => out.put_f64(value),
        TypeKind::Numeric => numeric::write_real(out, value, decimals, ty)?,
        _ => return Err("a real fits float and numeric types".into()),
    }
    Ok(())
}

fn write_uuid(out: &mut BytesMut, bytes: &[u8; 16], ty: &PgType) -> Result<(), Rule> {
    match ty.kind {
        TypeKind::Uuid => out.put_slice(bytes),
        TypeKind::Text => text::put(out, text::uuid(bytes).as_str(), ty)?,
        _ => return Err("a UUID fits uuid and text types".into()),
    }
    Ok(())
}

fn write_instant(out: &mut BytesMut, unix_us: i64, ty: &PgType) -> Result<(), Rule> {
    /// 2000-01-01, from which the server counts.
    const EPOCH_US: i64 = 946_684_800_000_000;
    const DAY_US: i64 = 86_400_000_000;
    /// 4713-11-24 BC up to (not including) 294277-01-01.
    const SERVER: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;
    let us = unix_us.checked_sub(EPOCH_US).filter(|us| SERVER.contains(us));
    let us = us.ok_or("the server's times reach from 4713 BC to the year 294276")?;
    match ty.kind {
        TypeKind::Timestamp | TypeKind::TimestampTz => out.put_i64(us),
        // At most 106 million days: the range was checked above.
        TypeKind::Date => out.put_i32(us.div_euclid(DAY_US).try_into().unwrap_or(i32::MAX)),
        _ => return Err("an instant fits date, timestamp and timestamptz".into()),
    }
    Ok(())
}

fn put_float4(out: &mut BytesMut, value: f64) -> Result<(), Rule> {
    #[expect(clippy::cast_possible_truncation, reason = "what float4 keeps of it")]
    let short = value as f32;
    if short.is_infinite() && value.is_finite() {
        return Err(range(f32::MIN, f32::MAX));
    }
    out.put_f32(short);
    Ok(())
}

fn range(low: impl std::fmt::Display, high: impl std::fmt::Display) -> Rule {
    format!("it takes {low} to {high}").into()
}

/// An integer's decimal digits.
fn digits(value: i64) -> StackText<24> {
    let mut text = StackText::new();
    // 20 characters at most.
    let _ = write!(text, "{value}");
    text
}

#[cfg(test)]
mod tests;
