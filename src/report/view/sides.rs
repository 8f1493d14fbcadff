//! Two sides of the workload: what tells them apart, and how b stands to a, above everything else on the page.

use serde::Serialize;

use super::Badge;
use crate::report::{format, wording};
use crate::result::sides::{Difference, Sides, without_side};
use crate::result::summary::{Comparison, Summary};

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct SidesView {
    differ: Vec<DifferenceRow>,
    /// Whether both went to one server.
    server: &'static str,
    rows: Vec<SideRow>,
    /// What the gate was, and what came of it.
    gate: Option<Badge>,
}

#[derive(Debug, Serialize)]
struct DifferenceRow {
    what: String,
    a: String,
    b: String,
}

/// One variant in one metric.
#[derive(Debug, Serialize)]
struct SideRow {
    variant: String,
    metric: String,
    estimate: String,
    interval: String,
    verdict: Badge,
    regression: bool,
}

/// `None` where there are no sides.
pub(super) fn sides(summary: &Summary) -> Option<SidesView> {
    let sides = summary.sides.as_ref()?;
    let between: Vec<&Comparison> = summary.comparisons.iter().filter(|c| summary.is_between_sides(c)).collect();
    let mut names: Vec<&str> = between.iter().map(|c| c.variant.as_str()).collect();
    names.dedup();
    let overall = (names.len() > 1).then(|| SideRow { variant: "all together".to_owned(), ..row(&sides.overall) });
    Some(SidesView {
        differ: sides.differ.iter().map(difference).collect(),
        server: match (summary.null_target, sides.one_server) {
            (true, _) => "Neither side has a server.",
            (false, true) => "Both sides went to the same server and the same data.",
            (false, false) => "Each side has a server and data of its own; only one of them works at a time.",
        },
        rows: overall.into_iter().chain(between.into_iter().map(row)).collect(),
        gate: gate(summary, sides),
    })
}

fn difference(of: &Difference) -> DifferenceRow {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
    DifferenceRow { what: of.what.clone(), a: shown(&of.a), b: shown(&of.b) }
}

fn row(comparison: &Comparison) -> SideRow {
    let (word, tone) = wording::verdict(comparison);
    SideRow {
        variant: without_side(&comparison.variant).to_owned(),
        metric: wording::metric_name(&comparison.metric),
        estimate: wording::estimate(comparison),
        interval: wording::interval(comparison).unwrap_or_else(|| format::ABSENT.to_owned()),
        verdict: Badge::new(word, tone),
        regression: comparison.regression,
    }
}

fn gate(summary: &Summary, sides: &Sides) -> Option<Badge> {
    let allowed = format::percent(sides.fail_above?);
    let of = match sides.metrics.is_empty() {
        true => "any metric".to_owned(),
        false => sides.metrics.iter().map(|name| wording::metric_name(name)).collect::<Vec<_>>().join(", "),
    };
    Some(match summary.regressions().count() {
        0 => Badge::new(format!("no regression beyond {allowed} of {of}"), wording::Tone::Good),
        1 => Badge::new(format!("1 regression beyond {allowed} of {of}"), wording::Tone::Bad),
        more => Badge::new(format!("{more} regressions beyond {allowed} of {of}"), wording::Tone::Bad),
    })
}
