//! What steps recorded, in a sentence for each variant and name.

use super::format;
use super::wording;
use crate::result::summary::{Summary, Variant};
use crate::words::{Metric, RecordFigure};

/// One sentence each, without an end.
pub(super) fn sentences(summary: &Summary) -> Vec<String> {
    summary.variants.iter().flat_map(of_variant).collect()
}

fn of_variant(variant: &Variant) -> Vec<String> {
    let names = variant.metrics.keys().filter_map(|key| match Metric::of_results(key) {
        Some(Metric::Record(name, RecordFigure::Count)) => Some(name),
        _ => None,
    });
    names.map(|name| sentence(variant, &name)).collect()
}

fn sentence(variant: &Variant, name: &str) -> String {
    let metric = |figure: &str| variant.metrics.get(&format!("{name}.{figure}")).copied().flatten();
    let nulls = match metric("nulls").unwrap_or(0.0) {
        0.0 => String::new(),
        1.0 => ", 1 NULL".to_owned(),
        nulls => format!(", {} NULLs", format::count(nulls as u64)),
    };
    let who = wording::variant_name(variant);
    let count = format::count(metric("count").unwrap_or(0.0) as u64);
    if let Some(share) = variant.metrics.get(name) {
        let share = share.map_or_else(|| format::ABSENT.to_owned(), format::percent);
        return format!("{who}: {name} was true in {share} ({count} times{nulls})");
    }
    let shown = ["mean", "p50", "p99", "max"].map(|figure| format!("{figure} {}", format::optional(metric(figure))));
    format!("{who}: {name} {} ({count} values{nulls})", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use crate::result::summary::{Summary, Variant};

    #[test]
    fn numbers_and_booleans_are_told_with_their_nulls() {
        let metrics = [
            ("failures.share", Some(0.0)),
            ("fresh", Some(0.25)),
            ("fresh.count", Some(20.0)),
            ("fresh.nulls", Some(0.0)),
            ("age.count", Some(1_234.0)),
            ("age.nulls", Some(3.0)),
            ("age.mean", Some(4.25)),
            ("age.p50", Some(4.0)),
            ("age.p99", None),
            ("age.max", Some(9.5)),
        ];
        let metrics = metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let variant = Variant { name: "join".to_owned(), metrics, ..Variant::default() };
        let summary = Summary { variants: vec![variant], ..Summary::default() };
        assert_eq!(
            sentences(&summary),
            [
                "join: age mean 4.25, p50 4.00, p99 –, max 9.50 (1,234 values, 3 NULLs)",
                "join: fresh was true in 25 % (20 times)",
            ]
        );
    }
}
