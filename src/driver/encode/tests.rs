use proptest::prelude::*;

use super::*;
use crate::driver::canonical::canonical;
use crate::param::Domain;

fn ty(oid: u32, modifier: i32) -> PgType {
    PgType::built_in(oid, modifier).expect("a built-in type")
}

fn numeric(precision: i32, scale: i32) -> PgType {
    ty(1700, ((precision << 16) | (scale & 0x7ff)) + 4)
}

fn varchar(most: i32) -> PgType {
    ty(1043, most + 4)
}

fn labels(labels: &[&str]) -> PgType {
    let kind = TypeKind::Enum(labels.iter().map(|label| (*label).to_owned()).collect());
    PgType { oid: 20_000, name: "mood".into(), kind, modifier: -1 }
}

fn domain_over(base: PgType) -> PgType {
    PgType { oid: 20_001, name: "price".into(), kind: TypeKind::Domain(Box::new(base)), modifier: -1 }
}

fn bytes(value: Value<'_>, ty: &PgType) -> Result<Vec<u8>, String> {
    let mut args = Args::default();
    args.value(value, ty).map(|()| args.bytes()[4..].to_vec()).map_err(|misfit| misfit.to_string())
}

/// What the bytes say, read by the other half of the room (which the server's own output checks elsewhere).
fn shown(value: Value<'_>, ty: &PgType) -> String {
    bytes(value, ty).map_or_else(|error| error, |bytes| canonical(ty, Some(&bytes)).to_string())
}

#[test]
fn misfits_name_value_type_and_rule() {
    let messages = [
        (bytes(Value::Integer(40_000), &ty(21, -1)), "40000 does not fit int2: it takes -32768 to 32767"),
        (bytes(Value::Text("abcd"), &varchar(3)), "'abcd' does not fit varchar(3): it takes at most 3 characters"),
        (
            bytes(Value::Integer(1_000), &domain_over(numeric(5, 2))),
            "1000 does not fit price: it takes at most 3 digits before the point",
        ),
        (bytes(Value::Text("glad"), &labels(&["sad", "happy"])), "'glad' does not fit mood: it takes sad, happy"),
        (bytes(Value::Bool(true), &ty(23, -1)), "true does not fit int4: a boolean fits bool only"),
        (
            bytes(Value::TimestampUs(0), &ty(23, -1)),
            "1970-01-01T00:00:00Z does not fit int4: an instant fits date, timestamp and timestamptz",
        ),
        (
            bytes(Value::Integer(1), &ty(1016, -1)),
            "1 does not fit int8[]: an integer fits integer, float, numeric and text types",
        ),
    ];
    for (message, expected) in messages {
        assert_eq!(message, Err(expected.to_owned()));
    }
}

#[test]
fn numerics_keep_every_digit_and_reals_their_decimals() {
    let plain = ty(1700, -1);
    for text in
        ["0", "1", "-1", "9999", "10000", "12345678.9", "0.0001", "0.00001", "-100000000000000000000.000000000001"]
    {
        assert_eq!(shown(Value::Text(text), &plain), text);
    }
    assert_eq!(shown(Value::Text("+1.5e3"), &plain), "1500");
    assert_eq!(shown(Value::Text("15e-4"), &plain), "0.0015");
    assert_eq!(bytes(Value::Text("1.50"), &plain), Ok(vec![0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 0x13, 0x88]));
    assert_eq!(shown(Value::Integer(i64::MIN), &plain), i64::MIN.to_string());
    assert_eq!(shown(Value::Real { value: 4.256, decimals: 2 }, &plain), "4.26");
    assert_eq!(shown(Value::Real { value: 4.256, decimals: 2 }, &numeric(12, 1)), "4.3");
    assert_eq!(shown(Value::Real { value: 1e300, decimals: 0 }, &plain).len(), 301);
    for wrong in ["", "-", ".", "1.2.3", "1e", "0x10", "1_000", "inf"] {
        assert!(bytes(Value::Text(wrong), &plain).is_err(), "{wrong}");
    }
}

#[test]
fn a_numeric_overflows_where_rounding_needs_one_digit_more() {
    assert!(bytes(Value::Text("999.99"), &numeric(5, 2)).is_ok());
    assert!(bytes(Value::Text("999.994"), &numeric(5, 2)).is_ok());
    assert!(bytes(Value::Text("999.995"), &numeric(5, 2)).is_err());
    assert!(bytes(Value::Text("0.094"), &numeric(2, 3)).is_ok());
    assert!(bytes(Value::Text("0.0995"), &numeric(2, 3)).is_err());
    assert!(bytes(Value::Text("12345"), &numeric(3, -2)).is_ok());
    assert!(bytes(Value::Text("123456"), &numeric(3, -2)).is_err());
}

#[test]
fn text_is_read_for_the_type_it_is_bound_to() {
    let read = [
        (1082, "2026-01-31", "2026-01-31"),
        (1114, "2026-01-31 12:00:00", "2026-01-31 12:00:00"),
        (1184, "2026-01-31 12:00:00.5+02", "2026-01-31 10:00:00.5Z"),
        (16, "Yes", "true"),
        (23, " 7 ", "7"),
        (2950, "{123E4567-E89B-12D3-A456-426614174000}", "123e4567-e89b-12d3-a456-426614174000"),
        (3802, "[1, 2]", "[1, 2]"),
        (17, "ab", "\\x6162"),
    ];
    for (oid, text, expected) in read {
        assert_eq!(shown(Value::Text(text), &ty(oid, -1)), expected);
    }
    for (oid, text) in
        [(1184, "2026-01-31 12:00:00"), (1114, "2026-01-31T12:00:00Z"), (114, "{"), (16, "2"), (2950, "12")]
    {
        assert!(bytes(Value::Text(text), &ty(oid, -1)).is_err(), "{text}");
    }
}

#[test]
fn nothing_is_left_behind_by_a_value_that_does_not_fit() {
    let mut args = Args::default();
    args.value(Value::Integer(1), &ty(20, -1)).unwrap();
    let before = args.bytes().to_vec();
    args.value(Value::Text("{"), &ty(3802, -1)).unwrap_err();
    assert_eq!((args.bytes(), args.count()), (&*before, 1));
}

fn some_type() -> impl Strategy<Value = PgType> {
    prop_oneof![
        prop::sample::select(vec![
            16, 17, 19, 20, 21, 23, 25, 26, 114, 600, 700, 701, 1082, 1114, 1184, 1700, 2950, 3802
        ])
        .prop_map(|oid| ty(oid, -1)),
        (1..12_i32, -3..12_i32).prop_map(|(precision, scale)| numeric(precision, scale)),
        (1..40_i32).prop_map(varchar),
        (1..6_i32).prop_map(|most| domain_over(varchar(most))),
        Just(labels(&["a", "7"])),
    ]
}

/// A domain, and values of it.
fn some_domain() -> impl Strategy<Value = (Domain, Vec<OwnedValue>)> {
    let number = || prop_oneof![-1_000_i64..1_000, any::<i64>(), (0_u32..63).prop_map(|bits| 1_i64 << bits)];
    let real = || prop_oneof![-1_000.0..1_000.0_f64, -1e40..1e40_f64, -0.1..0.1_f64];
    let share = || prop::collection::vec(0.0..=1.0_f64, 8);
    prop_oneof![
        (number(), number(), share()).prop_map(|(a, b, shares)| {
            let (low, high) = (a.min(b), a.max(b));
            let at = |share: &f64| (low as f64 + (high as f64 - low as f64) * share) as i64;
            let values = shares.iter().map(|share| OwnedValue::Integer(at(share).clamp(low, high))).collect();
            (Domain::Integers { low, high }, values)
        }),
        (real(), real(), share(), any::<u8>()).prop_map(|(a, b, shares, decimals)| {
            let (low, high) = (a.min(b), a.max(b));
            let at = |share: &f64| OwnedValue::Real((low + (high - low) * share).clamp(low, high), decimals);
            (Domain::Reals { low, high }, shares.iter().map(at).collect())
        }),
        prop::collection::vec(prop_oneof!["[a-z0-9.-]{0,5}", "[0-9]{1,3}"], 1..4)
            .prop_map(|texts| (Domain::Texts(texts.clone()), texts.into_iter().map(OwnedValue::Text).collect())),
        (1..50_u32).prop_flat_map(|max| {
            let text = proptest::string::string_regex(&format!("[a-z0-9]{{0,{max}}}")).expect("a pattern");
            prop::collection::vec(text, 4)
                .prop_map(move |texts| (Domain::Text { max }, texts.into_iter().map(OwnedValue::Text).collect()))
        }),
        Just((Domain::Bool, vec![OwnedValue::Bool(false), OwnedValue::Bool(true)])),
        prop::collection::vec(any::<[u8; 16]>(), 2)
            .prop_map(|uuids| (Domain::Uuid, uuids.into_iter().map(OwnedValue::Uuid).collect())),
        prop::collection::vec(-62_000_000_000_000_000_i64..253_000_000_000_000_000, 2)
            .prop_map(|times| (Domain::Timestamp, times.into_iter().map(OwnedValue::Time).collect())),
        Just((Domain::Json, vec![OwnedValue::Text("{\"a\": [1]}".into())])),
    ]
}

#[derive(Clone, Debug)]
enum OwnedValue {
    Bool(bool),
    Integer(i64),
    Real(f64, u8),
    Text(String),
    Uuid([u8; 16]),
    Time(i64),
}

impl OwnedValue {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Real(value, decimals) => Value::Real { value: *value, decimals: *decimals },
            Self::Text(text) => Value::Text(text),
            Self::Uuid(bytes) => Value::Uuid(*bytes),
            Self::Time(us) => Value::TimestampUs(*us),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_fits_before_the_run_fits_during_it((domain, values) in some_domain(), ty in some_type()) {
        let before = fits(&domain, &ty);
        for value in &values {
            let during = Args::default().value(value.value(), &ty);
            if before.is_ok() {
                prop_assert!(during.is_ok(), "{:?}", during);
            }
        }
        // And the other way round, where the domain is no more than its values.
        if let (Err(misfit), Domain::Texts(_) | Domain::Bool) = (&before, &domain) {
            let one_fails = values.iter().any(|value| Args::default().value(value.value(), &ty).is_err());
            prop_assert!(one_fails, "{misfit}");
        }
        if let (Err(misfit), Domain::Integers { low, high }) = (&before, &domain) {
            let fail = [low, high].map(|end| Args::default().value(Value::Integer(*end), &ty).is_err());
            prop_assert!(fail[0] || fail[1], "{misfit}");
        }
    }

    #[test]
    fn integers_and_decimals_come_back_from_numerics(value in any::<i64>(), places in 0_usize..18) {
        let mut digits = format!("{:019}", value.unsigned_abs());
        digits.insert(digits.len() - places, '.');
        let text = format!("{}{digits}", if value < 0 { "-" } else { "" });
        let kept = shown(Value::Text(&text), &ty(1700, -1));
        let expected: f64 = text.parse().expect("a number");
        prop_assert_eq!(kept.parse::<f64>().expect("a number"), expected);
        prop_assert_eq!(kept.contains('.'), value.unsigned_abs() % 10_u64.pow(places as u32) != 0);
        prop_assert_eq!(shown(Value::Integer(value), &ty(1700, -1)), value.to_string());
    }
}
