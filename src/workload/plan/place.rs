//! Where something stands in a workload file.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::words::masked;

/// A file's path (as the user gave it) and text, shared by everything that came from it.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Path, text, and the text as it may be shown.
    inner: Arc<(PathBuf, String, String)>,
}

impl SourceText {
    /// Keeps path and text.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        let shown = masked(&text);
        Self { inner: Arc::new((path.into(), text, shown)) }
    }

    /// The path as the user gave it.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.inner.0
    }

    /// The whole text, with asterisks in the place of passwords of connection strings: whatever shows or keeps a file's text
    /// shows and keeps this. Every other byte is where the file has it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.2
    }

    /// The text as written, for the parser alone.
    #[must_use]
    pub(in crate::workload) fn as_written(&self) -> &str {
        &self.inner.1
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceText({})", self.path().display())
    }
}

/// A span of bytes in a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: SourceText,
    /// Byte offsets into its text.
    pub span: Range<usize>,
}

impl Place {
    /// Line and column, both from 1; the column counts characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let text = self.source.text();
        let mut start = self.span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.path().display())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
