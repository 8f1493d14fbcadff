//! What the figures say: comparisons with their verdicts, findings about claims and expectations, validity, the exit code
//! that follows, and the one sentence above everything.
//!
//! Works on result types alone, so that a report built from a folder says the same as the run that made it.

pub mod between;
mod checks;
mod compare;
mod failed;
mod figure;
mod generator;
mod headline;
pub mod history;
mod judgement;
mod look;
mod missing;
mod ratio;
mod settled;
mod sides;
mod tables;
mod times;
mod validity;
mod worth_knowing;

pub use checks::is_refuted;
pub use compare::{Multiplicity, multiplicity, multiplicity_of};
pub use figure::{Scope, figure};
pub use generator::judge_slice;
pub use headline::{headline, in_what_sides_differ};
pub use look::{format_half_width, is_reached, never_judged, widest};
pub use ratio::{format_detectable, format_figure, format_interval, format_ratio, grouped, percent, round_to, trimmed};
pub use sides::{gates, undecided_gates};
pub use times::{duration_s, time_us};
pub use validity::Validity;

use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;
use crate::result::summary::{Comparison, Finding, Judged, Summary};
use crate::result::{ReadError, Reader};
use crate::words::ExitCode;

/// What follows from the slices of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts {
    /// Each variant against the baseline, then what claims and expectations name beyond that.
    pub comparisons: Vec<Comparison>,
    /// In the order of the file.
    pub claims: Vec<Judged>,
    /// In the order of the file.
    pub expectations: Vec<Judged>,
    /// Whether the figures may be relied on.
    pub validity: Validity,
}

/// Judges a run by its slices.
#[must_use]
pub fn judge(run: &RunRecord, slices: &[SliceRecord]) -> Verdicts {
    let judge_all = |judgements: &[crate::result::run::Judgement]| {
        judgements.iter().map(|judgement| judgement::judge(run, slices, judgement)).collect()
    };
    Verdicts {
        comparisons: compare::comparisons(run, slices),
        claims: judge_all(&run.claims),
        expectations: judge_all(&run.expectations),
        validity: Validity::of(run, slices),
    }
}

/// The whole summary of a result folder, judged: what `summary.json` holds, of a run that just ended as of one that a
/// crash cut off.
///
/// # Errors
/// When the histograms or the intervals are there but cannot be read.
pub fn summarize(reader: &Reader) -> Result<Summary, ReadError> {
    let histograms = reader.histograms()?;
    let mut summary = crate::result::summarize(&reader.run, &reader.slices, &histograms, &reader.dir);
    summary.warnings.extend(reader.notes.iter().cloned());
    if summary.variants.iter().any(|variant| variant.mix.failed > 0) {
        failed::name_failures(&mut summary, &reader.errors()?, &reader.slices);
    }
    let verdicts = judge(&reader.run, &reader.slices);
    summary.comparisons = verdicts.comparisons;
    summary.claims = verdicts.claims;
    summary.expectations = verdicts.expectations;
    summary.checks = checks::checks(&reader.run, &reader.slices);
    summary.valid = verdicts.validity.reasons.is_empty();
    summary.invalid_reasons = verdicts.validity.reasons;
    sides::note(&mut summary, &reader.run, &reader.slices);
    look::note_goal(&mut summary, &reader.run, &reader.slices);
    for variant in &mut summary.variants {
        variant.valid &= !verdicts.validity.variants.contains(&variant.name);
    }
    let worth_knowing = worth_knowing::warnings(&reader.run, &reader.slices, &summary);
    summary.warnings.extend(worth_knowing);
    let apart = tables::apart(&reader.run, &summary);
    summary.warnings.extend(apart);
    summary.warnings.extend(settled::unsettled(&reader.run, &reader.slices, &reader.intervals()?));
    Ok(summary)
}

/// What the summary adds to the exit code. `strict`: an undecided expectation counts as refuted, and an undecided comparison of
/// sides as a regression.
#[must_use]
pub fn exit_code(summary: &Summary, strict: bool) -> ExitCode {
    let refuted = |judged: &Judged| match judged.verdict {
        Finding::Holds => false,
        Finding::Refuted => true,
        Finding::Undecided => strict,
    };
    let mut code = ExitCode::Done;
    if summary.same_answer.is_some_and(|answers| !answers.equal) {
        code = code.precedence(ExitCode::AnswersDiffer);
    }
    if !summary.valid {
        code = code.precedence(ExitCode::NotValid);
    }
    let worse = summary.regressions().next().is_some() || (strict && undecided_gates(summary).next().is_some());
    if worse || summary.expectations.iter().any(refuted) || summary.checks.iter().any(checks::is_refuted) {
        code = code.precedence(ExitCode::Refuted);
    }
    code
}

#[cfg(test)]
mod tests;
