//! Preparing statements, and preparing them again when the server has forgotten them or their result has changed; describing
//! them without a name.

use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite};

use super::pipeline::NoRows;
use super::{Known, Wire};
use crate::driver::error::DriverError;
use crate::driver::row::RowSink;
use crate::driver::session::StatementId;
use crate::driver::simple::{DescribedColumn, described_columns, described_params};

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Parse and Sync.
    pub(in crate::driver) async fn prepare(&mut self, sql: &str, params: &[u32]) -> Result<StatementId, DriverError> {
        let id = self.next_id()?;
        let name = format!("s{id}");
        self.out.clear();
        frontend::parse(&name, sql, params.iter().copied(), &mut self.out)
            .map_err(|error| self.odd(format!("the statement cannot be sent: {error}")))?;
        frontend::sync(&mut self.out);
        self.round_trip(&mut NoRows).await?;
        // The unnamed portal, the statement's name, one format for all values: binary.
        let bind_head = [b"\0", name.as_bytes(), b"\0\0\x01\0\x01"].concat().into();
        self.statements.push(Known::Binary { parse: Box::default(), bind_head });
        Ok(StatementId(id))
    }

    /// Close, Parse, Describe and Sync of a statement that was prepared before; gives the names and type OIDs of its columns
    /// as they are now.
    pub(in crate::driver) async fn prepare_again(
        &mut self,
        statement: StatementId,
        sql: &str,
        params: &[u32],
    ) -> Result<Vec<(String, u32)>, DriverError> {
        let name = format!("s{}", statement.0);
        self.out.clear();
        self.described.clear();
        let out = &mut self.out;
        frontend::close(b'S', &name, out)
            .and_then(|()| frontend::parse(&name, sql, params.iter().copied(), out))
            .and_then(|()| frontend::describe(b'S', &name, out))
            .map_err(|error| self.odd(format!("the statement cannot be sent: {error}")))?;
        frontend::sync(&mut self.out);
        self.round_trip(&mut NoRows).await?;
        Ok(self.columns()?.into_iter().map(|column| (column.name, column.oid)).collect())
    }

    /// Parse, Describe and Sync of a statement without a name: the type OIDs of its parameters, and its columns. Nothing of
    /// it stays on the server, so that it also goes through a pooler that hands sessions around.
    pub(in crate::driver) async fn describe(
        &mut self,
        sql: &str,
        params: &[u32],
    ) -> Result<(Vec<u32>, Vec<DescribedColumn>), DriverError> {
        self.out.clear();
        self.described.clear();
        self.described_params.clear();
        let out = &mut self.out;
        frontend::parse("", sql, params.iter().copied(), out)
            .and_then(|()| frontend::describe(b'S', "", out))
            .map_err(|error| self.odd(format!("the statement cannot be sent: {error}")))?;
        frontend::sync(&mut self.out);
        self.round_trip(&mut NoRows).await?;
        let params = described_params(&self.described_params)
            .ok_or_else(|| self.odd("a ParameterDescription that cannot be read".to_owned()))?;
        Ok((params, self.columns()?))
    }

    /// The columns of the statement that was described last.
    fn columns(&self) -> Result<Vec<DescribedColumn>, DriverError> {
        if self.described.is_empty() {
            return Ok(Vec::new());
        }
        described_columns(&self.described).ok_or_else(|| self.odd("a RowDescription that cannot be read".to_owned()))
    }

    /// Runs statements without values in the simple protocol. Their rows go to `sink`, their values as text.
    pub(in crate::driver) async fn simple(&mut self, sql: &str, sink: &mut impl RowSink) -> Result<(), DriverError> {
        self.out.clear();
        frontend::query(sql, &mut self.out)
            .map_err(|error| self.odd(format!("the statement cannot be sent: {error}")))?;
        self.round_trip(sink).await.map(|_| ())
    }

    /// Close and Sync.
    pub(in crate::driver) async fn forget(&mut self, statement: StatementId) -> Result<(), DriverError> {
        self.out.clear();
        frontend::close(b'S', &format!("s{}", statement.0), &mut self.out)
            .map_err(|error| self.odd(format!("the statement cannot be sent: {error}")))?;
        frontend::sync(&mut self.out);
        self.round_trip(&mut NoRows).await.map(|_| ())
    }
}
