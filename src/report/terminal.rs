//! The end of a run on a terminal: the verdict, a table of figures, how each variant stands to the baseline, claims,
//! expectations and warnings. Written to fit; what is not measured is a dash, with the reason below where one is known.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::report::wording::{self, PRIMARY, Tone};
use crate::report::wrap::{hanging, harmless, wrapped};
use crate::report::{background, calibration, caveats, checks, format, recorded};
use crate::result::summary::{Comparison, Figures, Judged, Summary, Variant};
use crate::verdict::{headline, is_refuted};

/// How the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns; 80 when not known.
    pub width: u16,
    /// Whether in colours.
    pub color: bool,
}

/// From so many columns on the ratio stands in the table of figures.
const WIDE: u16 = 120;
/// Columns that failures take.
const FAILURES: u16 = 16;

/// Whether the ratio has room in the table of figures.
fn is_wide(summary: &Summary, look: Look) -> bool {
    look.width >= WIDE + if caveats::anything_failed(summary) { FAILURES } else { 0 }
}

/// The report as text, each line ended.
#[must_use]
pub fn render(summary: &Summary, look: Look) -> String {
    let mut out = String::new();
    let tone = wording::tone(summary);
    for line in wrapped(&headline(summary), look.width.min(100)) {
        push(&mut out, &painted(&line, tone, look, true));
    }
    // Nothing was timed then: tables of dashes would only hide that.
    if summary.same_answer.is_some_and(|answers| !answers.equal) {
        return out;
    }
    push(&mut out, "");
    push(&mut out, &figures(summary, look));
    footnotes(&mut out, summary, look);
    if !is_wide(summary, look) {
        comparisons(&mut out, summary, look);
    }
    judged(&mut out, summary, "claims", &summary.claims, look);
    judged(&mut out, summary, "expectations", &summary.expectations, look);
    for line in background::lines(summary) {
        listed(&mut out, "background:", "background:", &line, look);
    }
    for check in summary.checks.iter().filter(|check| is_refuted(check)) {
        let text = format!("check {}", checks::in_words(check));
        listed(&mut out, &painted("failed:", Tone::Bad, look, true), "failed:", &text, look);
    }
    if let Some(passed) = checks::passed(summary) {
        for line in wrapped(&passed, look.width.min(100)) {
            push(&mut out, &line);
        }
    }
    if let Some(answers) = summary.same_answer.filter(|answers| answers.equal) {
        push(&mut out, &wording::same_answers(answers));
    }
    for line in calibration::quoted(summary).iter().flat_map(|quoted| wrapped(&capital(quoted), look.width.min(100))) {
        push(&mut out, &line);
    }
    left_out(&mut out, summary, look);
    for reason in &summary.invalid_reasons {
        listed(&mut out, &painted("not valid:", Tone::Bad, look, true), "not valid:", reason, look);
    }
    for warning in &summary.warnings {
        listed(&mut out, &painted("warning:", Tone::Open, look, true), "warning:", warning, look);
    }
    out
}

/// As a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Rounds that no figure contains, and why; the page lists all of them.
fn left_out(out: &mut String, summary: &Summary, look: Look) {
    const SHOWN: usize = 5;
    for slice in summary.left_out.iter().take(SHOWN) {
        let text = format!("round {} of {}: {}", slice.round, slice.variant, slice.reason);
        listed(out, &painted("left out:", Tone::Open, look, true), "left out:", &text, look);
    }
    if let Some(more) = summary.left_out.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        listed(out, &painted("left out:", Tone::Open, look, true), "left out:", &format!("{more} more"), look);
    }
}

pub(super) fn push(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A table of rules only, without a frame.
pub(super) fn table() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Below so many columns the failures take the place of p95.
const ROOM_FOR_ALL: u16 = 100;

fn figures(summary: &Summary, look: Look) -> String {
    let mut table = table();
    let failed = caveats::anything_failed(summary);
    let p95 = !failed || look.width >= ROOM_FOR_ALL;
    let mut header = vec!["variant", "op/s"];
    header.extend(failed.then_some("failed"));
    header.push("p50");
    header.extend(p95.then_some("p95"));
    header.extend(["p99", "max", "stmt/op"]);
    // Figures stand at the right, words at the left.
    let figures = 1..header.len();
    if is_wide(summary, look) {
        header.extend(["response p50", "verdict"]);
    }
    let aligned = |(column, text): (usize, &str)| {
        let side = if figures.contains(&column) { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(text).set_alignment(side)
    };
    table.set_header(header.iter().copied().enumerate().map(aligned));
    let names = usize::from(look.width.saturating_sub(if failed { 68 } else { 64 })).clamp(12, 40);
    for variant in &summary.variants {
        let mix = &variant.mix;
        let times = &mix.response_us;
        let mut row = vec![name(summary, variant, names), format::optional(mix.goodput_per_s)];
        row.extend(failed.then(|| cut(&harmless(&caveats::failed(mix)), if p95 { 24 } else { 13 })));
        row.push(format::optional_time_us(times.p50));
        row.extend(p95.then(|| format::optional_time_us(times.p95)));
        row.extend([times.p99, times.max].map(format::optional_time_us));
        row.push(mix.statements_per_operation.map_or_else(|| format::ABSENT.to_owned(), format::trimmed));
        if is_wide(summary, look) {
            let comparison = summary.comparison(&variant.name, PRIMARY);
            row.push(comparison.map_or_else(String::new, |comparison| harmless(&wording::ratio_in_words(comparison))));
            row.push(comparison.map_or_else(String::new, |comparison| wording::verdict(comparison).0));
        }
        table.add_row(row.iter().map(String::as_str).enumerate().map(aligned));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// At most so many letters of a text.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// The name of a variant with its marks, in at most `width` letters.
fn name(summary: &Summary, variant: &Variant, width: usize) -> String {
    let baseline = if summary.is_the_baseline(variant) { " *" } else { "" };
    let valid = if caveats::has_too_few_rounds(summary, variant) { " !" } else { "" };
    let name = cut(&harmless(&wording::variant_name(variant)), width - baseline.len() - valid.len());
    format!("{name}{baseline}{valid}")
}

/// What the marks and dashes of the table mean.
fn footnotes(out: &mut String, summary: &Summary, look: Look) {
    let mut notes = Vec::new();
    if summary.variants.iter().any(|variant| summary.is_the_baseline(variant)) {
        notes.push("* baseline".to_owned());
    }
    if summary.variants.iter().any(|variant| caveats::has_too_few_rounds(summary, variant)) {
        notes.push("! too few valid rounds".to_owned());
    }
    notes.extend(summary.variants.iter().filter_map(absence));
    notes.extend(recorded::sentences(summary));
    if is_wide(summary, look) {
        notes.extend(about_verdicts(summary));
    }
    notes.iter().for_each(|note| footnote(out, note, look));
    push(out, "");
}

/// What to know of ratios and verdicts, where they stand.
pub(super) fn about_verdicts(summary: &Summary) -> impl Iterator<Item = String> {
    let about = caveats::without_server(summary).into_iter().chain(wording::about_ratios(summary));
    caveats::without_verdict(summary).chain(about.map(str::to_owned))
}

pub(super) fn footnote(out: &mut String, note: &str, look: Look) {
    for line in wrapped(note, look.width.saturating_sub(2)) {
        push(out, &format!("  {line}"));
    }
}

/// Why a figure of a variant is a dash, or that the figures are not of all operations that were planned.
pub(super) fn absence(variant: &Variant) -> Option<String> {
    let mix = &variant.mix;
    let times = &mix.response_us;
    let missing: Vec<&str> = [("p50", times.p50), ("p95", times.p95), ("p99", times.p99)]
        .iter()
        .filter(|f| f.1.is_none())
        .map(|f| f.0)
        .collect();
    let name = wording::variant_name(variant);
    if missing.is_empty() {
        let (unstarted, planned) = (format::count(mix.unstarted), format::count(mix.planned));
        return (mix.unstarted > 0).then(|| format!("{name}: {unstarted} of {planned} operations never started"));
    }
    let which = missing.join(", ");
    if variant.rounds.is_empty() {
        return Some(format!("{name}: no slice of it was closed"));
    }
    if mix.succeeded == 0 && !variant.valid {
        return Some(format!("{name}: no round is valid, so that none is part of the figures"));
    }
    if mix.succeeded == 0 {
        return Some(format!("{name}: no operation succeeded"));
    }
    if let Some((_, bound)) = missing.iter().find_map(|key| times.not_below.get_key_value(*key)) {
        let bound = format::time_us(*bound);
        return Some(format!("{name}: {which} not reached, at least {bound}: {}", unseen(mix)));
    }
    if mix.censored > 0.0 {
        // Those may well have been slower.
        return Some(format!("{name}: {which} not stated, {}, and fewer than ten were seen to be slower", unseen(mix)));
    }
    Some(format!("{name}: {which} not stated, fewer than ten operations were slower"))
}

/// Of which operations the end was not seen.
fn unseen(mix: &Figures) -> String {
    let share = format::percent(mix.censored);
    if mix.unstarted == 0 {
        return format!("the end of {share} of the operations was not seen");
    }
    let of_planned = |count: f64| format::percent(count / mix.planned.max(1) as f64);
    let unstarted = mix.unstarted as f64;
    let never = format!("{} of the operations never started", of_planned(unstarted));
    let cut_off = mix.censored * mix.planned as f64 - unstarted;
    if cut_off < 0.5 { never } else { format!("{never}, and the end of {} was not seen", of_planned(cut_off)) }
}

/// How each variant stands to the baseline: a table, or sentences where long names leave no room for one.
fn comparisons(out: &mut String, summary: &Summary, look: Look) {
    let shown: Vec<&Comparison> =
        summary.variants.iter().filter_map(|variant| summary.comparison(&variant.name, PRIMARY)).collect();
    if shown.is_empty() {
        return;
    }
    let mut table = table();
    table.set_header(["variant", "response p50", "verdict"]);
    for comparison in &shown {
        let row = [comparison.variant.clone(), wording::ratio_in_words(comparison), wording::verdict(comparison).0];
        table.add_row(row.map(|text| harmless(&text)));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    if lines.iter().all(|line| line.chars().count() <= usize::from(look.width)) {
        push(out, &lines.join("\n"));
    } else {
        for comparison in &shown {
            let ratio = wording::ratio_in_words(comparison);
            let text = format!("{}: response p50 {ratio} · {}", comparison.variant, wording::verdict(comparison).0);
            listed(out, " ", "", &text, look);
        }
    }
    about_verdicts(summary).for_each(|note| footnote(out, &note, look));
    push(out, "");
}

fn judged(out: &mut String, summary: &Summary, heading: &str, all: &[Judged], look: Look) {
    if all.is_empty() {
        return;
    }
    push(out, &painted(heading, Tone::Neutral, look, true));
    for judged in all {
        let (word, tone) = wording::finding(judged.verdict);
        listed(
            out,
            &format!("  {}", painted(&format!("{word:<9}"), tone, look, false)),
            &format!("  {word:<9}"),
            &judged.claim,
            look,
        );
        let detail = format!("{} ({})", wording::observed(summary, judged), wording::required(judged));
        listed(out, &" ".repeat(11), &" ".repeat(11), &detail, look);
    }
    push(out, "");
}

/// `text` after a prefix, further lines indented as far. `plain` is the prefix as wide as it looks.
pub(super) fn listed(out: &mut String, prefix: &str, plain: &str, text: &str, look: Look) {
    for line in hanging(&format!("{prefix} "), plain.chars().count() + 1, text, look.width) {
        push(out, &line);
    }
}

pub(super) fn painted(text: &str, tone: Tone, look: Look, bold: bool) -> String {
    if !look.color {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Good => "32",
        Tone::Bad => "31",
        Tone::Open => "33",
        Tone::Neutral => "0",
    };
    let bold = if bold { "1;" } else { "" };
    format!("\u{1b}[{bold}{code}m{text}\u{1b}[0m")
}
