//! Checks after slices: whether they passed in every round, and who judges those that did not.

use crate::result::run::RunRecord;
use crate::result::slice::{CheckRecord, SliceRecord};
use crate::result::summary::Check;
use crate::words::Metric;

/// The checks of all variants, in the order of the file.
pub(super) fn checks(run: &RunRecord, slices: &[SliceRecord]) -> Vec<Check> {
    run.variants.iter().flat_map(|variant| of_variant(run, slices, &variant.name)).collect()
}

/// Whether it is a reason for exit code 3. A claim or an expectation judges answers; where there is none, nobody does.
#[must_use]
pub fn is_refuted(check: &Check) -> bool {
    !check.passed && (check.judged_by.is_none() || check.unanswered_rounds > 0)
}

/// The slices after which a check was made and had no answer to compare; none where the metric is no check.
pub(super) fn unanswered<'s>(slices: &'s [SliceRecord], variants: &[&str], metric: &Metric) -> Unanswered<'s> {
    let Metric::Check(name) = metric else { return Vec::new() };
    let mut found: Unanswered<'s> = slices
        .iter()
        .filter(|slice| variants.contains(&slice.variant.as_str()))
        .flat_map(|slice| slice.checks.iter().map(move |check| (slice, check)))
        .filter(|(_, check)| check.name == *name && has_no_answer(check))
        .collect();
    found.sort_by_key(|(slice, _)| slice.round);
    found
}

/// Slices and what their checks found instead of an answer, in the order of rounds.
pub(super) type Unanswered<'s> = Vec<(&'s SliceRecord, &'s CheckRecord)>;

fn has_no_answer(check: &CheckRecord) -> bool {
    !check.passed && check.difference.is_none()
}

/// Also those of rounds that are left out of every figure: what is in the tables does not depend on how it was measured.
fn of_variant(run: &RunRecord, slices: &[SliceRecord], variant: &str) -> Vec<Check> {
    let mut rounds: Vec<&SliceRecord> = slices.iter().filter(|slice| slice.variant == variant).collect();
    rounds.sort_by_key(|slice| slice.round);
    let mut checks: Vec<Check> = Vec::new();
    for slice in rounds {
        for found in &slice.checks {
            let at = checks.iter().position(|check| check.name == found.name).unwrap_or_else(|| {
                checks.push(Check {
                    name: found.name.clone(),
                    variant: variant.to_owned(),
                    passed: true,
                    judged_by: judge_of(run, variant, &found.name),
                    ..Check::default()
                });
                checks.len() - 1
            });
            add(&mut checks[at], slice.round, found);
        }
    }
    checks
}

fn add(check: &mut Check, round: u32, found: &CheckRecord) {
    check.rounds += 1;
    check.failed_rounds += u32::from(!found.passed);
    let is_unanswered = has_no_answer(found);
    // The first failure stays, and the first without an answer above it.
    if check.passed || (is_unanswered && check.unanswered_rounds == 0) {
        check.round = round;
        check.expected.clone_from(&found.expected);
        check.found.clone_from(&found.found);
    }
    check.passed &= found.passed;
    check.unanswered_rounds += u32::from(is_unanswered);
}

/// The claim or expectation that names a check of a variant.
fn judge_of(run: &RunRecord, variant: &str, check: &str) -> Option<String> {
    let metric = Metric::Check(check.to_owned()).name();
    let mut all = run.claims.iter().chain(&run.expectations);
    all.find(|judgement| judgement.variant == variant && judgement.metric == metric).map(|found| found.claim.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::run::{Bound, Judgement, Limit, VariantRecord};

    fn slice(variant: &str, round: u32, passed: bool) -> SliceRecord {
        let check = CheckRecord {
            name: "sum".to_owned(),
            passed,
            expected: format!("{round}0"),
            found: format!("{round}1"),
            difference: Some(f64::from(u32::from(!passed))),
        };
        SliceRecord { variant: variant.to_owned(), round, checks: vec![check], ..SliceRecord::default() }
    }

    #[test]
    fn the_first_failure_is_told_and_whoever_names_a_check_judges_it() {
        let variant = |name: &str| VariantRecord { name: name.to_owned(), ..VariantRecord::default() };
        let claim = Judgement {
            claim: "loses updates".to_owned(),
            variant: "b".to_owned(),
            metric: "checks.sum".to_owned(),
            source: None,
            operation: None,
            job: None,
            against: "a".to_owned(),
            bound: Bound::Value(Limit::AtLeast(1.0)),
        };
        let run = RunRecord {
            variants: vec![variant("a"), variant("b"), variant("c")],
            claims: vec![claim],
            ..RunRecord::default()
        };
        // In the order in which slices closed, which need not be that of rounds.
        let slices: Vec<SliceRecord> = [(3, true), (2, false), (1, true)]
            .into_iter()
            .flat_map(|(round, passed)| [slice("b", round, passed), slice("a", round, passed), slice("c", round, true)])
            .collect();
        let found = checks(&run, &slices);
        let told: Vec<_> = found
            .iter()
            .map(|check| {
                (
                    check.variant.as_str(),
                    check.passed,
                    check.round,
                    check.rounds,
                    check.failed_rounds,
                    is_refuted(check),
                )
            })
            .collect();
        assert_eq!(told, [("a", false, 2, 3, 1, true), ("b", false, 2, 3, 1, false), ("c", true, 3, 3, 0, false)]);
        assert_eq!((found[0].expected.as_str(), found[0].found.as_str()), ("20", "21"));
        assert_eq!(found[1].judged_by.as_deref(), Some("loses updates"));
        // Without an answer there is nothing that the claim could judge.
        let mut slices = slices;
        let last = slices.iter_mut().find(|slice| slice.variant == "b" && slice.round == 3).unwrap();
        last.checks[0] =
            CheckRecord { passed: false, found: "NULL".to_owned(), difference: None, ..last.checks[0].clone() };
        let found = checks(&run, &slices);
        assert_eq!((found[1].failed_rounds, found[1].unanswered_rounds, found[1].round), (2, 1, 3));
        assert_eq!((found[1].found.as_str(), is_refuted(&found[1])), ("NULL", true));
    }
}
