//! From the rows that an operation kept to the tuples of its answer (rule 8 of the workload language): nested sets joined
//! with the row visited, paths into JSON followed, values in canonical form.

use serde_json::Value as Json;

use crate::driver::{Canonical, PgType, canonical, json};
use crate::engine::bound::BoundAnswer;
use crate::engine::rows::Rows;
use crate::workload::plan::{AnswerPath, JsonStep};

/// A tuple of an answer.
pub(super) type Tuple = Vec<Canonical>;

/// The tuples of an answer. `rows` gives the rows of a set; `types` the type that JSON strings are read as, where another
/// variant has a plain column in the same place.
pub(super) fn tuples<'a>(
    answer: &BoundAnswer,
    rows: impl Fn(usize) -> &'a Rows,
    types: &[Option<PgType>],
) -> Result<Vec<Tuple>, String> {
    let Some(chain) = chain(answer) else {
        return Err("the sets named in `answer` are not bound one inside the other".to_owned());
    };
    let Some((deepest, _)) = chain.split_first() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for row in 0..rows(*deepest).count() {
        let Some(joined) = joined(&chain, row, &rows) else { continue };
        let at = |set: usize| joined.iter().find(|(known, _)| *known == set).map(|(_, row)| *row);
        let documents: Vec<Option<Json>> = (answer.plan.paths.iter().zip(&answer.types))
            .map(|(path, ty)| match path.json.as_slice() {
                [] => None,
                _ => at(path.set).and_then(|row| rows(path.set).cell(row, path.column)).and_then(|cell| json(ty, cell)),
            })
            .collect();
        let items: Vec<Item<'_>> = (answer.plan.paths.iter().zip(&answer.types).zip(&documents))
            .map(|((path, ty), document)| match (path.json.as_slice(), document) {
                ([], _) => {
                    let cell = at(path.set).and_then(|row| rows(path.set).cell(row, path.column));
                    Item::Done(canonical(ty, cell))
                }
                (_, Some(document)) => Item::At { value: document, depth: 0 },
                (_, None) => Item::At { value: &Json::Null, depth: 0 },
            })
            .collect();
        expand(&answer.plan.paths, types, items, &mut found);
    }
    Ok(found)
}

/// The sets of an answer from the innermost outwards; `None` when they are not nested. All sets in between are in it.
fn chain(answer: &BoundAnswer) -> Option<Vec<usize>> {
    let named: Vec<usize> = answer.plan.paths.iter().map(|path| path.set).collect();
    let chains = named.iter().map(|set| {
        let mut chain = vec![*set];
        // A set visits one that was bound before it, so this ends.
        while let Some(outer) = chain.last().and_then(|set| answer.visiting.get(*set).copied().flatten())
            && !chain.contains(&outer)
        {
            chain.push(outer);
        }
        chain
    });
    let mut whole = chains.filter(|chain| named.iter().all(|set| chain.contains(set)));
    if named.is_empty() { Some(Vec::new()) } else { whole.next() }
}

/// For a row of the innermost set the rows that it belongs to: pairs of set and row, itself included.
fn joined<'a>(chain: &[usize], row: usize, rows: &impl Fn(usize) -> &'a Rows) -> Option<Vec<(usize, usize)>> {
    let mut at = Vec::with_capacity(chain.len());
    let mut row = row;
    for (depth, set) in chain.iter().enumerate() {
        at.push((*set, row));
        if depth + 1 < chain.len() {
            row = rows(*set).parent(row)?;
        }
    }
    Some(at)
}

/// How far a path has been followed.
#[derive(Clone)]
enum Item<'a> {
    Done(Canonical),
    /// At a JSON value, after `depth` steps.
    At {
        value: &'a Json,
        depth: usize,
    },
}

/// Follows all paths; each element of an array gives tuples of its own. Paths that enter the same array are at the same
/// element; different arrays multiply. An array that is NULL, empty or missing gives no tuple.
fn expand(paths: &[AnswerPath], types: &[Option<PgType>], mut items: Vec<Item<'_>>, found: &mut Vec<Tuple>) {
    for (index, item) in items.iter_mut().enumerate() {
        while let Item::At { value, depth } = item {
            match paths[index].json.get(*depth) {
                Some(JsonStep::Each) => break,
                Some(JsonStep::Key(key)) => {
                    *item = Item::At { value: value.get(key).unwrap_or(&Json::Null), depth: *depth + 1 }
                }
                None => {
                    *item = Item::Done(match types.get(index).and_then(Option::as_ref) {
                        Some(ty) => Canonical::from_json_as(value, ty),
                        None => Canonical::from_json(value),
                    });
                }
            }
        }
    }
    let open = items.iter().enumerate().find_map(|(index, item)| match item {
        Item::At { value, depth } => Some((index, *value, *depth)),
        Item::Done(_) => None,
    });
    let Some((first, array, depth)) = open else {
        found.push(items.into_iter().filter_map(Item::done).collect());
        return;
    };
    let same = |path: &AnswerPath| {
        let of = &paths[first];
        (path.set, path.column, path.json.get(..=depth)) == (of.set, of.column, of.json.get(..=depth))
    };
    for element in array.as_array().into_iter().flatten() {
        let mut inside = items.clone();
        for (path, item) in paths.iter().zip(&mut inside) {
            if same(path) && matches!(item, Item::At { .. }) {
                *item = Item::At { value: element, depth: depth + 1 };
            }
        }
        expand(paths, types, inside, found);
    }
}

impl Item<'_> {
    fn done(self) -> Option<Canonical> {
        match self {
            Self::Done(value) => Some(value),
            Self::At { .. } => None,
        }
    }
}
