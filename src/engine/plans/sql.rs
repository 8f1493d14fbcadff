//! Which statements have a plan, as far as their first word tells.

/// Whether EXPLAIN takes the statement: reading and writing of rows, nothing else. What it is wrong about, the server refuses.
pub(super) fn has_plan(sql: &str) -> bool {
    const WORDS: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "WITH", "TABLE"];
    let word = first_word(sql);
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a statement makes, changes or drops what later ones name.
pub(in crate::engine) fn is_ddl(sql: &str) -> bool {
    let word = first_word(sql);
    ["CREATE", "ALTER", "DROP"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Behind blanks, comments and parentheses.
fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = after_comment(comment);
        } else {
            return rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        }
    }
}

/// What follows a comment, which may hold others.
fn after_comment(comment: &str) -> &str {
    let mut depth = 1;
    let mut rest = comment;
    while depth > 0 {
        match (rest.find("*/"), rest.find("/*")) {
            (Some(end), Some(begin)) if begin < end => {
                depth += 1;
                rest = &rest[begin + 2..];
            }
            (Some(end), _) => {
                depth -= 1;
                rest = &rest[end + 2..];
            }
            (None, _) => return "",
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::has_plan;

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
