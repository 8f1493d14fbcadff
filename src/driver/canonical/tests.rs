use proptest::prelude::*;
use serde_json::json as doc;

use super::*;
use crate::driver::{Args, PgType};
use crate::param::Value;

const INT2: u32 = 21;
const INT8: u32 = 20;
const NUMERIC: u32 = 1700;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const TEXT: u32 = 25;
const TIMESTAMPTZ: u32 = 1184;
const UUID: u32 = 2950;

fn ty(oid: u32) -> PgType {
    PgType::built_in(oid, -1).expect("a built-in type")
}

fn of(oid: u32, value: Value<'_>) -> Canonical {
    let mut args = Args::default();
    args.value(value, &ty(oid)).expect("a value that fits");
    let field = args.bytes();
    canonical(&ty(oid), (field[..4] != [0xff; 4]).then(|| &field[4..]))
}

fn text(oid: u32, value: &str) -> Canonical {
    of(oid, Value::Text(value))
}

#[test]
fn equal_values_are_the_same_in_whatever_type_they_come() {
    let same = [
        (text(INT2, "42"), text(INT8, "42")),
        (text(INT8, "42"), text(NUMERIC, "42.000")),
        (text(NUMERIC, "-0.50"), text(NUMERIC, "-0.5")),
        (text(NUMERIC, "0.00"), text(INT8, "0")),
        (text(NUMERIC, "12.50"), Canonical::from_json(&doc!(12.50))),
        (text(NUMERIC, "100000000000000000000.01"), text(NUMERIC, "1.0000000000000000000001e20")),
        (text(FLOAT4, "1.1"), text(FLOAT8, "1.1")),
        (text(FLOAT8, "0.30000000000000004"), text(NUMERIC, "0.3")),
        (text(NUMERIC, "NaN"), text(FLOAT8, "NaN")),
        (text(INT8, "9007199254740993"), Canonical::from_json(&doc!(9_007_199_254_740_993_i64))),
        (text(1042, "ab   "), text(TEXT, "ab")),
        (of(TEXT, Value::Null), of(INT8, Value::Null)),
        (of(INT8, Value::Null), Canonical::from_json(&doc!(null))),
        (text(TIMESTAMPTZ, "2026-01-31T12:00:00+02:00"), text(TIMESTAMPTZ, "2026-01-31T10:00:00Z")),
        (text(114, r#"{"b": [1.0, null], "a": "x"}"#), text(3802, r#"{"a":"x","b":[1,null]}"#)),
    ];
    for (left, right) in same {
        assert!(left.same(&right), "{left} {right}");
        assert!(right.same(&left), "{right} {left}");
    }
}

#[test]
fn different_values_are_not_the_same() {
    let different = [
        (text(INT8, "42"), text(TEXT, "42")),
        (text(INT8, "9007199254740993"), text(INT8, "9007199254740992")),
        (text(FLOAT8, "1.000000002"), text(FLOAT8, "1")),
        (text(FLOAT8, "0"), text(FLOAT8, "1e-300")),
        (text(FLOAT8, "inf"), text(FLOAT8, "1e308")),
        (text(TEXT, "ab "), text(TEXT, "ab")),
        (of(TEXT, Value::Null), text(TEXT, "")),
        (text(114, r#"{"a": 1}"#), text(114, r#"{"a": 1, "b": null}"#)),
    ];
    for (left, right) in different {
        assert!(!left.same(&right), "{left} {right}");
    }
}

#[test]
fn strings_of_json_are_read_as_the_type_of_the_other_side() {
    let pairs = [
        (UUID, "123E4567-E89B-12D3-A456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        (TIMESTAMPTZ, "2026-01-31T12:00:00.5+00:00", "2026-01-31 12:00:00.5Z"),
        (1082, "2026-01-31", "2026-01-31"),
        (NUMERIC, "12.50", "12.5"),
    ];
    for (oid, in_json, in_sql) in pairs {
        assert!(Canonical::from_json_as(&doc!(in_json), &ty(oid)).same(&text(oid, in_sql)), "{in_json}");
    }
    assert_eq!(Canonical::from_json_as(&doc!("n/a"), &ty(UUID)), Canonical::Text("n/a".to_owned()));
    assert!(Canonical::from_json_as(&doc!(7), &ty(INT8)).same(&text(INT2, "7")));
}

#[test]
fn arrays_compare_by_elements_and_bytes_out_of_shape_are_kept() {
    let mut args = Args::default();
    args.array(INT8, [Some(&7_i64.to_be_bytes()[..]), None].into_iter());
    args.array(TEXT, std::iter::empty());
    let numbers = canonical(&ty(1016), Some(&args.bytes()[4..4 + 20 + 12 + 4]));
    assert_eq!(numbers.to_string(), "[7, NULL]");
    assert!(numbers.same(&Canonical::from_json(&doc!([7, null]))));
    let empty = canonical(&ty(1009), Some(&args.bytes()[args.bytes().len() - 12..]));
    assert_eq!(empty.to_string(), "[]");
    assert_eq!(canonical(&ty(INT8), Some(&[1, 2])).to_string(), "\\x0102");
}

#[test]
fn values_are_shown_as_one_would_write_them() {
    let shown = [
        (text(INT8, "-42"), "-42"),
        (text(NUMERIC, "1200"), "1200"),
        (text(NUMERIC, "0.00120"), "0.0012"),
        (text(NUMERIC, "-120.5"), "-120.5"),
        (text(TEXT, "it's"), "'it''s'"),
        (of(TEXT, Value::Null), "NULL"),
        (text(1082, "2026-01-31"), "2026-01-31"),
        (text(1114, "2026-01-31T12:00:00.25"), "2026-01-31 12:00:00.25"),
        (text(TIMESTAMPTZ, "1999-12-31T23:59:59Z"), "1999-12-31 23:59:59Z"),
        (text(UUID, "123e4567e89b12d3a456426614174000"), "123e4567-e89b-12d3-a456-426614174000"),
        (text(114, r#"{"a": ["x", true]}"#), r#"{"a": ['x', true]}"#),
    ];
    for (value, as_text) in shown {
        assert_eq!(value.to_string(), as_text);
    }
}

#[test]
fn rows_are_paired_although_floats_differ_by_a_hair() {
    let row = |value: f64, id: &str| vec![Canonical::Float(value), text(INT8, id), text(TEXT, "x")];
    let mut left = vec![row(1.0, "2"), row(1.0 + 1e-12, "1")];
    let mut right = vec![row(1.0, "1"), row(1.0 + 1e-12, "2")];
    sort_rows(&mut left);
    sort_rows(&mut right);
    assert!(left.iter().zip(&right).all(|(left, right)| same_row(left, right)), "{left:?} {right:?}");
}

proptest! {
    #[test]
    fn numbers_sort_by_size_in_every_form(left in -10_000_i64..10_000, right in -10_000_i64..10_000, scale in 0_u32..6) {
        let forms = |value: i64| {
            let scaled = value as f64 / 10_f64.powi(scale as i32);
            let exact = format!("{value}e-{scale}");
            [text(NUMERIC, &exact), Canonical::Float(scaled)]
        };
        for l in forms(left) {
            for r in forms(right) {
                prop_assert_eq!(l.cmp(&r), left.cmp(&right), "{} {}", &l, &r);
                prop_assert_eq!(l.same(&r), left == right);
            }
        }
    }
}
