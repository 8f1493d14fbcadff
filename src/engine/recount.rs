//! Where `next` counts on from: above the largest value of its column, as it is when a slice begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::bound::BoundVariant;
use crate::driver::{Control, DriverError, Target};

/// The setting that keeps sessions from writing.
const READ_ONLY: &str = "default_transaction_read_only";

/// A column that a variant counts on in, its background included.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    /// `table.column`, the table by its number where a server has one.
    pub(super) name: String,
    /// Asks for the largest value; `None`: bound without a server, and counting from 1.
    pub(super) sql: Option<String>,
    /// The last value that was given.
    pub(super) last: Arc<AtomicI64>,
}

/// The largest value of a column.
pub(super) async fn largest(control: &Control, sql: &str) -> Result<i64, DriverError> {
    let cell = control.rows(sql).await?.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    Ok(cell.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Lets all counters of a variant begin above what is in the data that its sessions go to.
///
/// # Errors
/// When the server lets nobody in, or does not say.
pub(super) async fn recount(variant: &BoundVariant, target: &Target) -> Result<(), DriverError> {
    if variant.counters.is_empty() {
        return Ok(());
    }
    let control = match target {
        Target::Postgres(endpoint) if variant.counters.iter().any(|counter| counter.sql.is_some()) => {
            Some(Control::connect(endpoint).await?)
        }
        Target::Postgres(_) | Target::Null(_) => None,
    };
    let mut result = Ok(());
    for counter in &variant.counters {
        let found = match (&control, &counter.sql) {
            (Some(control), Some(sql)) => largest(control, sql).await,
            _ => Ok(0),
        };
        match found {
            Ok(last) => counter.last.store(last, Ordering::Relaxed),
            Err(error) => result = Err(error),
        }
    }
    if let Some(control) = control {
        control.close().await;
    }
    result
}

/// Whether what sessions write stays for others that go to the same database.
pub(super) fn is_shared_and_written(target: &Target, all: &[&Target]) -> bool {
    let Target::Postgres(endpoint) = target else { return false };
    let is_read_only = endpoint.startup.iter().any(|(name, value)| name == READ_ONLY && value == "on");
    let others = all.iter().filter(|other| match other {
        Target::Postgres(other) => other.database == endpoint.database && other.address == endpoint.address,
        Target::Null(_) => false,
    });
    !is_read_only && others.count() > 1
}
