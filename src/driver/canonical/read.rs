//! From the wire's binary form, and from JSON, to [`Canonical`].

use bytes::Buf;
use fallible_iterator::FallibleIterator;
use postgres_protocol::types;
use serde_json::Value as Json;

use super::{Canonical, Decimal};
use crate::driver::Args;
use crate::driver::types::{BPCHAR, PgType, TypeKind};
use crate::param::Value;

/// A column of a row; `None` is NULL. Bytes that cannot be of that type are kept as they are.
#[must_use]
pub fn canonical(ty: &PgType, bytes: Option<&[u8]>) -> Canonical {
    bytes.map_or(Canonical::Null, |bytes| known(ty, bytes).unwrap_or_else(|| Canonical::Raw(bytes.to_vec())))
}

/// The document in a `json` or `jsonb` column (or in a text column that holds one); `None` when there is none.
#[must_use]
pub fn json(ty: &PgType, bytes: &[u8]) -> Option<Json> {
    let text = match ty.base().kind {
        TypeKind::Jsonb => bytes.strip_prefix(&[1])?,
        _ => bytes,
    };
    serde_json::from_slice(text).ok()
}

impl Canonical {
    /// A JSON value. Integers that fit 64 bits are exact; other numbers are floats, since that is what JSON's readers
    /// make of them.
    #[must_use]
    pub fn from_json(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Number(value.into()),
                (_, Some(value)) => Self::Number(value.into()),
                _ => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(values) => Self::Array(values.iter().map(Self::from_json).collect()),
            Json::Object(members) => {
                let mut members: Vec<_> = members.iter().map(|(key, of)| (key.clone(), Self::from_json(of))).collect();
                members.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
                Self::Object(members)
            }
        }
    }

    /// A JSON value that another variant returns as a column of type `ty`: its strings are read as that type where they
    /// can be (UUIDs, times, numbers in quotes), so that both compare equal.
    #[must_use]
    pub fn from_json_as(value: &Json, ty: &PgType) -> Self {
        match (value, &ty.base().kind) {
            (Json::String(_), TypeKind::Bytea | TypeKind::Json | TypeKind::Jsonb) => Self::from_json(value),
            (Json::String(text), _) => {
                let mut read = Args::default();
                match read.value(Value::Text(text), ty) {
                    Ok(()) => canonical(ty, read.bytes().get(4..)),
                    Err(_) => Self::Text(text.clone()),
                }
            }
            (Json::Array(values), TypeKind::Array(element)) => {
                Self::Array(values.iter().map(|value| Self::from_json_as(value, element)).collect())
            }
            _ => Self::from_json(value),
        }
    }
}

fn known(ty: &PgType, bytes: &[u8]) -> Option<Canonical> {
    Some(match &ty.kind {
        TypeKind::Bool => Canonical::Bool(types::bool_from_sql(bytes).ok()?),
        TypeKind::Int2 => Canonical::Number(types::int2_from_sql(bytes).ok()?.into()),
        TypeKind::Int4 => Canonical::Number(types::int4_from_sql(bytes).ok()?.into()),
        TypeKind::Int8 => Canonical::Number(types::int8_from_sql(bytes).ok()?.into()),
        TypeKind::Oid => Canonical::Number(types::oid_from_sql(bytes).ok()?.into()),
        // As printed: the nearest float8 of a float4 has digits that no one wrote.
        TypeKind::Float4 => Canonical::Float(types::float4_from_sql(bytes).ok()?.to_string().parse().ok()?),
        TypeKind::Float8 => Canonical::Float(types::float8_from_sql(bytes).ok()?),
        TypeKind::Numeric => numeric(bytes)?,
        TypeKind::Text if ty.oid == BPCHAR => {
            Canonical::Text(types::text_from_sql(bytes).ok()?.trim_end_matches(' ').to_owned())
        }
        TypeKind::Text | TypeKind::Enum(_) => Canonical::Text(types::text_from_sql(bytes).ok()?.to_owned()),
        TypeKind::Bytea => Canonical::Bytes(bytes.to_vec()),
        TypeKind::Uuid => Canonical::Uuid(types::uuid_from_sql(bytes).ok()?),
        TypeKind::Date => Canonical::Date(types::date_from_sql(bytes).ok()?),
        TypeKind::Timestamp => Canonical::Timestamp(types::timestamp_from_sql(bytes).ok()?),
        TypeKind::TimestampTz => Canonical::Instant(types::timestamp_from_sql(bytes).ok()?),
        TypeKind::Json | TypeKind::Jsonb => Canonical::from_json(&json(ty, bytes)?),
        TypeKind::Domain(base) => known(base, bytes)?,
        TypeKind::Array(element) => array(element, bytes)?,
        TypeKind::Other => return None,
    })
}

fn numeric(bytes: &[u8]) -> Option<Canonical> {
    const NEGATIVE: u16 = 0x4000;
    let mut rest = bytes;
    let groups = rest.try_get_u16().ok()?;
    let weight = i64::from(rest.try_get_i16().ok()?);
    let sign = rest.try_get_u16().ok()?;
    let _decimals = rest.try_get_u16().ok()?;
    match sign {
        0 | NEGATIVE => {}
        0xD000 => return Some(Canonical::Float(f64::INFINITY)),
        0xF000 => return Some(Canonical::Float(f64::NEG_INFINITY)),
        _ => return Some(Canonical::Float(f64::NAN)),
    }
    let mut digits = Vec::with_capacity(usize::from(groups) * 4);
    for _ in 0..groups {
        let group = rest.try_get_u16().ok()?;
        // Below 10000, so each is one digit.
        digits.extend([group / 1000, group / 100 % 10, group / 10 % 10, group % 10].map(|digit| digit as u8));
    }
    Some(Canonical::Number(Decimal::new(sign == NEGATIVE, digits, (weight + 1) * 4)))
}

/// Elements in order; an array of several dimensions becomes arrays of arrays.
fn array(element: &PgType, bytes: &[u8]) -> Option<Canonical> {
    let array = types::array_from_sql(bytes).ok()?;
    let lengths: Vec<i32> = array.dimensions().map(|dimension| Ok(dimension.len)).collect().ok()?;
    let mut values: Vec<Canonical> = array.values().map(|value| Ok(canonical(element, value))).collect().ok()?;
    for length in lengths.iter().skip(1).rev() {
        let length = usize::try_from(*length).ok().filter(|length| *length > 0)?;
        values = values.chunks(length).map(|row| Canonical::Array(row.to_vec())).collect();
    }
    Some(Canonical::Array(values))
}
