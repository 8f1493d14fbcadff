//! A history as one self-contained page, in the style of a run's report.

use serde::Serialize;

use super::plots::course;
use super::{
    about, capital, figure, folder, headline, name, notes, others, size, subject, tone, turn, turns_at, verdict, when,
};
use crate::report::ReportError;
use crate::report::chart::{ChartError, Room};
use crate::report::format;
use crate::report::html::{Page, simple};
use crate::report::view::{Badge, Fact, unbroken};
use crate::result::history::{History, LevelChange, Series};

const TEMPLATE: &str = include_str!("../assets/history.html");

/// Series that have a plot; of more the tables tell.
const MOST_PLOTS: usize = 24;

/// The page.
#[derive(Debug, Serialize)]
struct View {
    title: String,
    version: String,
    about: Option<String>,
    facts: Vec<Fact>,
    verdict: Badge,
    series: Vec<SeriesView>,
    unlike: Vec<TurnView>,
    notes: Vec<String>,
    names: Vec<String>,
    runs: Vec<RunView>,
    others: Vec<String>,
    left_out: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SeriesView {
    anchor: String,
    name: String,
    heading: String,
    now: String,
    state: Badge,
    changes: Vec<ChangeView>,
    note: String,
    wide: String,
    narrow: String,
}

#[derive(Debug, Serialize)]
struct ChangeView {
    number: usize,
    since: String,
    run: String,
    before: String,
    after: String,
    size: String,
    verdict: Badge,
    turns: Vec<String>,
}

#[derive(Debug, Serialize)]
struct TurnView {
    when: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct RunView {
    when: String,
    dir: String,
    version: String,
    figures: Vec<FigureView>,
}

#[derive(Debug, Serialize)]
struct FigureView {
    text: String,
    changed: bool,
}

/// The page of a history.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken, which no history can cause.
pub fn page(history: &History) -> Result<String, ReportError> {
    let inks = inks(history);
    let series = history.series.iter().enumerate().map(|(at, one)| series(history, one, at, inks[at]));
    let view = View {
        title: history.group.workload.clone(),
        version: history.dbbench_version.clone(),
        about: None,
        facts: vec![Fact::new("runs", about(history))],
        verdict: Badge::new(unbroken(&headline(history)), tone(history)),
        series: series.collect::<Result<_, _>>()?,
        unlike: history
            .unlike
            .iter()
            .map(|one| TurnView { when: when(&history.runs[one.run].started_at), text: turn(one) })
            .collect(),
        notes: notes(history),
        names: history.series.iter().map(subject).collect(),
        // The newest first: who opens the page asks for them.
        runs: (0..history.runs.len()).rev().map(|at| run(history, at)).collect(),
        others: others(history),
        left_out: history.left_out.iter().map(|run| format!("{}: {}", run.dir, run.reason)).collect(),
    };
    simple(TEMPLATE, &Page { kind: "history", ..Page::default() }, &view)
}

/// Ink by ink, one for each variant: its figure and its ratio have the same.
fn inks(history: &History) -> Vec<usize> {
    let mut variants: Vec<&str> = Vec::new();
    let baseline = history.series.iter().find_map(|series| series.relative_to.as_deref());
    variants.extend(baseline);
    // The first ink is that of the baseline.
    let first = usize::from(baseline.is_none());
    history
        .series
        .iter()
        .map(|series| {
            let known = variants.iter().position(|variant| *variant == series.variant);
            first
                + known.unwrap_or_else(|| {
                    variants.push(&series.variant);
                    variants.len() - 1
                })
        })
        .collect()
}

fn series(history: &History, series: &Series, at: usize, ink: usize) -> Result<SeriesView, ReportError> {
    let anchor = format!("s{at}");
    let plot = course(history, series, ink);
    let failed = |source: ChartError| ReportError::Plot { name: plot.id, source };
    let drawn = |room: Room, class: &str| -> Result<String, ReportError> {
        if at >= MOST_PLOTS {
            return Ok(String::new());
        }
        Ok(plot.chart.render(room).map_err(failed)?.inline(&format!("{anchor}-{class}"), &format!("plot {class}")))
    };
    let state = match series.changes.last() {
        Some(change) => Badge::new(verdict(change).0, verdict(change).1),
        None => Badge::new("no change", crate::report::wording::Tone::Neutral),
    };
    Ok(SeriesView {
        name: name(series),
        heading: capital(&subject(series)),
        now: figure(series, series.now().and_then(|level| level.figure)),
        state,
        changes: series.changes.iter().enumerate().map(|(number, one)| change(history, series, number, one)).collect(),
        note: plot.note.clone(),
        wide: drawn(Room::Wide, "wide")?,
        narrow: drawn(Room::Narrow, "narrow")?,
        anchor,
    })
}

fn change(history: &History, series: &Series, number: usize, change: &LevelChange) -> ChangeView {
    let level = |index: usize| figure(series, series.levels.get(index).and_then(|level| level.figure));
    let (word, tone) = verdict(change);
    ChangeView {
        number: number + 1,
        since: when(&change.started_at),
        run: folder(&change.dir).to_owned(),
        before: level(number),
        after: level(number + 1),
        size: size(series, change),
        verdict: Badge::new(word, tone),
        turns: turns_at(history, change.run),
    }
}

fn run(history: &History, at: usize) -> RunView {
    let run = &history.runs[at];
    let of_series = |series: &Series| FigureView {
        text: series
            .figures
            .get(at)
            .copied()
            .flatten()
            .map_or_else(|| format::ABSENT.to_owned(), |value| figure(series, Some(value))),
        changed: series.changes.iter().any(|change| change.run == at),
    };
    RunView {
        when: when(&run.started_at),
        dir: run.dir.clone(),
        version: run.dbbench_version.clone(),
        figures: history.series.iter().map(of_series).collect(),
    }
}
