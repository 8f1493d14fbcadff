//! Which statements have a plan, as far as their first word tells.

use crate::workload::plan::first_word;

/// Whether EXPLAIN takes the statement: reading and writing of rows, nothing else. What it is wrong about, the server refuses.
pub(in crate::engine) fn has_plan(sql: &str) -> bool {
    const WORDS: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "WITH", "TABLE"];
    let word = first_word(sql).unwrap_or_default();
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a statement makes, changes or drops what later ones name.
pub(in crate::engine) fn is_ddl(sql: &str) -> bool {
    let word = first_word(sql).unwrap_or_default();
    ["CREATE", "ALTER", "DROP"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a statement seems to be `SELECT … INTO`. It may also say so of one that has the word in a text.
pub(in crate::engine) fn selects_into(sql: &str) -> bool {
    let word = first_word(sql).unwrap_or_default();
    let begins = ["SELECT", "WITH"].iter().any(|known| word.eq_ignore_ascii_case(known));
    let words =
        || sql.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty());
    let of_another = |word: &str| ["INSERT", "MERGE"].iter().any(|known| word.eq_ignore_ascii_case(known));
    begins
        && words().zip(words().skip(1)).any(|(before, word)| word.eq_ignore_ascii_case("into") && !of_another(before))
}

#[cfg(test)]
mod tests {
    use super::{has_plan, selects_into};

    #[test]
    fn a_selection_may_make_a_table() {
        for sql in ["SELECT a INTO TEMP t FROM u", "with x AS (SELECT 1) select *\ninto t FROM x"] {
            assert!(selects_into(sql), "{sql}");
        }
        for sql in ["SELECT 1", "INSERT INTO t SELECT 1", "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) TABLE x"] {
            assert!(!selects_into(sql), "{sql}");
        }
    }

    #[test]
    fn rows_are_read_and_written_by_what_has_a_plan() {
        for sql in [
            "SELECT 1",
            "  \n\t(select 1) UNION (select 2)",
            "-- a word\nwith x AS (SELECT 1) TABLE x",
            "/* SET /* nested */ x */ UPDATE t SET a = 1",
            "insert into t values ($1)",
            "VALUES (1)",
        ] {
            assert!(has_plan(sql), "{sql}");
        }
        for sql in ["BEGIN", "COMMIT", "CREATE TABLE t ()", "CALL p()", "", "-- SELECT", "/* SELECT", "selection"] {
            assert!(!has_plan(sql), "{sql}");
        }
    }
}
