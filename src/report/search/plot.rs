//! Times against rates: one plot for each variant.

use super::per_s;
use crate::report::chart::{Chart, Kind, RateMark, RateSeries, Rates};
use crate::report::format;
use crate::report::plots::caption;
use crate::result::search::{RateStanding, SearchRecord, SearchedRate, SearchedVariant};

/// Its files are `plots/rates-VARIANT.svg`.
pub(super) const ID: &str = "rates";

/// Of each variant that has figures its name and plot.
pub(super) fn plots(record: &SearchRecord) -> Vec<(String, Chart)> {
    record.variants.iter().filter_map(|variant| Some((variant.name.clone(), chart(record, variant)?))).collect()
}

fn chart(record: &SearchRecord, variant: &SearchedVariant) -> Option<Chart> {
    let times = record.objectives.iter().enumerate().filter(|(_, objective)| objective.is_time);
    let mut series: Vec<RateSeries> = Vec::new();
    let is_judged = |metric: &str| record.objectives.iter().any(|objective| objective.metric == metric);
    if !is_judged("response.p50") {
        series.push(of(variant, "response.p50", None, |rate| rate.response_us.p50));
    }
    for (at, objective) in times {
        series.push(of(variant, &objective.metric, Some(objective.below), |rate| rate.objectives.get(at)?.figure));
    }
    if series.iter().all(|one| one.bound_us.is_none()) {
        series.push(of(variant, "response.p99", None, |rate| rate.response_us.p99));
    }
    series.iter_mut().enumerate().for_each(|(at, one)| one.series = at);
    series.retain(|one| !one.marks.is_empty());
    if series.is_empty() {
        return None;
    }
    let said = series.iter().flat_map(|one| {
        one.marks
            .iter()
            .map(|mark| format!("{} at {}: {}", one.name, per_s(mark.rate_per_s), format::time_us(mark.time_us)))
    });
    let title = format!("Times of {} against the rate of arrivals", variant.name);
    Some(Chart {
        caption: caption(title, said.collect()),
        kind: Kind::Rates(Rates { series, met_per_s: variant.met_per_s, missed_per_s: variant.missed_per_s }),
    })
}

fn of(
    variant: &SearchedVariant,
    name: &str,
    bound_us: Option<f64>,
    time_us: impl Fn(&SearchedRate) -> Option<f64>,
) -> RateSeries {
    let mark = |rate: &SearchedRate| {
        let has_met = rate.standing == RateStanding::Met;
        Some(RateMark { rate_per_s: rate.rate_per_s, time_us: time_us(rate)?, filled: has_met })
    };
    RateSeries { name: name.to_owned(), series: 0, bound_us, marks: variant.rates.iter().filter_map(mark).collect() }
}
