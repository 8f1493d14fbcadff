//! `dbbench report DIR --export FORMAT[=FILE]`: the result in the formats of other tools.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::compare::write_file;
use crate::cli::failure::Failure;
use crate::report::ReportFile;
use crate::report::export as formats;
use crate::result::summary::Summary;
use crate::result::{self, Reader};
use crate::words::{ExitCode, counted};

/// Where GitHub Actions says that the summary of a step belongs.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// A format of other tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Hgrm,
    Csv,
    OpenMetrics,
    Junit,
    Github,
    StepSummary,
}

/// Every format by its name, and where it goes if nobody says: a file or folder in the result folder.
const FORMATS: [(&str, Format, &str); 6] = [
    ("hgrm", Format::Hgrm, "hgrm"),
    ("csv", Format::Csv, "summary.csv"),
    ("openmetrics", Format::OpenMetrics, "openmetrics.txt"),
    ("junit", Format::Junit, "junit.xml"),
    ("github", Format::Github, ""),
    ("step-summary", Format::StepSummary, ""),
];

/// An export as asked for.
#[derive(Clone, Debug)]
pub struct Export {
    format: Format,
    default: &'static str,
    file: Option<PathBuf>,
}

/// Reads `FORMAT` or `FORMAT=FILE`.
///
/// # Errors
/// When there is no such format, or the name of the file is empty.
pub fn parse(text: &str) -> Result<Export, String> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
    let names = || FORMATS.map(|(name, _, _)| name).join(", ");
    let Some((_, format, default)) = FORMATS.into_iter().find(|(known, _, _)| *known == name) else {
        return Err(format!("there is no format \"{name}\"; there are {}", names()));
    };
    if file == Some("") {
        return Err(format!("nothing stands behind `{name}=`; give a file, or `{name}` alone"));
    }
    Ok(Export { format, default, file: file.map(PathBuf::from) })
}

/// Refuses what cannot be done, before anything is written.
///
/// # Errors
/// When the summary of a step was asked for where there is no such thing, or two exports go to the same file.
pub fn check(exports: &[Export]) -> Result<(), Failure> {
    for (at, export) in exports.iter().enumerate() {
        if export.format == Format::StepSummary && export.file.is_none() && std::env::var_os(STEP_SUMMARY).is_none() {
            let message = format!(
                "`--export step-summary`: {STEP_SUMMARY} is not set, as it is in GitHub Actions; name a file with `step-summary=FILE`"
            );
            return Err(Failure::text(ExitCode::Usage, message));
        }
        let same = |other: &Export| match (&export.file, &other.file) {
            (None, None) => export.format == other.format,
            (file, other) => file == other,
        };
        if exports[..at].iter().any(same) {
            let what = export
                .file
                .as_ref()
                .map_or_else(|| "the same format".to_owned(), |file| format!("the file {}", file.display()));
            return Err(Failure::text(ExitCode::Usage, format!("`--export`: {what} is asked for twice")));
        }
    }
    Ok(())
}

/// Writes every export of the result in `dir`, and says where.
///
/// # Errors
/// When the result cannot be read, or a file cannot be written.
pub fn export(exports: &[Export], dir: &Path, summary: &Summary, strict: bool) -> Result<(), Failure> {
    for export in exports {
        let text = match export.format {
            Format::Hgrm => {
                percentiles(export, dir, summary)?;
                continue;
            }
            Format::Csv => formats::csv::render(summary).map_err(|error| Failure::failed(&error))?,
            Format::OpenMetrics => formats::openmetrics::render(summary),
            Format::Junit => formats::junit::render(summary, strict),
            Format::Github => {
                let run = result::read_run(dir).map_err(|error| Failure::failed(&error))?;
                formats::github::render(summary, &run.source_path, strict)
            }
            Format::StepSummary => formats::markdown::render(summary, strict),
        };
        match (&export.file, export.format) {
            (Some(file), _) => write_file(file, &text)?,
            // Actions reads both streams; stdout may hold JSON.
            (None, Format::Github) => anstream::eprint!("{text}"),
            (None, Format::StepSummary) => append(&text)?,
            (None, _) => write_file(&dir.join(export.default), &text)?,
        }
        say(export, dir);
    }
    Ok(())
}

fn say(export: &Export, dir: &Path) {
    let file = match &export.file {
        Some(file) => file.clone(),
        None if export.default.is_empty() => return,
        None => dir.join(export.default),
    };
    anstream::eprintln!("exported: {}", file.display());
}

/// A folder of files: one for each variant and operation.
fn percentiles(export: &Export, dir: &Path, summary: &Summary) -> Result<(), Failure> {
    let reader = Reader::open(dir).map_err(|error| Failure::failed(&error))?;
    let histograms = reader.response_histograms().map_err(|error| Failure::failed(&error))?;
    let (files, left_out) = formats::hgrm::files(summary, &histograms);
    let folder = export.file.clone().unwrap_or_else(|| dir.join(export.default));
    let cannot = |error: std::io::Error| {
        Failure::text(ExitCode::Failed, format!("cannot make the folder {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(&folder).map_err(cannot)?;
    for ReportFile { name, content } in &files {
        result::write_file(&folder, name, content).map_err(|error| Failure::failed(&error))?;
    }
    for name in left_out {
        anstream::eprintln!(
            "warning: no percentiles of {name}: nothing was measured, or its histograms are not complete"
        );
    }
    anstream::eprintln!("exported: {} in {}", counted(files.len(), "file"), folder.display());
    Ok(())
}

/// Other steps and commands write there too.
fn append(text: &str) -> Result<(), Failure> {
    let file = PathBuf::from(std::env::var_os(STEP_SUMMARY).unwrap_or_default());
    let written =
        OpenOptions::new().append(true).create(true).open(&file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::text(ExitCode::Failed, format!("cannot write to {STEP_SUMMARY} ({}): {error}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::{check, parse};

    #[test]
    fn a_format_may_name_its_file() {
        let export = parse("junit=out/j=1.xml").unwrap();
        assert_eq!(export.file.unwrap().display().to_string(), "out/j=1.xml");
        assert!(parse("csv").unwrap().file.is_none());
    }

    #[test]
    fn what_is_no_format_is_told_with_those_that_are() {
        assert_eq!(
            parse("xml").unwrap_err(),
            "there is no format \"xml\"; there are hgrm, csv, openmetrics, junit, github, step-summary"
        );
        assert_eq!(parse("csv=").unwrap_err(), "nothing stands behind `csv=`; give a file, or `csv` alone");
    }

    #[test]
    fn no_export_writes_over_another() {
        let exports = |texts: &[&str]| texts.iter().map(|text| parse(text).unwrap()).collect::<Vec<_>>();
        assert!(check(&exports(&["csv", "csv=a.csv", "junit"])).is_ok());
        assert!(check(&exports(&["csv", "csv"])).unwrap_err().message.contains("the same format is asked for twice"));
        assert!(check(&exports(&["csv=a", "junit=a"])).unwrap_err().message.contains("the file a"));
    }
}
