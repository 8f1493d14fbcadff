//! What an index of a folder of results leaves, and what ties its pages together: the contract of `dbbench report FOLDER --format
//! json`, the data of a comparison's page, and `links.json`. Paths are relative and have `/` between their parts, so that a
//! folder can be moved as a whole.

use serde::{Deserialize, Serialize};

use super::compared::LeftOutRun;

/// The version of all three.
pub const INDEX_VERSION: u32 = 1;

/// A folder of results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Version of the contract.
    pub index_version: u32,
    /// Who wrote it.
    pub dbbench_version: String,
    /// The folder, as named.
    pub dir: String,
    /// The page that was written.
    pub page: String,
    /// Every run with a summary: by workload, in each the newest first.
    pub runs: Vec<IndexedRun>,
    /// Comparisons whose pages lie in the folder, by path.
    pub comparisons: Vec<IndexedComparison>,
    /// What lies there and could not be used: damaged, of a newer version, or without a summary yet.
    pub left_out: Vec<LeftOutRun>,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexedRun {
    /// Its folder, from the one that was named.
    pub dir: String,
    /// Its page; `null` where there is none.
    pub report: Option<String>,
    /// Name of the workload.
    pub workload: String,
    /// SHA-256 (hex) of the resolved workload.
    pub workload_hash: String,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
    /// The finding in one sentence.
    pub headline: String,
    /// Whether the figures may be relied on.
    pub valid: bool,
    /// Why not.
    pub invalid_reasons: Vec<String>,
    /// Whether fewer slices closed than were planned.
    pub partial: bool,
    /// Whether the variants gave the same answers; `null` when they were not compared.
    pub same_answer: Option<bool>,
    /// Whether there was no server.
    pub null_target: bool,
    /// What was found about claims.
    pub claims: Findings,
    /// What was found about gates.
    pub expectations: Findings,
    /// Checks that failed and that no claim or expectation judges, or that had no answer.
    pub failed_checks: usize,
    /// Comparisons of two sides in which side b is worse by more than was allowed.
    pub regressions: usize,
    /// The machine, by a short name.
    pub machine: String,
    /// Servers with their versions.
    pub servers: Vec<String>,
    /// Who measured.
    pub dbbench_version: String,
    /// Pages of the comparisons that it is a side of, from the folder that was named.
    pub comparisons: Vec<String>,
}

/// How many claims, or expectations, came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The whole interval satisfies the bound.
    pub holds: usize,
    /// None of it does.
    pub refuted: usize,
    /// Part of it does, or there is too little to tell.
    pub undecided: usize,
}

/// A comparison whose page lies in the folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexedComparison {
    /// Its page, from the folder that was named.
    pub page: String,
    /// What the page says of itself, `sides[].runs` from the folder that was named; runs outside of it are not there.
    #[serde(flatten)]
    pub card: ComparisonCard,
}

/// What the page of a comparison says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonCard {
    /// Name of the workload of the first side.
    pub workload: String,
    /// The finding in one sentence.
    pub headline: String,
    /// Whether the figures that were compared may be relied on.
    pub valid: bool,
    /// Of the figures that decide in the first metric, how many are better.
    pub better: usize,
    /// How many are worse.
    pub worse: usize,
    /// How many are undecided.
    pub undecided: usize,
    /// Regressions beyond `--fail-above`.
    pub regressions: usize,
    /// Its sides.
    pub sides: Vec<CardSide>,
}

/// A side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CardSide {
    /// `A`, `B`, …
    pub label: String,
    /// As named on the command line.
    pub name: String,
    /// Folders of its runs, from the folder of the page.
    pub runs: Vec<String>,
}

/// `links.json` in a result folder: what its page links beside its own parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Version of the contract.
    pub index_version: u32,
    /// Comparisons that the run is a side of.
    pub comparisons: Vec<Link>,
}

/// A page and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The page, from the result folder.
    pub page: String,
    /// What is found there, in one sentence.
    pub text: String,
}
