//! Statements that need what their own operation makes before them, a temporary table for one (rule 12): the server describes
//! them behind that DDL, in a transaction that is rolled back.

use super::describe::Describer;
use super::operation::Binder;
use crate::driver::{Described, DriverError, PgType, ServerError};
use crate::engine::plans::{is_ddl, selects_into};
use crate::workload::plan::{Protocol, StatementPlan};

/// undefined_table, undefined_column, undefined_object.
const UNDEFINED: [&str; 3] = ["42P01", "42703", "42704"];

impl Binder<'_> {
    /// Keeps a statement that was described, where later ones may need what it does. On somebody's own database a selection
    /// is left to the guard, which lets it through as one that reads.
    pub(super) fn note_ddl(&mut self, statement: &StatementPlan, oids: &[u32]) {
        let sql = &statement.text.sql;
        if is_ddl(sql) || (self.is_own && selects_into(sql)) {
            self.ddl.push((sql.clone(), oids.to_vec()));
        }
    }

    /// Describes a statement that was refused once more, behind the DDL of its operation; `None` where that does not help.
    pub(super) async fn describe_behind_ddl(
        &self,
        sql: &str,
        declared: &[Option<PgType>],
        refusal: &ServerError,
    ) -> Result<Option<Described>, DriverError> {
        let Describer::Server(control) = self.describer else { return Ok(None) };
        if self.ddl.is_empty() || !UNDEFINED.contains(&refusal.state.as_str()) {
            return Ok(None);
        }
        let oids: Vec<u32> = declared.iter().map(|ty| ty.as_ref().map_or(0, |ty| ty.oid)).collect();
        let described = control.describe_behind(&self.ddl, sql, &oids).await;
        match described {
            Ok(described) => Ok(Some(described)),
            // What the statement itself was refused for says more.
            Err(DriverError::Server(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How a statement travels that was described behind DDL: what it names is made anew each time, so it is parsed each time.
pub(super) fn protocol_behind_ddl(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::Prepared => Protocol::Extended,
        other => other,
    }
}
