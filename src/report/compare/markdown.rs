//! A comparison as Markdown for a pull request: the finding, one table, everything else folded.

use super::{Group, Row, groups, headline, notes, reasons, side, unlike};
use crate::report::wrap::harmless;
use crate::result::compared::Compared;

/// The comparison as Markdown, each line ended.
#[must_use]
pub fn render(compared: &Compared) -> String {
    let mut out = format!("**{}**\n", text(&headline(compared)));
    let (primary, other): (Vec<Group<'_>>, Vec<Group<'_>>) =
        groups(compared).into_iter().partition(|group| group.primary);
    primary.iter().for_each(|group| table(&mut out, compared, group));
    let remarks = remarks(compared, &other);
    if !remarks.is_empty() {
        out.push('\n');
    }
    remarks.iter().for_each(|remark| out.push_str(&format!("- {}\n", text(remark))));
    if !other.is_empty() {
        let metrics: Vec<String> = {
            let mut names: Vec<String> = other.iter().map(|group| group.metric.clone()).collect();
            names.dedup();
            names
        };
        out.push_str(&format!("\n<details>\n<summary>{}</summary>\n", text(&metrics.join(", "))));
        other.iter().for_each(|group| table(&mut out, compared, group));
        out.push_str("\n</details>\n");
    }
    out.push_str("\n<details>\n<summary>What was compared</summary>\n\n");
    for one in &compared.sides {
        out.push_str(&format!("- {}: {}\n", one.label, text(&side(one))));
    }
    compared.unlike.iter().for_each(|one| out.push_str(&format!("- unlike: {}\n", text(&unlike(compared, one)))));
    notes(compared).iter().for_each(|note| out.push_str(&format!("- {}\n", text(note))));
    out.push_str("\n</details>\n");
    out
}

/// What nobody may overlook: what speaks against the figures, and what the folded tables would hide.
fn remarks(compared: &Compared, folded: &[Group<'_>]) -> Vec<String> {
    let of_group = |group: &Group<'_>| -> Vec<String> {
        let beyond = group.rows.iter().filter(|row| row.regression);
        beyond.map(|row| format!("regression: {} of {}: {}", group.metric, row.subject, row.ratio)).collect()
    };
    let decisive = compared.unlike.iter().filter(|one| one.measured);
    let mut remarks: Vec<String> = decisive.map(|one| format!("unlike: {}", unlike(compared, one))).collect();
    remarks.extend(folded.iter().flat_map(of_group));
    remarks.extend(reasons(compared).iter().map(|reason| format!("undecided: {reason}")));
    remarks.extend(compared.invalid_reasons.iter().map(|reason| format!("not valid: {reason}")));
    remarks.extend(compared.warnings.iter().map(|warning| format!("warning: {warning}")));
    remarks
}

fn table(out: &mut String, compared: &Compared, group: &Group<'_>) {
    let first = compared.sides.first().map_or("A", |first| first.label.as_str());
    let (metric, other) = (text(&group.metric), group.side);
    out.push_str(&format!("\n| {metric} | {first} | {other} | {other} to {first} | detectable | verdict |\n"));
    out.push_str("| --- | ---: | ---: | ---: | ---: | --- |\n");
    for row in &group.rows {
        let Row { name, relative, figures, ratio, detectable, verdict, regression, .. } = row;
        // No-break spaces set it in below its variant.
        let name = if *relative { format!("\u{a0}\u{a0}{}", text(name)) } else { text(name) };
        let verdict = if *regression { format!("**{}**", text(verdict)) } else { text(verdict) };
        let [of_first, of_other] = figures.each_ref().map(|figure| text(figure));
        let (ratio, detectable) = (text(ratio), text(detectable));
        out.push_str(&format!("| {name} | {of_first} | {of_other} | {ratio} | {detectable} | {verdict} |\n"));
    }
}

/// Text that is nothing but text, on one line and within its cell.
pub(in crate::report) fn text(plain: &str) -> String {
    let line: Vec<char> = harmless(&plain.split_whitespace().collect::<Vec<_>>().join(" ")).chars().collect();
    let is_letter = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut out = String::with_capacity(line.len());
    for (at, c) in line.iter().enumerate() {
        match c {
            // These mean something even where Markdown does not.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Within a word it means nothing.
            '_' if is_letter(at.checked_sub(1)) && is_letter(Some(at + 1)) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' => out.extend(['\\', *c]),
            plain => out.push(*plain),
        }
    }
    out
}
