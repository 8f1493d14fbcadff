//! A comparison of runs for people and programs: one output format per file, all in the words of a run's report.
//!
//! [`text`] for terminals, [`markdown`] for pull requests, [`csv`] for tables, [`html`] for a page of its own. JSON is the
//! comparison itself.

pub mod csv;
mod html;
pub mod markdown;
mod plots;
pub mod text;

use crate::report::format;
use crate::report::wording::{self, Tone, metric_name};
use crate::result::compared::{Compared, ComparedFigure, IntervalOver, Side, Unlike};
use crate::result::interval::IntervalRow;
use crate::result::summary::{Comparison, Verdict};
use crate::result::{Histograms, Reader};
use crate::verdict::multiplicity_of;

pub use html::{page, page_at};

/// What the page shows of a run beside the figures.
#[derive(Clone, Debug)]
pub struct MeasuredRun<'a> {
    /// The place of its side.
    pub side: usize,
    /// The run.
    pub reader: &'a Reader,
    /// Its response times.
    pub histograms: Histograms,
    /// Second by second.
    pub intervals: Vec<IntervalRow>,
}

/// A comparison in words.
#[derive(Debug)]
struct Row {
    /// The variant; for a ratio to a baseline what it is to (`to n_plus_one`).
    name: String,
    relative: bool,
    /// The same in a sentence: `join, relative to n_plus_one`.
    subject: String,
    /// The figure of the first side, then that of the other.
    figures: [String; 2],
    ratio: String,
    detectable: String,
    verdict: String,
    tone: Tone,
    regression: bool,
}

/// Rows of one metric of one side.
#[derive(Debug)]
struct Group<'a> {
    side: &'a str,
    metric: String,
    primary: bool,
    rows: Vec<Row>,
}

/// Side by side and metric by metric, in the order of the comparison.
fn groups(compared: &Compared) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for figure in &compared.comparisons {
        let metric = metric_name(&figure.metric);
        let row = row(figure);
        match groups.last_mut().filter(|group| group.side == figure.side && group.metric == metric) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group {
                side: &figure.side,
                metric,
                primary: figure.metric == compared.metric,
                rows: vec![row],
            }),
        }
    }
    groups
}

/// As a run's report knows it, so that both say the same in the same words.
fn as_comparison(figure: &ComparedFigure) -> Comparison {
    Comparison {
        variant: figure.side.clone(),
        baseline: figure.against.clone(),
        metric: figure.metric.clone(),
        ratio: figure.ratio,
        difference: figure.difference,
        ci_low: figure.ci_low,
        ci_high: figure.ci_high,
        detectable: figure.detectable,
        verdict: figure.verdict,
        better: figure.better,
        ..Comparison::default()
    }
}

fn row(figure: &ComparedFigure) -> Row {
    let comparison = as_comparison(figure);
    let show = |value: Option<f64>| match figure.relative_to {
        Some(_) => value.map_or_else(|| format::ABSENT.to_owned(), format::ratio),
        None => wording::figure(&figure.metric, value),
    };
    let estimate = wording::estimate(&comparison);
    let (verdict, tone) = wording::verdict(&comparison);
    Row {
        name: match &figure.relative_to {
            Some(baseline) => format!("to {baseline}"),
            None => name(figure),
        },
        relative: figure.relative_to.is_some(),
        subject: match &figure.relative_to {
            Some(baseline) => format!("{}, relative to {baseline}", name(figure)),
            None => name(figure),
        },
        figures: [show(figure.against_figure), show(figure.figure)],
        ratio: match wording::interval(&comparison) {
            Some(interval) => format!("{estimate}, {interval}"),
            None => estimate,
        },
        detectable: wording::detectable(&comparison),
        verdict,
        tone,
        regression: figure.regression,
    }
}

/// The variant with its sweep point; both variants where they are not the same.
fn name(figure: &ComparedFigure) -> String {
    let mut name = figure.variant.clone();
    if figure.variant != figure.against_variant {
        name.push_str(&format!(" against {}", figure.against_variant));
    }
    if !figure.point.is_empty() {
        let point: Vec<String> = figure.point.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        name.push_str(&format!(" ({})", point.join(", ")));
    }
    name
}

/// What was found in the primary metric, in one sentence for each side.
fn headline(compared: &Compared) -> String {
    let mut text = String::new();
    if !compared.valid {
        let reason = compared.invalid_reasons.first().map_or("no reason was recorded", String::as_str);
        text.push_str(&format!("Not valid ({reason}): "));
    }
    let sentence = |side: &Side| {
        let primary =
            compared.deciding().filter(|figure| figure.side == side.label && figure.metric == compared.metric);
        let found: Vec<String> = primary.map(finding).collect();
        let against = compared.sides.first().map_or("A", |first| first.label.as_str());
        let found = if found.is_empty() { "nothing was compared".to_owned() } else { found.join("; ") };
        format!("{} against {against}, {}: {found}.", side.label, metric_name(&compared.metric))
    };
    text.push_str(&compared.sides.iter().skip(1).map(sentence).collect::<Vec<_>>().join(" "));
    if let Some(allowed) = compared.fail_above {
        text.push_str(&match compared.regressions().count() {
            0 => format!(" No regression beyond {}.", format::percent(allowed)),
            1 => format!(" 1 regression beyond {}.", format::percent(allowed)),
            n => format!(" {n} regressions beyond {}.", format::percent(allowed)),
        });
    }
    text
}

/// `join, relative to n_plus_one, 1.12×, 1.05–1.19: worse`.
fn finding(figure: &ComparedFigure) -> String {
    let row = row(figure);
    let comma = if row.relative { "," } else { "" };
    let name = format!("{}{comma}", row.subject);
    match (figure.verdict, figure.better) {
        (Verdict::NoDifference, _) => format!("{name} no different ({})", row.ratio),
        (Verdict::Undecided, _) if figure.ratio.is_none() && figure.difference.is_none() => {
            format!("{name} not comparable")
        }
        (Verdict::Undecided, _) => format!("{name} undecided ({})", row.ratio),
        (_, Some(true)) => format!("{name} better ({})", row.ratio),
        (_, Some(false)) => format!("{name} worse ({})", row.ratio),
        (_, None) => format!("{name} {} ({})", row.verdict, row.ratio),
    }
}

/// How good what was found is, for the colour of the sentence.
fn tone(compared: &Compared) -> Tone {
    let primary = || compared.deciding().filter(|figure| figure.metric == compared.metric);
    if !compared.valid
        || compared.regressions().next().is_some()
        || primary().any(|figure| figure.better == Some(false))
    {
        Tone::Bad
    } else if primary().any(|figure| figure.verdict == Verdict::Undecided) {
        Tone::Open
    } else if primary().any(|figure| figure.better == Some(true)) {
        Tone::Good
    } else {
        Tone::Neutral
    }
}

/// What a side is made of.
fn side(side: &Side) -> String {
    let runs = match side.runs.len() {
        1 => "1 run".to_owned(),
        n => format!("{n} runs"),
    };
    let distinct = |of: &dyn Fn(&crate::result::compared::SideRun) -> String| {
        let mut all: Vec<String> = side.runs.iter().map(of).filter(|text| !text.is_empty()).collect();
        all.sort();
        all.dedup();
        all.join(" | ")
    };
    let mut parts = vec![side.name.clone(), format!("{runs} of {}", distinct(&|run| run.workload.clone()))];
    parts.extend(side.variant.iter().map(|variant| format!("variant {variant}")));
    parts.push(format!("dbbench {}", distinct(&|run| run.dbbench_version.clone())));
    parts.extend([distinct(&|run| run.servers.join(", ")), distinct(&|run| run.machine.clone())]);
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// `seed: 1 in A, 2 in B`.
fn unlike(compared: &Compared, unlike: &Unlike) -> String {
    let first = compared.sides.first().map_or("A", |first| first.label.as_str());
    let Unlike { what, side, value, against_value, measured } = unlike;
    let measured = if *measured { " (decides what is measured; compared by --force)" } else { "" };
    if value == against_value {
        return format!("{what}: {value} in {first} and {side}{measured}");
    }
    format!("{what}: {against_value} in {first}, {value} in {side}{measured}")
}

/// Why verdicts are missing, each reason once.
fn reasons(compared: &Compared) -> Vec<&str> {
    let mut reasons: Vec<&str> = Vec::new();
    for reason in compared.deciding().filter_map(|figure| figure.reason.as_deref()) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

/// What the figures, ratios and intervals are.
fn notes(compared: &Compared) -> Vec<String> {
    let mut notes = Vec::new();
    let over = |wanted: IntervalOver| compared.comparisons.iter().any(|figure| figure.interval_over == Some(wanted));
    let mut baselines: Vec<&str> =
        compared.comparisons.iter().filter_map(|figure| figure.relative_to.as_deref()).collect();
    baselines.dedup();
    if let Some(baseline) = baselines.first() {
        notes.push(format!(
            "to {baseline}: ratios to the baseline of the same round, in which what slows a whole run cancels; they decide"
        ));
    }
    if over(IntervalOver::Rounds) {
        notes.push(
            "intervals are those within these two runs, over rounds; how far one run differs from the next by itself they \
             cannot tell"
                .to_owned(),
        );
    }
    if over(IntervalOver::KnownSpread) {
        notes.push(match &compared.history {
            Some(history) => format!(
                "intervals rest on the spread between runs of the same workload on this machine: {} in {}",
                history.runs, history.dir
            ),
            None => {
                "intervals rest on the spread between the runs of the sides, taken to be the same on both".to_owned()
            }
        });
    }
    if over(IntervalOver::SameRounds) || over(IntervalOver::SameRuns) {
        notes.push("both variants are of the same runs: ratios are taken within rounds".to_owned());
    }
    let decided = compared.deciding().filter(|figure| figure.ci_low.is_some()).count();
    // A note, not a sentence, as the others.
    notes.push(multiplicity_of(decided).to_string().trim_end_matches('.').to_owned());
    notes
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
