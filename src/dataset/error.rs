//! What can go wrong with a dataset, said in the words of the workload file.

use std::fmt;

use crate::driver::{DriverError, ServerError};
use crate::workload::plan::{Place, SqlText};

/// A dataset could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A statement of `schema`, `after_load` or `setup` failed.
    #[error("{}: the server refused a statement of {key}", place(text, source))]
    Statement {
        /// `dataset.schema`, `dataset.after_load` or `variants.X.setup`.
        key: String,
        /// The statement.
        text: SqlText,
        /// Why.
        #[source]
        source: DriverError,
    },
    /// Tables or columns of the file do not agree with the schema; all of them.
    #[error("{}", lines(.0))]
    Mismatch(Vec<Problem>),
    /// Rows could not be loaded.
    #[error("{what}")]
    Copy {
        /// Table, row and column, as far as known, and what to do.
        what: Problem,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was loaded is not what was planned; all differences.
    #[error("the loaded data differs from the plan:\n{}", lines(.0))]
    Shape(Vec<Problem>),
    /// The server failed in something that does not come from the file.
    #[error("cannot {what}")]
    Server {
        /// What was being done.
        what: String,
        /// Why.
        #[source]
        source: DriverError,
    },
}

impl DatasetError {
    /// What is wrong, each with its place in the workload file, where a caret belongs. Empty when the file is not to blame.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Statement { text, source, .. } => vec![Problem {
                place: place(text, source),
                message: source.to_string(),
                hint: match source {
                    DriverError::Server(error) => error.hint.clone(),
                    _ => None,
                },
            }],
            Self::Mismatch(problems) | Self::Shape(problems) => problems.clone(),
            Self::Copy { what, source } => {
                vec![Problem { message: format!("{}: {source}", what.message), ..what.clone() }]
            }
            Self::Server { .. } => Vec::new(),
        }
    }
}

/// Something in the file that does not go with the server.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where in the file.
    pub place: Place,
    /// What is wrong: thing, rule, value.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The place that the server's error points to, else the beginning of the statement.
fn place(text: &SqlText, source: &DriverError) -> Place {
    match source {
        DriverError::Server(ServerError { position: Some(position), .. }) => text.place_at(*position),
        _ => text.place.clone(),
    }
}

/// Where a COPY failed, as the server's context says ("COPY orders, line 17, column total"): row from 1, and column.
pub(super) fn copy_position(context: &str) -> (Option<u64>, Option<String>) {
    let after = |key: &str| context.split(key).nth(1).map(|rest| rest.split([',', ':', '\n']).next().unwrap_or(rest));
    let row = after(", line ").and_then(|text| text.trim().parse().ok());
    (row, after(", column ").map(|text| text.trim().to_owned()))
}

/// What to do about a failed COPY.
pub(super) fn copy_remedy(error: &ServerError) -> Option<&'static str> {
    Some(match error.state.as_str() {
        "23505" => {
            "give the columns of a unique key values that never repeat: \"row_number\", \"uuid4\", an expr of :row"
        }
        "23503" => "draw the key from the table it points to: over = \"table.column\"",
        "23502" => "the column is NOT NULL: its generator must not give NULL",
        "23514" => "narrow the generators of the columns in that constraint",
        "22003" | "22001" => {
            "narrow the generator to what the column's type holds, or widen the type in dataset.schema"
        }
        "53100" => "the disk with the server's data folder is full: free space or lower rows",
        "53200" => "the server is out of memory: load fewer rows or lower its settings",
        "57014" => "something cancelled the statement: look at statement_timeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::copy_position;

    #[test]
    fn the_servers_context_gives_row_and_column() {
        let cases = [
            ("COPY orders, line 17, column total", Some(17), Some("total")),
            ("COPY orders, line 201", Some(201), None),
            ("COPY t, line 3, column name: \"abc\"", Some(3), Some("name")),
            ("SQL statement \"SELECT 1 FROM ONLY\"", None, None),
        ];
        for (context, row, column) in cases {
            assert_eq!(copy_position(context), (row, column.map(str::to_owned)), "{context}");
        }
    }
}
