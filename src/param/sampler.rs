//! Generators in the form that draws: everything that can be computed once is.
//!
//! A draw allocates nothing: text goes into the caller's [`Scratch`], which keeps its space.

use rand::Rng;

use super::arithmetic::evaluate;
use super::draw::{Draw, Drawn, Scratch};
use super::generator::{Cells, Expr, Generator, Literal, SampledRows};
use super::json;
use super::law::Unusable;
use super::over::{Shape, Spread};
use super::rows::Table;
use super::stream::{Random, Stream, fraction, high_word, low_word, name_hash, up_to};
use super::value::Value;

/// 2026-01-01 00:00:00 UTC, where the clock of `uuid7` stands at row 0 of a dataset.
const DATASET_EPOCH_MS: u64 = 1_767_225_600_000;

/// Draws that `distinct` tries before it takes one of its two reserve values.
const DISTINCT_REDRAWS: u64 = 64;

/// Draws among which `distinct` looks for two different values beforehand.
const DISTINCT_PROBES: u64 = 100_000;

/// Random lower-case letters and digits: these.
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Characters taken from 64 random bits; the 23 bits left make the least likely one rarer by less than 2⁻¹⁷.
const CHARACTERS_PER_WORD: usize = 8;

/// A generator ready to be drawn from. Cheap to share between threads by reference.
#[derive(Clone, Debug)]
pub struct Sampler {
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    RowNumber,
    Uuid4,
    Uuid7,
    Now,
    Constant(Literal),
    Spread(Spread),
    Choice { values: Vec<Literal>, upto: Vec<f64> },
    Text { min: u32, max: u32 },
    Json(Vec<Member>),
    Null { rate: f64, of: Box<Sampler> },
    Timestamp { from_us: i64, last: u64 },
    Expr(Expr),
    SameAs { other: u64, of: Box<Sampler>, reserve: Option<[u64; 2]> },
    Rows(Table),
}

/// A key of a JSON object: `"key":` as it is written, and what stands there.
#[derive(Clone, Debug)]
struct Member {
    key: String,
    part: u64,
    value: Sampler,
}

/// Columns and rows that came from a query.
type Supplied<'a> = Option<(&'a [String], &'a Cells)>;

impl Sampler {
    /// Prepares a generator.
    ///
    /// # Errors
    /// What the generator's values rule out, with the rule and the value; and `query`, whose rows must be there:
    /// [`Sampler::with_rows`].
    pub fn new(generator: &Generator) -> Result<Self, Unusable> {
        Self::build(generator, None)
    }

    /// Prepares a generator over `{ query = … }`, with the rows that the query gave; cells as text.
    ///
    /// # Errors
    /// As [`Sampler::new`]; no rows; a row that does not have a cell per column.
    pub fn with_rows(generator: &Generator, columns: &[String], rows: &Cells) -> Result<Self, Unusable> {
        Self::build(generator, Some((columns, rows)))
    }

    fn build(generator: &Generator, supplied: Supplied<'_>) -> Result<Self, Unusable> {
        let spread = |over, shape: Shape| Ok::<_, Unusable>(Node::Spread(Spread::new(over, &shape)?));
        let node = match generator {
            Generator::RowNumber | Generator::Next { .. } => Node::RowNumber,
            Generator::Uuid4 => Node::Uuid4,
            Generator::Uuid7 => Node::Uuid7,
            Generator::Now => Node::Now,
            Generator::Constant(literal) => Node::Constant(literal.clone()),
            Generator::Uniform(over) => spread(over, Shape::Uniform)?,
            Generator::Zipf { over, exponent, scramble } => {
                spread(over, Shape::Zipf { exponent: *exponent, scramble: *scramble })?
            }
            Generator::Hotspot { over, hot_fraction, hot_weight } => {
                spread(over, Shape::Hotspot { fraction: *hot_fraction, weight: *hot_weight })?
            }
            Generator::Normal { over, mean, deviation } => {
                spread(over, Shape::Normal { mean: *mean, deviation: *deviation })?
            }
            Generator::Exponential { over, mean } => spread(over, Shape::Exponential { mean: *mean })?,
            Generator::Choice(entries) => choice(entries)?,
            Generator::Text { min, max } if min > max => {
                return Err(Unusable(format!("text lengths go from shortest to longest, got [{min}, {max}]")));
            }
            Generator::Text { min, max } => Node::Text { min: *min, max: *max },
            Generator::Json(members) => Node::Json(
                members.iter().map(|(key, value)| Member::new(key, Self::build(value, supplied)?)).collect::<Result<
                    _,
                    Unusable,
                >>(
                )?,
            ),
            Generator::Null { rate, .. } if !(0.0..=1.0).contains(rate) => {
                return Err(Unusable(format!("`rate` must be between 0 and 1, got {rate}")));
            }
            Generator::Null { rate, of } => Node::Null { rate: *rate, of: Box::new(Self::build(of, supplied)?) },
            Generator::Timestamp { from_us, to_us } if from_us > to_us => {
                return Err(Unusable("a timestamp's range goes from the earlier to the later instant".to_owned()));
            }
            Generator::Timestamp { from_us, to_us } => {
                Node::Timestamp { from_us: *from_us, last: to_us.wrapping_sub(*from_us).cast_unsigned() }
            }
            Generator::Expr(expr) => Node::Expr(expr.clone()),
            Generator::SameAs { name, of, distinct } => {
                let of = Box::new(Self::build(of, supplied)?);
                let reserve = if *distinct { Some(of.reserve()?) } else { None };
                Node::SameAs { other: name_hash(name), of, reserve }
            }
            Generator::Rows(SampledRows::Csv { columns, rows }) => Node::Rows(Table::new(columns, rows)?),
            Generator::Rows(SampledRows::Query { .. }) => match supplied {
                Some((columns, rows)) => Node::Rows(Table::new(columns, rows)?),
                None => return Err(Unusable("the rows of a query are known only once it has run".to_owned())),
            },
        };
        Ok(Self { node })
    }

    /// The value at these coordinates: always the same one.
    ///
    /// An `expr` without a result is NULL; [`Generator::domains`](super::Generator::domains) rules that out beforehand. Of
    /// rows of several columns it is the first column.
    pub fn draw<'a>(&'a self, draw: &Draw, scratch: &'a mut Scratch) -> Value<'a> {
        scratch.text.clear();
        let drawn = self.raw(draw, &mut scratch.text);
        drawn.value(&scratch.text)
    }

    /// The position of a column of sampled rows; `None` also when the generator does not give rows.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.table()?.column(name)
    }

    /// The name of a column of sampled rows; the inverse of [`Sampler::column`].
    #[must_use]
    pub fn column_name(&self, column: usize) -> Option<&str> {
        self.table()?.column_name(column)
    }

    /// A column of the row drawn; the same coordinates give the same row whatever the column. NULL when the generator does
    /// not give rows, or has no such column.
    #[must_use]
    pub fn draw_column(&self, draw: &Draw, column: usize) -> Value<'_> {
        match (self.table(), self.pick_row(draw)) {
            (Some(table), Some(row)) => table.cell(row, column),
            _ => Value::Null,
        }
    }

    fn table(&self) -> Option<&Table> {
        match &self.node {
            Node::Rows(table) => Some(table),
            Node::SameAs { of, .. } => of.table(),
            _ => None,
        }
    }

    fn pick_row(&self, draw: &Draw) -> Option<usize> {
        match &self.node {
            Node::Rows(table) => Some(table.pick(draw)),
            Node::SameAs { other, of, reserve } => {
                let Some(reserve) = reserve else { return of.pick_row(draw) };
                let table = of.table()?;
                let taken = of.pick_row(&draw.named(*other))?;
                let chosen = settle(draw, *reserve, |at| of.pick_row(at).is_some_and(|row| !table.same(row, taken)));
                of.pick_row(&chosen)
            }
            _ => None,
        }
    }

    /// How many different values can come, if they can be counted and are chosen among (not made anew each time).
    pub(super) fn size(&self) -> Option<f64> {
        match &self.node {
            Node::Spread(spread) => spread.size(),
            #[expect(clippy::cast_precision_loss, reason = "a count of entries in a file")]
            Node::Choice { values, .. } => Some(values.len() as f64),
            #[expect(clippy::cast_precision_loss, reason = "a count of rows in memory")]
            Node::Rows(table) => Some(table.len() as f64),
            Node::Null { of, .. } | Node::SameAs { of, .. } => of.size(),
            _ => None,
        }
    }

    pub(super) fn raw<'s>(&'s self, draw: &Draw, text: &mut String) -> Drawn<'s> {
        Drawn::Value(match &self.node {
            Node::RowNumber => Value::Integer(draw.row.cast_signed()),
            Node::Uuid4 => Value::Uuid(uuid(draw, 4)),
            Node::Uuid7 => Value::Uuid(uuid(draw, 7)),
            Node::Now => Value::TimestampUs(draw.now_us),
            Node::Constant(literal) => literal_value(literal),
            Node::Spread(spread) => return spread.draw(draw, text),
            Node::Choice { values, upto } => {
                let at = fraction(&mut draw.random());
                let chosen = upto.partition_point(|end| *end <= at).min(values.len() - 1);
                literal_value(&values[chosen])
            }
            Node::Text { min, max } => return random_text(&mut draw.random(), *min, *max, text),
            Node::Json(members) => return object(members, draw, text),
            Node::Null { rate, .. } if fraction(&mut draw.random()) < *rate => Value::Null,
            Node::Null { of, .. } => return of.raw(&draw.part(1), text),
            Node::Timestamp { from_us, last } => {
                Value::TimestampUs(from_us.wrapping_add_unsigned(up_to(&mut draw.random(), *last)))
            }
            Node::Expr(expr) => evaluate(expr, draw.row.cast_signed()).map_or(Value::Null, Value::Integer),
            Node::SameAs { of, reserve: None, .. } => return of.raw(draw, text),
            Node::SameAs { .. } if self.table().is_some() => self.draw_column(draw, 0),
            Node::SameAs { other, of, reserve: Some(reserve) } => {
                let start = text.len();
                let taken = of.raw(&draw.named(*other), text);
                let end = text.len();
                let chosen = settle(draw, *reserve, |at| {
                    text.truncate(end);
                    let drawn = of.raw(at, text);
                    let (before, own) = text.split_at(end);
                    own_value(drawn, own) != taken.value(before)
                });
                text.truncate(start);
                return of.raw(&chosen, text);
            }
            Node::Rows(table) => table.cell(table.pick(draw), 0),
        })
    }

    /// Two draws of different values in one row: what `distinct` falls back on.
    fn reserve(&self) -> Result<[u64; 2], Unusable> {
        let at =
            |index| reserve_draw(&Draw { row: 1, ..Draw::param(Stream::purpose(0, "distinct", 0), 0, 0, 0) }, index);
        let (mut first, mut second) = (Scratch::default(), Scratch::default());
        let table = self.table();
        for index in 1..DISTINCT_PROBES {
            let differs = match (table, self.pick_row(&at(0)), self.pick_row(&at(index))) {
                (Some(table), Some(a), Some(b)) => !table.same(a, b),
                _ => self.draw(&at(0), &mut first) != self.draw(&at(index), &mut second),
            };
            if differs {
                return Ok([0, index]);
            }
        }
        Err(Unusable(format!("`distinct` needs at least two values, and {DISTINCT_PROBES} draws gave only one")))
    }
}

/// The first draw that differs: the own one, then up to [`DISTINCT_REDRAWS`] others, then one of the two in reserve, whose
/// values are not equal to each other and so not both equal to the one to avoid.
fn settle(draw: &Draw, reserve: [u64; 2], mut differs: impl FnMut(&Draw) -> bool) -> Draw {
    let mut at = *draw;
    for attempt in 1..=DISTINCT_REDRAWS {
        if differs(&at) {
            return at;
        }
        at = draw.part(attempt);
    }
    let [first, second] = reserve.map(|index| reserve_draw(draw, index));
    if differs(&first) { first } else { second }
}

/// A draw in reserve, of the row and instant of this one.
fn reserve_draw(draw: &Draw, index: u64) -> Draw {
    Draw { stream: Stream::purpose(0, "distinct", 0), name: 0, index, ..*draw }
}

/// The value of a draw whose text was split off the rest of the buffer.
fn own_value<'a>(drawn: Drawn<'a>, own: &'a str) -> Value<'a> {
    match drawn {
        Drawn::Value(value) => value,
        Drawn::Text(_) | Drawn::Json(_) => Value::Text(own),
    }
}

fn choice(entries: &[(Literal, f64)]) -> Result<Node, Unusable> {
    let total: f64 = entries.iter().map(|(_, weight)| weight).sum();
    if let Some((_, weight)) = entries.iter().find(|(_, weight)| !(weight.is_finite() && *weight >= 0.0)) {
        return Err(Unusable(format!("weights are numbers ≥ 0, got {weight}")));
    }
    if !(total > 0.0 && total.is_finite()) {
        return Err(Unusable(format!("the weights of a choice must have a positive sum, got {total}")));
    }
    let (mut values, mut upto, mut sum) = (Vec::new(), Vec::new(), 0.0);
    for (literal, weight) in entries.iter().filter(|(_, weight)| *weight > 0.0) {
        sum += weight / total;
        values.push(literal.clone());
        upto.push(sum);
    }
    Ok(Node::Choice { values, upto })
}

impl Member {
    fn new(key: &str, value: Sampler) -> Result<Self, Unusable> {
        let mut written = String::new();
        json::push_string(&mut written, key);
        written.push(':');
        Ok(Self { key: written, part: name_hash(key), value })
    }
}

fn object<'s>(members: &'s [Member], draw: &Draw, text: &mut String) -> Drawn<'s> {
    let start = text.len();
    text.push('{');
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&member.key);
        match member.value.raw(&draw.part(member.part), text) {
            Drawn::Value(value) => json::push_value(text, value),
            // Letters and digits: nothing to escape.
            Drawn::Text(start) => {
                text.insert(start, '"');
                text.push('"');
            }
            Drawn::Json(_) => {}
        }
    }
    text.push('}');
    Drawn::Json(start)
}

fn literal_value(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Bool(truth) => Value::Bool(*truth),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Real { value, decimals } => Value::Real { value: *value, decimals: *decimals },
        Literal::Text(text) => Value::Text(text),
    }
}

fn random_text(random: &mut Random, min: u32, max: u32, text: &mut String) -> Drawn<'static> {
    let start = text.len();
    // At most `max - min`, which is a u32.
    let extra = u32::try_from(up_to(random, u64::from(max - min))).unwrap_or(0);
    let mut left = (min + extra) as usize;
    text.reserve(left);
    while left > 0 {
        let mut bits = random.next_u64();
        for _ in 0..left.min(CHARACTERS_PER_WORD) {
            let product = u128::from(bits) * ALPHABET.len() as u128;
            bits = low_word(product);
            // The high word is below the length of the alphabet.
            text.push(char::from(ALPHABET[usize::try_from(high_word(product)).unwrap_or(0)]));
        }
        left = left.saturating_sub(CHARACTERS_PER_WORD);
    }
    Drawn::Text(start)
}

/// RFC 9562: version and variant in their bits, the rest random; version 7 begins with the milliseconds since 1970. In a
/// dataset (rows from 1) the clock is 2026-01-01 plus one millisecond per row.
fn uuid(draw: &Draw, version: u8) -> [u8; 16] {
    let mut random = draw.random();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random.next_u64().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next_u64().to_be_bytes());
    if version == 7 {
        let ms = match draw.row {
            0 => draw.now_us.div_euclid(1_000).cast_unsigned(),
            row => DATASET_EPOCH_MS.wrapping_add(row),
        };
        bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
    }
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    bytes
}
