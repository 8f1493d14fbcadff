//! What binding finds wrong, each with its place in the workload file.

use crate::driver::{DriverError, ServerError};
use crate::workload::plan::{Place, SqlText, StatementPlan};

/// Why a variant could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The server, or what it said, was lost on the way.
    #[error("the statements of variant \"{variant}\" could not be described")]
    Driver {
        /// Name of the variant.
        variant: String,
        /// What happened.
        #[source]
        source: Box<DriverError>,
    },
    /// The workload does not fit the server: all problems of all its statements.
    #[error("variant \"{variant}\" does not fit the server: {}", first(problems))]
    Problems {
        /// Name of the variant.
        variant: String,
        /// In the order of the plan; never empty.
        problems: Vec<BindProblem>,
    },
}

/// One problem.
#[derive(Clone, Debug)]
pub struct BindProblem {
    /// Where it is.
    pub at: ProblemPlace,
    /// Rule and value.
    pub title: String,
    /// What stands beside the caret; may be empty.
    pub label: String,
    /// What would be accepted.
    pub hints: Vec<String>,
}

/// Where a problem is.
#[derive(Clone, Debug)]
pub enum ProblemPlace {
    /// In a statement, at a position as the server counts (characters of what is sent, from 1); `None`: the statement
    /// as a whole.
    Sql(SqlText, Option<usize>),
    /// At a place of the file.
    File(Place),
}

impl BindProblem {
    pub(super) fn in_file(place: &Place, title: impl Into<String>, hints: Vec<String>) -> Self {
        Self { at: ProblemPlace::File(place.clone()), title: title.into(), label: String::new(), hints }
    }

    /// At the argument number `index` (from 0) of a statement.
    pub(super) fn at_argument(
        statement: &StatementPlan,
        index: usize,
        title: impl Into<String>,
        label: impl Into<String>,
        hints: Vec<String>,
    ) -> Self {
        let position = position_of(&statement.text.sql, index + 1);
        Self {
            at: ProblemPlace::Sql(statement.text.clone(), position),
            title: title.into(),
            label: label.into(),
            hints,
        }
    }

    /// What a server said of a statement.
    pub(super) fn refused(text: &SqlText, error: &ServerError) -> Self {
        Self {
            at: ProblemPlace::Sql(text.clone(), error.position),
            title: format!("the server refuses this statement: {error}"),
            label: String::new(),
            hints: error.shared_names().map(str::to_owned).or_else(|| error.hint.clone()).into_iter().collect(),
        }
    }

    /// The place in the file.
    #[must_use]
    pub fn place(&self) -> Place {
        match &self.at {
            ProblemPlace::File(place) => place.clone(),
            ProblemPlace::Sql(text, Some(position)) => text.place_at(*position),
            ProblemPlace::Sql(text, None) => text.place.clone(),
        }
    }
}

fn first(problems: &[BindProblem]) -> String {
    let more = match problems.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    problems.first().map_or_else(String::new, |problem| format!("{}: {}{more}", problem.place(), problem.title))
}

/// Where `$number` stands, in characters from 1.
fn position_of(sql: &str, number: usize) -> Option<usize> {
    let name = format!("${number}");
    let starts = sql.match_indices(&name);
    let (byte, _) =
        starts.into_iter().find(|(at, _)| !sql[at + name.len()..].starts_with(|c: char| c.is_ascii_digit()))?;
    Some(sql[..byte].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::position_of;

    #[test]
    fn an_argument_is_found_by_its_whole_number_and_in_characters() {
        assert_eq!(position_of("SELECT '€', $12, $1", 1), Some(18));
        assert_eq!(position_of("SELECT '€', $12, $1", 12), Some(13));
        assert_eq!(position_of("SELECT 1", 1), None);
    }
}
