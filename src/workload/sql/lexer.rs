//! SQL cut into tokens, as the server's lexer would cut it with `standard_conforming_strings` on.
//!
//! Only what hides other text is exact (quotes, comments, dollar quotes, names with `$` in them); operators come as
//! single symbols. What is not closed reaches to the end: the server will say so.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space.
    Blank,
    /// `-- …` or `/* … */`, nested.
    Comment,
    /// A keyword or a name without quotes.
    Word,
    /// A number.
    Number,
    /// `'…'`, `E'…'`, `"…"`, `$tag$…$tag$`.
    Quoted,
    /// `$1`
    Positional,
    /// One byte of anything else.
    Symbol(u8),
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Gives the tokens of a text in order; together they cover it.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(sql: &'a str) -> Self {
        Self::at(sql, 0)
    }

    /// Begins at a byte that begins a token.
    pub(super) fn at(sql: &'a str, at: usize) -> Self {
        Self { bytes: sql.as_bytes(), at }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn starts_with(&self, at: usize, text: &[u8]) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(text))
    }

    /// The first byte from `at` on that does not satisfy the predicate.
    fn skip(&self, at: usize, is_part: impl Fn(u8) -> bool) -> usize {
        self.bytes[at..].iter().position(|byte| !is_part(*byte)).map_or(self.bytes.len(), |length| at + length)
    }

    fn cut(&self, first: u8) -> (Kind, usize) {
        let at = self.at;
        match first {
            _ if first.is_ascii_whitespace() || first == 0x0b => {
                (Kind::Blank, self.skip(at, |byte| byte.is_ascii_whitespace() || byte == 0x0b))
            }
            b'-' if self.starts_with(at, b"--") => {
                (Kind::Comment, self.skip(at, |byte| byte != b'\n' && byte != b'\r'))
            }
            b'/' if self.starts_with(at, b"/*") => (Kind::Comment, self.block_comment()),
            b'\'' => (Kind::Quoted, self.quoted(at, b'\'', false)),
            b'"' => (Kind::Quoted, self.quoted(at, b'"', false)),
            b'e' | b'E' if self.byte(at + 1) == Some(b'\'') => (Kind::Quoted, self.quoted(at + 1, b'\'', true)),
            b'$' if self.byte(at + 1).is_some_and(|next| next.is_ascii_digit()) => {
                (Kind::Positional, self.skip(at + 1, |byte| byte.is_ascii_digit()))
            }
            b'$' => self.dollar_quoted().map_or((Kind::Symbol(first), at + 1), |end| (Kind::Quoted, end)),
            _ if begins_word(first) => (Kind::Word, self.skip(at, |byte| continues_word(byte) || byte == b'$')),
            _ if first.is_ascii_digit() => {
                (Kind::Number, self.skip(at, |byte| byte == b'.' || byte == b'_' || byte.is_ascii_alphanumeric()))
            }
            _ => (Kind::Symbol(first), at + 1),
        }
    }

    fn block_comment(&self) -> usize {
        let mut depth = 0_u32;
        let mut at = self.at;
        while at < self.bytes.len() {
            if self.starts_with(at, b"/*") {
                depth += 1;
                at += 2;
            } else if self.starts_with(at, b"*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            } else {
                at += 1;
            }
        }
        self.bytes.len()
    }

    /// The end of what begins with the quote at `open`; a doubled quote stands for itself.
    fn quoted(&self, open: usize, quote: u8, escapes: bool) -> usize {
        let mut at = open + 1;
        while let Some(byte) = self.byte(at) {
            if byte == b'\\' && escapes {
                at += 2;
            } else if byte != quote {
                at += 1;
            } else if self.byte(at + 1) == Some(quote) {
                at += 2;
            } else {
                return at + 1;
            }
        }
        self.bytes.len()
    }

    fn dollar_quoted(&self) -> Option<usize> {
        let first = self.byte(self.at + 1)?;
        let tag_end = if begins_word(first) { self.skip(self.at + 1, continues_word) } else { self.at + 1 };
        if self.byte(tag_end) != Some(b'$') {
            return None;
        }
        let tag = &self.bytes[self.at..=tag_end];
        let body = tag_end + 1;
        let length = self.bytes[body..].windows(tag.len()).position(|window| window == tag);
        Some(length.map_or(self.bytes.len(), |length| body + length + tag.len()))
    }
}

/// Bytes of letters outside of ASCII count as letters, as they do for the server.
fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    begins_word(byte) || byte.is_ascii_digit()
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let (kind, end) = self.cut(self.byte(self.at)?);
        // An escape at the very end may point past it.
        let range = self.at..end.min(self.bytes.len());
        self.at = range.end;
        Some(Token { kind, range })
    }
}
