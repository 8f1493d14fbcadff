//! `next = "table.column"`: integers above the largest of a column, each once, whoever takes them.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::driver::{Control, DriverError};

/// The counters of a variant: one for each column, shared by all that take from it.
pub(super) struct Counters<'a> {
    /// Without a server they begin at 1.
    control: Option<&'a Control>,
    known: RefCell<Vec<(String, Arc<AtomicI64>)>>,
}

impl<'a> Counters<'a> {
    pub(super) fn new(control: Option<&'a Control>) -> Self {
        Self { control, known: RefCell::default() }
    }

    /// The counter of a column, which holds the last value that was given. The inner error is a problem of the workload.
    pub(super) async fn of(&self, table: &str, column: &str) -> Result<Result<Arc<AtomicI64>, String>, DriverError> {
        let key = format!("{table}.{column}");
        if let Some((_, counter)) = self.known.borrow().iter().find(|(known, _)| *known == key) {
            return Ok(Ok(Arc::clone(counter)));
        }
        let largest = match self.control {
            None => 0,
            Some(control) => {
                let column = super::insert::name(column);
                match control.rows(&format!("SELECT coalesce(max({column}), 0)::bigint FROM {table}")).await {
                    Ok(rows) => {
                        let cell = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
                        cell.and_then(|text| text.parse().ok()).unwrap_or(0)
                    }
                    Err(DriverError::Server(error)) => {
                        return Ok(Err(format!("`next = \"{key}\"` cannot be asked for: {error}")));
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let counter = Arc::new(AtomicI64::new(largest));
        self.known.borrow_mut().push((key, Arc::clone(&counter)));
        Ok(Ok(counter))
    }
}
