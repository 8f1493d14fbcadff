//! What a generator can give, so that it can be held against a column's type before anything runs.

use super::arithmetic::apply;
use super::generator::{Expr, Generator, Literal, Over, SampledRows};
use super::law::Unusable;
use super::value::Domain;

impl Generator {
    /// The sets of values that may come, for rows 1 … `rows` of a dataset (0 for parameters).
    ///
    /// Nothing that can come is left out; an `expr` may be given more room than it takes. Rows of a query are not known yet
    /// and give no domain; of rows of several columns every cell counts, [`Generator::column_domains`] takes one column.
    ///
    /// # Errors
    /// An `expr` that may leave 64 bits or divide by zero within these rows.
    pub fn domains(&self, rows: u64) -> Result<Vec<Domain>, Unusable> {
        Ok(match self {
            Self::RowNumber | Self::Next { .. } => {
                vec![Domain::Integers { low: rows.min(1).cast_signed(), high: rows.cast_signed() }]
            }
            Self::Uuid4 | Self::Uuid7 => vec![Domain::Uuid],
            Self::Now | Self::Timestamp { .. } => vec![Domain::Timestamp],
            Self::Constant(literal) => vec![literal_domain(literal)],
            Self::Uniform(over)
            | Self::Zipf { over, .. }
            | Self::Hotspot { over, .. }
            | Self::Normal { over, .. }
            | Self::Exponential { over, .. } => match over {
                Over::Integers { low, high } => vec![Domain::Integers { low: *low, high: *high }],
                Over::Reals { low, high, .. } => vec![Domain::Reals { low: *low, high: *high }],
                Over::Column(source) => source.generator.domains(source.rows)?,
            },
            Self::Choice(entries) => {
                let mut domains: Vec<Domain> = Vec::new();
                for (literal, _) in entries.iter().filter(|(_, weight)| *weight > 0.0) {
                    add(&mut domains, literal_domain(literal));
                }
                domains
            }
            Self::Text { max, .. } => vec![Domain::Text { max: *max }],
            Self::Json(_) => vec![Domain::Json],
            Self::Null { rate, of } => {
                let mut domains = if *rate > 0.0 { vec![Domain::Null] } else { Vec::new() };
                if *rate < 1.0 {
                    domains.extend(of.domains(rows)?);
                }
                domains
            }
            Self::Expr(expr) => {
                let (low, high) = span(expr, (rows.min(1).cast_signed(), rows.cast_signed()))
                    .map_err(|problem| Unusable(format!("for rows 1 to {rows}, {problem}")))?;
                vec![Domain::Integers { low, high }]
            }
            Self::SameAs { of, .. } => of.domains(rows)?,
            Self::Rows(SampledRows::Csv { columns, .. }) => {
                (0..columns.len()).filter_map(|column| self.cells(column)).fold(Vec::new(), |mut all, domains| {
                    domains.into_iter().for_each(|domain| add(&mut all, domain));
                    all
                })
            }
            Self::Rows(SampledRows::Query { .. }) => Vec::new(),
        })
    }

    /// The domains of one column of sampled rows; `None` when the generator does not give rows, or no such column.
    #[must_use]
    pub fn column_domains(&self, column: &str) -> Option<Vec<Domain>> {
        match self {
            Self::SameAs { of, .. } => of.column_domains(column),
            Self::Rows(SampledRows::Csv { columns, .. }) => {
                self.cells(columns.iter().position(|known| known == column)?)
            }
            _ => None,
        }
    }

    fn cells(&self, column: usize) -> Option<Vec<Domain>> {
        let Self::Rows(SampledRows::Csv { rows, .. }) = self else { return None };
        let mut domains = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        for row in rows.iter() {
            match row.get(column) {
                Some(Some(cell)) => texts.push(cell.clone()),
                _ => add(&mut domains, Domain::Null),
            }
        }
        texts.sort_unstable();
        texts.dedup();
        if !texts.is_empty() {
            domains.push(Domain::Texts(texts));
        }
        Some(domains)
    }
}

fn literal_domain(literal: &Literal) -> Domain {
    match literal {
        Literal::Bool(_) => Domain::Bool,
        Literal::Integer(number) => Domain::Integers { low: *number, high: *number },
        Literal::Real { value, .. } => Domain::Reals { low: *value, high: *value },
        Literal::Text(text) => Domain::Texts(vec![text.clone()]),
    }
}

/// Adds a domain, joined with one of its kind.
fn add(domains: &mut Vec<Domain>, new: Domain) {
    for known in domains.iter_mut() {
        match (known, &new) {
            (Domain::Integers { low, high }, Domain::Integers { low: new_low, high: new_high }) => {
                (*low, *high) = ((*low).min(*new_low), (*high).max(*new_high));
                return;
            }
            (Domain::Reals { low, high }, Domain::Reals { low: new_low, high: new_high }) => {
                (*low, *high) = (low.min(*new_low), high.max(*new_high));
                return;
            }
            (Domain::Texts(known), Domain::Texts(texts)) => {
                known.extend(texts.iter().cloned());
                known.sort_unstable();
                known.dedup();
                return;
            }
            (known, new) if known == new => return,
            _ => {}
        }
    }
    domains.push(new);
}

/// Bounds of an expression while `:row` is within bounds (interval arithmetic): what may come lies within, the bounds
/// themselves need not come.
fn span(expr: &Expr, row: (i64, i64)) -> Result<(i64, i64), String> {
    match expr {
        Expr::Value(value) => Ok((*value, *value)),
        Expr::Row => Ok(row),
        Expr::Negate(inner) => corners('-', (0, 0), span(inner, row)?),
        Expr::Binary(operator @ ('/' | '%'), left, right) => {
            let (left, right) = (span(left, row)?, span(right, row)?);
            if right.0 <= 0 && right.1 >= 0 {
                return Err(format!("the divisor lies between {} and {}, which may be zero", right.0, right.1));
            }
            if *operator == '/' { corners('/', left, right) } else { Ok(remainder(left, right)) }
        }
        Expr::Binary(operator, left, right) => corners(*operator, span(left, row)?, span(right, row)?),
        Expr::Extreme { min, left, right } => {
            let (left, right) = (span(left, row)?, span(right, row)?);
            Ok(if *min {
                (left.0.min(right.0), left.1.min(right.1))
            } else {
                (left.0.max(right.0), left.1.max(right.1))
            })
        }
    }
}

/// Sums, differences, products and quotients (by a divisor of one sign) are extreme where their operands are.
fn corners(operator: char, left: (i64, i64), right: (i64, i64)) -> Result<(i64, i64), String> {
    let mut bounds: Option<(i64, i64)> = None;
    for (a, b) in [(left.0, right.0), (left.0, right.1), (left.1, right.0), (left.1, right.1)] {
        let value = apply(operator, a, b).map_err(|problem| format!("{a} {operator} {b}: {problem}"))?;
        bounds = Some(bounds.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
    }
    // Four corners were visited, so there are bounds.
    bounds.ok_or_else(String::new)
}

/// Of a divisor of one sign: from 0 to just short of it, or the dividend itself when that is smaller.
fn remainder(left: (i64, i64), right: (i64, i64)) -> (i64, i64) {
    if right.0 > 0 {
        if left.0 >= 0 && left.1 < right.0 { left } else { (0, right.1 - 1) }
    } else if left.1 <= 0 && left.0 > right.1 {
        left
    } else {
        (right.0 + 1, 0)
    }
}
