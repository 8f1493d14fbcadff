//! What `summary.json` says of a check.

use serde::{Deserialize, Serialize};

/// A check after the slices of a variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Name of the check.
    pub name: String,
    /// Name of the variant.
    pub variant: String,
    /// Whether it passed after every slice.
    pub passed: bool,
    /// What was expected, in the first round in which it was not answered, else failed, else in the last.
    pub expected: String,
    /// What was found in that round.
    pub found: String,
    /// That round.
    #[serde(default)]
    pub round: u32,
    /// Rounds in which it was made.
    #[serde(default)]
    pub rounds: u32,
    /// Rounds in which it failed.
    #[serde(default)]
    pub failed_rounds: u32,
    /// Those of them that had no answer to compare: the query failed, gave no row, several or NULL. Nobody can judge these: they
    /// end the run with exit code 3 whatever `judged_by` says.
    #[serde(default)]
    pub unanswered_rounds: u32,
    /// The claim or expectation about this check of this variant, which judges its answers then; `null`: a failure ends the run
    /// with exit code 3.
    #[serde(default)]
    pub judged_by: Option<String>,
}
