//! The summary as a table: a row for the mix of each variant (`*`) and one for each operation, figures in the units of
//! `summary.json`. Empty fields were not measured.

use super::point;
use crate::result::TimesUs;
use crate::result::summary::{Figures, Summary, Variant};
use crate::words::Percentile;

const HEAD: [&str; 21] = [
    "workload",
    "workload_hash",
    "started_at",
    "machine",
    "dbbench_version",
    "variant",
    "point",
    "baseline",
    "valid",
    "operation",
    "job",
    "planned",
    "attempts",
    "succeeded",
    "failed",
    "unknown",
    "unstarted",
    "retried",
    "censored",
    "goodput_per_s",
    "rows_per_s",
];

/// What follows the head: per-operation figures, then eight for each kind of times.
const PER_OPERATION: [&str; 4] =
    ["statements_per_operation", "wal_bytes_per_row", "client_cpu_us_per_operation", "server_cpu_us_per_operation"];

/// The table as CSV.
///
/// # Errors
/// When it cannot be encoded, which no summary can cause.
pub fn render(summary: &Summary) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = HEAD.iter().chain(&PER_OPERATION).map(|name| (*name).to_owned()).collect();
    for (kind, _) in kinds(&Figures::default()) {
        head.extend(Percentile::ALL.iter().map(|figure| format!("{kind}_us_{}", figure.name())));
    }
    writer.write_record(&head)?;
    for variant in &summary.variants {
        writer.write_record(row(summary, variant, "*", &variant.mix))?;
        for part in &variant.operations {
            writer.write_record(row(summary, variant, &part.name, &part.figures))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn kinds(figures: &Figures) -> [(&'static str, &TimesUs); 6] {
    [
        ("response", &figures.response_us),
        ("service", &figures.service_us),
        ("queue", &figures.queue_us),
        ("acquire", &figures.acquire_us),
        ("connect", &figures.connect_us),
        ("schedule_lag", &figures.schedule_lag_us),
    ]
}

fn row(summary: &Summary, variant: &Variant, operation: &str, figures: &Figures) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let counts = [
        figures.planned,
        figures.attempts,
        figures.succeeded,
        figures.failed,
        figures.unknown,
        figures.unstarted,
        figures.retried,
    ];
    // CPU is known of the whole mix only.
    let of_mix = |value: Option<f64>| value.filter(|_| operation == "*");
    let mut row = vec![
        summary.workload.clone(),
        summary.workload_hash.clone(),
        summary.started_at.clone(),
        summary.machine.clone(),
        summary.dbbench_version.clone(),
        variant.name.clone(),
        point(variant),
        (summary.sides.is_none() && variant.name == summary.baseline).to_string(),
        variant.valid.to_string(),
        operation.to_owned(),
        figures.job.clone().unwrap_or_default(),
    ];
    row.extend(counts.map(|count| count.to_string()));
    row.extend([
        number(Some(figures.censored)),
        number(figures.goodput_per_s),
        number(figures.rows_per_s),
        number(figures.statements_per_operation),
        number(figures.wal_bytes_per_row),
        number(of_mix(variant.client_cpu_us_per_operation)),
        number(of_mix(variant.server_cpu_us_per_operation)),
    ]);
    for (_, times) in kinds(figures) {
        row.extend(Percentile::ALL.iter().map(|figure| number(times.get(*figure))));
    }
    row
}
