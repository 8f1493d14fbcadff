//! What was run where, as the page tells it: machine, servers, variants, origin of each value.

use serde::Serialize;

use crate::report::{Inputs, calibration, format};
use crate::result::run::{Endpoint, Loaded, RunRecord, Skew, StageRecord, VariantRecord};
use crate::words::ending;

/// Something with a name.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Fact {
    name: String,
    value: String,
}

impl Fact {
    pub(in crate::report) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A server.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    name: String,
    version: String,
    embedded: bool,
    settings: Vec<Fact>,
}

/// A variant: what it does, under which load.
#[derive(Debug, Serialize)]
pub(super) struct VariantView {
    name: String,
    about: Option<String>,
    load: String,
    operations: Vec<OperationView>,
}

/// An operation and its statements.
#[derive(Debug, Serialize)]
struct OperationView {
    name: String,
    share: Option<String>,
    statements: Vec<String>,
}

/// The line below the title.
pub(super) fn facts(inputs: &Inputs<'_>) -> Vec<Fact> {
    let Inputs { summary, .. } = *inputs;
    let mut facts =
        vec![Fact::new("started", readable_time(&summary.started_at)), Fact::new("machine", &summary.machine)];
    if !summary.servers.is_empty() {
        facts.push(Fact::new("servers", summary.servers.join(", ")));
    }
    facts.push(Fact::new("rounds", summary.rounds.to_string()));
    facts.push(Fact::new("seed", summary.seed.to_string()));
    facts.retain(|fact| !fact.value.is_empty());
    facts
}

/// `2026-11-20T11:02:31Z` as `2026-11-20 11:02:31 UTC`.
pub(in crate::report) fn readable_time(time: &str) -> String {
    let (day, rest) = time.split_once('T').unwrap_or((time, ""));
    let clock = rest.split(['.', 'Z', '+']).next().unwrap_or_default();
    if clock.is_empty() { day.to_owned() } else { format!("{day} {clock} UTC") }
}

pub(super) fn variants(run: &RunRecord) -> Vec<VariantView> {
    run.variants.iter().map(variant).collect()
}

fn variant(record: &VariantRecord) -> VariantView {
    let total: f64 = record.operations.iter().map(|operation| operation.weight).sum();
    let several = record.operations.len() > 1 && total > 0.0;
    let operations = record.operations.iter().map(|operation| OperationView {
        name: operation.name.clone(),
        share: several.then(|| format::percent(operation.weight / total)),
        statements: operation.statements.iter().map(|sql| dedented(sql)).collect(),
    });
    VariantView {
        name: record.name.clone(),
        about: record.about.clone().or_else(|| record.title.clone()),
        load: load(record),
        operations: operations.collect(),
    }
}

fn load(record: &VariantRecord) -> String {
    let clients = if record.clients == 1 { "1 client".to_owned() } else { format!("{} clients", record.clients) };
    let mut parts = vec![offered(record, &clients)];
    if record.think_us > 0.0 {
        parts.push(format!("{} between operations", format::time_us(record.think_us)));
    }
    if record.link_rtt_us > 0.0 {
        parts.push(format!("link of {} round trip", format::time_us(record.link_rtt_us)));
    }
    if record.link_jitter_us > 0.0 {
        parts.push(format!("jitter of {}", format::time_us(record.link_jitter_us)));
    }
    let seconds = |ms: f64| format::duration_s(ms / 1e3);
    let measured = match record.count {
        Some(count) => format!("{} operations", crate::verdict::grouped(&count.to_string())),
        None => seconds(record.measure_ms),
    };
    parts.push(format!("{measured} measured after {} of warm-up", seconds(record.warmup_ms)));
    parts.join(", ")
}

/// How load is offered: closed or open, steady or in stages.
fn offered(record: &VariantRecord, clients: &str) -> String {
    let stages = |unit: &str| {
        let stage = |stage: &StageRecord| {
            let to = if stage.ramp { "ramp to " } else { "" };
            format!("{to}{}{unit} for {}", format::trimmed(stage.to), format::duration_s(stage.length_ms / 1e3))
        };
        record.stages.iter().map(stage).collect::<Vec<_>>().join(", then ")
    };
    match (record.rate_per_s, record.stages.is_empty()) {
        (None, true) => format!("closed loop, {clients}"),
        (None, false) => format!("closed loop, {}", stages(" clients")),
        (Some(rate_per_s), is_steady) => {
            let rate = if is_steady {
                format!("{} operations/s", format::trimmed(rate_per_s))
            } else {
                stages(" operations/s")
            };
            let arrivals =
                record.arrivals.as_deref().map(|arrivals| format!("{arrivals} arrivals, ")).unwrap_or_default();
            format!("open loop, {rate}, {arrivals}at most {clients} at once")
        }
    }
}

/// SQL without the indentation that the workload file gave it.
fn dedented(sql: &str) -> String {
    let sql = sql.trim();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = sql.lines().skip(1).filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let line = |(index, line): (usize, &str)| {
        if index == 0 { line.to_owned() } else { line.get(least..).unwrap_or_default().to_owned() }
    };
    sql.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn servers(run: &RunRecord) -> Vec<Server> {
    let server = |endpoint: &Endpoint| Server {
        name: endpoint.name.clone(),
        version: endpoint.version.clone(),
        embedded: endpoint.embedded,
        settings: endpoint.settings.iter().map(|(name, value)| Fact::new(name, value)).collect(),
    };
    run.endpoints.iter().map(server).collect()
}

pub(super) fn environment(inputs: &Inputs<'_>) -> Vec<Fact> {
    let run = inputs.run;
    let machine = &run.environment;
    let mut facts = Vec::new();
    let mut tell = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(Fact::new(name, value));
        }
    };
    tell("CPU", machine.cpu_model.clone());
    tell("cores", machine.cores.map(|cores| cores.to_string()));
    tell("memory", machine.memory_bytes.map(gibibytes));
    tell("kernel", machine.kernel.clone());
    tell("clock source", machine.clock_source.clone());
    tell("file system of the data", machine.data_file_system.clone());
    tell("flush latency, median", machine.flush_us.map(format::time_us));
    tell("allocator", machine.allocator.clone());
    let build = &run.dbbench;
    let profile = if build.profile.is_empty() { String::new() } else { format!(", {} build", build.profile) };
    tell("dbbench", Some(format!("{}{profile}", build.version)));
    tell("dbbench itself", inputs.summary.harness.as_ref().map(calibration::in_full));
    tell("command", Some(run.command.join(" ")));
    for (table, rows) in &run.rows {
        tell(&format!("rows of {table}"), Some(format::count(*rows)));
    }
    tell("load of the dataset", run.loaded.as_ref().map(loaded));
    for skew in run.loaded.iter().flat_map(|loaded| &loaded.skew) {
        tell(&format!("values of {}.{}", skew.table, skew.column), Some(values(skew)));
    }
    tell("seed of draws and order", Some(run.seed.to_string()));
    tell("seed of the dataset", run.dataset_seed.map(|seed| seed.to_string()));
    tell("workload hash", Some(run.workload_hash.clone()));
    tell("topology hash", Some(run.topology_hash.clone()));
    tell("dataset hash", run.dataset_hash.clone());
    for file in &run.included {
        tell("laid over the file", Some(file.path.clone()));
    }
    for (key, origin) in &run.origins {
        tell(&format!("{key} was set by"), Some(origin.clone()));
    }
    tell("result folder", Some(inputs.summary.dir.clone()));
    facts
}

fn loaded(loaded: &Loaded) -> String {
    let by = if loaded.kept { "kept from an earlier run, which loaded " } else { "loaded " };
    let rows = format::count(loaded.rows);
    match loaded.rows_per_s {
        Some(speed) => format!("{by}{rows} row{} at {} rows/s", ending(&loaded.rows), format::significant(speed)),
        None => format!("{by}{rows} row{}", ending(&loaded.rows)),
    }
}

/// How often values repeat, as the server counted them.
fn values(skew: &Skew) -> String {
    let share = |share: f64| format!("{} %", format::significant(share * 100.0));
    let mut text = format!(
        "{} of {} possible values, the most frequent in {} row{}",
        format::count(skew.distinct),
        format::count(skew.possible),
        format::count(skew.rows_per_key_max),
        ending(&skew.rows_per_key_max)
    );
    if let (Some(top), Some(hundredth)) = (skew.top_key_share, skew.top_1_percent_share) {
        text.push_str(&format!(" ({} of all; the top 1 % of the values in {})", share(top), share(hundredth)));
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "rounded to three digits anyway")]
fn gibibytes(bytes: u64) -> String {
    format!("{} GiB", format::significant(bytes as f64 / f64::from(1 << 30)))
}
