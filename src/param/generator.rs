//! What a workload file says about where values come from, after validation: every range is ordered, every name resolved.

use std::sync::Arc;

/// A constant value.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `true`, `false`
    Bool(bool),
    /// `42`
    Integer(i64),
    /// `4.25`: the value, and how many decimals were written.
    Real {
        /// Value.
        value: f64,
        /// Decimals as written, which a `numeric` keeps.
        decimals: u8,
    },
    /// `"text"`
    Text(String),
}

/// A bound of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Integer(i64),
    /// A real with the decimals that were written.
    Real {
        /// Value.
        value: f64,
        /// Decimals as written.
        decimals: u8,
    },
}

/// The values that a distribution is laid over.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// `[a, b]` of integers, both included.
    Integers {
        /// Smallest.
        low: i64,
        /// Largest, ≥ `low`.
        high: i64,
    },
    /// `[a, b]` of reals.
    Reals {
        /// Smallest.
        low: f64,
        /// Largest, ≥ `low`.
        high: f64,
        /// Most decimals written in either bound: what a `numeric` without scale gets.
        decimals: u8,
    },
    /// `"table.column"`: the values of a generated column; row numbers are drawn, the value derived from the row.
    Column(Arc<ColumnSource>),
}

/// A generated column of the dataset, enough to derive any of its values again.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSource {
    /// Table name.
    pub table: String,
    /// Column name.
    pub column: String,
    /// Rows of the table, at least 1.
    pub rows: u64,
    /// `dataset.seed`.
    pub seed: u64,
    /// The column's generator.
    pub generator: Generator,
}

/// One grammar for parameters, columns and inserted values.
#[derive(Clone, Debug, PartialEq)]
pub enum Generator {
    /// 1, 2, 3 … by row.
    RowNumber,
    /// Integers above the largest of a column, each once; in the dataset the row number.
    Next {
        /// The table.
        table: String,
        /// Its column.
        column: String,
    },
    /// A random UUID, version 4.
    Uuid4,
    /// A time-ordered UUID, version 7. In a dataset the time is 2026-01-01 plus one millisecond per row, so that it stays a function of the row.
    Uuid7,
    /// The client's clock, once per operation. In a dataset: not allowed by validation.
    Now,
    /// Always the same.
    Constant(Literal),
    /// Every value equally likely.
    Uniform(Over),
    /// Rank k with probability ∝ 1/k^exponent.
    Zipf {
        /// Range or column.
        over: Over,
        /// ≥ 0
        exponent: f64,
        /// Whether ranks are spread over the range by a bijection, so that hot keys are not neighbours.
        scramble: bool,
    },
    /// A hot fraction of the values takes a share of the draws.
    Hotspot {
        /// Range or column.
        over: Over,
        /// Share of the values that are hot, in (0, 1).
        hot_fraction: f64,
        /// Share of the draws that they take, in [0, 1].
        hot_weight: f64,
    },
    /// Normal distribution, truncated to the range by drawing again.
    Normal {
        /// Range or column (then over row numbers).
        over: Over,
        /// Mean, in units of the range.
        mean: f64,
        /// Standard deviation, > 0.
        deviation: f64,
    },
    /// Exponential distribution from the low end, truncated to the range by drawing again.
    Exponential {
        /// Range or column (then over row numbers).
        over: Over,
        /// Mean distance from the low end before truncation, > 0.
        mean: f64,
    },
    /// One of several values by weight.
    Choice(Vec<(Literal, f64)>),
    /// Random lower-case letters and digits.
    Text {
        /// Shortest, in characters.
        min: u32,
        /// Longest, in characters.
        max: u32,
    },
    /// A JSON object.
    Json(Vec<(String, Generator)>),
    /// NULL at a rate, else another generator.
    Null {
        /// Share of NULLs, in [0, 1].
        rate: f64,
        /// The rest.
        of: Box<Generator>,
    },
    /// Uniform between two instants, microseconds since 1970-01-01 UTC, both included.
    Timestamp {
        /// From.
        from_us: i64,
        /// To.
        to_us: i64,
    },
    /// Integer arithmetic over `:row`.
    Expr(Expr),
    /// Draws from the same distribution as another parameter or column, by name.
    SameAs {
        /// Name of the other parameter (or column of the same table).
        name: String,
        /// Its generator.
        of: Box<Generator>,
        /// Never the value that the other one has in the same operation (or row).
        distinct: bool,
    },
    /// Rows of a CSV file, or of a query against the target (filled in when a server is there).
    Rows(SampledRows),
}

/// Sampled rows: for each row its cells as text, `None` being NULL.
pub type Cells = Arc<Vec<Vec<Option<String>>>>;

/// Where sampled rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum SampledRows {
    /// A CSV file with a header line, already read: column names, and rows of cells (`None`: empty cell, NULL).
    Csv {
        /// Header.
        columns: Vec<String>,
        /// Cells.
        rows: Cells,
    },
    /// `{ query = "SELECT …" }`: the SQL (place in the file is kept by the plan).
    Query {
        /// The SQL to run once before the first slice.
        sql: String,
    },
}

/// Integer arithmetic: `/` rounds down, `%` has the sign of the divisor.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number.
    Value(i64),
    /// `:row`, from 1.
    Row,
    /// `-a`
    Negate(Box<Expr>),
    /// `a op b`
    Binary(char, Box<Expr>, Box<Expr>),
    /// `min(a, b)` when true is `min`, else `max`.
    Extreme {
        /// Whether the smaller one is taken.
        min: bool,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
}
