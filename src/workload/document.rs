//! A TOML file as a tree in which every key and value knows its place. The only importer of the TOML parser.
//!
//! Knows nothing of the language of workloads. What `--set` gives is read here too, with the command line as its source.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Sink, problem};
use super::plan::{Place, SourceText};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// With the decimals that were written.
    Real {
        value: f64,
        decimals: u8,
    },
    Flag(bool),
    /// As written.
    Datetime(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What it is, with its article, for messages.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Real { .. } => "a number with decimals",
            Self::Flag(_) => "`true` or `false`",
            Self::Datetime(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Keys and values in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
    /// Something was taken out because it was wrong and has been reported: what is missing is not worth a second report.
    pub(super) incomplete: bool,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) node: Node,
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// The entry at a dotted path.
    pub(super) fn find(&self, path: &[&str]) -> Option<&Entry> {
        let (first, rest) = path.split_first()?;
        let entry = self.get(first)?;
        match &entry.node.value {
            _ if rest.is_empty() => Some(entry),
            Value::Table(table) => table.find(rest),
            _ => None,
        }
    }

    /// The table at a dotted path.
    pub(super) fn table(&self, path: &[&str]) -> Option<&Table> {
        match &self.find(path)?.node.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// What was read of a file, and whether its syntax was right.
pub(super) struct Document {
    pub(super) root: Table,
    /// Lines with wrong syntax: what else is wrong there is not worth reporting.
    pub(super) broken_lines: Vec<usize>,
    /// False when parts of the file may be missing from `root`.
    pub(super) whole: bool,
}

/// Reads a file; all syntax errors are reported, and what could be read is returned.
pub(super) fn read(source: &SourceText, sink: &Sink) -> Document {
    let (table, errors) = DeTable::parse_recoverable(source.as_written());
    let mut whole = true;
    let mut broken_lines = Vec::new();
    let mut confused = false;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let place = Place { source: source.clone(), span };
        let line = place.line_column().0;
        // What else is wrong on the line, or after a bracket that never closed, follows from the first error.
        let follows = confused || broken_lines.last() == Some(&line);
        broken_lines.push(line);
        if error.message().starts_with("duplicate key") {
            sink.push(duplicate(&place));
        } else {
            whole = false;
            confused |= ["inline table", "array"].iter().any(|open| error.message().contains(open));
            if !follows {
                sink.push(problem(&place, format!("this is not TOML: {}", error.message())));
            }
        }
    }
    let reader = Reader { source, shift: 0, sink };
    Document { root: reader.table(table.into_inner()), broken_lines, whole }
}

/// Reads the value of a `--set` that stands at `span` of its source: TOML, or a bare word.
pub(super) fn read_value(source: &SourceText, span: Range<usize>, sink: &Sink) -> Option<Node> {
    let text = source.as_written().get(span.clone())?;
    let place = Place { source: source.clone(), span: span.clone() };
    match DeValue::parse(text) {
        Ok(value) => Reader { source, shift: span.start, sink }.node(value),
        Err(error) => {
            if text.trim_start().starts_with(['"', '\'', '[', '{']) {
                sink.push(problem(&place, format!("this is not a TOML value: {}", error.message())));
                return None;
            }
            Some(Node { value: Value::Text(text.to_owned()), place })
        }
    }
}

/// Reads a dotted key: its parts, each with its span in the text.
pub(super) fn read_key(text: &str) -> Option<Vec<(String, Range<usize>)>> {
    if text.contains(['\n', '\r', '#']) || text.trim_start().starts_with('[') {
        return None;
    }
    let line = format!("{text}=0");
    let mut table = DeTable::parse(&line).ok()?.into_inner();
    let mut parts = Vec::new();
    loop {
        if table.len() != 1 {
            return None;
        }
        let (key, value) = table.into_iter().next()?;
        let span = key.span();
        if span.end > text.len() {
            return None;
        }
        parts.push((key.into_inner().into_owned(), span));
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            DeValue::Integer(_) => return Some(parts),
            _ => return None,
        }
    }
}

/// The place of a part of a text value: `range` counts bytes of the decoded text.
pub(super) fn inside(node: &Node, range: Range<usize>) -> Place {
    let Value::Text(text) = &node.value else { return node.place.clone() };
    let offsets = text_offsets(&node.place, text);
    let start = source_offset(&offsets, range.start);
    let end = source_offset(&offsets, range.end).max(start);
    Place { source: node.place.source.clone(), span: start..end }
}

/// The byte in the file of a byte of the decoded text.
pub(super) fn source_offset(offsets: &[(usize, usize)], byte: usize) -> usize {
    match offsets.iter().rev().find(|(decoded, _)| *decoded <= byte) {
        Some((decoded, source)) => source + (byte - decoded),
        None => byte,
    }
}

/// Pairs (byte of the decoded text, byte of the file), rising: between two pairs both advance together.
pub(super) fn text_offsets(place: &Place, decoded: &str) -> Vec<(usize, usize)> {
    let Some(raw) = place.source.as_written().get(place.span.clone()) else { return vec![(0, place.span.start)] };
    let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| raw.starts_with(quote)) else {
        return vec![(0, place.span.start)];
    };
    let is_basic = quote.starts_with('"');
    let mut at = quote.len();
    if quote.len() == 3 {
        at += if raw[at..].starts_with("\r\n") { 2 } else { usize::from(raw[at..].starts_with('\n')) };
    }
    let mut offsets = vec![(0, place.span.start + at)];
    let mut done = 0;
    while let (Some(expected), Some(found)) = (decoded[done..].chars().next(), raw[at..].chars().next()) {
        if is_basic && found == '\\' {
            let rest = &raw[at + 1..];
            if rest.starts_with(|next: char| next.is_ascii_whitespace()) {
                at = raw.len() - rest.trim_start().len();
            } else {
                at += 1 + escape_length(rest);
                done += expected.len_utf8();
            }
            offsets.push((done, place.span.start + at));
        } else if found == expected {
            at += found.len_utf8();
            done += found.len_utf8();
        } else if found == '\r' {
            at += 1;
            offsets.push((done, place.span.start + at));
        } else {
            break;
        }
    }
    offsets
}

/// The length of an escape after its backslash.
fn escape_length(rest: &str) -> usize {
    let wanted = match rest.bytes().next() {
        Some(b'x') => 3,
        Some(b'u') => 5,
        Some(b'U') => 9,
        _ => rest.chars().next().map_or(0, char::len_utf8),
    };
    wanted.min(rest.len())
}

struct Reader<'a> {
    source: &'a SourceText,
    shift: usize,
    sink: &'a Sink,
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { source: self.source.clone(), span: span.start + self.shift..span.end + self.shift }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let mut result = Table::default();
        for (key, value) in table {
            let key_place = self.place(key.span());
            match self.node(value) {
                Some(node) => result.entries.push(Entry { key: key.into_inner().into_owned(), key_place, node }),
                None => result.incomplete = true,
            }
        }
        // A table that is continued further down moves to the end of the parser's map; the file's order is meant.
        result.entries.sort_by_key(first_mention);
        result
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Option<Node> {
        let place = self.place(value.span());
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(Cow::into_owned(text)),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(value) => Value::Integer(value),
                Err(_) => {
                    self.sink.push(problem(&place, "this integer does not fit 64 bits"));
                    return None;
                }
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => Value::Real { value, decimals: decimals(number.as_str()) },
                _ => {
                    self.sink.push(problem(&place, "this number is not finite"));
                    return None;
                }
            },
            DeValue::Boolean(value) => Value::Flag(value),
            DeValue::Datetime(value) => Value::Datetime(value.to_string()),
            DeValue::Array(items) => Value::List(items.into_iter().filter_map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Some(Node { value, place })
    }
}

/// Where a key or anything below it is mentioned first.
fn first_mention(entry: &Entry) -> usize {
    let below = match &entry.node.value {
        Value::Table(table) => table.entries.first().map(first_mention),
        _ => None,
    };
    below.unwrap_or(usize::MAX).min(entry.key_place.span.start)
}

/// How many decimals a real is written with: `1.50` has two, `1e-3` three.
fn decimals(written: &str) -> u8 {
    let (mantissa, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let decimals = i64::try_from(fraction).unwrap_or(0).saturating_sub(exponent).clamp(0, 15);
    u8::try_from(decimals).unwrap_or(0)
}

fn duplicate(place: &Place) -> Diagnostic {
    let text = place.source.text();
    let name = text.get(place.span.clone()).unwrap_or_default();
    let line_start = text[..place.span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default().trim();
    if !line.starts_with('[') {
        return problem(place, format!("`{name}` is given twice")).hint("keep one of the two");
    }
    let header = line.split('#').next().unwrap_or(line).trim();
    let first = text[..line_start].match_indices(header).find(|(at, _)| {
        let before = text[..*at].rfind('\n').map_or(0, |newline| newline + 1);
        text[before..*at].trim().is_empty()
    });
    let problem =
        problem(place, format!("the table {header} is declared twice")).hint("put the keys of both under one header");
    match first {
        Some((at, _)) => {
            let first = Place { source: place.source.clone(), span: at..at + header.len() };
            problem.also(&first, "declared here first")
        }
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_ok(text: &str) -> (Table, SourceText) {
        let source = SourceText::new("w.toml", text);
        let sink = Sink::default();
        let document = read(&source, &sink);
        assert!(sink.is_empty());
        (document.root, source)
    }

    #[test]
    fn every_byte_of_a_decoded_text_is_found_in_the_file_again() {
        for written in [
            "\"plain\"",
            "'literal \\n'",
            "\"tab\\there \\u00e4 \\x41 end\"",
            "\"\"\"\nfirst\n  second\"\"\"",
            "\"\"\"\r\nfirst\r\nsecond\"\"\"",
            "\"\"\"one \\\n    two\\\"x\"\"\"",
            "'''\nraw \\ text'''",
        ] {
            let (table, source) = read_ok(&format!("a = {written}\n"));
            let node = &table.entries[0].node;
            let Value::Text(text) = &node.value else { panic!("not a text") };
            let offsets = text_offsets(&node.place, text);
            for word in ["plain", "literal", "here", "end", "first", "second", "one", "two", "x", "raw", "text"] {
                let Some(at) = text.find(word) else { continue };
                let start = source_offset(&offsets, at);
                assert!(source.text()[start..].starts_with(word), "{word} of {written} at {start}");
            }
        }
    }

    #[test]
    fn decimals_are_counted_as_written() {
        let (table, _) = read_ok("a = 1.50\nb = 1e-3\nc = 2_0.0\nd = 0x1F\ne = -1_000");
        let shown: Vec<String> = table.entries.iter().map(|entry| format!("{:?}", entry.node.value)).collect();
        assert_eq!(
            shown,
            [
                "Real { value: 1.5, decimals: 2 }",
                "Real { value: 0.001, decimals: 3 }",
                "Real { value: 20.0, decimals: 1 }",
                "Integer(31)",
                "Integer(-1000)"
            ]
        );
    }

    #[test]
    fn entries_keep_the_order_of_the_file_when_a_table_is_continued_further_down() {
        let (table, _) = read_ok("[a.x]\nk = 1\n[b]\nk = 1\n[a]\nm = 1\n[c]\nk = 2\n");
        assert_eq!(table.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_dotted_key_is_read_with_its_spans() {
        let parts = read_key("topology.link.rtt");
        assert_eq!(parts.map(|parts| parts[2].clone()), Some(("rtt".to_owned(), 14..17)));
        for wrong in ["", "a..b", "a=1\nb", "[a]\nb", "a b", "#"] {
            assert_eq!(read_key(wrong), None, "{wrong}");
        }
    }
}
