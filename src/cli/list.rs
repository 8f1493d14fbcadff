//! `dbbench list`: the catalogue of workloads that come with the program.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::args::{Format, ListArgs};
use super::catalogue::{self, Catalogue};
use super::failure::Failure;
use crate::report::wrapped;
use crate::words::ExitCode;
use crate::workload::plan::{Action, Plan, estimate, walk};

/// One workload, for programs.
#[derive(Debug, Serialize)]
struct Entry {
    /// What `dbbench init --from` takes.
    name: &'static str,
    about: Option<String>,
    variants: Vec<String>,
    claims: usize,
    expectations: usize,
    /// Whether a statement of it changes data, as far as its text tells.
    writes: bool,
    /// Of all rounds, without starting the server and loading the data.
    estimate_s: u64,
    sources: Vec<String>,
}

/// Prints the catalogue.
///
/// # Errors
/// When it cannot be read.
pub fn list(args: &ListArgs) -> Result<ExitCode, Failure> {
    let catalogue = Catalogue::open()?;
    let mut entries = Vec::new();
    for name in catalogue::names() {
        match catalogue.plan(name) {
            Ok(plan) => entries.push(entry(name, &plan)),
            // One that is wrong must not hide the others.
            Err(_) => anstream::eprintln!("warning: {name} is left out: this version cannot run it"),
        }
    }
    match args.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&entries).map_err(|error| Failure::failed(&error))?;
            anstream::println!("{text}");
        }
        Format::Text => {
            anstream::print!("{}", text(&entries));
            anstream::eprintln!("\ndbbench init --from NAME copies one of them here");
        }
    }
    Ok(ExitCode::Done)
}

fn entry(name: &'static str, plan: &Plan) -> Entry {
    let claims = || plan.claims.iter().chain(&plan.expectations);
    Entry {
        name,
        about: plan.about.clone(),
        variants: plan.variants.iter().map(|variant| variant.name.clone()).collect(),
        claims: plan.claims.len(),
        expectations: plan.expectations.len(),
        writes: writes(plan),
        estimate_s: estimate(plan).as_secs(),
        sources: claims().filter_map(|claim| claim.source.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

fn writes(plan: &Plan) -> bool {
    let mut writes = false;
    for operation in plan.variants.iter().flat_map(|variant| &variant.operations) {
        walk(&operation.steps, &mut |step| match &step.action {
            Action::Insert(_) => writes = true,
            Action::Statement(statement) => writes |= statement.may_write,
            _ => {}
        });
    }
    writes
}

fn text(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for entry in entries {
        let count = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let does = if entry.writes { "writes" } else { "reads" };
        let head = format!(
            "{:width$}  {does:6}  {:9}  {:11}  about {}",
            entry.name,
            count(entry.claims + entry.expectations, "claim"),
            count(entry.variants.len(), "variant"),
            time(Duration::from_secs(entry.estimate_s))
        );
        out.push_str(&format!("{}\n", head.trim_end()));
        for line in entry.about.iter().flat_map(|about| wrapped(about, 96)) {
            out.push_str(&format!("    {line}\n"));
        }
    }
    out
}

fn time(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..=99 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_reads_as_a_table() {
        let entry = |name, writes, about: &str| Entry {
            name,
            about: Some(about.to_owned()),
            variants: vec!["a".to_owned(), "b".to_owned()],
            claims: 1,
            expectations: 0,
            writes,
            estimate_s: if writes { 130 } else { 42 },
            sources: Vec::new(),
        };
        let entries = [entry("short", false, "one sentence"), entry("a-longer-name", true, &"many words ".repeat(12))];
        insta::assert_snapshot!(text(&entries));
    }
}
