//! From the plan to what `run.json` keeps of it. Results have types of their own, so that neither the workload language
//! nor the command line is part of their contract.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::cli::build::build;
use crate::cli::calibrate;
use crate::probe::Machine;
use crate::result::run::{
    Bound, Endpoint, Environment, IncludedFile, Judgement, Limit, Loaded, OperationRecord, RunRecord, SCHEMA_VERSION,
    SameAnswer, StageRecord, Until, VariantRecord,
};
use crate::result::sides::{SIDE_MARK, SidesRecord};
use crate::words::{redacted_argument, redacted_target};
use crate::workload::plan::{self, Arg, JudgementPlan, LoadPlan, Plan, VariantPlan};

/// What is known when the first slice is about to start, beside the plan.
#[derive(Debug, Default)]
pub struct Known {
    /// Of a server that already runs, which the plan does not know.
    pub topology_hash: Option<String>,
    /// Servers.
    pub endpoints: Vec<Endpoint>,
    /// Whether the target is the null driver.
    pub null_target: bool,
    /// Rows per table as loaded.
    pub rows: BTreeMap<String, u64>,
    /// How they came in.
    pub loaded: Option<Loaded>,
    /// The comparison of answers.
    pub same_answer: Option<SameAnswer>,
    /// File system of the servers' data.
    pub data_file_system: Option<String>,
    /// A flush of it, µs.
    pub flush_us: Option<f64>,
    /// Worth saying.
    pub warnings: Vec<String>,
    /// Significant digits of the histograms.
    pub histogram_digits: u8,
    /// Two sides of the workload, where there are.
    pub sides: Option<SidesRecord>,
}

impl Known {
    /// What is known of two sides, each with a server of its own.
    #[must_use]
    pub fn joined(mut self, b: Self) -> Self {
        let hashes = |of: &Self| of.topology_hash.clone();
        self.topology_hash = match (hashes(&self), hashes(&b)) {
            (None, None) => None,
            hashes => Some(hashed(&hashes)),
        };
        let named = |side: &str, endpoints: Vec<Endpoint>| {
            let name = |of: Endpoint| Endpoint { name: format!("{}{SIDE_MARK}{side}", of.name), ..of };
            endpoints.into_iter().map(name).collect::<Vec<_>>()
        };
        self.endpoints = named("a", self.endpoints);
        self.endpoints.extend(named("b", b.endpoints));
        self.null_target &= b.null_target;
        for warning in &b.warnings {
            if !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
        // What holds of one side only is no fact of the run.
        if self.rows != b.rows {
            self.rows.clear();
            self.loaded = None;
        }
        self.data_file_system = self.data_file_system.or(b.data_file_system);
        self.flush_us = self.flush_us.or(b.flush_us);
        self
    }
}

/// SHA-256 (hex) of what tells things apart.
pub fn hashed(of: &impl std::fmt::Debug) -> String {
    Sha256::digest(format!("{of:?}").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The record of a run that starts now.
pub fn record(plan: &Plan, known: Known) -> RunRecord {
    let machine = Machine::look();
    let dbbench = build();
    let calibration = calibrate::last(&dbbench, &machine);
    let now = jiff::Timestamp::now();
    let mut warnings = plan.warnings.clone();
    warnings.extend(machine.warnings());
    warnings.extend(known.warnings);
    RunRecord {
        answers_difference: None,
        schema_version: SCHEMA_VERSION,
        dbbench,
        workload: plan.name.clone(),
        about: plan.about.clone(),
        workload_hash: plan.workload_hash.clone(),
        topology_hash: known.topology_hash.unwrap_or_else(|| plan.topology_hash.clone()),
        dataset_hash: plan.dataset.as_ref().map(|dataset| dataset.hash.clone()),
        resolved: plan.resolved.clone(),
        origins: plan.origins.clone(),
        included_origins: plan.included_origins.clone(),
        included: plan.included.iter().map(included).collect(),
        source_path: plan.source.path().display().to_string(),
        source_text: plan.source.text().to_owned(),
        seed: plan.run.seed,
        dataset_seed: plan.dataset.as_ref().map(|dataset| dataset.seed),
        rows: known.rows,
        loaded: known.loaded,
        command: command(std::env::args_os().map(|arg| arg.to_string_lossy().into_owned())),
        started_at: now.to_string(),
        started_at_epoch_s: now.as_microsecond() as f64 / 1e6,
        environment: Environment {
            machine: machine.name,
            cpu_model: machine.cpu_model,
            cores: machine.cores,
            kernel: machine.kernel,
            clock_source: machine.clock_source,
            memory_bytes: machine.memory_bytes,
            data_file_system: known.data_file_system,
            flush_us: known.flush_us,
            allocator: Some("system".to_owned()),
            calibration,
        },
        endpoints: known.endpoints,
        null_target: known.null_target,
        rounds: plan.run.rounds,
        until: plan.run.until.map(|until| Until { half_width: until.half_width, max_rounds: plan.run.rounds }),
        variants: plan.variants.iter().map(|of| variant(of, known.sides.is_some())).collect(),
        sides: known.sides,
        baseline: plan.variants[plan.compare.baseline].name.clone(),
        margin: plan.compare.margin,
        same_answer: known.same_answer,
        histogram_digits: known.histogram_digits,
        claims: plan.claims.iter().map(|claim| judgement(plan, claim)).collect(),
        expectations: plan.expectations.iter().map(|expect| judgement(plan, expect)).collect(),
        warnings,
    }
}

fn included(source: &plan::SourceText) -> IncludedFile {
    IncludedFile { path: source.path().display().to_string(), text: source.text().to_owned() }
}

/// Options whose value is a connection string.
const TARGETS: [&str; 3] = ["--target", "--a-target", "--b-target"];

/// The value of an option that is written with it.
fn behind<'a>(arg: &'a str, option: &str) -> Option<&'a str> {
    arg.strip_prefix(option)?.strip_prefix('=')
}

/// The command line, passwords replaced.
fn command(args: impl Iterator<Item = String>) -> Vec<String> {
    let mut is_target = false;
    args.map(|arg| {
        let option = TARGETS.iter().find_map(|name| behind(&arg, name).map(|target| (name, target)));
        let shown = match option {
            _ if is_target => redacted_target(&arg),
            Some((name, target)) => format!("{name}={}", redacted_target(target)),
            None => redacted_argument(&arg),
        };
        is_target = TARGETS.contains(&arg.as_str());
        shown
    })
    .collect()
}

fn variant(variant: &VariantPlan, has_side: bool) -> VariantRecord {
    let (rate_per_s, arrivals) = match &variant.load {
        LoadPlan::Open { rate, arrivals, .. } => {
            let seconds = variant.measure.as_secs_f64();
            (Some(rate.arrivals(variant.measure) / seconds), Some(arrivals.word().to_owned()))
        }
        LoadPlan::Closed { .. } | LoadPlan::ClosedStages { .. } => (None, None),
    };
    let stage = |stage: &plan::StagePlan| StageRecord {
        length_ms: stage.length.as_secs_f64() * 1e3,
        to: stage.to,
        ramp: stage.ramp,
    };
    let operations = variant.operations.iter().zip(&variant.weights).map(|(operation, weight)| OperationRecord {
        name: operation.name.clone(),
        job: operation.job.clone(),
        weight: *weight,
        statements: plan::statements(&operation.steps)
            .into_iter()
            .map(|step| readable(variant, operation, step.statement))
            .collect(),
        shares_round_trips: plan::share_round_trips(&operation.steps),
    });
    let side = variant.name.rsplit_once(SIDE_MARK).filter(|_| has_side);
    VariantRecord {
        name: variant.name.clone(),
        side: side.map(|(_, side)| side.to_owned()),
        against: side.filter(|(_, side)| *side == "b").map(|(name, _)| format!("{name}{SIDE_MARK}a")),
        title: variant.title.clone(),
        about: variant.about.clone(),
        operations: operations.collect(),
        clients: variant.load.clients(),
        think_us: variant.load.think().as_secs_f64() * 1e6,
        rate_per_s,
        arrivals,
        stages: variant.load.stages().iter().map(stage).collect(),
        link_rtt_us: variant.link.rtt.as_secs_f64() * 1e6,
        link_jitter_us: variant.link.jitter.as_secs_f64() * 1e6,
        link_in_path: variant.link.is_used(),
        measure_ms: variant.measure.as_secs_f64() * 1e3,
        count: variant.count,
        warmup_ms: variant.warmup.as_secs_f64() * 1e3,
        workers: variant.workers,
        point: BTreeMap::new(),
    }
}

/// The SQL as sent, with a note of what each `$n` is.
fn readable(variant: &VariantPlan, operation: &plan::OperationPlan, statement: usize) -> String {
    let statement = &variant.statements[statement];
    let mut text = statement.text.sql.trim().to_owned();
    if !statement.args.is_empty() {
        let names: Vec<String> = statement
            .args
            .iter()
            .enumerate()
            .map(|(at, arg)| format!("${} = {}", at + 1, name(variant, operation, arg)))
            .collect();
        text.push_str("  -- ");
        text.push_str(&names.join(", "));
    }
    text
}

fn name(variant: &VariantPlan, operation: &plan::OperationPlan, arg: &Arg) -> String {
    let of = |set: usize, column: usize| {
        let set = &operation.sets[set];
        (set.name.clone(), set.columns[column].clone())
    };
    match arg {
        Arg::Param { param, column: None } => format!(":{}", variant.params[*param].name),
        Arg::Param { param, column: Some(column) } => format!(":{}.{column}", variant.params[*param].name),
        Arg::Constant { name, .. } => format!(":{name}"),
        Arg::Visited { set, column } => {
            let (set, column) = of(*set, *column);
            format!(":{set}.{column}")
        }
        Arg::Whole { set, column } => {
            let (set, column) = of(*set, *column);
            format!(":{set}.{column}[]")
        }
        Arg::First { set, column } => {
            let (set, column) = of(*set, *column);
            format!(":{set}.first.{column}")
        }
        Arg::Last { set, column } => {
            let (set, column) = of(*set, *column);
            format!(":{set}.last.{column}")
        }
    }
}

fn judgement(plan: &Plan, judgement: &JudgementPlan) -> Judgement {
    Judgement {
        claim: judgement.claim.clone(),
        source: judgement.source.clone(),
        variant: plan.variants[judgement.variant].name.clone(),
        operation: judgement.operation.clone(),
        job: judgement.job.clone(),
        metric: judgement.metric.name(),
        against: plan.variants[judgement.against].name.clone(),
        bound: match judgement.bound {
            plan::Bound::Ratio(required) => Bound::Ratio(limit(required)),
            plan::Bound::Value(required) => Bound::Value(limit(required)),
        },
    }
}

fn limit(required: plan::Limit) -> Limit {
    match required {
        plan::Limit::AtMost(value) => Limit::AtMost(value),
        plan::Limit::AtLeast(value) => Limit::AtLeast(value),
        plan::Limit::Equals(value) => Limit::Equals(value),
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn what_could_carry_a_password_is_not_kept() {
        let args =
            ["dbbench", "run", "postgres://u:hunter2@h/db", "host=h password=hunter2", "--set", "load.clients=4"];
        let kept = command(args.into_iter().map(str::to_owned)).join(" ");
        assert!(!kept.contains("hunter2"));
        assert!(kept.contains("load.clients=4"));
        let targets = [
            "--target",
            "postgres://u:hunt/er2@h/db",
            "--target=postgres://u:hun/ter2@h",
            "--target",
            "null:",
            "--a-target",
            "postgres://u:hunt/er2@h/db",
            "--b-target=postgres://u:hun/ter2@h",
            "--target",
            "postgres://u:hun\"t er2@h/db",
            "--target=host=h password=hun&t\\ er2 user=u",
            "--target",
            "host=h password=hun ter2",
        ];
        let kept = command(targets.into_iter().map(str::to_owned));
        assert!(!kept.iter().any(|arg| arg.contains("er2") || arg.contains("hun")), "{kept:?}");
        assert_eq!(kept[4], "null:");
    }
}
