//! `dbbench clean`: drops what runs have made in a server and not taken away.

use super::args::CleanArgs;
use super::failure::Failure;
use super::run::refused;
use crate::driver::conninfo::{self, Outside};
use crate::topology;
use crate::words::ExitCode;

/// Drops what has dbbench's mark and nobody uses; prints a line for each, and why others are left.
///
/// # Errors
/// When the server cannot be reached or asked.
pub fn clean(args: &CleanArgs) -> Result<ExitCode, Failure> {
    let conninfo = conninfo::read(&args.target, &Outside::of_this_process())
        .map_err(|error| Failure::text(ExitCode::Usage, error.to_string()))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::failed(&error))?;
    let cleaned = runtime.block_on(async {
        let endpoint = topology::reach(&conninfo).await?;
        topology::clean(&endpoint, args.dry_run).await
    });
    let cleaned = cleaned.map_err(|error| refused(&error))?;
    for note in &conninfo.notes {
        anstream::eprintln!("warning: {note}");
    }
    let verb = if args.dry_run { "would drop" } else { "dropped" };
    for what in &cleaned.dropped {
        anstream::println!("{verb} {what}");
    }
    for what in &cleaned.left {
        anstream::println!("left: {what}");
    }
    if cleaned.dropped.is_empty() && cleaned.left.is_empty() {
        anstream::println!("nothing of dbbench is there");
    }
    Ok(ExitCode::Done)
}
