//! The summary of a run, from its slices and histograms alone. What is judged (comparisons, claims, validity) is left
//! empty here and filled in by `verdict`.

use std::collections::BTreeMap;
use std::path::Path;

use super::histograms::Histograms;
use super::named;
use super::reconnects;
use super::run::{RunRecord, SCHEMA_VERSION, VariantRecord};
use super::shares;
use super::slice::{Censored, SliceFigures, SliceRecord};
use super::summary::{Figures, LeftOut, NamedFigures, Round, RoundTimes, Summary, Variant};
use super::times::{SliceTimes, TimesUs, us};
use crate::words::counted;

/// The summary of what was measured. Figures are over all valid rounds: counts added, histograms merged.
#[must_use]
pub fn summarize(run: &RunRecord, slices: &[SliceRecord], histograms: &Histograms, dir: &Path) -> Summary {
    let mut variants: Vec<Variant> =
        run.variants.iter().map(|variant| self::variant(variant, slices, histograms)).collect();
    let harness = run.harness();
    // What is added to a statement is added to a round trip: of statements that share them nobody knows how often.
    for (variant, _) in variants.iter_mut().zip(&run.variants).filter(|(_, planned)| !planned.shares_round_trips()) {
        let statements = variant.mix.statements_per_operation;
        variant.harness_us_per_operation = harness.as_ref().and_then(|harness| harness.of_operation_us(statements));
    }
    let planned = run.rounds as usize * run.variants.len();
    let closed = slices.iter().filter(|slice| slice.failed.is_none()).count();
    Summary {
        schema_version: SCHEMA_VERSION,
        dbbench_version: run.dbbench.version.clone(),
        workload: run.workload.clone(),
        workload_hash: run.workload_hash.clone(),
        topology_hash: run.topology_hash.clone(),
        seed: run.seed,
        machine: run.environment.machine.clone(),
        servers: run.endpoints.iter().map(|endpoint| format!("{} ({})", endpoint.version, endpoint.name)).collect(),
        started_at: run.started_at.clone(),
        dir: dir.display().to_string(),
        partial: closed < planned,
        interrupted: slices.iter().any(|slice| slice.interrupted),
        valid: true,
        warnings: warnings(run, slices, histograms, closed),
        same_answer: run.same_answer,
        harness,
        rounds: run.rounds,
        slices_closed: closed as u64,
        null_target: run.null_target,
        baseline: run.baseline.clone(),
        variants,
        left_out: slices
            .iter()
            .filter_map(|slice| {
                let reason = slice.reason_left_out()?;
                Some(LeftOut { variant: slice.variant.clone(), round: slice.round, reason })
            })
            .collect(),
        ..Summary::default()
    }
}

fn variant(planned: &VariantRecord, slices: &[SliceRecord], histograms: &Histograms) -> Variant {
    let closed: Vec<&SliceRecord> = slices.iter().filter(|slice| slice.variant == planned.name).collect();
    let valid: Vec<&SliceRecord> = closed.iter().copied().filter(|slice| slice.valid).collect();
    let mix: Vec<&SliceFigures> = valid.iter().map(|slice| &slice.mix).collect();
    let pool = Pool { variant: &planned.name, slices: &valid, histograms };
    let ended: u64 = mix.iter().map(|figures| figures.ended()).sum();
    let failed: u64 = mix.iter().map(|figures| figures.failed).sum();
    let per_operation = |total_us: Option<f64>| total_us.filter(|_| ended > 0).map(|us| us / ended as f64);
    let background = pool.background();
    let mut rounds: Vec<Round> = closed.iter().map(|slice| round(slice)).collect();
    rounds.sort_by_key(|round| round.round);
    Variant {
        name: planned.name.clone(),
        side: planned.side.clone(),
        against: planned.against.clone(),
        title: planned.title.clone().unwrap_or_else(|| planned.name.clone()),
        point: planned.point.clone(),
        valid: !valid.is_empty(),
        limit: shares::limit(&closed),
        rate_reached: shares::rate_reached(if valid.is_empty() { &closed } else { &valid }),
        asked_per_s: shares::asked_per_s(if valid.is_empty() { &closed } else { &valid }),
        generator: shares::generator_use(&closed, planned.clients),
        link_rtt_us: Some(planned.link_rtt_us),
        clients: Some(planned.clients),
        mix: pool.figures(None, None, &mix),
        operations: planned
            .operations
            .iter()
            .map(|operation| {
                let parts: Vec<&SliceFigures> = valid
                    .iter()
                    .filter_map(|slice| slice.operations.iter().find(|f| f.name.as_deref() == Some(&operation.name)))
                    .collect();
                NamedFigures {
                    name: operation.name.clone(),
                    figures: pool.figures(Some(&operation.name), Some(&operation.job), &parts),
                }
            })
            .collect(),
        rounds,
        client_cpu_us_per_operation: per_operation(valid.iter().map(|slice| slice.client_cpu_us()).sum()),
        server_cpu_us_per_operation: per_operation(valid.iter().map(|slice| slice.server_cpu_us).sum()),
        harness_us_per_operation: None,
        top_failure: None,
        metrics: named::metrics(&closed, &valid, (ended > 0).then(|| failed as f64 / ended as f64), &background),
        tables: super::tables::tables(&valid),
        background,
        probes: BTreeMap::new(),
    }
}

fn round(slice: &SliceRecord) -> Round {
    let times = &slice.mix.response.us;
    Round {
        round: slice.round,
        valid: slice.valid,
        limit: slice.limit,
        goodput_per_s: (slice.measure_s > 0.0).then(|| slice.mix.succeeded as f64 / slice.measure_s),
        response_us: RoundTimes { p50: times.p50, p99: times.p99, mean: times.mean },
    }
}

/// The valid slices of a variant.
struct Pool<'a> {
    variant: &'a str,
    slices: &'a [&'a SliceRecord],
    histograms: &'a Histograms,
}

impl Pool<'_> {
    /// The figures of the mix (`operation` = `None`) or of one operation.
    fn figures(&self, operation: Option<&str>, job: Option<&str>, parts: &[&SliceFigures]) -> Figures {
        let sum = |field: fn(&SliceFigures) -> u64| parts.iter().map(|part| field(part)).sum::<u64>();
        let seconds: f64 = self.slices.iter().map(|slice| slice.measure_s).sum();
        let per_second = |count: u64| (seconds > 0.0).then(|| count as f64 / seconds);
        let (planned, censored, unstarted) = (sum(|f| f.planned), sum(|f| f.censored), sum(|f| f.unstarted));
        let ranks = Censored::of(censored, unstarted);
        let ended = sum(SliceFigures::ended);
        let mut failures = BTreeMap::new();
        for (key, count) in parts.iter().flat_map(|part| &part.failures) {
            *failures.entry(key.clone()).or_insert(0) += count;
        }
        let times = |kind: &str, field: fn(&SliceFigures) -> &SliceTimes, censored: u64| {
            self.times(operation, kind, parts.iter().map(|part| field(part)), censored)
        };
        let connects = self.slices.iter().map(|slice| &slice.connect);
        Figures {
            job: job.map(str::to_owned),
            planned,
            attempts: sum(|f| f.attempts),
            succeeded: sum(|f| f.succeeded),
            failed: sum(|f| f.failed),
            unknown: sum(|f| f.unknown),
            unstarted,
            retried: sum(|f| f.retried),
            retry_us_per_operation: (ended > 0 && sum(|f| f.retried) > 0)
                .then(|| us(parts.iter().map(|part| part.retry_us).sum::<f64>() * 1e3 / ended as f64)),
            censored: if planned == 0 { 0.0 } else { censored as f64 / planned as f64 },
            failures,
            goodput_per_s: per_second(sum(|f| f.succeeded)),
            rows_per_s: per_second(sum(|f| f.rows)),
            statements_per_operation: (ended > 0).then(|| sum(|f| f.statements) as f64 / ended as f64),
            wal_bytes_per_row: None,
            response_us: times("response", |f| &f.response, ranks.response),
            service_us: times("service", |f| &f.service, ranks.service),
            queue_us: times("queue", |f| &f.queue, ranks.response),
            acquire_us: times("acquire", |f| &f.acquire, ranks.service),
            connect_us: self.times(Some(""), "connect", connects, 0),
            schedule_lag_us: times("lag", |f| &f.lag, 0),
        }
    }

    /// The figures of what went on beside the mix. Its histograms are not kept: over several slices there are no percentiles.
    fn background(&self) -> Vec<NamedFigures> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.slices.iter().flat_map(|slice| &slice.background).filter_map(|figures| figures.name.as_deref())
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let figures = |name: &str| {
            let all = self.slices.iter().flat_map(|slice| &slice.background);
            let parts: Vec<&SliceFigures> = all.filter(|figures| figures.name.as_deref() == Some(name)).collect();
            // No operation is called so.
            self.figures(Some(&format!("background.{name}")), None, &parts)
        };
        names.into_iter().map(|name| NamedFigures { name: name.to_owned(), figures: figures(name) }).collect()
    }

    /// The figures of one kind of time over the slices; without their histograms only what is exact.
    fn times<'s>(
        &self,
        operation: Option<&str>,
        kind: &str,
        slices: impl Iterator<Item = &'s SliceTimes> + Clone,
        censored: u64,
    ) -> TimesUs {
        let count: u64 = slices.clone().map(|times| times.count).sum();
        let measured = count > 0 || kind == "response";
        // What goes on beside the mix has none: names of operations have no point.
        let is_kept = operation.is_none_or(|name| !name.contains('.'));
        let kept = if is_kept { self.histograms.times(self.variant, operation, kind) } else { None };
        match kept {
            _ if !measured => TimesUs::default(),
            Some(times) => TimesUs::of(&times, censored),
            None => TimesUs {
                min: slices.clone().filter_map(|times| times.min_ns).min().map(|ns| us(ns as f64)),
                max: slices.clone().filter_map(|times| times.max_ns).max().map(|ns| us(ns as f64)),
                mean: (censored == 0 && count > 0)
                    .then(|| us(slices.map(|times| times.sum_ns as f64).sum::<f64>() / count as f64)),
                ..TimesUs::default()
            },
        }
    }
}

/// What is worth knowing beside the figures.
fn warnings(run: &RunRecord, slices: &[SliceRecord], histograms: &Histograms, closed: usize) -> Vec<String> {
    let mut warnings = run.warnings.clone();
    let planned = run.rounds as usize * run.variants.len();
    if closed < planned {
        let of = if run.until.is_some() { "of at most" } else { "of" };
        warnings.push(format!("the run is partial: {closed} {of} {} closed", counted(planned, "slice")));
    }
    warnings.extend(different_loads(run));
    for variant in &run.variants {
        let of_variant = || slices.iter().filter(|slice| slice.variant == variant.name && slice.valid);
        let cold = of_variant().filter(|slice| !slice.warmed_up).count();
        if cold > 0 {
            warnings.push(format!(
                "{}: in {cold} of {} the warm-up ended before every connection had run each statement six times; \
                 a longer run.warmup helps",
                variant.name,
                counted(of_variant().count(), "slice")
            ));
        }
        let again: u64 = of_variant().map(|slice| slice.re_prepared).sum();
        if again > 0 {
            warnings.push(format!(
                "{}: statements were prepared again {again} times, because the server had forgotten them or their result had \
                 changed; the times of these operations contain it",
                variant.name
            ));
        }
        warnings.extend(reconnects::lost(&variant.name, of_variant()));
        warnings.extend(reconnects::closed_at_timeouts(&variant.name, of_variant()));
        let (failed, planned) =
            of_variant().fold((0, 0), |sum, slice| (sum.0 + slice.mix.failed, sum.1 + slice.mix.planned));
        if failed > 0 {
            let mut keys = BTreeMap::new();
            for (key, count) in of_variant().flat_map(|slice| &slice.mix.failures) {
                *keys.entry(key).or_insert(0) += count;
            }
            let keys: Vec<String> = keys.iter().map(|(key, count)| format!("{key}: {count}")).collect();
            warnings.push(format!(
                "{}: {failed} of {} failed ({}); errors.csv has their messages",
                variant.name,
                counted(planned, "operation"),
                keys.join(", ")
            ));
        }
        let above: u64 = of_variant().map(|slice| slice.mix.response.above_range).sum();
        if above > 0 {
            warnings
                .push(format!("{}: {above} response times lie above one hour, where nothing is counted", variant.name));
        }
    }
    if run.histogram_digits == 2 {
        warnings
            .push("histograms have two digits (within 1 %): with three they would need more than 256 MB".to_owned());
    }
    let missing = histograms.missing();
    if !missing.is_empty() {
        warnings.push(format!(
            "histograms.hlog lacks histograms of closed slices, so these have no percentiles: {}",
            missing.join(", ")
        ));
    }
    warnings
}

/// Variants whose load is not that of what they are compared with: their ratio holds more than the difference of what they do.
fn different_loads(run: &RunRecord) -> Vec<String> {
    let clients = |variant: &VariantRecord| match variant.clients {
        1 => "1 client".to_owned(),
        clients => format!("{clients} clients"),
    };
    let think = |variant: &VariantRecord| match variant.think_us {
        0.0 => "no pause".to_owned(),
        think_us => format!("{} ms between operations", think_us / 1e3),
    };
    let rate = |variant: &VariantRecord| match variant.rate_per_s {
        None => "a closed loop".to_owned(),
        Some(rate_per_s) => format!("{rate_per_s} operations asked for per second"),
    };
    let shape = |variant: &VariantRecord| match (variant.stages.len(), variant.arrivals.as_deref()) {
        (0, Some(arrivals)) => format!("{arrivals} arrivals"),
        (0, None) => "a steady load".to_owned(),
        (stages, _) => format!("{stages} stages of load"),
    };
    let note = |variant: &VariantRecord| {
        let against = run.against(variant)?;
        let baseline = run.variants.iter().find(|other| other.name == against)?;
        let is_same = [
            variant.rate_per_s == baseline.rate_per_s,
            variant.clients == baseline.clients,
            variant.think_us == baseline.think_us,
            variant.stages == baseline.stages
                && (variant.arrivals == baseline.arrivals || variant.rate_per_s != baseline.rate_per_s),
        ];
        let told = |variant: &VariantRecord| {
            let parts = [rate(variant), clients(variant), think(variant), shape(variant)];
            let parts: Vec<String> = parts.into_iter().zip(is_same).filter(|part| !part.1).map(|part| part.0).collect();
            parts.join(" and ")
        };
        let (own, other) = match is_same {
            [true, true, true, true] => return None,
            [true, false, true, true] => (clients(variant), baseline.clients.to_string()),
            _ => (told(variant), told(baseline)),
        };
        Some(format!("{} ran with {own}, {} with {other}: their loads differ too", variant.name, baseline.name))
    };
    run.variants.iter().filter_map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_is_not_the_baselines_is_noted() {
        let variant = |name: &str, clients, think_us| VariantRecord {
            name: name.to_owned(),
            clients,
            think_us,
            ..VariantRecord::default()
        };
        let variants = vec![
            variant("base", 4, 0.0),
            variant("same", 4, 0.0),
            variant("join", 2, 0.0),
            variant("slow", 4, 5_000.0),
            variant("both", 1, 500.0),
            VariantRecord { rate_per_s: Some(50.0), arrivals: Some("poisson".to_owned()), ..variant("open", 4, 0.0) },
        ];
        let run = RunRecord { baseline: "base".to_owned(), variants, ..RunRecord::default() };
        assert_eq!(
            different_loads(&run),
            [
                "join ran with 2 clients, base with 4: their loads differ too",
                "slow ran with 5 ms between operations, base with no pause: their loads differ too",
                "both ran with 1 client and 0.5 ms between operations, base with 4 clients and no pause: their loads differ \
                 too",
                "open ran with 50 operations asked for per second, base with a closed loop: their loads differ too",
            ]
        );
    }
}
