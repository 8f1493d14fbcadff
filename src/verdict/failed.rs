//! Operations that failed. Times are those of operations that succeeded; where most failed, the few that did not may be
//! the easy ones, and a failure that comes back at once must not make a variant look fast.

use super::figure::Scope;
use super::percent;
use crate::result::interval::ErrorRow;
use crate::result::slice::SliceRecord;
use crate::result::summary::{Figures, Summary, TopFailure, Variant};
use crate::words::{Metric, TimeKind};

/// Of an operation's attempts, how many may fail for good without being said above everything else.
const FAILED_AT_MOST: f64 = 0.01;

/// Why a time of these variants decides nothing: of one of them more operations failed than succeeded. `None`: it may.
pub(super) fn hide_the_job(
    slices: &[SliceRecord],
    variants: &[&str],
    metric: &Metric,
    scope: Scope<'_>,
) -> Option<String> {
    let Metric::Time(kind, _) = metric else { return None };
    if *kind == TimeKind::Connect {
        return None;
    }
    let mut some_succeeded = false;
    let failed: Vec<String> = variants
        .iter()
        .filter_map(|name| {
            let figures = added_up(slices, name, scope);
            some_succeeded |= figures.failed > figures.succeeded && figures.succeeded > 0;
            (figures.failed > figures.succeeded).then(|| failed(&figures, &whose(name, scope.operation.or(scope.job))))
        })
        .collect();
    let meaning =
        if some_succeeded { ", more than succeeded: the times of the others say nothing about the job" } else { "" };
    (!failed.is_empty()).then(|| format!("{}{meaning}", failed.join(" and ")))
}

/// `nowait's operations`, `the operations pay in nowait`.
fn whose(variant: &str, part: Option<&str>) -> String {
    match part {
        Some(part) => format!("the operations {part} in {variant}"),
        None => format!("{variant}'s operations"),
    }
}

/// `96.5 % of nowait's operations failed (55P03)`.
fn failed(figures: &Figures, whose: &str) -> String {
    let share = match figures.succeeded {
        0 => "all".to_owned(),
        _ => percent(figures.failed_share().unwrap_or(0.0)),
    };
    format!("{share} of {whose} failed{}", most_with(figures))
}

/// The counts of a variant over its valid slices.
fn added_up(slices: &[SliceRecord], variant: &str, scope: Scope<'_>) -> Figures {
    let mut sum = Figures::default();
    let valid = slices.iter().filter(|slice| slice.valid && slice.variant == variant);
    for figures in valid.filter_map(|slice| scope.select(slice)) {
        sum.succeeded += figures.succeeded;
        sum.failed += figures.failed;
        for (key, count) in &figures.failures {
            *sum.failures.entry(key.clone()).or_insert(0) += count;
        }
    }
    sum
}

/// With what: ` (55P03)`.
fn most_with(figures: &Figures) -> String {
    figures.top_failure().map_or_else(String::new, |(key, _)| format!(" ({key})"))
}

/// Of a variant of which nothing succeeded although something ended: why.
pub(super) fn nothing_succeeded(variant: &Variant) -> Option<String> {
    let mix = &variant.mix;
    if mix.succeeded > 0 || mix.failed == 0 {
        return None;
    }
    let why = match &variant.top_failure {
        Some(TopFailure { key, message: Some(message), .. }) => format!(" ({key}: {message})"),
        _ => most_with(mix),
    };
    Some(format!("all of {}'s operations failed{why}", variant.name))
}

/// What failed for good of a variant, where that is worth a word beside its times: of the operation that failed most
/// often, as `96.5 % of nowait's operations failed (55P03)`.
pub(super) fn worth_a_word(variant: &Variant) -> Option<String> {
    let parts = variant.operations.iter().map(|part| (Some(part.name.as_str()), &part.figures));
    let all = parts.chain([(None, &variant.mix)]);
    let share_of = |figures: &Figures| figures.failed_share().filter(|share| *share > FAILED_AT_MOST);
    let (part, figures) = all
        .filter(|(_, figures)| share_of(figures).is_some())
        .reduce(|most, other| if share_of(other.1) > share_of(most.1) { other } else { most })?;
    Some(failed(figures, &whose(&variant.name, part.filter(|_| variant.operations.len() > 1))))
}

/// Names the most frequent failure of each variant, with the message that was kept of it in a valid slice.
pub(super) fn name_failures(summary: &mut Summary, errors: &[ErrorRow], slices: &[SliceRecord]) {
    let counts = |row: &ErrorRow| {
        let of_row =
            |slice: &&SliceRecord| slice.variant == row.variant && slice.round == row.round && slice.point == row.point;
        row.phase == "measure" && slices.iter().find(of_row).is_some_and(|slice| slice.valid)
    };
    for variant in &mut summary.variants {
        let Some((key, count)) = variant.mix.top_failure() else { continue };
        let of_key = |row: &&ErrorRow| {
            let row_key = if row.sqlstate.is_empty() { &row.class } else { &row.sqlstate };
            row.variant == variant.name && row_key == key && counts(row)
        };
        let message = errors.iter().find(of_key).and_then(|row| row.message.lines().next());
        // The key is said beside it.
        let message = message.map(|message| message.trim_end_matches(&format!(" (SQLSTATE {key})")).to_owned());
        let message = message.filter(|message| !message.is_empty());
        variant.top_failure = Some(TopFailure { key: key.to_owned(), count, message });
    }
}

#[cfg(test)]
#[path = "failed_tests.rs"]
mod tests;
