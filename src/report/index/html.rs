//! An index as one page that needs nothing else: every run with its finding, newest first, and a way to its own page.

use serde::Serialize;

use super::{date, finding, found, overview, states, tone};
use crate::report::ReportError;
use crate::report::html::{Page, simple};
use crate::report::live;
use crate::report::view::{Badge, Fact, unbroken};
use crate::report::wording::Tone;
use crate::result::as_address;
use crate::result::index::{Index, IndexedComparison, IndexedRun};
use crate::words::{counted, ending};

const TEMPLATE: &str = include_str!("../assets/index.html");
/// What an index begins with, so that a page of somebody else is not written over.
const MARK: &str = "<meta name=\"generator\" content=\"dbbench index\">";
/// The newest of a workload stand open.
const OPEN: usize = 5;
/// Sentences are cut here, so that the page of a thousand runs stays small; the run's own page has them whole.
const LETTERS: usize = 360;
/// Runs of a side that a comparison names; its own page has all.
const MOST_LINKS: usize = 5;

#[derive(Debug, Serialize)]
struct View {
    title: String,
    about: Option<String>,
    facts: Vec<Fact>,
    verdict: Badge,
    left_out: Vec<String>,
    groups: Vec<Group>,
    comparisons: Vec<ComparisonView>,
    version: String,
}

#[derive(Debug, Serialize)]
struct Group {
    id: String,
    workload: String,
    about: String,
    latest: Vec<Row>,
    earlier: Vec<Row>,
    earlier_title: String,
}

#[derive(Debug, Serialize)]
struct Row {
    started_at: String,
    date: String,
    states: Vec<Badge>,
    href: Option<String>,
    name: String,
    headline: String,
    findings: Vec<Badge>,
    #[serde(rename = "where")]
    place: String,
    comparisons: Vec<LinkView>,
}

#[derive(Debug, Serialize)]
struct LinkView {
    href: String,
    page: String,
    finding: Badge,
}

#[derive(Debug, Serialize)]
struct ComparisonView {
    href: String,
    page: String,
    state: Badge,
    headline: String,
    sides: Vec<SideView>,
}

#[derive(Debug, Serialize)]
struct SideView {
    label: String,
    name: String,
    runs: Vec<RunLink>,
    more: usize,
}

#[derive(Debug, Serialize)]
struct RunLink {
    href: Option<String>,
    name: String,
}

/// The page as text. `title`: the name of the folder.
///
/// # Errors
/// When the template is broken, which no result can cause.
pub fn page(index: &Index, title: &str) -> Result<String, ReportError> {
    let view = View {
        title: title.to_owned(),
        about: None,
        facts: facts(index),
        verdict: Badge::new(overview(index), Tone::Neutral),
        left_out: index.left_out.iter().map(|one| format!("{}: {}", one.dir, one.reason)).collect(),
        groups: groups(index),
        comparisons: index.comparisons.iter().map(|one| comparison(index, one)).collect(),
        version: index.dbbench_version.clone(),
    };
    simple(TEMPLATE, &Page { kind: "index", script: Some(live::index_script()), data: None }, &view)
}

/// Whether a page was written as an index before, so that it may be written anew.
#[must_use]
pub fn is_ours(page: &[u8]) -> bool {
    page.windows(MARK.len()).any(|part| part == MARK.as_bytes())
}

fn facts(index: &Index) -> Vec<Fact> {
    let times = || index.runs.iter().map(|run| run.started_at.as_str());
    let mut facts = Vec::new();
    if let (Some(first), Some(last)) = (times().min(), times().max()) {
        facts.push(Fact::new("First run", date(first)));
        facts.push(Fact::new("Last run", date(last)));
    }
    let mut machines: Vec<&str> = index.runs.iter().map(|run| run.machine.as_str()).collect();
    machines.sort_unstable();
    machines.dedup();
    match machines.as_slice() {
        [] => {}
        [one] => facts.push(Fact::new("Machine", *one)),
        several => facts.push(Fact::new("Machines", several.len().to_string())),
    }
    facts
}

fn groups(index: &Index) -> Vec<Group> {
    // The only machine stands above all runs.
    let machine = index
        .runs
        .first()
        .map(|run| run.machine.as_str())
        .filter(|one| index.runs.iter().all(|run| run.machine == *one));
    let by_workload = index.runs.chunk_by(|a, b| a.workload == b.workload);
    let group = |(at, runs): (usize, &[IndexedRun])| {
        let mut rows: Vec<Row> = runs.iter().map(|run| row(index, run, machine.is_none())).collect();
        let earlier = rows.split_off(rows.len().min(OPEN));
        let mut hashes: Vec<&str> = runs.iter().map(|run| run.workload_hash.as_str()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let forms = match hashes.len() {
            0 | 1 => String::new(),
            n => format!(" of {n} versions of the workload"),
        };
        Group {
            id: format!("w{at}"),
            workload: runs.first().map(|run| run.workload.clone()).unwrap_or_default(),
            about: format!(
                "{}{forms}{}.",
                counted(runs.len(), "run"),
                if runs.len() > 1 { ", the newest first" } else { "" }
            ),
            latest: rows,
            earlier_title: format!("{} earlier run{}", earlier.len(), ending(&earlier.len())),
            earlier,
        }
    };
    by_workload.enumerate().map(group).collect()
}

fn row(index: &Index, run: &IndexedRun, with_machine: bool) -> Row {
    let comparison = |page: &String| {
        let found = index.comparisons.iter().find(|one| one.page == *page)?;
        let finding = Badge::new(finding(&found.card), tone(&found.card));
        Some(LinkView { href: as_address(page), page: page.clone(), finding })
    };
    let place = [if with_machine { run.machine.clone() } else { String::new() }, run.servers.join(", ")];
    Row {
        started_at: run.started_at.clone(),
        date: date(&run.started_at),
        states: states(run).into_iter().map(|(text, tone)| Badge::new(text, tone)).collect(),
        href: run.report.as_deref().map(as_address),
        name: run.dir.clone(),
        headline: cut(&unbroken(&run.headline)),
        findings: found(run).into_iter().map(|(text, tone)| Badge::new(text, tone)).collect(),
        place: place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
        comparisons: run.comparisons.iter().filter_map(comparison).collect(),
    }
}

fn comparison(index: &Index, one: &IndexedComparison) -> ComparisonView {
    let link = |dir: &String| {
        let run = index.runs.iter().find(|run| run.dir == *dir);
        RunLink { href: run.and_then(|run| run.report.as_deref()).map(as_address), name: dir.clone() }
    };
    let side = |side: &crate::result::index::CardSide| SideView {
        label: side.label.clone(),
        name: side.name.clone(),
        runs: side.runs.iter().take(MOST_LINKS).map(link).collect(),
        more: side.runs.len().saturating_sub(MOST_LINKS),
    };
    ComparisonView {
        href: as_address(&one.page),
        page: one.page.clone(),
        state: Badge::new(finding(&one.card), tone(&one.card)),
        headline: unbroken(&one.card.headline),
        sides: one.card.sides.iter().map(side).collect(),
    }
}

/// Cut at a blank, if need be.
fn cut(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(LETTERS) else { return text.to_owned() };
    let kept = &text[..end];
    format!("{} …", kept.rsplit_once(' ').map_or(kept, |(head, _)| head))
}
