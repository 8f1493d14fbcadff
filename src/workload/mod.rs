//! From a `workload.toml` to a plan: parse, validate, compile.
//!
//! Starts nothing and knows no server. [`plan`] holds the compiled types that the other rooms read; [`load`] gives one, or
//! every problem of the file with its place. The way: [`document`] (TOML with places) → `include` (files below it) → `set` (`--set` and its like) →
//! `shape` (known keys only) → `spec` (typed, names still names) → `validate` (names that must exist) → `compile`.

pub mod arithmetic;
mod compile;
mod constants;
mod describe;
pub mod diagnostic;
mod document;
mod exclude;
mod include;
pub mod keys;
mod merge;
pub mod plan;
mod read;
pub mod schema;
mod set;
mod shape;
mod spec;
pub mod sql;
mod validate;

use std::path::Path;

pub use describe::describe;
pub use diagnostic::{Diagnostic, Problems};
pub use schema::schema;

use constants::Constants;
use diagnostic::{Sink, did_you_mean, problem};
use document::Table;
use include::Layers;
use plan::{ComparePlan, JudgementPlan, OperationPlan, Plan, SourceText, VariantPlan};
use read::Context;

/// What comes from outside of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Dotted key, TOML value (bare words allowed), and where it was given: `--set`, another option (`--rounds`), or a
    /// variable (`DBBENCH_…`). Options override the file; variables fill in what it leaves out.
    pub set: Vec<(String, String, String)>,
    /// Names of the variants to keep; empty for all.
    pub only: Vec<String>,
    /// The baseline goes too, unless it is named: nothing is compared with it.
    pub without_baseline: bool,
}

/// Reads a workload file and compiles it.
///
/// # Errors
/// Every problem of the file and of the overrides at once.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Plan, Problems> {
    match include::text_of(path) {
        Ok(text) => compile_text(SourceText::new(path, text), overrides),
        Err(error) => {
            let title = format!("{} cannot be read: {error}", path.display());
            Err(Problems::one(Diagnostic::without_place(title, Vec::new())))
        }
    }
}

/// Compiles the text of a workload file.
///
/// # Errors
/// Every problem of the file and of the overrides at once.
pub fn compile_text(source: SourceText, overrides: &Overrides) -> Result<Plan, Problems> {
    let sink = Sink::default();
    let plan = include::read(&source, &sink).and_then(|layers| compile_tables(layers, &source, overrides, &sink));
    match plan {
        Some(plan) if sink.is_empty() => Ok(plan),
        _ => Err(sink.into_problems(&source)),
    }
}

/// What in a plan may not be sent to a server that is not dbbench's own, unless the user lets sessions write there.
#[must_use]
pub fn guarded(plan: &Plan, may_write: bool) -> Vec<Diagnostic> {
    validate::guarded(plan, may_write)
}

/// The way from tables to a plan; `None` only with a problem in the sink.
fn compile_tables(layers: Layers, source: &SourceText, overrides: &Overrides, sink: &Sink) -> Option<Plan> {
    let Layers { mut root, included } = layers;
    let outside = set::apply(&mut root, overrides, sink);
    shape::check(&mut root, sink);
    let root = &root;
    let sources = compile::variant_sources(root, sink);
    let overlays: Vec<(&str, &Table)> = sources.iter().map(|source| (source.name.as_str(), &source.overlay)).collect();
    set::conflicts(root, &overlays, &outside, sink);
    let constants = Constants::read(root.table(&["constants"]), sink);
    let context = Context { constants: &constants, sink };
    let name = workload_name(root, context);
    let about = root.get("about").and_then(|entry| context.text("about", &entry.node)).map(|about| about.value);
    let topology = spec::topology(root, context);
    let run = spec::run_plan(root, context);
    let mut dataset = compile::dataset(root, &sources, sink);
    let mut warnings = outside.notes;
    let variants = compile::variants(&sources, root, &mut dataset.columns, sink);
    warn_of_unused(root, &variants, &mut dataset, sink, &mut warnings);
    let compare = spec::compare(root, context);
    let probes = spec::probes(root, context);
    let baseline = baseline(&compare, &variants, sink);
    let claims = spec::judgements(root, "claim", context);
    let claims = validate::judgements(claims, &variants, baseline, sink);
    let expectations = spec::judgements(root, "expect", context);
    let expectations = validate::judgements(expectations, &variants, baseline, sink);
    let same_answer = validate::same_answer(compare.same_answer.as_ref(), &variants, sink, &mut warnings);
    let compare = ComparePlan {
        baseline: baseline?,
        same_answer,
        within_sides: false,
        answer_draws: compare.answer_draws.unwrap_or(20),
        margin: compare.margin.unwrap_or(0.05),
    };
    let kept = compile::kept(overrides, &variants, compare.baseline, sink);
    let resolved = compile::resolved(root);
    let (workload_hash, topology_hash) = compile::hashes(&resolved, &topology, &variants);
    let plan = Plan {
        name: name?,
        about,
        topology,
        dataset: dataset.plan(),
        variants,
        run,
        probes,
        compare,
        claims,
        expectations,
        workload_hash,
        topology_hash,
        resolved,
        origins: outside.origins,
        included_origins: include::origins(root, &included),
        included,
        source: source.clone(),
        warnings,
    };
    Some(keep_only(plan, &kept))
}

fn workload_name(root: &Table, context: Context<'_>) -> Option<String> {
    let Some(entry) = root.get("name") else {
        if !root.incomplete {
            let hint = "the first line gives it: `name = \"n-plus-one\"`".to_owned();
            context.sink.push(Diagnostic::without_place("the workload has no `name`", vec![hint]));
        }
        return None;
    };
    let name = context.text("name", &entry.node)?;
    if shape::is_plain_name(&name.value) {
        return Some(name.value);
    }
    let title = format!("a workload cannot be called \"{}\"", name.value);
    context.sink.push(problem(&name.place, title).hint("a name is made of letters, digits, `_` and `-`, at most 64"));
    None
}

/// The baseline: as named, else the first variant.
fn baseline(compare: &spec::CompareSpec, variants: &[VariantPlan], sink: &Sink) -> Option<usize> {
    let Some(name) = &compare.baseline else {
        return (!variants.is_empty()).then_some(0);
    };
    let found = variants.iter().position(|variant| variant.name == name.value);
    if found.is_none() {
        let hint = did_you_mean(&name.value, variants.iter().map(|variant| variant.name.as_str()));
        let title = format!("the baseline `{}` is not a variant", name.value);
        sink.push(problem(&name.place, title).maybe_hint(hint));
    }
    found
}

fn warn_of_unused(
    root: &Table,
    variants: &[VariantPlan],
    dataset: &mut compile::Dataset,
    sink: &Sink,
    warnings: &mut Vec<String>,
) {
    let beside =
        |variant: &VariantPlan| variant.background.as_ref().map(|background| background.work.operations.clone());
    let beside: Vec<OperationPlan> = variants.iter().filter_map(beside).flatten().collect();
    let of_mixes = variants.iter().flat_map(|variant| &variant.operations);
    let used: Vec<&str> = of_mixes.chain(&beside).map(|operation| operation.name.as_str()).collect();
    for name in compile::check_unused(root, &used, &mut dataset.columns, sink) {
        warnings.push(format!("operation `{name}` is in no variant's mix"));
    }
}

/// Takes out the variants that were not asked for, with the claims that need them.
fn keep_only(mut plan: Plan, kept: &[usize]) -> Plan {
    if kept.len() == plan.variants.len() {
        return plan;
    }
    let new_index = |old: usize| kept.iter().position(|kept| *kept == old);
    let mut dropped = 0;
    for list in [&mut plan.claims, &mut plan.expectations] {
        let before = list.len();
        *list = std::mem::take(list)
            .into_iter()
            .filter_map(|judgement| {
                let (variant, against) = (new_index(judgement.variant)?, new_index(judgement.against)?);
                Some(JudgementPlan { variant, against, ..judgement })
            })
            .collect();
        dropped += before - list.len();
    }
    if dropped > 0 {
        let what = match dropped {
            1 => "1 claim or expectation is".to_owned(),
            more => format!("{more} claims or expectations are"),
        };
        plan.warnings.push(format!("{what} about variants that --only leaves out"));
    }
    plan.compare.baseline = new_index(plan.compare.baseline).unwrap_or(0);
    let mut index = 0;
    plan.variants.retain(|_| {
        index += 1;
        kept.contains(&(index - 1))
    });
    plan
}

#[cfg(test)]
mod tests;
