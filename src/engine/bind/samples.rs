//! What the queries of parameters gave: each runs once, so that all variants draw from the same rows in the same order.
//!
//! Two runs of one query may differ (`ORDER BY random()`, or without any order), and then the same draws would be other
//! values in each variant.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::driver::{Control, DriverError};
use crate::param::SampledRows;

/// The rows of each query that was run for one target.
#[derive(Debug, Default)]
pub struct Samples(RefCell<HashMap<String, SampledRows>>);

impl Samples {
    /// The rows of a query: those of the first time, else it runs now.
    pub(super) async fn of(&self, sql: &str, control: &Control) -> Result<SampledRows, DriverError> {
        let known = self.0.borrow().get(sql).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let columns = control.describe(sql, &[]).await?.columns.into_iter().map(|column| column.name).collect();
        let rows = SampledRows::Csv { columns, rows: Arc::new(control.rows(sql).await?) };
        self.0.borrow_mut().insert(sql.to_owned(), rows.clone());
        Ok(rows)
    }
}
