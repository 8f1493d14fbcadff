//! `dbbench report`: rebuilds summary and page of a result, also of one that a crash cut off; over a folder of results, their index.
//!
//! It ends with what the result says, as the run did: 3 when an expectation was refuted, a check failed or a side is a regression,
//! 4 when answers differ, 5 when the figures are not valid, 1 when no slice was closed. That the run failed or was interrupted on its way (1, 130) is no fault of the report, which says it.

pub mod export;

use super::args::ReportArgs;
use super::failure::Failure;
use super::finish::{Output, explain, finish};
use super::index;
use super::search;
use crate::result;
use crate::result::search::SearchRecord;
use crate::verdict;
use crate::words::ExitCode;

/// Rebuilds a result folder, or writes the index of a folder of them.
///
/// # Errors
/// When it is neither, or cannot be read or written.
pub fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    export::check(&args.export)?;
    if args.dir.is_dir() && !result::is_result(&args.dir) {
        if !args.export.is_empty() {
            let rule =
                format!("`--export` writes one result, and {} holds several: name one of them", args.dir.display());
            return Err(Failure::text(ExitCode::Usage, rule));
        }
        return index::index(args);
    }
    let output = Output { format: args.format, quiet: false, color: args.color.is_on() };
    if let Some(record) = SearchRecord::read(&args.dir).map_err(|error| Failure::failed(&error))? {
        if !args.export.is_empty() {
            let rule = format!(
                "`--export` writes figures of a run, and {} is a search: its contract is search.json",
                args.dir.display()
            );
            return Err(Failure::text(ExitCode::Usage, rule));
        }
        search::show(&args.dir, &record, output)?;
        return Ok(search::exit_code(&record));
    }
    let summary = finish(&args.dir)?;
    export::export(&args.export, &args.dir, &summary, args.strict)?;
    output.print(&summary)?;
    anstream::eprint!("{}", explain(&summary, args.strict, output));
    let code = verdict::exit_code(&summary, args.strict);
    // Where answers differ there are none to come.
    if summary.slices_closed == 0 && summary.same_answer.is_none_or(|answers| answers.equal) {
        let nothing =
            "no slice was closed: there are no figures to report, only what was planned; run the workload again";
        return Ok(code.precedence(Failure::text(ExitCode::Failed, nothing).print()));
    }
    Ok(code)
}
