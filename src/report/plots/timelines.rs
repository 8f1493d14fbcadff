//! Figures over the run: what each second measured, and which round it belonged to.

use super::{Plot, caption, variants};
use crate::report::Inputs;
use crate::report::chart::{Band, Chart, Kind, Reach, Sample, Timeline, Track, Values};
use crate::result::interval::IntervalRow;
use crate::result::slice::SliceRecord;

/// Samples in all tracks of a timeline together, so that the page stays small however long the run was.
pub(in crate::report) const MOST_SAMPLES: usize = 2_000;

pub(super) fn times(inputs: &Inputs<'_>) -> Option<Plot> {
    let (tracks, thinned) = tracks(inputs, Values::Times, |row| {
        row.response_p50_us.map(|p50| (p50, row.response_p99_us.filter(|p99| *p99 > p50)))
    });
    let mut marks =
        "Dot: median of each second. Thin line above it: up to p99, where enough operations ended for one.".to_owned();
    let reaches = |reach| tracks.iter().flat_map(|track| &track.samples).any(|sample| sample.reach == reach);
    if reaches(Reach::Ended) {
        marks.push_str(
            " Hollow dot: of the operations that ended in that second alone; the median of the slice was not reached, as too \
             many never started or were not seen to end.",
        );
    }
    if reaches(Reach::Ended) || reaches(Reach::Figure) {
        marks.push_str(" Line without a bar: the p99 of the slice was not reached.");
    }
    timeline(inputs, tracks, "latency", "Response time over the run", Values::Times, "response time", &marks, thinned)
}

pub(super) fn rates(inputs: &Inputs<'_>) -> Option<Plot> {
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
    let thinned = if thinned > 1 { thinning(values, thinned) } else { String::new() };
    Some(Plot {
        id,
        heading,
        note: format!("{marks} Variants take turns within each round; warm-up and drain are left out.{thinned}"),
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

/// The samples of each variant, and how many times fewer they are than those measured.
fn tracks(
    inputs: &Inputs<'_>,
    values: Values,
    figure: impl Fn(&IntervalRow) -> Option<(f64, Option<f64>)>,
) -> (Vec<Track>, usize) {
    let first = first_s(inputs);
    let measured = || mix_rows(inputs).filter(|row| row.phase == "measure" && !is_drain(inputs.slices, row));
    let thinned = measured().count().div_ceil(MOST_SAMPLES).max(1);
    let tracks = variants(inputs)
        .map(|(variant, series, name)| {
            let samples: Vec<Sample> = measured()
                .filter(|row| row.variant == variant.name)
                .filter_map(|row| {
                    let (value, upper) = figure(row)?;
                    let reach = if values == Values::Times { reach(inputs.slices, row) } else { Reach::All };
                    Some(Sample { at_s: row.start_s - first + row.seconds / 2.0, value, upper, reach })
                })
                .collect();
            let samples = if thinned == 1 {
                samples
            } else {
                samples.chunks(thinned * kept(values)).flat_map(|some| extremes(some, values)).collect()
            };
            Track { name, series, samples }
        })
        .collect();
    (tracks, thinned)
}

/// The slice that an interval belongs to.
fn slice_of<'a>(slices: &'a [SliceRecord], row: &IntervalRow) -> Option<&'a SliceRecord> {
    let same =
        |slice: &&SliceRecord| slice.round == row.round && slice.variant == row.variant && slice.point == row.point;
    slices.iter().find(same)
}

/// Whether an interval lies after the measurement of its slice, where operations only end.
pub(in crate::report) fn is_drain(slices: &[SliceRecord], row: &IntervalRow) -> bool {
    slice_of(slices, row).is_some_and(|slice| row.start_s > slice.start_s + slice.measure_s - 1e-6)
}

/// Whether the percentiles of a second tell of its operations: not where those of its slice fall among operations whose end
/// was not seen.
pub(in crate::report) fn reach(slices: &[SliceRecord], row: &IntervalRow) -> Reach {
    let unreached =
        |name: &str| slice_of(slices, row).is_some_and(|slice| slice.mix.response.us.not_below.contains_key(name));
    match (unreached("p50"), unreached("p99")) {
        (true, _) => Reach::Ended,
        (false, true) => Reach::Figure,
        (false, false) => Reach::All,
    }
}

/// How many samples stand for many: the lowest and the highest, and of times also the one with the highest p99.
pub(in crate::report) fn kept(values: Values) -> usize {
    if values == Values::Times { 3 } else { 2 }
}

/// What is said of a timeline that holds every `thinned`th sample only.
pub(in crate::report) fn thinning(values: Values, thinned: usize) -> String {
    let many = thinned * kept(values);
    match values {
        Values::Times => format!(
            " Of every {many} seconds of a variant those with the lowest median, the highest median and the highest p99 are \
             shown."
        ),
        Values::Rates => format!(" Of every {many} seconds of a variant the lowest and the highest are shown."),
    }
}

/// The samples that stand for `many`, in the order of time: nothing that stuck out is lost.
pub(in crate::report) fn extremes(many: &[Sample], values: Values) -> Vec<Sample> {
    let most = |key: fn(&Sample) -> f64| {
        many.iter().enumerate().max_by(|a, b| key(a.1).total_cmp(&key(b.1))).map(|(index, _)| index)
    };
    let tail = if values == Values::Times { most(|sample| sample.upper.unwrap_or(0.0)) } else { None };
    let mut kept: Vec<usize> =
        [most(|sample| -sample.value), most(|sample| sample.value), tail].into_iter().flatten().collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().filter_map(|index| many.get(index).copied()).collect()
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

#[cfg(test)]
mod tests {
    use crate::report::chart::{Reach, Sample, Values};
    use crate::report::fixture::sample;
    use crate::report::plots::timelines::{extremes, times, tracks};
    use crate::result::slice::SliceRecord;

    #[test]
    fn what_ends_after_the_measurement_is_no_sample() {
        let mut sample = sample();
        let mut measured: Vec<_> =
            sample.intervals.iter().filter(|row| row.phase == "measure" && row.round == 1).cloned().collect();
        measured.truncate(2);
        let (first, second) = (measured[0].clone(), measured[1].clone());
        sample.slices = vec![SliceRecord {
            round: 1,
            variant: first.variant.clone(),
            start_s: first.start_s,
            measure_s: first.seconds,
            ..SliceRecord::default()
        }];
        assert_eq!((second.variant, second.round), (first.variant.clone(), 1));
        sample.intervals = measured;
        let (tracks, thinned) = tracks(&sample.inputs(), Values::Rates, |row| Some((row.seconds, None)));
        let samples: Vec<f64> = tracks.iter().flat_map(|track| &track.samples).map(|sample| sample.value).collect();
        assert_eq!((samples, thinned), (vec![first.seconds], 1));
    }

    #[test]
    fn medians_of_a_slice_that_did_not_reach_its_own_are_hollow() {
        let mut sample = sample();
        let of_slice = |not_below: &[&str]| {
            let row = sample.intervals.iter().find(|row| row.phase == "measure").expect("a second");
            let mut slice = SliceRecord {
                round: row.round,
                variant: row.variant.clone(),
                start_s: row.start_s,
                measure_s: 1e3,
                ..SliceRecord::default()
            };
            slice.mix.response.us.not_below = not_below.iter().map(|name| ((*name).to_owned(), 1e6)).collect();
            vec![slice]
        };
        let all = [of_slice(&[]), of_slice(&["p99"]), of_slice(&["p50", "p99"])];
        for (slices, reach, note) in
            all.into_iter().zip([Reach::All, Reach::Figure, Reach::Ended]).map(|(slices, reach)| {
                (slices, reach, ["", "Line without a bar", "Hollow dot: of the operations that ended"][reach as usize])
            })
        {
            let (round, variant) = (slices[0].round, slices[0].variant.clone());
            sample.slices = slices;
            let plot = times(&sample.inputs()).expect("a plot");
            assert!(plot.note.contains(note), "{}", plot.note);
            assert_eq!(plot.note.contains("Hollow"), reach == Reach::Ended, "{}", plot.note);
            let (tracks, _) = tracks(&sample.inputs(), Values::Times, |row| {
                (row.round == round && row.variant == variant).then_some((1.0, None))
            });
            let samples: Vec<Reach> =
                tracks.iter().flat_map(|track| &track.samples).map(|sample| sample.reach).collect();
            assert!(!samples.is_empty() && samples.iter().all(|found| *found == reach), "{samples:?}");
        }
    }

    #[test]
    fn what_stuck_out_is_kept_when_a_long_run_is_thinned_out() {
        let value = |index: u32| match index {
            7 => 1.0,
            40 => 900.0,
            _ => 100.0,
        };
        let sample = |index: u32| Sample {
            at_s: f64::from(index),
            value: value(index),
            upper: Some(if index == 23 { 5_000.0 } else { 1_000.0 }),
            reach: Reach::All,
        };
        let many: Vec<Sample> = (0..60).map(sample).collect();
        let at = |values| extremes(&many, values).iter().map(|sample| sample.at_s).collect::<Vec<_>>();
        assert_eq!(at(Values::Times), [7.0, 23.0, 40.0]);
        assert_eq!(at(Values::Rates), [7.0, 40.0]);
    }
}
