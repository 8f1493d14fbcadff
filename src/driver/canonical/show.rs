//! Values of answers as a person reads them in a message.

use std::fmt;

use super::Canonical;

/// 2000-01-01 in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;
const DAY_US: i64 = 86_400_000_000;

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Uuid(bytes) => write!(f, "{}", super::super::encode::uuid_text(bytes).as_str()),
            Self::Bytes(bytes) | Self::Raw(bytes) => {
                f.write_str("\\x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Date(days) => moment(f, i64::from(*days).checked_mul(DAY_US), "%Y-%m-%d"),
            Self::Timestamp(us) => moment(f, Some(*us), "%Y-%m-%d %H:%M:%S%.f"),
            Self::Instant(us) => moment(f, Some(*us), "%Y-%m-%d %H:%M:%S%.fZ"),
            Self::Array(values) => list(f, ['[', ']'], values, |f, value| write!(f, "{value}")),
            Self::Object(members) => list(f, ['{', '}'], members, |f, (key, value)| write!(f, "{key:?}: {value}")),
        }
    }
}

fn moment(f: &mut fmt::Formatter<'_>, us: Option<i64>, format: &str) -> fmt::Result {
    let unix_us = us.and_then(|us| us.checked_add(EPOCH_US));
    match unix_us.and_then(|us| jiff::Timestamp::from_microsecond(us).ok()) {
        Some(at) => write!(f, "{}", at.strftime(format)),
        // The server's infinities and years beyond 9999.
        None => match us {
            Some(i64::MIN) => f.write_str("-infinity"),
            Some(i64::MAX) => f.write_str("infinity"),
            _ => f.write_str("a time beyond the year 9999"),
        },
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    items: &[T],
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{open}")?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        show(f, item)?;
    }
    write!(f, "{close}")
}
