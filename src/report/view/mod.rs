//! The page as values: everything the template shows, already in words. The template decides only where it stands.

mod data;
mod plans;
mod settings;
mod sides;
mod slowest;
mod tables;
mod terms;

use serde::Serialize;

use self::plans::Plans;
pub(in crate::report) use self::settings::{Fact, readable_time};
use self::settings::{Server, VariantView};
use self::sides::SidesView;
use self::slowest::Slowest;
use self::tables::{ComparisonRow, CurveTable, GeneratorRow, JudgedRow, KeyRow, OpenRow, OperationRow, RoundRow};
use crate::report::chart::Room;
use crate::report::plots::Plot;
use crate::report::terminal::{about_verdicts, absence};
use crate::report::wording::{self, Tone};
use crate::report::{Inputs, ReportError, calibration, format, recorded};
use crate::verdict::{headline, multiplicity};

/// The page.
#[derive(Debug, Serialize)]
pub(super) struct View {
    title: String,
    about: Option<String>,
    version: String,
    verdict: Badge,
    facts: Vec<Fact>,
    partial: bool,
    invalid_reasons: Vec<String>,
    warnings: Vec<String>,
    left_out: Vec<String>,
    baseline: String,
    sides: Option<SidesView>,
    key: Vec<KeyRow>,
    footnotes: Vec<String>,
    answers: Option<String>,
    answers_difference: Option<String>,
    claims: Vec<JudgedRow>,
    expectations: Vec<JudgedRow>,
    failed_checks: Vec<String>,
    background: Vec<String>,
    plots: Vec<PlotView>,
    curves: CurveTable,
    data: Option<String>,
    comparisons: Vec<ComparisonRow>,
    operations: Vec<OperationRow>,
    failures: Vec<Fact>,
    round_names: Vec<String>,
    rounds: Vec<RoundRow>,
    slowest: Vec<Slowest>,
    plans: Option<Plans>,
    variants: Vec<VariantView>,
    source_path: String,
    source_text: String,
    generator: Vec<GeneratorRow>,
    open: Vec<OpenRow>,
    environment: Vec<Fact>,
    servers: Vec<Server>,
    method: Method,
}

/// A word with its tone.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Badge {
    text: String,
    tone: &'static str,
}

impl Badge {
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone: tone.class() }
    }
}

/// A plot, drawn for both kinds of screens.
#[derive(Debug, Serialize)]
pub(super) struct PlotView {
    id: &'static str,
    heading: &'static str,
    note: String,
    terms: &'static [(&'static str, &'static str)],
    wide: String,
    narrow: String,
}

/// What the intervals mean.
#[derive(Debug, Serialize)]
struct Method {
    rounds: u32,
    margin: String,
    multiplicity: String,
    /// Of a run that ended by a goal: what that changes.
    goal: Option<String>,
    digits: u8,
}

impl View {
    /// Puts everything in words and draws the plots.
    pub(super) fn of(inputs: &Inputs<'_>, plots: &[Plot]) -> Result<Self, ReportError> {
        let Inputs { run, summary, .. } = *inputs;
        let answers = summary.same_answer.filter(|answers| answers.equal);
        let null = run.null_target.then(|| {
            "the target was the built-in null driver, not a server: answers and checks were skipped".to_owned()
        });
        Ok(Self {
            title: summary.workload.clone(),
            about: run.about.clone(),
            version: summary.dbbench_version.clone(),
            verdict: Badge::new(unbroken(&headline(summary)), wording::tone(summary)),
            facts: settings::facts(inputs),
            // Where answers differ, the verdict says why there are no rounds: it was not cut off.
            partial: summary.partial && summary.same_answer.is_none_or(|answers| answers.equal),
            invalid_reasons: summary.invalid_reasons.clone(),
            warnings: null.into_iter().chain(summary.warnings.iter().cloned()).collect(),
            left_out: summary
                .left_out
                .iter()
                .map(|slice| format!("{}, round {}: {}", slice.variant, slice.round, slice.reason))
                .collect(),
            baseline: if summary.sides.is_some() { "the same on side a".to_owned() } else { summary.baseline.clone() },
            sides: sides::sides(summary),
            key: tables::key(summary),
            footnotes: summary
                .variants
                .iter()
                .filter_map(absence)
                .chain(recorded::sentences(summary))
                .chain(about_verdicts(summary))
                .chain(calibration::quoted(summary))
                .collect(),
            answers_difference: run.answers_difference.clone(),
            answers: answers.map(wording::same_answers),
            claims: tables::judged(summary, &summary.claims),
            expectations: tables::judged(summary, &summary.expectations),
            failed_checks: tables::failed_checks(summary),
            background: crate::report::background::lines(summary),
            plots: plots.iter().map(drawn).collect::<Result<_, _>>()?,
            curves: tables::curves(plots),
            data: data::data(inputs, plots),
            comparisons: tables::comparisons(summary),
            operations: tables::operations(summary),
            failures: tables::failures(summary),
            round_names: summary.variants.iter().map(wording::variant_name).collect(),
            rounds: tables::rounds(summary),
            slowest: slowest::slowest(inputs),
            plans: plans::plans(inputs),
            variants: settings::variants(run),
            source_path: run.source_path.clone(),
            source_text: run.source_text.clone(),
            generator: tables::generator(summary),
            open: tables::open(summary),
            environment: settings::environment(inputs),
            servers: settings::servers(run),
            method: method(inputs),
        })
    }
}

/// Keeps the two ends of an interval on one line.
pub(super) fn unbroken(sentence: &str) -> String {
    sentence.replace('–', "\u{2060}–\u{2060}")
}

pub(super) fn drawn(plot: &Plot) -> Result<PlotView, ReportError> {
    let draw = |room| plot.chart.render(room).map_err(|source| ReportError::Plot { name: plot.id, source });
    Ok(PlotView {
        id: plot.id,
        heading: plot.heading,
        note: plot.note.clone(),
        terms: terms::of(plot.id),
        wide: draw(Room::Wide)?.inline(&format!("{}-wide", plot.id), "plot wide"),
        narrow: draw(Room::Narrow)?.inline(&format!("{}-narrow", plot.id), "plot narrow"),
    })
}

fn method(inputs: &Inputs<'_>) -> Method {
    Method {
        rounds: inputs.summary.rounds,
        margin: format::percent(inputs.run.margin),
        multiplicity: multiplicity(&inputs.summary.comparisons).to_string(),
        goal: inputs.summary.precision.as_ref().map(wording::precision),
        digits: inputs.run.histogram_digits,
    }
}
