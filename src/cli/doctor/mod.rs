//! `dbbench doctor`: what is installed, what is missing and the command that brings it; with `--target`, what is possible
//! on a server. Only looks: nothing is installed, started or written.

mod machine;
mod packages;
mod target;

use serde::Serialize;

use super::args::{DoctorArgs, Format};
use super::failure::Failure;
use crate::report::wrapped;
use crate::words::ExitCode;

/// What a look at one thing gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Good,
    /// Runs work, with something to know.
    Note,
    /// Not there, and only some workloads need it.
    Optional,
    /// Without it nothing runs.
    Missing,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    name: &'static str,
    status: Status,
    /// What was found; `null` when it could not be told.
    found: Option<String>,
    /// What it means or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn new(status: Status, name: &'static str, found: impl Into<String>) -> Self {
        Self { name, status, found: Some(found.into()), remedy: None }
    }

    pub(super) fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(Status::Good, name, found)
    }

    /// What the machine does not tell.
    pub(super) fn unknown(name: &'static str) -> Self {
        Self { name, status: Status::Good, found: None, remedy: None }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// All findings, for programs.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether what a run needs is there.
    ready: bool,
    machine: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Vec<Finding>>,
}

/// Looks and prints; ends with 0 when a run is possible, else with 1.
///
/// # Errors
/// When the connection string is wrong.
pub fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let machine = machine::look(args.pg_bindir.as_deref());
    let target = args.target.as_deref().map(target::look).transpose()?;
    // On a server that runs elsewhere nothing of PostgreSQL is needed here.
    let needed = target.as_ref().unwrap_or(&machine);
    let ready = needed.iter().all(|finding| finding.status != Status::Missing);
    let report = Report { ready, machine, target };
    match args.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::failed(&error))?;
            anstream::println!("{text}");
        }
        Format::Text => anstream::print!("{}", text(&report)),
    }
    Ok(if report.ready { ExitCode::Done } else { ExitCode::Failed })
}

fn text(report: &Report) -> String {
    let mut out = String::from("this machine\n");
    let sections = std::iter::once((&report.machine, None))
        .chain(report.target.as_ref().map(|list| (list, Some("\nthe target\n"))));
    let width = 20;
    for (findings, title) in sections {
        out.push_str(title.unwrap_or_default());
        for finding in findings {
            let mark = match finding.status {
                Status::Good => "  ",
                Status::Note => "! ",
                Status::Optional => "- ",
                Status::Missing => "✗ ",
            };
            let found = wrapped(finding.found.as_deref().unwrap_or("cannot be told here"), 76);
            let remedy = finding.remedy.iter().flat_map(|remedy| wrapped(&format!("→ {remedy}"), 76));
            for (at, line) in found.into_iter().chain(remedy).enumerate() {
                let name = if at == 0 { finding.name } else { "" };
                let mark = if at == 0 { mark } else { "  " };
                out.push_str(format!("{mark}{name:width$}{line}").trim_end());
                out.push('\n');
            }
        }
    }
    out.push_str(match report.ready {
        true => "\nready: what a run needs is there\n",
        false => "\nnot ready: see ✗ above\n",
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_read_as_a_list_with_remedies() {
        let report = Report {
            ready: false,
            machine: vec![
                Finding::new(Status::Missing, "PostgreSQL", "none found")
                    .remedy("install it: `apt-get install postgresql`"),
                Finding::new(Status::Optional, "Redis", "not installed").remedy("apt-get install redis-server"),
                Finding::good("clock source", "tsc"),
                Finding::unknown("CPU governor"),
            ],
            target: Some(vec![Finding::new(Status::Note, "TLS", "not encrypted")]),
        };
        insta::assert_snapshot!("findings", text(&report));
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["machine"][3]["found"], serde_json::Value::Null);
        assert_eq!(json["machine"][0]["status"], "missing");
    }
}
