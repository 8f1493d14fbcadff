//! `dbbench schema`: the JSON Schema of the workload language on stdout, for editors.

use super::failure::Failure;
use crate::words::ExitCode;
use crate::workload;

/// Prints the schema.
///
/// # Errors
/// When stdout cannot be written to.
pub fn schema() -> Result<ExitCode, Failure> {
    let text = serde_json::to_string_pretty(&workload::schema()).map_err(|error| Failure::failed(&error))?;
    anstream::println!("{text}");
    Ok(ExitCode::Done)
}
