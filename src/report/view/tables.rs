//! Tables of the page, cell by cell.

use serde::Serialize;

use super::Badge;
use super::settings::Fact;
use crate::report::chart::{Curve, Kind};
use crate::report::plots::{Plot, STATED};
use crate::report::wording::{self, PRIMARY, metric_name};
use crate::report::{caveats, checks, format};
use crate::result::summary::{Comparison, Judged, Summary, Variant};
use crate::verdict::is_refuted;

/// A row of the first table.
#[derive(Debug, Serialize)]
pub(super) struct KeyRow {
    ink: usize,
    name: String,
    title: Option<String>,
    baseline: bool,
    valid: bool,
    goodput: String,
    /// Where anything failed in any variant.
    failed: Option<String>,
    p50: String,
    p95: String,
    p99: String,
    max: String,
    statements: String,
    ratio: Option<String>,
    interval: Option<String>,
    verdict: Option<Badge>,
}

pub(super) fn key(summary: &Summary) -> Vec<KeyRow> {
    let inks = wording::series(summary);
    summary.variants.iter().zip(inks).map(|(variant, ink)| key_row(summary, variant, ink)).collect()
}

fn key_row(summary: &Summary, variant: &Variant, ink: usize) -> KeyRow {
    let times = &variant.mix.response_us;
    let comparison = summary.comparison(&variant.name, PRIMARY);
    KeyRow {
        ink: ink % 8,
        name: wording::variant_name(variant),
        title: (variant.title != variant.name && !variant.title.is_empty()).then(|| variant.title.clone()),
        baseline: summary.is_the_baseline(variant),
        valid: !caveats::has_too_few_rounds(summary, variant),
        failed: caveats::anything_failed(summary).then(|| caveats::failed(&variant.mix)),
        goodput: format::optional(variant.mix.goodput_per_s),
        p50: format::optional_time_us(times.p50),
        p95: format::optional_time_us(times.p95),
        p99: format::optional_time_us(times.p99),
        max: format::optional_time_us(times.max),
        statements: variant.mix.statements_per_operation.map_or_else(|| format::ABSENT.to_owned(), format::trimmed),
        ratio: comparison.map(wording::estimate),
        interval: comparison.and_then(wording::interval),
        verdict: comparison.map(badge),
    }
}

fn badge(comparison: &Comparison) -> Badge {
    let (word, tone) = wording::verdict(comparison);
    Badge::new(word, tone)
}

/// A variant in the table of generator and machine.
#[derive(Debug, Serialize)]
pub(super) struct GeneratorRow {
    variant: String,
    limit: String,
    cpu: String,
    cpu_wait: String,
    lag: String,
    busy: String,
    steal: String,
    pressure: String,
}

/// Rows of the variants of which anything is known.
pub(super) fn generator(summary: &Summary) -> Vec<GeneratorRow> {
    let share = |share: Option<f64>| share.map_or_else(|| format::ABSENT.to_owned(), format::percent);
    let row = |variant: &Variant| {
        let used = &variant.generator;
        GeneratorRow {
            variant: wording::variant_name(variant),
            limit: variant.limit.map_or(format::ABSENT, wording::limit).to_owned(),
            cpu: share(used.worker_cpu_max),
            cpu_wait: share(used.worker_cpu_wait_max),
            lag: share(used.schedule_lag),
            busy: share(used.clients_busy.map(|busy| busy.min(1.0))),
            steal: share(used.steal_max),
            pressure: share(used.cpu_pressure_max.map(|pressure| pressure.min(1.0))),
        }
    };
    summary.variants.iter().filter(|variant| variant.generator.worker_cpu_max.is_some()).map(row).collect()
}

/// A variant in the table of open loops.
#[derive(Debug, Serialize)]
pub(super) struct OpenRow {
    variant: String,
    asked: String,
    planned: String,
    unstarted: String,
    queue_p50: String,
    queue_p99: String,
}

/// Rows of the variants that were asked for operations at a rate.
pub(super) fn open(summary: &Summary) -> Vec<OpenRow> {
    let row = |variant: &Variant| {
        let asked = variant.asked_per_s?;
        let mix = &variant.mix;
        Some(OpenRow {
            variant: wording::variant_name(variant),
            asked: format::significant(asked),
            planned: format::count(mix.planned),
            unstarted: format::count(mix.unstarted),
            queue_p50: format::optional_time_us(mix.queue_us.p50),
            queue_p99: format::optional_time_us(mix.queue_us.p99),
        })
    };
    summary.variants.iter().filter_map(row).collect()
}

/// The percentile curves in figures.
#[derive(Debug, Default, Serialize)]
pub(super) struct CurveTable {
    percentiles: Vec<String>,
    rows: Vec<CurveRow>,
}

/// A variant's curve.
#[derive(Debug, Serialize)]
struct CurveRow {
    variant: String,
    times: Vec<String>,
}

/// The curves at the percentiles that are stated, as far as any of them goes.
pub(super) fn curves(plots: &[Plot]) -> CurveTable {
    let Some(Kind::Percentiles(chart)) =
        plots.iter().map(|plot| &plot.chart.kind).find(|kind| matches!(kind, Kind::Percentiles(_)))
    else {
        return CurveTable::default();
    };
    let read =
        |curve: &Curve, at: f64| curve.points.iter().find(|(q, _)| (q - at).abs() < 1e-12).map(|(_, time_us)| *time_us);
    let reached: Vec<f64> =
        STATED.into_iter().filter(|at| chart.curves.iter().any(|curve| read(curve, *at).is_some())).collect();
    let row = |curve: &Curve| CurveRow {
        variant: curve.name.clone(),
        times: reached.iter().map(|at| format::optional_time_us(read(curve, *at))).collect(),
    };
    CurveTable {
        percentiles: reached.iter().map(|at| percentile(*at)).collect(),
        rows: chart.curves.iter().map(row).collect(),
    }
}

/// `p50`, `p99.9`.
fn percentile(q: f64) -> String {
    let text = format!("{:.3}", q * 100.0);
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A row of the table of comparisons.
#[derive(Debug, Serialize)]
pub(super) struct ComparisonRow {
    variant: String,
    against: String,
    metric: String,
    estimate: String,
    interval: String,
    detectable: String,
    rounds: u32,
    verdict: Badge,
}

pub(super) fn comparisons(summary: &Summary) -> Vec<ComparisonRow> {
    let row = |c: &Comparison| {
        let of = c.operation.as_deref().or(c.job.as_deref()).map_or_else(String::new, |of| format!(" of {of}"));
        ComparisonRow {
            variant: c.variant.clone(),
            against: c.baseline.clone(),
            metric: format!("{}{of}", metric_name(&c.metric)),
            estimate: wording::estimate(c),
            interval: wording::interval(c).unwrap_or_else(|| format::ABSENT.to_owned()),
            detectable: wording::detectable(c),
            rounds: c.rounds,
            verdict: badge(c),
        }
    };
    summary.comparisons.iter().map(row).collect()
}

/// A claim or an expectation.
#[derive(Debug, Serialize)]
pub(super) struct JudgedRow {
    claim: String,
    source: Option<String>,
    observed: String,
    required: String,
    rounds: u32,
    verdict: Badge,
}

pub(super) fn judged(summary: &Summary, all: &[Judged]) -> Vec<JudgedRow> {
    let row = |judged: &Judged| {
        let (word, tone) = wording::finding(judged.verdict);
        JudgedRow {
            claim: judged.claim.clone(),
            source: judged.source.clone(),
            observed: wording::observed(summary, judged),
            required: wording::required(judged),
            rounds: judged.rounds,
            verdict: Badge::new(word, tone),
        }
    };
    all.iter().map(row).collect()
}

pub(super) fn failed_checks(summary: &Summary) -> Vec<String> {
    summary.checks.iter().filter(|check| is_refuted(check)).map(checks::in_words).collect()
}

/// A row of the table of operations; the mix has one too where it is more than one operation.
#[derive(Debug, Serialize)]
pub(super) struct OperationRow {
    variant: String,
    operation: String,
    succeeded: String,
    failed: String,
    retried: String,
    goodput: String,
    statements: String,
    mean: String,
    p50: String,
    p90: String,
    p95: String,
    p99: String,
    p999: String,
    max: String,
    service_p50: String,
    connect_p50: String,
    client_cpu: String,
    server_cpu: String,
}

pub(super) fn operations(summary: &Summary) -> Vec<OperationRow> {
    let mut rows = Vec::new();
    for variant in &summary.variants {
        let alone = variant.operations.len() == 1;
        if !alone {
            rows.push(operation_row(variant, "all together", &variant.mix, true));
        }
        for operation in &variant.operations {
            rows.push(operation_row(variant, &operation.name, &operation.figures, alone));
        }
    }
    rows
}

fn operation_row(
    variant: &Variant,
    operation: &str,
    figures: &crate::result::summary::Figures,
    whole: bool,
) -> OperationRow {
    let times = &figures.response_us;
    let cpu = |cpu: Option<f64>| format::optional_time_us(cpu.filter(|_| whole));
    OperationRow {
        variant: wording::variant_name(variant),
        operation: operation.to_owned(),
        succeeded: format::count(figures.succeeded),
        failed: format::count(figures.failed),
        retried: match figures.retry_us_per_operation {
            Some(us) => format!("{}, {} per operation", format::count(figures.retried), format::time_us(us)),
            None => format::count(figures.retried),
        },
        goodput: format::optional(figures.goodput_per_s),
        statements: figures.statements_per_operation.map_or_else(|| format::ABSENT.to_owned(), format::trimmed),
        mean: format::optional_time_us(times.mean),
        p50: format::optional_time_us(times.p50),
        p90: format::optional_time_us(times.p90),
        p95: format::optional_time_us(times.p95),
        p99: format::optional_time_us(times.p99),
        p999: format::optional_time_us(times.p999),
        max: format::optional_time_us(times.max),
        service_p50: format::optional_time_us(figures.service_us.p50),
        connect_p50: format::optional_time_us(figures.connect_us.p50.or(variant.mix.connect_us.p50).filter(|_| whole)),
        client_cpu: cpu(variant.client_cpu_us_per_operation),
        server_cpu: cpu(variant.server_cpu_us_per_operation),
    }
}

/// Failures of all variants: which, and how many.
pub(super) fn failures(summary: &Summary) -> Vec<Fact> {
    let all = summary.variants.iter().flat_map(|variant| {
        let name = wording::variant_name(variant);
        variant.mix.failures.iter().map(move |(key, count)| Fact::new(format!("{name}, {key}"), format::count(*count)))
    });
    all.collect()
}

/// A round: one cell per variant.
#[derive(Debug, Serialize)]
pub(super) struct RoundRow {
    round: u32,
    cells: Vec<RoundCell>,
}

/// A variant in a round.
#[derive(Debug, Serialize)]
struct RoundCell {
    goodput: String,
    p50: String,
    p99: String,
    left_out: bool,
}

pub(super) fn rounds(summary: &Summary) -> Vec<RoundRow> {
    let last = summary.variants.iter().flat_map(|variant| &variant.rounds).map(|round| round.round).max().unwrap_or(0);
    let cell = |variant: &Variant, number: u32| {
        let round = variant.rounds.iter().find(|round| round.round == number);
        RoundCell {
            goodput: format::optional(round.and_then(|round| round.goodput_per_s)),
            p50: format::optional_time_us(round.and_then(|round| round.response_us.p50)),
            p99: format::optional_time_us(round.and_then(|round| round.response_us.p99)),
            left_out: round.is_some_and(|round| !round.valid),
        }
    };
    let row = |round| RoundRow { round, cells: summary.variants.iter().map(|variant| cell(variant, round)).collect() };
    (1..=last).map(row).collect()
}
