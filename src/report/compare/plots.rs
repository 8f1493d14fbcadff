//! The plots of a comparison: ratios with their intervals, and for each variant both sides' percentiles and seconds laid over
//! each other.

use std::collections::BTreeMap;

use super::{MeasuredRun, as_comparison, name};
use crate::report::ResponseCurve;
use crate::report::chart::{Chart, Curve, Forest, ForestRow, Kind, Percentiles, Sample, Timeline, Track, Values};
use crate::report::format;
use crate::report::plots::timelines::{MOST_SAMPLES, extremes, is_drain, kept, reach, thinning};
use crate::report::plots::{Plot, caption, grid, highest, quantiles};
use crate::report::wording::{self, metric_name};
use crate::result::Histograms;
use crate::result::compared::{Compared, ComparedFigure};
use crate::result::slice::SliceRecord;

/// Variants that have plots; more would make the page large and nobody would look at them.
const MOST_VARIANTS: usize = 8;
/// Runs of a side in the plot over time.
const MOST_RUNS: usize = 3;

/// Plots of one variant.
pub(super) struct Overlaid {
    /// The variant, as the tables name it.
    pub(super) variant: String,
    pub(super) plots: Vec<Plot>,
}

/// A variant at a point, side by side: the place of each side and what the variant is called there.
struct Subject {
    name: String,
    point: BTreeMap<String, String>,
    sides: Vec<(usize, String)>,
}

fn subjects(compared: &Compared) -> Vec<Subject> {
    let mut subjects: Vec<(String, Subject)> = Vec::new();
    let place = |figure: &ComparedFigure| compared.sides.iter().position(|side| side.label == figure.side);
    for figure in compared.comparisons.iter().filter(|figure| figure.relative_to.is_none()) {
        let Some(place) = place(figure) else { continue };
        let of_side = (place, figure.variant.clone());
        let key = |one: &&mut (String, Subject)| one.0 == figure.against_variant && one.1.point == figure.point;
        match subjects.iter_mut().find(key) {
            Some((_, subject)) if subject.sides.contains(&of_side) => {}
            Some((_, subject)) => subject.sides.push(of_side),
            None => {
                let sides = vec![(0, figure.against_variant.clone()), of_side];
                let subject = Subject { name: name(figure), point: figure.point.clone(), sides };
                subjects.push((figure.against_variant.clone(), subject));
            }
        }
    }
    subjects.into_iter().map(|(_, subject)| subject).collect()
}

/// Ratios of the comparisons that decide.
pub(super) fn ratios(compared: &Compared) -> Option<Plot> {
    let mut deciding: Vec<&ComparedFigure> = compared.deciding().filter(|figure| figure.ratio.is_some()).collect();
    let mut metrics: Vec<&str> = deciding.iter().map(|figure| figure.metric.as_str()).collect();
    metrics.dedup();
    deciding.sort_by_key(|figure| metrics.iter().position(|metric| *metric == figure.metric));
    let many = compared.sides.len() > 2;
    let row = |figure: &ComparedFigure| {
        let comparison = as_comparison(figure);
        let more =
            if figure.metric == "goodput_per_s" || figure.metric == "rows_per_s" { ", more is better" } else { "" };
        let name = match &figure.relative_to {
            Some(baseline) => format!("{} to {baseline}", name(figure)),
            None => name(figure),
        };
        ForestRow {
            group: format!("{}{more}", metric_name(&figure.metric)),
            name: if many { format!("{}: {name}", figure.side) } else { name },
            series: compared.sides.iter().position(|side| side.label == figure.side).unwrap_or(1),
            ratio: figure.ratio,
            interval: figure.ci_low.zip(figure.ci_high),
            label: match wording::interval(&comparison) {
                Some(interval) => format!("{}, {interval}", wording::estimate(&comparison)),
                None => wording::estimate(&comparison),
            },
        }
    };
    let rows: Vec<ForestRow> = deciding.into_iter().map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let first = compared.sides.first().map_or("A", |first| first.label.as_str());
    let said = rows.iter().map(|row| format!("{} of {}: {}", row.group, row.name, row.label)).collect();
    Some(Plot {
        id: "ratios",
        heading: "Ratios",
        note: format!(
            "Diamond: the ratio to {first}. Line: its 95 % interval. Shaded: within ± {} of 1×, which counts as no difference.",
            format::percent(compared.margin).replace(' ', "\u{a0}")
        ),
        chart: Chart {
            caption: caption(format!("Ratios to {first}, with their intervals"), said),
            kind: Kind::Forest(Forest { baseline: first.to_owned(), margin: compared.margin, rows }),
        },
    })
}

/// Percentiles and seconds of each variant, sides laid over each other; and how many variants were left out.
pub(super) fn overlaid(compared: &Compared, runs: &[MeasuredRun<'_>]) -> (Vec<Overlaid>, usize) {
    let subjects = subjects(compared);
    let left_out = subjects.len().saturating_sub(MOST_VARIANTS);
    let samples = MOST_SAMPLES / subjects.len().clamp(1, MOST_VARIANTS);
    let overlaid = subjects.iter().take(MOST_VARIANTS).map(|subject| Overlaid {
        variant: subject.name.clone(),
        plots: [percentiles(compared, subject, runs), times(compared, subject, runs, samples)]
            .into_iter()
            .flatten()
            .collect(),
    });
    (overlaid.filter(|overlaid| !overlaid.plots.is_empty()).collect(), left_out)
}

fn label(compared: &Compared, side: usize) -> String {
    compared.sides.get(side).map_or_else(String::new, |side| side.label.clone())
}

fn percentiles(compared: &Compared, subject: &Subject, runs: &[MeasuredRun<'_>]) -> Option<Plot> {
    let response = |(side, variant): &(usize, String)| {
        let mut together = Histograms::default();
        let (mut censored, mut ranked) = (0, 0);
        for run in runs.iter().filter(|run| run.side == *side) {
            together.merge(&run.histograms);
            let of_variant = |slice: &&SliceRecord| slice.valid && slice.variant == *variant;
            for slice in run.reader.slices.iter().filter(of_variant) {
                censored += slice.mix.censored;
                ranked += slice.mix.succeeded + slice.mix.censored;
            }
        }
        let points = together.curve(variant, None, "response", censored);
        let curve = ResponseCurve { variant: variant.clone(), points, ranked };
        Some((*side, highest(&curve)?, curve))
    };
    let found: Vec<(usize, f64, ResponseCurve)> = subject.sides.iter().filter_map(response).collect();
    let grid = grid(&found.iter().map(|(_, end, _)| *end).collect::<Vec<_>>());
    let curve = |(side, end, curve): &(usize, f64, ResponseCurve)| Curve {
        name: label(compared, *side),
        series: *side,
        points: quantiles(&curve.points, &grid, *end),
    };
    let curves: Vec<Curve> = found.iter().map(curve).collect();
    if curves.is_empty() {
        return None;
    }
    let at = |curve: &Curve, wanted: f64| {
        let point = curve.points.iter().find(|(quantile, _)| *quantile >= wanted);
        format::optional_time_us(point.map(|point| point.1))
    };
    let said = curves.iter().map(|curve| format!("{}: p50 {}, p99 {}", curve.name, at(curve, 0.5), at(curve, 0.99)));
    let title = format!("Response time of {} by percentile", subject.name);
    Some(Plot {
        id: "percentiles",
        heading: "Response time by percentile",
        note: "All valid rounds of all runs of a side together. Both axes are logarithmic: each further nine takes the same \
               room. A curve ends where fewer than ten operations were slower."
            .to_owned(),
        chart: Chart { caption: caption(title, said.collect()), kind: Kind::Percentiles(Percentiles { curves }) },
    })
}

fn times(compared: &Compared, subject: &Subject, runs: &[MeasuredRun<'_>], most: usize) -> Option<Plot> {
    let mut tracks = Vec::new();
    for (side, variant) in &subject.sides {
        let of_side: Vec<&MeasuredRun<'_>> = runs.iter().filter(|run| run.side == *side).take(MOST_RUNS).collect();
        for (number, run) in of_side.iter().enumerate() {
            let side_name = label(compared, *side);
            let name = if of_side.len() > 1 { format!("{side_name}, run {}", number + 1) } else { side_name };
            tracks.push(Track { name, series: *side, samples: samples(run, variant) });
        }
    }
    let all: usize = tracks.iter().map(|track| track.samples.len()).sum();
    let thinned = all.div_ceil(most.max(1)).max(1);
    for track in tracks.iter_mut().filter(|_| thinned > 1) {
        let many = track.samples.chunks(thinned * kept(Values::Times));
        track.samples = many.flat_map(|some| extremes(some, Values::Times)).collect();
    }
    tracks.retain(|track| !track.samples.is_empty());
    if tracks.is_empty() {
        return None;
    }
    let said = tracks.iter().map(|track| format!("{}: {} intervals", track.name, track.samples.len())).collect();
    let thinned = if thinned > 1 { thinning(Values::Times, thinned) } else { String::new() };
    let fewer = if runs.len() > MOST_RUNS * compared.sides.len() { " The first three runs of each side." } else { "" };
    Some(Plot {
        id: "latency",
        heading: "Response time over the runs",
        note: format!(
            "Dot: median of each second, from the begin of its own run on. Thin line above it: up to p99, where enough operations \
             ended for one. Warm-up and drain are left out.{fewer}{thinned}"
        ),
        chart: Chart {
            caption: caption(format!("Response time of {} over the runs", subject.name), said),
            kind: Kind::Timeline(Timeline {
                name: "response time".to_owned(),
                values: Values::Times,
                tracks,
                bands: Vec::new(),
            }),
        },
    })
}

fn samples(run: &MeasuredRun<'_>, variant: &str) -> Vec<Sample> {
    let mix = || run.intervals.iter().filter(|row| row.operation == "*");
    let first_s = mix().map(|row| row.start_s).fold(f64::INFINITY, f64::min);
    mix()
        .filter(|row| row.phase == "measure" && row.variant == *variant && !is_drain(&run.reader.slices, row))
        .filter_map(|row| {
            let value = row.response_p50_us?;
            let upper = row.response_p99_us.filter(|p99| *p99 > value);
            let at_s = row.start_s - first_s + row.seconds / 2.0;
            Some(Sample { at_s, value, upper, reach: reach(&run.reader.slices, row) })
        })
        .collect()
}
