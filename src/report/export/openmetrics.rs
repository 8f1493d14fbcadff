//! The summary as OpenMetrics text (1.0.0), for what scrapes files or takes a push. Times are seconds, the unit of that world.
//!
//! A family holds figures of the whole mix, or of single operations, never both: who sums a family must not count twice.
//! What was not measured has no line. There are no timestamps, which collectors of files refuse; `dbbench_run_info` says
//! when the run was.

use std::fmt::Write as _;

use super::point;
use crate::result::TimesUs;
use crate::result::summary::{Comparison, Figures, Finding, Judged, Summary, Variant};
use crate::verdict;
use crate::words::Percentile;

/// Labels of a line, in their order; empty values are left out, for they mean no label.
type Labels = Vec<(&'static str, String)>;

/// A family under way. One without a line is not there at all.
struct Family<'a> {
    out: &'a mut String,
    name: &'static str,
    /// What stands above its first line.
    head: String,
}

/// The exposition.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut out = String::new();
    about(&mut out, summary);
    let mix = |variant: &Variant| vec![(labels(summary, variant), variant.mix.clone())];
    figures(&mut out, summary, &NAMES[0], &mix);
    let parts = |variant: &Variant| {
        let part = |part: &crate::result::summary::NamedFigures| {
            let mut labels = labels(summary, variant);
            labels.push(("operation", part.name.clone()));
            labels.push(("job", part.figures.job.clone().unwrap_or_default()));
            (labels, part.figures.clone())
        };
        variant.operations.iter().map(part).collect()
    };
    figures(&mut out, summary, &NAMES[1], &parts);
    cpu(&mut out, summary);
    comparisons(&mut out, summary);
    regressions(&mut out, summary);
    judged(&mut out, summary, "dbbench_claim", "What was found about a claim of the workload", &summary.claims);
    judged(&mut out, summary, "dbbench_expectation", "What was found about an expectation", &summary.expectations);
    let mut checks =
        Family::new(&mut out, "dbbench_check_passed", "gauge", "", "Whether a check after slices always passed");
    for check in &summary.checks {
        let labels = vec![
            ("workload", summary.workload.clone()),
            ("variant", check.variant.clone()),
            ("check", check.name.clone()),
        ];
        checks.line("", &labels, f64::from(u8::from(check.passed)));
    }
    out.push_str("# EOF\n");
    out
}

fn about(out: &mut String, summary: &Summary) {
    let mut run = Family::new(out, "dbbench_run", "info", "", "The run that all other figures are of");
    let labels = vec![
        ("workload", summary.workload.clone()),
        ("workload_hash", summary.workload_hash.clone()),
        ("topology_hash", summary.topology_hash.clone()),
        ("dbbench_version", summary.dbbench_version.clone()),
        ("machine", summary.machine.clone()),
        ("servers", summary.servers.join(", ")),
        ("seed", summary.seed.to_string()),
        ("started_at", summary.started_at.clone()),
    ];
    run.line("_info", &labels, 1.0);
    let of_run = vec![("workload", summary.workload.clone())];
    let flag = |flag: bool| f64::from(u8::from(flag));
    Family::new(out, "dbbench_valid", "gauge", "", "Whether the figures may be relied on").line(
        "",
        &of_run,
        flag(summary.valid),
    );
    Family::new(out, "dbbench_partial", "gauge", "", "Whether fewer slices closed than were planned").line(
        "",
        &of_run,
        flag(summary.partial),
    );
}

fn labels(summary: &Summary, variant: &Variant) -> Labels {
    vec![("workload", summary.workload.clone()), ("variant", variant.name.clone()), ("point", point(variant))]
}

/// Names of the families of the mix, and of single operations.
struct Names {
    operations: &'static str,
    failures: &'static str,
    goodput: &'static str,
    rows: &'static str,
    statements: &'static str,
    times: [&'static str; 6],
}

const NAMES: [Names; 2] = [
    Names {
        operations: "dbbench_operations",
        failures: "dbbench_failures",
        goodput: "dbbench_goodput_per_second",
        rows: "dbbench_rows_per_second",
        statements: "dbbench_statements_per_operation",
        times: [
            "dbbench_response_seconds",
            "dbbench_service_seconds",
            "dbbench_queue_seconds",
            "dbbench_acquire_seconds",
            "dbbench_connect_seconds",
            "dbbench_schedule_lag_seconds",
        ],
    },
    Names {
        operations: "dbbench_operation_operations",
        failures: "dbbench_operation_failures",
        goodput: "dbbench_operation_goodput_per_second",
        rows: "dbbench_operation_rows_per_second",
        statements: "dbbench_operation_statements_per_operation",
        times: [
            "dbbench_operation_response_seconds",
            "dbbench_operation_service_seconds",
            "dbbench_operation_queue_seconds",
            "dbbench_operation_acquire_seconds",
            "dbbench_operation_connect_seconds",
            "dbbench_operation_schedule_lag_seconds",
        ],
    },
];

/// All families of figures; lines of one family stand together.
fn figures(out: &mut String, summary: &Summary, names: &Names, of: &dyn Fn(&Variant) -> Vec<(Labels, Figures)>) {
    let all: Vec<(Labels, Figures)> = summary.variants.iter().flat_map(of).collect();
    if all.is_empty() {
        return;
    }
    let mut family = Family::new(out, names.operations, "counter", "", "Operations by how they ended");
    for (labels, figures) in &all {
        let ends = [("succeeded", figures.succeeded), ("failed", figures.failed), ("unstarted", figures.unstarted)];
        for (end, count) in ends {
            family.line("_total", &with(labels, "end", end), count as f64);
        }
    }
    let mut family = Family::new(out, names.failures, "counter", "", "Operations that failed, by SQLSTATE or class");
    for (labels, figures) in &all {
        for (key, count) in &figures.failures {
            family.line("_total", &with(labels, "failure", key), *count as f64);
        }
    }
    type Gauge = fn(&Figures) -> Option<f64>;
    let gauges: [(&'static str, &str, Gauge); 3] = [
        (names.goodput, "Operations that succeeded, per second", |figures| figures.goodput_per_s),
        (names.rows, "Rows returned or affected, per second", |figures| figures.rows_per_s),
        (names.statements, "Statements sent per operation that ended", |figures| figures.statements_per_operation),
    ];
    for (name, help, of) in gauges {
        let mut family = Family::new(out, name, "gauge", "", help);
        all.iter().for_each(|(labels, figures)| family.measured("", labels, of(figures)));
    }
    let helps = [
        "Response time of operations that succeeded: from the intended start to the end",
        "Service time: from the first send to the last byte",
        "Queue time in an open loop: waiting for a free client",
        "Acquire time: waiting for a connection",
        "Time to connect",
        "Schedule lag: the generator's own lateness",
    ];
    for (kind, (name, help)) in names.times.into_iter().zip(helps).enumerate() {
        let mut family = Family::new(out, name, "summary", "seconds", help);
        for (labels, figures) in &all {
            family.quantiles(labels, figures, kind);
        }
    }
}

fn with(labels: &Labels, name: &'static str, value: &str) -> Labels {
    let mut labels = labels.clone();
    labels.push((name, value.to_owned()));
    labels
}

fn times(figures: &Figures, kind: usize) -> &TimesUs {
    match kind {
        0 => &figures.response_us,
        1 => &figures.service_us,
        2 => &figures.queue_us,
        3 => &figures.acquire_us,
        4 => &figures.connect_us,
        _ => &figures.schedule_lag_us,
    }
}

/// CPU is known of the whole mix only.
fn cpu(out: &mut String, summary: &Summary) {
    type Of = fn(&Variant) -> Option<f64>;
    let sides: [(&'static str, &str, Of); 2] = [
        ("dbbench_client_cpu_per_operation_seconds", "Client CPU per operation that ended", |variant| {
            variant.client_cpu_us_per_operation
        }),
        ("dbbench_server_cpu_per_operation_seconds", "CPU of local servers per operation that ended", |variant| {
            variant.server_cpu_us_per_operation
        }),
    ];
    for (name, help, of) in sides {
        let mut family = Family::new(out, name, "gauge", "seconds", help);
        for variant in &summary.variants {
            family.measured("", &labels(summary, variant), of(variant).map(seconds));
        }
    }
}

fn of_comparison(summary: &Summary, comparison: &Comparison) -> Labels {
    let point: Vec<String> = comparison.point.iter().map(|(key, value)| format!("{key}={value}")).collect();
    vec![
        ("workload", summary.workload.clone()),
        ("variant", comparison.variant.clone()),
        ("point", point.join(" ")),
        ("baseline", comparison.baseline.clone()),
        ("operation", comparison.operation.clone().unwrap_or_default()),
        ("job", comparison.job.clone().unwrap_or_default()),
        ("metric", comparison.metric.clone()),
    ]
}

fn comparisons(out: &mut String, summary: &Summary) {
    type Of = fn(&Comparison) -> Option<f64>;
    let parts: [(&'static str, &str, Of); 3] = [
        ("dbbench_ratio", "A variant to the baseline in one metric", |comparison| comparison.ratio),
        ("dbbench_ratio_low", "Lower end of the interval of the ratio", |comparison| {
            comparison.ratio.and(comparison.ci_low)
        }),
        ("dbbench_ratio_high", "Upper end of the interval of the ratio", |comparison| {
            comparison.ratio.and(comparison.ci_high)
        }),
    ];
    for (name, help, of) in parts {
        let mut family = Family::new(out, name, "gauge", "", help);
        for comparison in &summary.comparisons {
            family.measured("", &of_comparison(summary, comparison), of(comparison));
        }
    }
}

/// Of sides, what may be a regression and whether it is.
fn regressions(out: &mut String, summary: &Summary) {
    let help = "Whether a variant is worse on side b by more than was allowed";
    let mut family = Family::new(out, "dbbench_regression", "gauge", "", help);
    let is_gate = summary.sides.as_ref().is_some_and(|sides| sides.fail_above.is_some());
    for comparison in verdict::gates(summary).filter(|_| is_gate) {
        family.line("", &of_comparison(summary, comparison), f64::from(u8::from(comparison.regression)));
    }
}

/// A set of states: one of them is 1.
fn judged(out: &mut String, summary: &Summary, name: &'static str, help: &str, all: &[Judged]) {
    let mut family = Family::new(out, name, "stateset", "", help);
    for (number, judged) in all.iter().enumerate() {
        let labels = vec![
            ("workload", summary.workload.clone()),
            // Two may have the same words.
            ("number", (number + 1).to_string()),
            ("text", judged.claim.clone()),
            ("variant", judged.variant.clone()),
            ("metric", judged.metric.clone()),
        ];
        for (state, of) in [("holds", Finding::Holds), ("refuted", Finding::Refuted), ("undecided", Finding::Undecided)]
        {
            family.line("", &with(&labels, name, state), f64::from(u8::from(judged.verdict == of)));
        }
    }
}

fn seconds(us: f64) -> f64 {
    us / 1e6
}

impl<'a> Family<'a> {
    fn new(out: &'a mut String, name: &'static str, kind: &str, unit: &str, help: &str) -> Self {
        let unit = if unit.is_empty() { String::new() } else { format!("# UNIT {name} {unit}\n") };
        let head = format!("# TYPE {name} {kind}\n{unit}# HELP {name} {}.\n", escaped(help));
        Self { out, name, head }
    }

    fn line(&mut self, suffix: &str, labels: &Labels, value: f64) {
        let shown: Vec<String> = labels
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        self.out.push_str(&std::mem::take(&mut self.head));
        let _ = writeln!(self.out, "{}{suffix}{{{}}} {value}", self.name, shown.join(","));
    }

    fn measured(&mut self, suffix: &str, labels: &Labels, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.line(suffix, labels, value);
        }
    }

    /// Percentiles; of response times also how many and their sum, which the others do not have for themselves.
    fn quantiles(&mut self, labels: &Labels, figures: &Figures, kind: usize) {
        let times = times(figures, kind);
        for percentile in Percentile::ALL {
            let (Some(quantile), Some(us)) = (percentile.quantile(), times.get(percentile)) else { continue };
            self.line("", &with(labels, "quantile", &quantile.to_string()), seconds(us));
        }
        if kind == 0 {
            self.line("_count", labels, figures.succeeded as f64);
            let sum = times.mean.map(|mean| seconds(mean) * figures.succeeded as f64);
            self.measured("_sum", labels, sum);
        }
    }
}

/// As the text format wants labels and helps: backslash, quote and line feed escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
