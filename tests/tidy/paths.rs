//! Paths as the sources write them: `crate::room::item` anywhere, and every leaf of `use crate::{a, b::{c, d}}`.

use crate::source::words;

/// Paths that start at the word `root` (`crate`, `dbbench`), without it: offset and segments.
pub fn rooted(code: &str, root: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for at in words(code, root) {
        let before = code[..at].trim_end();
        let rest = code[at + root.len()..].trim_start();
        if before.ends_with("::") {
            continue;
        }
        if let Some(tail) = rest.strip_prefix("::") {
            let offset = code.len() - tail.len();
            tree(code, offset, &[], &mut found);
        } else if before.ends_with("use") && root == "crate" {
            found.push((at, vec!["*".to_owned()]));
        }
    }
    found
}

/// Reads a path or a braced tree at `at`; pushes every leaf; returns where it ends.
fn tree(code: &str, at: usize, prefix: &[String], found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let mut at = skip_space(code, at);
    if code[at..].starts_with('{') {
        at += 1;
        loop {
            at = skip_space(code, at);
            match code[at..].chars().next() {
                None => return at,
                Some('}') => return at + 1,
                Some(',') => at += 1,
                Some(_) => {
                    let end = tree(code, at, prefix, found);
                    at = if end == at { at + 1 } else { end };
                }
            }
        }
    }
    let start = at;
    let length = code[at..].find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(code.len() - at);
    let mut path = prefix.to_vec();
    path.push(code[at..at + length].to_owned());
    at += length;
    let next = skip_space(code, at);
    if length > 0 && code[next..].starts_with("::") && !code[next + 2..].trim_start().starts_with('<') {
        return tree(code, next + 2, &path, found);
    }
    if let Some(alias) = code[next..].strip_prefix("as ") {
        at = skip_space(code, code.len() - alias.len());
        at += code[at..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len() - at);
    }
    found.push((start, path));
    at
}

fn skip_space(code: &str, at: usize) -> usize {
    code.len() - code[at..].trim_start().len()
}

/// Chains of `super::`: offset and length.
pub fn supers(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut end = 0;
    for at in words(code, "super") {
        if at < end {
            continue;
        }
        let (mut length, mut next) = (0, at);
        while code[next..].starts_with("super") {
            length += 1;
            next = skip_space(code, next + 5);
            if code[next..].starts_with("::") {
                next = skip_space(code, next + 2);
            }
        }
        end = next;
        found.push((at, length));
    }
    found
}

/// Where an external crate is named: at the start of a path, or in a `use` of its own.
pub fn external(code: &str, name: &str) -> Vec<usize> {
    let local_module = words(code, name).any(|at| {
        let before = code[..at].trim_end();
        before.ends_with("mod") && code[at + name.len()..].trim_start().starts_with([';', '{'])
    });
    if local_module {
        return Vec::new();
    }
    words(code, name)
        .filter(|at| {
            let before = code[..*at].trim_end();
            let after = code[at + name.len()..].trim_start();
            let starts_path = after.starts_with("::") && (!before.ends_with("::") || is_absolute(before));
            let used = before.ends_with("use") && (after.starts_with(';') || after.starts_with("as "));
            starts_path || used
        })
        .collect()
}

/// Whether `::` at the end begins a path instead of continuing one.
fn is_absolute(before: &str) -> bool {
    let head = before.strip_suffix("::").unwrap_or(before);
    !head.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>')
}
