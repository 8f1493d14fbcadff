//! A comparison as a table for programs: a row for each comparison, figures in the units of `summary.json`.

use crate::result::compared::{Compared, ComparedFigure};

const HEAD: [&str; 25] = [
    "side",
    "against",
    "variant",
    "against_variant",
    "point",
    "metric",
    "relative_to",
    "decides",
    "figure",
    "against_figure",
    "ratio",
    "difference",
    "ci_low",
    "ci_high",
    "confidence",
    "interval_over",
    "runs",
    "against_runs",
    "rounds",
    "against_rounds",
    "detectable",
    "verdict",
    "better",
    "regression",
    "reason",
];

/// The comparison as CSV. Empty fields were not measured.
///
/// # Errors
/// When it cannot be encoded, which no comparison can cause.
pub fn render(compared: &Compared) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEAD)?;
    for figure in &compared.comparisons {
        writer.write_record(record(figure))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(figure: &ComparedFigure) -> [String; 25] {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let word = |value: Result<serde_json::Value, serde_json::Error>| match value {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    };
    let point: Vec<String> = figure.point.iter().map(|(key, value)| format!("{key}={value}")).collect();
    [
        figure.side.clone(),
        figure.against.clone(),
        figure.variant.clone(),
        figure.against_variant.clone(),
        point.join(" "),
        figure.metric.clone(),
        figure.relative_to.clone().unwrap_or_default(),
        figure.decides.to_string(),
        number(figure.figure),
        number(figure.against_figure),
        number(figure.ratio),
        number(figure.difference),
        number(figure.ci_low),
        number(figure.ci_high),
        number(Some(figure.confidence)),
        word(serde_json::to_value(figure.interval_over)),
        figure.runs.to_string(),
        figure.against_runs.to_string(),
        figure.rounds.to_string(),
        figure.against_rounds.to_string(),
        number(figure.detectable),
        word(serde_json::to_value(figure.verdict)),
        figure.better.map_or_else(String::new, |better| better.to_string()),
        figure.regression.to_string(),
        figure.reason.clone().unwrap_or_default(),
    ]
}
