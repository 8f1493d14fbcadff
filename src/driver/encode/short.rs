//! Reals of everyday size as `numeric`, without the way through text: most of what a loaded row costs otherwise.

use bytes::{BufMut, BytesMut};

use crate::driver::types::PgType;

/// Decimals that are handled here.
const MOST_DECIMALS: u8 = 8;
/// Below it, `value × 10^decimals` is off by less than [`NEAR_HALF`].
const MOST_SCALED: f64 = 1_099_511_627_776.0;
/// How far from a half the product must be, for its rounding to be that of the exact value.
const NEAR_HALF: f64 = 1e-3;
const POWERS: [u32; MOST_DECIMALS as usize + 1] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
/// 2⁴⁰ × 1000 in base 10000.
const MOST_GROUPS: usize = 4;
const NEGATIVE: u16 = 0x4000;

/// Writes the value rounded to `decimals` as a `numeric`. False, and nothing written, when it is too large, so close to a
/// half that only its exact expansion tells which way to round, or does not fit the type.
pub(super) fn write(out: &mut BytesMut, value: f64, decimals: u8, ty: &PgType) -> bool {
    let Some(power) = POWERS.get(usize::from(decimals)) else { return false };
    let scaled = value.abs() * f64::from(*power);
    if scaled.is_nan() || scaled >= MOST_SCALED || (scaled.fract() - 0.5).abs() < NEAR_HALF {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2⁴⁰")]
    let units = scaled.round() as u64;
    if let Some((precision, _)) = ty.numeric_modifier()
        && u32::try_from(precision).ok().and_then(|p| 10_u64.checked_pow(p)).is_some_and(|limit| units >= limit)
    {
        return false;
    }
    // Groups of four digits line up with the point.
    let after = decimals.div_ceil(4);
    let mut left = units * u64::from(POWERS[usize::from(after * 4 - decimals)]);
    let mut groups = [0_u16; MOST_GROUPS + 1];
    let (mut first, mut end) = (groups.len(), groups.len());
    while left > 0 {
        first -= 1;
        // Below 10,000.
        groups[first] = u16::try_from(left % 10_000).unwrap_or(0);
        left /= 10_000;
    }
    let whole = groups.len() - first;
    while end > first && groups[end - 1] == 0 {
        end -= 1;
    }
    let negative = value < 0.0 && units > 0;
    let weight = if units == 0 { 0 } else { whole.wrapping_sub(usize::from(after) + 1) };
    let header = [(end - first) as u16, weight as u16, if negative { NEGATIVE } else { 0 }, u16::from(decimals)];
    let mut bytes = [0; 2 * (4 + MOST_GROUPS + 1)];
    let words = header.iter().chain(&groups[first..end]);
    let length = 2 * (4 + end - first);
    for (to, word) in bytes.chunks_exact_mut(2).zip(words) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    out.put_slice(&bytes[..length]);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::encode::numeric;
    use crate::driver::types::TypeKind;
    use proptest::prelude::*;

    fn ty(precision: i32, scale: i32) -> PgType {
        let modifier = if precision == 0 { -1 } else { ((precision << 16) | scale) + 4 };
        PgType { oid: 1700, name: "numeric".to_owned(), kind: TypeKind::Numeric, modifier }
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_long_one_gives(
            value in prop_oneof![-1e4..1e4_f64, -2e12..2e12_f64, (-100_000_i32..100_000).prop_map(|n| f64::from(n) / 1_000.0)],
            decimals in 0_u8..10,
            precision in 0_i32..14,
        ) {
            let ty = ty(precision, i32::from(decimals).min(precision));
            let decimals = if precision == 0 { decimals } else { decimals.min(u8::try_from(precision).unwrap()) };
            let (mut short, mut long) = (BytesMut::new(), BytesMut::new());
            let written = write(&mut short, value, decimals, &ty);
            let exact = numeric::write_exact(&mut long, value, decimals, &ty);
            if written {
                prop_assert!(exact.is_ok(), "{value} at {decimals} does not fit {ty}");
                prop_assert_eq!(short, long);
            } else {
                prop_assert!(short.is_empty());
            }
        }
    }

    #[test]
    fn everyday_values_take_the_short_way() {
        for value in [0.0, -0.0, 1.0, 123.45, -499.99, 10_000.0, 0.01, 99_999_999.99] {
            assert!(write(&mut BytesMut::new(), value, 2, &ty(10, 2)), "{value}");
        }
        for value in [f64::NAN, f64::INFINITY, 1e13, 0.125, 100_000_000.0] {
            assert!(!write(&mut BytesMut::new(), value, 2, &ty(10, 2)), "{value}");
        }
    }
}
