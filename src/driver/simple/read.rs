//! From the text of a result to the wire's binary form.

use bytes::{Buf, BufMut, BytesMut};

use super::calendar;
use crate::driver::encode::{numeric_from_text, parse_uuid};
use crate::driver::types::{PgType, TypeKind};

const DAY_US: i64 = 86_400_000_000;

/// A column as a RowDescription has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::driver) struct DescribedColumn {
    pub(in crate::driver) name: String,
    /// Its type.
    pub(in crate::driver) oid: u32,
    /// The type's modifier, −1 when there is none.
    pub(in crate::driver) modifier: i32,
}

/// The columns of a RowDescription.
pub(in crate::driver) fn described_columns(body: &[u8]) -> Option<Vec<DescribedColumn>> {
    let mut rest = body;
    let count = rest.try_get_u16().ok()?;
    let mut columns = Vec::with_capacity(count.into());
    for _ in 0..count {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        // Table and column come before the type; its length before the modifier, the format after it.
        rest = rest.get(end + 1 + 6..)?;
        let oid = rest.try_get_u32().ok()?;
        rest = rest.get(2..)?;
        let modifier = rest.try_get_i32().ok()?;
        rest = rest.get(2..)?;
        columns.push(DescribedColumn { name, oid, modifier });
    }
    Some(columns)
}

/// The type OIDs of a ParameterDescription.
pub(in crate::driver) fn described_params(body: &[u8]) -> Option<Vec<u32>> {
    let mut rest = body;
    let count = rest.try_get_u16().ok()?;
    (0..count).map(|_| rest.try_get_u32().ok()).collect()
}

/// Appends the bytes of a value, without their length. `None`: the text is none of that type. `scratch` is for elements of
/// arrays.
pub(super) fn value(out: &mut BytesMut, ty: &PgType, text: &[u8], scratch: &mut Vec<u8>) -> Option<()> {
    let ty = ty.base();
    match &ty.kind {
        TypeKind::Array(element) => array(out, element, text, scratch),
        _ => scalar(out, ty, text),
    }
}

fn scalar(out: &mut BytesMut, ty: &PgType, text: &[u8]) -> Option<()> {
    match &ty.kind {
        TypeKind::Bool => out.put_u8(match text {
            b"t" => 1,
            b"f" => 0,
            _ => return None,
        }),
        TypeKind::Int2 => out.put_i16(number(text)?),
        TypeKind::Int4 => out.put_i32(number(text)?),
        TypeKind::Int8 => out.put_i64(number(text)?),
        TypeKind::Oid => out.put_u32(number(text)?),
        TypeKind::Float4 => out.put_f32(number(text)?),
        TypeKind::Float8 => out.put_f64(number(text)?),
        TypeKind::Numeric => numeric_from_text(out, std::str::from_utf8(text).ok()?)?,
        TypeKind::Text | TypeKind::Json | TypeKind::Enum(_) => out.put_slice(text),
        TypeKind::Jsonb => {
            // The version of its binary form.
            out.put_u8(1);
            out.put_slice(text);
        }
        TypeKind::Bytea => bytea(out, text)?,
        TypeKind::Uuid => out.put_slice(&parse_uuid(std::str::from_utf8(text).ok()?)?),
        TypeKind::Date => out.put_i32(match text {
            b"infinity" => i32::MAX,
            b"-infinity" => i32::MIN,
            _ => {
                let (text, is_before) = era(text);
                let (days, rest) = date(text, is_before)?;
                rest.is_empty().then_some(i32::try_from(days).ok()?)?
            }
        }),
        TypeKind::Timestamp | TypeKind::TimestampTz => out.put_i64(match text {
            b"infinity" => i64::MAX,
            b"-infinity" => i64::MIN,
            _ => timestamp(text)?,
        }),
        TypeKind::Domain(_) | TypeKind::Array(_) | TypeKind::Other => return None,
    }
    Some(())
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `\x…`, or the older form with backslashes and octal digits.
fn bytea(out: &mut BytesMut, text: &[u8]) -> Option<()> {
    let digit = |byte: u8, radix| char::from(byte).to_digit(radix).and_then(|digit| u8::try_from(digit).ok());
    if let Some(digits) = text.strip_prefix(b"\\x") {
        for pair in digits.chunks(2) {
            let [high, low] = pair else { return None };
            out.put_u8(digit(*high, 16)? << 4 | digit(*low, 16)?);
        }
        return Some(());
    }
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                out.put_u8(b'\\');
                after
            }
            (b'\\', [a, b, c, after @ ..]) => {
                let octal =
                    [a, b, c].into_iter().try_fold(0_u16, |sum, byte| Some(sum << 3 | u16::from(digit(*byte, 8)?)));
                out.put_u8(u8::try_from(octal?).ok()?);
                after
            }
            (b'\\', _) => return None,
            (byte, after) => {
                out.put_u8(*byte);
                after
            }
        };
    }
    Some(())
}

/// The text without a ` BC` at its end, and whether there was one.
fn era(text: &[u8]) -> (&[u8], bool) {
    text.strip_suffix(b" BC").map_or((text, false), |text| (text, true))
}

/// Digits up to something else, and the rest.
fn digits(text: &[u8]) -> Option<(i64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    Some((number(&text[..end])?, &text[end..]))
}

/// `2026-01-31`: days since 2000-01-01, and the rest.
fn date(text: &[u8], is_before: bool) -> Option<(i64, &[u8])> {
    let (year, rest) = digits(text)?;
    let (month, rest) = digits(rest.strip_prefix(b"-")?)?;
    let (day, rest) = digits(rest.strip_prefix(b"-")?)?;
    Some((calendar::days(if is_before { 1 - year } else { year }, month, day)?, rest))
}

/// `2026-01-31 12:00:00.5+01:30`: microseconds since 2000-01-01 (UTC where there is an offset).
fn timestamp(text: &[u8]) -> Option<i64> {
    let (text, is_before) = era(text);
    let (days, rest) = date(text, is_before)?;
    let (seconds, rest) = clock(rest.strip_prefix(b" ")?)?;
    let (fraction, rest) = match rest.strip_prefix(b".") {
        None => (0, rest),
        Some(rest) => {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            let places = u32::try_from(6_usize.checked_sub(end)?).ok()?;
            (number::<i64>(&rest[..end])? * 10_i64.pow(places), &rest[end..])
        }
    };
    let offset = match rest {
        [] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (offset, rest) = clock(rest)?;
            rest.is_empty().then_some(if *sign == b'+' { offset } else { -offset })?
        }
        _ => return None,
    };
    days.checked_mul(DAY_US)?.checked_add((seconds - offset) * 1_000_000 + fraction)
}

/// `12`, `12:30` or `12:30:15` in seconds, and the rest.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (hours, mut rest) = digits(text)?;
    let mut seconds = hours * 3_600;
    for unit in [60, 1] {
        let Some(after) = rest.strip_prefix(b":") else { break };
        let (count, after) = digits(after)?;
        seconds += count * unit;
        rest = after;
    }
    Some((seconds, rest))
}

/// `{1,NULL,"a b"}`, with braces inside of braces for further dimensions, and bounds before it where they do not begin with 1.
fn array(out: &mut BytesMut, element: &PgType, text: &[u8], scratch: &mut Vec<u8>) -> Option<()> {
    const MOST_DIMENSIONS: usize = 6;
    let mut bounds = [1_i32; MOST_DIMENSIONS];
    let mut rest = text;
    let mut bounded = 0;
    while let Some(after) = rest.strip_prefix(b"[") {
        let end = after.iter().position(|byte| *byte == b']')?;
        let low = after[..end].split(|byte| *byte == b':').next()?;
        *bounds.get_mut(bounded)? = number(low)?;
        bounded += 1;
        rest = &after[end + 1..];
    }
    if bounded > 0 {
        rest = rest.strip_prefix(b"=")?;
    }
    let dimensions = rest.iter().take_while(|byte| **byte == b'{').count();
    if rest == b"{}" {
        out.put_i32(0);
        out.put_i32(0);
        out.put_u32(element.oid);
        return Some(());
    }
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return None;
    }
    let start = out.len();
    out.put_i32(i32::try_from(dimensions).ok()?);
    out.put_i32(0);
    out.put_u32(element.oid);
    for bound in &bounds[..dimensions] {
        out.put_i32(0);
        out.put_i32(*bound);
    }
    // How many there are along each dimension, counted anew at each opening brace.
    let mut counts = [0_i32; MOST_DIMENSIONS];
    let (mut depth, mut has_null) = (0, false);
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'{' => {
                if depth > 0 {
                    counts[depth - 1] += 1;
                }
                *counts.get_mut(depth)? = 0;
                depth += 1;
            }
            b'}' => depth = depth.checked_sub(1)?,
            b',' => {}
            _ => {
                *counts.get_mut(depth.checked_sub(1)?)? += 1;
                let (is_null, after) = item(out, element, std::slice::from_ref(first), after, scratch)?;
                has_null |= is_null;
                rest = after;
            }
        }
    }
    let mut patch = |at: usize, value: i32| out[start + at..start + at + 4].copy_from_slice(&value.to_be_bytes());
    patch(4, i32::from(has_null));
    for (dimension, count) in counts[..dimensions].iter().enumerate() {
        patch(12 + 8 * dimension, *count);
    }
    (depth == 0).then_some(())
}

/// An element, whose first byte is `first`; whether it is NULL, and the rest.
fn item<'a>(
    out: &mut BytesMut,
    element: &PgType,
    first: &[u8],
    after: &'a [u8],
    scratch: &mut Vec<u8>,
) -> Option<(bool, &'a [u8])> {
    scratch.clear();
    let is_quoted = first == b"\"";
    let mut rest = after;
    if is_quoted {
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            match byte {
                b'"' => break,
                b'\\' => {
                    let (escaped, after) = rest.split_first()?;
                    scratch.push(*escaped);
                    rest = after;
                }
                byte => scratch.push(*byte),
            }
        }
    } else {
        let end = rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
        scratch.extend_from_slice(first);
        scratch.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
    }
    if !is_quoted && scratch.eq_ignore_ascii_case(b"NULL") {
        out.put_i32(-1);
        return Some((true, rest));
    }
    let start = out.len();
    out.put_i32(0);
    scalar(out, element.base(), scratch)?;
    let length = i32::try_from(out.len() - start - 4).ok()?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Some((false, rest))
}
