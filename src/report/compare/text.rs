//! A comparison on a terminal: the finding, the sides and in what they are unlike, a table for each metric, and what to know.

use comfy_table::{Cell, CellAlignment};

use super::{Group, Row, groups, headline, notes, reasons, side, tone, unlike};
use crate::report::terminal::{Look, footnote, listed, painted, push, table};
use crate::report::wording::Tone;
use crate::report::wrap::{harmless, wrapped};
use crate::result::compared::Compared;

/// From so many columns on the detectable difference stands in the tables.
const WIDE: u16 = 92;

/// The comparison as text, each line ended.
#[must_use]
pub fn render(compared: &Compared, look: Look) -> String {
    let mut out = String::new();
    for line in wrapped(&headline(compared), look.width.min(100)) {
        push(&mut out, &painted(&line, tone(compared), look, true));
    }
    push(&mut out, "");
    for one in &compared.sides {
        listed(&mut out, &painted(&one.label, Tone::Neutral, look, true), &one.label, &side(one), look);
    }
    for one in &compared.unlike {
        let tone = if one.measured { Tone::Bad } else { Tone::Open };
        listed(&mut out, &painted("unlike:", tone, look, true), "unlike:", &unlike(compared, one), look);
    }
    push(&mut out, "");
    for group in &groups(compared) {
        push(&mut out, &tabled(compared, group, look));
        push(&mut out, "");
    }
    for reason in reasons(compared) {
        listed(&mut out, &painted("undecided:", Tone::Open, look, true), "undecided:", reason, look);
    }
    for note in notes(compared) {
        footnote(&mut out, &note, look);
    }
    for reason in &compared.invalid_reasons {
        listed(&mut out, &painted("not valid:", Tone::Bad, look, true), "not valid:", reason, look);
    }
    for warning in &compared.warnings {
        listed(&mut out, &painted("warning:", Tone::Open, look, true), "warning:", warning, look);
    }
    for (group, row) in groups(compared).iter().flat_map(|group| group.rows.iter().map(move |row| (group, row))) {
        if row.regression {
            let text = format!("{} of {}: {}", group.metric, row.subject, row.ratio);
            listed(&mut out, &painted("regression:", Tone::Bad, look, true), "regression:", &text, look);
        }
    }
    out
}

/// One metric of one side.
fn tabled(compared: &Compared, group: &Group<'_>, look: Look) -> String {
    let first = compared.sides.first().map_or("A", |first| first.label.as_str());
    let wide = look.width >= WIDE;
    let mut table = table();
    let to = format!("{} to {first}", group.side);
    let mut header = vec![group.metric.as_str(), first, group.side, &to];
    header.extend(wide.then_some("detectable"));
    header.push("verdict");
    table.set_header(header.iter().enumerate().map(|(column, text)| aligned(text, column, wide)));
    let names = usize::from(look.width.saturating_sub(if wide { 72 } else { 58 })).clamp(12, 40);
    for row in &group.rows {
        let mut cells = vec![name(row, names), row.figures[0].clone(), row.figures[1].clone(), row.ratio.clone()];
        cells.extend(wide.then(|| row.detectable.clone()));
        cells.push(row.verdict.clone());
        table.add_row(cells.iter().enumerate().map(|(column, text)| aligned(&harmless(text), column, wide)));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn name(row: &Row, width: usize) -> String {
    let name = if row.relative { format!("  {}", row.name) } else { row.name.clone() };
    if name.chars().count() <= width {
        return name;
    }
    name.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// Figures stand at the right, words at the left.
fn aligned(text: &str, column: usize, wide: bool) -> Cell {
    let figures = (1..3).contains(&column) || (wide && column == 4);
    Cell::new(text).set_alignment(if figures { CellAlignment::Right } else { CellAlignment::Left })
}
