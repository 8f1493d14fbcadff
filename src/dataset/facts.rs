//! What was measured of loaded data: part of the result, since skew that nobody chose decides more than most variants.

/// A loaded table.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TableFacts {
    /// Name as in the file.
    pub name: String,
    /// Rows that the server counts.
    pub rows: u64,
    /// Columns with a generator, in the order of the file.
    pub columns: Vec<ColumnFacts>,
}

/// A loaded column.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ColumnFacts {
    /// Name as in the file.
    pub name: String,
    /// Rows in which it is NULL.
    pub nulls: u64,
    /// How its values repeat; `None` where that was not asked (values drawn neither from another column nor with skew).
    pub keys: Option<KeyFacts>,
}

/// How often values repeat: the fan-out of a foreign key, the skew of a distribution.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct KeyFacts {
    /// Different values found.
    pub distinct: u64,
    /// Different values that could be drawn (rows of the table that keys are drawn from, length of the range).
    pub possible: u64,
    /// Rows of the most frequent value.
    pub rows_per_key_max: u64,
    /// Rows per value found, on average; `None` when there are no values.
    pub rows_per_key_mean: Option<f64>,
    /// Share of the rows that the most frequent value takes, 0 to 1.
    pub top_key_share: Option<f64>,
    /// Share of the rows that the most frequent 1 % of the possible values (at least one) take, 0 to 1.
    pub top_1_percent_share: Option<f64>,
}
