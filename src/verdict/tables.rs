//! Whether variants that write were measured on tables of about the same size.

use super::ratio::grouped;
use crate::result::run::RunRecord;
use crate::result::summary::{Summary, Table};

/// Tables that end further apart than this are not the same for those who write to them.
const APART: f64 = 1.2;

/// A sentence about the table that ends furthest apart; `None`: all end about equal.
pub(super) fn apart(run: &RunRecord, summary: &Summary) -> Option<String> {
    let mut names: Vec<&str> =
        summary.variants.iter().flat_map(|variant| &variant.tables).map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let furthest =
        names.into_iter().filter_map(|name| ends(summary, name)).max_by(|a, b| a.ratio.total_cmp(&b.ratio))?;
    let Ends { table, unit, least, most, .. } = furthest;
    let shown = |rows: f64| grouped(&format!("{rows:.0}"));
    let what = match run.variants.iter().all(|variant| variant.count.is_some()) {
        true => "variants that write differently much are compared on different tables",
        false => "time-boxed writes are compared on different tables; run.count gives all variants the same work",
    };
    Some(format!(
        "at the end of a slice {table} has {} {unit} in {} and {} in {}: {what}",
        shown(least.1),
        least.0,
        shown(most.1),
        most.0
    ))
}

struct Ends<'a> {
    table: &'a str,
    unit: &'static str,
    least: (&'a str, f64),
    most: (&'a str, f64),
    ratio: f64,
}

/// Where a table ends in the variants that have it, when that is too far apart: by rows, else by bytes.
fn ends<'a>(summary: &'a Summary, name: &'a str) -> Option<Ends<'a>> {
    let of = |field: fn(&Table) -> Option<f64>| -> Option<Vec<(&'a str, f64)>> {
        let tables = summary.variants.iter().filter_map(|variant| {
            let table = variant.tables.iter().find(|table| table.name == name)?;
            Some(field(table).map(|figure| (variant.name.as_str(), figure)))
        });
        tables.collect()
    };
    let (unit, figures) = match (of(|table| table.rows_after), of(|table| table.bytes_after)) {
        (Some(rows), _) => ("rows", rows),
        (None, Some(bytes)) => ("bytes", bytes),
        (None, None) => return None,
    };
    let least = figures.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let most = figures.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let ratio = if least.1 > 0.0 { most.1 / least.1 } else { f64::INFINITY };
    (most.1 > least.1 && ratio > APART).then_some(Ends { table: name, unit, least, most, ratio })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::run::VariantRecord;
    use crate::result::summary::Variant;

    fn summary(rows: &[(&str, Option<f64>, f64)]) -> Summary {
        let variant = |(name, rows_after, bytes): &(&str, Option<f64>, f64)| Variant {
            name: (*name).to_owned(),
            tables: vec![Table {
                name: "t".to_owned(),
                rows_after: *rows_after,
                bytes_after: Some(*bytes),
                ..Table::default()
            }],
            ..Variant::default()
        };
        Summary { variants: rows.iter().map(variant).collect(), ..Summary::default() }
    }

    #[test]
    fn tables_that_end_a_fifth_apart_are_told() {
        let run = RunRecord { variants: vec![VariantRecord::default()], ..RunRecord::default() };
        let told = |rows: &[(&str, Option<f64>, f64)]| apart(&run, &summary(rows));
        assert_eq!(told(&[("a", Some(100.0), 1.0), ("b", Some(119.0), 9.0)]), None);
        let sentence = told(&[("a", Some(2_000.0), 1.0), ("b", Some(1_000.0), 1.0), ("c", Some(1_500.0), 1.0)]);
        assert!(
            sentence
                .is_some_and(|text| text.starts_with("at the end of a slice t has 1,000 rows in b and 2,000 in a: ")
                    && text.contains("run.count"))
        );
        // Where rows are not counted, bytes tell; an empty table is infinitely smaller.
        assert!(
            told(&[("a", None, 8192.0), ("b", Some(9.0), 16384.0)]).is_some_and(|text| text.contains("8,192 bytes"))
        );
        assert!(told(&[("a", Some(0.0), 1.0), ("b", Some(1.0), 1.0)]).is_some());
        let counted = RunRecord {
            variants: vec![VariantRecord { count: Some(10), ..VariantRecord::default() }],
            ..RunRecord::default()
        };
        let sentence = apart(&counted, &summary(&[("a", Some(1.0), 1.0), ("b", Some(2.0), 1.0)]));
        assert!(sentence.is_some_and(|text| !text.contains("run.count")));
    }
}
