//! In what sides are unlike: workload, seed, topology, servers, machine, dbbench. What decides what is measured refuses
//! the comparison; the rest is listed, for it is often what the comparison is for.

use std::collections::{BTreeMap, BTreeSet};

use super::choose::Subject;
use super::resolved::{decides, is_definition, keys};
use super::{SideRuns, label};
use crate::result::Reader;
use crate::result::compared::Unlike;

/// What stands where a side has no value.
const UNSET: &str = "not set";
/// Letters of a value that are shown.
const SHOWN: usize = 60;

/// Values of one side by what they are, several where its runs differ; and whether they decide what is measured.
type Facts = BTreeMap<String, (BTreeSet<String>, bool)>;

/// Everything in which sides are unlike the first, or runs of a side unlike each other; what is measured in front.
pub(super) fn unlike(sides: &[SideRuns], chosen: &[Vec<Subject>]) -> Vec<Unlike> {
    let mut found = Vec::new();
    for (index, subjects) in chosen.iter().enumerate() {
        let (Some(first), Some(other)) = (sides.first(), sides.get(index + 1)) else { continue };
        if subjects.iter().all(|subject| subject.same_runs) {
            continue;
        }
        let of_first = facts(first, subjects, |subject| &subject.first);
        let of_other = facts(other, subjects, |subject| &subject.other);
        // Without the resolved workload of each run, its hash alone tells whether they measure the same.
        let resolved = first.runs.iter().chain(&other.runs).all(|reader| reader.run.resolved.is_object());
        let whats: BTreeSet<&String> = of_first.keys().chain(of_other.keys()).collect();
        for what in whats {
            let measured = [&of_first, &of_other].iter().any(|facts| facts.get(what).is_some_and(|fact| fact.1));
            let one_has_none = !of_first.contains_key(what) || !of_other.contains_key(what);
            let (value, against_value) = shown(of_other.get(what), of_first.get(what));
            // The same several values on both sides: runs of a side that are unlike each other.
            let several = of_first.get(what).is_some_and(|(values, _)| values.len() > 1);
            if of_first.get(what).map(|fact| &fact.0) == of_other.get(what).map(|fact| &fact.0) && !several {
                continue;
            }
            found.push(Unlike {
                what: what.clone(),
                side: label(index + 1),
                value,
                against_value,
                measured: if what == "workload_hash" {
                    !resolved
                } else {
                    measured && !(one_has_none && is_definition(what))
                },
            });
        }
    }
    found.sort_by_key(|unlike| !unlike.measured);
    found
}

fn facts(side: &SideRuns, subjects: &[Subject], name: impl Fn(&Subject) -> &String) -> Facts {
    let names: Vec<&str> = subjects.iter().map(|subject| name(subject).as_str()).collect();
    let ways = subjects.iter().all(|subject| subject.first == subject.other);
    let mut facts = Facts::new();
    for reader in &side.runs {
        for (key, value) in keys(&reader.run, &names, ways) {
            let measured = decides(&key);
            // The seeds stand among the facts of the run already.
            if !matches!(key.as_str(), "run.seed" | "dataset.seed" | "name") {
                facts.entry(key).or_insert_with(|| (BTreeSet::new(), measured)).0.insert(value);
            }
        }
        for (what, value, measured) in of_run(reader) {
            facts.entry(what).or_insert_with(|| (BTreeSet::new(), measured)).0.insert(value);
        }
    }
    facts
}

/// What a run is, beside its workload; whether it decides what is measured.
fn of_run(reader: &Reader) -> Vec<(String, String, bool)> {
    let run = &reader.run;
    let machine = &run.environment;
    let mut facts = Vec::new();
    let mut tell = |what: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push((what.to_owned(), value, false));
        }
    };
    tell("workload", Some(run.workload.clone()));
    tell("workload_hash", Some(short(&run.workload_hash)));
    tell("topology_hash", Some(short(&run.topology_hash)));
    tell("seed", Some(run.seed.to_string()));
    tell("dataset seed", run.dataset_seed.map(|seed| seed.to_string()));
    tell("machine", Some(machine.machine.clone()));
    tell("CPU", machine.cpu_model.clone());
    tell("cores", machine.cores.map(|cores| cores.to_string()));
    tell("memory, bytes", machine.memory_bytes.map(|bytes| bytes.to_string()));
    tell("kernel", machine.kernel.clone());
    tell("clock source", machine.clock_source.clone());
    tell("file system of the data", machine.data_file_system.clone());
    tell("dbbench", Some(run.dbbench.version.clone()));
    tell("build of dbbench", Some(run.dbbench.profile.clone()));
    tell("digits of the histograms", Some(run.histogram_digits.to_string()));
    for endpoint in &run.endpoints {
        let name = &endpoint.name;
        tell(&format!("{name}: version"), Some(endpoint.version.clone()));
        tell(&format!("{name}: TLS"), endpoint.tls.clone());
        for (setting, value) in &endpoint.settings {
            tell(&format!("{name}: {setting}"), Some(value.clone()));
        }
    }
    let target = if run.null_target { "the null target" } else { "a server" };
    facts.push(("target".to_owned(), target.to_owned(), true));
    facts
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Two values as people read them: long ones from a little before the place where they begin to differ.
fn shown(value: Option<&(BTreeSet<String>, bool)>, against: Option<&(BTreeSet<String>, bool)>) -> (String, String) {
    let text = |fact: Option<&(BTreeSet<String>, bool)>| {
        fact.map_or_else(|| UNSET.to_owned(), |(values, _)| values.iter().cloned().collect::<Vec<_>>().join(" | "))
    };
    let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (value, against) = (line(text(value)), line(text(against)));
    let same = value.chars().zip(against.chars()).take_while(|(a, b)| a == b).count();
    let skip = if value.chars().count().max(against.chars().count()) > SHOWN { same.saturating_sub(12) } else { 0 };
    (cut(&value, skip), cut(&against, skip))
}

fn cut(text: &str, skip: usize) -> String {
    let mut out = if skip > 0 { "…".to_owned() } else { String::new() };
    out.extend(text.chars().skip(skip).take(SHOWN));
    if text.chars().count() > skip + SHOWN {
        out.push('…');
    }
    out
}

/// Label, name and hash of the workload of each side.
pub(super) fn hashes(sides: &[SideRuns]) -> Vec<(String, String, String)> {
    let hash = |side: &SideRuns| {
        let hashes: BTreeSet<String> = side.runs.iter().map(|reader| short(&reader.run.workload_hash)).collect();
        hashes.into_iter().collect::<Vec<_>>().join(", ")
    };
    sides.iter().enumerate().map(|(index, side)| (label(index), side.name.clone(), hash(side))).collect()
}

/// The refusal in full: hashes, keys, remedies.
pub(super) fn refused(sides: &[(String, String, String)], unlike: &[Unlike]) -> String {
    let hashes: Vec<String> =
        sides.iter().map(|(label, name, hash)| format!("{label} ({name}) has workload hash {hash}")).collect();
    let mut text = format!("the sides do not measure the same: {}", hashes.join(", "));
    let first = sides.first().map_or("A", |side| side.0.as_str());
    for Unlike { what, side, value, against_value, .. } in unlike {
        text.push_str(&format!("\n  {what}: {against_value} in {first}, {value} in {side}"));
    }
    text.push_str("\ncompare runs of the same workload, name variants that are the same with --only, or compare nevertheless with --force");
    text
}
