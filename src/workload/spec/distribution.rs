//! Distributions over a range or a column, and ranges of time.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

use super::super::diagnostic::problem;
use super::super::document::{Entry, Node, Value};
use super::super::read::{At, Context, optional, shown};
use super::generator::{GeneratorSpec, OverSpec, Shape};
use crate::param::Number;

/// `zipf`, `hotspot`, `normal`, `exponential`.
pub(super) fn read(kind: &Entry, context: Context<'_>) -> Option<GeneratorSpec> {
    let name = kind.key.as_str();
    let (needed, example): (&[&str], _) = match name {
        "zipf" => (&["over", "exponent"], "{ zipf = { over = \"users.id\", exponent = 0.9 } }"),
        "hotspot" => (
            &["over", "hot_fraction", "hot_weight"],
            "{ hotspot = { over = [1, 1000], hot_fraction = 0.1, hot_weight = 0.9 } }",
        ),
        "normal" => (&["over", "mean", "deviation"], "{ normal = { over = [1, 1000], mean = 500, deviation = 100 } }"),
        _ => (&["over", "mean"], "{ exponential = { over = [1, 1000], mean = 50 } }"),
    };
    let Value::Table(table) = &kind.node.value else {
        let title = format!("`{name}` takes a table, got {}", shown(&kind.node.value));
        context.sink.push(problem(&kind.node.place, title).hint(format!("for example `{example}`")));
        return None;
    };
    for key in needed {
        if table.get(key).is_none() && !table.incomplete {
            let problem = problem(&kind.node.place, format!("`{name}` needs `{key}`"));
            context.sink.push(problem.hint(format!("for example `{example}`")));
        }
    }
    let real = |key: &str, rule: &str, holds: fn(f64) -> bool| {
        optional(table.get(key), |key, node| context.real(key, node, rule, holds))
    };
    let shape = match name {
        "zipf" => {
            let scramble = optional(table.get("scramble"), |key, node| context.flag(key, node));
            real("exponent", "0 or more", |value| value >= 0.0)
                .map(|exponent| Shape::Zipf { exponent, scramble: scramble.unwrap_or(true) })
        }
        "hotspot" => {
            let hot_fraction = real("hot_fraction", "above 0 and below 1", |value| value > 0.0 && value < 1.0);
            let hot_weight = real("hot_weight", "between 0 and 1", |value| (0.0..=1.0).contains(&value));
            hot_fraction.zip(hot_weight).map(|(hot_fraction, hot_weight)| Shape::Hotspot { hot_fraction, hot_weight })
        }
        "normal" => {
            let mean = real("mean", "a number", |_| true);
            let deviation = real("deviation", "above 0", |value| value > 0.0);
            mean.zip(deviation).map(|(mean, deviation)| Shape::Normal { mean, deviation })
        }
        _ => real("mean", "above 0", |value| value > 0.0).map(|mean| Shape::Exponential { mean }),
    };
    let over = optional(table.get("over"), |key, node| over(key, node, context))?;
    let shape = shape?;
    fits(shape, &over, kind, context)?;
    Some(GeneratorSpec::Distribution { shape, over })
}

/// Values are drawn again until one lies within the range, so a good part of the distribution must.
fn fits(shape: Shape, over: &OverSpec, kind: &Entry, context: Context<'_>) -> Option<()> {
    let (low, high) = match over {
        #[expect(clippy::cast_precision_loss, reason = "compared with a mean only")]
        OverSpec::Integers { low, high } => (*low as f64, *high as f64),
        OverSpec::Reals { low, high, .. } => (*low, *high),
        OverSpec::Column(_) => return Some(()),
    };
    if let Shape::Normal { mean, .. } = shape
        && !(low..=high).contains(&mean)
    {
        let title = format!("`mean` must lie within `over`, got {mean} for [{low}, {high}]");
        context.sink.push(problem(&kind.node.place, title));
        return None;
    }
    Some(())
}

/// `[a, b]` or `"table.column"`.
pub(super) fn over(name: &str, node: &Node, context: Context<'_>) -> Option<OverSpec> {
    let bounds = match &node.value {
        Value::Text(text) => return column(name, text, node, context),
        Value::List(bounds) => bounds.as_slice(),
        _ => &[],
    };
    let [low, high] = bounds else {
        context.sink.push(
            problem(
                &node.place,
                format!("`{name}` takes `[smallest, largest]` or \"table.column\", got {}", shown(&node.value)),
            )
            .hint(format!("for example `{name} = [1, 200]` or `{name} = \"users.id\"`")),
        );
        return None;
    };
    let (low, high) = (context.number(name, low), context.number(name, high));
    let over = match (low?, high?) {
        (Number::Integer(low), Number::Integer(high)) => OverSpec::Integers { low, high },
        (low, high) => {
            let ((low, low_decimals), (high, high_decimals)) = (real(low), real(high));
            OverSpec::Reals { low, high, decimals: low_decimals.max(high_decimals) }
        }
    };
    let (is_ordered, shown) = match &over {
        OverSpec::Integers { low, high } => (low <= high, format!("[{low}, {high}]")),
        OverSpec::Reals { low, high, .. } => (low <= high, format!("[{low}, {high}]")),
        OverSpec::Column(_) => (true, String::new()),
    };
    if !is_ordered {
        context.sink.push(problem(&node.place, format!("`{name}` must give the smaller bound first, got {shown}")));
        return None;
    }
    Some(over)
}

fn column(name: &str, text: &str, node: &Node, context: Context<'_>) -> Option<OverSpec> {
    let is_column = text.split('.').count() >= 2 && text.split('.').all(|part| !part.is_empty());
    if !is_column {
        context.sink.push(
            problem(
                &node.place,
                format!("`{name}` takes `[smallest, largest]` or \"table.column\", got the text \"{text}\""),
            )
            .hint(format!("for example `{name} = [1, 200]` or `{name} = \"users.id\"`")),
        );
        return None;
    }
    Some(OverSpec::Column(At { value: text.to_owned(), place: node.place.clone() }))
}

#[expect(clippy::cast_precision_loss, reason = "the other bound is a real, so this one is meant as one")]
fn real(number: Number) -> (f64, u8) {
    match number {
        Number::Integer(value) => (value as f64, 0),
        Number::Real { value, decimals } => (value, decimals),
    }
}

/// `{ timestamp = [from, to] }`.
pub(super) fn timestamp(node: &Node, context: Context<'_>) -> Option<GeneratorSpec> {
    const HINT: &str = "for example `{ timestamp = [2025-01-01, 2025-12-31T23:59:59Z] }`; without an offset it is UTC";
    let bounds = match &node.value {
        Value::List(bounds) => bounds.as_slice(),
        _ => &[],
    };
    let [from, to] = bounds else {
        context.sink.push(problem(&node.place, "`timestamp` takes two instants").hint(HINT));
        return None;
    };
    let instant = |node: &Node| {
        let found = match &node.value {
            Value::Datetime(text) | Value::Text(text) => microseconds(text),
            _ => None,
        };
        if found.is_none() {
            let title = format!("`timestamp` takes instants, got {}", shown(&node.value));
            context.sink.push(problem(&node.place, title).hint(HINT));
        }
        found
    };
    let (from, to) = (instant(from), instant(to));
    let (from_us, to_us) = (from?, to?);
    if from_us > to_us {
        context.sink.push(problem(&node.place, "`timestamp` must give the earlier instant first"));
        return None;
    }
    Some(GeneratorSpec::Timestamp { from_us, to_us })
}

/// Microseconds since 1970-01-01 UTC of an instant, or of a date or time taken as UTC.
fn microseconds(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_microsecond());
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0))).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::microseconds;

    #[test]
    fn instants_are_read_with_and_without_offset() {
        assert_eq!(microseconds("1970-01-02"), Some(86_400_000_000));
        assert_eq!(microseconds("1970-01-01T01:00:00"), Some(3_600_000_000));
        assert_eq!(microseconds("1970-01-01T01:00:00.5+01:00"), Some(500_000));
        assert_eq!(microseconds("tomorrow"), None);
    }
}
