//! `[constants]`, and settings that refer to them: `":name"` for any value, arithmetic for numbers.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::arithmetic;
use super::diagnostic::{Diagnostic, Sink, did_you_mean, problem};
use super::document::{self, Node, Table, Value};
use super::plan::Place;
use crate::param::{Literal, Number};

/// The constants of the file, or of a variant.
#[derive(Debug, Default)]
pub(super) struct Constants {
    list: Vec<(String, Literal, Place)>,
    /// Those that were looked up: a variant may not set what the dataset uses.
    used: RefCell<BTreeSet<String>>,
}

impl Constants {
    /// Reads `[constants]`.
    pub(super) fn read(table: Option<&Table>, sink: &Sink) -> Self {
        let mut list = Vec::new();
        for entry in table.into_iter().flat_map(|table| &table.entries) {
            match literal(&entry.node) {
                Some(value) => list.push((entry.key.clone(), value, entry.key_place.clone())),
                None => sink.push(
                    problem(
                        &entry.node.place,
                        format!("a constant is a text, a number, `true` or `false`, got {}", entry.node.value.what()),
                    )
                    .hint("for example `scale = 50`"),
                ),
            }
        }
        let constants = Self { list, used: RefCell::default() };
        for entry in table.into_iter().flat_map(|table| &table.entries) {
            constants.refuse_reference(&entry.node, sink);
        }
        constants
    }

    fn refuse_reference(&self, node: &Node, sink: &Sink) {
        let Value::Text(text) = &node.value else { return };
        let Ok(expression) = arithmetic::parse(text) else { return };
        for (name, range) in expression.names() {
            if self.get(name).is_some() {
                sink.push(problem(&document::inside(node, range), "a constant cannot refer to another constant").hint(
                    "write the arithmetic where the value is used, for example `rows = \":streams * :history\"`",
                ));
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Literal> {
        let found = self.list.iter().find(|(known, ..)| known == name).map(|(_, value, _)| value);
        if found.is_some() {
            self.used.borrow_mut().insert(name.to_owned());
        }
        found
    }

    /// Where a constant is defined.
    pub(super) fn place(&self, name: &str) -> Option<&Place> {
        self.list.iter().find(|(known, ..)| known == name).map(|(.., place)| place)
    }

    /// A constant that is a number.
    pub(super) fn number(&self, name: &str) -> Option<Number> {
        match self.get(name)? {
            Literal::Integer(value) => Some(Number::Integer(*value)),
            Literal::Real { value, decimals } => Some(Number::Real { value: *value, decimals: *decimals }),
            Literal::Bool(_) | Literal::Text(_) => None,
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.list.iter().map(|(name, ..)| name.as_str())
    }

    /// Begins anew to note what is looked up.
    pub(super) fn forget_used(&self) {
        self.used.borrow_mut().clear();
    }

    /// The names looked up so far.
    pub(super) fn used(&self) -> BTreeSet<String> {
        self.used.borrow().clone()
    }

    /// The value of `":name"` where a setting takes something other than a number: the constant as a node that stands
    /// where it is used.
    pub(super) fn resolve(&self, node: &Node) -> Result<Option<Node>, Box<Diagnostic>> {
        let Value::Text(text) = &node.value else { return Ok(None) };
        let Some(name) = text.strip_prefix(':').filter(|name| super::shape::is_identifier(name)) else {
            return Ok(None);
        };
        let Some(value) = self.get(name) else {
            return Err(Box::new(self.unknown(name, &node.place)));
        };
        let value = match value.clone() {
            Literal::Bool(value) => Value::Flag(value),
            Literal::Integer(value) => Value::Integer(value),
            Literal::Real { value, decimals } => Value::Real { value, decimals },
            Literal::Text(text) => Value::Text(text),
        };
        Ok(Some(Node { value, place: node.place.clone() }))
    }

    /// The number of an arithmetic text.
    pub(super) fn evaluate(&self, text: &str, node: &Node) -> Result<Number, Box<Diagnostic>> {
        let at = |(byte, message): arithmetic::Fault| {
            let place = document::inside(node, byte..text.len());
            Box::new(problem(&place, message))
        };
        let expression = arithmetic::parse(text).map_err(at)?;
        for (name, range) in expression.names() {
            if self.place(name).is_none() {
                return Err(Box::new(self.unknown(name, &document::inside(node, range))));
            }
        }
        expression.evaluate(&|name| self.number(name)).map_err(at)
    }

    /// "There is no constant …".
    pub(super) fn unknown(&self, name: &str, place: &Place) -> Diagnostic {
        problem(place, format!("there is no constant `{name}`")).maybe_hint(
            did_you_mean(name, self.names()).or_else(|| Some("give it a value under [constants]".to_owned())),
        )
    }
}

/// A plain value, or `None` for a list, a table or a date.
pub(super) fn literal(node: &Node) -> Option<Literal> {
    match &node.value {
        Value::Text(text) => Some(Literal::Text(text.clone())),
        Value::Integer(value) => Some(Literal::Integer(*value)),
        Value::Real { value, decimals } => Some(Literal::Real { value: *value, decimals: *decimals }),
        Value::Flag(value) => Some(Literal::Bool(*value)),
        Value::Datetime(text) => Some(Literal::Text(text.clone())),
        Value::List(_) | Value::Table(_) => None,
    }
}
