//! From results to plots: which figures each plot shows, and what is said about them.

mod parts;
pub(super) mod timelines;

use crate::report::chart::{Bar, Bars, Caption, Chart, Curve, Forest, ForestRow, Kind, Percentiles};
use crate::report::wording::{self, metric_name};
use crate::report::{Inputs, ResponseCurve, format};
use crate::result::CurvePoint;
use crate::result::sides::without_side;
use crate::result::summary::Variant;
use crate::stats::Looks;

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

/// Quantiles that tables state: a curve is read at them exactly.
pub(super) const STATED: [f64; 7] = [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999];

/// The plots of a run, in the order of the page. A plot of which nothing was measured is left out.
#[must_use]
pub fn plots(inputs: &Inputs<'_>) -> Vec<Plot> {
    [
        ratios(inputs),
        percentiles(inputs),
        timelines::times(inputs),
        goodput(inputs),
        timelines::rates(inputs),
        parts::parts(inputs),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn caption(title: impl Into<String>, description: Vec<String>) -> Caption {
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
    let (mut compared, unfit): (Vec<_>, Vec<_>) =
        inputs.summary.comparisons.iter().filter(|c| c.ratio.is_some()).partition(|c| c.reason.is_none());
    let left_out = match unfit.is_empty() {
        true => "",
        false => " Left out are times of variants of which more operations failed than succeeded.",
    };
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
    let summary = inputs.summary;
    let has_sides = summary.sides.is_some();
    let baseline = if has_sides { "side a" } else { summary.baseline.as_str() };
    let rows: Vec<ForestRow> = compared
        .iter()
        .map(|c| {
            let of = c.operation.as_deref().or(c.job.as_deref()).map_or_else(String::new, |of| format!(" of {of}"));
            let direction =
                if c.metric == "goodput_per_s" || c.metric == "rows_per_s" { ", more is better" } else { "" };
            ForestRow {
                group: format!("{}{of}{direction}", metric_name(&c.metric)),
                name: if summary.is_between_sides(c) {
                    without_side(&c.variant).to_owned()
                } else if !has_sides && c.baseline == baseline {
                    c.variant.clone()
                } else {
                    format!("{} to {}", c.variant, c.baseline)
                },
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
    let said = rows.iter().map(|row| format!("{} of {}: {}", row.group, row.name, row.label)).collect();
    let margin = inputs.run.margin;
    Some(Plot {
        id: "ratios",
        heading: if has_sides { "Ratio of side b to side a" } else { "Ratio to the baseline" },
        note: format!(
            "Diamond: geometric mean of the ratios within rounds. Line: its 95 % interval. Shaded: within ± {} of 1×, which \
             counts as no difference.{left_out}",
            format::percent(margin).replace(' ', "\u{a0}")
        ),
        chart: Chart {
            caption: caption(format!("Ratios to {baseline}, with their intervals"), said),
            kind: Kind::Forest(Forest { baseline: baseline.to_owned(), margin, rows }),
        },
    })
}

fn percentiles(inputs: &Inputs<'_>) -> Option<Plot> {
    let shown: Vec<_> = variants(inputs)
        .filter_map(|(variant, series, name)| {
            let curve = inputs.curves.iter().find(|curve| curve.variant == variant.name)?;
            Some((name, series, curve, highest(curve)?))
        })
        .collect();
    let grid = grid(&shown.iter().map(|(.., highest)| *highest).collect::<Vec<_>>());
    let curves: Vec<Curve> = shown
        .into_iter()
        .map(|(name, series, curve, highest)| Curve { name, series, points: quantiles(&curve.points, &grid, highest) })
        .filter(|curve| !curve.points.is_empty())
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

/// The highest quantile that is shown: ten recorded values lie above it. `None` for fewer than twenty values.
#[expect(clippy::cast_precision_loss, reason = "counts of operations stay below 2^53")]
pub(super) fn highest(curve: &ResponseCurve) -> Option<f64> {
    let ranked = curve.ranked as f64;
    let recorded = curve.points.last().map_or(0.0, |point| point.quantile * ranked);
    (recorded >= 20.0).then(|| (recorded - 10.0) / ranked)
}

/// The quantiles at which all curves are read, so that they can be compared one by one: those that tables state, the end
/// of each curve, and between them others, evenly spread over the axis of nines and none so near that it would seem the same.
pub(super) fn grid(ends: &[f64]) -> Vec<f64> {
    let last = ends.iter().copied().fold(0.0, f64::max);
    let nines = |q: f64| -(1.0 - q).log10();
    let step = nines(last) / f64::from(CURVE_POINTS);
    let mut grid: Vec<f64> = STATED.into_iter().chain(ends.iter().copied()).filter(|q| *q <= last).collect();
    let named = grid.clone();
    let even = (0..CURVE_POINTS).map(|index| 1.0 - 10f64.powf(-step * f64::from(index)));
    grid.extend(even.filter(|q| named.iter().all(|named| (nines(*named) - nines(*q)).abs() > step / 3.0)));
    grid.sort_by(f64::total_cmp);
    grid.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
    grid
}

/// Quantiles up to `highest` of a cumulative distribution.
pub(super) fn quantiles(cumulative: &[CurvePoint], grid: &[f64], highest: f64) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut from = 0;
    for q in grid.iter().copied().take_while(|q| *q <= highest + 1e-12) {
        let rest = cumulative.get(from..).unwrap_or_default();
        let Some(ahead) = rest.iter().position(|point| point.quantile >= q - 1e-12) else { break };
        from += ahead;
        points.extend(cumulative.get(from).map(|point| (q, point.time_us)));
    }
    points
}

fn goodput(inputs: &Inputs<'_>) -> Option<Plot> {
    let looks = if inputs.summary.precision.is_some() { Looks::Repeated } else { Looks::Once };
    let bars: Vec<Bar> = variants(inputs)
        .map(|(variant, series, name)| {
            let rounds: Vec<f64> = variant.rounds.iter().filter(|r| r.valid).filter_map(|r| r.goodput_per_s).collect();
            Bar {
                name,
                series,
                value: variant.mix.goodput_per_s,
                label: format::optional(variant.mix.goodput_per_s),
                interval: interval_over(&rounds, looks),
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
fn interval_over(rounds: &[f64], looks: Looks) -> Option<(f64, f64)> {
    // Goodput is counted, so no bucket limits what can be told apart.
    looks.value(rounds, 0.0)?.interval.map(|interval| (interval.low, interval.high))
}

#[cfg(test)]
mod tests {
    use super::{CurvePoint, ResponseCurve, grid, highest, quantiles};

    fn curve(ranked: u64, points: Vec<CurvePoint>) -> ResponseCurve {
        ResponseCurve { variant: String::new(), points, ranked }
    }

    fn point(quantile: f64, time_us: f64) -> CurvePoint {
        CurvePoint { quantile, time_us }
    }

    #[test]
    fn a_curve_gives_the_quantiles_and_ends_ten_values_before_the_last() {
        let cumulative = (1..=1000).map(|v| point(f64::from(v) / 1000.0, f64::from(v))).collect();
        let curve = curve(10_000, cumulative);
        let end = highest(&curve).expect("enough values");
        let points = quantiles(&curve.points, &grid(&[end]), end);
        for (q, value) in &points {
            assert!((value - (q * 1000.0).ceil().max(1.0)).abs() <= 1.0, "{q}: {value}");
        }
        let (last, _) = points.last().expect("points");
        assert!((last - 0.999).abs() < 1e-9, "{last}");
        for stated in [0.5, 0.9, 0.95, 0.99, 0.999] {
            assert!(points.iter().any(|(q, _)| (q - stated).abs() < 1e-12), "{stated} is read exactly");
        }
    }

    #[test]
    fn censored_operations_cut_the_curve_where_they_begin() {
        let curve = curve(200, vec![point(0.25, 100.0), point(0.5, 200.0)]);
        let end = highest(&curve).expect("enough values");
        let points = quantiles(&curve.points, &grid(&[end]), end);
        let (last, value) = points.last().copied().expect("points");
        assert!((last - 0.45).abs() < 1e-9 && value == 200.0, "{last} {value}");
    }

    #[test]
    fn curves_are_read_at_the_same_quantiles_and_each_to_its_own_end() {
        assert_eq!(highest(&curve(19, vec![point(1.0, 100.0)])), None);
        let grid = grid(&[0.999, 0.612_3]);
        assert!(grid.is_sorted() && grid.contains(&0.612_3) && grid.contains(&0.999));
        let all = [point(1.0, 100.0)];
        assert!(grid.windows(2).all(|two| two[1] - two[0] > 1e-6), "no two seem the same");
        let (long, short) = (quantiles(&all, &grid, 0.999), quantiles(&all, &grid, 0.612_3));
        assert_eq!(short.last(), Some(&(0.612_3, 100.0)));
        assert!(long.iter().zip(&short).all(|(a, b)| a.0 == b.0) && long.len() > short.len());
    }
}
