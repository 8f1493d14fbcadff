//! What speaks against a run as workflow commands of GitHub Actions, which show them beside the changes of a pull request.

use super::{answers_differ, detail, is_refuted};
use crate::report::{checks, gate};
use crate::result::summary::{Finding, Summary};
use crate::verdict;

/// GitHub shows so many of a kind for each step.
const SHOWN: usize = 10;

/// What stands in front: how grave it is, and what it is called.
type Annotation = (&'static str, &'static str, String);

/// The commands, one on a line; none where all is well. `file`: the workload file, as seen from the root of the repository.
#[must_use]
pub fn render(summary: &Summary, file: &str, strict: bool) -> String {
    let all = annotations(summary, strict);
    let mut out = String::new();
    for level in ["error", "warning"] {
        let of_level: Vec<&Annotation> = all.iter().filter(|one| one.0 == level).collect();
        // The last of those that are shown says that there are more.
        let room = if of_level.len() > SHOWN { SHOWN - 1 } else { SHOWN };
        for (_, title, text) in of_level.iter().take(room) {
            out.push_str(&command(level, file, &format!("{}: {title}", summary.workload), text));
        }
        if let Some(more) = of_level.len().checked_sub(room).filter(|more| *more > 0) {
            let text = format!("{more} more {level}s; the report has them all");
            out.push_str(&command(level, file, &format!("{}: and more", summary.workload), &text));
        }
    }
    out
}

fn annotations(summary: &Summary, strict: bool) -> Vec<Annotation> {
    let mut all: Vec<Annotation> = Vec::new();
    if answers_differ(summary) {
        all.push(("error", "answers differ", verdict::headline(summary)));
    }
    all.extend(summary.invalid_reasons.iter().map(|reason| ("error", "not valid", reason.clone())));
    for judged in summary.expectations.iter().filter(|judged| judged.verdict != Finding::Holds) {
        let title = if judged.verdict == Finding::Refuted { "expectation refuted" } else { "expectation undecided" };
        let level = if is_refuted(judged, strict) { "error" } else { "warning" };
        all.push((level, title, format!("{}: {}", judged.claim, detail(summary, judged))));
    }
    let failed = summary.checks.iter().filter(|check| verdict::is_refuted(check));
    all.extend(failed.map(|check| ("error", "check failed", checks::in_words(check))));
    all.extend(summary.regressions().map(|one| ("error", "regression", gate::regression(summary, one))));
    if strict {
        all.extend(verdict::undecided_gates(summary).map(|one| ("error", "undecided", gate::undecided(one))));
    }
    all
}

/// `::error file=…,title=…::text`.
fn command(level: &str, file: &str, title: &str, text: &str) -> String {
    let file = if file.is_empty() { String::new() } else { format!("file={},", property(file)) };
    format!("::{level} {file}title={}::{}\n", property(title), message(text))
}

/// Text that is nothing but text: a line end would end the command.
fn message(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r')).collect();
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same before the second `::`.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
