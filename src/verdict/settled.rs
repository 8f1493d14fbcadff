//! Figures that never settled: a trend over rounds, or one that repeats within slices. A variant that gets faster for as long
//! as it is measured has no figure yet, however narrow the interval.

use super::percent;
use crate::result::interval::IntervalRow;
use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;
use crate::stats::{self, Trend};

/// Trends that are looked for per variant: median response and goodput over rounds, median response within slices.
const PER_VARIANT: usize = 3;
/// Intervals shorter than this share of a second are the rest of a slice, too few operations to compare.
const WHOLE_S: f64 = 0.9;
/// Within a slice only operations much shorter than an interval are looked at: of longer ones the first interval holds those
/// that were short, since what began in the warm-up is not counted.
const SHORT_US: f64 = 50_000.0;

/// What did not settle, a sentence per variant and kind. A trend is said when its interval excludes 0 and it is larger than
/// what the run calls no difference (`margin`).
pub(super) fn unsettled(run: &RunRecord, slices: &[SliceRecord], intervals: &[IntervalRow]) -> Vec<String> {
    let tests = PER_VARIANT * run.variants.len();
    let matters = |trend: Option<Trend>| trend.filter(|trend| trend.is_certain() && trend.change.abs() > run.margin);
    let mut found = Vec::new();
    for variant in &run.variants {
        let name = &variant.name;
        let valid: Vec<&SliceRecord> = slices.iter().filter(|slice| slice.valid && slice.variant == *name).collect();
        let over = |figure: fn(&SliceRecord) -> Option<f64>| {
            let points: Option<Vec<(f64, f64)>> =
                valid.iter().map(|slice| Some((f64::from(slice.round), figure(slice)?))).collect();
            matters(stats::trend(&points?, tests))
        };
        let (first, last) = ends(&valid);
        let median = over(|slice| slice.mix.response.us.p50).map(|trend| ("median response time", trend));
        // Of a variant that becomes slower, goodput says the same.
        let goodput = || over(goodput).map(|trend| ("goodput", trend));
        if let Some((what, trend)) = median.or_else(goodput) {
            found.push(format!(
                "{name} never settled over the rounds: its {what} changed by {} from round {first} to round {last}; ratios are \
                 taken within rounds and so are less affected, but its figures are not those of a steady state: a longer \
                 run.warmup or more rounds help",
                size(trend)
            ));
        }
        if !variant.stages.is_empty() {
            // A load that changes in the course of a slice has response times that do.
            continue;
        }
        let series: Vec<Vec<(f64, f64)>> = valid.iter().map(|slice| within(slice, intervals)).collect();
        if let Some(trend) = matters(stats::common_trend(&series, tests)) {
            found.push(format!(
                "{name} never settled within its slices: its median response time changed by {} from the first second to the \
                 last; a longer run.warmup or run.measure helps",
                size(trend)
            ));
        }
    }
    found
}

fn goodput(slice: &SliceRecord) -> Option<f64> {
    // An open loop's goodput is what it was asked for.
    (slice.measure_s > 0.0 && slice.asked_per_s.is_none()).then(|| slice.mix.succeeded as f64 / slice.measure_s)
}

fn ends(slices: &[&SliceRecord]) -> (u32, u32) {
    let rounds = || slices.iter().map(|slice| slice.round);
    (rounds().min().unwrap_or(0), rounds().max().unwrap_or(0))
}

/// `+12 % (8.1 % to 16 %)`.
fn size(trend: Trend) -> String {
    let signed = |share: f64| if share > 0.0 { format!("+{}", percent(share)) } else { percent(share) };
    format!("{} ({} to {})", signed(trend.change), signed(trend.interval.low), signed(trend.interval.high))
}

/// The median response of each whole second of a slice; empty when operations are not much shorter than that.
fn within(slice: &SliceRecord, intervals: &[IntervalRow]) -> Vec<(f64, f64)> {
    let times = &slice.mix.response.us;
    if times.p99.or(times.max).is_none_or(|slow_us| slow_us > SHORT_US) {
        return Vec::new();
    }
    let until_s = slice.start_s + slice.measure_s;
    let of_slice = |row: &&IntervalRow| {
        row.operation == "*"
            && row.phase == "measure"
            && (row.point, row.round, &row.variant) == (slice.point, slice.round, &slice.variant)
            && row.seconds >= WHOLE_S
            // What ended in the drain is no second of its own.
            && row.start_s + row.seconds <= until_s + (1.0 - WHOLE_S)
    };
    intervals
        .iter()
        .filter(of_slice)
        .filter_map(|row| Some((row.start_s - slice.start_s, row.response_p50_us?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::unsettled;
    use crate::result::TimesUs;
    use crate::result::interval::IntervalRow;
    use crate::result::run::{RunRecord, StageRecord, VariantRecord};
    use crate::result::slice::SliceRecord;

    fn run() -> RunRecord {
        let variant = |name: &str| VariantRecord { name: name.to_owned(), ..VariantRecord::default() };
        RunRecord { margin: 0.05, variants: vec![variant("a"), variant("b")], ..RunRecord::default() }
    }

    /// Noise of half a per cent that depends on the round alone.
    fn wobble(round: u32) -> f64 {
        1.0 + 0.005 * f64::from(round * 7 % 5) / 2.0 - 0.005
    }

    fn slice(variant: &str, round: u32, p50_us: f64) -> SliceRecord {
        let mut slice = SliceRecord {
            round,
            variant: variant.to_owned(),
            start_s: f64::from(round) * 10.0,
            measure_s: 4.0,
            valid: true,
            ..SliceRecord::default()
        };
        slice.mix.succeeded = 4_000;
        slice.mix.response.us = TimesUs { p50: Some(p50_us), p99: Some(3.0 * p50_us), ..TimesUs::default() };
        slice
    }

    /// Four whole seconds with a trend of their own, and what ended in the drain.
    fn seconds(slice: &SliceRecord, per_second: f64) -> Vec<IntervalRow> {
        let row = |second: f64, seconds: f64, p50_us: f64| IntervalRow {
            start_s: slice.start_s + second,
            seconds,
            round: slice.round,
            phase: "measure".to_owned(),
            variant: slice.variant.clone(),
            operation: "*".to_owned(),
            response_p50_us: Some(p50_us),
            ..IntervalRow::default()
        };
        let p50_us = slice.mix.response.us.p50.unwrap();
        let at = |second: u32| p50_us * (1.0 + per_second).powf(f64::from(second)) * wobble(slice.round + second);
        let mut rows: Vec<IntervalRow> = (0..4).map(|second| row(f64::from(second), 1.0, at(second))).collect();
        rows.push(row(4.0, 0.95, 100.0 * p50_us));
        rows
    }

    #[test]
    fn a_variant_that_becomes_faster_round_by_round_is_named_with_the_size() {
        let slices: Vec<SliceRecord> = (1..=7)
            .flat_map(|round| {
                let faster = 0.95_f64.powf(f64::from(round));
                [slice("a", round, 500.0 * wobble(round)), slice("b", round, 500.0 * faster * wobble(round))]
            })
            .collect();
        let found = unsettled(&run(), &slices, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("b never settled over the rounds: its median response time changed by -26 %"),
            "{found:?}"
        );
        assert!(found[0].contains("from round 1 to round 7"), "{found:?}");
    }

    #[test]
    fn a_trend_below_the_margin_or_without_enough_rounds_is_none() {
        let of = |rounds: u32, per_round: f64| {
            let slices: Vec<SliceRecord> =
                (1..=rounds).map(|round| slice("a", round, 500.0 * (1.0 + per_round).powf(f64::from(round)))).collect();
            unsettled(&run(), &slices, &[]).len()
        };
        // Exact lines: certain, however small.
        assert_eq!([of(7, 0.005), of(7, 0.02), of(3, 0.02)], [0, 1, 0]);
    }

    #[test]
    fn a_trend_that_repeats_within_slices_is_found_and_the_drain_is_no_second() {
        let slices: Vec<SliceRecord> = (1..=5).map(|round| slice("a", round, 500.0 * wobble(round))).collect();
        let rows = |per_second| slices.iter().flat_map(|slice| seconds(slice, per_second)).collect::<Vec<_>>();
        assert_eq!(unsettled(&run(), &slices, &rows(0.0)), Vec::<String>::new());
        let found = unsettled(&run(), &slices, &rows(-0.1));
        let mut staged = run();
        staged.variants[0].stages = vec![StageRecord::default(); 2];
        assert_eq!(unsettled(&staged, &slices, &rows(-0.1)), Vec::<String>::new(), "that is what stages are for");
        assert!(found.len() == 1 && found[0].starts_with("a never settled within its slices"), "{found:?}");
        // Of operations that last as long as the intervals nothing can be said.
        let slow: Vec<SliceRecord> = (1..=5).map(|round| slice("a", round, 60_000.0 * wobble(round))).collect();
        let rows: Vec<IntervalRow> = slow.iter().flat_map(|slice| seconds(slice, -0.1)).collect();
        assert_eq!(unsettled(&run(), &slow, &rows), Vec::<String>::new());
    }
}
