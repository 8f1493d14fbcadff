//! A step that inserts rows.

use super::{ColumnPlan, Place};

/// Rows inserted in one of several ways.
#[derive(Clone, Debug)]
pub struct InsertPlan {
    /// The table as written.
    pub table: String,
    /// Columns with their generators; the others take their default.
    pub columns: Vec<ColumnPlan>,
    /// How many rows, at least 1.
    pub rows: u32,
    /// Rows per statement, transaction or COPY, 1 … `rows`.
    pub chunk: u32,
    /// How they travel.
    pub method: InsertMethod,
    /// Where the file has it.
    pub place: Place,
}

/// How rows travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertMethod {
    /// A statement per row, each on its own.
    Single,
    /// A statement per row, a transaction per chunk.
    Chunks,
    /// The same, all of a chunk sent without waiting.
    Pipeline,
    /// A statement per row, each on its own, all of a chunk sent without waiting.
    PipelineAutocommit,
    /// A statement with a list of rows per chunk.
    MultiRow,
    /// A statement with an array per column, per chunk.
    Unnest,
    /// A binary COPY per chunk.
    Copy,
}

impl InsertMethod {
    /// Every method with the word that names it.
    pub const ALL: [(&'static str, Self); 7] = [
        ("single", Self::Single),
        ("chunks", Self::Chunks),
        ("pipeline", Self::Pipeline),
        ("pipeline_autocommit", Self::PipelineAutocommit),
        ("multi_row", Self::MultiRow),
        ("unnest", Self::Unnest),
        ("copy", Self::Copy),
    ];

    /// The word that names it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, method)| *method == self).map_or("", |(word, _)| word)
    }

    /// Whether it begins and ends transactions itself.
    #[must_use]
    pub fn has_transactions(self) -> bool {
        matches!(self, Self::Chunks | Self::Pipeline | Self::PipelineAutocommit)
    }
}
