//! A comparison as one self-contained page, in the style of a run's report.

use serde::Serialize;

use super::plots::{Overlaid, overlaid, ratios};
use super::{Group, MeasuredRun, Row, groups, headline, notes, reasons, side, tone, unlike};
use crate::report::ReportError;
use crate::report::chart::ChartError;
use crate::report::html::{Page, simple};
use crate::report::live;
use crate::report::plots::Plot;
use crate::report::view::{Badge, Fact, unbroken};
use crate::result::as_address;
use crate::result::compared::{Compared, Side, SideRun};
use crate::result::index::{CardSide, ComparisonCard};
use crate::result::summary::Verdict;

const TEMPLATE: &str = include_str!("../assets/compare.html");

/// The page.
#[derive(Debug, Serialize)]
struct View {
    title: String,
    about: Option<String>,
    facts: Vec<Fact>,
    version: String,
    verdict: Badge,
    first: String,
    invalid_reasons: Vec<String>,
    unlike: Vec<String>,
    warnings: Vec<String>,
    reasons: Vec<String>,
    primary: Vec<GroupView>,
    others: Vec<GroupView>,
    notes: Vec<String>,
    ratios: Option<PlotView>,
    variants: Vec<VariantView>,
    left_out: usize,
    sides: Vec<SideView>,
}

#[derive(Debug, Serialize)]
struct GroupView {
    metric: String,
    side: String,
    rows: Vec<RowView>,
}

#[derive(Debug, Serialize)]
struct RowView {
    name: String,
    relative: bool,
    first: String,
    other: String,
    ratio: String,
    detectable: String,
    verdict: Badge,
    regression: bool,
}

#[derive(Debug, Serialize)]
struct VariantView {
    name: String,
    anchor: String,
    plots: Vec<PlotView>,
}

#[derive(Debug, Serialize)]
struct PlotView {
    heading: &'static str,
    note: String,
    wide: String,
    narrow: String,
}

#[derive(Debug, Serialize)]
struct SideView {
    ink: usize,
    label: String,
    runs: Vec<RunView>,
}

#[derive(Debug, Serialize)]
struct RunView {
    dir: String,
    /// The page of the run, where it is known from where it is linked.
    href: Option<String>,
    started_at: String,
    machine: String,
    servers: String,
    dbbench: String,
    hash: String,
    state: &'static str,
}

/// The page as text. `runs`: what is drawn of each run; a run that is not there has no curve. `places`: the way from the folder of
/// the page to each run's, in the order of [`Compared::sides`] and their runs, without those that have no page; `None` where the
/// page has no place of its own. With them the page links the runs, and an index finds out which they are.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken, which no comparison can cause.
pub fn page_at(
    compared: &Compared,
    runs: &[MeasuredRun<'_>],
    places: Option<&[Vec<Option<String>>]>,
) -> Result<String, ReportError> {
    let (primary, others): (Vec<Group<'_>>, Vec<Group<'_>>) =
        groups(compared).into_iter().partition(|group| group.primary);
    let (overlaid, left_out) = overlaid(compared, runs);
    let view = View {
        title: compared.workload.clone(),
        about: None,
        facts: compared.sides.iter().map(|one| Fact::new(one.label.clone(), side(one))).collect(),
        version: compared.dbbench_version.clone(),
        verdict: Badge::new(unbroken(&headline(compared)), tone(compared)),
        first: compared.sides.first().map_or_else(String::new, |first| first.label.clone()),
        invalid_reasons: compared.invalid_reasons.clone(),
        unlike: compared.unlike.iter().map(|one| unlike(compared, one)).collect(),
        warnings: compared.warnings.clone(),
        reasons: reasons(compared).into_iter().map(str::to_owned).collect(),
        primary: primary.iter().map(group).collect(),
        others: others.iter().map(group).collect(),
        notes: notes(compared),
        ratios: ratios(compared).map(|plot| drawn(&plot, "ratios")).transpose()?,
        variants: overlaid.iter().enumerate().map(|(at, one)| variant(at, one)).collect::<Result<_, _>>()?,
        left_out,
        sides: compared
            .sides
            .iter()
            .enumerate()
            .map(|(ink, one)| SideView {
                ink: ink % 8,
                label: one.label.clone(),
                runs: (0..).zip(&one.runs).map(|(at, one)| run(one, place(places, ink, at))).collect(),
            })
            .collect(),
    };
    // A page without a place has no sides that could be found from it.
    let card = places.map(|places| serde_json::to_string(&card(compared, places))).transpose();
    let data = card.map_err(ReportError::Data)?.map(|json| live::embedded(&json));
    simple(TEMPLATE, &Page { kind: "comparison", script: None, data }, &view)
}

/// As [`page_at`], for a page that may be put anywhere.
///
/// # Errors
/// As there.
pub fn page(compared: &Compared, runs: &[MeasuredRun<'_>]) -> Result<String, ReportError> {
    page_at(compared, runs, None)
}

fn place(places: Option<&[Vec<Option<String>>]>, side: usize, run: usize) -> Option<&str> {
    places?.get(side)?.get(run)?.as_deref()
}

/// What the page says of itself.
fn card(compared: &Compared, places: &[Vec<Option<String>>]) -> ComparisonCard {
    let primary = || compared.deciding().filter(|figure| figure.metric == compared.metric);
    let side = |(at, side): (usize, &Side)| CardSide {
        label: side.label.clone(),
        name: side.name.clone(),
        runs: places.get(at).into_iter().flatten().flatten().cloned().collect(),
    };
    ComparisonCard {
        workload: compared.workload.clone(),
        headline: headline(compared),
        valid: compared.valid,
        better: primary().filter(|figure| figure.better == Some(true)).count(),
        worse: primary().filter(|figure| figure.better == Some(false)).count(),
        undecided: primary().filter(|figure| figure.verdict == Verdict::Undecided).count(),
        regressions: compared.regressions().count(),
        sides: compared.sides.iter().enumerate().map(side).collect(),
    }
}

fn group(group: &Group<'_>) -> GroupView {
    let row = |row: &Row| RowView {
        name: row.name.clone(),
        relative: row.relative,
        first: row.figures[0].clone(),
        other: row.figures[1].clone(),
        ratio: row.ratio.clone(),
        detectable: row.detectable.clone(),
        verdict: Badge::new(row.verdict.clone(), row.tone),
        regression: row.regression,
    };
    GroupView { metric: group.metric.clone(), side: group.side.to_owned(), rows: group.rows.iter().map(row).collect() }
}

fn variant(at: usize, overlaid: &Overlaid) -> Result<VariantView, ReportError> {
    let anchor = format!("v{at}");
    let plots = overlaid.plots.iter().map(|plot| drawn(plot, &format!("{anchor}-{}", plot.id)));
    Ok(VariantView { name: overlaid.variant.clone(), plots: plots.collect::<Result<_, _>>()?, anchor })
}

fn drawn(plot: &Plot, id: &str) -> Result<PlotView, ReportError> {
    use crate::report::chart::Room;
    let failed = |source: ChartError| ReportError::Plot { name: plot.id, source };
    Ok(PlotView {
        heading: plot.heading,
        note: plot.note.clone(),
        wide: plot.chart.render(Room::Wide).map_err(failed)?.inline(&format!("{id}-wide"), "plot wide"),
        narrow: plot.chart.render(Room::Narrow).map_err(failed)?.inline(&format!("{id}-narrow"), "plot narrow"),
    })
}

fn run(run: &SideRun, place: Option<&str>) -> RunView {
    RunView {
        dir: run.dir.clone(),
        href: place.map(|way| as_address(&format!("{way}/report.html"))),
        started_at: run.started_at.clone(),
        machine: run.machine.clone(),
        servers: run.servers.join(", "),
        dbbench: run.dbbench_version.clone(),
        hash: run.workload_hash.chars().take(12).collect(),
        state: match (run.valid, run.partial) {
            (false, _) => "not valid",
            (true, true) => "partial",
            (true, false) => "",
        },
    }
}
