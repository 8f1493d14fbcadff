//! Arithmetic over constants: `"100_000 * :scale"` where a setting takes a number, `"(:row - 1) % :n"` in `expr`.
//!
//! `+ - * / %`, parentheses, `min(a, b)`, `max(a, b)`, numbers, `:name`. Integers stay integers: `/` of two integers rounds
//! down and `%` has the sign of the divisor; with a real on either side the result is a real. Overflow and division by zero
//! are errors. Where it is asked for, `name.name` refers to a counter (`"1000 * thousand.succeeded"`). Errors are byte offsets into the text with a message.

use std::ops::Range;

use crate::param::{self, Number};

/// Parentheses and signs nested deeper than this are refused, so that no text can exhaust the stack.
const MAX_DEPTH: u32 = 64;

/// Longer texts are refused, for the same reason: a long chain of operators is a deep tree.
const MAX_BYTES: usize = 1_000;

/// Most decimals that a real keeps track of; an `f64` has no more digits to give.
const MAX_DECIMALS: u8 = 15;

/// What a quotient of reals is rounded to at least, since it has no decimals as written.
const QUOTIENT_DECIMALS: u8 = 6;

/// An error at a byte of the text.
pub type Fault = (usize, String);

/// Parsed arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    at: usize,
    node: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(Number),
    Name(String),
    Negate(Box<Expr>),
    Binary(char, Box<Expr>, Box<Expr>),
    Extreme { min: bool, left: Box<Expr>, right: Box<Expr> },
}

/// Parses a whole text.
///
/// # Errors
/// Where the text stops being arithmetic, and what could stand there.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    read(text, false)
}

/// The same, where names with a point in them are counters.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_counters(text: &str) -> Result<Expr, Fault> {
    read(text, true)
}

fn read(text: &str, counters: bool) -> Result<Expr, Fault> {
    if text.len() > MAX_BYTES {
        return Err((MAX_BYTES, format!("longer than {MAX_BYTES} bytes")));
    }
    let mut parser = Parser { text, at: 0, depth: 0, counters };
    let expr = parser.sum()?;
    match parser.peek() {
        None => Ok(expr),
        Some(found) => Err((parser.at, format!("expected an operator (+ - * / %) or the end, found `{found}`"))),
    }
}

impl Expr {
    /// The names referred to, each with its bytes (of a constant from the `:`), in order of the text.
    #[must_use]
    pub fn names(&self) -> Vec<(&str, Range<usize>)> {
        let mut names = Vec::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut Vec<(&'a str, Range<usize>)>) {
        match &self.node {
            Node::Number(_) => {}
            Node::Name(name) => {
                let sign = usize::from(!is_counter(name));
                names.push((name, self.at..self.at + sign + name.len()));
            }
            Node::Negate(inner) => inner.collect(names),
            Node::Binary(_, left, right) | Node::Extreme { left, right, .. } => {
                left.collect(names);
                right.collect(names);
            }
        }
    }

    /// The value, with constants looked up by name.
    ///
    /// # Errors
    /// A name without a number, overflow, division by zero.
    pub fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<Number>) -> Result<Number, Fault> {
        let fault = |message: String| (self.at, message);
        match &self.node {
            Node::Number(number) => Ok(*number),
            Node::Name(name) => lookup(name).ok_or_else(|| fault(format!("`:{name}` is not a constant with a number"))),
            Node::Negate(inner) => match inner.evaluate(lookup)? {
                Number::Integer(value) => {
                    value.checked_neg().map(Number::Integer).ok_or_else(|| fault(overflow(&format!("-({value})"))))
                }
                Number::Real { value, decimals } => Ok(Number::Real { value: -value, decimals }),
            },
            Node::Binary(operator, left, right) => {
                binary(*operator, left.evaluate(lookup)?, right.evaluate(lookup)?).map_err(fault)
            }
            Node::Extreme { min, left, right } => {
                let (left, right) = (left.evaluate(lookup)?, right.evaluate(lookup)?);
                let left_is_less = match (left, right) {
                    (Number::Integer(left), Number::Integer(right)) => left < right,
                    _ => real(left).0 < real(right).0,
                };
                Ok(if left_is_less == *min { left } else { right })
            }
        }
    }

    /// The integer arithmetic over `:row` that `expr` means, with constants replaced by their values.
    ///
    /// # Errors
    /// A name other than `row` without an integer, or a number with decimals.
    pub fn over_row(&self, lookup: &dyn Fn(&str) -> Option<Number>) -> Result<param::Expr, Fault> {
        let integer = |number: Number, what: &str| match number {
            Number::Integer(value) => Ok(param::Expr::Value(value)),
            Number::Real { value, .. } => Err((self.at, format!("{what} is {value}; `expr` takes integers only"))),
        };
        let boxed = |expr: &Self| expr.over_row(lookup).map(Box::new);
        Ok(match &self.node {
            Node::Number(number) => integer(*number, "this number")?,
            Node::Name(name) if name == "row" => param::Expr::Row,
            Node::Name(name) => match lookup(name) {
                Some(number) => integer(number, &format!("`:{name}`"))?,
                None => return Err((self.at, format!("`:{name}` is neither `:row` nor a constant with an integer"))),
            },
            Node::Negate(inner) => param::Expr::Negate(boxed(inner)?),
            Node::Binary(operator, left, right) => param::Expr::Binary(*operator, boxed(left)?, boxed(right)?),
            Node::Extreme { min, left, right } => {
                param::Expr::Extreme { min: *min, left: boxed(left)?, right: boxed(right)? }
            }
        })
    }
}

/// Whether a name is that of a counter.
#[must_use]
pub fn is_counter(name: &str) -> bool {
    name.contains('.')
}

fn overflow(shown: &str) -> String {
    format!("{shown} does not fit 64 bits")
}

fn real(number: Number) -> (f64, u8) {
    match number {
        #[expect(clippy::cast_precision_loss, reason = "an integer beside a real is taken as the nearest real")]
        Number::Integer(value) => (value as f64, 0),
        Number::Real { value, decimals } => (value, decimals),
    }
}

fn binary(operator: char, left: Number, right: Number) -> Result<Number, String> {
    if let (Number::Integer(left), Number::Integer(right)) = (left, right) {
        return param::apply(operator, left, right)
            .map(Number::Integer)
            .map_err(|problem| format!("{left} {operator} {right}: {problem}"));
    }
    let ((a, a_decimals), (b, b_decimals)) = (real(left), real(right));
    let widest = a_decimals.max(b_decimals);
    if matches!(operator, '/' | '%') && b == 0.0 {
        return Err(format!("{a} {operator} {b}: division by zero"));
    }
    let (value, decimals) = match operator {
        '+' => (a + b, widest),
        '-' => (a - b, widest),
        '*' => (a * b, a_decimals.saturating_add(b_decimals).min(MAX_DECIMALS)),
        '/' => (a / b, widest.max(QUOTIENT_DECIMALS)),
        _ => (a - b * (a / b).floor(), widest),
    };
    if value.is_finite() {
        Ok(Number::Real { value, decimals })
    } else {
        Err(format!("{a} {operator} {b} is not finite"))
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    counters: bool,
}

impl Parser<'_> {
    /// The next character that is not blank; `at` then stands on it.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> Result<(), Fault> {
        match self.peek() {
            Some(found) if found == wanted => {
                self.at += wanted.len_utf8();
                Ok(())
            }
            found => Err((self.at, format!("expected `{wanted}`, found {}", shown(found)))),
        }
    }

    /// The part of the text from here on whose characters satisfy the predicate.
    fn run(&mut self, is_part: impl Fn(char) -> bool) -> &str {
        let rest = &self.text[self.at..];
        let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn sum(&mut self) -> Result<Expr, Fault> {
        let mut left = self.product()?;
        while let Some(operator @ ('+' | '-')) = self.peek() {
            let at = self.at;
            self.at += 1;
            left = Expr { at, node: Node::Binary(operator, Box::new(left), Box::new(self.product()?)) };
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, Fault> {
        let mut left = self.unary()?;
        while let Some(operator @ ('*' | '/' | '%')) = self.peek() {
            let at = self.at;
            self.at += 1;
            left = Expr { at, node: Node::Binary(operator, Box::new(left), Box::new(self.unary()?)) };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err((self.at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let expr = match self.peek() {
            Some('-') => {
                let at = self.at;
                self.at += 1;
                // The sign belongs to a number right after it: the smallest integer has no positive counterpart.
                if self.text[self.at..].starts_with(|next: char| next.is_ascii_digit()) {
                    self.number(at)
                } else {
                    self.unary().map(|inner| Expr { at, node: Node::Negate(Box::new(inner)) })
                }
            }
            _ => self.primary(),
        };
        self.depth -= 1;
        expr
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let first = self.peek();
        let at = self.at;
        match first {
            Some('(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.take(')')?;
                Ok(inner)
            }
            Some(':') => {
                self.at += 1;
                let name = self.run(|letter| letter.is_ascii_alphanumeric() || letter == '_').to_owned();
                if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
                    return Err((at, "expected a name of letters, digits and `_` after `:`".to_owned()));
                }
                Ok(Expr { at, node: Node::Name(name) })
            }
            Some(digit) if digit.is_ascii_digit() => self.number(at),
            Some(letter) if letter.is_ascii_alphabetic() || (letter == '_' && self.counters) => self.word(at),
            found => {
                let found = shown(found);
                Err((at, format!("expected a number, `:name`, `min(a, b)`, `max(a, b)` or `(`, found {found}")))
            }
        }
    }

    /// `min(a, b)`, `max(a, b)`, or a counter.
    fn word(&mut self, at: usize) -> Result<Expr, Fault> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let name = self.run(is_part).to_owned();
        if self.counters && self.text[self.at..].starts_with('.') {
            self.at += 1;
            let counter = self.run(is_part);
            let node = Node::Name(format!("{name}.{counter}"));
            return Ok(Expr { at, node });
        }
        let min = match name.as_str() {
            "min" => true,
            "max" => false,
            _ => return Err((at, format!("`{name}` is not known here; a constant is written `:{name}`"))),
        };
        self.take('(')?;
        let left = Box::new(self.sum()?);
        self.take(',')?;
        let right = Box::new(self.sum()?);
        self.take(')')?;
        Ok(Expr { at, node: Node::Extreme { min, left, right } })
    }

    /// The number whose sign or first digit stands at `at`; the parser stands on its first digit.
    fn number(&mut self, at: usize) -> Result<Expr, Fault> {
        let digits_at = self.at;
        let written = self.run(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.').to_owned();
        let wrong = |rule: &str| (at, format!("`{written}` is not a number here: {rule}"));
        let mut parts = written.split('.');
        let whole = parts.next().unwrap_or_default();
        let fraction = parts.next();
        if parts.next().is_some() {
            return Err(wrong("two decimal points"));
        }
        for part in [Some(whole), fraction].into_iter().flatten() {
            if !part.starts_with(|first: char| first.is_ascii_digit())
                || part.ends_with('_')
                || part.contains("__")
                || part.contains(|letter: char| letter.is_ascii_alphabetic())
            {
                return Err(wrong("write it as `1000`, `1_000` or `0.5`"));
            }
        }
        let text = format!("{}{}", &self.text[at..digits_at], written.replace('_', ""));
        let number = match fraction {
            None => Number::Integer(text.parse().map_err(|_| wrong("it does not fit 64 bits"))?),
            Some(fraction) => {
                let decimals = fraction.replace('_', "").len().min(usize::from(MAX_DECIMALS));
                Number::Real {
                    value: text.parse().map_err(|_| wrong("it cannot be read"))?,
                    decimals: u8::try_from(decimals).unwrap_or(MAX_DECIMALS),
                }
            }
        };
        Ok(Expr { at, node: Node::Number(number) })
    }
}

fn shown(found: Option<char>) -> String {
    found.map_or_else(|| "the end".to_owned(), |found| format!("`{found}`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn constants(name: &str) -> Option<Number> {
        match name {
            "n" => Some(Number::Integer(16)),
            "half" => Some(Number::Real { value: 0.5, decimals: 1 }),
            _ => None,
        }
    }

    fn value(text: &str) -> Result<Number, Fault> {
        parse(text)?.evaluate(&constants)
    }

    #[test]
    fn counters_are_names_with_a_point_where_they_are_asked_for() {
        let text = "2 * (a.succeeded + :n) - max(_b1.failed, 0)";
        let expression = parse_with_counters(text).expect("arithmetic");
        let names: Vec<_> = expression.names().into_iter().map(|(name, range)| (name, &text[range])).collect();
        assert_eq!(names, [("a.succeeded", "a.succeeded"), ("n", ":n"), ("_b1.failed", "_b1.failed")]);
        let lookup = |name: &str| if name == "n" { Some(Number::Integer(10)) } else { Some(Number::Integer(4)) };
        assert_eq!(expression.evaluate(&lookup), Ok(Number::Integer(24)));
        assert!(parse(text).is_err() && parse_with_counters("a").is_err() && parse_with_counters("a b.c").is_err());
    }

    #[test]
    fn integers_stay_integers_and_round_down() {
        for (text, expected) in [
            ("100_000 * :n", 1_600_000),
            ("1 + 2 * 3 - 4", 3),
            ("(1 + 2) * -3", -9),
            ("-7 / 2", -4),
            ("7 / -2", -4),
            ("-7 % 3", 2),
            ("7 % -3", -2),
            ("10 - 3 - 2", 5),
            ("min(3, max(:n, 2)) - -1", 4),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(value(text), Ok(Number::Integer(expected)), "{text}");
        }
    }

    #[test]
    fn reals_carry_their_decimals() {
        for (text, expected, places) in [
            ("1.50 + 2", 3.5, 2),
            ("0.25 * :half", 0.125, 3),
            ("1.0 / 4", 0.25, 6),
            ("-7.5 % 2", 0.5, 1),
            ("max(1, 1.5)", 1.5, 1),
        ] {
            assert_eq!(value(text), Ok(Number::Real { value: expected, decimals: places }), "{text}");
        }
    }

    #[test]
    fn faults_are_placed_and_explained() {
        for (text, at, part) in [
            ("1 +", 3, "found the end"),
            ("1 2", 2, "expected an operator"),
            ("(1", 2, "expected `)`"),
            ("2 * scale", 4, "`:scale`"),
            ("1e3", 0, "1_000"),
            ("1.2.3", 0, "two decimal points"),
            ("9223372036854775807 + 1", 20, "64 bits"),
            ("99999999999999999999", 0, "64 bits"),
            ("4 / (2 - 2)", 2, "division by zero"),
            ("4 % 0.0", 2, "division by zero"),
            ("-9223372036854775808 / -1", 21, "64 bits"),
            (":missing", 0, "`:missing` is not a constant"),
        ] {
            let (offset, message) = value(text).unwrap_err();
            assert_eq!(offset, at, "{text}: {message}");
            assert!(message.contains(part), "{text}: {message}");
        }
        for part in ["(", "- ", "1+"] {
            assert!(parse(&part.repeat(MAX_BYTES / part.len() + 1)).is_err());
        }
        assert!(parse(&"(".repeat(100)).unwrap_err().1.contains("nested"));
        assert!(parse(&"- ".repeat(100)).unwrap_err().1.contains("nested"));
    }

    #[test]
    fn expr_over_row_takes_constants_by_value() {
        let parsed = parse("(:row - 1) % :n").unwrap();
        assert_eq!(parsed.names(), [("row", 1..5), ("n", 13..15)]);
        let row = parsed.over_row(&constants).unwrap();
        assert_eq!((1..=17).map(|at| param::evaluate(&row, at).unwrap()).sum::<i64>(), 120);
        assert!(parse(":row * :half").unwrap().over_row(&constants).unwrap_err().1.contains("integers only"));
        assert_eq!(parse(":row + :other").unwrap().over_row(&constants).unwrap_err().0, 7);
    }

    proptest! {
        #[test]
        fn division_and_remainder_fit_together(a in any::<i64>(), b in any::<i64>().prop_filter("divisor", |b| *b != 0 && *b != -1)) {
            let part = |operator: char| match value(&format!("({a}) {operator} ({b})")) {
                Ok(Number::Integer(result)) => i128::from(result),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(part('/') * i128::from(b) + part('%'), i128::from(a));
            prop_assert!(part('%') == 0 || (part('%') < 0) == (b < 0));
        }

        #[test]
        fn no_text_is_a_panic(text in r"[0-9_.:a-z()+*/%, é-]{0,40}") {
            if let Ok(parsed) = parse(&text) {
                let _ = parsed.evaluate(&constants);
                let _ = parsed.over_row(&constants);
            }
        }
    }
}
