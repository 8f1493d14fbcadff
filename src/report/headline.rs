//! The verdict of a run in one sentence.

use crate::report::format;
use crate::report::wording::{Tone, metric_name, ratio_in_words};
use crate::result::summary::{Comparison, Summary, Verdict};

/// The metric that the sentence is about.
const PRIMARY: &str = "response_us.p50";

/// The verdict of a run in one sentence, and how good it is.
#[must_use]
pub fn headline(summary: &Summary) -> (String, Tone) {
    if summary.same_answer.is_some_and(|answers| !answers.equal) {
        return ("The variants give different answers, so their speed says nothing.".to_owned(), Tone::Bad);
    }
    if !summary.valid {
        let why = summary.invalid_reasons.first().map_or_else(String::new, |reason| format!(": {reason}"));
        return (format!("Not valid{why}; the figures must not be relied on."), Tone::Bad);
    }
    let (sentence, tone) = finding(summary);
    if summary.partial { (format!("So far, in a run that was cut off: {sentence}"), tone) } else { (sentence, tone) }
}

fn finding(summary: &Summary) -> (String, Tone) {
    let comparisons: Vec<&Comparison> = summary
        .comparisons
        .iter()
        .filter(|c| c.metric == PRIMARY && c.operation.is_none() && c.job.is_none() && c.ratio.is_some())
        .collect();
    if comparisons.is_empty() {
        return (alone(summary), Tone::Neutral);
    }
    let by_ratio = |a: &&&Comparison, b: &&&Comparison| a.ratio.unwrap_or(1.0).total_cmp(&b.ratio.unwrap_or(1.0));
    let lowest = comparisons.iter().filter(|c| c.verdict == Verdict::Lower).min_by(by_ratio);
    if let Some(lowest) = lowest {
        let instead = instead(summary, lowest);
        let others = comparisons.iter().filter(|c| c.verdict == Verdict::Lower).count() - 1;
        let others = match others {
            0 => String::new(),
            1 => "; one more variant is below it too".to_owned(),
            n => format!("; {n} more variants are below it too"),
        };
        return (
            format!("{} has the lowest median response, {}{instead}{others}.", lowest.variant, ratio_in_words(lowest)),
            Tone::Good,
        );
    }
    let baseline = &summary.baseline;
    if comparisons.iter().all(|c| c.verdict == Verdict::NoDifference) {
        let sentence = format!("No variant's median response differs from {baseline} by more than the margin.");
        return (sentence, Tone::Neutral);
    }
    if comparisons.iter().all(|c| c.verdict == Verdict::Higher) {
        let nearest = comparisons.iter().min_by(by_ratio).map_or_else(String::new, |nearest| {
            format!("; the nearest is {}, {}", nearest.variant, ratio_in_words(nearest))
        });
        return (format!("{baseline} has the lowest median response{nearest}."), Tone::Neutral);
    }
    let detectable = comparisons.iter().filter_map(|c| c.detectable).fold(0.0, f64::max);
    let found = if detectable > 0.0 {
        format!("; differences of {} would probably have been found", format::percent(detectable))
    } else {
        String::new()
    };
    (format!("No variant's {} is shown to be below that of {baseline}{found}.", metric_name(PRIMARY)), Tone::Open)
}

/// Both medians, where both are known.
fn instead(summary: &Summary, comparison: &Comparison) -> String {
    let p50 = |name: &str| summary.variant(name).and_then(|variant| variant.mix.response_us.p50);
    match (p50(&comparison.variant), p50(&comparison.baseline)) {
        (Some(variant), Some(baseline)) => {
            format!(" ({} instead of {})", format::time_us(variant), format::time_us(baseline))
        }
        _ => String::new(),
    }
}

/// What can be said where nothing is compared.
fn alone(summary: &Summary) -> String {
    let Some(variant) = summary.variants.first() else { return "Nothing was measured.".to_owned() };
    if summary.variants.len() > 1 {
        return "The variants were measured, but there are too few rounds to compare them.".to_owned();
    }
    format!(
        "{} did {} operations per second with a median response of {}.",
        variant.name,
        format::optional(variant.mix.goodput_per_s),
        format::optional_time_us(variant.mix.response_us.p50)
    )
}
