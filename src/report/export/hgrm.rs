//! Response times by percentile as text: the table that HdrHistogram writes (`.hgrm`) and its plotters read. Times are in
//! milliseconds, which plotters take for granted.

use std::fmt::Write as _;

use crate::report::ReportFile;
use crate::result::summary::{Figures, Summary};
use crate::result::{Histograms, Ranked};

/// Lines for each halving of what is left above, as the tool itself writes by default.
const TICKS: f64 = 5.0;

/// A file for the mix of each variant and one for each operation. `left_out`: what has no complete histograms, as
/// `variant` or `variant.operation`.
#[must_use]
pub fn files(summary: &Summary, histograms: &Histograms) -> (Vec<ReportFile>, Vec<String>) {
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    for variant in &summary.variants {
        let parts = variant.operations.iter().map(|part| (Some(part.name.as_str()), &part.figures));
        for (operation, figures) in std::iter::once((None, &variant.mix)).chain(parts) {
            let name = operation.map_or_else(|| variant.name.clone(), |name| format!("{}.{name}", variant.name));
            match ranked(histograms, &variant.name, operation, figures) {
                Some(ranked) => {
                    files.push(ReportFile { name: format!("{name}.hgrm"), content: text(&ranked).into_bytes() });
                }
                None => left_out.push(name),
            }
        }
    }
    (files, left_out)
}

/// `None` where histograms are missing, or nothing was measured.
fn ranked(histograms: &Histograms, variant: &str, operation: Option<&str>, figures: &Figures) -> Option<Ranked> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count, rounded back to the count that it came from"
    )]
    let censored = (figures.censored * figures.planned as f64).round() as u64;
    histograms.ranked(variant, operation, "response", censored).filter(|ranked| !ranked.values.is_empty())
}

/// The table of one distribution.
pub(super) fn text(ranked: &Ranked) -> String {
    let mut out = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let total = ranked.count + ranked.censored;
    let mut next = 0.0;
    for (value_ms, seen) in &ranked.values {
        let share = *seen as f64 / total as f64;
        // Levels are sums of fractions: a third tenth is a hair above 0.3.
        while next <= share + 1e-12 {
            let _ = writeln!(out, "{value_ms:>12.6} {next:.12} {seen:>10} {:>14.2}", 1.0 / (1.0 - next));
            next = above(next);
            // All further levels are the last value of all, which has a line of its own.
            if *seen == total {
                let _ = writeln!(out, "{value_ms:>12.6} {:.12} {seen:>10}", 1.0);
                break;
            }
        }
    }
    let _ = writeln!(out, "#[Mean    = {:>12.6}, StdDeviation   = {:>12.6}]", ranked.mean_ms, ranked.deviation_ms);
    let _ = writeln!(out, "#[Max     = {:>12.6}, Total count    = {:>12}]", ranked.max_ms, ranked.count);
    let _ = writeln!(out, "#[Buckets = {:>12}, SubBuckets     = {:>12}]", ranked.buckets, ranked.sub_buckets);
    if ranked.censored > 0 {
        let _ = writeln!(out, "#[Censored = {}: the end was not seen; they rank above all others]", ranked.censored);
    }
    out
}

/// The next level: five for each halving of what is left above.
fn above(level: f64) -> f64 {
    let halvings = (1.0 / (1.0 - level)).log2().floor() + 1.0;
    level + 1.0 / (TICKS * halvings.exp2())
}
