//! `dbbench compare`: sides of runs against the first of them.
//!
//! A side is a result folder, several with commas between them, or a folder of them; `::VARIANT` behind it names one variant.
//! What of a side cannot be read is named and left out; a side of which nothing is left ends the command.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::args::{Cli, CompareArgs, CompareFormat};
use super::failure::{Failure, chain};
use super::finish::width;
use crate::report;
use crate::result::compared::{Compared, LeftOutRun};
use crate::result::{self, ReadError, Reader};
use crate::verdict::between::{self, Past, Question, SideRuns};
use crate::words::{Direction, ExitCode, Metric, UnknownMetric};

/// Inks that tell sides apart.
const MOST_SIDES: usize = 8;

/// Compares runs.
///
/// # Errors
/// When an argument is wrong, a side cannot be read, or the sides do not measure the same.
pub fn compare(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let question = question(args)?;
    if args.sides.len() > MOST_SIDES {
        return usage(format!("at most {MOST_SIDES} sides are compared at once, got {}", args.sides.len()));
    }
    let sides: Vec<SideRuns> = args
        .sides
        .iter()
        .enumerate()
        .map(|(index, text)| side(&between::label(index), text, args.workload.as_deref()))
        .collect::<Result<_, _>>()?;
    let slices = sides.iter().flat_map(|side| &side.runs).flat_map(|reader| &reader.slices);
    recorded(&question.metrics, &slices.flat_map(|slice| slice.mix.records.keys().map(String::as_str)).collect())?;
    let past = if between::needs_past(&sides) { past(args.history.as_deref(), &sides)? } else { Past::default() };
    let compared = between::compare(&sides, &past, &question)
        .map_err(|refusal| Failure::text(ExitCode::Usage, refusal.to_string()))?;
    let for_people = args.format == CompareFormat::Text;
    write(args.out.as_deref(), for_people, &rendered(args, &compared, &sides)?)?;
    explain(args, &compared);
    Ok(between::exit_code(&compared, args.strict))
}

fn usage<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::text(ExitCode::Usage, message))
}

fn question(args: &CompareArgs) -> Result<Question, Failure> {
    let fail_above = match &args.fail_above {
        None => None,
        Some(text) => match share(text) {
            Some(share) => Some(share),
            None => {
                return usage(format!(
                    "`--fail-above` takes a share from 0 % on, for example 5% or 0.05, got `{text}`"
                ));
            }
        },
    };
    let metrics: Vec<Metric> = args.metric.iter().map(|name| metric(name)).collect::<Result<_, _>>()?;
    if fail_above.is_some() {
        can_be_worse(&metrics)?;
    }
    // What cannot be done is not recommended.
    let has_ab = Cli::command().find_subcommand("ab").is_some();
    let remedy = if has_ab { "use dbbench ab, or three runs a side" } else { "use three runs a side" };
    Ok(Question { metrics, only: args.only.clone(), force: args.force, fail_above, remedy: remedy.to_owned() })
}

/// `5%`, `5 %` or `0.05`; not negative and at most a thousandfold.
pub(super) fn share(text: &str) -> Option<f64> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.trim().parse().ok()?,
    };
    (0.0..=1_000.0).contains(&share).then_some(share)
}

const EXAMPLE: &str = "for example response.p50, response.p99, response.mean, goodput, failures.share or cpu.server";

/// A metric of `--metric`. What is none of dbbench's own may be a name of `record`: see [`recorded`].
pub(super) fn metric(name: &str) -> Result<Metric, Failure> {
    let example = EXAMPLE;
    match Metric::parse(name) {
        Ok(metric) => Ok(metric),
        Err(UnknownMetric::Meant(meant)) => {
            usage(format!("`--metric`: there is no metric `{name}`; the name is `{meant}`"))
        }
        Err(UnknownMetric::NotSupported) => {
            usage(format!("`--metric`: this version does not measure `{name}`; {example}"))
        }
        Err(UnknownMetric::Unknown) => match Metric::record(name) {
            Some(metric) => Ok(metric),
            None => usage(format!("`--metric`: there is no metric `{name}`; {example}")),
        },
    }
}

/// Refuses metrics that could only be names of `record` where nothing is recorded under them. `records`: what is.
pub(super) fn recorded(metrics: &[Metric], records: &BTreeSet<&str>) -> Result<(), Failure> {
    for metric in metrics {
        let Metric::Record(name, _) = metric else { continue };
        if !records.contains(name.as_str()) {
            let names: Vec<&str> = records.iter().copied().collect();
            let names = if names.is_empty() { String::new() } else { format!("; steps record {}", names.join(", ")) };
            return usage(format!("`--metric`: there is no metric `{metric}`; {EXAMPLE}{names}"));
        }
    }
    Ok(())
}

/// Refuses a gate that could never fail: neither direction of the metric is the worse one.
pub(super) fn can_be_worse(metrics: &[Metric]) -> Result<(), Failure> {
    match metrics.iter().find(|metric| metric.direction() == Direction::Neutral) {
        Some(metric) => usage(format!(
            "`--fail-above`: of `{metric}` neither more nor less is worse by itself, so that it could never fail; bound it with \
             an [[expect]] in the workload, or leave out --fail-above or this --metric"
        )),
        None => Ok(()),
    }
}

/// Reads a side. `workload`: of a folder of runs only those of this one.
fn side(label: &str, text: &str, workload: Option<&str>) -> Result<SideRuns, Failure> {
    let (mut runs, mut left_out, mut variants) = (Vec::new(), Vec::new(), BTreeSet::new());
    let parts: Vec<&str> = if Path::new(text).exists() { vec![text] } else { text.split(',').collect() };
    let mut first_error = None;
    for part in parts {
        let (path, variant) = path_and_variant(part);
        variants.extend(variant);
        let folders = match folders(label, &path, workload) {
            Ok(folders) => folders,
            Err(Found::Nothing(failure)) => return Err(failure),
            Err(Found::Error(error)) => {
                left_out.push(LeftOutRun { dir: path.display().to_string(), reason: chain(&error) });
                first_error.get_or_insert(error);
                continue;
            }
        };
        for dir in folders {
            match Reader::open(&dir) {
                Ok(reader) => runs.push(reader),
                Err(error) => {
                    left_out.push(LeftOutRun { dir: dir.display().to_string(), reason: chain(&error) });
                    first_error.get_or_insert(error);
                }
            }
        }
    }
    if runs.is_empty() {
        return match first_error {
            Some(error) => Err(Failure::failed(&error)),
            None => usage(format!("side {label} names no result")),
        };
    }
    if variants.len() > 1 {
        let all: Vec<String> = variants.into_iter().collect();
        return usage(format!("side {label} names several variants, {}: one at most", all.join(" and ")));
    }
    runs.sort_by(|a, b| a.run.started_at_epoch_s.total_cmp(&b.run.started_at_epoch_s));
    let mut seen = BTreeSet::new();
    if let Some(twice) =
        runs.iter().find(|reader| !seen.insert(reader.dir.canonicalize().unwrap_or_else(|_| reader.dir.clone())))
    {
        return usage(format!("side {label} names {} twice: each run counts once", twice.dir.display()));
    }
    Ok(SideRuns { name: text.to_owned(), variant: variants.into_iter().next(), runs, left_out })
}

/// The folder and what stands behind `::`.
fn path_and_variant(part: &str) -> (PathBuf, Option<String>) {
    match part.rsplit_once("::") {
        Some((path, variant)) if !Path::new(part).exists() => (path.into(), Some(variant.to_owned())),
        _ => (part.into(), None),
    }
}

enum Found {
    /// Not to be read.
    Error(ReadError),
    /// Wrong whatever else there is.
    Nothing(Failure),
}

/// The result folders that a path names: itself, or those in it.
fn folders(label: &str, path: &Path, workload: Option<&str>) -> Result<Vec<PathBuf>, Found> {
    if path.join("run.json").exists() || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let all = result::results_in(path).map_err(Found::Error)?;
    if all.is_empty() {
        return Err(Found::Error(ReadError::NotAResult(path.to_owned())));
    }
    // What cannot be read may be of any workload: it is named when it is opened.
    let name = |dir: &PathBuf| result::read_run(dir).ok().map(|run| run.workload);
    let named: Vec<(PathBuf, Option<String>)> =
        all.into_iter().map(|dir| (name(&dir), dir)).map(|(name, dir)| (dir, name)).collect();
    let names: BTreeSet<&str> = named.iter().filter_map(|(_, name)| name.as_deref()).collect();
    let listed = || names.iter().copied().collect::<Vec<_>>().join(", ");
    match workload {
        Some(wanted) if !names.contains(wanted) => Err(Found::Nothing(Failure::text(
            ExitCode::Usage,
            format!("side {label}: no run of workload \"{wanted}\" in {}; it has runs of {}", path.display(), listed()),
        ))),
        None if names.len() > 1 => Err(Found::Nothing(Failure::text(
            ExitCode::Usage,
            format!(
                "side {label}: {} has runs of several workloads, {}; choose one with --workload",
                path.display(),
                listed()
            ),
        ))),
        _ => {
            let wanted = |name: &Option<String>| match (name, workload) {
                (Some(name), Some(wanted)) => name == wanted,
                _ => true,
            };
            Ok(named.into_iter().filter(|(_, name)| wanted(name)).map(|(dir, _)| dir).collect())
        }
    }
}

/// Other runs that tell how runs differ by themselves: in `--history`, else beside the runs of the sides.
fn past(history: Option<&Path>, sides: &[SideRuns]) -> Result<Past, Failure> {
    let runs = || sides.iter().flat_map(|side| &side.runs);
    let folders: BTreeSet<PathBuf> = match history {
        Some(dir) => BTreeSet::from([dir.to_owned()]),
        None => runs().filter_map(|reader| Some(parent(&reader.dir)?.to_owned())).collect(),
    };
    let real = |dir: &Path| dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let mut seen: BTreeSet<PathBuf> = runs().map(|reader| real(&reader.dir)).collect();
    let mut past = Past { dir: shown(&folders), runs: Vec::new() };
    for folder in &folders {
        let results = match result::results_in(folder) {
            Ok(results) => results,
            Err(error) if history.is_some() => return Err(Failure::failed(&error)),
            Err(_) => continue,
        };
        for dir in results {
            let wanted =
                seen.insert(real(&dir)) && result::read_run(&dir).is_ok_and(|run| between::is_past(&run, sides));
            // One that cannot be read says nothing about the others.
            past.runs.extend(wanted.then(|| Reader::open(&dir).ok()).flatten());
        }
    }
    Ok(past)
}

fn parent(dir: &Path) -> Option<&Path> {
    dir.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

fn shown(folders: &BTreeSet<PathBuf>) -> String {
    folders.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn rendered(args: &CompareArgs, compared: &Compared, sides: &[SideRuns]) -> Result<String, Failure> {
    Ok(match args.format {
        CompareFormat::Text => {
            let look = report::terminal::Look { width: width(), color: args.out.is_none() && args.color.is_on() };
            report::compare::text::render(compared, look)
        }
        CompareFormat::Markdown => report::compare::markdown::render(compared),
        CompareFormat::Csv => report::compare::csv::render(compared).map_err(|error| Failure::failed(&error))?,
        CompareFormat::Json => {
            let text = serde_json::to_string_pretty(compared).map_err(|error| Failure::failed(&error))?;
            format!("{text}\n")
        }
        CompareFormat::Html => {
            let mut runs = Vec::new();
            for (index, reader) in
                sides.iter().enumerate().flat_map(|(index, side)| side.runs.iter().map(move |run| (index, run)))
            {
                runs.push(report::compare::MeasuredRun {
                    side: index,
                    reader,
                    histograms: reader.response_histograms().map_err(|error| Failure::failed(&error))?,
                    intervals: reader.intervals().map_err(|error| Failure::failed(&error))?,
                });
            }
            let places = args.out.as_deref().and_then(|file| places(file, sides));
            report::compare::page_at(compared, &runs, places.as_deref()).map_err(|error| Failure::failed(&error))?
        }
    })
}

/// The ways from the folder of the page to the runs that have one: they stay true when all are moved together.
fn places(file: &Path, sides: &[SideRuns]) -> Option<Vec<Vec<Option<String>>>> {
    let folder = parent(file)?.canonicalize().ok()?;
    let place = |reader: &Reader| {
        let dir = reader.dir.canonicalize().ok().filter(|dir| dir.join("report.html").exists())?;
        result::relative(&folder, &dir)
    };
    Some(sides.iter().map(|side| side.runs.iter().map(place).collect()).collect())
}

/// To a file, else to stdout. `for_people`: it may have colours.
pub(super) fn write(out: Option<&Path>, for_people: bool, text: &str) -> Result<(), Failure> {
    if let Some(file) = out {
        return write_file(file, text);
    }
    let written = match for_people {
        true => anstream::stdout().lock().write_all(text.as_bytes()),
        false => std::io::stdout().lock().write_all(text.as_bytes()),
    };
    match written {
        // Whoever reads stdout has what he wanted (`| head -1`).
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::text(ExitCode::Failed, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Whole or not at all, unless it is no file (`/dev/stderr`, a pipe).
pub(super) fn write_file(file: &Path, text: &str) -> Result<(), Failure> {
    let name = file.file_name().and_then(|name| name.to_str());
    match (parent(file), name) {
        (Some(dir), Some(name)) if file.is_file() || !file.exists() => {
            result::write_file(dir, name, text.as_bytes()).map_err(|error| Failure::failed(&error))
        }
        _ => std::fs::write(file, text)
            .map_err(|error| Failure::text(ExitCode::Failed, format!("cannot write {}: {error}", file.display()))),
    }
}

/// What the exit code rests on, where the text on stdout does not say it: whoever sees the code in a log reads why.
fn explain(args: &CompareArgs, compared: &Compared) {
    if args.format == CompareFormat::Text && args.out.is_none() {
        return;
    }
    for reason in &compared.invalid_reasons {
        anstream::eprintln!("error: not valid: {reason}");
    }
    for one in compared.regressions() {
        let ratio = one.ratio.map_or_else(String::new, |ratio| format!(" {}", report::format::ratio(ratio)));
        anstream::eprintln!("error: regression: {} of {} in {}{ratio}", one.metric, one.variant, one.side);
    }
    for one in between::undecided(compared).filter(|_| args.strict) {
        let reason = one.reason.as_deref().unwrap_or("the interval holds both a difference and none");
        anstream::eprintln!("error: undecided: {} of {} in {}: {reason}", one.metric, one.variant, one.side);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_may_be_what_steps_record_and_nothing_else() {
        let read = ["age", "age.p99"].map(|name| metric(name).expect("may be recorded"));
        assert!(recorded(&read, &BTreeSet::from(["age"])).is_ok());
        let text = |records: &BTreeSet<&str>| recorded(&read[1..], records).unwrap_err().message;
        assert!(text(&BTreeSet::from(["size"])).ends_with("failures.share or cpu.server; steps record size"));
        assert!(text(&BTreeSet::new()).contains("there is no metric `age.p99`; for example response.p50"));
        assert!(metric("age.p98").is_err() && metric("response_us.p50").is_err());
    }

    #[test]
    fn a_gate_is_about_what_can_be_worse() {
        let metrics = |names: &[&str]| names.iter().map(|name| metric(name).expect("a metric")).collect::<Vec<_>>();
        assert!(can_be_worse(&metrics(&["response.p50", "goodput", "failures.40001", "cpu.server"])).is_ok());
        for neutral in ["statements", "age", "checks.lost", "background.vacuum.statements"] {
            assert!(can_be_worse(&metrics(&["goodput", neutral])).is_err(), "{neutral}");
        }
    }
}
