//! Reading SQL just far enough: where statements end, and which parts of a statement are references to the workload.
//!
//! Nothing here knows SQL's grammar; the server does. The lexer of [`lexer`] knows what may hide a `;` or a `:`.
//!
//! # What counts as a reference
//! `:name`, `:u.id`, `:u.id[]`, `:u.first.id`, `:u.last.id`, with names of letters, digits and `_`, and nothing between
//! the parts. Left alone are `::type`, `:=`, a `:` before anything but a letter or `_`, and whatever stands in quotes,
//! comments and dollar quotes.
//!
//! Inside of `[…]` a `:` separates the bounds of a slice when a value stands before it (`a[1:n]`, `a[lo:hi]`, `a[f(x):n]`);
//! otherwise it begins a reference (`ARRAY[:a, :b]`, `a[:i]`, `a[1: :n]`). A slice without lower bound up to a column is
//! written with a space: `a[: n]`.

mod lexer;

use std::ops::Range;

use lexer::{Kind, Lexer, Token};

/// A reference in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Bytes of the statement, from the `:` to the end of the reference.
    pub range: Range<usize>,
    /// The first name: of a parameter, a constant or a set.
    pub name: String,
    /// What of it is meant.
    pub path: Path,
}

/// What of a name is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `:name`
    Plain,
    /// `:u.id`: of the row being visited (or of the row drawn).
    Column(String),
    /// `:u.id[]`: the whole column as an array.
    Whole(String),
    /// `:u.first.id`
    First(String),
    /// `:u.last.id`
    Last(String),
}

/// Byte ranges of the statements of a script, without surrounding blanks and without the `;`. Parts that hold nothing but
/// blanks and comments are left out; comments before and after a statement stay with it.
///
/// A `;` does not end a statement inside of quotes, comments, dollar quotes, parentheses, and the body of a
/// `CREATE [OR REPLACE] FUNCTION | PROCEDURE … BEGIN ATOMIC … END`, for which `BEGIN`, `CASE` and `END` are counted.
#[must_use]
pub fn split_statements(sql: &str) -> Vec<Range<usize>> {
    let mut statements = Vec::new();
    let mut current = Split::default();
    let mut start = 0;
    for token in Lexer::new(sql) {
        if current.ends_with(&token, sql) {
            current.finish(sql, start..token.range.start, &mut statements);
            start = token.range.end;
            current = Split::default();
        }
    }
    current.finish(sql, start..sql.len(), &mut statements);
    statements
}

/// What is known of the statement being split off.
#[derive(Default)]
struct Split {
    has_tokens: bool,
    parentheses: u32,
    bodies: u32,
    words: Vec<String>,
}

impl Split {
    /// Takes a token of the statement; true when it is the `;` that ends it.
    fn ends_with(&mut self, token: &Token, sql: &str) -> bool {
        match token.kind {
            Kind::Blank | Kind::Comment => return false,
            Kind::Symbol(b';') if self.parentheses == 0 && self.bodies == 0 => return true,
            Kind::Symbol(b'(') => self.parentheses += 1,
            Kind::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            Kind::Word => self.word(&sql[token.range.clone()]),
            _ => {}
        }
        self.has_tokens = true;
        false
    }

    fn word(&mut self, word: &str) {
        let word = word.to_ascii_lowercase();
        if self.parentheses == 0 && self.creates_routine() {
            match word.as_str() {
                "begin" => self.bodies += 1,
                "case" if self.bodies > 0 => self.bodies += 1,
                "end" => self.bodies = self.bodies.saturating_sub(1),
                _ => {}
            }
        }
        if self.words.len() < 4 {
            self.words.push(word);
        }
    }

    fn creates_routine(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            ["create", "function" | "procedure", ..] | ["create", "or", "replace", "function" | "procedure", ..]
        )
    }

    fn finish(&self, sql: &str, range: Range<usize>, statements: &mut Vec<Range<usize>>) {
        if self.has_tokens {
            let text = &sql[range.clone()];
            let start = range.start + (text.len() - text.trim_start().len());
            statements.push(start..start + text.trim().len());
        }
    }
}

/// The references of a statement, in order.
///
/// # Errors
/// Byte offset and message for a parameter in the server's notation (`$1`), and for a reference that is none of the
/// five forms.
pub fn scan(sql: &str) -> Result<Vec<Reference>, (usize, String)> {
    let mut references = Vec::new();
    let mut brackets = Vec::new();
    let mut after_value = false;
    let mut at = 0;
    while let Some(token) = Lexer::at(sql, at).next() {
        at = token.range.end;
        let text = &sql[token.range.clone()];
        match token.kind {
            Kind::Blank | Kind::Comment => continue,
            Kind::Positional => return Err((token.range.start, positional(text))),
            Kind::Symbol(b':') => {
                let slice = after_value && brackets.last() == Some(&b'[');
                after_value = false;
                if sql[at..].starts_with([':', '=']) {
                    at += 1;
                } else if !slice && starts_name(&sql[at..]) {
                    let reference = reference(sql, token.range.start)?;
                    at = reference.range.end;
                    references.push(reference);
                    after_value = true;
                }
                continue;
            }
            Kind::Symbol(symbol @ (b'[' | b'(')) => brackets.push(symbol),
            Kind::Symbol(b']' | b')') => {
                brackets.pop();
            }
            _ => {}
        }
        after_value = match token.kind {
            Kind::Word => !precedes_value(text),
            Kind::Number | Kind::Quoted | Kind::Symbol(b']' | b')') => true,
            _ => false,
        };
    }
    Ok(references)
}

fn positional(text: &str) -> String {
    format!("`{text}` is the server's notation for an argument; give it a name under [params] and write `:name`")
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// The length of the name that a text begins with.
fn name_length(text: &str) -> usize {
    if starts_name(text) {
        text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len())
    } else {
        0
    }
}

/// The reference whose `:` stands at `start`.
fn reference(sql: &str, start: usize) -> Result<Reference, (usize, String)> {
    let mut parts: Vec<&str> = Vec::new();
    let mut end = start;
    loop {
        let begin = end + 1;
        end = begin + name_length(&sql[begin..]);
        parts.push(&sql[begin..end]);
        if !(sql[end..].starts_with('.') && starts_name(&sql[end + 1..])) {
            break;
        }
    }
    if sql[end..].starts_with(|next: char| !next.is_ascii()) {
        return Err((end, "names in references are made of the letters a–z and A–Z, digits and `_`".to_owned()));
    }
    let whole = sql[end..].starts_with("[]");
    let written = &sql[start..end];
    let (name, path) = match (parts.as_slice(), whole) {
        ([name], false) => (name, Path::Plain),
        ([name, column], false) => (name, Path::Column((*column).to_owned())),
        ([name, column], true) => (name, Path::Whole((*column).to_owned())),
        ([name, "first", column], false) => (name, Path::First((*column).to_owned())),
        ([name, "last", column], false) => (name, Path::Last((*column).to_owned())),
        ([name], true) => {
            return Err((start, format!("`{written}[]` names no column; a whole column is written `:{name}.id[]`")));
        }
        _ => {
            let shown = if whole { "[]" } else { "" };
            return Err((
                start,
                format!(
                    "`{written}{shown}` is no reference; there are `:name`, `:u.id`, `:u.id[]`, `:u.first.id` and `:u.last.id`"
                ),
            ));
        }
    };
    let end = if whole { end + 2 } else { end };
    Ok(Reference { range: start..end, name: (*name).to_owned(), path })
}

/// Words after which a value follows, so that a `:` there begins a reference even inside of brackets.
fn precedes_value(word: &str) -> bool {
    const WORDS: [&str; 29] = [
        "all",
        "and",
        "any",
        "array",
        "between",
        "by",
        "case",
        "distinct",
        "else",
        "escape",
        "from",
        "having",
        "ilike",
        "in",
        "is",
        "like",
        "limit",
        "not",
        "offset",
        "on",
        "or",
        "select",
        "some",
        "symmetric",
        "then",
        "to",
        "using",
        "when",
        "where",
    ];
    WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Where a statement calls functions, as far as that can be seen without knowing its grammar: names before a `(`, with their
/// quotes where they have some, a schema in front of them left out. What is not a call although it looks like one (`t AS name (…)`, `WITH name (…) AS`,
/// `INSERT INTO name (…)`) is left out; keywords such as `IN (…)` are not.
#[must_use]
pub fn calls(sql: &str) -> Vec<Range<usize>> {
    const NAMING: [&str; 5] = ["as", "into", "recursive", "table", "with"];
    let mut found = Vec::new();
    let mut words: [Option<Range<usize>>; 2] = [None, None];
    for token in Lexer::new(sql).filter(|token| !matches!(token.kind, Kind::Blank | Kind::Comment)) {
        let [before, word] = &mut words;
        match token.kind {
            Kind::Symbol(b'(') => {
                let is_named = before.take().is_some_and(|before| {
                    NAMING.iter().any(|naming| naming.eq_ignore_ascii_case(&sql[before.clone()]))
                });
                found.extend(word.take().filter(|_| !is_named));
            }
            Kind::Word => {
                *before = word.take();
                *word = Some(token.range);
            }
            Kind::Quoted if sql[token.range.clone()].starts_with('"') => {
                *before = word.take();
                *word = Some(token.range);
            }
            // `U&"…"`
            Kind::Symbol(b'&') if word.as_ref().is_some_and(|word| sql[word.clone()].eq_ignore_ascii_case("u")) => {
                *word = before.take();
            }
            _ => words = [None, None],
        }
    }
    found
}

/// The name that the server looks for, of one as it is written: without quotes, and in small letters where it had none.
/// `None` for one in Unicode escapes, which are not decoded here.
#[must_use]
pub fn name_of(sql: &str, part: Range<usize>) -> Option<String> {
    let written = &sql[part.clone()];
    let Some(quoted) = written.strip_prefix('"') else { return Some(written.to_ascii_lowercase()) };
    let escaped = sql[..part.start].ends_with("U&") || sql[..part.start].ends_with("u&");
    (!escaped).then(|| quoted.strip_suffix('"').unwrap_or(quoted).replace("\"\"", "\""))
}

/// The first word of a statement, as written; comments, blanks and opening parentheses before it are skipped. `None` when
/// something else comes first.
#[must_use]
pub fn first_word(sql: &str) -> Option<&str> {
    first_word_at(sql).map(|range| &sql[range])
}

/// Where the first word of a statement stands.
#[must_use]
pub fn first_word_at(sql: &str) -> Option<Range<usize>> {
    let first =
        Lexer::new(sql).find(|token| !matches!(token.kind, Kind::Blank | Kind::Comment | Kind::Symbol(b'(')))?;
    (first.kind == Kind::Word).then_some(first.range)
}

/// Where the first words of a statement stand, at most so many; comments and blanks between them are skipped, and whatever is
/// no word ends them.
#[must_use]
pub fn leading_words(sql: &str, most: usize) -> Vec<Range<usize>> {
    Lexer::new(sql)
        .filter(|token| !matches!(token.kind, Kind::Blank | Kind::Comment))
        .take_while(|token| token.kind == Kind::Word)
        .take(most)
        .map(|token| token.range)
        .collect()
}

/// Where all words of a text stand: keywords, and names without quotes.
#[must_use]
pub fn words(sql: &str) -> Vec<Range<usize>> {
    Lexer::new(sql).filter(|token| token.kind == Kind::Word).map(|token| token.range).collect()
}

#[cfg(test)]
mod tests;
