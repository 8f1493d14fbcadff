//! Rust sources as far as the rules need them: text with comments and literals blanked out, and which of it is test code.
//!
//! Offsets and line numbers are those of the file: everything blanked becomes spaces, newlines stay.

use std::path::{Path, PathBuf};

/// A source file.
pub struct Source {
    /// Path below the package, with `/`.
    pub path: String,
    /// The text as it is.
    pub raw: String,
    /// Without comments, and with the contents of literals blanked.
    pub code: String,
    /// `code` without items under `#[cfg(test)]`; blank for files that are tests as a whole.
    pub shipped: String,
    /// Byte ranges of `raw` that are test code.
    tests: Vec<std::ops::Range<usize>>,
}

impl Source {
    /// Takes a text apart.
    pub fn new(path: &str, raw: &str) -> Self {
        let code = blank_literals(raw);
        let is_test = path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/");
        let tests = test_items(&code);
        let file = Self { path: path.to_owned(), raw: raw.to_owned(), shipped: code.clone(), code, tests };
        if is_test { file.into_test() } else { file.without_tests() }
    }

    /// Nothing of the file is shipped.
    #[expect(clippy::single_range_in_vec_init, reason = "one range is what is meant: the whole file")]
    fn into_test(self) -> Self {
        Self { tests: vec![0..self.raw.len()], ..self }.without_tests()
    }

    fn without_tests(self) -> Self {
        let mut shipped = self.code.clone().into_bytes();
        for range in &self.tests {
            shipped[range.clone()].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        let shipped = String::from_utf8(shipped).expect("only whole items of ASCII-blanked code are replaced");
        Self { shipped, ..self }
    }

    /// Modules in files of their own that are declared under `#[cfg(test)]`: their paths, without `.rs`.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.strip_suffix("/mod.rs").or_else(|| self.path.strip_suffix("/lib.rs")) {
            Some(folder) => folder,
            None => self.path.trim_end_matches(".rs"),
        };
        let declared = |range: &std::ops::Range<usize>| {
            let name = self.code[range.clone()].strip_suffix(';')?.rsplit_once("mod ")?.1.trim().to_owned();
            Some(format!("{folder}/{name}"))
        };
        self.tests.iter().filter_map(declared).collect()
    }

    /// The room that the file belongs to: the folder or file below `src`.
    pub fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let first = below.split('/').next().unwrap_or(below);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How deep the file's module lies: 1 for `src/room/mod.rs`, 2 for `src/room/file.rs`.
    pub fn depth(&self) -> usize {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        match below {
            "lib.rs" | "main.rs" => 0,
            _ => below.split('/').count() - usize::from(below.ends_with("/mod.rs")),
        }
    }

    /// Whether the file holds nothing but tests.
    pub fn is_test(&self) -> bool {
        self.shipped_lines() == 0
    }

    /// Line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.raw[..offset].matches('\n').count() + 1
    }

    /// Lines that are not test code.
    pub fn shipped_lines(&self) -> usize {
        let in_tests: usize = self.tests.iter().map(|range| self.raw[range.clone()].lines().count()).sum();
        self.raw.lines().count() - in_tests
    }

    /// `file:line: text`
    pub fn say(&self, offset: usize, text: &str) -> String {
        format!("{}:{}: {text}", self.path, self.line(offset))
    }
}

/// All `.rs` files under a folder of the package, in order.
pub fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("below the package").to_string_lossy().replace('\\', "/");
        Source::new(&name, &std::fs::read_to_string(&path).expect("sources are UTF-8"))
    };
    let paths = files(&root.join(folder)).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    sort_tests_out(paths.map(read).collect())
}

/// Files that other files declare to be tests are tests.
pub fn sort_tests_out(all: Vec<Source>) -> Vec<Source> {
    let declared: Vec<String> = all.iter().flat_map(Source::test_modules).collect();
    let is_test = |path: &str| {
        declared
            .iter()
            .any(|module| path.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with(['.', '/'])))
    };
    all.into_iter().map(|file| if is_test(&file.path) { file.into_test() } else { file }).collect()
}

/// All files under a folder or the file itself; nothing when it does not exist.
pub fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable folder").path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| files(path)).collect()
}

/// Blanks comments and the contents of string and character literals; the quotes stay.
fn blank_literals(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (end, keep) = token_end(raw, at);
        for byte in &mut out[(at + keep).min(end)..end.saturating_sub(keep).max(at + keep).min(end)] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("non-ASCII text is blanked byte by byte or kept whole")
}

/// The end of the token at `at`, and how many bytes of each of its ends stay (`usize::MAX / 4`: all of it).
fn token_end(raw: &str, at: usize) -> (usize, usize) {
    const ALL: usize = usize::MAX / 4;
    let rest = &raw[at..];
    let first = rest.chars().next().unwrap_or(' ');
    if rest.starts_with("//") {
        return (at + rest.find('\n').unwrap_or(rest.len()), 0);
    }
    if rest.starts_with("/*") {
        return (at + block_comment(rest), 0);
    }
    if first == '"' {
        return (at + 1 + quoted(&rest[1..], '"'), 1);
    }
    if first == '\'' {
        return match char_literal(rest) {
            Some(length) => (at + length, 1),
            None => (at + 1, ALL),
        };
    }
    if first.is_alphabetic() || first == '_' {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if matches!(&rest[..word], "r" | "br" | "cr")
            && let Some(length) = raw_string(&rest[word..])
        {
            return (at + word + length, word + 1);
        }
        return (at + word, ALL);
    }
    (at + first.len_utf8(), ALL)
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length up to and with the closing quote.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a character literal, `None` for a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let (after, second) = chars.next()?;
    match (first, second) {
        ('\\', _) => Some(1 + quoted(&rest[1..], '\'')),
        (_, '\'') => Some(after + 1),
        _ => None,
    }
}

/// Length of `#…"…"#…`, `None` when this is not a raw string.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    let body = rest[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(rest.len(), |at| hashes + 1 + at + end.len()))
}

/// Items under `#[cfg(test)]` or `#[cfg(all(test, …))]`, their attributes included.
fn test_items(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (start, _) in code.match_indices("#[cfg(") {
        let inner = code[start + 6..].trim_start();
        let is_test = inner.starts_with("test)") || inner.starts_with("all(test");
        if is_test && found.last().is_none_or(|last| last.end <= start) {
            found.push(start..item_end(code, start));
        }
    }
    found
}

/// The end of the item that begins at `start`: its `;`, or the brace that closes its first block.
fn item_end(code: &str, start: usize) -> usize {
    let (mut round, mut depth) = (0_i32, 0_i32);
    for (at, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 && round == 0 {
                    return start + at + 1;
                }
            }
            ';' if round == 0 && depth == 0 => return start + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Offsets at which `word` stands as a whole word.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| !code[..*at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part))
}

/// Named functions with a body: offset of `fn`, name, and the lines from `fn` to the closing brace.
pub fn functions(code: &str) -> Vec<(usize, String, usize)> {
    words(code, "fn")
        .filter_map(|at| {
            let rest = code[at + 2..].trim_start();
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let end = item_end(code, at);
            let has_body = code[at..end].ends_with('}');
            (!name.is_empty() && has_body).then(|| (at, name, code[at..end].matches('\n').count() + 1))
        })
        .collect()
}
