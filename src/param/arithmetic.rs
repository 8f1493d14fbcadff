//! The integer arithmetic of `expr`: division rounds down, the remainder has the sign of the divisor.

use super::generator::Expr;

/// Why integer arithmetic has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoResult {
    /// The divisor is 0.
    #[error("division by zero")]
    DivisionByZero,
    /// The result is outside of ±2⁶³.
    #[error("the result does not fit 64 bits")]
    Overflow,
}

/// `left operator right` for `+ - * / %`.
///
/// # Errors
/// Overflow and division by zero.
pub fn apply(operator: char, left: i64, right: i64) -> Result<i64, NoResult> {
    if right == 0 && matches!(operator, '/' | '%') {
        return Err(NoResult::DivisionByZero);
    }
    let result = match operator {
        '+' => left.checked_add(right),
        '-' => left.checked_sub(right),
        '*' => left.checked_mul(right),
        '/' => left.checked_div(right).map(|quotient| {
            let rounded_up = left % right != 0 && (left < 0) != (right < 0);
            quotient - i64::from(rounded_up)
        }),
        // The only remainder that the machine refuses, MIN % -1, is 0.
        _ => Some(
            left.checked_rem(right)
                .map_or(0, |rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }),
        ),
    };
    result.ok_or(NoResult::Overflow)
}

/// The value of an expression for a row, from 1.
///
/// # Errors
/// Overflow and division by zero.
pub fn evaluate(expr: &Expr, row: i64) -> Result<i64, NoResult> {
    Ok(match expr {
        Expr::Value(value) => *value,
        Expr::Row => row,
        Expr::Negate(inner) => evaluate(inner, row)?.checked_neg().ok_or(NoResult::Overflow)?,
        Expr::Binary(operator, left, right) => apply(*operator, evaluate(left, row)?, evaluate(right, row)?)?,
        Expr::Extreme { min, left, right } => {
            let (left, right) = (evaluate(left, row)?, evaluate(right, row)?);
            if *min { left.min(right) } else { left.max(right) }
        }
    })
}
