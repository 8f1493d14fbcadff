//! What dbbench makes in somebody's server, and takes away again: a database, or a schema where that is asked for.
//!
//! Everything made is marked by a comment. What has no mark is never altered or dropped, whatever its name. A run holds a
//! session in what it has made; what has a mark and no session was left by a run that was killed.

mod database;
mod schema;
mod sweep;

pub use database::{CopySource, OwnDatabase};
pub use schema::OwnSchema;
pub(super) use sweep::sweep;
pub use sweep::{Cleaned, clean};

/// Every comment of dbbench's begins so.
const MARK: &str = "dbbench: made by a run";
/// So does that of what is to be kept.
const KEPT_MARK: &str = "dbbench: kept by a run";
/// Names of databases begin so.
const PREFIX: &str = "dbbench_";
/// Stands in the name of a copy between the name of what was copied and its number. Sessions beside a database, which bear its
/// name, stand for its copies too.
pub const COPY: &str = "_c";
/// What names leave for it: `_c` and six digits.
const COPY_ROOM: usize = 8;
/// Longest name that PostgreSQL takes, bytes.
const LONGEST_NAME: usize = 63;

/// A name as SQL wants it.
#[must_use]
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL wants it, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The comment on what a run makes.
fn comment(workload: &str, keep: bool) -> String {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let version = env!("CARGO_PKG_VERSION");
    match keep {
        false => format!(
            "{MARK} of {workload} at {now} (dbbench {version}); it is dropped when the run ends, else by the next run on this \
             server or by dbbench clean"
        ),
        true => format!("{KEPT_MARK} of {workload} at {now} (dbbench {version}); dbbench clean drops it"),
    }
}

/// `dbbench_<workload>_<8 hex>`, short enough for copies of it to have names too.
fn database_name(workload: &str, random: &str) -> String {
    let random = &random[..8.min(random.len())];
    let room = LONGEST_NAME - COPY_ROOM - PREFIX.len() - random.len() - 1;
    let mut end = workload.len().min(room);
    while !workload.is_char_boundary(end) {
        end -= 1;
    }
    format!("{PREFIX}{}_{random}", &workload[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_are_quoted() {
        assert_eq!(database_name("tiny", "0123456789abcdef"), "dbbench_tiny_01234567");
        assert_eq!(database_name(&"x".repeat(64), "0123456789abcdef").len(), LONGEST_NAME - COPY_ROOM);
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal(r"it's \"), r"E'it''s \\'");
    }

    #[test]
    fn the_mark_says_who_drops_it() {
        assert!(comment("w", false).starts_with(MARK) && comment("w", false).contains("next run"));
        assert!(comment("w", true).starts_with(KEPT_MARK) && !comment("w", true).contains("next run"));
    }
}
