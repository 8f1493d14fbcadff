//! A search as one self-contained page, in the style of a run's report.

use serde::Serialize;

use super::text::{cells, heads, note};
use super::{answer, plot, standing, sure, tone, tone_of_rate};
use crate::report::ReportError;
use crate::report::chart::{Chart, Room};
use crate::report::html::{Page, simple};
use crate::report::view::{Badge, Fact, readable_time, unbroken};
use crate::result::search::{SearchRecord, SearchedVariant};

const TEMPLATE: &str = include_str!("../assets/search.html");

#[derive(Debug, Serialize)]
struct View {
    title: String,
    version: String,
    about: Option<String>,
    verdict: Badge,
    facts: Vec<Fact>,
    invalid_reasons: Vec<String>,
    warnings: Vec<String>,
    note: String,
    heads: Vec<String>,
    variants: Vec<VariantView>,
}

#[derive(Debug, Serialize)]
struct VariantView {
    name: String,
    anchor: String,
    plot: Option<PlotView>,
    rows: Vec<RowView>,
}

#[derive(Debug, Serialize)]
struct PlotView {
    wide: String,
    narrow: String,
}

#[derive(Debug, Serialize)]
struct RowView {
    rate: String,
    cells: Vec<String>,
    standing: Badge,
    sure: String,
}

/// The page as text.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken, which no search can cause.
pub(super) fn page(record: &SearchRecord) -> Result<String, ReportError> {
    let charts = plot::plots(record);
    let answers: Vec<String> = record.variants.iter().map(|variant| answer(record, variant)).collect();
    let objectives: Vec<&str> = record.objectives.iter().map(|objective| objective.objective.as_str()).collect();
    let clients: Vec<String> = record.variants.iter().map(|variant| variant.clients.to_string()).collect();
    let facts = [
        ("objective", objectives.join(" and ")),
        ("arrivals", record.arrivals.clone()),
        ("clients", clients.join(", ")),
        ("started", readable_time(&record.started_at)),
        ("machine", record.machine.clone()),
        ("servers", record.servers.join(", ")),
    ];
    let heads = heads(record);
    let view = View {
        title: record.workload.clone(),
        version: record.dbbench_version.clone(),
        about: None,
        verdict: Badge::new(unbroken(&answers.join(" ")), tone(record)),
        facts: facts
            .into_iter()
            .filter(|(_, fact)| !fact.is_empty())
            .map(|(name, fact)| Fact::new(name, fact))
            .collect(),
        invalid_reasons: record.invalid_reasons.clone(),
        warnings: record.warnings.clone(),
        note: note(record),
        heads: heads[1..heads.len() - 1].to_vec(),
        variants: record
            .variants
            .iter()
            .enumerate()
            .map(|(at, variant)| {
                let chart = charts.iter().find(|(name, _)| *name == variant.name).map(|(_, chart)| chart);
                self::variant(record, at, variant, chart)
            })
            .collect::<Result<_, _>>()?,
    };
    simple(TEMPLATE, &Page { kind: "search", ..Page::default() }, &view)
}

fn variant(
    record: &SearchRecord,
    at: usize,
    variant: &SearchedVariant,
    chart: Option<&Chart>,
) -> Result<VariantView, ReportError> {
    let anchor = format!("v{at}");
    let drawn = |chart: &Chart, room: Room, size: &str| {
        let svg = chart.render(room).map_err(|source| ReportError::Plot { name: plot::ID, source })?;
        Ok::<_, ReportError>(svg.inline(&format!("{anchor}-{size}"), &format!("plot {size}")))
    };
    let plot = chart.map(|chart| {
        Ok::<_, ReportError>(PlotView {
            wide: drawn(chart, Room::Wide, "wide")?,
            narrow: drawn(chart, Room::Narrow, "narrow")?,
        })
    });
    let rows = cells(record, variant).into_iter().zip(variant.rates.iter().rev()).map(|(mut cells, rate)| {
        cells.pop();
        RowView {
            rate: cells.remove(0),
            cells,
            standing: Badge::new(standing(rate.standing), tone_of_rate(rate.standing)),
            sure: rate.sure.map_or_else(String::new, |share| format!("{} sure", sure(share))),
        }
    });
    Ok(VariantView { name: variant.name.clone(), rows: rows.collect(), plot: plot.transpose()?, anchor })
}
