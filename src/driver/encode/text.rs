//! Text into the types that can be read from it: constants, cells of CSV files, labels, JSON.

use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};
use jiff::civil;
use jiff::tz::TimeZone;
use serde::de::IgnoredAny;

use super::numeric::{self, StackText};
use super::{Rule, put_float4, write_instant, write_integer};
use crate::driver::types::{PgType, TypeKind};

/// Reads `text` as a value of `ty` (never a domain) and appends its bytes.
pub(super) fn write(out: &mut BytesMut, text: &str, ty: &PgType) -> Result<(), Rule> {
    match &ty.kind {
        TypeKind::Text => put(out, text, ty),
        TypeKind::Bytea => {
            out.put_slice(text.as_bytes());
            Ok(())
        }
        TypeKind::Int2 | TypeKind::Int4 | TypeKind::Int8 | TypeKind::Oid => {
            let value = text.trim_ascii().parse().map_err(|_| Rule::from("it takes whole numbers"))?;
            write_integer(out, value, ty)
        }
        TypeKind::Float4 => put_float4(out, real(text)?),
        TypeKind::Float8 => {
            out.put_f64(real(text)?);
            Ok(())
        }
        TypeKind::Numeric => numeric::write(out, text, ty),
        TypeKind::Bool => {
            let value = boolean(text).ok_or("it takes true and false")?;
            out.put_u8(u8::from(value));
            Ok(())
        }
        TypeKind::Uuid => {
            let bytes = parse_uuid(text).ok_or("it takes 32 hexadecimal digits, as in 8-4-4-4-12")?;
            out.put_slice(&bytes);
            Ok(())
        }
        TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz => {
            write_instant(out, instant(text, &ty.kind)?, ty)
        }
        TypeKind::Json => put_json(out, text),
        TypeKind::Jsonb => {
            // The version of its binary form.
            out.put_u8(1);
            put_json(out, text)
        }
        TypeKind::Enum(labels) if labels.iter().any(|label| label == text) => {
            out.put_slice(text.as_bytes());
            Ok(())
        }
        TypeKind::Enum(labels) => Err(format!("it takes {}", labels.join(", ")).into()),
        TypeKind::Array(_) => Err("arrays come from rows read before: bind a column as :name.column[]".into()),
        TypeKind::Domain(_) | TypeKind::Other => {
            Err("this version binds no values of this type; cast from text".into())
        }
    }
}

/// Appends text, if it is short enough.
pub(super) fn put(out: &mut BytesMut, text: &str, ty: &PgType) -> Result<(), Rule> {
    if text.as_bytes().contains(&0) {
        return Err("text cannot hold the character with code 0".into());
    }
    match ty.text_limit() {
        Some(most) if text.len() > most && text.chars().count() > most => {
            Err(format!("it takes at most {most} characters").into())
        }
        _ => {
            out.put_slice(text.as_bytes());
            Ok(())
        }
    }
}

/// The usual form of a UUID.
pub(in crate::driver) fn uuid(bytes: &[u8; 16]) -> StackText<36> {
    let mut text = StackText::new();
    for (at, byte) in bytes.iter().enumerate() {
        let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
        // 36 characters in all.
        let _ = write!(text, "{dash}{byte:02x}");
    }
    text
}

/// Reads a UUID in any form that the server reads.
pub(in crate::driver) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim_ascii();
    let text = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let mut bytes = [0; 16];
    let mut digits = 0;
    for c in text.chars().filter(|c| *c != '-') {
        let digit = u8::try_from(c.to_digit(16)?).ok()?;
        let byte = bytes.get_mut(digits / 2)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    (digits == 32).then_some(bytes)
}

fn real(text: &str) -> Result<f64, Rule> {
    text.trim_ascii().parse().map_err(|_| "it takes numbers such as 4.25 or 1e6".into())
}

fn boolean(text: &str) -> Option<bool> {
    const TRUE: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
    const FALSE: [&str; 6] = ["false", "f", "no", "n", "off", "0"];
    let text = text.trim_ascii();
    let is_one_of = |words: [&str; 6]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(TRUE) { Some(true) } else { is_one_of(FALSE).then_some(false) }
}

/// Microseconds since 1970-01-01 UTC (of a date or a local time: as if it were UTC).
fn instant(text: &str, kind: &TypeKind) -> Result<i64, Rule> {
    let text = text.trim_ascii();
    let as_utc = |local: civil::DateTime| local.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let (read, rule) = match kind {
        TypeKind::TimestampTz => {
            (text.parse::<jiff::Timestamp>().ok(), "it takes times with an offset, such as 2026-01-31T12:00:00Z")
        }
        TypeKind::Timestamp => {
            (text.parse().ok().and_then(as_utc), "it takes times without an offset, such as 2026-01-31T12:00:00")
        }
        _ => {
            let date = text.parse::<civil::Date>().ok();
            (date.and_then(|date| as_utc(date.at(0, 0, 0, 0))), "it takes dates such as 2026-01-31")
        }
    };
    read.map(jiff::Timestamp::as_microsecond).ok_or(Rule::from(rule))
}

fn put_json(out: &mut BytesMut, text: &str) -> Result<(), Rule> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return Err(format!("it takes JSON: {error}").into());
    }
    out.put_slice(text.as_bytes());
    Ok(())
}
