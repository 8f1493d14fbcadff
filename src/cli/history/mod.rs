//! `dbbench history`: the results of one workload in the order of time, and where their figures change.
//!
//! Reads `summary.json` of each result and nothing else. What cannot be read, is partial or not valid is named and left out.

pub mod args;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::args::{HistoryArgs, HistoryFormat};
use super::compare::{metric, recorded, write};
use super::failure::{Failure, chain};
use super::finish::width;
use crate::report;
use crate::result::compared::LeftOutRun;
use crate::result::history::History;
use crate::result::summary::Summary;
use crate::result::{self, ReadError, Summarized};
use crate::verdict::history::{self, Question, Refusal};
use crate::words::{ExitCode, Metric};

/// Shows a history.
///
/// # Errors
/// When an argument is wrong, a folder cannot be read, or nothing in it can be used.
pub fn history(args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let question = Question {
        workload: args.workload.clone(),
        machine: args.machine.clone(),
        hash: args.hash.clone(),
        only: args.variant.clone(),
        metrics: args.metric.iter().map(|name| metric(name)).collect::<Result<_, _>>()?,
        force: args.force,
    };
    let (mut read, mut left_out) = (Vec::new(), Vec::new());
    for dir in results_below(&args.dirs, &mut left_out)? {
        let name = dir.display().to_string();
        match summary_of(&dir) {
            Some(Ok(summary)) => read.push((name, summary)),
            Some(Err(reason)) => left_out.push(LeftOutRun { dir: name, reason }),
            None => {}
        }
    }
    if read.is_empty() && left_out.is_empty() {
        let dirs: Vec<String> = args.dirs.iter().map(|dir| dir.display().to_string()).collect();
        let message = format!("there is no result in {} or below", dirs.join(", "));
        return Err(Failure::text(ExitCode::Failed, message));
    }
    if !read.is_empty() {
        recorded(&question.metrics, &read.iter().flat_map(|(_, summary)| records(summary)).collect())?;
    }
    let history = history::history(read, left_out, &question).map_err(|refusal| {
        let code = if matches!(refusal, Refusal::Nothing(_)) { ExitCode::Failed } else { ExitCode::Usage };
        Failure::text(code, refusal.to_string())
    })?;
    write(args.out.as_deref(), args.format == HistoryFormat::Text, &rendered(args, &history)?)?;
    Ok(ExitCode::Done)
}

/// The names that the steps of a run record values under.
fn records(summary: &Summary) -> impl Iterator<Item = &str> {
    let names = summary.variants.iter().flat_map(|variant| variant.metrics.keys());
    let is_recorded = |name: &&String| matches!(Metric::of_results(name), Some(Metric::Record(..)));
    names.filter(is_recorded).filter_map(|name| name.split('.').next())
}

/// The summary of a result, or why there is none; `None` for what is no result of dbbench.
fn summary_of(dir: &Path) -> Option<Result<Summary, String>> {
    Some(match result::read_summary(dir) {
        Ok(Summarized::Yes(summary)) => Ok(*summary),
        Ok(Summarized::NotYet) => {
            Err(format!("no summary.json: the run was cut off, or goes on; dbbench report {} makes it", dir.display()))
        }
        Ok(Summarized::Foreign) => return None,
        Err(error) => Err(chain(&error)),
    })
}

/// The result folders that are named, or lie below the folders that are; each once, by path. Folders that cannot be looked into
/// are left out by name.
fn results_below(dirs: &[PathBuf], left_out: &mut Vec<LeftOutRun>) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for dir in dirs {
        if result::is_result(dir) {
            found.push(dir.clone());
            continue;
        }
        let below = result::find(dir).map_err(|error| Failure::failed(&error))?;
        found.extend(below.results);
        let unreadable = |error: &ReadError| LeftOutRun { dir: dir.display().to_string(), reason: chain(error) };
        left_out.extend(below.unreadable.iter().map(unreadable));
    }
    found.sort();
    let real = |dir: &Path| dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let mut seen = BTreeSet::new();
    found.retain(|dir| seen.insert(real(dir)));
    Ok(found)
}

fn rendered(args: &HistoryArgs, history: &History) -> Result<String, Failure> {
    Ok(match args.format {
        HistoryFormat::Text => {
            let look = report::terminal::Look { width: width(), color: args.out.is_none() && args.color.is_on() };
            report::history::text::render(history, look)
        }
        HistoryFormat::Csv => {
            let table = report::history::csv::render(history).map_err(|error| Failure::failed(&error))?;
            explain(history, &table.left_out);
            table.text
        }
        HistoryFormat::Json => {
            let text = serde_json::to_string_pretty(history).map_err(|error| Failure::failed(&error))?;
            format!("{text}\n")
        }
        HistoryFormat::Html => report::history::page(history).map_err(|error| Failure::failed(&error))?,
    })
}

/// What the table itself cannot say.
fn explain(history: &History, without_figure: &[String]) {
    for dir in without_figure {
        anstream::eprintln!("warning: {dir} is not in the table: it lacks one of the figures");
    }
    for run in &history.left_out {
        anstream::eprintln!("warning: {} is left out: {}", run.dir, run.reason);
    }
}
