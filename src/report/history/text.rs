//! A history on a terminal: what changed, which runs these are, a table of changes, the newest runs, and what to know.

use comfy_table::{Cell, CellAlignment};

use super::{about, figure, folder, headline, name, notes, others, size, tone, turn, turns_at, verdict, when};
use crate::report::terminal::{Look, footnote, listed, painted, push, table};
use crate::report::wording::{Tone, metric_name};
use crate::report::wrap::{harmless, wrapped};
use crate::result::history::{History, Series};

/// Newest runs in the table.
const NEWEST: usize = 12;
/// Lines of a list that may be long.
const LISTED: usize = 5;
/// Letters that a row of runs takes beside its figures.
const TIME: usize = 18;

/// The history as text, each line ended.
#[must_use]
pub fn render(history: &History, look: Look) -> String {
    let mut out = String::new();
    for line in wrapped(&headline(history), look.width.min(100)) {
        push(&mut out, &painted(&line, tone(history), look, true));
    }
    push(&mut out, "");
    listed(&mut out, &painted("runs:", Tone::Neutral, look, true), "runs:", &about(history), look);
    push(&mut out, "");
    let mut metrics: Vec<&str> = history.series.iter().map(|series| series.metric.as_str()).collect();
    metrics.dedup();
    for metric in metrics {
        let series: Vec<&Series> = history.series.iter().filter(|series| series.metric == metric).collect();
        changes(&mut out, history, metric, &series, look);
        runs(&mut out, history, metric, &series, look);
    }
    let changed =
        |run: usize| history.series.iter().any(|series| series.changes.iter().any(|change| change.run == run));
    let turns: Vec<String> = history
        .unlike
        .iter()
        // Those at a change stand beside it.
        .filter(|one| !changed(one.run))
        .map(|one| format!("{} at {}", turn(one), when(&history.runs[one.run].started_at)))
        .collect();
    list(&mut out, "unlike:", &turns, look);
    notes(history).iter().for_each(|note| footnote(&mut out, note, look));
    if !history.others.is_empty() {
        list(&mut out, "not shown:", &others(history), look);
        footnote(
            &mut out,
            "choose them with --workload, --machine or --hash, or put those of a workload together with --force",
            look,
        );
    }
    let left_out: Vec<String> = history.left_out.iter().map(|run| format!("{}: {}", run.dir, run.reason)).collect();
    list(&mut out, "left out:", &left_out, look);
    out
}

fn list(out: &mut String, heading: &str, lines: &[String], look: Look) {
    let mut show = |text: &str| listed(out, &painted(heading, Tone::Open, look, true), heading, text, look);
    lines.iter().take(LISTED).for_each(|line| show(line));
    if let Some(more) = lines.len().checked_sub(LISTED).filter(|more| *more > 0) {
        show(&format!("{more} more"));
    }
}

/// The changes of one metric: since when, how large, and what else changed then.
fn changes(out: &mut String, history: &History, metric: &str, series: &[&Series], look: Look) {
    let mut any = false;
    for series in series {
        for (at, change) in series.changes.iter().enumerate() {
            if !any {
                push(out, &painted(&format!("{}, changes", metric_name(metric)), Tone::Neutral, look, true));
                any = true;
            }
            let level = |index: usize| figure(series, series.levels.get(index).and_then(|level| level.figure));
            let (word, tone) = verdict(change);
            let since = format!("  {}", when(&change.started_at));
            let mut text = format!(
                "{}: {} to {} ({}), first in {}",
                name(series),
                level(at),
                level(at + 1),
                size(series, change),
                folder(&change.dir)
            );
            let turns = turns_at(history, change.run);
            if !turns.is_empty() {
                text.push_str(&format!(", with {}", turns.join(" and ")));
            }
            let plain = format!("{since}  {word:<14}");
            let prefix = format!("{since}  {}", painted(&format!("{word:<14}"), tone, look, false));
            listed(out, &prefix, &plain, &text, look);
        }
    }
    if any {
        push(out, "");
    }
}

/// The newest runs with their figures; `▲` and `▼` stand where the level changes. As many series as the terminal has room for.
fn runs(out: &mut String, history: &History, metric: &str, series: &[&Series], look: Look) {
    let mut shown: Vec<&Series> = Vec::new();
    let mut room = usize::from(look.width).saturating_sub(TIME);
    for series in series {
        let needed = name(series).chars().count().max(11) + 3;
        if needed > room && !shown.is_empty() {
            break;
        }
        room = room.saturating_sub(needed);
        shown.push(series);
    }
    let mut table = table();
    let aligned = |column: usize, text: &str| {
        let side = if column == 0 { CellAlignment::Left } else { CellAlignment::Right };
        Cell::new(harmless(text)).set_alignment(side)
    };
    let mut header = vec![format!("{}, run of", metric_name(metric))];
    header.extend(shown.iter().map(|series| name(series)));
    table.set_header(header.iter().enumerate().map(|(column, text)| aligned(column, text)));
    let from = history.runs.len().saturating_sub(NEWEST);
    for (at, run) in history.runs.iter().enumerate().skip(from) {
        let mut row = vec![when(&run.started_at)];
        row.extend(shown.iter().map(|series| {
            let change = series.changes.iter().find(|change| change.run == at);
            let mark = change.map_or("", |change| if verdict(change).0.starts_with("higher") { "▲ " } else { "▼ " });
            format!("{mark}{}", figure(series, series.figures.get(at).copied().flatten()))
        }));
        table.add_row(row.iter().enumerate().map(|(column, text)| aligned(column, text)));
    }
    table.lines().for_each(|line| push(out, line.trim_end()));
    if from > 0 {
        push(out, &format!("  and {from} earlier; --format csv has all of them"));
    }
    push(out, "");
}
