//! Which variants of two sides are compared with each other, at which points, and whether by their ratio to a baseline.

use std::collections::BTreeMap;

use super::resolved::way;
use super::{Refusal, SideRuns};
use crate::result::run::{RunRecord, VariantRecord};

/// Two variants at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// Name of the variant of the first side.
    pub(super) first: String,
    /// Name of the variant of the other side.
    pub(super) other: String,
    /// The sweep point.
    pub(super) point: Point,
    /// The baseline that both sides hold, unless it is compared itself.
    pub(super) baseline: Option<String>,
    /// Whether both are of the same runs, which pair them.
    pub(super) same_runs: bool,
}

/// A sweep point.
pub(super) type Point = BTreeMap<String, String>;

/// What is compared of two sides, each with its label.
pub(super) fn subjects(
    first: (&str, &SideRuns),
    other: (&str, &SideRuns),
    only: &[String],
) -> Result<Vec<Subject>, Refusal> {
    let names = named(first, other)?;
    let same_runs = same_runs(first, other, names.as_ref())?;
    let pairs: Vec<(String, String)> = match names {
        Some(names) => vec![names],
        None => {
            let on_other = variants(other.1);
            variants(first.1)
                .into_iter()
                .filter(|name| on_other.contains(name))
                .map(|name| (name.clone(), name))
                .collect()
        }
    };
    if pairs.is_empty() {
        return Err(Refusal::NoVariantInCommon {
            first: shown(first),
            first_has: list(&variants(first.1)),
            other: shown(other),
            other_has: list(&variants(other.1)),
        });
    }
    for name in only {
        if !pairs.iter().any(|pair| pair.0 == *name || pair.1 == *name) {
            let both: Vec<String> = pairs.iter().map(|pair| pair.0.clone()).collect();
            return Err(Refusal::NoVariant {
                side: "what is on both sides".to_owned(),
                variant: name.clone(),
                has: list(&both),
            });
        }
    }
    let wanted = |pair: &&(String, String)| only.is_empty() || only.contains(&pair.0) || only.contains(&pair.1);
    let mut subjects = Vec::new();
    for (name, other_name) in pairs.iter().filter(wanted) {
        let on_other = points(other.1, other_name);
        for point in points(first.1, name).into_iter().filter(|point| on_other.contains(point)) {
            let baseline = shared_baseline((first.1, name), (other.1, other_name), &point)
                .filter(|baseline| !same_runs && baseline != name && baseline != other_name);
            subjects.push(Subject { first: name.clone(), other: other_name.clone(), point, baseline, same_runs });
        }
    }
    if subjects.is_empty() {
        let has = |side: &SideRuns, name: &str| list(&points(side, name).iter().map(point_text).collect::<Vec<_>>());
        let (name, other_name) = pairs.first().cloned().unwrap_or_default();
        return Err(Refusal::NoPointInCommon {
            first: shown(first),
            first_has: has(first.1, &name),
            other: shown(other),
            other_has: has(other.1, &other_name),
        });
    }
    Ok(subjects)
}

/// The variants that were named; of a side that names none, the one of the same name, or its only one.
fn named(first: (&str, &SideRuns), other: (&str, &SideRuns)) -> Result<Option<(String, String)>, Refusal> {
    let there = |side: (&str, &SideRuns), name: &str| {
        let has = variants(side.1);
        if has.iter().any(|variant| variant == name) {
            return Ok(name.to_owned());
        }
        Err(Refusal::NoVariant { side: shown(side), variant: name.to_owned(), has: list(&has) })
    };
    let counterpart = |side: (&str, &SideRuns), name: &str| match variants(side.1).as_slice() {
        [alone] => Ok(alone.clone()),
        _ => there(side, name),
    };
    Ok(match (&first.1.variant, &other.1.variant) {
        (Some(name), Some(other_name)) => Some((there(first, name)?, there(other, other_name)?)),
        (Some(name), None) => Some((there(first, name)?, counterpart(other, name)?)),
        (None, Some(name)) => Some((counterpart(first, name)?, there(other, name)?)),
        (None, None) => None,
    })
}

/// Whether the sides are two variants of the same runs. A run on both sides is otherwise a mistake.
fn same_runs(
    first: (&str, &SideRuns),
    other: (&str, &SideRuns),
    names: Option<&(String, String)>,
) -> Result<bool, Refusal> {
    let real = |side: &SideRuns| -> Vec<std::path::PathBuf> {
        let real = |dir: &std::path::Path| dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let mut dirs: Vec<_> = side.runs.iter().map(|reader| real(&reader.dir)).collect();
        dirs.sort();
        dirs
    };
    let (of_first, of_other) = (real(first.1), real(other.1));
    if names.is_some_and(|(name, other_name)| name != other_name) && of_first == of_other {
        return Ok(true);
    }
    match of_other.iter().find(|dir| of_first.contains(dir)) {
        None => Ok(false),
        Some(shared) => {
            let as_named = first.1.runs.iter().find(|reader| reader.dir.canonicalize().is_ok_and(|dir| dir == *shared));
            let dir = as_named.map_or(shared.as_path(), |reader| reader.dir.as_path());
            Err(Refusal::SameRun {
                dir: dir.display().to_string(),
                first: first.0.to_owned(),
                other: other.0.to_owned(),
            })
        }
    }
}

/// Names of the variants of a side, in the order of the file.
fn variants(side: &SideRuns) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for variant in side.runs.iter().flat_map(|reader| &reader.run.variants) {
        if !names.contains(&variant.name) {
            names.push(variant.name.clone());
        }
    }
    names
}

fn points(side: &SideRuns, name: &str) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let of_name = |variant: &&VariantRecord| variant.name == name;
    for variant in side.runs.iter().flat_map(|reader| reader.run.variants.iter().filter(of_name)) {
        if !points.contains(&variant.point) {
            points.push(variant.point.clone());
        }
    }
    points
}

/// What the variant of each side is compared with in its own runs, where that is the same way of doing the job in all of
/// them, at this point.
fn shared_baseline(
    (first, name): (&SideRuns, &str),
    (other, other_name): (&SideRuns, &str),
    point: &Point,
) -> Option<String> {
    let of_first = first.runs.iter().map(|reader| (&reader.run, name));
    let mut runs = of_first.chain(other.runs.iter().map(|reader| (&reader.run, other_name)));
    let (one, name) = runs.next()?;
    let baseline = one.against_of(name)?;
    let holds = |run: &RunRecord| run.variants.iter().any(|of| of.name == baseline && of.point == *point);
    let reference = way(one, baseline);
    let is_the_same = |(run, name): (&RunRecord, &str)| {
        run.against_of(name) == Some(baseline) && holds(run) && way(run, baseline) == reference
    };
    (holds(one) && runs.all(is_the_same)).then(|| baseline.to_owned())
}

fn shown((label, side): (&str, &SideRuns)) -> String {
    format!("{label} ({})", side.name)
}

fn point_text(point: &Point) -> String {
    if point.is_empty() {
        return "none".to_owned();
    }
    point.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
