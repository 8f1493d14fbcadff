//! A search on a terminal: the answer, then a table of rates for each variant.

use comfy_table::{Cell, CellAlignment};

use super::{answer, figure, per_s, standing, sure, tone};
use crate::report::format;
use crate::report::terminal::{Look, listed, painted, push, table};
use crate::report::wording::Tone;
use crate::report::wrap::wrapped;
use crate::result::search::{SearchRecord, SearchedVariant};

/// The search as text, each line ended.
#[must_use]
pub fn render(record: &SearchRecord, look: Look) -> String {
    let mut out = String::new();
    for variant in &record.variants {
        for line in wrapped(&answer(record, variant), look.width.min(100)) {
            push(&mut out, &painted(&line, tone(record), look, true));
        }
    }
    for variant in record.variants.iter().filter(|variant| !variant.rates.is_empty()) {
        push(&mut out, "");
        push(&mut out, &rates(record, variant));
    }
    push(&mut out, "");
    for line in wrapped(&note(record), look.width.min(100)) {
        push(&mut out, &line);
    }
    for reason in &record.invalid_reasons {
        listed(&mut out, &painted("not valid:", Tone::Bad, look, true), "not valid:", reason, look);
    }
    for warning in &record.warnings {
        listed(&mut out, &painted("warning:", Tone::Open, look, true), "warning:", warning, look);
    }
    out
}

/// How the rates came about.
pub(super) fn note(record: &SearchRecord) -> String {
    let closed: Vec<String> = record
        .variants
        .iter()
        .filter_map(|variant| Some(format!("{} of {}", per_s(variant.closed_loop_per_s?), variant.name)))
        .collect();
    let closed = match closed.is_empty() {
        true => String::new(),
        false => format!(" A closed loop of the same clients gets through {}.", closed.join(", ")),
    };
    format!(
        "Arrivals: {}; rates are {} apart; {} in all.{closed}",
        record.arrivals,
        format::percent(record.precision),
        format::duration_s(record.took_s)
    )
}

/// The heads of the columns.
pub(super) fn heads(record: &SearchRecord) -> Vec<String> {
    let mut heads = vec!["rate".to_owned()];
    for objective in &record.objectives {
        heads.push(objective.metric.clone());
        heads.extend(objective.beyond_allowed.map(|_| format!("≥ {}", format::time_us(objective.below))));
    }
    let is_judged = |metric: &str| record.objectives.iter().any(|objective| objective.metric == metric);
    heads.extend(["response.p50", "response.p99"].into_iter().filter(|metric| !is_judged(metric)).map(str::to_owned));
    heads.extend(["probes", "standing"].map(str::to_owned));
    heads
}

/// The cells of each rate, highest first: the edge is looked for from above.
pub(super) fn cells(record: &SearchRecord, variant: &SearchedVariant) -> Vec<Vec<String>> {
    let is_judged = |metric: &str| record.objectives.iter().any(|objective| objective.metric == metric);
    let rate = |rate: &crate::result::search::SearchedRate| {
        let mut cells = vec![per_s(rate.rate_per_s)];
        for (objective, found) in record.objectives.iter().zip(&rate.objectives) {
            cells.push(found.figure.map_or_else(|| format::ABSENT.to_owned(), |_| figure(objective, found.figure)));
            cells.extend(
                objective
                    .beyond_allowed
                    .map(|_| found.beyond.map_or_else(|| format::ABSENT.to_owned(), format::percent)),
            );
        }
        for (metric, value) in [("response.p50", rate.response_us.p50), ("response.p99", rate.response_us.p99)] {
            cells.extend((!is_judged(metric)).then(|| format::optional_time_us(value)));
        }
        cells.push(rate.probes.iter().filter(|probe| probe.counts).count().to_string());
        let sure = rate.sure.map_or_else(String::new, |share| format!(", {} sure", sure(share)));
        let sure = if rate.standing == crate::result::search::RateStanding::Open { String::new() } else { sure };
        cells.push(format!("{}{sure}", standing(rate.standing)));
        cells
    };
    variant.rates.iter().rev().map(rate).collect()
}

fn rates(record: &SearchRecord, variant: &SearchedVariant) -> String {
    let mut table = table();
    let heads = heads(record);
    let last = heads.len() - 1;
    let cell = |(column, text): (usize, &String)| {
        Cell::new(text).set_alignment(if column == last { CellAlignment::Left } else { CellAlignment::Right })
    };
    let mut first = heads.clone();
    if record.variants.len() > 1 {
        first[0] = format!("rate of {}", variant.name);
    }
    table.set_header(first.iter().enumerate().map(cell));
    for row in cells(record, variant) {
        table.add_row(row.iter().enumerate().map(cell));
    }
    table.to_string()
}
