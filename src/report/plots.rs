//! From results to plots: which figures each plot shows, and what is said about them.

use crate::report::chart::{
    Band, Bar, Bars, Caption, Chart, Curve, Forest, ForestRow, Kind, Percentiles, Sample, Stack, Stacked, Timeline,
    Track, Values,
};
use crate::report::wording::{self, metric_name};
use crate::report::{Inputs, format};
use crate::result::interval::IntervalRow;
use crate::result::summary::Variant;

/// A plot with its place on the page and its file.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Its file is `plots/ID.svg`; also its anchor in the page.
    pub id: &'static str,
    /// Heading above it.
    pub heading: &'static str,
    /// What to know when reading it.
    pub note: String,
    /// The plot.
    pub chart: Chart,
}

/// Points of a percentile curve: one for every few pixels.
const CURVE_POINTS: u32 = 160;

/// Samples in all tracks of a timeline together, so that the page stays small however long the run was.
const MOST_SAMPLES: usize = 2_000;

/// The plots of a run, in the order of the page. A plot of which nothing was measured is left out.
#[must_use]
pub fn plots(inputs: &Inputs<'_>) -> Vec<Plot> {
    [ratios(inputs), percentiles(inputs), goodput(inputs), times(inputs), rates(inputs), parts(inputs)]
        .into_iter()
        .flatten()
        .collect()
}

fn caption(title: impl Into<String>, description: Vec<String>) -> Caption {
    Caption { title: title.into(), description: format!("{}.", description.join("; ")) }
}

fn variants<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = (&'a Variant, usize, String)> + use<'a> {
    let series = wording::series(inputs.summary);
    inputs
        .summary
        .variants
        .iter()
        .zip(series)
        .map(|(variant, series)| (variant, series, wording::variant_name(variant)))
}

fn ratios(inputs: &Inputs<'_>) -> Option<Plot> {
    let series: Vec<(String, usize)> =
        variants(inputs).map(|(variant, series, _)| (variant.name.clone(), series)).collect();
    let mut compared: Vec<_> = inputs.summary.comparisons.iter().filter(|c| c.ratio.is_some()).collect();
    let mut metrics: Vec<(&str, Option<&str>)> = Vec::new();
    for comparison in &compared {
        let key = (comparison.metric.as_str(), comparison.operation.as_deref().or(comparison.job.as_deref()));
        if !metrics.contains(&key) {
            metrics.push(key);
        }
    }
    compared.sort_by_key(|c| {
        metrics.iter().position(|key| *key == (c.metric.as_str(), c.operation.as_deref().or(c.job.as_deref())))
    });
    let rows: Vec<ForestRow> = compared
        .iter()
        .map(|c| {
            let of = c.operation.as_deref().or(c.job.as_deref()).map_or_else(String::new, |of| format!(" of {of}"));
            let direction =
                if c.metric == "goodput_per_s" || c.metric == "rows_per_s" { ", more is better" } else { "" };
            ForestRow {
                group: format!("{}{of}{direction}", metric_name(&c.metric)),
                name: c.variant.clone(),
                series: series.iter().find(|(name, _)| *name == c.variant).map_or(1, |(_, series)| *series),
                ratio: c.ratio,
                interval: c.ci_low.zip(c.ci_high),
                label: format::ratio_with_interval(c.ratio, c.ci_low, c.ci_high),
            }
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let baseline = inputs.summary.baseline.clone();
    let said = rows.iter().map(|row| format!("{} of {}: {}", row.group, row.name, row.label)).collect();
    let margin = inputs.run.margin;
    Some(Plot {
        id: "ratios",
        heading: "Ratio to the baseline",
        note: format!(
            "Diamond: geometric mean of the ratios within rounds. Line: its 95 % interval. Shaded: within ± {} of 1×, which \
             counts as no difference.",
            format::percent(margin).replace(".0", "")
        ),
        chart: Chart {
            caption: caption(format!("Ratios to {baseline}, with their intervals"), said),
            kind: Kind::Forest(Forest { baseline, margin, rows }),
        },
    })
}

fn percentiles(inputs: &Inputs<'_>) -> Option<Plot> {
    let curves: Vec<Curve> = variants(inputs)
        .filter_map(|(variant, series, name)| {
            let curve = inputs.curves.iter().find(|curve| curve.variant == variant.name)?;
            let points = quantiles(&curve.points, curve.ranked);
            (!points.is_empty()).then_some(Curve { name, series, points })
        })
        .collect();
    if curves.is_empty() {
        return None;
    }
    let said = variants(inputs)
        .map(|(variant, _, name)| {
            let times = &variant.mix.response_us;
            let shown = [("p50", times.p50), ("p90", times.p90), ("p99", times.p99), ("p99.9", times.p999)];
            let shown: Vec<_> =
                shown.iter().map(|(key, value)| format!("{key} {}", format::optional_time_us(*value))).collect();
            format!("{name}: {}", shown.join(", "))
        })
        .collect();
    Some(Plot {
        id: "percentiles",
        heading: "Response time by percentile",
        note: "All valid rounds together. Both axes are logarithmic: each further nine takes the same room. A curve ends where \
               fewer than ten operations were slower."
            .to_owned(),
        chart: Chart {
            caption: caption("Response time by percentile", said),
            kind: Kind::Percentiles(Percentiles { curves }),
        },
    })
}

/// Quantiles of a cumulative distribution of `ranked` values, evenly spread over the axis of nines. None is shown with
/// fewer than ten recorded values above it.
#[expect(clippy::cast_precision_loss, reason = "counts of operations stay below 2^53")]
fn quantiles(cumulative: &[(f64, f64)], ranked: u64) -> Vec<(f64, f64)> {
    let ranked = ranked as f64;
    let recorded = cumulative.last().map_or(0.0, |(share, _)| share * ranked);
    if recorded < 20.0 {
        return Vec::new();
    }
    let highest = (recorded - 10.0) / ranked;
    let nines = -(1.0 - highest).log10();
    let mut points = Vec::new();
    let mut from = 0;
    for step in 0..=CURVE_POINTS {
        let q = 1.0 - 10f64.powf(-nines * f64::from(step) / f64::from(CURVE_POINTS));
        let rest = cumulative.get(from..).unwrap_or_default();
        let Some(ahead) = rest.iter().position(|(share, _)| *share >= q - 1e-12) else { break };
        from += ahead;
        points.extend(cumulative.get(from).map(|(_, time_us)| (q, *time_us)));
    }
    points
}

fn goodput(inputs: &Inputs<'_>) -> Option<Plot> {
    let bars: Vec<Bar> = variants(inputs)
        .map(|(variant, series, name)| {
            let rounds: Vec<f64> = variant.rounds.iter().filter(|r| r.valid).filter_map(|r| r.goodput_per_s).collect();
            Bar {
                name,
                series,
                value: variant.mix.goodput_per_s,
                label: format::optional(variant.mix.goodput_per_s),
                interval: interval_over(&rounds),
                rounds,
            }
        })
        .collect();
    bars.iter().any(|bar| bar.value.is_some()).then_some(())?;
    let said = bars.iter().map(|bar| format!("{}: {} per second", bar.name, bar.label)).collect();
    Some(Plot {
        id: "goodput",
        heading: "Throughput",
        note: "Operations that succeeded, per second. Rings: single rounds. Line: the 95 % interval over rounds."
            .to_owned(),
        chart: Chart {
            caption: caption("Goodput of each variant", said),
            kind: Kind::Bars(Bars { name: "operations per second".to_owned(), bars }),
        },
    })
}

/// The interval of a figure over rounds.
fn interval_over(rounds: &[f64]) -> Option<(f64, f64)> {
    let _ = rounds;
    None
}

fn times(inputs: &Inputs<'_>) -> Option<Plot> {
    let (tracks, thinned) = tracks(inputs, Values::Times, |row| {
        row.response_p50_us.map(|p50| (p50, row.response_p99_us.filter(|p99| *p99 > p50)))
    });
    let marks = "Dot: median of each second. Thin line above it: up to p99, where enough operations ended for one.";
    timeline(inputs, tracks, "latency", "Response time over the run", Values::Times, "response time", marks, thinned)
}

fn rates(inputs: &Inputs<'_>) -> Option<Plot> {
    #[expect(clippy::cast_precision_loss, reason = "counts of operations stay below 2^53")]
    let (tracks, thinned) =
        tracks(inputs, Values::Rates, |row| (row.seconds > 0.0).then(|| (row.succeeded as f64 / row.seconds, None)));
    let marks = "Each second's operations that succeeded.";
    timeline(
        inputs,
        tracks,
        "throughput",
        "Throughput over the run",
        Values::Rates,
        "operations per second",
        marks,
        thinned,
    )
}

#[expect(clippy::too_many_arguments, reason = "one call per plot, each argument a word on the page")]
fn timeline(
    inputs: &Inputs<'_>,
    tracks: Vec<Track>,
    id: &'static str,
    heading: &'static str,
    values: Values,
    name: &str,
    marks: &str,
    thinned: usize,
) -> Option<Plot> {
    if tracks.iter().all(|track| track.samples.is_empty()) {
        return None;
    }
    let said = tracks.iter().map(|track| format!("{}: {} intervals", track.name, track.samples.len())).collect();
    let thinned =
        if thinned > 1 { format!(" Of every {thinned} seconds the slowest is shown.") } else { String::new() };
    Some(Plot {
        id,
        heading,
        note: format!("{marks} Variants take turns within each round; warm-up is left out.{thinned}"),
        chart: Chart {
            caption: caption(heading, said),
            kind: Kind::Timeline(Timeline { name: name.to_owned(), values, tracks, bands: bands(inputs) }),
        },
    })
}

fn mix_rows<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = &'a IntervalRow> + use<'a> {
    inputs.intervals.iter().filter(|row| row.operation == "*")
}

fn first_s(inputs: &Inputs<'_>) -> f64 {
    mix_rows(inputs).map(|row| row.start_s).fold(f64::INFINITY, f64::min)
}

/// The samples of each variant, and of how many seconds each is the slowest.
fn tracks(
    inputs: &Inputs<'_>,
    values: Values,
    figure: impl Fn(&IntervalRow) -> Option<(f64, Option<f64>)>,
) -> (Vec<Track>, usize) {
    let first = first_s(inputs);
    let measured = || mix_rows(inputs).filter(|row| row.phase == "measure");
    let thinned = measured().count().div_ceil(MOST_SAMPLES).max(1);
    let tracks = variants(inputs)
        .map(|(variant, series, name)| {
            let samples: Vec<Sample> = measured()
                .filter(|row| row.variant == variant.name)
                .filter_map(|row| {
                    let (value, upper) = figure(row)?;
                    Some(Sample { at_s: row.start_s - first + row.seconds / 2.0, value, upper })
                })
                .collect();
            Track { name, series, samples: samples.chunks(thinned).filter_map(|some| slowest(some, values)).collect() }
        })
        .collect();
    (tracks, thinned)
}

/// The slowest of some samples: the longest time, or the lowest rate.
fn slowest(samples: &[Sample], values: Values) -> Option<Sample> {
    let key = |sample: &Sample| if values == Values::Times { sample.value } else { -sample.value };
    samples.iter().copied().max_by(|a, b| key(a).total_cmp(&key(b)))
}

fn bands(inputs: &Inputs<'_>) -> Vec<Band> {
    let first = first_s(inputs);
    let mut bands: Vec<Band> = Vec::new();
    for row in mix_rows(inputs) {
        let (from_s, to_s) = (row.start_s - first, row.start_s - first + row.seconds);
        match bands.iter_mut().find(|band| band.round == row.round) {
            Some(band) => {
                band.from_s = band.from_s.min(from_s);
                band.to_s = band.to_s.max(to_s);
            }
            None => bands.push(Band { round: row.round, from_s, to_s }),
        }
    }
    bands
}

fn parts(inputs: &Inputs<'_>) -> Option<Plot> {
    const NAMES: [&str; 5] = [
        "link round trips, by configuration",
        "rest of service time",
        "waiting for a connection",
        "queue",
        "schedule lag",
    ];
    let rows: Vec<(String, [f64; 5], Option<f64>)> = variants(inputs)
        .filter_map(|(variant, _, name)| {
            let mix = &variant.mix;
            let service = mix.service_us.mean?;
            // An upper bound of nothing: with pipelining a statement may cost less than a round trip.
            let link = mix.statements_per_operation.unwrap_or(0.0) * variant.link_rtt_us.unwrap_or(0.0);
            let link = link.min(service);
            let others = [&mix.acquire_us, &mix.queue_us, &mix.schedule_lag_us].map(|times| times.mean.unwrap_or(0.0));
            let [acquire, queue, lag] = others;
            Some((name, [link, service - link, acquire, queue, lag], mix.response_us.mean))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let visible = |part: usize| rows.iter().any(|(_, parts, _)| parts.get(part).is_some_and(|time_us| *time_us > 0.0));
    // A part that no variant has would only be a colour without a bar. Service time always stays.
    let last = (0..NAMES.len()).rev().find(|part| visible(*part)).unwrap_or(1).max(1);
    let with_link = visible(0);
    let shown: Vec<usize> = (0..=last).filter(|part| *part == 1 || visible(*part)).collect();
    let name =
        |part: usize| if part == 1 && !with_link { "service time" } else { NAMES.get(part).copied().unwrap_or("") };
    let stacks: Vec<Stack> = rows
        .iter()
        .map(|(name, parts, whole)| Stack {
            name: name.clone(),
            parts_us: shown.iter().filter_map(|part| parts.get(*part).copied()).collect(),
            label: format::optional_time_us(*whole),
        })
        .collect();
    let said = rows
        .iter()
        .map(|(variant, parts, whole)| {
            let parts: Vec<_> = shown
                .iter()
                .map(|part| format!("{} {}", name(*part), format::optional_time_us(parts.get(*part).copied())))
                .collect();
            format!("{variant}: {} of {}", parts.join(", "), format::optional_time_us(*whole))
        })
        .collect();
    let link = if with_link {
        " The link's part is not measured: it is the number of statements times the configured round trip."
    } else {
        ""
    };
    Some(Plot {
        id: "parts",
        heading: "Where the time goes",
        note: format!("Mean response time of an operation, and its parts.{link}"),
        chart: Chart {
            caption: caption("Parts of the mean response time", said),
            kind: Kind::Stacked(Stacked {
                name: "mean time of an operation".to_owned(),
                parts: shown.iter().map(|part| name(*part).to_owned()).collect(),
                stacks,
            }),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::quantiles;

    #[test]
    fn a_curve_gives_the_quantiles_and_ends_ten_values_before_the_last() {
        let cumulative: Vec<(f64, f64)> = (1..=1000).map(|v| (f64::from(v) / 1000.0, f64::from(v))).collect();
        let points = quantiles(&cumulative, 10_000);
        for (q, value) in &points {
            assert!((value - (q * 1000.0).ceil().max(1.0)).abs() <= 1.0, "{q}: {value}");
        }
        let (last, _) = points.last().expect("points");
        assert!((last - 0.999).abs() < 1e-9, "{last}");
    }

    #[test]
    fn censored_operations_cut_the_curve_where_they_begin() {
        let points = quantiles(&[(0.25, 100.0), (0.5, 200.0)], 200);
        let (last, value) = points.last().copied().expect("points");
        assert!((last - 0.45).abs() < 1e-9 && value == 200.0, "{last} {value}");
        assert!(quantiles(&[(1.0, 100.0)], 19).is_empty());
    }
}
