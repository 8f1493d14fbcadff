//! Statements of the simple protocol on the wire.

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Known, SYNC, Wire};
use crate::driver::encode::Args;
use crate::driver::error::DriverError;
use crate::driver::session::{Executed, RawRow, RowSink, StatementId};
use crate::driver::simple::Scratch;

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A statement with its values in its text.
    pub(super) async fn query(
        &mut self,
        statement: StatementId,
        args: &Args,
        sink: &mut impl RowSink,
    ) -> Result<Executed, DriverError> {
        self.put_query(statement, args)?;
        self.textual = Some(statement.0 as usize);
        let answered = self.round_trip(sink).await;
        self.textual = None;
        answered
    }

    /// Sends a statement without waiting for its answer, which [`Wire::finish`] takes.
    pub(in crate::driver) async fn start(&mut self, statement: StatementId, args: &Args) -> Result<(), DriverError> {
        self.out.clear();
        if let Some(Known::Text(_)) = self.statements.get(statement.0 as usize) {
            self.put_query(statement, args)?;
            self.textual = Some(statement.0 as usize);
        } else {
            self.put_execute(statement, args)?;
            self.out.put_slice(&SYNC);
        }
        match self.send_out().await? {
            None => Ok(()),
            Some(error) => Err(self.lost(error)),
        }
    }

    /// The answer of the statement that was sent last.
    pub(in crate::driver) async fn finish(&mut self, sink: &mut impl RowSink) -> Result<Executed, DriverError> {
        let answered = self.answered(sink, None).await;
        self.textual = None;
        answered
    }

    /// Appends the query; no Sync follows it.
    pub(super) fn put_query(&mut self, statement: StatementId, args: &Args) -> Result<(), DriverError> {
        let Some(Known::Text(template)) = self.statements.get(statement.0 as usize) else {
            return Err(self.odd(format!("statement {} was not prepared on this session", statement.0)));
        };
        let start = self.out.len();
        self.out.put_u8(b'Q');
        self.out.put_i32(0);
        if let Err(what) = template.write(args, &mut self.scratch, &mut self.out) {
            return Err(self.odd(what));
        }
        self.out.put_u8(0);
        let Ok(length) = i32::try_from(self.out.len() - start - 1) else {
            return Err(self.odd("the statement with its values is longer than 2 GiB".to_owned()));
        };
        self.out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

/// Gives a row of a result in text to the sink.
pub(super) fn hand_on(
    statements: &[Known],
    statement: usize,
    row: &RawRow<'_>,
    scratch: &mut Scratch,
    sink: &mut impl RowSink,
) -> Result<(), String> {
    match statements.get(statement) {
        Some(Known::Text(template)) => template.row(row, scratch, sink),
        _ => Err("a row that nothing was asked for".to_owned()),
    }
}
