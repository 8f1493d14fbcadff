//! What the counts of a slice must agree in, checked again when its line is read: a line that was edited or mixed up with
//! another must not become a figure.

use super::slice::{SliceFigures, SliceRecord};
use crate::metrics::Counters;

/// What the counts of a slice contradict, if anything.
pub(super) fn contradiction(slice: &SliceRecord) -> Option<String> {
    let all = std::iter::once(&slice.mix).chain(&slice.operations).chain(&slice.jobs);
    let of_one = all.clone().find_map(|figures| {
        let place = figures.name.as_ref().map_or_else(|| "the mix".to_owned(), |name| format!("operation `{name}`"));
        violation(figures).map(|violation| format!("{place}: {violation}"))
    });
    of_one.or_else(|| of_sum(slice))
}

fn violation(figures: &SliceFigures) -> Option<String> {
    let counters = Counters {
        planned: figures.planned,
        attempts: figures.attempts,
        succeeded: figures.succeeded,
        failed: figures.failed,
        unknown: figures.unknown,
        // Not told apart in a line: as few as there must be.
        unknown_besides: figures.unknown.saturating_sub(figures.failed),
        unstarted: figures.unstarted,
        retried: figures.retried,
        censored: figures.censored,
        statements: figures.statements,
        rows: figures.rows,
    };
    if let Some(violation) = counters.violation() {
        return Some(violation);
    }
    let (times, by_key) = (figures.response.count, figures.failures.values().sum::<u64>());
    if times != figures.succeeded {
        return Some(format!("{times} response times ≠ succeeded {}", figures.succeeded));
    }
    (by_key != figures.failed).then(|| format!("{by_key} failures by key ≠ failed {}", figures.failed))
}

/// One of the counts.
type Count = fn(&SliceFigures) -> u64;

/// The mix is the sum of its operations.
fn of_sum(slice: &SliceRecord) -> Option<String> {
    let counts: [(&str, Count); 6] = [
        ("planned", |figures| figures.planned),
        ("attempts", |figures| figures.attempts),
        ("succeeded", |figures| figures.succeeded),
        ("failed", |figures| figures.failed),
        ("unstarted", |figures| figures.unstarted),
        ("statements", |figures| figures.statements),
    ];
    counts.into_iter().filter(|_| !slice.operations.is_empty()).find_map(|(name, count)| {
        let (mix, sum) = (count(&slice.mix), slice.operations.iter().map(count).sum::<u64>());
        (mix != sum).then(|| format!("{name} {mix} of the mix ≠ {sum} of its operations together"))
    })
}
