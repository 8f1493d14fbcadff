//! A result in the formats of other tools: one format per file. Each is made from the summary (percentiles by rank also from the
//! histograms) and returned as files or text; who calls decides where it goes.

pub mod csv;
pub mod github;
pub mod hgrm;
pub mod junit;
pub mod markdown;
pub mod openmetrics;

use crate::report::wording;
use crate::result::summary::{Finding, Judged, Summary, Variant};

/// The sweep point as one text: `load.clients=8 topology.link.rtt=1ms`.
fn point(variant: &Variant) -> String {
    variant.point.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// What was found about a claim or an expectation, in words: the figure and what was required of it.
fn detail(summary: &Summary, judged: &Judged) -> String {
    format!("{} ({})", wording::observed(summary, judged), wording::required(judged))
}

/// Whether an expectation ends the run with exit code 3.
fn is_refuted(judged: &Judged, strict: bool) -> bool {
    match judged.verdict {
        Finding::Holds => false,
        Finding::Refuted => true,
        Finding::Undecided => strict,
    }
}

/// In what the answers differ, or that they do.
fn answers_differ(summary: &Summary) -> bool {
    summary.same_answer.is_some_and(|answers| !answers.equal)
}

#[cfg(test)]
mod tests;
