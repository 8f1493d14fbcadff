//! `dbbench report`: rebuilds summary and page of a result, also of one that a crash cut off.

use super::args::ReportArgs;
use super::failure::Failure;
use super::finish::{Output, finish};
use crate::words::ExitCode;

/// Rebuilds a result folder.
///
/// # Errors
/// When it is no result, or cannot be read or written.
pub fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let summary = finish(&args.dir)?;
    Output { format: args.format, quiet: false, color: args.color.is_on() }.print(&summary)?;
    Ok(ExitCode::Done)
}
