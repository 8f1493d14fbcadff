//! The parameters of an operation in words: draws are a function of their key, so what an operation drew is found again
//! whenever somebody wants to know.

use super::bound::{BoundVariant, DrawnSource};
use crate::param::{Draw, Scratch, Stream, Value};

/// Characters of a value that are shown.
const WIDEST: usize = 200;

/// The parameters of an operation and their values for the draws of `stream`; where a loop draws anew, the first.
pub(super) fn drawn_params(
    variant: &BoundVariant,
    operation: usize,
    stream: Stream,
    now_us: i64,
) -> Vec<(String, String)> {
    let mut params: Vec<(String, String)> = Vec::new();
    let mut scratch = Scratch::default();
    for value in &variant.operations[operation].drawn {
        let DrawnSource::Param { param, column } = value.source else { continue };
        let param = &variant.params[param];
        let name = match column {
            None => param.name.clone(),
            Some(column) => format!("{}.{}", param.name, param.sampler.column_name(column).unwrap_or("?")),
        };
        if params.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let draw = Draw::param(stream, param.key, 0, now_us);
        let drawn = match column {
            Some(column) => param.sampler.draw_column(&draw, column),
            None => param.sampler.draw(&draw, &mut scratch),
        };
        params.push((name, shortened(&show(drawn))));
    }
    params
}

/// At most so many characters as a line has room for.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        return text.to_owned();
    }
    text.chars().take(WIDEST - 1).chain(std::iter::once('…')).collect()
}

/// A drawn value for people.
fn show(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Real { value, decimals } => format!("{value:.*}", usize::from(decimals)),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Uuid(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
        }
        Value::TimestampUs(us) => {
            jiff::Timestamp::from_microsecond(us).map_or_else(|_| format!("instant {us} µs"), |at| at.to_string())
        }
    }
}
