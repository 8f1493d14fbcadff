//! Values that can be recorded as metrics, out of the wire's binary form: booleans and numbers. Nothing is allocated.

use bytes::Buf;

use super::types::{PgType, TypeKind};

/// A type whose values are numbers, or true and false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recordable {
    /// `bool`
    Bool,
    /// `int2`
    Int2,
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `oid`
    Oid,
    /// `float4`
    Float4,
    /// `float8`
    Float8,
    /// `numeric`
    Numeric,
}

impl Recordable {
    /// That of a type; `None` when its values are neither numbers nor true and false.
    #[must_use]
    pub fn of(ty: &PgType) -> Option<Self> {
        Some(match ty.base().kind {
            TypeKind::Bool => Self::Bool,
            TypeKind::Int2 => Self::Int2,
            TypeKind::Int4 => Self::Int4,
            TypeKind::Int8 => Self::Int8,
            TypeKind::Oid => Self::Oid,
            TypeKind::Float4 => Self::Float4,
            TypeKind::Float8 => Self::Float8,
            TypeKind::Numeric => Self::Numeric,
            _ => return None,
        })
    }

    /// The value as the nearest float (`true` is 1); NaN when the bytes are none of the type.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "recorded numbers are floats")]
    pub fn read(self, bytes: &[u8]) -> f64 {
        let read = match self {
            Self::Bool => bytes.first().map(|byte| f64::from(u8::from(*byte != 0))),
            Self::Int2 => bytes.try_into().ok().map(|bytes| f64::from(i16::from_be_bytes(bytes))),
            Self::Int4 => bytes.try_into().ok().map(|bytes| f64::from(i32::from_be_bytes(bytes))),
            Self::Int8 => bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) as f64),
            Self::Oid => bytes.try_into().ok().map(|bytes| f64::from(u32::from_be_bytes(bytes))),
            Self::Float4 => bytes.try_into().ok().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
            Self::Float8 => bytes.try_into().ok().map(f64::from_be_bytes),
            Self::Numeric => numeric(bytes),
        };
        read.unwrap_or(f64::NAN)
    }
}

/// Groups of four digits around the point.
fn numeric(bytes: &[u8]) -> Option<f64> {
    const NEGATIVE: u16 = 0x4000;
    let mut rest = bytes;
    let groups = rest.try_get_u16().ok()?;
    let weight = i32::from(rest.try_get_i16().ok()?);
    let sign = rest.try_get_u16().ok()?;
    rest.try_get_u16().ok()?;
    if sign != 0 && sign != NEGATIVE {
        return None;
    }
    // Whole groups first, so that what has few digits is exact.
    let mut value = 0.0;
    for _ in 0..groups {
        value = value * 10_000.0 + f64::from(rest.try_get_u16().ok()?);
    }
    let power = weight + 1 - i32::from(groups);
    let scale = 10_000_f64.powi(power.abs());
    let value = if power < 0 { value / scale } else { value * scale };
    Some(if sign == NEGATIVE { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::Recordable;
    use crate::driver::{Args, PgType};
    use crate::param::Value;
    use proptest::prelude::*;

    fn read(oid: u32, value: Value<'_>) -> f64 {
        let ty = PgType::built_in(oid, -1).expect("a built-in type");
        let mut args = Args::default();
        args.value(value, &ty).expect("a value that fits");
        Recordable::of(&ty).expect("a number").read(&args.bytes()[4..])
    }

    #[test]
    fn numbers_and_booleans_are_read() {
        assert_eq!((read(16, Value::Bool(true)), read(16, Value::Bool(false))), (1.0, 0.0));
        for oid in [21, 23, 20, 700, 701, 1700] {
            assert_eq!(read(oid, Value::Integer(-7)), -7.0, "{oid}");
        }
        assert_eq!(read(1700, Value::Text("-0.00025")), -0.00025);
        assert!(read(1700, Value::Text("NaN")).is_nan());
        assert_eq!(Recordable::of(&PgType::built_in(25, -1).expect("text")), None);
        assert!(Recordable::Int8.read(&[1]).is_nan());
    }

    proptest! {
        #[test]
        fn numerics_are_the_floats_that_their_digits_are(text in "-?[0-9]{1,9}(\\.[0-9]{1,9})?") {
            let exact: f64 = text.parse().unwrap();
            prop_assert!((read(1700, Value::Text(&text)) - exact).abs() <= exact.abs() * 1e-12);
        }
    }
}
