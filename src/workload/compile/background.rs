//! `[background]`: the operations beside the mix, as a variant of their own.

use super::super::diagnostic::{did_you_mean, problem};
use super::super::plan::{BackgroundPlan, Backgrounds, LoadPlan, VariantPlan};
use super::super::spec::{BackgroundSpec, OperationSpec};
use super::Names;
use super::variant::{Mix, compile_mix};

/// Compiles the background of a variant; `None` without any.
pub(super) fn compile(
    specs: Vec<BackgroundSpec>,
    operations: &[OperationSpec],
    names: Names<'_>,
    variant: &VariantPlan,
) -> Option<Box<Backgrounds>> {
    let (mut list, mut run) = (Vec::new(), Vec::new());
    for spec in specs {
        let Some(operation) = operations.iter().find(|operation| operation.name.value == spec.operation.value) else {
            let known = operations.iter().map(|operation| operation.name.value.as_str());
            let title = format!("there is no operation `{}`", spec.operation.value);
            names
                .sink
                .push(problem(&spec.operation.place, title).maybe_hint(did_you_mean(&spec.operation.value, known)));
            continue;
        };
        run.push(operation);
        list.push(BackgroundPlan { name: spec.name, operation: spec.operation.value, when: spec.when });
    }
    if list.is_empty() {
        return None;
    }
    let Mix { operations, params, statements } = compile_mix(&run, names);
    let work = VariantPlan {
        load: LoadPlan::Closed { clients: 1, think: std::time::Duration::ZERO },
        weights: vec![1.0; list.len()],
        operations,
        params,
        statements,
        setup: Vec::new(),
        checks: Vec::new(),
        background: None,
        ..variant.clone()
    };
    Some(Box::new(Backgrounds { list, work }))
}
