//! A distribution laid over a range of integers, of reals, or over the values of a column.

use super::draw::{Draw, Drawn};
use super::generator::{ColumnSource, Over};
use super::law::{Law, Unusable, count};
use super::sampler::Sampler;
use super::stream::name_hash;
use super::value::Value;

/// What positions of the law stand for.
#[derive(Clone, Debug)]
enum Range {
    Integers { low: i64, last: u64 },
    Reals { low: f64, length: f64, decimals: u8 },
    Column(Box<Column>),
}

/// A column of the dataset: positions are its rows, values are derived again from the row.
#[derive(Clone, Debug)]
struct Column {
    seed: u64,
    table: u64,
    column: u64,
    last: u64,
    sampler: Sampler,
}

/// A law over a range.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    law: Law,
    range: Range,
}

/// A distribution as the workload file has it, in units of the range.
pub(super) enum Shape {
    Uniform,
    Zipf { exponent: f64, scramble: bool },
    Hotspot { fraction: f64, weight: f64 },
    Normal { mean: f64, deviation: f64 },
    Exponential { mean: f64 },
}

impl Spread {
    pub(super) fn new(over: &Over, shape: &Shape) -> Result<Self, Unusable> {
        let range = match over {
            Over::Integers { low, high } if low > high => return Err(backwards(low, high)),
            Over::Integers { low, high } => {
                Range::Integers { low: *low, last: high.wrapping_sub(*low).cast_unsigned() }
            }
            Over::Reals { low, high, decimals } => {
                if !(low <= high && (high - low).is_finite()) {
                    return Err(backwards(low, high));
                }
                Range::Reals { low: *low, length: high - low, decimals: *decimals }
            }
            Over::Column(source) => Range::Column(Box::new(Column::new(source)?)),
        };
        let law = law(shape, &range)?;
        Ok(Self { law, range })
    }

    /// How many values there are to take, if they can be counted.
    pub(super) fn size(&self) -> Option<f64> {
        match &self.range {
            Range::Integers { last, .. } => Some(count(*last)),
            Range::Reals { .. } => None,
            Range::Column(column) => Some(count(column.last)),
        }
    }

    pub(super) fn draw<'s>(&'s self, draw: &Draw, text: &mut String) -> Drawn<'s> {
        let mut random = draw.random();
        match &self.range {
            Range::Integers { low, last } => {
                let position = self.law.position(&mut random, *last);
                Drawn::Value(Value::Integer(low.wrapping_add_unsigned(position)))
            }
            Range::Reals { low, length, decimals } => {
                let value = low + self.law.distance(&mut random, *length);
                Drawn::Value(Value::Real { value, decimals: *decimals })
            }
            Range::Column(column) => {
                let row = self.law.position(&mut random, column.last) + 1;
                column.sampler.raw(&Draw::cell(column.seed, column.table, row, column.column), text)
            }
        }
    }
}

fn backwards(low: &dyn std::fmt::Display, high: &dyn std::fmt::Display) -> Unusable {
    Unusable(format!("a range goes from its smallest to its largest value, got [{low}, {high}]"))
}

impl Column {
    fn new(source: &ColumnSource) -> Result<Self, Unusable> {
        let Some(last) = source.rows.checked_sub(1) else {
            return Err(Unusable(format!(
                "table `{}` has no rows to take values of `{}` from",
                source.table, source.column
            )));
        };
        Ok(Self {
            seed: source.seed,
            table: name_hash(&source.table),
            column: name_hash(&source.column),
            last,
            sampler: Sampler::new(&source.generator)?,
        })
    }
}

/// The law over positions from 0, or over distances from the low end.
fn law(shape: &Shape, range: &Range) -> Result<Law, Unusable> {
    // Rows are numbered from 1, so that is where a column's range begins.
    let (low, last) = match range {
        #[expect(clippy::cast_precision_loss, reason = "means are given as reals")]
        Range::Integers { low, last } => (*low as f64, Some(*last)),
        Range::Reals { length: 0.0, .. } => return Ok(Law::Uniform),
        Range::Reals { low, .. } => (*low, None),
        Range::Column(column) => (1.0, Some(column.last)),
    };
    match *shape {
        Shape::Uniform => Ok(Law::Uniform),
        Shape::Zipf { exponent, scramble } => match last {
            Some(last) => Law::zipf(last, exponent, scramble),
            None => Err(Unusable("zipf ranks values, and reals have no ranks; give integers or a column".to_owned())),
        },
        Shape::Hotspot { fraction, weight } => {
            within("hot_fraction", fraction, fraction > 0.0 && fraction < 1.0, "above 0 and below 1")?;
            within("hot_weight", weight, (0.0..=1.0).contains(&weight), "between 0 and 1")?;
            Ok(Law::Hotspot { fraction, weight })
        }
        Shape::Normal { mean, deviation } => {
            within("mean", mean, mean.is_finite(), "a finite number")?;
            within("deviation", deviation, deviation > 0.0 && deviation.is_finite(), "above 0")?;
            let half = if last.is_some() { 0.5 } else { 0.0 };
            Law::Normal { mean: mean - low + half, deviation }.checked(length(range))
        }
        Shape::Exponential { mean } => {
            within("mean", mean, mean > 0.0 && mean.is_finite(), "above 0")?;
            Ok(Law::exponential(mean, length(range)))
        }
    }
}

fn length(range: &Range) -> f64 {
    match range {
        Range::Integers { last, .. } => count(*last),
        Range::Reals { length, .. } => *length,
        Range::Column(column) => count(column.last),
    }
}

fn within(key: &str, value: f64, holds: bool, rule: &str) -> Result<(), Unusable> {
    if holds { Ok(()) } else { Err(Unusable(format!("`{key}` must be {rule}, got {value}"))) }
}
