//! An index of a folder of results: what stands in it ([`run_of`], [`tie`]), as a page ([`html`]) and for a terminal ([`text`]). JSON
//! is the index itself.

mod html;
pub mod text;

use std::path::Path;

use crate::report::wording::Tone;
use crate::result::index::{ComparisonCard, Findings, Index, IndexedComparison, IndexedRun, Link, Links};
use crate::result::summary::{Finding, Judged, Summary};
use crate::result::{follow, relative};
use crate::verdict::{headline, is_refuted};
use crate::words::counted;

pub use html::{is_ours, page};

/// A run as the index has it. `dir`: its folder from the one that is indexed; `report`: its page, if there is one.
#[must_use]
pub fn run_of(dir: String, report: Option<String>, summary: &Summary) -> IndexedRun {
    IndexedRun {
        dir,
        report,
        workload: summary.workload.clone(),
        workload_hash: summary.workload_hash.clone(),
        started_at: summary.started_at.clone(),
        headline: headline(summary),
        valid: summary.valid,
        invalid_reasons: summary.invalid_reasons.clone(),
        partial: summary.partial,
        same_answer: summary.same_answer.map(|answers| answers.equal),
        null_target: summary.null_target,
        claims: findings(&summary.claims),
        expectations: findings(&summary.expectations),
        failed_checks: summary.checks.iter().filter(|check| is_refuted(check)).count(),
        regressions: summary.regressions().count(),
        machine: summary.machine.clone(),
        servers: summary.servers.clone(),
        dbbench_version: summary.dbbench_version.clone(),
        comparisons: Vec::new(),
    }
}

fn findings(judged: &[Judged]) -> Findings {
    let count = |finding| judged.iter().filter(|one| one.verdict == finding).count();
    Findings { holds: count(Finding::Holds), refuted: count(Finding::Refuted), undecided: count(Finding::Undecided) }
}

/// Puts comparisons into the index and ties runs to them: each knows the other by its way from the indexed folder. Sorts the
/// runs. `page`: the way to a comparison's page.
pub fn tie(index: &mut Index, comparisons: Vec<(String, ComparisonCard)>) {
    index.runs.sort_by(|a, b| {
        let (named, newest) = (a.workload.cmp(&b.workload), b.started_at.cmp(&a.started_at));
        named.then(newest).then_with(|| a.dir.cmp(&b.dir))
    });
    for (page, mut card) in comparisons {
        let folder = Path::new(&page).parent().unwrap_or(Path::new("")).to_owned();
        for side in &mut card.sides {
            let there = side.runs.iter().filter_map(|way| follow(&folder, way)?.to_str().map(str::to_owned));
            side.runs = there.filter(|dir| index.runs.iter().any(|run| run.dir == *dir)).collect();
            for run in index.runs.iter_mut().filter(|run| side.runs.contains(&run.dir)) {
                if !run.comparisons.contains(&page) {
                    run.comparisons.push(page.clone());
                }
            }
        }
        index.comparisons.push(IndexedComparison { page, card });
    }
}

/// What the page of a run is to link.
#[must_use]
pub fn links_of(index: &Index, run: &IndexedRun) -> Links {
    let link = |page: &String| {
        let comparison = index.comparisons.iter().find(|comparison| comparison.page == *page)?;
        Some(Link { page: relative(Path::new(&run.dir), Path::new(page))?, text: comparison.card.headline.clone() })
    };
    Links { index_version: index.index_version, comparisons: run.comparisons.iter().filter_map(link).collect() }
}

/// The whole folder in one sentence.
fn overview(index: &Index) -> String {
    let runs = &index.runs;
    let mut workloads: Vec<&str> = runs.iter().map(|run| run.workload.as_str()).collect();
    workloads.dedup();
    let mut text = format!("{} of {}", counted(runs.len(), "run"), counted(workloads.len(), "workload"));
    let not_valid = runs.iter().filter(|run| !run.valid).count();
    if not_valid > 0 {
        text.push_str(&format!(", {not_valid} of them not valid"));
    }
    text.push('.');
    let judged = [("Claims", total(runs, |run| run.claims)), ("Expectations", total(runs, |run| run.expectations))];
    for (noun, findings) in judged {
        let all = findings.holds + findings.refuted + findings.undecided;
        if all > 0 {
            text.push_str(&format!(" {noun}: {}.", in_words(findings)));
        }
    }
    if !index.comparisons.is_empty() {
        text.push_str(&format!(" {}.", counted(index.comparisons.len(), "comparison")));
    }
    text
}

fn total(runs: &[IndexedRun], of: impl Fn(&IndexedRun) -> Findings) -> Findings {
    runs.iter().map(of).fold(Findings::default(), |sum, one| Findings {
        holds: sum.holds + one.holds,
        refuted: sum.refuted + one.refuted,
        undecided: sum.undecided + one.undecided,
    })
}

/// `3 hold, 1 refuted, 2 undecided`, without what there is none of.
fn in_words(findings: Findings) -> String {
    parts(findings, "").into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(", ")
}

/// The same in parts with their tones; `noun` stands behind the first count.
fn parts(findings: Findings, noun: &str) -> Vec<(String, Tone)> {
    let Findings { holds, refuted, undecided } = findings;
    let named = |count: usize, word: &str| match noun {
        "" => format!("{count} {word}"),
        noun => format!("{} {word}", counted(count, noun)),
    };
    let hold = if holds == 1 { "holds" } else { "hold" };
    let all = [(holds, hold, Tone::Good), (refuted, "refuted", Tone::Bad), (undecided, "undecided", Tone::Open)];
    all.into_iter().filter(|(count, ..)| *count > 0).map(|(count, word, tone)| (named(count, word), tone)).collect()
}

/// What is to be known of a run before its figures are believed; `valid` where there is nothing.
fn states(run: &IndexedRun) -> Vec<(&'static str, Tone)> {
    let all = [
        (run.same_answer == Some(false), "answers differ", Tone::Bad),
        (!run.valid, "not valid", Tone::Bad),
        (run.partial && run.same_answer != Some(false), "partial", Tone::Open),
        (run.null_target, "no server", Tone::Neutral),
    ];
    let mut states: Vec<_> = all.into_iter().filter(|one| one.0).map(|(_, text, tone)| (text, tone)).collect();
    if run.valid && run.same_answer != Some(false) {
        states.insert(0, ("valid", Tone::Neutral));
    }
    states
}

/// What was found about claims, expectations, checks and sides.
fn found(run: &IndexedRun) -> Vec<(String, Tone)> {
    let mut found = parts(run.claims, "claim");
    found.extend(parts(run.expectations, "expectation"));
    if run.failed_checks > 0 {
        found.push((format!("{} failed", counted(run.failed_checks, "check")), Tone::Bad));
    }
    if run.regressions > 0 {
        found.push((counted(run.regressions, "regression"), Tone::Bad));
    }
    found
}

/// How good what a comparison found is, as on its own page.
fn tone(card: &ComparisonCard) -> Tone {
    if !card.valid || card.regressions > 0 || card.worse > 0 {
        Tone::Bad
    } else if card.undecided > 0 {
        Tone::Open
    } else if card.better > 0 {
        Tone::Good
    } else {
        Tone::Neutral
    }
}

/// The same in a word or two.
fn finding(card: &ComparisonCard) -> &'static str {
    match card {
        ComparisonCard { valid: false, .. } => "not valid",
        ComparisonCard { regressions: 1.., .. } => "regression",
        ComparisonCard { worse: 1.., better: 0, .. } => "worse",
        ComparisonCard { worse: 1.., .. } => "worse and better",
        ComparisonCard { undecided: 1.., .. } => "undecided",
        ComparisonCard { better: 1.., .. } => "better",
        _ => "no difference",
    }
}

/// `2026-11-20 11:02` of an RFC 3339 time; the time itself where it is none.
fn date(started_at: &str) -> String {
    match (started_at.get(..10), started_at.get(10..11), started_at.get(11..16)) {
        (Some(day), Some("T"), Some(minute)) => format!("{day} {minute}"),
        _ => started_at.to_owned(),
    }
}

#[cfg(test)]
mod tests;
