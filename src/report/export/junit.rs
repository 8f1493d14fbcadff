//! What was judged as JUnit XML, as continuous integration reads it: validity, answers, expectations, checks and sides are test cases;
//! claims are findings, so one that does not hold is skipped, never failed.

use std::fmt::Write as _;

use super::{answers_differ, detail, is_refuted};
use crate::report::{checks, format, gate, wording};
use crate::result::summary::{Finding, Judged, Summary, Verdict};
use crate::verdict;

/// How a case ended.
enum End {
    Passed,
    /// With what an element of this name says.
    Otherwise(&'static str, String),
}

struct Case {
    class: &'static str,
    name: String,
    end: End,
    /// What was found, for who looks closer.
    output: String,
}

/// The document. `strict`: an undecided expectation has failed, and an undecided comparison of sides.
#[must_use]
pub fn render(summary: &Summary, strict: bool) -> String {
    let cases = cases(summary, strict);
    let count = |wanted: &str| {
        cases.iter().filter(|case| matches!(&case.end, End::Otherwise(element, _) if *element == wanted)).count()
    };
    let (failures, errors, skipped) = (count("failure"), count("error"), count("skipped"));
    let workload = attribute(&summary.workload);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"", cases.len());
    let _ = writeln!(out, "<testsuites name=\"dbbench\" {counts}>");
    let _ = writeln!(
        out,
        "  <testsuite name=\"{workload}\" {counts} timestamp=\"{}\" hostname=\"{}\">",
        attribute(&summary.started_at.chars().take(19).collect::<String>()),
        attribute(&summary.machine)
    );
    out.push_str("    <properties>\n");
    let properties = [
        ("workload_hash", summary.workload_hash.clone()),
        ("dbbench_version", summary.dbbench_version.clone()),
        ("seed", summary.seed.to_string()),
        ("headline", verdict::headline(summary)),
    ];
    for (name, value) in properties {
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", attribute(&value));
    }
    out.push_str("    </properties>\n");
    cases.iter().for_each(|case| case.write(&mut out, &summary.workload));
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn cases(summary: &Summary, strict: bool) -> Vec<Case> {
    let mut cases = vec![Case {
        class: "validity",
        name: "the figures may be relied on".to_owned(),
        end: if summary.valid { End::Passed } else { End::Otherwise("error", summary.invalid_reasons.join("\n")) },
        output: String::new(),
    }];
    if let Some(answers) = summary.same_answer {
        cases.push(Case {
            class: "answers",
            name: "all variants give the same answers".to_owned(),
            end: if answers_differ(summary) {
                End::Otherwise("failure", verdict::headline(summary))
            } else {
                End::Passed
            },
            output: format!("{} draws", format::count(answers.draws.into())),
        });
    }
    cases.extend(summary.expectations.iter().map(|judged| Case {
        class: "expectations",
        name: name(judged),
        end: match (judged.verdict, is_refuted(judged, strict)) {
            (Finding::Holds, _) => End::Passed,
            (Finding::Undecided, false) => End::Otherwise("skipped", format!("undecided: {}", detail(summary, judged))),
            (Finding::Undecided, true) => End::Otherwise("failure", format!("undecided: {}", detail(summary, judged))),
            (Finding::Refuted, _) => End::Otherwise("failure", format!("refuted: {}", detail(summary, judged))),
        },
        output: detail(summary, judged),
    }));
    cases.extend(summary.claims.iter().map(|judged| {
        let found = match judged.verdict {
            Finding::Holds => None,
            Finding::Refuted => Some("refuted"),
            Finding::Undecided => Some("undecided"),
        };
        Case {
            class: "claims",
            name: name(judged),
            end: match found {
                None => End::Passed,
                Some(found) => {
                    End::Otherwise("skipped", format!("{found}, a finding and no gate: {}", detail(summary, judged)))
                }
            },
            output: detail(summary, judged),
        }
    }));
    cases.extend(summary.checks.iter().map(|check| Case {
        class: "checks",
        name: format!("{} in {}", check.name, check.variant),
        end: match (check.passed, verdict::is_refuted(check)) {
            (true, _) => End::Passed,
            (false, true) => End::Otherwise("failure", checks::in_words(check)),
            (false, false) => End::Otherwise("skipped", format!("a finding and no gate: {}", checks::in_words(check))),
        },
        output: checks::in_words(check),
    }));
    cases.extend(between_sides(summary, strict));
    cases
}

/// Sides of which nobody asked that one be no worse are no test.
fn between_sides(summary: &Summary, strict: bool) -> Vec<Case> {
    let is_gate = strict || summary.sides.as_ref().is_some_and(|sides| sides.fail_above.is_some());
    let case = |comparison| {
        let undecided = || format!("undecided: {}", gate::undecided(comparison));
        Case {
            class: "sides",
            name: gate::subject(comparison),
            end: match comparison.verdict {
                _ if comparison.regression => End::Otherwise("failure", gate::regression(summary, comparison)),
                Verdict::Undecided if strict => End::Otherwise("failure", undecided()),
                Verdict::Undecided => End::Otherwise("skipped", undecided()),
                _ => End::Passed,
            },
            output: wording::ratio_in_words(comparison),
        }
    };
    verdict::gates(summary).filter(|_| is_gate).map(case).collect()
}

/// The sentence with what it is about: several may have the same words.
fn name(judged: &Judged) -> String {
    format!("{} ({} of {})", judged.claim, judged.metric, judged.variant)
}

impl Case {
    fn write(&self, out: &mut String, workload: &str) {
        let class = attribute(&format!("{workload}.{}", self.class));
        let _ = writeln!(out, "    <testcase classname=\"{class}\" name=\"{}\">", attribute(&self.name));
        if let End::Otherwise(element, text) = &self.end {
            let first = text.lines().next().unwrap_or_default();
            let _ = writeln!(out, "      <{element} message=\"{}\">{}</{element}>", attribute(first), content(text));
        }
        if !self.output.is_empty() {
            let _ = writeln!(out, "      <system-out>{}</system-out>", content(&self.output));
        }
        out.push_str("    </testcase>\n");
    }
}

/// Text between elements. XML 1.0 knows no control characters but tab and line ends, not even escaped.
fn content(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The same within quotes, where line ends would become blanks.
fn attribute(text: &str) -> String {
    content(text).replace('\n', "&#10;").replace('\t', "&#9;")
}
