//! A search for the highest rate, for people: the answer as a sentence, a table of rates, and times against rates as a plot.

mod html;
mod plot;
mod text;

pub use text::render;

use crate::report::chart::Room;
use crate::report::wording::Tone;
use crate::report::{ReportError, ReportFile, format};
use crate::result::search::{
    ObjectiveFigure, ObjectiveRecord, RateStanding, SearchEnd, SearchRecord, SearchedRate, SearchedVariant,
};
use crate::verdict::grouped;
use crate::words::counted;

/// `1,406/s`: as many digits as neighbouring rates differ in.
#[must_use]
pub fn per_s(rate: f64) -> String {
    let digits = match rate {
        rate if rate >= 1_000.0 => 0,
        rate if rate >= 100.0 => 1,
        rate if rate >= 10.0 => 2,
        _ => 3,
    };
    format!("{}/s", grouped(&format!("{rate:.digits$}")))
}

/// How sure something is: `97 %`, never all.
fn sure(share: f64) -> String {
    if share >= 0.995 { "more than 99 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

fn standing(standing: RateStanding) -> &'static str {
    match standing {
        RateStanding::Met => "met",
        RateStanding::Missed => "missed",
        RateStanding::Open => "open",
        RateStanding::Generator => "not judged",
    }
}

fn tone_of_rate(standing: RateStanding) -> Tone {
    match standing {
        RateStanding::Met => Tone::Good,
        RateStanding::Missed => Tone::Bad,
        RateStanding::Open => Tone::Open,
        RateStanding::Generator => Tone::Neutral,
    }
}

fn figure(objective: &ObjectiveRecord, value: Option<f64>) -> String {
    match value {
        None => "not reached".to_owned(),
        Some(value) if objective.is_time => format::time_us(value),
        Some(value) => format::percent(value),
    }
}

fn objective_figure(objective: &ObjectiveRecord, found: &ObjectiveFigure) -> String {
    let figure = format!("{} {}", objective.metric, figure(objective, found.figure));
    match (found.beyond, objective.beyond_allowed) {
        (Some(beyond), Some(allowed)) => format!(
            "{figure}, {} took {} or longer ({} may)",
            format::percent(beyond),
            format::time_us(objective.below),
            format::percent(allowed)
        ),
        _ => figure,
    }
}

/// What is known of a rate, after another probe.
#[must_use]
pub fn rate_in_words(rate: &SearchedRate, objectives: &[ObjectiveRecord]) -> String {
    let known = match (rate.standing, rate.sure) {
        (RateStanding::Open, _) | (_, None) => standing(rate.standing).to_owned(),
        (known, Some(share)) => format!("{}, {} sure", standing(known), sure(share)),
    };
    let last = rate.probes.last();
    let why =
        last.and_then(|probe| probe.not_valid.first().filter(|_| !probe.counts)).map(|why| format!("left out: {why}"));
    let why = why.or_else(|| last.and_then(|probe| probe.not_sustained.clone()));
    let figures = objectives.iter().zip(&rate.objectives).map(|(objective, found)| objective_figure(objective, found));
    let parts: Vec<String> = why.into_iter().chain(figures.filter(|_| rate.goodput_per_s.is_some())).collect();
    format!("{} after {}: {known} · {}", per_s(rate.rate_per_s), counted(rate.probes.len(), "probe"), parts.join(" · "))
}

/// All objectives of a search.
fn objectives(record: &SearchRecord) -> String {
    let all: Vec<&str> = record.objectives.iter().map(|objective| objective.objective.as_str()).collect();
    all.join(" and ")
}

/// How often a rate was probed, and in how many of the probes it met by itself.
fn edge(variant: &SearchedVariant, rate_per_s: f64, share: Option<f64>) -> String {
    let rate = variant.rates.iter().find(|rate| rate.rate_per_s == rate_per_s);
    let probes = rate.map_or(0, |rate| rate.probes.iter().filter(|probe| probe.counts).count());
    let share = share.map_or_else(String::new, |share| format!("{} sure, ", sure(share)));
    format!("{share}{}", counted(probes, "probe"))
}

/// What was found with a variant, in one sentence.
#[must_use]
pub fn answer(record: &SearchRecord, variant: &SearchedVariant) -> String {
    let (name, objectives) = (&variant.name, objectives(record));
    let (holds, holds_not) =
        if record.objectives.len() > 1 { ("hold", "do not hold") } else { ("holds", "does not hold") };
    let met = variant.met_per_s.map(|met| (per_s(met), edge(variant, met, variant.met_sure)));
    let missed = variant.missed_per_s.map(|missed| (per_s(missed), edge(variant, missed, variant.missed_sure)));
    let bracket = match (&met, &missed) {
        (Some((met, of_met)), Some((missed, of_missed))) => {
            format!("{objectives} {holds} at {met} ({of_met}) and no longer at {missed} ({of_missed})")
        }
        (Some((met, of_met)), None) => format!("{objectives} {holds} at {met} ({of_met}); no higher rate missed it"),
        (None, Some((missed, of_missed))) => format!("{objectives} {holds_not} at {missed} ({of_missed})"),
        (None, None) => format!("no rate could be judged by {objectives}"),
    };
    match variant.end {
        SearchEnd::Found => format!("{name}: {bracket}."),
        SearchEnd::Generator => match met {
            Some((met, of_met)) => format!(
                "{name}: the generator, not the server, was the limit: {objectives} {holds} at {met} at least ({of_met})."
            ),
            None => format!(
                "{name}: the generator, not the server, was the limit at every rate: nothing is known of the server."
            ),
        },
        SearchEnd::Highest => format!("{name}: {bracket}, up to the highest that was allowed."),
        SearchEnd::NeverMet => {
            let lowest = variant.rates.first().map_or_else(String::new, |rate| per_s(rate.rate_per_s));
            let at_lowest = variant.rates.first().map_or_else(Vec::new, |rate| {
                let each = record.objectives.iter().zip(&rate.objectives);
                each.map(|(objective, found)| format!("{} is {}", objective.metric, figure(objective, found.figure)))
                    .collect()
            });
            format!(
                "{name}: {objectives} {holds} at no rate: at the lowest, {lowest}, {}. The objective is below what single \
                 operations take.",
                at_lowest.join(", ")
            )
        }
        SearchEnd::Undecided => {
            format!("{name}: {bracket}: every rate stays undecided; measure each probe for longer (--measure).")
        }
        SearchEnd::Time => {
            format!("{name}: the time was up; so far {bracket}. Raise --max-time for a narrower answer.")
        }
        SearchEnd::Cut => format!("{name}: cut off; so far {bracket}."),
    }
}

fn tone(record: &SearchRecord) -> Tone {
    let ends = || record.variants.iter().map(|variant| variant.end);
    if !record.valid || ends().any(|end| matches!(end, SearchEnd::NeverMet | SearchEnd::Generator)) {
        Tone::Bad
    } else if record.partial || ends().any(|end| !matches!(end, SearchEnd::Found | SearchEnd::Highest)) {
        Tone::Open
    } else {
        Tone::Good
    }
}

/// `report.html` and `plots/*.svg`.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken, which no result can cause.
pub fn files(record: &SearchRecord) -> Result<Vec<ReportFile>, ReportError> {
    let mut files = vec![ReportFile { name: "report.html".to_owned(), content: html::page(record)?.into_bytes() }];
    for (variant, chart) in plot::plots(record) {
        let svg = chart.render(Room::Wide).map_err(|source| ReportError::Plot { name: plot::ID, source })?;
        let name = format!("plots/{}-{variant}.svg", plot::ID);
        files.push(ReportFile { name, content: svg.standalone().into_bytes() });
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
