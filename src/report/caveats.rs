//! What stands beside figures so that nobody reads more into them than they say: what failed, which verdict there is none of,
//! of how few rounds they are, and why two figures of one name differ.

use crate::report::format;
use crate::report::wording::PRIMARY;
use crate::result::TimesUs;
use crate::result::summary::{Figures, Judged, Summary, Variant};
use crate::stats::MIN_ROUNDS;
use crate::words::{Metric, TimeKind};

/// By so much a figure over rounds may differ from that of all operations before it is explained.
const ALIKE: f64 = 0.05;

/// Whether any variant has a failure that a table must show.
#[must_use]
pub fn anything_failed(summary: &Summary) -> bool {
    summary.variants.iter().any(|variant| variant.mix.failed > 0)
}

/// How many of the operations that ended failed for good, and with what most: `96.5 % 55P03`, `<0.1 % 40001`; `0` where none
/// did.
#[must_use]
pub fn failed(figures: &Figures) -> String {
    match (figures.failed_share(), figures.top_failure()) {
        (None, _) => format::ABSENT.to_owned(),
        (Some(share), Some((key, _))) if share > 0.0 => format!("{} {key}", short(share)),
        (Some(share), _) if share > 0.0 => short(share),
        _ => "0".to_owned(),
    }
}

/// A share where there is little room.
fn short(share: f64) -> String {
    format::percent(share).replace("less than ", "<").replace("more than ", ">")
}

/// Why a comparison of the primary metric has no verdict although there are figures, for each variant of which that is so.
pub fn without_verdict(summary: &Summary) -> impl Iterator<Item = String> {
    let compared = summary.variants.iter().filter_map(|variant| summary.comparison(&variant.name, PRIMARY));
    compared.filter_map(|comparison| {
        let reason = comparison.reason.as_ref()?;
        Some(format!("no verdict on {}: {reason}", comparison.variant))
    })
}

/// That there was no server, where verdicts stand.
#[must_use]
pub fn without_server(summary: &Summary) -> Option<&'static str> {
    let compared = !summary.comparisons.is_empty();
    (summary.null_target && compared)
        .then_some("without a server (null target): what is compared is dbbench itself, not ways of using a database")
}

/// Whether the figures of a variant rest on fewer rounds than a verdict needs, in a run that was to have them: they were
/// left out, or never came.
#[must_use]
pub fn has_too_few_rounds(summary: &Summary, variant: &Variant) -> bool {
    let valid = variant.rounds.iter().filter(|round| round.valid).count();
    !variant.valid || (summary.rounds as usize >= MIN_ROUNDS && valid < MIN_ROUNDS)
}

/// What a figure over rounds is, where it differs visibly from that of the tables.
#[must_use]
pub fn over_rounds(summary: &Summary, judged: &Judged) -> Option<String> {
    let metric = Metric::parse(&judged.metric).ok()?;
    let Metric::Time(kind, percentile) = metric else { return None };
    let variant = summary.variant(&judged.variant)?;
    let figures = match (&judged.operation, &judged.job) {
        (Some(name), _) => &variant.operations.iter().find(|part| part.name == *name)?.figures,
        (None, Some(_)) => return None,
        (None, None) => &variant.mix,
    };
    let (over_all, over_rounds) = (times(figures, kind).get(percentile)?, judged.observed?);
    let (low, high) = judged.ci_low.zip(judged.ci_high).unwrap_or((over_rounds, over_rounds));
    let is_alike = (over_all / over_rounds - 1.0).abs() <= ALIKE && (low.min(over_rounds)..=high).contains(&over_all);
    let shown = format::time_us(over_all);
    (!is_alike && judged.rounds > 1).then(|| {
        format!(
            "the geometric mean of its figures in {} rounds; all operations of these rounds together have {shown}",
            judged.rounds
        )
    })
}

fn times(figures: &Figures, kind: TimeKind) -> &TimesUs {
    match kind {
        TimeKind::Response => &figures.response_us,
        TimeKind::Service => &figures.service_us,
        TimeKind::Queue => &figures.queue_us,
        TimeKind::Acquire => &figures.acquire_us,
        TimeKind::Connect => &figures.connect_us,
    }
}
