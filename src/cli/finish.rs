//! The end of a run, and the whole of `dbbench report`: a result folder becomes a summary and a page, and is shown.

use std::io::Write as _;
use std::path::Path;

use super::args::Format;
use super::failure::Failure;
use crate::report;
use crate::result::summary::{Finding, Summary};
use crate::result::{self, Reader};
use crate::verdict;
use crate::words::ExitCode;

/// Summarizes and judges what stands in the folder, and writes `summary.json`, `report.html` and the plots.
///
/// # Errors
/// When the folder is no result, or cannot be read or written.
pub fn finish(dir: &Path) -> Result<Summary, Failure> {
    let failed = |error: &(dyn std::error::Error + 'static)| Failure::failed(error);
    let reader = Reader::open(dir).map_err(|error| failed(&error))?;
    let summary = verdict::summarize(&reader).map_err(|error| failed(&error))?;
    result::write_summary(dir, &summary).map_err(|error| failed(&error))?;
    let histograms = reader.histograms().map_err(|error| failed(&error))?;
    let intervals = reader.intervals().map_err(|error| failed(&error))?;
    let slowest = reader.slowest().map_err(|error| failed(&error))?;
    let plans = reader.plans().map_err(|error| failed(&error))?;
    let links = result::read_links(dir);
    let curves = report::ResponseCurve::of(&summary, &histograms);
    let inputs = report::Inputs {
        run: &reader.run,
        summary: &summary,
        slices: &reader.slices,
        intervals: &intervals,
        curves: &curves,
        slowest: &slowest,
        plans: plans.as_ref(),
        links: &links,
    };
    for file in report::files(&inputs).map_err(|error| failed(&error))? {
        result::write_file(dir, &file.name, &file.content).map_err(|error| failed(&error))?;
    }
    Ok(summary)
}

/// How the end is shown.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// What stdout gets.
    pub format: Format,
    /// No table.
    pub quiet: bool,
    /// Colours in the table.
    pub color: bool,
}

impl Output {
    /// The table to stderr and the folder as the last line of stdout, or `summary.json` alone to stdout.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn print(self, summary: &Summary) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        let written = match self.format {
            Format::Json => {
                let text = serde_json::to_string_pretty(summary).map_err(|error| Failure::failed(&error))?;
                writeln!(stdout, "{text}")
            }
            Format::Text => {
                if !self.quiet {
                    let look = report::terminal::Look { width: width(), color: self.color };
                    anstream::eprintln!("{}", report::terminal::render(summary, look).trim_end());
                }
                writeln!(stdout, "{}", summary.dir)
            }
        };
        match written {
            // Whoever reads stdout has what he wanted (`| head -1`).
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::text(ExitCode::Failed, format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// What a measured run's exit code rests on, a line each: whoever sees the code in a log, also of a quiet run, reads why.
pub fn explain(summary: &Summary, strict: bool, output: Output) -> String {
    let mut lines = String::new();
    // Otherwise the table has said it.
    let without_table = output.quiet || output.format == Format::Json;
    if without_table {
        summary.warnings.iter().for_each(|warning| lines.push_str(&format!("warning: {warning}\n")));
        summary.invalid_reasons.iter().for_each(|reason| lines.push_str(&format!("error: not valid: {reason}\n")));
    }
    for judged in &summary.expectations {
        let (weight, finding) = match judged.verdict {
            Finding::Holds => continue,
            Finding::Refuted => ("error", "refuted"),
            Finding::Undecided if strict => ("error", "undecided"),
            Finding::Undecided => ("warning", "undecided"),
        };
        let (claim, metric, variant, required) = (&judged.claim, &judged.metric, &judged.variant, &judged.required);
        let why = judged.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let text = format!("{weight}: expectation {finding}: {claim} ({metric} of {variant}, {required}){why}\n");
        lines.push_str(&text);
    }
    for one in summary.regressions() {
        lines.push_str(&format!("error: regression: {}\n", report::gate::regression(summary, one)));
    }
    for one in verdict::undecided_gates(summary).filter(|_| strict) {
        lines.push_str(&format!("error: undecided: {}\n", report::gate::undecided(one)));
    }
    for check in summary.checks.iter().filter(|check| verdict::is_refuted(check)) {
        lines.push_str(&format!("error: check failed: {}\n", report::checks::in_words(check)));
    }
    lines
}

/// Columns of the terminal on stderr; 100 where there is none.
pub(super) fn width() -> u16 {
    const ELSEWHERE: u16 = 100;
    rustix::termios::tcgetwinsize(std::io::stderr()).map_or(ELSEWHERE, |size| match size.ws_col {
        0 => ELSEWHERE,
        columns => columns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sides::Sides;
    use crate::result::summary::{Comparison, Variant};

    /// What is undecided ends a strict run with exit code 3: whoever sees that code in a log reads why.
    #[test]
    fn a_strict_run_says_which_sides_are_undecided() {
        let variant = |name: &str, against: Option<&str>| Variant {
            name: name.to_owned(),
            against: against.map(str::to_owned),
            ..Variant::default()
        };
        let summary = Summary {
            valid: true,
            variants: vec![variant("join@a", None), variant("join@b", Some("join@a"))],
            comparisons: vec![Comparison {
                variant: "join@b".to_owned(),
                baseline: "join@a".to_owned(),
                metric: "response_us.p99".to_owned(),
                reason: Some("2 rounds are too few".to_owned()),
                ..Comparison::default()
            }],
            sides: Some(Sides::default()),
            ..Summary::default()
        };
        let output = Output { format: Format::Json, quiet: true, color: false };
        assert_eq!(
            explain(&summary, true, output),
            "error: undecided: response p99 of join on side b: –; 2 rounds are too few\n"
        );
        assert_eq!(
            (explain(&summary, false, output), verdict::exit_code(&summary, true)),
            (String::new(), ExitCode::Refuted)
        );
    }
}
