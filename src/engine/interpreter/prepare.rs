//! Statements on their way to a session: prepared before the load, and again when the server no longer knows them.

use super::send::Line;
use super::{Beside, OperationError, Progress};
use crate::driver::{ConnectTimes, DriverError, Session, StatementId, Target};
use crate::engine::bound::{BoundStatement, BoundVariant, Statement};
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
    pub(super) fn is_stale(&self, session: &Session) -> bool {
        matches!(self, Self::Driver(DriverError::Server(error))
            if matches!(error.state.as_str(), RESULT_CHANGED | FORGOTTEN) && !session.is_in_transaction())
    }

    /// Of these: whether the session has forgotten it, and so all others.
    pub(super) fn is_forgotten(&self) -> bool {
        matches!(self, Self::Driver(DriverError::Server(error)) if error.state.as_str() == FORGOTTEN)
    }

    /// Prepares what is no longer what it was on a connection where one of the statements `of` failed by this, which
    /// [`OperationError::is_stale`]: these, where they have a result that may have changed, or all of the connection
    /// when it has forgotten them, before one of them fails inside of a transaction.
    ///
    /// Gives whether anything was prepared again: a statement that is parsed each time fails by what it says itself.
    ///
    /// # Errors
    /// What the server says; and columns that are no longer those that the workload was bound to: their bytes would be taken
    /// for something else.
    #[cold]
    pub(super) async fn renew(
        &self,
        variant: &BoundVariant,
        of: &[&Statement],
        line: Line<'_>,
        progress: &Progress,
    ) -> Result<bool, Self> {
        let (is_forgotten, mut renewed, mut is_changed) = (self.is_forgotten(), false, false);
        for (number, (id, bound)) in line.prepared.iter().zip(&variant.statements).enumerate() {
            let mut wanted = of.iter().filter(|statement| statement.statement == number).peekable();
            let is_wanted = wanted.peek().is_some();
            if bound.protocol != Protocol::Prepared || !(is_forgotten || is_wanted && !bound.columns.is_empty()) {
                continue;
            }
            match line.session.prepare_again(*id, &bound.sql, &bound.oids).await {
                Ok(columns) => {
                    progress.prepared_again(1);
                    renewed = true;
                    let is_usable = match is_wanted {
                        true => wanted.all(|statement| is_as_bound(statement, bound, &columns)),
                        // One that differs in anything is looked at more closely when it is needed.
                        false => (0..bound.columns.len()).all(|position| is_same(bound, &columns, position)),
                    };
                    if !is_usable {
                        // The next operation shall not run it as if nothing had happened.
                        line.session.forget(*id).await?;
                        is_changed |= is_wanted;
                    }
                }
                Err(error) if is_wanted || error.is_fatal() => return Err(error.into()),
                // One that cannot be prepared any more fails when it is executed, with the server's words.
                Err(_) => {}
            }
        }
        if is_changed { Err(Self::ColumnsChanged) } else { Ok(renewed) }
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
