//! The password file: `host:port:database:user:password`, a line each.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::driver::Secret;

/// Who wants to log in where; a Unix socket's host is `localhost`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password for a login from a file, if the file may be used and has one. A file that others may read is left alone,
/// with a note.
pub(super) fn look_up(path: &Path, login: Login<'_>, notes: &mut Vec<String>) -> Option<Secret> {
    let metadata = std::fs::metadata(path).ok()?;
    let note = |why: &str| format!("the password file {} is not used: {why}", path.display());
    if !metadata.is_file() {
        notes.push(note("it is not a plain file"));
        return None;
    }
    if metadata.mode() & 0o077 != 0 {
        notes.push(note("others may read it (chmod 0600)"));
        return None;
    }
    match std::fs::read_to_string(path) {
        Ok(text) => text.lines().find_map(|line| password(line, login)),
        Err(error) => {
            notes.push(note(&error.to_string()));
            None
        }
    }
}

/// The password of a line that fits.
fn password(line: &str, login: Login<'_>) -> Option<Secret> {
    if line.starts_with('#') {
        return None;
    }
    let port = login.port.to_string();
    let mut rest = line;
    for wanted in [login.host, &port, login.database, login.user] {
        let (field, after) = field(rest)?;
        if field != "*" && field != wanted {
            return None;
        }
        rest = after;
    }
    // The rest of the line; a colon in it needs no backslash, but may have one.
    Some(Secret::new(unescaped(rest)))
}

/// The text up to a colon without a backslash before it, and what follows.
fn field(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            ':' if !escaped => return Some((unescaped(&text[..at]), &text[at + 1..])),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next()),
            other => plain.push(other),
        }
    }
    plain
}
