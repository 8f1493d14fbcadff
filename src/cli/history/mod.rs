//! `dbbench history`: the results of one workload in the order of time, and where their figures change.
//!
//! Reads `summary.json` of each result and nothing else. What cannot be read, is partial or not valid is named and left out.

pub mod args;

use std::path::{Path, PathBuf};

use self::args::{HistoryArgs, HistoryFormat};
use super::compare::{metric, write};
use super::failure::{Failure, chain};
use super::finish::width;
use crate::report;
use crate::result::compared::LeftOutRun;
use crate::result::history::History;
use crate::result::summary::Summary;
use crate::result::{self, ReadError, Summarized};
use crate::verdict::history::{self, Question, Refusal};
use crate::words::ExitCode;

/// How many folders deep results are looked for: year, branch, workload, run, and one to spare.
const DEPTH: usize = 5;

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
    for dir in results_below(&args.dirs)? {
        let name = dir.display().to_string();
        match summary_of(&dir) {
            Ok(summary) => read.push((name, summary)),
            Err(reason) => left_out.push(LeftOutRun { dir: name, reason }),
        }
    }
    if read.is_empty() && left_out.is_empty() {
        let dirs: Vec<String> = args.dirs.iter().map(|dir| dir.display().to_string()).collect();
        let message = format!("there is no result in {} or below", dirs.join(", "));
        return Err(Failure::text(ExitCode::Failed, message));
    }
    let history = history::history(read, left_out, &question).map_err(|refusal| {
        let code = if matches!(refusal, Refusal::Nothing(_)) { ExitCode::Failed } else { ExitCode::Usage };
        Failure::text(code, refusal.to_string())
    })?;
    write(args.out.as_deref(), args.format == HistoryFormat::Text, &rendered(args, &history)?)?;
    Ok(ExitCode::Done)
}

/// The summary of a result, or why there is none.
fn summary_of(dir: &Path) -> Result<Summary, String> {
    match result::read_summary(dir) {
        Ok(Summarized::Yes(summary)) => Ok(*summary),
        Ok(Summarized::NotYet) => {
            Err(format!("no summary.json: the run was cut off, or goes on; dbbench report {} makes it", dir.display()))
        }
        Ok(Summarized::Foreign) => Err("its summary.json is of another program".to_owned()),
        Err(error) => Err(chain(&error)),
    }
}

/// The result folders that are named, or lie below the folders that are; each once, by path.
fn results_below(dirs: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for dir in dirs {
        if dir.join("run.json").is_file() {
            found.push(dir.clone());
            continue;
        }
        let error = |source| Failure::failed(&ReadError::Read { file: dir.clone(), source });
        std::fs::read_dir(dir).map_err(error)?;
        look_into(dir, DEPTH, &mut found);
    }
    found.sort();
    let real = |dir: &Path| dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|dir| seen.insert(real(dir)));
    Ok(found)
}

/// What lies below a result belongs to it. What cannot be looked into below the folder that was named holds none for us.
fn look_into(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.join("run.json").is_file() {
            found.push(path);
        } else if depth > 1 && !hidden && path.is_dir() && !path.is_symlink() {
            look_into(&path, depth - 1, found);
        }
    }
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
