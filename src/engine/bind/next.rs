//! `next = "table.column"`: integers above the largest of a column, each once, whoever takes them.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::driver::{Control, DriverError};
use crate::engine::recount::{Counter, largest};

/// The counters of a variant and of its background: one for each column, shared by all that take from it.
pub(super) struct Counters<'a> {
    /// Without a server they begin at 1.
    control: Option<&'a Control>,
    known: RefCell<Vec<Counter>>,
}

impl<'a> Counters<'a> {
    pub(super) fn new(control: Option<&'a Control>) -> Self {
        Self { control, known: RefCell::default() }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Counter> {
        self.known.borrow().clone()
    }

    /// The counter of a column, which holds the last value that was given. The inner error is a problem of the workload.
    pub(super) async fn of(&self, table: &str, column: &str) -> Result<Result<Arc<AtomicI64>, String>, DriverError> {
        let name = format!("{table}.{column}");
        if let Some(counter) = self.known.borrow().iter().find(|known| known.name == name) {
            return Ok(Ok(Arc::clone(&counter.last)));
        }
        let (last, sql) = match self.control {
            None => (0, None),
            Some(control) => {
                let column = super::insert::name(column);
                let sql = format!("SELECT coalesce(max({column}), 0)::bigint FROM {table}");
                match largest(control, &sql).await {
                    Ok(last) => (last, Some(sql)),
                    Err(DriverError::Server(error)) => {
                        return Ok(Err(format!("`next = \"{name}\"` cannot be asked for: {error}")));
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let last = Arc::new(AtomicI64::new(last));
        self.known.borrow_mut().push(Counter { name, sql, last: Arc::clone(&last) });
        Ok(Ok(last))
    }
}
