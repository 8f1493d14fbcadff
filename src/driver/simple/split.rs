//! Where the arguments of a statement stand in its text.

/// The text before each `$n` with the index of the argument (from 0), and the text after the last.
pub(super) fn at_arguments(sql: &str) -> (Vec<(&str, usize)>, &str) {
    let bytes = sql.as_bytes();
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'\'' => quoted(bytes, at, b'\'', at > 0 && is_escape_prefix(bytes, at - 1)),
            b'"' => quoted(bytes, at, b'"', false),
            b'-' if bytes[at..].starts_with(b"--") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment(bytes, at),
            b'$' => match number(sql, at) {
                Some((number, end)) => {
                    pieces.push((&sql[from..at], number - 1));
                    from = end;
                    end
                }
                None => dollar_quoted(sql, at),
            },
            // A name takes in the `$` that it holds.
            _ if begins_word(*byte) => {
                skip(bytes, at, |byte| begins_word(byte) || byte.is_ascii_digit() || byte == b'$')
            }
            _ => at + 1,
        };
        // The prefix of an escape string is a word by itself: its quote comes next.
        at = end;
    }
    (pieces, &sql[from..])
}

fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn skip(bytes: &[u8], at: usize, is_part: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|byte| !is_part(*byte)).map_or(bytes.len(), |length| at + length)
}

/// Whether the byte at `at` is an `E` that is a word of its own.
fn is_escape_prefix(bytes: &[u8], at: usize) -> bool {
    let stands_alone =
        at == 0 || !(begins_word(bytes[at - 1]) || bytes[at - 1].is_ascii_digit() || bytes[at - 1] == b'$');
    matches!(bytes[at], b'e' | b'E') && stands_alone
}

/// The end of a quoted text; what is not closed reaches to the end.
fn quoted(bytes: &[u8], start: usize, quote: u8, escapes: bool) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match *byte {
            b'\\' if escapes => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, |byte| byte != b'\n' && byte != b'\r')
}

/// The end of a comment, which may hold others.
fn comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_u32);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// `$1`: the number, and where it ends.
fn number(sql: &str, at: usize) -> Option<(usize, usize)> {
    let end = skip(sql.as_bytes(), at + 1, |byte| byte.is_ascii_digit());
    let number: usize = sql[at + 1..end].parse().ok()?;
    (number > 0).then_some((number, end))
}

/// The end of `$tag$…$tag$`, or of the `$` alone.
fn dollar_quoted(sql: &str, at: usize) -> usize {
    let tag_end = skip(sql.as_bytes(), at + 1, |byte| begins_word(byte) || byte.is_ascii_digit());
    if !sql[tag_end..].starts_with('$') {
        return at + 1;
    }
    let tag = &sql[at..=tag_end];
    sql[tag_end + 1..].find(tag).map_or(sql.len(), |length| tag_end + 1 + length + tag.len())
}

#[cfg(test)]
mod tests {
    use super::at_arguments;

    #[test]
    fn arguments_are_found_where_they_are_some_and_only_there() {
        let cases: [(&str, &[usize]); 12] = [
            ("SELECT 1", &[]),
            ("SELECT $1, $2 + $1", &[0, 1, 0]),
            ("SELECT '$1', \"$2\", $3", &[2]),
            ("SELECT 'it''s $1' -- $2\n, $3", &[2]),
            ("SELECT E'\\'$1', $2", &[1]),
            ("SELECT '\\', $1", &[0]),
            ("SELECT name'\\', $1", &[0]),
            ("SELECT $$ $1 $$, $a$ $2 $$ $a$, $3", &[2]),
            ("SELECT a$1, $1::int8", &[0]),
            ("/* $1 /* $2 */ $3 */ SELECT $4", &[3]),
            ("SELECT $12[1]", &[11]),
            ("SELECT é$1, '€', $2", &[1]),
        ];
        for (sql, expected) in cases {
            let (pieces, tail) = at_arguments(sql);
            let numbers: Vec<usize> = pieces.iter().map(|(_, number)| *number).collect();
            assert_eq!(numbers, expected, "{sql}");
            let whole: String = pieces.iter().map(|(text, number)| format!("{text}${}", number + 1)).collect();
            assert_eq!(whole + tail, sql);
        }
    }
}
