//! Checks: whether what a query gives is what the file expects of it.
//!
//! What sent a commit and got no answer may have taken effect or not; a check passes if it does for some number of them. An
//! operation that failed counts as done where it took effect; one that was tried again took effect once more.

use std::ops::ControlFlow;

use crate::cli::failure::chain;
use crate::driver::{Control, DriverError, ServerError};
use crate::metrics::Counters;
use crate::param::Number;
use crate::result::slice::CheckRecord;
use crate::workload::plan::{CheckPlan, Counter, Expected, VariantPlan};
use crate::workload::{Diagnostic, sql};

/// Two reals are equal within this part of the larger one.
const ROUNDING: f64 = 1e-9;
/// So many ways of confirming operations are tried; where there are more, everything between the least and the most passes.
const MOST_WAYS: u64 = 100_000;

/// What a variant's operations have come to since the state was made.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// Parallel to the variant's operations.
    pub operations: &'a [Counters],
}

/// Of the attempts of an operation whose commit was not confirmed, those that are taken to have had an effect.
#[derive(Clone, Copy, Debug, Default)]
struct Effects {
    /// Of operations that failed, one each.
    failed: u64,
    /// The others: besides another attempt of their operation.
    besides: u64,
}

impl Effects {
    /// All that an operation may have had.
    fn most(counters: &Counters) -> Self {
        Self { failed: counters.unknown.saturating_sub(counters.unknown_besides), besides: counters.unknown_besides }
    }

    fn sum(self) -> u64 {
        self.failed + self.besides
    }
}

/// What the server refuses of a variant's checks, before any load. Tables that operations make are not there yet: what is
/// missing is then left to the check itself.
pub async fn try_out(variant: &VariantPlan, control: &Control) -> Vec<Diagnostic> {
    let makes = |sql: &str| {
        sql::first_word(sql).is_some_and(|word| ["create", "alter"].contains(&word.to_lowercase().as_str()))
    };
    let has_ddl = variant.statements.iter().any(|statement| makes(&statement.text.sql));
    let mut wrong = Vec::new();
    for check in &variant.checks {
        let Err(DriverError::Server(error)) = control.describe(&check.text.sql, &[]).await else { continue };
        // What is wrong with the server and not with the check, the run itself meets.
        if error.state.is_trouble_of_the_server() {
            continue;
        }
        let is_missing = ["42P01", "42703", "42704", "42883"].contains(&error.state.as_str());
        if !(has_ddl && is_missing) {
            wrong.push(refused(check, &error));
        }
    }
    control.rest().await;
    wrong
}

fn refused(check: &CheckPlan, error: &ServerError) -> Diagnostic {
    let place = error.position.map_or_else(|| check.text.place.clone(), |position| check.text.place_at(position));
    let title = format!("check `{}`: {} (SQLSTATE {})", check.name, error.message, error.state);
    Diagnostic::at(&place, title, "", error.hint.iter().cloned().collect())
}

/// The finding of a check whose query gave these rows.
pub fn judge(check: &CheckPlan, counts: Counts<'_>, rows: &[Vec<Option<String>>]) -> CheckRecord {
    let failed = |found: String| CheckRecord { found, ..blank(check, counts) };
    let value = match rows {
        [row] => match row.as_slice() {
            [value] => value.as_deref(),
            columns => return failed(format!("{} columns instead of one value", columns.len())),
        },
        [] => return failed("no row".to_owned()),
        rows => return failed(format!("{} rows instead of one value", rows.len())),
    };
    // NULL equals nothing.
    let Some(value) = value else { return failed("NULL".to_owned()) };
    let differs = |is_equal: bool| Some(if is_equal { 0.0 } else { 1.0 });
    let difference = match &check.expected {
        Expected::Text(text) => differs(value == text),
        Expected::Bool(wanted) => match value {
            "t" | "true" => differs(*wanted),
            "f" | "false" => differs(!*wanted),
            _ => None,
        },
        Expected::Number(number) => read(value).map(|found| subtract(*number, found)),
        Expected::Counters { .. } => read(value).and_then(|found| nearest(&check.expected, counts, found)),
    };
    let found = match difference {
        None => format!("\"{value}\", which cannot be compared with that"),
        Some(_) if matches!(check.expected, Expected::Text(_)) => format!("{value:?}"),
        Some(_) => value.to_owned(),
    };
    CheckRecord { passed: difference == Some(0.0), found, difference, ..blank(check, counts) }
}

/// The finding of a check whose query failed.
pub fn unanswered(check: &CheckPlan, counts: Counts<'_>, error: &DriverError) -> CheckRecord {
    CheckRecord { found: format!("the query fails: {}", chain(error)), ..blank(check, counts) }
}

fn blank(check: &CheckPlan, counts: Counts<'_>) -> CheckRecord {
    CheckRecord { name: check.name.clone(), expected: expected(&check.expected, counts), ..CheckRecord::default() }
}

/// What is expected, for people: `1000 * mix.succeeded = 12000 (up to 12001, with 1 operation not confirmed)`.
fn expected(expected: &Expected, counts: Counts<'_>) -> String {
    let Expected::Counters { text, .. } = expected else { return expected.to_string() };
    let sum = |of: fn(&Counters) -> u64| -> u64 {
        counted_operations(expected).map(|operation| of(&counts.operations[operation])).sum()
    };
    let (unknown, besides) = (sum(|counters| counters.unknown), sum(|counters| counters.unknown_besides));
    let value = match evaluate(expected, counts, &|_| Effects::default()) {
        Some(value) => shown(value),
        None => return format!("{text}, which has no value with these counts"),
    };
    if unknown == 0 {
        return format!("{text} = {value}");
    }
    let most = |operation: usize| Effects::most(&counts.operations[operation]);
    let most = evaluate(expected, counts, &most).map_or_else(String::new, shown);
    let what = if besides > 0 { "attempt" } else { "operation" };
    let plural = if unknown == 1 { "" } else { "s" };
    format!("{text} = {value} (or {most}, as far as {unknown} {what}{plural} took effect that were not confirmed)")
}

/// Expected minus found for the way of confirming operations that comes nearest to what was found.
fn nearest(expected: &Expected, counts: Counts<'_>, found: Number) -> Option<f64> {
    let mut operations: Vec<usize> =
        counted_operations(expected).filter(|operation| counts.operations[*operation].unknown > 0).collect();
    operations.sort_unstable();
    operations.dedup();
    let mut best: Option<f64> = None;
    let mut confirmed = vec![Effects::default(); counts.operations.len()];
    let mut left = MOST_WAYS;
    let _ = ways(&operations, counts, &mut confirmed, &mut left, &mut |confirmed| {
        if let Some(value) = evaluate(expected, counts, &|operation| confirmed[operation]) {
            let difference = subtract(value, found);
            if best.is_none_or(|best| difference.abs() < best.abs()) {
                best = Some(difference);
            }
        }
        if best == Some(0.0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let bounds = || {
        let none = evaluate(expected, counts, &|_| Effects::default())?;
        let all = evaluate(expected, counts, &|operation| Effects::most(&counts.operations[operation]))?;
        Some((subtract(none, found), subtract(all, found)))
    };
    match bounds() {
        Some((none, all)) if left == 0 && none * all <= 0.0 => Some(0.0),
        _ => best,
    }
}

/// Every way in which the unknown operations may have taken effect, as far as `left` goes.
fn ways(
    operations: &[usize],
    counts: Counts<'_>,
    confirmed: &mut [Effects],
    left: &mut u64,
    visit: &mut dyn FnMut(&[Effects]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((first, others)) = operations.split_first() else {
        *left = left.saturating_sub(1);
        visit(confirmed)?;
        return if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    };
    let most = Effects::most(&counts.operations[*first]);
    for failed in 0..=most.failed {
        for besides in 0..=most.besides {
            confirmed[*first] = Effects { failed, besides };
            ways(others, counts, confirmed, left, visit)?;
        }
    }
    ControlFlow::Continue(())
}

fn counted_operations(expected: &Expected) -> impl Iterator<Item = usize> {
    let counters = match expected {
        Expected::Counters { counters, .. } => counters.as_slice(),
        _ => &[],
    };
    counters.iter().flat_map(|counted| counted.operations.iter().copied())
}

/// The value of the arithmetic when so many of each operation's unknown ones took effect.
fn evaluate(expected: &Expected, counts: Counts<'_>, confirmed: &dyn Fn(usize) -> Effects) -> Option<Number> {
    let Expected::Counters { expression, constants, counters, .. } = expected else { return None };
    let value = |counter: Counter, operation: usize| {
        let counters = &counts.operations[operation];
        match counter {
            Counter::Succeeded => counters.succeeded + confirmed(operation).sum(),
            Counter::Failed => counters.failed.saturating_sub(confirmed(operation).failed),
            Counter::Attempts => counters.attempts,
            Counter::Retried => counters.retried,
            Counter::Rows => counters.rows + rows_of(counters, confirmed(operation).sum()),
        }
    };
    let lookup = |name: &str| {
        if let Some((_, number)) = constants.iter().find(|(known, _)| known == name) {
            return Some(*number);
        }
        let counted = counters.iter().find(|counted| counted.name == name)?;
        let sum: u64 = counted.operations.iter().map(|operation| value(counted.counter, *operation)).sum();
        i64::try_from(sum).ok().map(Number::Integer)
    };
    expression.evaluate(&lookup).ok()
}

/// Rows that so many operations more come to: as many each as those that succeeded had, where these had the same number.
fn rows_of(counters: &Counters, more: u64) -> u64 {
    match counters.succeeded {
        0 => 0,
        succeeded if counters.rows.is_multiple_of(succeeded) => counters.rows / succeeded * more,
        _ => 0,
    }
}

/// A number as the server writes it.
fn read(text: &str) -> Option<Number> {
    if let Ok(value) = text.parse::<i64>() {
        return Some(Number::Integer(value));
    }
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some(Number::Real { value, decimals: 0 })
}

fn shown(number: Number) -> String {
    match number {
        Number::Integer(value) => value.to_string(),
        Number::Real { value, .. } => value.to_string(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a difference is shown; whether it is 0 was decided before")]
fn subtract(expected: Number, found: Number) -> f64 {
    if let (Number::Integer(expected), Number::Integer(found)) = (expected, found) {
        return (i128::from(expected) - i128::from(found)) as f64;
    }
    let real = |number: Number| match number {
        Number::Integer(value) => value as f64,
        Number::Real { value, .. } => value,
    };
    let (expected, found) = (real(expected), real(found));
    let difference = expected - found;
    if difference.abs() <= ROUNDING * expected.abs().max(found.abs()) { 0.0 } else { difference }
}

#[cfg(test)]
mod tests;
