//! `dbbench report` over a folder of results: the index of all runs below it, and in each run's page the comparisons that it is
//! a side of. Of a run its `summary.json` alone is read.

use std::io::Write as _;
use std::path::Path;

use super::args::{Format, ReportArgs};
use super::failure::{Failure, chain};
use super::finish::width;
use crate::report::{self, terminal::Look};
use crate::result::compared::LeftOutRun;
use crate::result::index::{INDEX_VERSION, Index, IndexedRun, Links};
use crate::result::{self, Found, LINKS, ReadError, Summarized};
use crate::words::ExitCode;

/// The page that is written into the folder.
const PAGE: &str = "index.html";

/// Writes `index.html` and ties the runs' pages to the comparisons found.
///
/// # Errors
/// When nothing is found, or the folder cannot be read or written.
pub fn index(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let dir = &args.dir;
    let found = result::find(dir).map_err(|error| Failure::failed(&error))?;
    if found.results.is_empty() {
        return Err(Failure::failed(&ReadError::NoResults(dir.clone())));
    }
    if args.strict {
        let text = format!("`--strict` is about the verdict of one result, and {} holds several", dir.display());
        return Err(Failure::text(ExitCode::Usage, text));
    }
    let page = dir.join(PAGE);
    may_be_written(&page)?;
    let index = gather(dir, found);
    if index.runs.is_empty() && index.left_out.is_empty() {
        return Err(Failure::failed(&ReadError::NoResults(dir.clone())));
    }
    let text = report::index::page(&index, &title(dir)).map_err(|error| Failure::failed(&error))?;
    result::write_file(dir, PAGE, text.as_bytes()).map_err(|error| Failure::failed(&error))?;
    for run in &index.runs {
        if let Err(failure) = link(dir, run, &report::index::links_of(&index, run)) {
            anstream::eprintln!("warning: {} does not link its comparisons: {}", run.dir, failure.message);
        }
    }
    print(args, &index)?;
    if index.runs.is_empty() {
        return Err(Failure::text(ExitCode::Failed, "none of the results found can be read, or has come to its end"));
    }
    Ok(ExitCode::Done)
}

/// Somebody's own page may have that name: in any encoding, and also where it cannot be read.
fn may_be_written(page: &Path) -> Result<(), Failure> {
    let text = match std::fs::read(page) {
        Ok(bytes) if report::index::is_ours(&bytes) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Ok(_) => format!("{} is none that dbbench has written; move it away", page.display()),
        Err(error) => {
            format!("{} cannot be read ({error}), and may be somebody's own; move it away", page.display())
        }
    };
    Err(Failure::text(ExitCode::Failed, text))
}

/// Reads what was found.
fn gather(dir: &Path, found: Found) -> Index {
    let mut index = Index {
        index_version: INDEX_VERSION,
        dbbench_version: env!("CARGO_PKG_VERSION").to_owned(),
        dir: dir.display().to_string(),
        page: dir.join(PAGE).display().to_string(),
        ..Index::default()
    };
    // What was found lies in the folder and begins with its path.
    let within = |path: &Path| {
        let below = path.strip_prefix(dir).unwrap_or(path);
        result::relative(Path::new(""), below).unwrap_or_else(|| path.display().to_string())
    };
    for path in &found.results {
        let (place, reason) = (within(path), |reason: String| LeftOutRun { dir: within(path), reason });
        match result::read_summary(path) {
            Ok(Summarized::Yes(summary)) => {
                let report = path.join("report.html").exists().then(|| format!("{place}/report.html"));
                index.runs.push(report::index::run_of(place, report, &summary));
            }
            Ok(Summarized::NotYet) => {
                let how = format!("if it was cut off, `dbbench report {}` makes its summary", path.display());
                index.left_out.push(reason(format!("the run has not come to its end; {how}")));
            }
            Ok(Summarized::Foreign) => {}
            Err(error) => index.left_out.push(reason(chain(&error))),
        }
    }
    let unreadable =
        found.unreadable.iter().map(|error| LeftOutRun { dir: dir.display().to_string(), reason: chain(error) });
    index.left_out.extend(unreadable);
    let comparisons = found.comparisons.into_iter().map(|(page, card)| (within(&page), card)).collect();
    report::index::tie(&mut index, comparisons);
    index
}

/// The name of the folder, also where it was named `.`.
fn title(dir: &Path) -> String {
    let real = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    real.file_name().map_or_else(|| "Results".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Has the page of a run link its comparisons, and no others. What it links already is left as it is.
fn link(dir: &Path, run: &IndexedRun, links: &Links) -> Result<(), Failure> {
    let folder = dir.join(&run.dir);
    if result::read_links(&folder).comparisons == links.comparisons {
        return Ok(());
    }
    let json = serde_json::to_string_pretty(links).map_err(|error| Failure::failed(&error))?;
    result::write_file(&folder, LINKS, format!("{json}\n").as_bytes()).map_err(|error| Failure::failed(&error))?;
    let Some(Ok(page)) = run.report.as_ref().map(|report| std::fs::read_to_string(dir.join(report))) else {
        return Ok(());
    };
    match report::relinked(&page, links).map_err(|error| Failure::failed(&error))? {
        Some(page) => {
            result::write_file(&folder, "report.html", page.as_bytes()).map_err(|error| Failure::failed(&error))
        }
        None => {
            let remedy =
                format!("its page is of an older dbbench; `dbbench report {}` makes it anew", folder.display());
            Err(Failure::text(ExitCode::Failed, remedy))
        }
    }
}

/// The overview to stderr and the page's path to stdout, or the index alone as JSON to stdout.
fn print(args: &ReportArgs, index: &Index) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let written = match args.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(index).map_err(|error| Failure::failed(&error))?;
            writeln!(stdout, "{text}")
        }
        Format::Text => {
            let look = Look { width: width(), color: args.color.is_on() };
            anstream::eprint!("{}", report::index::text::render(index, look));
            writeln!(stdout, "{}", index.page)
        }
    };
    match written {
        // Whoever reads stdout has what he wanted (`| head -1`).
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::text(ExitCode::Failed, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_may_be_somebodys_is_not_written_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let page = dir.path().join(PAGE);
        assert!(may_be_written(&page).is_ok(), "there is none");
        let index = Index { dir: "results".to_owned(), ..Index::default() };
        std::fs::write(&page, report::index::page(&index, "results").expect("a page")).expect("written");
        assert!(may_be_written(&page).is_ok(), "it is ours");
        let refused = || may_be_written(&page).err().map(|failure| failure.message).unwrap_or_default();
        std::fs::write(&page, b"<title>Ergebnisse f\xfcr Januar</title>").expect("written");
        assert!(refused().contains("none that dbbench has written"), "{}", refused());
        std::fs::remove_file(&page).expect("removed");
        // Nobody can read a folder as a file, not even root.
        std::fs::create_dir(&page).expect("made");
        assert!(refused().contains("cannot be read"), "{}", refused());
    }
}
