//! Two answers side by side: whether they are the same, and how they differ, in words.

use std::cmp::Ordering;
use std::fmt;

use super::tuples::Tuple;
use crate::driver::{same_row, sort_rows};

/// Rows of each kind that a message shows.
const SHOWN: usize = 5;
/// Longest cell that a message shows, in characters.
const WIDEST: usize = 40;

/// The first draw that two operations answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswersDiffer {
    /// Number of the draw, from 1.
    pub draw: u32,
    /// Draws in all.
    pub draws: u32,
    /// Parameters and their values.
    pub params: Vec<(String, String)>,
    /// One of the two.
    pub left: Side,
    /// The other one.
    pub right: Side,
    /// Rows that both have.
    pub common: usize,
    /// The first of these.
    pub common_shown: Vec<Vec<String>>,
    /// Where order counts: the first place, from 1, at which they differ.
    pub place: Option<usize>,
}

/// One of two operations with different answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Its variant.
    pub variant: String,
    /// The operation.
    pub operation: String,
    /// `answer` as written.
    pub columns: Vec<String>,
    /// Rows of its answer.
    pub rows: usize,
    /// Rows that the other one does not have; where order counts, those from the first difference on.
    pub only: usize,
    /// The first of these.
    pub only_shown: Vec<Vec<String>>,
}

/// What two answers have in common and what not; `None` when they are the same.
pub(super) struct Difference {
    pub(super) left: Vec<Tuple>,
    pub(super) right: Vec<Tuple>,
    pub(super) common: Vec<Tuple>,
    pub(super) place: Option<usize>,
}

/// Compares two answers: as sequences, or as multisets.
pub(super) fn difference(mut left: Vec<Tuple>, mut right: Vec<Tuple>, ordered: bool) -> Option<Difference> {
    if !ordered {
        sort_rows(&mut left);
        sort_rows(&mut right);
    }
    let same = left.iter().zip(&right).take_while(|(left, right)| same_row(left, right)).count();
    if same == left.len() && same == right.len() {
        return None;
    }
    let mut difference = Difference { left: Vec::new(), right: Vec::new(), common: Vec::new(), place: None };
    if ordered {
        difference.place = Some(same + 1);
        difference.right = right.split_off(same);
        difference.left = left.split_off(same);
        difference.common = left;
        return Some(difference);
    }
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) if same_row(left, right) => Ordering::Equal,
            (Some(left), Some(right)) => sorted_before(left, right),
        };
        if order != Ordering::Greater {
            let into = if order == Ordering::Equal { &mut difference.common } else { &mut difference.left };
            into.extend(left.next());
        }
        if order != Ordering::Less {
            let next = right.next();
            if order == Ordering::Greater {
                difference.right.extend(next);
            }
        }
    }
    Some(difference)
}

/// Which of two different rows comes first in the order of [`sort_rows`].
fn sorted_before(left: &Tuple, right: &Tuple) -> Ordering {
    let mut pair = [right.clone(), left.clone()];
    sort_rows(&mut pair);
    // Sorting is stable: the right one, put first, stays first unless the left one is smaller.
    if pair[0] == *left { Ordering::Less } else { Ordering::Greater }
}

/// The first rows as text.
pub(super) fn shown(tuples: &[Tuple]) -> Vec<Vec<String>> {
    let cell = |value: &crate::driver::Canonical| {
        let text = value.to_string();
        if text.chars().count() <= WIDEST {
            return text;
        }
        text.chars().take(WIDEST - 1).chain(std::iter::once('…')).collect()
    };
    tuples.iter().take(SHOWN).map(|tuple| tuple.iter().map(cell).collect()).collect()
}

impl fmt::Display for AnswersDiffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, right, .. } = self;
        writeln!(f, "the answers of {left} and {right} differ")?;
        write!(f, "  draw {} of {}", self.draw, self.draws)?;
        for (index, (name, value)) in self.params.iter().enumerate() {
            write!(f, "{}{name} = {value}", if index == 0 { ": " } else { ", " })?;
        }
        writeln!(f)?;
        writeln!(f, "  {left} answers {}, {right} {}", count(left.rows), count(right.rows))?;
        if let Some(place) = self.place {
            writeln!(f, "  order counts (`ordered = true`); they differ from row {place} on")?;
        }
        for side in [left, right] {
            let what = if self.place.is_some() { "from there" } else { "only" };
            table(f, &format!("{what} in {side}"), side.only, &side.columns, &side.only_shown)?;
        }
        table(
            f,
            if self.place.is_some() { "before" } else { "in both" },
            self.common,
            &left.columns,
            &self.common_shown,
        )
    }
}

impl std::error::Error for AnswersDiffer {}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.variant == self.operation {
            write!(f, "\"{}\"", self.variant)
        } else {
            write!(f, "\"{}\" (operation \"{}\")", self.variant, self.operation)
        }
    }
}

fn count(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// Rows under the names of their columns, aligned.
fn table(f: &mut fmt::Formatter<'_>, what: &str, all: usize, columns: &[String], rows: &[Vec<String>]) -> fmt::Result {
    let more = if all > rows.len() && !rows.is_empty() { format!(", the first {}", rows.len()) } else { String::new() };
    writeln!(f, "  {what}: {}{more}", count(all))?;
    if rows.is_empty() {
        return Ok(());
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(columns.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in std::iter::once(columns).chain(rows.iter().map(Vec::as_slice)) {
        let mut line = String::from("    ");
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!(" {cell:<width$} "));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AnswersDiffer, Side, difference, shown};
    use crate::driver::Canonical;

    fn rows(values: &[(i64, &str)]) -> Vec<Vec<Canonical>> {
        let row = |(id, name): &(i64, &str)| vec![Canonical::Number((*id).into()), Canonical::Text((*name).to_owned())];
        values.iter().map(row).collect()
    }

    #[test]
    fn order_counts_only_where_it_is_said_to_and_repetitions_always() {
        let (one, other) = (rows(&[(1, "a"), (2, "b")]), rows(&[(2, "b"), (1, "a")]));
        assert!(difference(one.clone(), other.clone(), false).is_none());
        assert_eq!(difference(one.clone(), other, true).and_then(|found| found.place), Some(1));
        let twice = difference(one, rows(&[(1, "a"), (2, "b"), (2, "b")]), false).expect("a row more");
        assert_eq!((twice.left.len(), twice.right.len(), twice.common.len()), (0, 1, 2));
    }

    #[test]
    fn a_difference_is_shown_as_tables() {
        let found = difference(rows(&[(1, "a"), (12, "it's"), (3, "c")]), rows(&[(1, "a"), (4, "d")]), false);
        let found = found.expect("different");
        let side = |name: &str, operation: &str, rows: usize, only: &[Vec<Canonical>]| Side {
            variant: name.to_owned(),
            operation: operation.to_owned(),
            columns: vec!["u.id".to_owned(), "u.name".to_owned()],
            rows,
            only: only.len(),
            only_shown: shown(only),
        };
        let message = AnswersDiffer {
            draw: 3,
            draws: 20,
            params: vec![("org".to_owned(), "17".to_owned())],
            left: side("join", "join", 3, &found.left),
            right: side("batch", "page", 2, &found.right),
            common: found.common.len(),
            common_shown: shown(&found.common),
            place: None,
        };
        insta::assert_snapshot!(message, @r#"
        the answers of "join" and "batch" (operation "page") differ
          draw 3 of 20: org = 17
          "join" answers 3 rows, "batch" (operation "page") 2 rows
          only in "join": 2 rows
             u.id  u.name
             3     'c'
             12    'it''s'
          only in "batch" (operation "page"): 1 row
             u.id  u.name
             4     'd'
          in both: 1 row
             u.id  u.name
             1     'a'
        "#);
    }
}
