//! Whether answers are compared between variants, and whether they can be equal at all.

use super::super::diagnostic::{Sink, problem};
use super::super::plan::{OperationPlan, VariantPlan};
use super::super::read::At;

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
    let without: Vec<(&VariantPlan, &OperationPlan)> = variants
        .iter()
        .flat_map(|variant| variant.operations.iter().map(move |operation| (variant, operation)))
        .filter(|(_, operation)| operation.answer.is_none())
        .collect();
    let with = variants.iter().filter(|variant| variant.operations.iter().any(|operation| operation.answer.is_some()));
    let with = with.count();
    if let (Some(asked), Some((variant, operation))) = (asked, without.first()) {
        sink.push(
            problem(
                &operation.place,
                format!(
                    "`same_answer = true`, but the operation `{}` of the variant `{}` has no `answer`",
                    operation.name, variant.name
                ),
            )
            .also(&asked.place, "asked for here")
            .hint("name the columns that must be equal: `answer = [\"u.id\"]`, or take `same_answer` out"),
        );
        return true;
    }
    if with < 2 {
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
                        "the answer of `{}` has {} columns, that of `{}` has {}",
                        operation.name,
                        answer.paths.len(),
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
