//! A derived value against what the server has, both as text: what was asked for is independent of how rows are encoded.

use crate::driver::{PgType, TypeKind};
use crate::param::Value;

/// The SQL that shows a column in the form that [`same`] reads; `None` for types that are not compared.
pub(super) fn shown(sql: &str, ty: &PgType) -> Option<String> {
    Some(match ty.base().kind {
        TypeKind::Timestamp | TypeKind::TimestampTz => format!("(extract(epoch FROM {sql}) * 1000000)::bigint"),
        TypeKind::Date => format!("{sql} - DATE '1970-01-01'"),
        TypeKind::Bytea | TypeKind::Array(_) | TypeKind::Domain(_) | TypeKind::Other => return None,
        _ => sql.to_owned(),
    })
}

/// Whether the server's text is the value. What cannot be told (a time given as text) counts as the same.
pub(super) fn same(value: Value<'_>, ty: &PgType, found: Option<&str>) -> bool {
    let Some(found) = found else { return value == Value::Null };
    match value {
        Value::Null => false,
        Value::Bool(value) => found == if value { "t" } else { "f" },
        Value::Integer(value) => number(value.to_string().as_str(), 0, ty, found),
        Value::Real { value, decimals } => number(value.to_string().as_str(), decimals, ty, found),
        Value::Text(text) => same_text(text, ty, found),
        Value::Uuid(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            found.replace('-', "") == hex
        }
        Value::TimestampUs(us) if ty.base().kind == TypeKind::Date => {
            found.parse() == Ok(us.div_euclid(24 * 3_600 * 1_000_000))
        }
        // Before version 14 the server's number of seconds is a double.
        Value::TimestampUs(us) => found.parse::<i64>().is_ok_and(|found| found.abs_diff(us) <= 1),
    }
}

/// Equal within what the type keeps: half a unit of a numeric's last decimal, a float's precision.
fn number(value: &str, decimals: u8, ty: &PgType, found: &str) -> bool {
    if value == found.trim_end() {
        return true;
    }
    let (Ok(value), Ok(found)) = (value.parse::<f64>(), found.trim_end().parse::<f64>()) else { return false };
    let ty = ty.base();
    let scale = ty.numeric_modifier().map_or(i32::from(decimals), |(_, scale)| scale);
    let tolerance = match ty.kind {
        TypeKind::Numeric => 0.500_001 * 10_f64.powi(-scale) + value.abs() * 1e-15,
        TypeKind::Float4 => value.abs() * 1e-6,
        TypeKind::Float8 => value.abs() * 1e-15,
        _ => 0.0,
    };
    (value - found).abs() <= tolerance
}

fn same_text(text: &str, ty: &PgType, found: &str) -> bool {
    match ty.base().kind {
        // A char(n) is padded by the server.
        TypeKind::Text => text == found || text.trim_end_matches(' ') == found.trim_end_matches(' '),
        TypeKind::Enum(_) => text == found,
        TypeKind::Json | TypeKind::Jsonb => {
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            read(text).is_some() && read(text) == read(found)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, same};
    use crate::driver::{PgType, TypeKind};

    #[test]
    fn equal_values_are_the_same_and_others_are_not() {
        let ty = |kind: TypeKind, modifier: i32| PgType { oid: 0, name: "t".to_owned(), kind, modifier };
        // numeric(10,2)
        let money = ty(TypeKind::Numeric, ((10 << 16) | 2) + 4);
        let real = |value: f64| Value::Real { value, decimals: 2 };
        let uuid = "01020304-0506-0708-090a-0b0c0d0e0f10";
        let cases = [
            (Value::Integer(5), ty(TypeKind::Int4, -1), "5", "6"),
            (real(1.239), money.clone(), "1.24", "1.25"),
            (Value::Integer(3), money, "3.00", "3.01"),
            (real(0.1), ty(TypeKind::Float4, -1), "0.1", "0.1001"),
            (Value::Bool(true), ty(TypeKind::Bool, -1), "t", "f"),
            (Value::Text("ab"), ty(TypeKind::Text, -1), "ab  ", "abc"),
            (Value::Text("{\"a\":1}"), ty(TypeKind::Jsonb, -1), "{\"a\": 1}", "{\"a\": 2}"),
            (Value::Uuid(std::array::from_fn(|i| i as u8 + 1)), ty(TypeKind::Uuid, -1), uuid, &uuid[1..]),
            (Value::TimestampUs(-1), ty(TypeKind::Date, -1), "-1", "0"),
            (Value::TimestampUs(7_000_000), ty(TypeKind::Timestamp, -1), "7000001", "7000002"),
        ];
        for (value, ty, equal, other) in cases {
            assert!(same(value, &ty, Some(equal)), "{value:?} {equal}");
            assert!(!same(value, &ty, Some(other)) && !same(value, &ty, None), "{value:?} {other}");
        }
        assert!(same(Value::Null, &ty(TypeKind::Int4, -1), None));
        assert!(!same(Value::Null, &ty(TypeKind::Int4, -1), Some("")));
    }
}
