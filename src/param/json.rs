//! JSON text of drawn values.

use std::fmt::Write as _;

use super::value::Value;

/// Appends a text as a JSON string, escaped as `serde_json` does.
pub(super) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Appends a value. Reals have the decimals that their range was written with; instants are RFC 3339 in UTC.
pub(super) fn push_value(out: &mut String, value: Value<'_>) {
    // Writing to a String does not fail.
    let _ = match value {
        Value::Null => out.write_str("null"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Integer(number) => write!(out, "{number}"),
        Value::Real { value, decimals } => write!(out, "{value:.*}", usize::from(decimals)),
        Value::Text(text) => {
            push_string(out, text);
            Ok(())
        }
        Value::Uuid(bytes) => push_uuid(out, bytes),
        Value::TimestampUs(us) => match jiff::Timestamp::from_microsecond(us) {
            Ok(instant) => write!(out, "\"{instant}\""),
            // Beyond the year 9999, which no calendar text reaches.
            Err(_) => write!(out, "{us}"),
        },
    };
}

fn push_uuid(out: &mut String, bytes: [u8; 16]) -> std::fmt::Result {
    out.push('"');
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        write!(out, "{byte:02x}")?;
    }
    out.push('"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strings_read_as_serde_json_writes_them(text in any::<String>(), control in "[\\x00-\\x1f\"\\\\]{0,8}") {
            for text in [text, control] {
                let mut out = String::new();
                push_string(&mut out, &text);
                prop_assert_eq!(out, serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn values_have_their_json_form() {
        let mut out = String::new();
        for value in [
            Value::Real { value: 2.5, decimals: 2 },
            Value::Uuid([0xab; 16]),
            Value::TimestampUs(1_767_225_600_000_001),
            Value::Null,
        ] {
            push_value(&mut out, value);
            out.push(' ');
        }
        assert_eq!(out, "2.50 \"abababab-abab-abab-abab-abababababab\" \"2026-01-01T00:00:00.000001Z\" null ");
    }
}
