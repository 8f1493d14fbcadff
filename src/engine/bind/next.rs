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
        let name = self.real(table, column).await?.unwrap_or_else(|| format!("{table}.{column}"));
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
                    Err(DriverError::Server(error)) if !error.state.is_trouble_of_the_server() => {
                        return Ok(Err(format!("`next = \"{table}.{column}\"` cannot be asked for: {error}")));
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let last = Arc::new(AtomicI64::new(last));
        self.known.borrow_mut().push(Counter { name, sql, last: Arc::clone(&last) });
        Ok(Ok(last))
    }

    /// The column by the number of its table, which is the same under all names that the table has (`t`, `public.t`); `None`
    /// where the server knows no such table.
    async fn real(&self, table: &str, column: &str) -> Result<Option<String>, DriverError> {
        let Some(control) = self.control else { return Ok(None) };
        let sql = format!("SELECT '{}'::pg_catalog.regclass::pg_catalog.oid", table.replace('\'', "''"));
        match control.rows(&sql).await {
            Ok(rows) => {
                let oid = rows.into_iter().flatten().flatten().next();
                Ok(oid.map(|oid| format!("{oid}.{}", super::insert::name(column))))
            }
            // What is wrong with it, the question for the largest value says.
            Err(DriverError::Server(error)) if !error.fatal => Ok(None),
            Err(error) => Err(error),
        }
    }
}
