//! Whether answers are compared between variants, and whether they can be equal at all.

use super::super::diagnostic::{Sink, problem};
use super::super::plan::{OperationPlan, VariantPlan};
use super::super::read::At;
use crate::words::counted;

/// Decides `compare.same_answer`; what is left out of the comparison is said as a warning.
pub(in crate::workload) fn same_answer(
    asked: Option<&At<bool>>,
    variants: &[VariantPlan],
    sink: &Sink,
    warnings: &mut Vec<String>,
) -> bool {
    if asked.is_some_and(|asked| !asked.value) {
        return false;
    }
    let answering = |variant: &&VariantPlan| variant.operations.iter().any(|operation| operation.answer.is_some());
    let without = without_answer(variants);
    if let (Some(asked), Some((variant, operation))) = (asked, without.first()) {
        let title = format!(
            "`same_answer = true`, but the operation `{}` of the variant `{}` has no `answer`",
            operation.name, variant.name
        );
        sink.push(
            problem(&operation.place, title)
                .also(&asked.place, "asked for here")
                .hint("name the columns that must be equal: `answer = [\"u.id\"]`, or take `same_answer` out"),
        );
        return true;
    }
    if variants.iter().filter(answering).count() < 2 {
        return asked.is_some();
    }
    for (variant, operation) in &without {
        warnings.push(format!(
            "operation `{}` of variant `{}` has no `answer`, so what it returns is not compared",
            operation.name, variant.name
        ));
    }
    same_width(variants, sink);
    true
}

/// Operations without an answer whose alternatives in other variants have one, or of variants that answer nothing.
fn without_answer(variants: &[VariantPlan]) -> Vec<(&VariantPlan, &OperationPlan)> {
    let all =
        || variants.iter().flat_map(|variant| variant.operations.iter().map(move |operation| (variant, operation)));
    let answers = |job: &str| all().any(|(_, operation)| operation.job == job && operation.answer.is_some());
    let is_silent = |variant: &VariantPlan| variant.operations.iter().all(|operation| operation.answer.is_none());
    all()
        .filter(|(variant, operation)| operation.answer.is_none() && (is_silent(variant) || answers(&operation.job)))
        .collect()
}

/// Alternatives must answer with the same number of columns: operations of one job, and the only operations of variants.
fn same_width(variants: &[VariantPlan], sink: &Sink) {
    let all_single = variants.iter().all(|variant| variant.operations.len() == 1);
    let operations: Vec<&OperationPlan> = variants.iter().flat_map(|variant| &variant.operations).collect();
    for (index, operation) in operations.iter().enumerate() {
        let Some(answer) = &operation.answer else { continue };
        let earlier = operations[..index].iter().find_map(|other| {
            let is_alternative = other.name != operation.name && (all_single || other.job == operation.job);
            other.answer.as_ref().filter(|_| is_alternative).map(|answer| (*other, answer))
        });
        let Some((other, expected)) = earlier else { continue };
        if expected.paths.len() != answer.paths.len() {
            sink.push(
                problem(
                    &operation.place,
                    format!(
                        "the answer of `{}` has {}, that of `{}` has {}",
                        operation.name,
                        counted(answer.paths.len(), "column"),
                        other.name,
                        expected.paths.len()
                    ),
                )
                .also(&other.place, "the other one")
                .hint("alternatives give the same columns in the same order; `compare.same_answer = false` leaves answers out"),
            );
        }
    }
}
