//! Connection strings for other eyes: wherever a text may hold one, it is shown through here.

/// Whether a connection string holds a password of its own (`${NAME}` is none).
#[must_use]
pub fn has_password(text: &str) -> bool {
    !secrets(text).is_empty()
}

/// The text with every password of a URL or of `key=value` pairs replaced by `***`. Works on any text that may hold
/// connection strings; `${NAME}` stays.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in secrets(text) {
        shown.push_str(&text[at..start]);
        shown.push_str("***");
        at = end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// The same with as many asterisks as the password has bytes, so that what stands behind it keeps its place.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in secrets(text) {
        shown.push_str(&text[at..start]);
        // Lines stay lines.
        shown.extend(text[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }));
        at = end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// Where passwords stand, rising, without overlap; empty ones and `${NAME}` are none.
fn secrets(text: &str) -> Vec<(usize, usize)> {
    let is_placeholder = |secret: &str| {
        secret.is_empty() || (secret.starts_with("${") && secret.ends_with('}') && secret.matches('}').count() == 1)
    };
    let mut found = in_urls(text);
    found.extend(after_keys(text));
    found.retain(|(start, end)| !is_placeholder(&text[*start..*end]));
    found.sort_unstable();
    let mut apart: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (start, end) in found {
        match apart.last_mut() {
            Some((_, last)) if start < *last => *last = end.max(*last),
            _ => apart.push((start, end)),
        }
    }
    apart
}

/// Between `://user:` and the last `@` before blank, quote or end.
fn in_urls(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let begin = at + 3;
        let end = text[begin..].find(is_border).map_or(text.len(), |length| begin + length);
        let authority = &text[begin..end];
        let Some(colon) = authority.find(':') else { continue };
        if let Some(sign) = authority.rfind('@').filter(|sign| *sign > colon) {
            found.push((begin + colon + 1, begin + sign));
        }
    }
    found
}

fn is_border(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '"' | '`')
}

/// After `password=` in any spelling that a URL allows.
fn after_keys(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('=') {
        let before = text[..at].trim_end();
        let key_start = before
            .rfind(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '%')))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let key = decoded(&before[key_start..]).to_lowercase();
        if !(key.ends_with("password") || key == "pgpassword") {
            continue;
        }
        let start = at + 1 + (text[at + 1..].len() - text[at + 1..].trim_start_matches(' ').len());
        let rest = &text[start..];
        let (start, end) = match rest.chars().next() {
            Some('\'') => (start + 1, start + 1 + quoted(&rest[1..])),
            Some('"') => (start + 1, start + 1 + rest[1..].find('"').unwrap_or(rest.len() - 1)),
            _ => (start, start + rest.find(|letter| is_border(letter) || letter == '&').unwrap_or(rest.len())),
        };
        found.push((start, end));
    }
    found
}

/// The length of a text up to the quote that ends it.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Percent-encoded letters, where they are ASCII.
fn decoded(key: &str) -> String {
    let mut plain = String::new();
    let mut rest = key;
    while let Some(letter) = rest.chars().next() {
        let code =
            rest.strip_prefix('%').and_then(|after| after.get(..2)).and_then(|two| u8::from_str_radix(two, 16).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                plain.push(char::from(code));
                rest = &rest[3..];
            }
            None => {
                plain.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_in_any_text() {
        let cases = [
            ("postgres://u:hunter2@h/db", "postgres://u:***@h/db"),
            ("--target=postgres://u:hun@ter2@h/db", "--target=postgres://u:***@h/db"),
            ("postgres://u:%68unter2@h", "postgres://u:***@h"),
            (
                "postgres://h/db?user=u&password=hunter2&sslmode=require",
                "postgres://h/db?user=u&password=***&sslmode=require",
            ),
            ("postgres://h/db?p%61ssword=hunter2", "postgres://h/db?p%61ssword=***"),
            ("host=h password = hunter2 user=u", "host=h password = *** user=u"),
            (r"password='hun\'ter2' user=u", "password='***' user=u"),
            ("PGPASSWORD=hunter2", "PGPASSWORD=***"),
            ("--set load.clients=4", "--set load.clients=4"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("postgres://u:${PW}@h/db", "postgres://u:${PW}@h/db"),
            ("host=h password=${PW}", "host=h password=${PW}"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
            assert_eq!(masked(text).len(), text.len());
            assert_eq!(has_password(text), text != expected);
        }
    }
}
