//! Reading plain values: kind, bounds, constants, with one wording for all of them.
//!
//! Every function reports what is wrong and then gives `None`, so that reading goes on.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;

use super::constants::Constants;
use super::diagnostic::{Sink, did_you_mean, problem};
use super::document::{Entry, Node, Value};
use super::plan::Place;
use crate::param::Number;

/// The longest duration that a setting takes.
const MAX_DURATION: Duration = Duration::from_secs(7 * 24 * 3600);

/// Something and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// What reading needs: the constants that hold, and where problems go.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) constants: &'a Constants,
    pub(super) sink: &'a Sink,
}

impl Context<'_> {
    fn wrong(&self, name: &str, wanted: &str, node: &Node, hint: String) {
        let title = format!("`{name}` takes {wanted}, got {}", shown(&node.value));
        self.sink.push(problem(&node.place, title).hint(hint));
    }

    /// A constant's value where one is named, else the node itself.
    fn resolved(&self, node: &Node) -> Option<Node> {
        match self.constants.resolve(node) {
            Ok(Some(value)) => Some(value),
            Ok(None) => Some(node.clone()),
            Err(problem) => {
                self.sink.push(*problem);
                None
            }
        }
    }

    /// A number, also as arithmetic over constants.
    pub(super) fn number(&self, name: &str, node: &Node) -> Option<Number> {
        match &node.value {
            Value::Integer(value) => Some(Number::Integer(*value)),
            Value::Real { value, decimals } => Some(Number::Real { value: *value, decimals: *decimals }),
            Value::Text(text) if text.contains(':') => match self.constants.evaluate(text, node) {
                Ok(number) => Some(number),
                Err(problem) => {
                    self.sink.push(*problem);
                    None
                }
            },
            Value::Text(text) if text.trim().parse::<f64>().is_ok() => {
                self.wrong(name, "a number", node, format!("write it without quotes: `{name} = {}`", text.trim()));
                None
            }
            _ => {
                self.wrong(
                    name,
                    "a number",
                    node,
                    "a number, or a constant: `\":scale\"`, `\"100 * :scale\"`".to_owned(),
                );
                None
            }
        }
    }

    /// An integer within bounds.
    pub(super) fn integer(&self, name: &str, node: &Node, bounds: RangeInclusive<i64>) -> Option<i64> {
        let value = match self.number(name, node)? {
            Number::Integer(value) => value,
            Number::Real { value, .. } => {
                self.sink.push(problem(&node.place, format!("`{name}` takes an integer, got {value}")));
                return None;
            }
        };
        if bounds.contains(&value) {
            return Some(value);
        }
        let rule = match (*bounds.start(), *bounds.end()) {
            (low, i64::MAX) => format!("`{name}` must be {low} or more, got {value}"),
            (low, high) => format!("`{name}` must be between {low} and {high}, got {value}"),
        };
        self.sink.push(problem(&node.place, rule));
        None
    }

    /// A number that satisfies a rule, which is stated as in "`exponent` must be …".
    pub(super) fn real(&self, name: &str, node: &Node, rule: &str, holds: impl Fn(f64) -> bool) -> Option<f64> {
        let value = match self.number(name, node)? {
            #[expect(clippy::cast_precision_loss, reason = "a setting beyond 2^53 needs no exact value")]
            Number::Integer(value) => value as f64,
            Number::Real { value, .. } => value,
        };
        if value.is_finite() && holds(value) {
            return Some(value);
        }
        self.sink.push(problem(&node.place, format!("`{name}` must be {rule}, got {value}")));
        None
    }

    /// A duration with its unit.
    pub(super) fn duration(&self, name: &str, node: &Node) -> Option<Duration> {
        let resolved = self.resolved(node)?;
        let text = match &resolved.value {
            Value::Text(text) => text,
            Value::Integer(0) => return Some(Duration::ZERO),
            Value::Integer(value) => {
                let hint = format!("give it a unit: \"{value}us\", \"{value}ms\" or \"{value}s\"");
                self.wrong(name, "a duration", &resolved, hint);
                return None;
            }
            _ => {
                self.wrong(name, "a duration", &resolved, DURATION_HINT.to_owned());
                return None;
            }
        };
        let parsed = text.trim().parse::<SignedDuration>().ok();
        match parsed {
            None => {
                self.wrong(name, "a duration", &resolved, DURATION_HINT.to_owned());
                None
            }
            Some(duration) => match Duration::try_from(duration) {
                Ok(duration) if duration <= MAX_DURATION => Some(duration),
                _ => {
                    let title = format!("`{name}` must be between 0 and 7 days, got \"{text}\"");
                    self.sink.push(problem(&node.place, title));
                    None
                }
            },
        }
    }

    /// A duration above zero.
    pub(super) fn duration_above_zero(&self, name: &str, node: &Node) -> Option<Duration> {
        let duration = self.duration(name, node)?;
        if duration.is_zero() {
            self.sink.push(problem(&node.place, format!("`{name}` must be longer than 0")));
            return None;
        }
        Some(duration)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str, node: &Node) -> Option<bool> {
        match self.resolved(node)?.value {
            Value::Flag(value) => Some(value),
            _ => {
                self.wrong(name, "`true` or `false`", node, "without quotes".to_owned());
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word(&self, name: &str, node: &Node, known: &[&'static str]) -> Option<&'static str> {
        let resolved = self.resolved(node)?;
        let Value::Text(text) = &resolved.value else {
            self.wrong(name, "a word", &resolved, format!("one of {}", quoted(known)));
            return None;
        };
        let found = known.iter().find(|word| *word == text);
        if found.is_none() {
            let hint = did_you_mean(text, known.iter().copied());
            let title = format!("`{name}` must be {}, got \"{text}\"", quoted(known));
            self.sink.push(problem(&node.place, title).maybe_hint(hint.filter(|hint| hint.starts_with("did"))));
        }
        found.copied()
    }

    /// A text; constants are not looked for.
    pub(super) fn text(&self, name: &str, node: &Node) -> Option<At<String>> {
        match &node.value {
            Value::Text(text) => Some(At { value: text.clone(), place: node.place.clone() }),
            _ => {
                self.wrong(name, "a text", node, format!("write it in quotes: `{name} = \"…\"`"));
                None
            }
        }
    }

    /// A list.
    pub(super) fn list<'n>(&self, name: &str, node: &'n Node, example: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => {
                self.wrong(name, "a list", node, format!("for example `{example}`"));
                None
            }
        }
    }
}

const DURATION_HINT: &str = "a number with its unit, for example \"500us\", \"1500ms\", \"2s\" or \"1m 30s\"";

/// `"a"`, `"b"` or `"c"`.
fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// A value for messages: short ones as written, others by kind.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if text.chars().count() <= 40 && !text.contains('\n') => format!("the text \"{text}\""),
        Value::Integer(value) => value.to_string(),
        Value::Real { value, .. } => value.to_string(),
        Value::Flag(value) => format!("`{value}`"),
        other => other.what().to_owned(),
    }
}

/// Reads an optional key of a table.
pub(super) fn optional<T>(entry: Option<&Entry>, read: impl FnOnce(&str, &Node) -> Option<T>) -> Option<T> {
    entry.and_then(|entry| read(&entry.key, &entry.node))
}
