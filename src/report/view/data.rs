//! The figures behind the plots that can be hovered and zoomed, as compact JSON: the same that the static plots show.

use serde::Serialize;

use crate::report::chart::{Curve, Kind, Percentiles, Reach, Timeline, Track, Values};
use crate::report::plots::Plot;
use crate::report::{Inputs, live, wording};
use crate::verdict::round_to;

/// Significant digits of a figure: enough that rounding again to the three that are shown gives what tables say.
const DIGITS: i32 = 6;

/// Everything that the script reads.
#[derive(Debug, Serialize)]
struct Data<'a> {
    series: Vec<Series>,
    plots: Vec<PlotData<'a>>,
}

/// One of the things compared.
#[derive(Debug, Serialize)]
struct Series {
    name: String,
    ink: usize,
}

/// A plot; tracks name their series by its index in [`Data`].
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum PlotData<'a> {
    /// `rest`: share of operations above each percentile, falling from 1; `curves`: µs at each, as far as known.
    Percentiles { id: &'a str, title: &'a str, said: &'a str, rest: Vec<f64>, curves: Vec<CurveData> },
    /// `values`: `times` (µs, logarithmic) or `rates`; `rounds`: number, begin and end in s.
    Timeline {
        id: &'a str,
        title: &'a str,
        said: &'a str,
        name: &'a str,
        values: &'static str,
        rounds: Vec<(u32, f64, f64)>,
        tracks: Vec<TrackData>,
    },
}

/// A curve begins at the first percentile and may end before the last.
#[derive(Debug, Serialize)]
struct CurveData {
    series: usize,
    us: Vec<f64>,
}

/// Figures over time: at which second, the figure, and (of times) p99.
#[derive(Debug, Serialize)]
struct TrackData {
    series: usize,
    at_s: Vec<f64>,
    value: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    upper: Vec<Option<f64>>,
    /// Per sample: 0 of all operations, 1 the figure only, 2 of those that ended; empty where all are of all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reach: Vec<u8>,
}

/// The data of a page, ready to stand within `<script>`; nothing where no plot can be hovered.
pub(super) fn data(inputs: &Inputs<'_>, plots: &[Plot]) -> Option<String> {
    let variants = inputs.summary.variants.iter().zip(wording::series(inputs.summary));
    let series: Vec<Series> =
        variants.map(|(variant, ink)| Series { name: wording::variant_name(variant), ink: ink % 8 }).collect();
    let plots: Vec<PlotData<'_>> = plots.iter().filter_map(|plot| plot_data(plot, &series)).collect();
    let data = Data { series, plots };
    // Strings and finite numbers: what cannot be written leaves the static plots, which show the same.
    let json = serde_json::to_string(&data).ok().filter(|_| !data.plots.is_empty())?;
    Some(live::embedded(&json))
}

fn plot_data<'a>(plot: &'a Plot, all: &[Series]) -> Option<PlotData<'a>> {
    let (id, caption) = (plot.id, &plot.chart.caption);
    let (title, said) = (caption.title.as_str(), caption.description.as_str());
    match &plot.chart.kind {
        Kind::Percentiles(chart) => {
            let (rest, curves) = percentiles(chart, all);
            Some(PlotData::Percentiles { id, title, said, rest, curves })
        }
        Kind::Timeline(chart) => {
            let values = if chart.values == Values::Times { "times" } else { "rates" };
            let rounds = chart.bands.iter().map(|band| (band.round, millis(band.from_s), millis(band.to_s))).collect();
            Some(PlotData::Timeline { id, title, said, name: &chart.name, values, rounds, tracks: tracks(chart, all) })
        }
        Kind::Bars(_) | Kind::Forest(_) | Kind::Stacked(_) | Kind::Course(_) | Kind::Rates(_) => None,
    }
}

fn index_of(name: &str, all: &[Series]) -> Option<usize> {
    all.iter().position(|series| series.name == name)
}

fn percentiles(chart: &Percentiles, all: &[Series]) -> (Vec<f64>, Vec<CurveData>) {
    // All are read at the same quantiles, so the longest holds those of the others.
    let longest = chart.curves.iter().max_by_key(|curve| curve.points.len());
    let rest = longest.map(|curve| curve.points.iter().map(|(q, _)| round_to(1.0 - q, 6)).collect());
    let curve = |curve: &Curve| {
        let us = curve.points.iter().map(|(_, time_us)| round_to(*time_us, DIGITS)).collect();
        Some(CurveData { series: index_of(&curve.name, all)?, us })
    };
    (rest.unwrap_or_default(), chart.curves.iter().filter_map(curve).collect())
}

fn tracks(chart: &Timeline, all: &[Series]) -> Vec<TrackData> {
    let track = |track: &Track| {
        let samples = || track.samples.iter();
        let upper = if chart.values == Values::Times {
            samples().map(|sample| sample.upper.map(|upper| round_to(upper, DIGITS))).collect()
        } else {
            Vec::new()
        };
        Some(TrackData {
            series: index_of(&track.name, all)?,
            at_s: samples().map(|sample| millis(sample.at_s)).collect(),
            value: samples().map(|sample| round_to(sample.value, DIGITS)).collect(),
            upper,
            reach: if samples().all(|sample| sample.reach == Reach::All) {
                Vec::new()
            } else {
                samples().map(|sample| reach(sample.reach)).collect()
            },
        })
    };
    chart.tracks.iter().filter_map(track).collect()
}

fn reach(reach: Reach) -> u8 {
    match reach {
        Reach::All => 0,
        Reach::Figure => 1,
        Reach::Ended => 2,
    }
}

/// Seconds, rounded to milliseconds.
fn millis(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::data;
    use crate::report::fixture::sample;
    use crate::report::plots::plots;

    fn parsed() -> Value {
        let sample = sample();
        let inputs = sample.inputs();
        serde_json::from_str(&data(&inputs, &plots(&inputs)).expect("data")).expect("JSON")
    }

    #[test]
    fn the_data_are_those_of_the_static_plots_and_of_the_tables() {
        let data = parsed();
        let names: Vec<&str> =
            data["series"].as_array().expect("series").iter().filter_map(|s| s["name"].as_str()).collect();
        assert_eq!(names, ["n_plus_one", "join", "batch", "lateral_json"]);
        let ids: Vec<&str> = data["plots"].as_array().expect("plots").iter().filter_map(|p| p["id"].as_str()).collect();
        assert_eq!(ids, ["percentiles", "latency", "throughput"]);
        let curves = &data["plots"][0];
        let rest: Vec<f64> = curves["rest"].as_array().expect("rest").iter().filter_map(Value::as_f64).collect();
        assert!(rest.windows(2).all(|two| two[0] > two[1]) && rest[0] == 1.0, "{rest:?}");
        let median = rest.iter().position(|rest| *rest == 0.5).expect("the median is read exactly");
        for (index, stated) in sample().summary.variants.iter().enumerate() {
            let shown = curves["curves"][index]["us"][median].as_f64().expect("a time");
            let stated = stated.mix.response_us.p50.expect("a median");
            assert!((shown / stated - 1.0).abs() < 0.01, "{shown} and {stated}");
        }
    }

    #[test]
    fn a_timeline_has_a_time_a_value_and_a_tail_for_each_sample() {
        let data = parsed();
        let (times, rates) = (&data["plots"][1], &data["plots"][2]);
        assert_eq!((times["values"].as_str(), rates["values"].as_str()), (Some("times"), Some("rates")));
        let length = |track: &Value, key: &str| track[key].as_array().map(Vec::len);
        for track in times["tracks"].as_array().expect("tracks") {
            assert!(
                length(track, "at_s") == length(track, "value") && length(track, "upper") == length(track, "value")
            );
        }
        assert_eq!(rates["tracks"][0]["upper"], Value::Null);
        assert_eq!(times["rounds"].as_array().map(Vec::len), Some(7));
        assert_eq!(times["rounds"][0][0], 1);
    }

    #[test]
    fn what_was_not_measured_is_no_data() {
        let mut sample = sample();
        sample.curves.clear();
        sample.intervals.clear();
        let inputs = sample.inputs();
        assert_eq!(data(&inputs, &plots(&inputs)), None);
    }
}
