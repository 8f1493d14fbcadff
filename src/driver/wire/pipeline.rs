//! Several statements in one go: all are sent before the first answer is read.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Known, Progress, SYNC, Wire};
use crate::driver::encode::Args;
use crate::driver::error::DriverError;
use crate::driver::session::{Executed, RawRow, RowSink, StatementId};

/// The end of the rows of a COPY.
const COPY_DONE: [u8; 5] = [b'c', 0, 0, 0, 4];

pub(super) struct NoRows;

impl RowSink for NoRows {
    fn row(&mut self, _: &RawRow<'_>) {}
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Begins a pipeline: nothing is sent yet.
    pub(in crate::driver) fn begin_pipeline(&mut self) {
        self.out.clear();
    }

    /// Adds an execution.
    pub(in crate::driver) fn queue(&mut self, statement: StatementId, args: &Args) -> Result<(), DriverError> {
        self.put_execute(statement, args)
    }

    /// Adds a Sync: what was queued since the last one succeeds or fails together, unless a transaction is open.
    pub(in crate::driver) fn queue_sync(&mut self) {
        self.out.put_slice(&SYNC);
    }

    /// Sends what is queued.
    pub(in crate::driver) async fn send_queued(&mut self) -> Result<(), DriverError> {
        if self.busy {
            return Err(self.odd("a statement was given up before its answer had ended".to_owned()));
        }
        self.busy = true;
        self.send_while_reading().await.map_err(|error| self.lost(error))
    }

    /// The answer of the next statement that was queued. After an error of the server nothing more comes until
    /// [`Wire::next_ready`].
    pub(in crate::driver) async fn next_answer(&mut self, sink: &mut impl RowSink) -> Result<Executed, DriverError> {
        let mut progress = Progress::default();
        while !self.digest::<true>(sink, &mut progress)? {
            self.inbox.fill(&mut self.socket).await.map_err(|error| self.lost(error))?;
        }
        match progress.error {
            None => Ok(progress.executed),
            Some(error) => Err(DriverError::Server(*error)),
        }
    }

    /// Reads on to the answer of the next Sync; `last`: of the last one, after which the session can be used again. An
    /// error on the way (of a COMMIT that the Sync is) is that of what was queued before it.
    pub(in crate::driver) async fn next_ready(&mut self, last: bool) -> Result<(), DriverError> {
        let mut progress = Progress::default();
        while !self.digest::<false>(&mut NoRows, &mut progress)? {
            self.inbox.fill(&mut self.socket).await.map_err(|error| self.lost(error))?;
        }
        self.busy = !last;
        match progress.error {
            None => Ok(()),
            Some(error) => Err(DriverError::Server(*error)),
        }
    }

    /// A COPY with its rows: the server ignores them when it refuses the statement.
    pub(in crate::driver) async fn copy_in(
        &mut self,
        statement: StatementId,
        rows: &[u8],
    ) -> Result<Executed, DriverError> {
        self.out.clear();
        let is_query = matches!(self.statements.get(statement.0 as usize), Some(Known::Text(_)));
        match is_query {
            true => self.put_query(statement, &Args::default())?,
            false => self.put_execute(statement, &Args::default())?,
        }
        let Ok(length) = i32::try_from(rows.len() + 4) else {
            return Err(self.odd("the rows of the COPY are longer than 2 GiB".to_owned()));
        };
        self.out.put_u8(b'd');
        self.out.put_i32(length);
        self.out.put_slice(rows);
        self.out.put_slice(&COPY_DONE);
        if !is_query {
            self.out.put_slice(&SYNC);
        }
        self.copying = true;
        let copied = self.round_trip(&mut NoRows).await;
        self.copying = false;
        copied
    }

    /// Writes `out`. A server whose answers nobody reads stops reading, so answers are taken in while there is no room to
    /// write.
    async fn send_while_reading(&mut self) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.out.len() {
            sent += poll_fn(|cx| -> Poll<io::Result<usize>> {
                match Pin::new(&mut self.socket).poll_write(cx, &self.out[sent..]) {
                    Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(written) => Poll::Ready(written),
                    Poll::Pending => {
                        ready!(self.inbox.poll_more(&mut self.socket, cx))?;
                        Poll::Ready(Ok(0))
                    }
                }
            })
            .await?;
        }
        Ok(())
    }
}
