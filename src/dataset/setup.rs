//! What a variant changes in its own copy of the data before it runs on it.

use super::error::DatasetError;
use super::{Reach, connect, run, settle_database};
use crate::driver::Endpoint;
use crate::workload::plan::SqlText;

/// What is changed, and where.
#[derive(Clone, Copy, Debug)]
pub struct SetupInput<'a> {
    /// Name of the variant.
    pub variant: &'a str,
    /// Its statements, each alone in autocommit.
    pub statements: &'a [SqlText],
    /// The copy, by the role that owns it.
    pub endpoint: &'a Endpoint,
    /// Who may vacuum it; its own database does not matter.
    pub maintenance: &'a Endpoint,
    /// How far what follows may reach.
    pub reach: Reach<'a>,
}

/// Runs the statements, then leaves the copy as a load leaves the data: vacuumed, analyzed, written out.
///
/// # Errors
/// [`DatasetError::Statement`] for what the server refuses; the copy is then in an unknown state and must be dropped.
pub async fn set_up(input: SetupInput<'_>) -> Result<(), DatasetError> {
    let control = connect(input.endpoint).await?;
    run(&control, &format!("variants.{}.setup", input.variant), input.statements).await?;
    control.close().await;
    settle_database(input.maintenance, &input.endpoint.database, input.reach).await
}
