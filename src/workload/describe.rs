//! The resolved plan as text for people: what `check` prints.

mod steps;

use std::fmt::Write as _;
use std::time::Duration;

use jiff::SignedDuration;

use super::plan::{
    AnswerPlan, Bound, DatasetPlan, JudgementPlan, Limit, LinkPlan, LoadPlan, OperationPlan, Plan, RatePlan, StagePlan,
    VariantPlan, When, copies, estimate, setup, slice,
};
use crate::param::{Generator, Literal, Over, SampledRows};
use crate::words::{Metric, counted, ending, redacted_target};

/// The plan as an engineer reads it; ends with a newline.
#[must_use]
pub fn describe(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_plan(plan, &mut out);
    out
}

fn write_plan(plan: &Plan, out: &mut String) -> std::fmt::Result {
    writeln!(out, "workload {}", plan.name)?;
    if let Some(about) = &plan.about {
        writeln!(out, "  {about}")?;
    }
    let auth = if plan.topology.md5 { "md5" } else { "scram" };
    match &plan.topology.external {
        Some(external) => writeln!(out, "\ntopology: the server at {}", redacted_target(&external.primary))?,
        None => writeln!(out, "\ntopology: embedded PostgreSQL, one primary, {auth}")?,
    }
    for (name, value) in &plan.topology.settings {
        writeln!(out, "  {name} = {value}")?;
    }
    if let Some(dataset) = &plan.dataset {
        write_dataset(dataset, out)?;
    }
    for (index, variant) in plan.variants.iter().enumerate() {
        let role = if index == plan.compare.baseline { " (baseline)" } else { "" };
        write_variant(variant, role, out)?;
    }
    let answers = match plan.compare.same_answer {
        true => format!("compared over {} before any timing", counted(plan.compare.answer_draws, "draw")),
        false => "not compared".to_owned(),
    };
    writeln!(out, "\nanswers: {answers}")?;
    write_judgements("claims", &plan.claims, plan, out)?;
    write_judgements("expectations", &plan.expectations, plan, out)?;
    for file in &plan.included {
        let path = file.path().display().to_string();
        let from_it = format!("{path}:");
        let keys = plan.included_origins.values().filter(|origin| origin.starts_with(&from_it)).count();
        writeln!(out, "\nlaid over {path}: {keys} of its values hold")?;
    }
    for (key, origin) in &plan.origins {
        writeln!(out, "\n{key} comes from {origin}")?;
    }
    for warning in &plan.warnings {
        writeln!(out, "\nwarning: {warning}")?;
    }
    let each: Vec<String> = plan.variants.iter().map(each).collect();
    let each = if each.windows(2).all(|pair| pair[0] == pair[1]) { each.first().cloned() } else { None };
    let each = each.map(|each| format!(" of {each}")).unwrap_or_default();
    write_rounds(plan, &each, out)?;
    let tables = plan.dataset.iter().flat_map(|dataset| &dataset.tables);
    let rows = tables.map(|table| table.rows).fold(0, u64::saturating_add);
    if rows > WORTH_SAYING {
        let load = Duration::from_secs(rows / ROWS_PER_S);
        let pace = "at a million narrow rows per second; wide rows and indexes take longer";
        writeln!(out, "load: {} rows, {} or more {pace}", grouped(rows), rough(load))?;
    }
    let with_setup = plan.variants.iter().filter(|variant| !variant.setup.is_empty()).count();
    if with_setup > 0 {
        writeln!(out, "setup: {with_setup} of {} variants, {} or more", plan.variants.len(), rough(setup(plan)))?;
    }
    let (most, copies) = (if plan.run.until.is_some() { "at most " } else { "" }, copies(plan));
    if copies > 0 {
        writeln!(out, "copies: plus a copy of the data before each of {most}{}", counted(copies, "slice"))?;
    }
    Ok(())
}

/// How many rounds there are and how long they take.
fn write_rounds(plan: &Plan, each: &str, out: &mut String) -> std::fmt::Result {
    let (rounds, variants, seed) = (plan.run.rounds as usize, plan.variants.len(), plan.run.seed);
    let most = estimate(plan);
    let Some(until) = plan.run.until else {
        let (slices, most) = (rounds * variants, estimated(&plan.variants[0], most));
        return writeln!(
            out,
            "\nrun: {} × {} = {}{each}, seed {seed}: about {most} after start and load",
            counted(rounds, "round"),
            counted(variants, "variant"),
            counted(slices, "slice")
        );
    };
    let fewest = until.min_rounds as usize;
    let least = most.mul_f64(f64::from(until.min_rounds) / f64::from(plan.run.rounds));
    let goal = until.half_width * 100.0;
    writeln!(
        out,
        "\nrun: {fewest} to {rounds} rounds × {} = {} to {} slices{each}, until the intervals are within \
         ± {goal} %, seed {seed}: about {} to {} after start and load",
        counted(variants, "variant"),
        fewest * variants,
        rounds * variants,
        rough(least),
        rough(most)
    )
}

/// From so many rows on the load takes longer than starting a server.
const WORTH_SAYING: u64 = 2_000_000;
/// What a load of narrow rows reaches on small machines.
const ROWS_PER_S: u64 = 1_000_000;

fn write_dataset(dataset: &DatasetPlan, out: &mut String) -> std::fmt::Result {
    let rows: u64 = dataset.tables.iter().map(|table| table.rows).sum();
    writeln!(out, "\ndataset: {} row{}, seed {}", grouped(rows), ending(&rows), dataset.seed)?;
    let schema = counted(dataset.schema.len(), "statement");
    writeln!(out, "  schema: {schema}; after the load: {}", dataset.after_load.len())?;
    for table in &dataset.tables {
        writeln!(out, "  {}: {} row{}", table.name, grouped(table.rows), ending(&table.rows))?;
        for column in &table.columns {
            writeln!(out, "    {}: {}", column.name, generator(&column.generator))?;
        }
    }
    Ok(())
}

fn write_variant(variant: &VariantPlan, role: &str, out: &mut String) -> std::fmt::Result {
    let title = variant.title.as_ref().map(|title| format!(": {title}")).unwrap_or_default();
    writeln!(out, "\nvariant {}{role}{title}", variant.name)?;
    if let Some(about) = &variant.about {
        writeln!(out, "  {about}")?;
    }
    let workers = variant.workers.map(|workers| format!(", {}", counted(workers, "worker"))).unwrap_or_default();
    let connections = match variant.connections_per_client() {
        1 => String::new(),
        each => format!(", {each} connections each"),
    };
    writeln!(out, "  load: {}{connections}{workers}; link: {}", load(&variant.load), link(&variant.link))?;
    writeln!(
        out,
        "  slice: warm-up {}, measurement {}, drain at most {} (about {} with connecting)",
        time(variant.warmup),
        length(variant),
        time(variant.drain),
        estimated(variant, slice(variant))
    )?;
    if !variant.setup.is_empty() {
        writeln!(out, "  setup, on a copy of the data of its own:")?;
        for statement in &variant.setup {
            writeln!(out, "    {}", one_line(&statement.sql))?;
        }
    }
    for param in &variant.params {
        writeln!(out, "  :{} = {}", param.name, generator(&param.generator))?;
    }
    let total: f64 = variant.weights.iter().sum();
    for (operation, weight) in variant.operations.iter().zip(&variant.weights) {
        let share = if variant.operations.len() > 1 {
            format!(", {:.1} % of the mix", 100.0 * weight / total)
        } else {
            String::new()
        };
        let job = if operation.job == operation.name { String::new() } else { format!(", job {}", operation.job) };
        writeln!(out, "  operation {}{job}{share}", operation.name)?;
        write_operation(operation, variant, out)?;
    }
    for background in variant.background.iter().flat_map(|background| &background.list) {
        let when = match background.when {
            When::Every(every) => format!("every {}", time(every)),
            When::At(at) => format!("once, {} after the begin of the measurement", time(at)),
            When::Clients(1) => "all the time, by 1 client".to_owned(),
            When::Clients(clients) => format!("all the time, by {clients} clients"),
        };
        writeln!(out, "  background {}: operation {} {when}", background.name, background.operation)?;
    }
    for check in &variant.checks {
        writeln!(out, "  check {}: {} = {}", check.name, one_line(&check.text.sql), check.expected)?;
    }
    Ok(())
}

fn write_operation(operation: &OperationPlan, variant: &VariantPlan, out: &mut String) -> std::fmt::Result {
    steps::write(&operation.steps, operation, variant, 2, out)?;
    if let Some(timeout) = operation.timeout {
        writeln!(out, "    given up after {}", time(timeout))?;
    }
    if let Some(AnswerPlan { paths, ordered }) = &operation.answer {
        let paths: Vec<&str> = paths.iter().map(|path| path.text.as_str()).collect();
        writeln!(out, "    answer: {}{}", paths.join(", "), if *ordered { ", in order" } else { "" })?;
    }
    Ok(())
}

fn write_judgements(what: &str, list: &[JudgementPlan], plan: &Plan, out: &mut String) -> std::fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{what}:")?;
    for judgement in list {
        let of = match (&judgement.operation, &judgement.job) {
            (Some(operation), _) => format!(" of operation {operation}"),
            (None, Some(job)) => format!(" of job {job}"),
            (None, None) => String::new(),
        };
        let bound = match judgement.bound {
            Bound::Ratio(limit) => {
                let against = &plan.variants[judgement.against].name;
                format!("ratio to {against} {}", limited(limit, |value| format!("{value}")))
            }
            Bound::Value(limit) => limited(limit, |value| figure(&judgement.metric, value)),
        };
        writeln!(out, "  {}", judgement.claim)?;
        let source = judgement.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        writeln!(out, "    {} of {}{of}: {bound}{source}", judgement.metric, plan.variants[judgement.variant].name)?;
    }
    Ok(())
}

fn limited(limit: Limit, figure: impl Fn(f64) -> String) -> String {
    match limit {
        Limit::AtMost(value) => format!("at most {}", figure(value)),
        Limit::AtLeast(value) => format!("at least {}", figure(value)),
        Limit::Equals(value) => format!("equals {}", figure(value)),
    }
}

fn figure(metric: &Metric, value: f64) -> String {
    if metric.is_time() { time(Duration::from_secs_f64((value / 1e6).max(0.0))) } else { format!("{value}") }
}

fn load(load: &LoadPlan) -> String {
    let think = match load.think() {
        think if think.is_zero() => String::new(),
        think => format!(", think {}", time(think)),
    };
    let stages = |unit: &str| {
        let stage = |stage: &StagePlan| {
            let to = if stage.ramp { "ramp to " } else { "" };
            format!("{to}{}{unit} for {}", stage.to, time(stage.length))
        };
        load.stages().iter().map(stage).collect::<Vec<_>>().join(", then ")
    };
    match load {
        LoadPlan::Closed { clients, .. } => format!("{}{think}", counted(*clients, "client")),
        LoadPlan::ClosedStages { .. } => format!("{}{think}", stages(" clients")),
        LoadPlan::Open { clients, arrivals, rate } => {
            let rate = match rate {
                RatePlan::Steady(rate) => format!("{rate} operations/s"),
                RatePlan::Stages(_) => stages(" operations/s"),
            };
            format!("open loop, {rate}, {} arrivals, at most {clients} at once", arrivals.word())
        }
    }
}

fn link(link: &LinkPlan) -> String {
    match (link.is_used(), link.jitter.is_zero()) {
        (false, _) => "none added".to_owned(),
        (true, true) => format!("{} round trip", time(link.rtt)),
        (true, false) => format!("{} round trip, jitter {}", time(link.rtt), time(link.jitter)),
    }
}

fn over(over: &Over) -> String {
    match over {
        Over::Integers { low, high } => format!("{low} … {high}"),
        Over::Reals { low, high, decimals } => {
            let decimals = usize::from(*decimals);
            format!("{low:.decimals$} … {high:.decimals$}")
        }
        Over::Column(source) => format!("{}.{}", source.table, source.column),
    }
}

fn generator(of: &Generator) -> String {
    match of {
        Generator::RowNumber => "row number".to_owned(),
        Generator::Next { table, column } => format!("the next above the largest {table}.{column}"),
        Generator::Uuid4 => "random UUID".to_owned(),
        Generator::Uuid7 => "time-ordered UUID".to_owned(),
        Generator::Now => "now".to_owned(),
        Generator::Constant(value) => format!("always {}", literal(value)),
        Generator::Uniform(range) => format!("uniform over {}", over(range)),
        Generator::Zipf { over: range, exponent, scramble } => {
            format!("zipf over {}, exponent {exponent}{}", over(range), if *scramble { "" } else { ", not scrambled" })
        }
        Generator::Hotspot { over: range, hot_fraction, hot_weight } => {
            format!("hotspot over {}: {hot_fraction} of the values take {hot_weight} of the draws", over(range))
        }
        Generator::Normal { over: range, mean, deviation } => {
            format!("normal over {}, mean {mean}, deviation {deviation}", over(range))
        }
        Generator::Exponential { over: range, mean } => format!("exponential over {}, mean {mean}", over(range)),
        Generator::Choice(choices) => format!("choice of {}", choices.len()),
        Generator::Text { min, max } if min == max => format!("text of {min} characters"),
        Generator::Text { min, max } => format!("text of {min} to {max} characters"),
        Generator::Json(fields) => {
            let fields: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
            format!("JSON of {}", fields.join(", "))
        }
        Generator::Null { rate, of } => format!("NULL at {rate}, else {}", generator(of)),
        Generator::Timestamp { .. } => "instant in a range".to_owned(),
        Generator::Expr(_) => "arithmetic over the row number".to_owned(),
        Generator::SameAs { name, distinct, .. } => {
            format!("as {name}{}", if *distinct { ", never the same value" } else { "" })
        }
        Generator::Rows(SampledRows::Csv { columns, rows }) => {
            format!("one of {} of {}", counted(rows.len(), "row"), columns.join(", "))
        }
        Generator::Rows(SampledRows::Query { .. }) => "a row of a query".to_owned(),
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Real { value, decimals } => format!("{value:.*}", usize::from(*decimals)),
        Literal::Text(text) => format!("{text:?}"),
    }
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How long a measurement is.
fn length(variant: &VariantPlan) -> String {
    match variant.count {
        Some(count) => format!("{} operations", grouped(count)),
        None => time(variant.measure),
    }
}

/// Warm-up and measurement of a slice.
fn each(variant: &VariantPlan) -> String {
    match variant.count {
        Some(_) => format!("{} and {}", time(variant.warmup), length(variant)),
        None => time(variant.warmup + variant.measure),
    }
}

/// How long something takes; how long operations take, nobody knows before.
fn estimated(variant: &VariantPlan, about: Duration) -> String {
    match variant.count {
        Some(_) => format!("{} and what its operations take", rough(about)),
        None => rough(about),
    }
}

/// 1234567 → 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn time(duration: Duration) -> String {
    match SignedDuration::try_from(duration) {
        Ok(signed) => format!("{signed:#}"),
        Err(_) => format!("{duration:?}"),
    }
}

/// Without digits that nobody needs.
fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}
