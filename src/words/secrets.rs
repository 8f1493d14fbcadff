//! Connection strings for other eyes: wherever a text may hold one, it is shown through here.

/// Whether a text holds a connection string with a password of its own (`${NAME}` is none).
#[must_use]
pub fn has_password(text: &str) -> bool {
    !secrets(text).is_empty()
}

/// The same of a text that is one connection string as a whole, where every letter has its meaning.
#[must_use]
pub fn target_has_password(target: &str) -> bool {
    of_target(target).map_or_else(|| has_password(target), |found| !found.is_empty())
}

/// The text with every password of a URL or of `key=value` pairs replaced by `***`. Works on any text that may hold
/// connection strings; `${NAME}` stays.
#[must_use]
pub fn redacted(text: &str) -> String {
    replaced(text, &secrets(text))
}

/// The same of a text that is one connection string as a whole; what does not read as one is left out altogether, since half
/// of a password may be anywhere in it.
#[must_use]
pub fn redacted_target(target: &str) -> String {
    of_target(target).map_or_else(|| "<redacted>".to_owned(), |found| replaced(target, &found))
}

/// The same of an argument, which may be a connection string, or an option with one behind its `=`, or anything else.
#[must_use]
pub fn redacted_argument(arg: &str) -> String {
    let value = arg.strip_prefix("--").and_then(|rest| rest.split_once('=')).map_or(arg, |(_, value)| value);
    if !(value.contains("://") || has_password(value)) {
        return redacted(arg);
    }
    match of_target(value) {
        Some(found) => format!("{}{}", &arg[..arg.len() - value.len()], replaced(value, &found)),
        None => redacted(arg),
    }
}

/// A message in which any of these arguments may be repeated.
#[must_use]
pub fn redacted_message(message: &str, args: impl IntoIterator<Item = String>) -> String {
    let mut message = message.to_owned();
    for arg in args {
        let value = arg.split_once('=').map_or("", |(_, value)| value);
        for said in [arg.as_str(), value].into_iter().filter(|said| !said.is_empty()) {
            let shown = redacted_argument(said);
            if shown != said {
                message = message.replace(said, &shown);
            }
        }
    }
    redacted(&message)
}

fn replaced(text: &str, secrets: &[(usize, usize)]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in secrets {
        shown.push_str(&text[at..*start]);
        shown.push_str("***");
        at = *end;
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

/// Where passwords stand in any text.
fn secrets(text: &str) -> Vec<(usize, usize)> {
    let mut found = in_urls(text);
    found.extend(after_keys(text));
    apart(text, found)
}

/// Rising, without overlap; empty ones and `${NAME}` are none.
fn apart(text: &str, mut found: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let is_placeholder = |secret: &str| {
        secret.is_empty() || (secret.starts_with("${") && secret.ends_with('}') && secret.matches('}').count() == 1)
    };
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

/// Where passwords stand in a text that is one connection string; `None` where it does not read as one.
fn of_target(target: &str) -> Option<Vec<(usize, usize)>> {
    if target.starts_with("null:") {
        return Some(secrets(target));
    }
    let begin = target.len() - target.trim_start().len();
    if target[begin..].starts_with("${") {
        // The variable may be a URL or pairs; what follows goes on with either.
        let after = begin + target[begin..].find('}').map_or(0, |at| at + 1);
        let mut found = in_url(target, after);
        found.extend(secrets(target));
        found.extend(in_pairs(target, after).into_iter().flatten());
        return Some(apart(target, found));
    }
    let is_scheme = |at: &usize| !target[..*at].contains(['=', '?']);
    if let Some(at) = target.find("://").filter(is_scheme) {
        return Some(apart(target, in_url(target, at + 3)));
    }
    if target.contains('=') {
        return in_pairs(target, begin).map(|found| apart(target, found));
    }
    // A URL that lacks its scheme, or something else.
    (!target.contains('@')).then(Vec::new)
}

/// Passwords of the URL whose login or hosts begin at `begin`: between the first `:` and the last `@`, since one that is not
/// encoded may hold anything, and in the query.
fn in_url(url: &str, begin: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let rest = &url[begin..];
    if let (Some(colon), Some(sign)) = (rest.find(':'), rest.rfind('@'))
        && colon < sign
    {
        found.push((begin + colon + 1, begin + sign));
    }
    let mut at = begin + rest.find('?').map_or(rest.len(), |at| at + 1);
    for pair in url[at..].split('&') {
        if let Some((key, _)) = pair.split_once('=')
            && is_of_password(key)
        {
            found.push((at + key.len() + 1, at + pair.len()));
        }
        at += pair.len() + 1;
    }
    found
}

/// Passwords of the `key=value` pairs from `begin` on; `None` where they are no pairs.
fn in_pairs(text: &str, begin: usize) -> Option<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    let mut at = begin;
    while !text[at..].trim_start().is_empty() {
        let (key, after) = text[at..].split_once('=')?;
        if !key.trim().bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            return None;
        }
        let start = text.len() - after.trim_start().len();
        let (value, next) = value(text, start);
        if is_of_password(key.trim()) {
            found.push(value);
        }
        at = next;
    }
    Some(found)
}

/// Where the value lies that begins at `start`, quoted or not, and where the next pair begins.
fn value(text: &str, start: usize) -> ((usize, usize), usize) {
    if let Some(rest) = text[start..].strip_prefix('\'') {
        let end = start + 1 + quoted(rest);
        return ((start + 1, end), text.len().min(end + 1));
    }
    let mut escaped = false;
    for (at, letter) in text[start..].char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            blank if blank.is_whitespace() => return ((start, start + at), start + at),
            _ => {}
        }
    }
    ((start, text.len()), text.len())
}

fn is_of_password(key: &str) -> bool {
    decoded(key).to_lowercase().ends_with("password")
}

/// In a text of any kind: between `://user:` and the last `@` before the URL ends.
fn in_urls(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let begin = at + 3;
        let end = end_of_url(text, at);
        let Some(colon) = text[begin..end].find(':').map(|colon| begin + colon) else { continue };
        match text[begin..end].rfind('@').filter(|sign| begin + sign > colon) {
            Some(sign) => found.push((colon + 1, begin + sign)),
            None if text[..at].ends_with("postgres") || text[..at].ends_with("postgresql") => {
                // A password with a blank in it; behind a host there is a number.
                let line = text[begin..].find('\n').map_or(text.len(), |length| begin + length);
                let port = text[colon + 1..end].split(['/', '?', ',']).next().unwrap_or_default();
                let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                let sign = text[end..line].rfind('@').filter(|_| !is_port && !closes(text, end));
                found.extend(sign.map(|sign| (colon + 1, end + sign)));
            }
            None => {}
        }
    }
    found
}

/// Where a URL ends whose `://` is at `at`: at the quote that it began with, else at a blank or a quote.
fn end_of_url(text: &str, at: usize) -> usize {
    let before = text[..at].trim_end_matches(|letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    let opening = before.chars().next_back().filter(|letter| matches!(letter, '\'' | '"' | '`'));
    let is_end = |(length, letter): &(usize, char)| match opening {
        Some(quote) => *letter == '\n' || (*letter == quote && closes(text, at + length)),
        None => letter.is_whitespace() || closes(text, at + length),
    };
    text[at..].char_indices().find(is_end).map_or(text.len(), |(length, _)| at + length)
}

/// Whether a quote that ends something is at `at`: one that goes on with letters stands in a password.
fn closes(text: &str, at: usize) -> bool {
    let mut letters = text[at..].chars();
    let is_quote = matches!(letters.next(), Some('\'' | '"' | '`'));
    let is_escaped = text[..at].ends_with('\\');
    let goes_on = |next: char| !(next.is_whitespace() || ",;:)]}.'\"`".contains(next));
    is_quote && !is_escaped && !letters.next().is_some_and(goes_on)
}

/// In a text of any kind: after `password=` in any spelling that a URL allows.
fn after_keys(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('=') {
        let before = text[..at].trim_end();
        let key_start = before
            .rfind(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '%')))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        if !is_of_password(&before[key_start..]) {
            continue;
        }
        let start = at + 1 + (text[at + 1..].len() - text[at + 1..].trim_start_matches([' ', '\t']).len());
        let rest = &text[start..];
        // A sign that ends a value in the query of a URL is a letter like any other in pairs.
        let in_query = before[..key_start].ends_with(['?', '&']);
        let is_end = |(at, letter): &(usize, char)| match letter {
            '&' => in_query,
            '\n' => true,
            blank if blank.is_whitespace() => in_query || !rest[..*at].ends_with('\\'),
            _ => closes(text, start + at),
        };
        found.push(match rest.chars().next() {
            Some('\'') => (start + 1, start + 1 + quoted(&rest[1..])),
            Some('"') => (start + 1, start + 1 + rest[1..].find('"').unwrap_or(rest.len() - 1)),
            _ => (start, rest.char_indices().find(is_end).map_or(text.len(), |(length, _)| start + length)),
        });
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
            ("'host=h password=${PW}', 'x'", "'host=h password=${PW}', 'x'"),
            ("host=h password=hun&ter2 user=u", "host=h password=*** user=u"),
            (r"host=h password=hun\ ter2 user=u", r"host=h password=*** user=u"),
            (r#"host=h password=hun"ter2 user=u"#, "host=h password=*** user=u"),
            (r#"{"a": "host=h password=hunter2"}"#, r#"{"a": "host=h password=***"}"#),
            (r#"--target postgres://u:hun"ter2@h/db"#, "--target postgres://u:***@h/db"),
            ("postgres://u:hun`ter2@h/db", "postgres://u:***@h/db"),
            ("'postgres://u:hun ter2@h/db' found", "'postgres://u:***@h/db' found"),
            ("postgres://u:hun ter2@h/db", "postgres://u:***@h/db"),
            ("primary = 'postgres://u:hun\"ter2@h/db'", "primary = 'postgres://u:***@h/db'"),
            (r#"primary = "postgres://u:hun\"ter2@h/db" # b"#, r#"primary = "postgres://u:***@h/db" # b"#),
            ("at postgres://h:5432/db, not a@b", "at postgres://h:5432/db, not a@b"),
            ("at \"postgres://h:5432/db\", not a@b", "at \"postgres://h:5432/db\", not a@b"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
            assert_eq!(masked(text).len(), text.len());
            assert_eq!(has_password(text), text != expected);
        }
    }
    #[test]
    fn a_text_that_is_one_target_shows_nothing_of_a_password_whatever_letters_it_has() {
        let cases = [
            ("postgres://u:hun\"t '`e\\r2@h/db", "postgres://u:***@h/db"),
            ("postgres://u:hun/t?e@r&2@h/db", "postgres://u:***@h/db"),
            ("postgres://h/db?password=hun ter2&sslmode=require", "postgres://h/db?password=***&sslmode=require"),
            ("host=h password=hun&t\"e=r\"2 user=u", "host=h password=*** user=u"),
            (r"host=h password=hun\ ter2\\ user=u", "host=h password=*** user=u"),
            (r"host=h password = 'hun ter\'2'user=u", "host=h password = '***'user=u"),
            ("password='hunter2", "password='***"),
            ("host=h password=hun ter2", "<redacted>"),
            ("host=h password=hun ter=2 u=u", "host=h password=*** ter=2 u=u"),
            ("u:hunter2@h/db", "<redacted>"),
            ("${URL}?password=hunter2", "${URL}?password=***"),
            ("${URL} password=hunter2", "${URL} password=***"),
            ("postgres://u:${PW}@h/db", "postgres://u:${PW}@h/db"),
            ("host=h user=u dbname='a b'", "host=h user=u dbname='a b'"),
            ("null:?service=1ms&rows=20", "null:?service=1ms&rows=20"),
            ("shop", "shop"),
        ];
        for (target, expected) in cases {
            assert_eq!(redacted_target(target), expected);
            assert_eq!(redacted_target(expected), expected, "what is shown stays as it is");
        }
        assert!(target_has_password("postgres://u:hun\"ter2@h") && !target_has_password("${URL}"));
    }

    #[test]
    fn an_argument_may_be_anything() {
        let cases = [
            ("--target=postgres://u:hun\"t@er 2@h/db", "--target=postgres://u:***@h/db"),
            ("host=h password=hun&t\"e=r\"2 user=u", "host=h password=*** user=u"),
            ("--set=load.clients=4", "--set=load.clients=4"),
            ("checks.x.sql=SELECT 1 WHERE password = 'a'", "checks.x.sql=SELECT 1 WHERE password = '***'"),
            ("work loads/a&b=c.toml", "work loads/a&b=c.toml"),
        ];
        for (arg, expected) in cases {
            assert_eq!(redacted_argument(arg), expected);
        }
    }

    #[test]
    fn a_message_shows_no_password_of_an_argument_that_it_repeats() {
        let args = ["postgres://u:hun'te r2@h/db", "--x=host=h password=hun\",ter2"].map(str::to_owned);
        let message = format!("unexpected '{}' and 'host=h password=hun\",ter2' found", args[0]);
        let shown = redacted_message(&message, args);
        assert_eq!(shown, "unexpected 'postgres://u:***@h/db' and 'host=h password=***' found");
    }
}
