//! The literals as a reader of the server's log sees them, and what is none.

use bytes::BytesMut;

use super::{LiteralType, Scratch, Template, literal, read};
use crate::driver::encode::Args;
use crate::driver::types::PgType;
use crate::param::Value;

fn built_in(oid: u32) -> PgType {
    PgType::built_in(oid, -1).expect("a built-in type")
}

/// The text that is sent for values of these types.
fn sent(sql: &str, values: &[(u32, Value<'_>)]) -> Result<String, String> {
    let types: Vec<LiteralType> =
        values.iter().map(|(oid, _)| LiteralType { ty: built_in(*oid), sql_name: built_in(*oid).name }).collect();
    let mut args = Args::default();
    for ((_, value), LiteralType { ty, .. }) in values.iter().zip(&types) {
        args.value(*value, ty).expect("a value that fits");
    }
    let mut out = BytesMut::new();
    Template::new(sql, &types, &[]).write(&args, &mut Scratch::default(), &mut out)?;
    Ok(String::from_utf8(out.to_vec()).expect("text"))
}

#[test]
fn values_stand_in_the_text_typed_and_in_parentheses() {
    let text = sent(
        "SELECT a-$2, $1 FROM t WHERE b = $3 AND c = '$1' AND d = $1 AND e > $4 AND f < $5",
        &[
            (20, Value::Integer(42)),
            (23, Value::Integer(-7)),
            (25, Value::Text("O'Hara")),
            (16, Value::Null),
            (1700, Value::Real { value: 4.25, decimals: 3 }),
        ],
    );
    assert_eq!(
        text.as_deref(),
        Ok("SELECT a-('-7'::int4), ('42'::int8) FROM t WHERE b = ('O''Hara'::text) AND c = '$1' AND d = ('42'::int8) \
            AND e > (NULL::bool) AND f < ('4.250'::numeric)")
    );
}

#[test]
fn a_backslash_means_the_same_whatever_the_server_is_set_to() {
    let text = sent("SELECT $1", &[(25, Value::Text("a\\'; DROP TABLE users; --"))]);
    assert_eq!(text.as_deref(), Ok("SELECT (E'a\\\\''; DROP TABLE users; --'::text)"));
}

#[test]
fn an_argument_without_a_value_is_an_error() {
    assert_eq!(sent("SELECT $2", &[(20, Value::Integer(1))]), Err("there is no value for $2".to_owned()));
}

#[test]
fn what_is_no_value_of_a_type_is_neither_written_nor_read() {
    // Too short, an array without its elements, a jsonb of an unknown version.
    for (oid, bytes) in [(20, &[0_u8; 4][..]), (1082, &[]), (1007, &[0, 0, 0, 1, 0, 0, 0, 0]), (3802, b"{}")] {
        let written = literal::write(&mut BytesMut::new(), &built_in(oid), Some(bytes), b")");
        assert_eq!(written, None, "{oid} {bytes:?}");
    }
    let texts = [
        (16, "true"),
        (23, "4 2"),
        (23, "2147483648"),
        (17, "\\x0"),
        (17, "\\9"),
        (1082, "31.01.2026"),
        (1114, "2026-01-31T00:00:00"),
        (1114, "2026-01-31 00:00:00.1234567"),
        (1184, "2026-01-31 00:00:00 CET"),
        (1007, "{1,2"),
        (1007, "1"),
        (1007, "[0:1]{1,2}"),
        (1007, "{\"1"),
        (1700, "1,5"),
        (2950, "no"),
    ];
    for (oid, text) in texts {
        let read = read::value(&mut BytesMut::new(), &built_in(oid), text.as_bytes(), &mut Vec::new());
        assert_eq!(read, None, "{text} as {oid}");
    }
}
