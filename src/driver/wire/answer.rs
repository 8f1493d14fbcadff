//! The few answers of the server that are read beyond their tag.

use crate::driver::error::ServerError;
use crate::words::SqlState;

/// Rows affected according to a command tag (`UPDATE 3`, `INSERT 0 1`); 0 for what only returns rows.
pub(super) fn affected(tag: &[u8]) -> u64 {
    let tag = tag.strip_suffix(b"\0").unwrap_or(tag);
    if tag.starts_with(b"SELECT") || tag.starts_with(b"FETCH") || tag.starts_with(b"MOVE") {
        return 0;
    }
    let count = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(count).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// An error before it is known to be whole.
#[derive(Default)]
struct Parts {
    state: Option<SqlState>,
    message: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<usize>,
    context: Option<String>,
    fatal: bool,
}

/// Reads an ErrorResponse; `None` when it is not one.
#[cold]
pub(super) fn server_error(body: &[u8]) -> Option<ServerError> {
    let mut error = Parts::default();
    let mut rest = body;
    while let [field, after @ ..] = rest {
        if *field == 0 {
            break;
        }
        let end = after.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(&after[..end]);
        rest = &after[end + 1..];
        match field {
            // The severity that is never translated.
            b'V' => error.fatal = matches!(text.as_ref(), "FATAL" | "PANIC"),
            b'C' => error.state = SqlState::new(&text),
            b'M' => error.message = Some(text.into_owned()),
            b'D' => error.detail = Some(text.into_owned()),
            b'H' => error.hint = Some(text.into_owned()),
            b'P' => error.position = text.parse().ok(),
            b'W' => error.context = Some(text.into_owned()),
            _ => {}
        }
    }
    let Parts { state, message, detail, hint, position, context, fatal } = error;
    Some(ServerError { state: state?, message: message?, detail, hint, position, context, fatal })
}

#[cfg(test)]
mod tests {
    use super::{affected, server_error};

    #[test]
    fn only_what_changed_counts_as_affected() {
        let counts = [
            ("SELECT 5\0", 0),
            ("FETCH 7\0", 0),
            ("INSERT 0 12\0", 12),
            ("UPDATE 3\0", 3),
            ("MERGE 18446744073709551615\0", u64::MAX),
            ("CREATE TABLE\0", 0),
            ("", 0),
        ];
        for (tag, count) in counts {
            assert_eq!(affected(tag.as_bytes()), count, "{tag}");
        }
    }

    #[test]
    fn an_error_is_read_field_by_field() {
        let body = b"SFEHLER\0VERROR\0C42703\0Mcolumn \"x\" does not exist\0P8\0Hlook\0Fparse.c\0\0";
        let error = server_error(body).expect("an error");
        assert_eq!((error.state.as_str(), error.position, error.fatal), ("42703", Some(8), false));
        assert_eq!((error.hint.as_deref(), error.detail), (Some("look"), None));
        assert!(server_error(b"VFATAL\0C57P01\0Mterminating\0\0").expect("an error").fatal);
        assert!(server_error(b"C57P01\0Mcut o").is_none());
    }
}
