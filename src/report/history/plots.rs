//! The plots of a history: each series from run to run, its levels and changes.

use super::{day, size, subject, verdict, when};
use crate::report::chart::{Chart, Course, Kind, Mark, Measure, Stretch};
use crate::report::plots::{Plot, caption};
use crate::report::wording;
use crate::result::history::{History, Series};

/// The plot of a series. `ink`: the number of its ink.
pub(super) fn course(history: &History, series: &Series, ink: usize) -> Plot {
    let changes = series.changes.iter().enumerate().map(|(number, change)| Mark {
        at: change.run,
        label: (number + 1).to_string(),
        is_change: true,
    });
    let at_change = |run: usize| series.changes.iter().any(|change| change.run == run);
    let mut turned: Vec<usize> = history.unlike.iter().map(|turn| turn.run).filter(|run| !at_change(*run)).collect();
    turned.dedup();
    let turned = turned.into_iter().map(|at| Mark { at, label: "*".to_owned(), is_change: false });
    let mut marks: Vec<Mark> = changes.chain(turned).collect();
    marks.sort_by_key(|mark| mark.at);
    let said = series.changes.iter().map(|change| {
        let size = size(series, change);
        format!("{} at {}: {size}", verdict(change).0, when(&change.started_at))
    });
    let mut said: Vec<String> = said.collect();
    if said.is_empty() {
        said.push("no change of level".to_owned());
    }
    Plot {
        id: "course",
        heading: "From run to run",
        note: format!(
            "A dot for each run (of very many a thin line through them), a line for each level, a number where the level changes{}. The vertical axis does not begin at \
             zero.",
            if marks.iter().any(|mark| !mark.is_change) { ", * where a run is unlike the one before it" } else { "" }
        ),
        chart: Chart {
            caption: caption(format!("{} from run to run", subject(series)), said),
            kind: Kind::Course(Course {
                name: subject(series),
                measure: measure(series),
                series: ink,
                figures: series.figures.clone(),
                labels: history.runs.iter().map(|run| day(&run.started_at)).collect(),
                levels: series
                    .levels
                    .iter()
                    .filter_map(|level| Some(Stretch { first: level.first, last: level.last, figure: level.figure? }))
                    .collect(),
                marks,
            }),
        },
    }
}

fn measure(series: &Series) -> Measure {
    match &series.relative_to {
        Some(_) => Measure::Ratios,
        None if wording::is_time(&series.metric) => Measure::Times,
        None => Measure::Numbers,
    }
}
