//! A run as it might have been, for tests and for looking at reports.

use std::collections::BTreeMap;

use crate::report::{Inputs, ResponseCurve};
use crate::result::index::Links;
use crate::result::interval::IntervalRow;
use crate::result::plans::{PlanList, PlanRecord};
use crate::result::run::{
    Bound, Build, Endpoint, Environment, Judgement, Limit, OperationRecord, RunRecord, SameAnswer, VariantRecord,
};
use crate::result::slice::{LimitedBy, SliceRecord};
use crate::result::slowest::SlowRecord;
use crate::result::summary::{
    Comparison, Figures, Finding, GeneratorUse, Judged, NamedFigures, Round, RoundTimes, Summary, Variant, Verdict,
};
use crate::result::{Calibration, Cost, CurvePoint, Repeated, TimesUs};

pub(super) const ROUNDS: u32 = 7;
const CLIENTS: f64 = 8.0;

/// Name, median in µs, spread (sigma of the logarithm), statements.
const VARIANTS: [(&str, f64, f64, f64); 4] = [
    ("n_plus_one", 12_140.0, 0.10, 21.0),
    ("join", 1_095.0, 0.22, 1.0),
    ("batch", 1_480.0, 0.18, 2.0),
    ("lateral_json", 1_310.0, 0.30, 1.0),
];

pub(super) struct Sample {
    pub(super) run: RunRecord,
    pub(super) summary: Summary,
    pub(super) slices: Vec<SliceRecord>,
    pub(super) intervals: Vec<IntervalRow>,
    pub(super) curves: Vec<ResponseCurve>,
    pub(super) slowest: Vec<SlowRecord>,
    pub(super) plans: Option<PlanList>,
    pub(super) links: Links,
}

impl Sample {
    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            run: &self.run,
            summary: &self.summary,
            slices: &self.slices,
            intervals: &self.intervals,
            curves: &self.curves,
            slowest: &self.slowest,
            plans: self.plans.as_ref(),
            links: &self.links,
        }
    }

    /// Replaces the name of a variant everywhere.
    pub(super) fn renamed(mut self, from: &str, to: &str) -> Self {
        let put = |name: &mut String| {
            if name == from {
                to.clone_into(name);
            }
        };
        put(&mut self.run.baseline);
        put(&mut self.summary.baseline);
        self.run.variants.iter_mut().for_each(|v| put(&mut v.name));
        self.summary.variants.iter_mut().for_each(|v| put(&mut v.name));
        self.summary.comparisons.iter_mut().for_each(|c| {
            put(&mut c.variant);
            put(&mut c.baseline);
        });
        self.intervals.iter_mut().for_each(|row| put(&mut row.variant));
        self.slices.iter_mut().for_each(|slice| put(&mut slice.variant));
        self.curves.iter_mut().for_each(|curve| put(&mut curve.variant));
        self.slowest.iter_mut().for_each(|slow| put(&mut slow.variant));
        self.plans.iter_mut().flat_map(|list| &mut list.plans).for_each(|plan| put(&mut plan.variant));
        self
    }
}

/// A number in −1 … 1 that depends on its arguments alone.
fn wobble(a: u32, b: u32) -> f64 {
    let x = (a.wrapping_mul(2_654_435_761) ^ b.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 8;
    f64::from(x & 0xffff) / 32_767.5 - 1.0
}

/// The inverse of the normal distribution, near enough for a picture.
fn normal(q: f64) -> f64 {
    let t = (-2.0 * q.min(1.0 - q).ln()).sqrt();
    let x = t - (2.30753 + 0.27061 * t) / (1.0 + 0.99229 * t + 0.04481 * t * t);
    if q < 0.5 { -x } else { x }
}

/// Response time at a quantile: log-normal, with a tail from the thousandth on.
fn at(median: f64, sigma: f64, q: f64) -> f64 {
    let body = median * (sigma * normal(q)).exp();
    let tail = ((q - 0.995) / 0.005).max(0.0).powi(2) * 4_000.0;
    body + tail
}

pub(super) fn times(median: f64, sigma: f64) -> TimesUs {
    let q = |q| Some(at(median, sigma, q));
    TimesUs {
        min: q(0.00005),
        mean: Some(median * (sigma * sigma / 2.0).exp() + 12.0),
        p50: q(0.5),
        p90: q(0.9),
        p95: q(0.95),
        p99: q(0.99),
        p999: q(0.999),
        max: Some(at(median, sigma, 0.99998) + 900.0),
        not_below: BTreeMap::new(),
    }
}

pub(super) fn sample() -> Sample {
    let variants: Vec<Variant> = (0..VARIANTS.len()).map(variant).collect();
    let comparisons = variants.iter().skip(1).flat_map(|variant| comparisons(&variants[0], variant)).collect();
    let claims = vec![
        judged(
            "one JOIN takes less than a third of N+1 once a round trip costs half a millisecond",
            "join",
            0.33,
            Finding::Holds,
        ),
        judged("a batch of two statements takes at most a tenth of N+1", "batch", 0.1, Finding::Refuted),
    ];
    let expectations = vec![Judged {
        against: None,
        metric: "response.p99".to_owned(),
        observed: Some(1_790.0),
        ci_low: Some(1_640.0),
        ci_high: Some(2_080.0),
        required: "at_most 2000".to_owned(),
        source: None,
        ..judged("the JOIN answers within 2 ms for 99 % of the page views", "join", 0.0, Finding::Undecided)
    }];
    let run = run();
    let harness = run.harness();
    let variants = variants.into_iter().map(|variant| Variant {
        harness_us_per_operation: harness
            .as_ref()
            .and_then(|harness| harness.of_operation_us(variant.mix.statements_per_operation)),
        ..variant
    });
    let variants = variants.collect();
    let summary = Summary {
        schema_version: 1,
        dbbench_version: "0.1.0".to_owned(),
        workload: "n-plus-one".to_owned(),
        workload_hash: "5f0c4a6e".repeat(8),
        topology_hash: "9d1b22aa".repeat(8),
        seed: 1,
        machine: "2 × Intel Xeon".to_owned(),
        servers: vec!["PostgreSQL 15.18".to_owned()],
        started_at: "2026-11-20T11:02:31Z".to_owned(),
        dir: "results/n-plus-one-20261120T110231Z".to_owned(),
        valid: true,
        warnings: vec![
            "server and generator share 2 cores: figures are those of this machine, ratios travel further".to_owned(),
            "the clock source is kvm-clock, not a hardware counter".to_owned(),
        ],
        same_answer: Some(SameAnswer { draws: 20, equal: true, within_sides: false }),
        harness,
        rounds: ROUNDS,
        baseline: "n_plus_one".to_owned(),
        variants,
        comparisons,
        claims,
        expectations,
        ..Summary::default()
    };
    Sample {
        run,
        summary,
        slices: Vec::new(),
        intervals: intervals(),
        curves: curves(),
        slowest: slowest(),
        plans: Some(plans()),
        links: Links::default(),
    }
}

fn slowest() -> Vec<SlowRecord> {
    let slow = |variant: &str, round: u32| SlowRecord {
        round,
        variant: variant.to_owned(),
        operation: variant.to_owned(),
        response_us: 9_000.0 + 100.0 * f64::from(round),
        lag_us: 4.0,
        service_us: 8_996.0 + 100.0 * f64::from(round),
        start_s: 0.125 * f64::from(round),
        client: Some(round % 8),
        number: 40 * u64::from(round),
        outcome: "succeeded".to_owned(),
        params: [("org".to_owned(), format!("{}", 17 * round).into())].into_iter().collect(),
        ..SlowRecord::default()
    };
    ["n_plus_one", "join"].iter().flat_map(|variant| (1..=ROUNDS).map(move |round| slow(variant, round))).collect()
}

fn plans() -> PlanList {
    let plan = |variant: &str, statement, nodes: &[&str]| PlanRecord {
        variant: variant.to_owned(),
        operation: variant.to_owned(),
        statement,
        file: format!("plans/{variant}/{variant}-{statement}.txt"),
        nodes: Some(nodes.join(" → ")),
        node_names: nodes.iter().map(|name| (*name).to_owned()).collect(),
        executed: true,
        execution_us: Some(245.0),
        planning_us: Some(120.0),
        shared_hit: Some(41),
        shared_read: Some(0),
        note: None,
        text: "SELECT 1\n\nIndex Scan using orders_user_id_idx on orders  (cost=0.29..8.30 rows=2 width=8)\n"
            .to_owned(),
    };
    let (orders, users) = ("Index Scan using orders_user_id_idx", "Index Scan using users_pkey");
    PlanList {
        schema_version: 1,
        taken: "in transactions that may only read".to_owned(),
        plans: vec![
            plan("n_plus_one", 1, &[users, "Limit"]),
            plan("n_plus_one", 2, &[orders]),
            plan("join", 1, &["Seq Scan on orders", "Hash Join"]),
        ],
        notes: vec!["batch: plans end here: the server went away".to_owned()],
    }
}

fn goodput(index: usize) -> f64 {
    let (_, median, sigma, _) = VARIANTS[index];
    CLIENTS * 1e6 / (median * (sigma * sigma / 2.0).exp() + 12.0)
}

fn variant(index: usize) -> Variant {
    let (name, median, sigma, statements) = VARIANTS[index];
    let succeeded = (goodput(index) * 1.5 * f64::from(ROUNDS)) as u64;
    let figures = Figures {
        planned: succeeded + 3,
        attempts: succeeded + 3,
        succeeded,
        failed: 3,
        failures: BTreeMap::from([("57014".to_owned(), 3)]),
        goodput_per_s: Some(goodput(index)),
        rows_per_s: Some(goodput(index) * 220.0),
        statements_per_operation: Some(statements),
        response_us: times(median, sigma),
        service_us: times(median - 4.0, sigma),
        schedule_lag_us: TimesUs { mean: Some(4.0), p50: Some(3.1), p99: Some(19.0), ..TimesUs::default() },
        connect_us: times(6_400.0, 0.1),
        ..Figures::default()
    };
    let rounds = (1..=ROUNDS)
        .map(|round| {
            let factor = 1.0 + 0.03 * wobble(round, index as u32);
            let response_us = RoundTimes {
                p50: Some(median * factor),
                p99: Some(at(median, sigma, 0.99) * (1.0 + 0.08 * wobble(round, 77 + index as u32))),
                mean: Some(median * factor * 1.02),
            };
            Round { round, valid: true, limit: None, goodput_per_s: Some(goodput(index) / factor), response_us }
        })
        .collect();
    Variant {
        name: name.to_owned(),
        title: name.to_owned(),
        valid: true,
        link_rtt_us: Some(500.0),
        clients: Some(8),
        limit: Some(LimitedBy::Server),
        generator: GeneratorUse {
            worker_cpu_max: Some(0.06 * (1.0 + index as f64)),
            worker_cpu_wait_max: Some(0.021),
            schedule_lag: Some(0.004),
            clients_busy: Some(0.998),
            steal_max: Some(0.003),
            cpu_pressure_max: None,
        },
        operations: vec![NamedFigures { name: name.to_owned(), figures: figures.clone() }],
        mix: figures,
        rounds,
        client_cpu_us_per_operation: Some(9.0 + 7.3 * statements),
        server_cpu_us_per_operation: Some(140.0 + 31.0 * statements),
        ..Variant::default()
    }
}

fn comparisons(baseline: &Variant, variant: &Variant) -> Vec<Comparison> {
    let figure = |v: &Variant, metric: &str| match metric {
        "response_us.p50" => v.mix.response_us.p50,
        "response_us.p99" => v.mix.response_us.p99,
        "response_us.mean" => v.mix.response_us.mean,
        _ => v.mix.goodput_per_s,
    };
    ["response_us.p50", "response_us.p99", "response_us.mean", "goodput_per_s"]
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let ratio = figure(variant, metric).unwrap_or(1.0) / figure(baseline, metric).unwrap_or(1.0);
            let half = 1.02 + 0.03 * index as f64;
            Comparison {
                variant: variant.name.clone(),
                baseline: baseline.name.clone(),
                metric: (*metric).to_owned(),
                ratio: Some(ratio),
                ci_low: Some(ratio / half),
                ci_high: Some(ratio * half),
                confidence: 0.95,
                rounds: ROUNDS,
                detectable: Some((half - 1.0) * 1.4),
                verdict: if ratio < 1.0 { Verdict::Lower } else { Verdict::Higher },
                better: Some(true),
                ..Comparison::default()
            }
        })
        .collect()
}

fn judged(claim: &str, variant: &str, at_most: f64, verdict: Finding) -> Judged {
    let observed = if variant == "join" { 0.0902 } else { 0.1219 };
    Judged {
        claim: claim.to_owned(),
        source: Some("Database Patterns (handbook), Query Optimization".to_owned()),
        variant: variant.to_owned(),
        metric: "response.p50".to_owned(),
        against: Some("n_plus_one".to_owned()),
        verdict,
        observed: Some(observed),
        ci_low: Some(observed / 1.02),
        ci_high: Some(observed * 1.02),
        required: format!("at_most {at_most}"),
        rounds: ROUNDS,
        ..Judged::default()
    }
}

fn intervals() -> Vec<IntervalRow> {
    let mut rows = Vec::new();
    let mut start_s = 3.2;
    for round in 1..=ROUNDS {
        for position in 0..4u32 {
            let index = ((position + round * 3) % 4) as usize;
            let (name, median, sigma, statements) = VARIANTS[index];
            for (phase, seconds) in [("warmup", 0.5), ("measure", 1.0), ("measure", 0.5)] {
                let factor = 1.0 + 0.05 * wobble(round * 11 + position, (start_s * 10.0) as u32);
                let times = times(median * factor, sigma);
                let succeeded = (goodput(index) * seconds / factor) as u64;
                rows.push(IntervalRow {
                    start_s,
                    seconds,
                    round,
                    phase: phase.to_owned(),
                    variant: name.to_owned(),
                    operation: "*".to_owned(),
                    started: succeeded,
                    succeeded,
                    statements: succeeded * statements as u64,
                    response_p50_us: times.p50,
                    response_p90_us: times.p90,
                    response_p99_us: times.p99.filter(|_| seconds > 0.9 || index > 0),
                    response_max_us: times.max,
                    ..IntervalRow::default()
                });
                start_s += seconds;
            }
            start_s += 0.02;
        }
    }
    rows
}

fn curves() -> Vec<ResponseCurve> {
    let curve = |index: usize| {
        let (name, median, sigma, _) = VARIANTS[index];
        let points = (1..4000)
            .map(|i| 1.0 - 10f64.powf(-f64::from(i) / 800.0))
            .map(|q| CurvePoint { quantile: q, time_us: at(median, sigma, q) });
        let ranked = (goodput(index) * 1.5 * f64::from(ROUNDS)) as u64;
        ResponseCurve {
            variant: name.to_owned(),
            points: points.chain([CurvePoint { quantile: 1.0, time_us: at(median, sigma, 0.99999) }]).collect(),
            ranked,
        }
    };
    (0..VARIANTS.len()).map(curve).collect()
}

fn run() -> RunRecord {
    let sql = |name: &str| {
        match name {
        "n_plus_one" => vec![
            "SELECT id, name FROM users WHERE org_id = :org ORDER BY id LIMIT 20".to_owned(),
            "SELECT id, total FROM orders WHERE user_id = :u.id".to_owned(),
        ],
        _ => vec!["SELECT u.id AS user_id, u.name, o.id, o.total\nFROM (SELECT id, name FROM users WHERE org_id = :org ORDER BY id LIMIT 20) u\nJOIN orders o ON o.user_id = u.id".to_owned()],
    }
    };
    let variants = VARIANTS
        .iter()
        .map(|(name, ..)| VariantRecord {
            name: (*name).to_owned(),
            operations: vec![OperationRecord {
                name: (*name).to_owned(),
                job: (*name).to_owned(),
                weight: 1.0,
                statements: sql(name),
                shares_round_trips: false,
            }],
            clients: 8,
            link_rtt_us: 500.0,
            link_in_path: true,
            measure_ms: 1_500.0,
            warmup_ms: 500.0,
            ..VariantRecord::default()
        })
        .collect();
    RunRecord {
        schema_version: 1,
        dbbench: Build { version: "0.1.0".to_owned(), profile: "release".to_owned(), ..Build::default() },
        workload: "n-plus-one".to_owned(),
        about: Some("A page of 20 users with their orders: a query per user, one JOIN, or one batch".to_owned()),
        workload_hash: "5f0c4a6e".repeat(8),
        topology_hash: "9d1b22aa".repeat(8),
        origins: BTreeMap::from([("run.rounds".to_owned(), "--rounds".to_owned())]),
        source_path: "workloads/n-plus-one.toml".to_owned(),
        source_text:
            "name  = \"n-plus-one\"\nabout = \"A page of 20 users\"\n\n[topology]\nlink = { rtt = \"500us\" }\n"
                .repeat(6),
        seed: 1,
        dataset_seed: Some(1),
        rows: BTreeMap::from([("users".to_owned(), 20_000), ("orders".to_owned(), 200_000)]),
        command: ["dbbench", "run", "workloads/n-plus-one.toml", "--rounds", "7"].map(str::to_owned).to_vec(),
        started_at: "2026-11-20T11:02:31Z".to_owned(),
        environment: environment(),
        endpoints: vec![endpoint()],
        rounds: ROUNDS,
        variants,
        baseline: "n_plus_one".to_owned(),
        margin: 0.05,
        same_answer: Some(SameAnswer { draws: 20, equal: true, within_sides: false }),
        histogram_digits: 3,
        claims: vec![Judgement {
            claim: "one JOIN takes less than a third".to_owned(),
            source: None,
            variant: "join".to_owned(),
            operation: None,
            job: None,
            metric: "response.p50".to_owned(),
            against: "n_plus_one".to_owned(),
            bound: Bound::Ratio(Limit::AtMost(0.33)),
        }],
        ..RunRecord::default()
    }
}

fn environment() -> Environment {
    Environment {
        machine: "2 × Intel Xeon".to_owned(),
        cpu_model: Some("Intel(R) Xeon(R) CPU @ 2.60GHz".to_owned()),
        cores: Some(2),
        kernel: Some("Linux 6.1.0".to_owned()),
        clock_source: Some("kvm-clock".to_owned()),
        memory_bytes: Some(8_323_000_000),
        data_file_system: Some("ext4".to_owned()),
        flush_us: Some(412.0),
        allocator: None,
        calibration: Some(calibration()),
    }
}

pub(super) fn calibration() -> Calibration {
    let around = |median: f64| Repeated::of([0.93, 1.0, 1.11].map(|factor| Some(median * factor)));
    let cost =
        |cpu_us: f64| Cost { operations_per_core_per_s: around(1e6 / cpu_us), cpu_us_per_statement: around(cpu_us) };
    Calibration {
        calibration_version: 1,
        dbbench: Build { version: "0.1.0".to_owned(), profile: "release".to_owned(), ..Build::default() },
        machine: "2 × Intel Xeon".to_owned(),
        cpu_model: Some("Intel(R) Xeon(R) CPU @ 2.60GHz".to_owned()),
        cores: Some(2),
        calibrated_at: "2026-11-19T08:30:00Z".to_owned(),
        took_s: 12.1,
        in_process: cost(0.41),
        loopback: cost(7.3),
        response_p50_us: around(31.2),
        response_p99_us: around(72.0),
        bare_p50_us: around(22.1),
        bare_p99_us: around(51.0),
        added_p50_us: around(9.12),
        added_p99_us: around(21.0),
        timer_late_p50_us: around(17.0),
        timer_late_p99_us: Some(Repeated::together(52.0, 7)),
        link_rtt_us: 500.0,
        link_error_us: Repeated::of([-3.2, 1.4, 6.0].map(Some)),
        ..Calibration::default()
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        name: "primary".to_owned(),
        version: "PostgreSQL 15.18".to_owned(),
        embedded: true,
        tls: None,
        settings: BTreeMap::from([
            ("shared_buffers".to_owned(), "256MB".to_owned()),
            ("max_connections".to_owned(), "100".to_owned()),
        ]),
    }
}
