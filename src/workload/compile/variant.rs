//! A variant, complete by itself: the file with the overlay, every name an index.

use super::super::constants::Constants;
use super::super::diagnostic::{Sink, did_you_mean, problem};
use super::super::document::{Node, Table, Value};
use super::super::merge;
use super::super::plan::{OperationPlan, ParamPlan, Place, StatementPlan, VariantPlan};
use super::super::read::{At, Context};
use super::super::spec::{self, OperationSpec};
use super::super::validate::{self, Columns};
use super::{Names, background, check, operation, setup};

/// A variant as the file has it.
pub(in crate::workload) struct VariantSource {
    pub(in crate::workload) name: String,
    /// Where it is named; `None` for the only way of a file without `[variants]`.
    pub(in crate::workload) place: Option<Place>,
    pub(in crate::workload) overlay: Table,
}

/// Compiles a variant. What is wrong is reported, and what can be compiled is.
pub(super) fn compile(source: &VariantSource, base: &Table, columns: &mut Columns, sink: &Sink) -> VariantPlan {
    let merged = merge::overlay(base, &source.overlay);
    let constants = Constants::read(merged.table(&["constants"]), sink);
    let context = Context { constants: &constants, sink };
    let slice = spec::slice(&merged, context);
    let protocol = spec::connections(&merged, context);
    let params = validate::resolve_params(&spec::params(&merged, context), columns, sink);
    for (param, _) in &params {
        if let Some(place) = constants.place(&param.value) {
            let problem = problem(&param.place, format!("the name `{}` is taken: a constant has it too", param.value));
            sink.push(problem.also(place, "here").hint("constants and parameters share one namespace"));
        }
    }
    let operations = spec::operations(&merged, context);
    let mix = choose(source, &merged, &operations, context);
    let names = Names { constants: &constants, params: &params, columns, protocol, sink };
    let chosen: Vec<&OperationSpec> = mix.iter().map(|(operation, _)| *operation).collect();
    let Mix { operations: compiled, params: drawn, statements } = compile_mix(&chosen, names);
    let checks = check::compile(spec::checks(&merged, context), &operations, &compiled, names);
    let text =
        |key: &str| source.overlay.get(key).and_then(|entry| context.text(key, &entry.node)).map(|text| text.value);
    let mut plan = VariantPlan {
        name: source.name.clone(),
        title: text("title"),
        about: text("about"),
        link: slice.link,
        load: slice.load,
        warmup: slice.warmup,
        measure: slice.measure,
        count: slice.count,
        drain: slice.drain,
        setup: setup::compile(&source.overlay, context),
        clone: slice.clone,
        workers: slice.workers,
        protocol,
        weights: mix.iter().map(|(_, weight)| *weight).collect(),
        operations: compiled,
        params: drawn,
        statements,
        checks,
        background: None,
    };
    plan.background = background::compile(spec::backgrounds(&merged, context), &operations, names, &plan);
    plan
}

/// Compiled operations, with what they draw and send.
pub(super) struct Mix {
    pub(super) operations: Vec<OperationPlan>,
    pub(super) params: Vec<ParamPlan>,
    pub(super) statements: Vec<StatementPlan>,
}

/// Compiles operations; of the parameters only those stay that they refer to.
pub(super) fn compile_mix(chosen: &[&OperationSpec], names: Names<'_>) -> Mix {
    let params = names.params;
    let mut statements: Vec<StatementPlan> = Vec::new();
    let mut operations: Vec<OperationPlan> =
        chosen.iter().map(|operation| operation::compile(operation, names, &mut statements)).collect();
    let used: Vec<usize> =
        (0..params.len()).filter(|param| operations.iter().any(|operation| operation.params.contains(param))).collect();
    for operation in &mut operations {
        operation::renumber_params(operation, &mut statements, &used);
    }
    let param = |index: &usize| {
        let (name, generator) = &params[*index];
        let generator = generator.as_ref()?;
        Some(ParamPlan { name: name.value.clone(), generator: generator.value.clone(), place: generator.place.clone() })
    };
    Mix { operations, params: used.iter().filter_map(param).collect(), statements }
}

/// Compiles operations that no variant uses, only to find what is wrong in them.
pub(in crate::workload) fn check_unused(
    base: &Table,
    used: &[&str],
    columns: &mut Columns,
    sink: &Sink,
) -> Vec<String> {
    let constants = Constants::read(base.table(&["constants"]), sink);
    let context = Context { constants: &constants, sink };
    let params = validate::resolve_params(&spec::params(base, context), columns, sink);
    let protocol = spec::connections(base, context);
    let names = Names { constants: &constants, params: &params, columns, protocol, sink };
    let operations = spec::operations(base, context);
    let unused: Vec<_> = operations.iter().filter(|operation| !used.contains(&operation.name.value.as_str())).collect();
    for operation in &unused {
        operation::compile(operation, names, &mut Vec::new());
    }
    unused.iter().map(|operation| operation.name.value.clone()).collect()
}

/// The operations of the variant's mix with their weights: `[mix]`, else the operation of the same name, else the only one.
fn choose<'o>(
    source: &VariantSource,
    merged: &Table,
    operations: &'o [OperationSpec],
    context: Context<'_>,
) -> Vec<(&'o OperationSpec, f64)> {
    let find = |name: &str| operations.iter().find(|operation| operation.name.value == name);
    if let Some((_, weights)) = spec::mix(merged, context) {
        let mut chosen = Vec::new();
        for (name, weight) in &weights {
            match find(&name.value) {
                Some(operation) if *weight > 0.0 => chosen.push((operation, *weight)),
                Some(_) => {}
                None => unknown_operation(name, operations, context.sink),
            }
        }
        return chosen;
    }
    if merged.get("mix").is_some() {
        return Vec::new();
    }
    if let Some(operation) = find(&source.name) {
        return vec![(operation, 1.0)];
    }
    if let [only] = operations {
        return vec![(only, 1.0)];
    }
    no_mix(source, merged, operations, context.sink);
    Vec::new()
}

fn unknown_operation(name: &At<String>, operations: &[OperationSpec], sink: &Sink) {
    let hint = did_you_mean(&name.value, operations.iter().map(|operation| operation.name.value.as_str()));
    sink.push(
        problem(&name.place, format!("the mix names `{}`, but there is no such operation", name.value))
            .maybe_hint(hint),
    );
}

fn no_mix(source: &VariantSource, merged: &Table, operations: &[OperationSpec], sink: &Sink) {
    if operations.is_empty() {
        if merged.incomplete || merged.find(&["operations"]).is_some_and(|entry| is_lossy(&entry.node)) {
            return;
        }
        let hint =
            "for example `[operations.read]` with `steps = [{ sql = \"SELECT name FROM users WHERE id = :id\" }]`";
        let missing = match merged.get("operations") {
            Some(entry) => problem(&entry.key_place, "there are no operations"),
            None => super::super::diagnostic::Diagnostic::without_place("the file has no [operations]", Vec::new()),
        };
        sink.push(missing.hint(hint));
        return;
    }
    let known: Vec<&str> = operations.iter().map(|operation| operation.name.value.as_str()).collect();
    let hint = format!("give a mix: `mix = {{ {} = 1 }}`", known.first().copied().unwrap_or("read"));
    match &source.place {
        Some(place) => {
            let near = did_you_mean(&source.name, known.iter().copied()).filter(|hint| hint.starts_with("did"));
            let title = format!("the variant `{}` has no mix, and no operation has its name", source.name);
            sink.push(problem(place, title).maybe_hint(near).hint(hint));
        }
        None => sink.push(super::super::diagnostic::Diagnostic::without_place(
            "the file has several operations, but neither [mix] nor [variants] says which of them run",
            vec![hint],
        )),
    }
}

fn is_lossy(node: &Node) -> bool {
    match &node.value {
        Value::Table(table) => table.incomplete || table.entries.iter().any(|entry| is_lossy(&entry.node)),
        Value::List(items) => items.iter().any(is_lossy),
        _ => false,
    }
}
