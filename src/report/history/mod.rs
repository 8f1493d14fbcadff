//! The history of a workload for people and programs: one output format per file, in the words of the other reports.
//!
//! [`text`] for terminals, [`csv`] for tables and for Apache Otava, [`page`] for a page of its own. JSON is the history itself.

pub mod csv;
mod html;
mod plots;
pub mod text;

use crate::report::format;
use crate::report::wording::{self, Tone, metric_name};
use crate::result::history::{History, LevelChange, Series, Turn};
use crate::result::summary::Comparison;
use crate::stats::{FALSE_ALARMS, MIN_STRETCH};
use crate::verdict::history::in_words;
use crate::words::counted;

pub use html::page;

/// `join` or `join to n_plus_one`, with the sweep point.
fn name(series: &Series) -> String {
    let mut name = series.variant.clone();
    if !series.point.is_empty() {
        let point: Vec<String> = series.point.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        name.push_str(&format!(" ({})", point.join(", ")));
    }
    match &series.relative_to {
        Some(baseline) => format!("{name} to {baseline}"),
        None => name,
    }
}

/// The series in a sentence: `response p50 of join`, `response p50 of join to n_plus_one`.
fn subject(series: &Series) -> String {
    format!("{} of {}", metric_name(&series.metric), name(series))
}

/// A figure of the series with its unit.
fn figure(series: &Series, value: Option<f64>) -> String {
    match series.relative_to {
        Some(_) => value.map_or_else(|| format::ABSENT.to_owned(), format::ratio),
        None => wording::figure(&series.metric, value),
    }
}

/// As a run's report knows it, so that both say the same in the same words.
fn as_comparison(series: &Series, change: &LevelChange) -> Comparison {
    Comparison {
        // A difference of ratios is a ratio, not a time.
        metric: if series.relative_to.is_some() { String::new() } else { series.metric.clone() },
        ratio: change.ratio,
        difference: change.difference,
        ci_low: change.ci_low,
        ci_high: change.ci_high,
        better: change.better,
        ..Comparison::default()
    }
}

/// `1.06×, 1.04–1.08`.
fn size(series: &Series, change: &LevelChange) -> String {
    let comparison = as_comparison(series, change);
    let estimate = wording::estimate(&comparison);
    wording::interval(&comparison).map_or_else(|| estimate.clone(), |interval| format!("{estimate}, {interval}"))
}

/// `higher, worse`.
fn verdict(change: &LevelChange) -> (String, Tone) {
    let higher = change.ratio.map_or_else(|| change.difference > Some(0.0), |ratio| ratio > 1.0);
    let word = if higher { "higher" } else { "lower" };
    match change.better {
        Some(true) => (format!("{word}, better"), Tone::Good),
        Some(false) => (format!("{word}, worse"), Tone::Bad),
        None => (word.to_owned(), Tone::Neutral),
    }
}

/// `2026-05-02 12:00`: of a time in RFC 3339 what people read.
fn when(started_at: &str) -> String {
    let minute: String = started_at.chars().take(16).collect();
    minute.replace('T', " ")
}

/// `2026-05-02`.
fn day(started_at: &str) -> String {
    started_at.chars().take(10).collect()
}

/// The folder alone, without what leads to it.
fn folder(dir: &str) -> &str {
    dir.trim_end_matches('/').rsplit('/').next().unwrap_or(dir)
}

/// What changed from the run before to this one, beside the figures: `dbbench 0.1.0 to 0.2.0`.
fn turn(turn: &Turn) -> String {
    let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    format!("{} {} to {}", turn.what.replace('_', " "), shown(&turn.before), shown(&turn.value))
}

fn turns_at(history: &History, run: usize) -> Vec<String> {
    history.unlike.iter().filter(|one| one.run == run).map(turn).collect()
}

/// What was found, in one sentence for each series that changes; the newest changes first.
fn headline(history: &History) -> String {
    const SHOWN: usize = 3;
    let mut changed: Vec<(&Series, &LevelChange)> =
        history.series.iter().filter_map(|series| Some((series, series.changes.last()?))).collect();
    changed.sort_by_key(|(_, change)| std::cmp::Reverse(change.run));
    let runs = counted(history.runs.len(), "run");
    if history.runs.len() < 2 * MIN_STRETCH {
        return format!("{runs}: too few to look for changes, which takes {} at least.", 2 * MIN_STRETCH);
    }
    if changed.is_empty() {
        return format!("No change of level in {runs}.");
    }
    let sentence = |(series, change): &(&Series, &LevelChange)| {
        let count = series.changes.len();
        let last = if count == 1 { "changed once" } else { "changed last" };
        let turns = turns_at(history, change.run);
        let with = if turns.is_empty() { String::new() } else { format!(", with {}", turns.join(" and ")) };
        format!(
            "{} {last} on {}{with}: {} ({}).",
            capital(&subject(series)),
            day(&change.started_at),
            verdict(change).0,
            size(series, change)
        )
    };
    let mut text = changed.iter().take(SHOWN).map(sentence).collect::<Vec<_>>().join(" ");
    if changed.len() > SHOWN {
        text.push_str(&format!(" {} more series changed.", changed.len() - SHOWN));
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// How good the newest levels are, for the colour of the headline.
fn tone(history: &History) -> Tone {
    let newest = || history.series.iter().filter_map(|series| series.changes.last()).map(|change| change.better);
    if newest().any(|better| better == Some(false)) {
        Tone::Bad
    } else if newest().any(|better| better == Some(true)) {
        Tone::Good
    } else {
        Tone::Neutral
    }
}

/// Which runs these are.
fn about(history: &History) -> String {
    let ends = history.runs.first().zip(history.runs.last());
    let ends = ends
        .map_or_else(String::new, |(first, last)| format!(", {} to {}", day(&first.started_at), day(&last.started_at)));
    format!("{}{ends}", in_words(&history.group))
}

/// What the figures and changes are.
fn notes(history: &History) -> Vec<String> {
    let mut notes = vec![
        "each figure is that of one run: the mean of the logs over its valid rounds, or of the whole run where the summary has no rounds of it"
            .to_owned(),
        "a change is the ratio of the runs from it on, up to the next change, to those before it, with Welch's interval (95 %)"
            .to_owned(),
    ];
    let baselines: Vec<&str> = history.series.iter().filter_map(|series| series.relative_to.as_deref()).collect();
    if let Some(baseline) = baselines.first() {
        notes.push(format!(
            "to {baseline}: ratios to the baseline of the same round, in which what slows a whole run cancels; a machine that \
             drifts changes the figures and not these"
        ));
    }
    notes.push(format!(
        "{} series; if nothing ever changed, {:.2} of them would show a change ({} each)",
        history.series.len(),
        history.by_chance,
        format::percent(FALSE_ALARMS)
    ));
    notes
}

/// Runs that are not shown, and how to see them.
fn others(history: &History) -> Vec<String> {
    history.others.iter().map(in_words).collect()
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
