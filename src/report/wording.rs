//! What things are called in reports: metrics, verdicts and findings as people say them, and each variant's ink.

use crate::report::{caveats, format};
use crate::result::run::SameAnswer;
use crate::result::slice::LimitedBy;
use crate::result::summary::{
    Comparison, Figures, Finding, Judged, NamedFigures, Precision, Summary, Variant, Verdict,
};
use crate::verdict::{format_detectable, format_half_width, format_interval};
use crate::words::counted;

/// The figure that reports compare first.
pub const PRIMARY: &str = "response_us.p50";

/// The name of a variant with its sweep point.
#[must_use]
pub fn variant_name(variant: &Variant) -> String {
    if variant.point.is_empty() {
        return variant.name.clone();
    }
    let point: Vec<String> = variant.point.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{} ({})", variant.name, point.join(", "))
}

/// A path of `summary.json` or a metric of the workload as people say it: `response p50`, `goodput`.
#[must_use]
pub fn metric_name(metric: &str) -> String {
    match metric {
        "goodput_per_s" => "goodput".to_owned(),
        "rows_per_s" => "rows per second".to_owned(),
        "statements" | "statements_per_operation" => "statements per operation".to_owned(),
        "cpu.client" | "client_cpu_us_per_operation" => "client CPU per operation".to_owned(),
        "cpu.server" | "server_cpu_us_per_operation" => "server CPU per operation".to_owned(),
        "failures.share" => "share of failures".to_owned(),
        _ => match metric.split_once('.') {
            Some(("failures", key)) => format!("failures {key}"),
            Some((kind, "p999")) => format!("{} p99.9", kind.trim_end_matches("_us")),
            Some((kind, figure)) => format!("{} {figure}", kind.trim_end_matches("_us")),
            None => metric.to_owned(),
        },
    }
}

/// Whether a figure of this metric is a time in µs, whichever way the metric is spelled.
pub(super) fn is_time(metric: &str) -> bool {
    ["response", "service", "queue", "acquire", "connect", "schedule_lag"]
        .iter()
        .any(|kind| metric.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("_us.")))
        || metric.starts_with("cpu.")
        || metric.ends_with("_cpu_us_per_operation")
}

/// A figure of a metric with its unit.
#[must_use]
pub fn figure(metric: &str, value: Option<f64>) -> String {
    match value {
        Some(value) if is_time(metric) => format::time_us(value),
        Some(value) if metric.starts_with("goodput") || metric == "rows_per_s" => {
            format!("{} /s", format::significant(value))
        }
        Some(value) if metric.starts_with("statements") => format::trimmed(value),
        Some(value) if metric == "failures.share" => format::percent(value),
        value => format::optional(value),
    }
}

/// How good or bad something is: the class of its badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// To the good.
    Good,
    /// To the bad.
    Bad,
    /// Neither.
    Neutral,
    /// Not known.
    Open,
}

impl Tone {
    /// Its name in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
            Self::Open => "open",
        }
    }
}

/// The verdict of a comparison.
#[must_use]
pub fn verdict(comparison: &Comparison) -> (String, Tone) {
    let word = match comparison.verdict {
        Verdict::NoDifference => return ("no difference".to_owned(), Tone::Neutral),
        Verdict::Undecided => return ("undecided".to_owned(), Tone::Open),
        Verdict::Lower => "lower",
        Verdict::Higher => "higher",
    };
    match comparison.better {
        Some(true) => (format!("{word}, better"), Tone::Good),
        Some(false) => (format!("{word}, worse"), Tone::Bad),
        None => (word.to_owned(), Tone::Neutral),
    }
}

/// The ratio of a comparison in words: `0.09× of n_plus_one, 0.086–0.094`; a difference where there can be no ratio.
#[must_use]
pub fn ratio_in_words(comparison: &Comparison) -> String {
    match (comparison.ratio, comparison.difference) {
        _ if equal_throughout(comparison) => format!("equal to {} in every round", comparison.baseline),
        (Some(ratio), _) => {
            let interval = interval(comparison).map_or_else(String::new, |interval| format!(", {interval}"));
            format!("{} of {}{interval}", format::ratio(ratio), comparison.baseline)
        }
        (None, Some(_)) => format!("{} against {}", estimate(comparison), comparison.baseline),
        (None, None) => format::ABSENT.to_owned(),
    }
}

/// The estimate of a comparison: `0.09×`, or a difference with its sign.
#[must_use]
pub fn estimate(comparison: &Comparison) -> String {
    match (comparison.ratio, comparison.difference) {
        _ if equal_throughout(comparison) => "equal in every round".to_owned(),
        (Some(ratio), _) => format::ratio(ratio),
        (None, Some(difference)) => {
            let difference_shown = figure(&comparison.metric, Some(difference));
            let sign =
                if difference > 0.0 && difference_shown.starts_with(|c: char| c.is_ascii_digit()) { "+" } else { "" };
            format!("{sign}{difference_shown}")
        }
        (None, None) => format::ABSENT.to_owned(),
    }
}

/// Whether figures that are compared by difference (they are zero in some round) did not differ in any: no failures in either,
/// no rows in either. An interval of nothing around nothing would only look like a measurement.
fn equal_throughout(comparison: &Comparison) -> bool {
    comparison.ratio.is_none() && [comparison.difference, comparison.ci_low, comparison.ci_high] == [Some(0.0); 3]
}

/// The interval of a comparison, where there is one.
#[must_use]
pub fn interval(comparison: &Comparison) -> Option<String> {
    if equal_throughout(comparison) {
        return None;
    }
    let (low, high) = (comparison.ci_low?, comparison.ci_high?);
    Some(match comparison.ratio {
        Some(_) => format_interval(low, high),
        None => {
            format!("{} to {}", figure(&comparison.metric, Some(low)), figure(&comparison.metric, Some(high)))
        }
    })
}

/// The difference that a comparison would have found: a share or factor of a ratio, else in the unit of the figure.
#[must_use]
pub fn detectable(comparison: &Comparison) -> String {
    match (comparison.detectable, comparison.ratio) {
        _ if equal_throughout(comparison) => format::ABSENT.to_owned(),
        (Some(share), Some(_)) => format_detectable(share),
        (detectable, _) => figure(&comparison.metric, detectable),
    }
}

/// What the ratios are, said where one seems to contradict the medians beside it.
#[must_use]
pub fn about_ratios(summary: &Summary) -> Option<&'static str> {
    let p50 = |name: &str| summary.variant(name).and_then(|variant| variant.mix.response_us.p50);
    let contradicts = |comparison: &Comparison| {
        let of_figures = p50(&comparison.variant).zip(p50(&comparison.baseline)).map(|(own, other)| own / other);
        let Some((ratio, of_figures)) = comparison.ratio.zip(of_figures) else { return false };
        let (low, high) = (ratio * 0.95, ratio * 1.05);
        let other_side = (of_figures < 0.995 && ratio > 1.005) || (of_figures > 1.005 && ratio < 0.995);
        other_side || !(low..=high).contains(&of_figures)
    };
    let mut shown = summary.variants.iter().filter_map(|variant| summary.comparison(&variant.name, PRIMARY));
    shown
        .any(contradicts)
        .then_some("ratios are geometric means of the ratios within rounds, not ratios of the figures above")
}

/// What limited a variant.
#[must_use]
pub fn limit(limit: LimitedBy) -> &'static str {
    match limit {
        LimitedBy::None => "nothing",
        LimitedBy::Server => "the server or the way to it",
        LimitedBy::Shared => "CPU shared with the generator",
        LimitedBy::Generator => "the load generator",
    }
}

/// What a goal for the intervals means for how they are to be read.
#[must_use]
pub fn precision(precision: &Precision) -> String {
    let reached = match (precision.reached, precision.half_width) {
        (true, Some(width)) => format!("It was reached with {}.", format_half_width(width)),
        (_, Some(width)) => format!("It was not reached: the widest is {}.", format_half_width(width)),
        (_, None) => "It could not be judged.".to_owned(),
    };
    format!(
        "Rounds were run until the intervals of the median response were within {}, at most {} rounds. {reached} As the \
         intervals were looked at after every round, they are computed at {}: so they cover the truth as often as those of \
         a run with a fixed number of rounds.",
        format_half_width(precision.goal),
        precision.max_rounds,
        format::percent(precision.computed_at)
    )
}

/// The finding about a claim or an expectation.
#[must_use]
pub fn finding(finding: Finding) -> (&'static str, Tone) {
    match finding {
        Finding::Holds => ("holds", Tone::Good),
        Finding::Refuted => ("refuted", Tone::Bad),
        Finding::Undecided => ("undecided", Tone::Open),
    }
}

/// What was observed about a claim, in words: `response p50 of join: 0.09× of n_plus_one, 0.086–0.094`; why there is
/// nothing where a figure is missing.
#[must_use]
pub fn observed(summary: &Summary, judged: &Judged) -> String {
    let observed = figures_of(summary, judged);
    match &judged.reason {
        Some(reason) => format!("{observed}; {reason}"),
        None => observed,
    }
}

fn figures_of(summary: &Summary, judged: &Judged) -> String {
    let of = judged.operation.as_deref().or(judged.job.as_deref());
    let of = of.map_or_else(|| judged.variant.clone(), |part| format!("{part} in {}", judged.variant));
    let subject = format!("{} of {of}", metric_name(&judged.metric));
    let Some(observed) = judged.observed else { return format!("{subject}: {}", format::ABSENT) };
    let ends = judged.ci_low.zip(judged.ci_high);
    match &judged.against {
        Some(against) => {
            let ends = ends.map_or_else(String::new, |(low, high)| format!(", {}", format_interval(low, high)));
            format!("{subject}: {} of {against}{ends}", format::ratio(observed))
        }
        None => {
            if judged.metric.starts_with("failures") && observed == 0.0 {
                let such = if judged.metric == "failures.share" { "" } else { "such " };
                let ended = ended(summary, judged)
                    .map_or_else(String::new, |ended| format!(" in {} operations", format::count(ended)));
                return format!("{subject}: no {such}failures{ended}");
            }
            let show = |value| figure(&judged.metric, Some(value));
            let ends = ends.map_or_else(String::new, |(low, high)| format!(", {} to {}", show(low), show(high)));
            let over = caveats::over_rounds(summary, judged).map_or_else(String::new, |over| format!(" ({over})"));
            format!("{subject}: {}{ends}{over}", show(observed))
        }
    }
}

/// Operations that ended of what is judged.
fn ended(summary: &Summary, judged: &Judged) -> Option<u64> {
    let variant = summary.variant(&judged.variant)?;
    let ended = |figures: &Figures| figures.succeeded + figures.failed;
    let parts = || variant.operations.iter();
    match (&judged.operation, &judged.job) {
        (Some(name), _) => parts().find(|part| part.name == *name).map(|part| ended(&part.figures)),
        (None, Some(job)) => {
            let of_job = |part: &&NamedFigures| part.figures.job.as_ref() == Some(job);
            Some(parts().filter(of_job).map(|part| ended(&part.figures)).sum())
        }
        (None, None) => Some(ended(&variant.mix)),
    }
}

/// What a claim requires, in words: `at most 0.33×`.
#[must_use]
pub fn required(judged: &Judged) -> String {
    let Some((side, value)) = judged.required.split_once(' ') else { return judged.required.clone() };
    let side = side.replace('_', " ");
    // Times are written with their unit, in which figures are anyway.
    match value.trim_end_matches(" us").parse::<f64>() {
        Ok(value) if judged.against.is_some() => format!("{side} {}", format::ratio(value)),
        Ok(value) => format!("{side} {}", figure(&judged.metric, Some(value))),
        Err(_) => format!("{side} {value}"),
    }
}

/// That the answers were equal.
#[must_use]
pub fn same_answers(answers: SameAnswer) -> String {
    let of = if answers.within_sides { " of each side" } else { "" };
    format!("All variants{of} gave the same answers to {}.", counted(answers.draws, "draw"))
}

/// How good the finding of a run is, for the colour of its headline.
#[must_use]
pub fn tone(summary: &Summary) -> Tone {
    if !summary.valid || summary.same_answer.is_some_and(|answers| !answers.equal) {
        return Tone::Bad;
    }
    if let Some(sides) = &summary.sides {
        return match (sides.overall.better, sides.overall.verdict) {
            _ if summary.regressions().next().is_some() => Tone::Bad,
            (Some(true), _) => Tone::Good,
            (Some(false), _) => Tone::Bad,
            (None, Verdict::Undecided) => Tone::Open,
            (None, _) => Tone::Neutral,
        };
    }
    let verdicts = || summary.variants.iter().filter_map(|v| summary.comparison(&v.name, PRIMARY)).map(|c| c.verdict);
    if verdicts().any(|verdict| verdict == Verdict::Lower) {
        Tone::Good
    } else if verdicts().any(|verdict| verdict == Verdict::Undecided) {
        Tone::Open
    } else {
        Tone::Neutral
    }
}

/// The number of the ink of each variant, parallel to `summary.variants`: 0 for the baseline, which stays neutral.
#[must_use]
pub fn series(summary: &Summary) -> Vec<usize> {
    let alone = summary.variants.len() == 1;
    let mut next = 1;
    let number = |variant: &Variant| {
        if variant.name == summary.baseline && !alone {
            return 0;
        }
        next += 1;
        next - 1
    };
    summary.variants.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_named_the_same_from_both_spellings() {
        assert_eq!(metric_name("response_us.p999"), metric_name("response.p999"));
        assert_eq!(metric_name("response_us.p50"), "response p50");
        assert_eq!(metric_name("failures.40001"), "failures 40001");
        assert_eq!(figure("response.p50", Some(1_020.0)), "1.02 ms");
        assert_eq!(figure("client_cpu_us_per_operation", Some(7.3)), "7.30 µs");
        assert_eq!(figure("goodput_per_s", Some(12_345.0)), "12,300 /s");
        assert_eq!(figure("statements", None), "–");
    }

    #[test]
    fn a_comparison_by_difference_shows_no_ratio() {
        let comparison = Comparison {
            baseline: "plain".to_owned(),
            metric: "failures.share".to_owned(),
            difference: Some(0.021),
            ci_low: Some(0.018),
            ci_high: Some(0.024),
            verdict: Verdict::Higher,
            better: Some(false),
            ..Comparison::default()
        };
        assert_eq!(ratio_in_words(&comparison), "+2.1 % against plain");
        assert_eq!(interval(&comparison).as_deref(), Some("1.8 % to 2.4 %"));
        assert_eq!(verdict(&comparison), ("higher, worse".to_owned(), Tone::Bad));
    }

    #[test]
    fn figures_that_are_zero_on_both_sides_are_equal_and_have_no_interval() {
        let comparison = Comparison {
            baseline: "plain".to_owned(),
            metric: "failures.share".to_owned(),
            difference: Some(0.0),
            ci_low: Some(0.0),
            ci_high: Some(0.0),
            detectable: Some(0.0),
            verdict: Verdict::NoDifference,
            ..Comparison::default()
        };
        assert_eq!(ratio_in_words(&comparison), "equal to plain in every round");
        assert_eq!((estimate(&comparison), interval(&comparison)), ("equal in every round".to_owned(), None));
        assert_eq!(detectable(&comparison), "–");
        let ratio = Comparison { ratio: Some(1.0), ci_low: Some(1.0), ci_high: Some(1.0), ..comparison };
        assert_eq!((estimate(&ratio).as_str(), interval(&ratio).is_some()), ("1.00×", true));
    }

    #[test]
    fn a_requirement_reads_as_a_sentence() {
        let ratio = Judged {
            metric: "response.p50".to_owned(),
            required: "at_most 0.33".to_owned(),
            against: Some("base".to_owned()),
            ..Judged::default()
        };
        assert_eq!(required(&ratio), "at most 0.33×");
        let value = Judged { required: "at_most 50000 us".to_owned(), against: None, ..ratio };
        assert_eq!(required(&value), "at most 50.0 ms");
    }

    #[test]
    fn no_failures_are_said_in_operations_and_a_missing_figure_with_its_reason() {
        let mix = Figures { succeeded: 12_300, ..Figures::default() };
        let variant = Variant { name: "join".to_owned(), mix, ..Variant::default() };
        let summary = Summary { variants: vec![variant], ..Summary::default() };
        let mut judged = Judged {
            variant: "join".to_owned(),
            metric: "failures.share".to_owned(),
            observed: Some(0.0),
            ci_low: Some(0.0),
            ci_high: Some(0.0),
            ..Judged::default()
        };
        assert_eq!(observed(&summary, &judged), "share of failures of join: no failures in 12,300 operations");
        judged = Judged {
            metric: "response.p99".to_owned(),
            observed: None,
            reason: Some("p99 not stated in 7 of 7 rounds".to_owned()),
            ..judged
        };
        assert_eq!(observed(&summary, &judged), "response p99 of join: –; p99 not stated in 7 of 7 rounds");
    }

    #[test]
    fn ratios_are_explained_where_the_medians_say_otherwise() {
        let variant = |name: &str, p50_us: f64| {
            let mut variant = Variant { name: name.to_owned(), ..Variant::default() };
            variant.mix.response_us.p50 = Some(p50_us);
            variant
        };
        let of = |p50_us: f64| Summary {
            baseline: "plain".to_owned(),
            variants: vec![variant("plain", 100.0), variant("join", p50_us)],
            comparisons: vec![Comparison {
                variant: "join".to_owned(),
                baseline: "plain".to_owned(),
                metric: PRIMARY.to_owned(),
                ratio: Some(0.9),
                ci_low: Some(0.8),
                ci_high: Some(1.02),
                ..Comparison::default()
            }],
            ..Summary::default()
        };
        assert_eq!(
            [92.0, 81.0, 101.0, 70.0].map(|p50_us| about_ratios(&of(p50_us)).is_some()),
            [false, true, true, true]
        );
    }
}
