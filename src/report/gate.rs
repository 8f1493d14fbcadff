//! What is said where the sides of a run are a gate.

use crate::report::{format, wording};
use crate::result::sides::without_side;
use crate::result::summary::{Comparison, Summary};

/// What is compared: `response p50 of join on side b`.
#[must_use]
pub fn subject(comparison: &Comparison) -> String {
    format!("{} of {} on side b", wording::metric_name(&comparison.metric), without_side(&comparison.variant))
}

/// A regression: `response p50 of join on side b is worse: 1.12× of side a, beyond 5 %`.
#[must_use]
pub fn regression(summary: &Summary, comparison: &Comparison) -> String {
    let how = match comparison.ratio {
        Some(ratio) => format!("{} of side a", format::ratio(ratio)),
        None => format!("{} against side a", wording::estimate(comparison)),
    };
    let allowed = summary.sides.as_ref().and_then(|sides| sides.fail_above);
    let beyond = allowed.map_or_else(String::new, |allowed| format!(", beyond {}", format::percent(allowed)));
    format!("{} is worse: {how}{beyond}", subject(comparison))
}

/// Why a comparison is undecided: `response p50 of join on side b: 1.01×, 0.97–1.05`, or what is missing.
#[must_use]
pub fn undecided(comparison: &Comparison) -> String {
    let interval = wording::interval(comparison).map_or_else(String::new, |interval| format!(", {interval}"));
    let reason = comparison.reason.as_ref().map_or_else(String::new, |reason| format!("; {reason}"));
    format!("{}: {}{interval}{reason}", subject(comparison), wording::estimate(comparison))
}
