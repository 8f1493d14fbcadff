//! The report as Markdown: the verdict, one table, what was judged; everything else folded. For the summary of a step in
//! GitHub Actions, or a comment.

use super::detail;
use crate::report::compare::markdown::text;
use crate::report::wording::{self, PRIMARY};
use crate::report::{checks, format, gate};
use crate::result::summary::{Judged, Summary, Variant};
use crate::verdict;

/// The report as Markdown, each line ended. `strict`: also which sides are undecided.
#[must_use]
pub fn render(summary: &Summary, strict: bool) -> String {
    let mut out = format!("### {}\n\n**{}**\n", text(&summary.workload), text(&verdict::headline(summary)));
    // Nothing was timed then.
    if super::answers_differ(summary) {
        return out;
    }
    let to = if summary.sides.is_some() { "to side a" } else { "to the baseline" };
    out.push_str(&format!("\n| variant | op/s | p50 | p95 | p99 | {to} | verdict |\n"));
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    summary.variants.iter().for_each(|variant| out.push_str(&row(summary, variant)));
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend(summary.invalid_reasons.iter().map(|reason| format!("**not valid:** {}", text(reason))));
    remarks.extend(summary.partial.then(|| "partial: fewer slices closed than were planned".to_owned()));
    let failed = summary.checks.iter().filter(|check| verdict::is_refuted(check));
    remarks.extend(failed.map(|check| format!("**check failed:** {}", text(&checks::in_words(check)))));
    remarks
        .extend(summary.regressions().map(|one| format!("**regression:** {}", text(&gate::regression(summary, one)))));
    if strict {
        remarks.extend(
            verdict::undecided_gates(summary).map(|one| format!("**undecided:** {}", text(&gate::undecided(one)))),
        );
    }
    list(&mut out, &remarks);
    judged(&mut out, summary, "expectations", &summary.expectations);
    judged(&mut out, summary, "claims", &summary.claims);
    if !summary.warnings.is_empty() {
        out.push_str("\n<details>\n<summary>Worth knowing</summary>\n");
        list(&mut out, &summary.warnings.iter().map(|warning| text(warning)).collect::<Vec<_>>());
        out.push_str("\n</details>\n");
    }
    let machine = [summary.machine.clone(), summary.servers.join(", "), format!("dbbench {}", summary.dbbench_version)];
    let machine: Vec<String> = machine.into_iter().filter(|part| !part.is_empty()).collect();
    out.push_str(&format!("\n{}\n", text(&format!("{}, started {}", machine.join(", "), summary.started_at))));
    out
}

fn row(summary: &Summary, variant: &Variant) -> String {
    let mix = &variant.mix;
    let baseline = if summary.is_the_baseline(variant) { " (baseline)" } else { "" };
    let comparison = summary.comparison(&variant.name, PRIMARY);
    let ratio = comparison.map_or_else(String::new, |one| {
        let interval = wording::interval(one).map_or_else(String::new, |interval| format!(", {interval}"));
        format!("{}{interval}", wording::estimate(one))
    });
    let verdict = comparison.map_or_else(String::new, |one| wording::verdict(one).0);
    let [p50, p95, p99] = [mix.response_us.p50, mix.response_us.p95, mix.response_us.p99].map(format::optional_time_us);
    format!(
        "| {}{baseline} | {} | {p50} | {p95} | {p99} | {} | {} |\n",
        text(&wording::variant_name(variant)),
        format::optional(mix.goodput_per_s),
        text(&ratio),
        text(&verdict)
    )
}

fn judged(out: &mut String, summary: &Summary, heading: &str, all: &[Judged]) {
    if all.is_empty() {
        return;
    }
    out.push_str(&format!("\n| {heading} | finding | observed |\n| --- | --- | --- |\n"));
    for judged in all {
        let finding = wording::finding(judged.verdict).0;
        out.push_str(&format!("| {} | {finding} | {} |\n", text(&judged.claim), text(&detail(summary, judged))));
    }
}

fn list(out: &mut String, items: &[String]) {
    if !items.is_empty() {
        out.push('\n');
    }
    items.iter().for_each(|item| out.push_str(&format!("- {item}\n")));
}
