//! An index for a terminal.

use super::{date, finding, found, overview, states};
use crate::report::terminal::{Look, painted, push};
use crate::report::wording::Tone;
use crate::report::wrap::{hanging, harmless, wrapped};
use crate::result::index::{Index, IndexedRun};
use crate::words::counted;

/// Of each workload the newest are shown; the page has all.
const SHOWN: usize = 5;
/// Sentences are this wide at most.
const WIDEST: u16 = 100;

/// The index as text, each line ended.
#[must_use]
pub fn render(index: &Index, look: Look) -> String {
    let mut out = String::new();
    let width = look.width.min(WIDEST);
    for line in wrapped(&overview(index), width) {
        push(&mut out, &painted(&line, Tone::Neutral, look, true));
    }
    for runs in index.runs.chunk_by(|a, b| a.workload == b.workload) {
        push(&mut out, "");
        let name = runs.first().map_or("", |run| run.workload.as_str());
        push(&mut out, &painted(&harmless(name), Tone::Neutral, look, true));
        for run in runs.iter().take(SHOWN) {
            entry(&mut out, run, look);
        }
        if let Some(more) = runs.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            push(&mut out, &format!("  {} in {}", counted(more, "earlier run"), harmless(&index.page)));
        }
    }
    if !index.comparisons.is_empty() {
        push(&mut out, "");
        push(&mut out, &painted("Comparisons", Tone::Neutral, look, true));
    }
    for one in &index.comparisons {
        let state = painted(finding(&one.card), super::tone(&one.card), look, false);
        push(&mut out, &format!("  {}  {state}", harmless(&one.page)));
        hanging("    ", 4, &one.card.headline, width).iter().for_each(|line| push(&mut out, line));
    }
    for one in &index.left_out {
        let text = format!("{}: {}", one.dir, one.reason);
        let prefix = format!("{} ", painted("left out:", Tone::Open, look, true));
        hanging(&prefix, "left out: ".len(), &text, width).iter().for_each(|line| push(&mut out, line));
    }
    out
}

fn entry(out: &mut String, run: &IndexedRun, look: Look) {
    let width = look.width.min(WIDEST);
    push(out, &format!("  {}  {}", harmless(&date(&run.started_at)), harmless(&run.dir)));
    let found = states(run).into_iter().map(|(text, tone)| (text.to_owned(), tone)).chain(found(run));
    let (words, tones): (Vec<String>, Vec<Tone>) = found.unzip();
    // One colour for all of it: the worst.
    let worst = [Tone::Bad, Tone::Open, Tone::Good].into_iter().find(|tone| tones.contains(tone));
    for line in hanging("    ", 4, &words.join(", "), width) {
        push(out, &painted(&line, worst.unwrap_or(Tone::Neutral), look, false));
    }
    hanging("    ", 4, &run.headline, width).iter().for_each(|line| push(out, line));
}
