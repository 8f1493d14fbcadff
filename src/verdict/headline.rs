//! The one sentence above everything else: who is better, by how much, how sure, and whether the ways do the same.

use super::failed::{nothing_succeeded, worth_a_word};
use super::ratio::{format_detectable, format_interval, format_ratio, trimmed};
use super::times::time_us;
use crate::result::sides::{Difference, Sides, without_side};
use crate::result::slice::LimitedBy;
use crate::result::summary::{Comparison, Summary, Variant, Verdict};

const METRIC: &str = "response_us.p50";

/// The finding in one sentence, honest also where there is none.
#[must_use]
pub fn headline(summary: &Summary) -> String {
    if summary.same_answer.is_some_and(|answers| !answers.equal) {
        return "The answers of the variants differ, so no speed is stated.".to_owned();
    }
    let mut sentence = String::new();
    if summary.interrupted {
        sentence.push_str("Interrupted: ");
    }
    if !summary.valid {
        let not_valid = if sentence.is_empty() { "Not valid" } else { "not valid" };
        let reason = summary.invalid_reasons.first().map_or("no reason was recorded", String::as_str);
        sentence.push_str(&format!("{not_valid} ({reason}): "));
    }
    if let Some(rtt_us) = common_rtt_us(summary) {
        let at = if sentence.is_empty() { "At" } else { "at" };
        sentence.push_str(&format!("{at} {} ms round trip, ", trimmed(rtt_us / 1_000.0)));
    }
    if summary.null_target {
        let without = if sentence.is_empty() { "Without" } else { "without" };
        sentence.push_str(&format!("{without} a server (null target), "));
    }
    sentence.push_str(&finding(summary));
    summary.variants.iter().filter_map(rate_missed).for_each(|missed| sentence.push_str(&missed));
    if summary.variants.len() > 1 {
        sentence.push_str(match summary.same_answer {
            Some(answers) if answers.within_sides => "; same answers checked within each side",
            Some(_) => "; same answers checked",
            None => "; answers were not compared",
        });
    }
    if summary.partial {
        sentence.push_str("; the run is partial");
    }
    sentence.push('.');
    sentence
}

/// Open loop: the rate that was asked for and missed, and because of whom.
fn rate_missed(variant: &Variant) -> Option<String> {
    let asked = variant.asked_per_s.filter(|_| variant.valid && variant.rate_reached == Some(false))?;
    let who = match (variant.limit, variant.clients) {
        (Some(LimitedBy::Server), Some(clients)) => clients_were_the_limit(clients),
        (Some(LimitedBy::Server), None) => "all clients were waiting for the server".to_owned(),
        (Some(LimitedBy::Generator), _) => "the load generator was the limit".to_owned(),
        (Some(LimitedBy::Shared), _) => "the load generator had to share the CPU".to_owned(),
        (Some(LimitedBy::None) | None, _) => "what was the limit is not known".to_owned(),
    };
    let goodput = variant.mix.goodput_per_s.map_or_else(|| "none".to_owned(), trimmed);
    Some(format!("; {} did {goodput} of {} operations per second asked for: {who}", variant.name, trimmed(asked)))
}

/// What is known where all clients waited: more of them may get more out of the server, or find it at its limit.
fn clients_were_the_limit(clients: u32) -> String {
    let waiting = if clients == 1 { "its one client was".to_owned() } else { format!("all {clients} clients were") };
    format!("{waiting} waiting for the server, and more clients may get more out of it")
}

/// The round trip that all variants share, if the link adds one.
fn common_rtt_us(summary: &Summary) -> Option<f64> {
    let first = summary.variants.first()?.link_rtt_us?;
    (first > 0.0 && summary.variants.iter().all(|variant| variant.link_rtt_us == Some(first))).then_some(first)
}

fn finding(summary: &Summary) -> String {
    if let Some(sides) = &summary.sides {
        return of_sides(summary, sides);
    }
    let mut comparisons: Vec<&Comparison> =
        summary.variants.iter().filter_map(|variant| summary.comparison(&variant.name, METRIC)).collect();
    // Decided ones first, the lowest ratio in front: what is said in full is the largest gain found.
    comparisons.sort_by(|a, b| rank(a).cmp(&rank(b)).then(ratio_or_last(a).total_cmp(&ratio_or_last(b))));
    let Some((first, others)) = comparisons.split_first() else {
        return summary.variants.first().map_or_else(|| "nothing was measured".to_owned(), alone);
    };
    let mut text = in_full(summary, first);
    for other in others {
        text.push_str("; ");
        text.push_str(&in_short(summary, other));
    }
    text.push_str(&failures(summary.variants.iter().filter(|variant| !explains_itself(summary, variant))));
    text
}

/// How side b stands to side a, each variant where there are several, and what tells the sides apart.
fn of_sides(summary: &Summary, sides: &Sides) -> String {
    let between: Vec<&Comparison> =
        summary.variants.iter().filter_map(|variant| summary.comparison(&variant.name, METRIC)).collect();
    let mut text = match between.as_slice() {
        [one] => format!("{}, in {}", in_full(summary, &sides.overall), without_side(&one.variant)),
        several => format!("{}, {} variants together", in_full(summary, &sides.overall), several.len()),
    };
    for comparison in between.iter().filter(|_| between.len() > 1) {
        let said = in_short(summary, comparison);
        let name = &comparison.variant;
        text.push_str(&format!("; {}{}", without_side(name), said.strip_prefix(name.as_str()).unwrap_or(&said)));
    }
    text.push_str(&failures(summary.variants.iter().filter(|variant| !explains_itself(summary, variant))));
    text.push_str("; ");
    text.push_str(&in_what_sides_differ(&sides.differ));
    text
}

/// `a: topology.link.rtt = 500us; b: topology.link.rtt = 545us`, at most three of them.
#[must_use]
pub fn in_what_sides_differ(differ: &[Difference]) -> String {
    const SHOWN: usize = 3;
    if differ.is_empty() {
        return "nothing tells the sides apart".to_owned();
    }
    let side = |label: &str, value: fn(&Difference) -> Option<&String>| {
        let said = |difference: &Difference| {
            let value = value(difference).map_or_else(|| "not set".to_owned(), |value| shortened(value));
            format!("{} = {value}", difference.what)
        };
        let mut all: Vec<String> = differ.iter().take(SHOWN).map(said).collect();
        if let Some(more) = differ.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            all.push(format!("{more} more"));
        }
        format!("{label}: {}", all.join(", "))
    };
    format!("{}; {}", side("a", |difference| difference.a.as_ref()), side("b", |difference| difference.b.as_ref()))
}

/// A value in one line of at most so many letters.
fn shortened(value: &str) -> String {
    const LETTERS: usize = 60;
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LETTERS {
        return line;
    }
    line.chars().take(LETTERS - 1).chain(std::iter::once('…')).collect()
}

/// What failed of the variants that the sentence is about: `, while 12 % of join's operations failed (40001)`.
fn failures<'s>(variants: impl Iterator<Item = &'s Variant>) -> String {
    let failed: Vec<String> = variants.filter_map(worth_a_word).collect();
    if failed.is_empty() { String::new() } else { format!(", while {}", failed.join(" and ")) }
}

/// Whether the sentence says of a variant that it failed where its comparison would stand.
fn explains_itself(summary: &Summary, variant: &Variant) -> bool {
    let is_about = |comparison: &&Comparison| comparison.variant == variant.name || comparison.baseline == variant.name;
    variant.mix.failed > variant.mix.succeeded
        && summary.comparisons.iter().filter(|comparison| comparison.metric == METRIC).any(|c| is_about(&c))
}

/// Why a comparison says nothing; `None` where its interval does.
fn says_nothing(summary: &Summary, comparison: &Comparison) -> Option<String> {
    if comparison.ratio.is_some() {
        return comparison.reason.clone();
    }
    let sides = [&comparison.variant, &comparison.baseline].map(|name| summary.variant(name));
    let unheard: Vec<String> = sides.into_iter().flatten().filter_map(unheard).collect();
    if unheard.is_empty() { comparison.reason.clone() } else { Some(unheard.join(", and ")) }
}

/// Why there is nothing at all of a variant.
fn unheard(variant: &Variant) -> Option<String> {
    if variant.rounds.is_empty() {
        return Some(format!("no slice of {} was closed", variant.name));
    }
    nothing_succeeded(variant)
}

fn rank(comparison: &Comparison) -> u8 {
    match comparison.verdict {
        Verdict::Lower => 0,
        Verdict::Higher => 1,
        Verdict::NoDifference => 2,
        Verdict::Undecided => 3,
    }
}

fn ratio_or_last(comparison: &Comparison) -> f64 {
    comparison.ratio.unwrap_or(f64::INFINITY)
}

fn alone(variant: &Variant) -> String {
    let rounds = rounds_text(variant.rounds.iter().filter(|round| round.valid).count());
    let name = &variant.name;
    if let Some(why) = nothing_succeeded(variant) {
        return format!("{why} ({rounds})");
    }
    let failed = failures(std::iter::once(variant));
    match (variant.mix.goodput_per_s, variant.mix.response_us.p50) {
        (Some(goodput), Some(p50_us)) => format!(
            "{name} does {} operations per second at a median response time of {} ({rounds}){failed}; there is no other \
             variant to compare it with",
            trimmed(goodput),
            time_us(p50_us)
        ),
        (Some(goodput), None) => format!(
            "{name} does {} operations per second, and its median response time {} ({rounds}){failed}; there is no other \
             variant to compare it with",
            trimmed(goodput),
            match variant.mix.response_us.not_below.contains_key("p50") {
                true => "was not reached",
                false => "is not stated, of too few operations",
            }
        ),
        (None, _) if !variant.rounds.is_empty() => format!("no round of {name} is valid"),
        (None, _) => format!("no slice of {name} was closed"),
    }
}

fn in_full(summary: &Summary, comparison: &Comparison) -> String {
    let Comparison { variant, baseline, rounds, .. } = comparison;
    let rounds = rounds_text(*rounds as usize);
    if let Some(why) = says_nothing(summary, comparison) {
        return format!("{variant} and {baseline} cannot be compared in median response time: {why}");
    }
    let Some(ratio) = comparison.ratio else {
        return format!("{variant} and {baseline} have no median response time in common that could be compared");
    };
    let (Some(low), Some(high)) = (comparison.ci_low, comparison.ci_high) else {
        return format!(
            "{variant} took {}× of {baseline}'s median response time, but {rounds} are too few to tell how sure that is",
            format_ratio(ratio)
        )
        .replace("1 round are", "1 round is");
    };
    let interval = format_interval(low, high);
    match comparison.verdict {
        Verdict::Lower | Verdict::Higher => format!(
            "{variant} takes {}× of {baseline}'s median response time ({interval}, {rounds})",
            format_ratio(ratio)
        ),
        Verdict::NoDifference => {
            format!("{variant} and {baseline} do not differ in median response time ({interval}, {rounds})")
        }
        Verdict::Undecided => format!(
            "it is undecided whether {variant} and {baseline} differ in median response time ({interval}, {rounds}{})",
            comparison
                .detectable
                .map(|d| format!("; a difference of {} would show", format_detectable(d)))
                .unwrap_or_default()
        ),
    }
}

fn in_short(summary: &Summary, comparison: &Comparison) -> String {
    let variant = &comparison.variant;
    if says_nothing(summary, comparison).is_some() {
        // What is wrong with the baseline was said before.
        let own = summary.variant(variant).filter(|own| !is_fit(own));
        let own = own.and_then(|own| unheard(own).or_else(|| worth_a_word(own)));
        return own
            .map_or_else(|| format!("{variant} not comparable"), |why| format!("{variant} not comparable: {why}"));
    }
    match (comparison.verdict, comparison.ratio) {
        (_, None) => format!("{variant} not comparable"),
        (Verdict::Lower | Verdict::Higher, Some(ratio)) => format!("{variant} {}×", format_ratio(ratio)),
        (Verdict::NoDifference, Some(_)) => format!("{variant} no different"),
        (Verdict::Undecided, Some(_)) => format!("{variant} undecided"),
    }
}

fn is_fit(variant: &Variant) -> bool {
    unheard(variant).is_none() && variant.mix.failed <= variant.mix.succeeded
}

fn rounds_text(rounds: usize) -> String {
    if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") }
}

#[cfg(test)]
#[path = "headline_tests.rs"]
mod tests;
