//! Statements on their way to a session: prepared before the load, and again when the server no longer knows them.

use super::{Beside, Interpreter, OperationError, Place};
use crate::driver::{ConnectTimes, DriverError, Session, StatementId, Target};
use crate::engine::bound::{BoundStatement, BoundVariant, Program, Statement};
use crate::timer::Timer;
use crate::workload::plan::Protocol;

/// feature_not_supported: here "cached plan must not change result type".
const RESULT_CHANGED: &str = "0A000";
/// invalid_sql_statement_name: the session has forgotten its statements (DISCARD, DEALLOCATE).
const FORGOTTEN: &str = "26000";

/// Prepares all statements of a variant on a session: one round trip each, for those that are parsed once.
///
/// # Errors
/// What the server says, or a lost connection.
pub(in crate::engine) async fn prepare(
    variant: &BoundVariant,
    session: &mut Session,
) -> Result<Vec<StatementId>, DriverError> {
    let mut prepared = Vec::with_capacity(variant.statements.len());
    for BoundStatement { sql, oids, literals, columns, protocol, .. } in &variant.statements {
        prepared.push(match protocol {
            Protocol::Prepared => session.prepare(sql, oids, columns).await?,
            Protocol::Extended => session.parse_each_time(sql, oids, columns)?,
            Protocol::Simple => session.write_each_time(sql, literals, columns)?,
        });
    }
    Ok(prepared)
}

/// Connects what a client has beside its first connection; the statements are prepared on each. Also how long each
/// connect took.
///
/// # Errors
/// As [`Session::connect`] and [`prepare`].
pub(in crate::engine) async fn open_beside(
    variant: &BoundVariant,
    target: &Target,
    timer: &Timer,
) -> Result<Vec<(Beside, ConnectTimes)>, DriverError> {
    let mut opened = Vec::with_capacity(variant.width - 1);
    for _ in 1..variant.width {
        let (mut session, times) = Session::connect(target, timer).await?;
        let prepared = prepare(variant, &mut session).await?;
        opened.push((Beside { session, prepared }, times));
    }
    Ok(opened)
}

impl OperationError {
    /// Whether a prepared statement is no longer what it was, outside of a transaction, so that it can be prepared again.
    pub(super) fn is_stale(&self, place: &Place<'_>) -> bool {
        matches!(self, Self::Driver(DriverError::Server(error))
            if matches!(error.state.as_str(), RESULT_CHANGED | FORGOTTEN) && !place.session.is_in_transaction())
    }

    /// Of these: whether the session has forgotten it, and so all others.
    pub(super) fn is_forgotten(&self) -> bool {
        matches!(self, Self::Driver(DriverError::Server(error)) if error.state.as_str() == FORGOTTEN)
    }
}

impl Interpreter {
    /// Prepares what is no longer what it was, and runs the statement that failed once more: the statement alone when its
    /// result has changed, all of the connection when they were forgotten.
    ///
    /// # Errors
    /// What the server says, also to the second execution; and columns that are no longer those that the workload was bound
    /// to: their bytes would be taken for something else.
    #[cold]
    pub(super) async fn once_more(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        statement: &Statement,
        is_forgotten: bool,
        place: &mut Place<'_>,
    ) -> Result<(), OperationError> {
        let (id, bound) = (place.prepared[statement.statement], &variant.statements[statement.statement]);
        if is_forgotten {
            self.renew(variant, place).await?;
        }
        let columns = place.session.prepare_again(id, &bound.sql, &bound.oids).await?;
        place.progress.prepared_again(u64::from(!is_forgotten));
        if !is_as_bound(statement, bound, &columns) {
            // The next operation shall not run it as if nothing had happened.
            place.session.forget(id).await?;
            return Err(OperationError::ColumnsChanged);
        }
        self.statement(index, program, statement, place).await
    }

    /// Prepares all other statements of a connection whose session has forgotten them, before one of them fails inside of
    /// a transaction.
    #[cold]
    pub(super) async fn renew(&mut self, variant: &BoundVariant, place: &mut Place<'_>) -> Result<(), OperationError> {
        for (id, bound) in place.prepared.iter().zip(&variant.statements) {
            if bound.protocol != Protocol::Prepared {
                continue;
            }
            match place.session.prepare_again(*id, &bound.sql, &bound.oids).await {
                Ok(columns) => {
                    place.progress.prepared_again(1);
                    let same = bound.columns.iter().enumerate().all(|(position, _)| is_same(bound, &columns, position));
                    if !same {
                        // It is looked at more closely when it is needed.
                        place.session.forget(*id).await?;
                    }
                }
                Err(error) if error.is_fatal() => return Err(error.into()),
                // One that cannot be prepared any more fails when it is executed, with the server's words.
                Err(_) => {}
            }
        }
        Ok(())
    }
}

fn is_same(bound: &BoundStatement, now: &[(String, u32)], position: usize) -> bool {
    let before = bound.columns.get(position).map(|column| (column.name.as_str(), column.ty.oid));
    now.get(position).map(|(name, oid)| (name.as_str(), *oid)) == before
}

/// Whether the columns that something refers to are where and what they were.
fn is_as_bound(statement: &Statement, bound: &BoundStatement, now: &[(String, u32)]) -> bool {
    let kept = statement.binds.iter().flat_map(|bind| &bind.keep).map(|keep| keep.position);
    let mut positions = kept.chain(statement.records.iter().map(|record| record.position));
    positions.all(|position| is_same(bound, now, position))
}
