//! Reports: what a person sees, made from result types and events alone.
//!
//! [`progress`] listens to a run, [`terminal`] writes its end, [`files`] makes the page and the plots of a result folder.
//! Nothing here measures, judges or writes files: the store writes what [`files`] returns, the caller prints what
//! [`terminal`] returns.

mod background;
pub mod calibration;
mod caveats;
pub mod chart;
pub mod checks;
pub mod compare;
pub mod export;
pub mod format;
pub mod gate;
pub mod history;
mod html;
pub mod index;
mod live;
mod plots;
pub mod progress;
mod recorded;
pub mod search;
pub mod terminal;
mod view;
mod wording;
mod wrap;

pub use wording::metric_name;
pub use wrap::wrapped;

use crate::result::index::Links;
use crate::result::interval::IntervalRow;
use crate::result::plans::PlanList;
use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;
use crate::result::slowest::SlowRecord;
use crate::result::summary::{Summary, Variant};
use crate::result::{CurvePoint, Histograms};

/// What reports are made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was run, where.
    pub run: &'a RunRecord,
    /// What came of it.
    pub summary: &'a Summary,
    /// Every slice that closed.
    pub slices: &'a [SliceRecord],
    /// Second by second.
    pub intervals: &'a [IntervalRow],
    /// Response times of the mix; a variant without one has no curve.
    pub curves: &'a [ResponseCurve],
    /// The operations that took longest.
    pub slowest: &'a [SlowRecord],
    /// The plans of the statements; `None` where none were taken.
    pub plans: Option<&'a PlanList>,
    /// Other pages that the page links.
    pub links: &'a Links,
}

/// The distribution of a variant's response times over all valid rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseCurve {
    /// Name of the variant.
    pub variant: String,
    /// Rising; ends below 1 where values are censored.
    pub points: Vec<CurvePoint>,
    /// How many values are ranked, the censored ones included.
    pub ranked: u64,
}

impl ResponseCurve {
    /// The curves of all variants of a run whose histograms are complete.
    #[must_use]
    pub fn of(summary: &Summary, histograms: &Histograms) -> Vec<Self> {
        let curve = |variant: &Variant| {
            let mix = &variant.mix;
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a count, rounded back to the count that it came from"
            )]
            let censored = (mix.censored * mix.planned as f64).round() as u64;
            let points = histograms.curve(&variant.name, None, "response", censored);
            Self { variant: variant.name.clone(), points, ranked: mix.succeeded + censored }
        };
        summary.variants.iter().map(curve).collect()
    }
}

/// A file of the result folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// Name within the folder, for example `plots/ratios.svg`.
    pub name: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A plot could not be drawn.
    #[error("cannot draw the plot {name:?}")]
    Plot {
        /// Which.
        name: &'static str,
        /// Why.
        #[source]
        source: chart::ChartError,
    },
    /// What programs read of a page could not be written.
    #[error("cannot write the data of the page")]
    Data(#[source] serde_json::Error),
    /// The page could not be put together.
    #[error("cannot put the page together")]
    Page(#[source] minijinja::Error),
}

/// `report.html` and `plots/*.svg`.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken, which no result can cause.
pub fn files(inputs: &Inputs<'_>) -> Result<Vec<ReportFile>, ReportError> {
    let plots = plots::plots(inputs);
    let page = html::page(inputs, &plots)?;
    let mut files = vec![ReportFile { name: "report.html".to_owned(), content: page.into_bytes() }];
    for plot in &plots {
        let svg = plot.chart.render(chart::Room::Wide).map_err(|source| ReportError::Plot { name: plot.id, source })?;
        files.push(ReportFile { name: format!("plots/{}.svg", plot.id), content: svg.standalone().into_bytes() });
    }
    Ok(files)
}

/// The page of a run with other links in place of those it has; `None` when it has no place for them, being of an older
/// dbbench.
///
/// # Errors
/// When the template is broken, which no link can cause.
pub fn relinked(page: &str, links: &Links) -> Result<Option<String>, ReportError> {
    html::linked(page, links)
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
