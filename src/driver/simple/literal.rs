//! From the wire's binary form to a literal of SQL: `('42'::int8)`.
//!
//! Every literal is quoted, typed and in parentheses, so that it stands wherever `$1` may, means the same type, and no sign
//! or operator beside it changes what it is. Where text holds a backslash it is an `E'…'`, which means the same whether
//! `standard_conforming_strings` is on or off.

use std::fmt::{self, Write as _};

use bytes::{Buf, BufMut, BytesMut};

use super::calendar;
use crate::driver::encode::uuid_text;
use crate::driver::types::{PgType, TypeKind};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;
/// The server's arrays have no more dimensions.
const MOST_DIMENSIONS: usize = 6;

/// Appends the literal of a value (`None`: NULL); `close` is what stands behind it. `None`: the bytes are none of that type.
pub(super) fn write(out: &mut BytesMut, ty: &PgType, value: Option<&[u8]>, close: &[u8]) -> Option<()> {
    let Some(bytes) = value else {
        out.put_slice(b"(NULL");
        out.put_slice(close);
        return Some(());
    };
    let escapes = match &ty.base().kind {
        TypeKind::Bytea | TypeKind::Array(_) => true,
        TypeKind::Text | TypeKind::Json | TypeKind::Jsonb | TypeKind::Enum(_) => bytes.contains(&b'\\'),
        _ => false,
    };
    out.put_slice(if escapes { b"(E'" } else { b"('" });
    text(&mut Quoted { out, in_array: false }, ty.base(), bytes)?;
    out.put_u8(b'\'');
    out.put_slice(close);
    Some(())
}

/// The inside of a literal: what ends it is escaped.
struct Quoted<'a> {
    out: &'a mut BytesMut,
    /// Inside of the double quotes of an element.
    in_array: bool,
}

impl Quoted<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\'' | b'\\' | b'"')) {
            self.out.put_slice(&rest[..at]);
            let special = rest[at];
            if self.in_array && special != b'\'' {
                self.out.put_slice(b"\\\\");
            }
            if special != b'"' {
                self.out.put_u8(special);
            }
            self.out.put_u8(special);
            rest = &rest[at + 1..];
        }
        self.out.put_slice(rest);
    }
}

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

/// The text of a value as the server reads it.
fn text(out: &mut Quoted<'_>, ty: &PgType, bytes: &[u8]) -> Option<()> {
    match &ty.kind {
        TypeKind::Bool => out.put(if *bytes.first()? == 0 { b"f" } else { b"t" }),
        TypeKind::Int2 => write!(out, "{}", i16::from_be_bytes(bytes.try_into().ok()?)).ok()?,
        TypeKind::Int4 => write!(out, "{}", i32::from_be_bytes(bytes.try_into().ok()?)).ok()?,
        TypeKind::Int8 => write!(out, "{}", i64::from_be_bytes(bytes.try_into().ok()?)).ok()?,
        TypeKind::Oid => write!(out, "{}", u32::from_be_bytes(bytes.try_into().ok()?)).ok()?,
        TypeKind::Float4 => {
            let value = f32::from_be_bytes(bytes.try_into().ok()?);
            if is_everyday(value.into()) { write!(out, "{value}") } else { write!(out, "{value:e}") }.ok()?;
        }
        TypeKind::Float8 => {
            let value = f64::from_be_bytes(bytes.try_into().ok()?);
            if is_everyday(value) { write!(out, "{value}") } else { write!(out, "{value:e}") }.ok()?;
        }
        TypeKind::Numeric => numeric(out, bytes)?,
        TypeKind::Text | TypeKind::Json | TypeKind::Enum(_) => out.put(bytes),
        TypeKind::Jsonb => out.put(bytes.strip_prefix(&[1])?),
        TypeKind::Bytea => {
            out.put(b"\\x");
            bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}")).ok()?;
        }
        TypeKind::Uuid => out.put(uuid_text(bytes.try_into().ok()?).as_str().as_bytes()),
        TypeKind::Date => date(out, i32::from_be_bytes(bytes.try_into().ok()?))?,
        TypeKind::Timestamp | TypeKind::TimestampTz => {
            let zone = if ty.kind == TypeKind::TimestampTz { "+00" } else { "" };
            timestamp(out, i64::from_be_bytes(bytes.try_into().ok()?), zone)?;
        }
        TypeKind::Domain(_) => text(out, ty.base(), bytes)?,
        TypeKind::Array(element) => array(out, element.base(), bytes)?,
        TypeKind::Other => return None,
    }
    Some(())
}

/// Whether all digits of a float are worth writing out.
fn is_everyday(value: f64) -> bool {
    value == 0.0 || (1e-5..1e17).contains(&value.abs()) || !value.is_finite()
}

/// Groups of four digits around the point.
fn numeric(out: &mut Quoted<'_>, bytes: &[u8]) -> Option<()> {
    let mut rest = bytes;
    let groups = i64::from(rest.try_get_u16().ok()?);
    let weight = i64::from(rest.try_get_i16().ok()?);
    let sign = rest.try_get_u16().ok()?;
    let decimals = i64::from(rest.try_get_u16().ok()?);
    match sign {
        0 => {}
        0x4000 => out.put(b"-"),
        0xD000 => return Some(out.put(b"Infinity")),
        0xF000 => return Some(out.put(b"-Infinity")),
        _ => return Some(out.put(b"NaN")),
    }
    let group = |at: i64| -> u16 {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let two = rest.get(at.saturating_mul(2)..).and_then(<[u8]>::first_chunk);
        two.map_or(0, |two| u16::from_be_bytes(*two))
    };
    if usize::try_from(groups).ok()? * 2 > rest.len() {
        return None;
    }
    if weight < 0 {
        out.put(b"0");
    }
    for at in 0..=weight {
        if at == 0 { write!(out, "{}", group(at)) } else { write!(out, "{:04}", group(at)) }.ok()?;
    }
    if decimals > 0 {
        out.put(b".");
    }
    for at in 0..decimals {
        // The group that holds the decimal, and the digit in it.
        let digits = group(weight + 1 + at / 4);
        let digit = digits / [1_000, 100, 10, 1][usize::try_from(at % 4).ok()?] % 10;
        write!(out, "{digit}").ok()?;
    }
    Some(())
}

fn date(out: &mut Quoted<'_>, days: i32) -> Option<()> {
    match days {
        i32::MIN => out.put(b"-infinity"),
        i32::MAX => out.put(b"infinity"),
        days => {
            let is_before = civil(out, days.into())?;
            out.put(is_before);
        }
    }
    Some(())
}

fn timestamp(out: &mut Quoted<'_>, us: i64, zone: &str) -> Option<()> {
    match us {
        i64::MIN => out.put(b"-infinity"),
        i64::MAX => out.put(b"infinity"),
        us => {
            let is_before = civil(out, us.div_euclid(DAY_US))?;
            let us = us.rem_euclid(DAY_US);
            let (s, us) = (us / 1_000_000, us % 1_000_000);
            write!(out, " {:02}:{:02}:{:02}.{us:06}{zone}", s / 3_600, s / 60 % 60, s % 60).ok()?;
            out.put(is_before);
        }
    }
    Some(())
}

/// A date of a number of days since 2000-01-01; gives what stands behind it.
fn civil(out: &mut Quoted<'_>, days: i64) -> Option<&'static [u8]> {
    let (year, month, day) = calendar::date(days);
    let (shown, before) = if year > 0 { (year, &b""[..]) } else { (1 - year, &b" BC"[..]) };
    write!(out, "{shown:04}-{month:02}-{day:02}").ok()?;
    Some(before)
}

/// `{"a","b"}`: every element in quotes; bounds that do not begin with 1 before it.
fn array(out: &mut Quoted<'_>, element: &PgType, bytes: &[u8]) -> Option<()> {
    let mut rest = bytes;
    let dimensions = usize::try_from(rest.try_get_i32().ok()?).ok()?;
    rest.try_get_i32().ok()?;
    rest.try_get_u32().ok()?;
    if dimensions == 0 {
        return Some(out.put(b"{}"));
    }
    let mut lengths = [0_usize; MOST_DIMENSIONS];
    let mut bounds = [1_i32; MOST_DIMENSIONS];
    for (length, bound) in lengths.get_mut(..dimensions)?.iter_mut().zip(&mut bounds) {
        *length = usize::try_from(rest.try_get_i32().ok()?).ok()?;
        *bound = rest.try_get_i32().ok()?;
    }
    let (lengths, bounds) = (&lengths[..dimensions], &bounds[..dimensions]);
    if bounds.iter().any(|bound| *bound != 1) {
        for (length, bound) in lengths.iter().zip(bounds) {
            write!(out, "[{bound}:{}]", i64::from(*bound) + i64::try_from(*length).ok()? - 1).ok()?;
        }
        out.put(b"=");
    }
    let count: usize = lengths.iter().product();
    for at in 0..count {
        // How many of the inner dimensions begin, and end, with this element.
        let (mut begins, mut ends, mut size) = (0, 0, 1);
        for length in lengths.iter().rev() {
            size *= length;
            begins += usize::from(at % size == 0);
            ends += usize::from((at + 1) % size == 0);
        }
        if at > 0 {
            out.put(b",");
        }
        (0..begins).for_each(|_| out.put(b"{"));
        one(out, element, &mut rest)?;
        (0..ends).for_each(|_| out.put(b"}"));
    }
    Some(())
}

fn one(out: &mut Quoted<'_>, element: &PgType, rest: &mut &[u8]) -> Option<()> {
    let Ok(length) = usize::try_from(rest.try_get_i32().ok()?) else { return Some(out.put(b"NULL")) };
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    out.put(b"\"");
    let mut inside = Quoted { out: &mut *out.out, in_array: true };
    text(&mut inside, element, bytes)?;
    out.put(b"\"");
    Some(())
}
