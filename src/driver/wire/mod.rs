//! The PostgreSQL side of a session: the wire protocol straight on a socket.
//!
//! One write and one read per statement, one reused buffer each way, no allocation once the buffers have their size.

mod answer;
mod cancel;
mod inbox;
mod login;
mod pipeline;
mod prepare;
mod query;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Instant;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::{backend, frontend};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

pub(super) use self::cancel::Canceller;
pub(super) use self::inbox::Inbox;
use self::query::hand_on;
use super::encode::Args;
use super::endpoint::Endpoint;
use super::error::{DriverError, ServerError};
use super::session::{ConnectTimes, Executed, RawRow, RowSink, StatementId};
use super::simple::{LiteralType, Scratch, Template};
use super::socket::{self, Plain, Socket};
use super::types::ColumnInfo;
use crate::timer::Timer;

/// Room for the usual answer several times over.
const INBOX_SIZE: usize = 32 * 1024;

/// Execute of the unnamed portal without a limit of rows.
const EXECUTE: [u8; 10] = [b'E', 0, 0, 0, 9, 0, 0, 0, 0, 0];

/// Sync: the end of what succeeds or fails together.
const SYNC: [u8; 5] = [b'S', 0, 0, 0, 4];

/// All result columns in binary form.
const BINARY_RESULTS: [u8; 4] = [0, 1, 0, 1];

/// What a cancel request must show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BackendKey {
    process: i32,
    secret: i32,
}

/// A session with a server. `S` is the socket; tests put a fake one in.
#[derive(Debug)]
pub(super) struct Wire<S = Socket> {
    socket: S,
    inbox: Inbox,
    out: BytesMut,
    /// Of every statement what is sent of it.
    statements: Vec<Known>,
    endpoint: Arc<Endpoint>,
    key: BackendKey,
    /// The RowDescription that was asked for last.
    described: Vec<u8>,
    /// The same of the ParameterDescription.
    described_params: Vec<u8>,
    /// The statement being answered, where that comes as text.
    textual: Option<usize>,
    scratch: Scratch,
    /// Rows of a COPY were sent with the statement.
    copying: bool,
    /// An answer is outstanding: set until ReadyForQuery has come.
    busy: bool,
    /// Whether ReadyForQuery said that a transaction is open (or failed and waits for its end).
    in_transaction: bool,
    notices: u64,
}

/// What of a statement is the same in each execution.
#[derive(Debug)]
enum Known {
    /// Values and results travel in binary form.
    Binary {
        /// A Parse that goes before each Bind; empty for what the server has parsed.
        parse: Box<[u8]>,
        /// What stands in Bind between the length and the count of values.
        bind_head: Box<[u8]>,
    },
    /// Values are part of the text; so are results.
    Text(Box<Template>),
}

/// What has come of an answer so far.
#[derive(Default)]
struct Progress {
    executed: Executed,
    error: Option<Box<ServerError>>,
}

impl Wire {
    /// Connects and logs in, within [`socket::CONNECT_TIMEOUT`].
    pub(super) async fn connect(endpoint: &Endpoint, timer: &Timer) -> Result<(Self, ConnectTimes), DriverError> {
        let started = Instant::now();
        let connected = async {
            let plain = Plain::connect(endpoint).await?;
            if !endpoint.connect_delay.is_zero() {
                timer.sleep_until(Instant::now() + endpoint.connect_delay).await;
            }
            Self::log_in(plain, endpoint).await
        };
        let wire = tokio::select! {
            biased;
            wire = connected => wire?,
            () = timer.sleep_until(started + socket::CONNECT_TIMEOUT) => return Err(socket::timed_out(endpoint)),
        };
        Ok((wire, ConnectTimes { total: started.elapsed() }))
    }

    /// Logs in over a socket that is connected.
    pub(super) async fn log_in(plain: Plain, endpoint: &Endpoint) -> Result<Self, DriverError> {
        let mut socket = plain.secure(endpoint).await?;
        let mut inbox = Inbox::new(INBOX_SIZE);
        let end_point = socket.end_point();
        let key = login::login(endpoint, &mut socket, &mut inbox, end_point).await?;
        Ok(Self::new(socket, inbox, Arc::new(endpoint.clone()), key))
    }
}

impl Wire {
    /// `TLS 1.3`; `None` when nothing is encrypted.
    pub(super) fn encryption(&self) -> Option<&'static str> {
        self.socket.encryption()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    fn new(socket: S, inbox: Inbox, endpoint: Arc<Endpoint>, key: BackendKey) -> Self {
        let out = BytesMut::with_capacity(1024);
        Self {
            socket,
            inbox,
            out,
            statements: Vec::new(),
            endpoint,
            key,
            described: Vec::new(),
            described_params: Vec::new(),
            textual: None,
            scratch: Scratch::default(),
            copying: false,
            busy: false,
            in_transaction: false,
            notices: 0,
        }
    }

    /// Notes a statement that is parsed anew in each execution; nothing is sent.
    pub(super) fn parse_each_time(&mut self, sql: &str, params: &[u32]) -> Result<StatementId, DriverError> {
        let id = self.next_id()?;
        let mut parse = BytesMut::new();
        frontend::parse("", sql, params.iter().copied(), &mut parse)
            .map_err(|error| self.odd(format!("the statement cannot be sent: {error}")))?;
        self.statements.push(Known::Binary { parse: parse[..].into(), bind_head: (*b"\0\0\0\x01\0\x01").into() });
        Ok(StatementId(id))
    }

    /// Notes a statement whose values are written into its text; nothing is sent.
    pub(super) fn write_each_time(
        &mut self,
        sql: &str,
        params: &[LiteralType],
        columns: &[ColumnInfo],
    ) -> Result<StatementId, DriverError> {
        let id = self.next_id()?;
        if sql.contains('\0') {
            return Err(self.odd("the statement cannot be sent: it holds the character with code 0".to_owned()));
        }
        self.statements.push(Known::Text(Box::new(Template::new(sql, params, columns))));
        Ok(StatementId(id))
    }

    /// Counted by the protocol in 16 bits, and named by what a `StatementId` holds.
    fn next_id(&self) -> Result<u32, DriverError> {
        u32::try_from(self.statements.len()).map_err(|_| self.odd("too many statements".to_owned()))
    }

    /// Bind, Execute, Sync; or a query with its values in it.
    #[inline]
    pub(super) async fn execute(
        &mut self,
        statement: StatementId,
        args: &Args,
        sink: &mut impl RowSink,
    ) -> Result<Executed, DriverError> {
        self.out.clear();
        if let Some(Known::Text(_)) = self.statements.get(statement.0 as usize) {
            return self.query(statement, args, sink).await;
        }
        self.put_execute(statement, args)?;
        self.out.put_slice(&SYNC);
        self.round_trip(sink).await
    }

    /// Bind and Execute, after a Parse where the statement is parsed each time.
    #[inline]
    fn put_execute(&mut self, statement: StatementId, args: &Args) -> Result<(), DriverError> {
        let Some(Known::Binary { parse, bind_head: head }) = self.statements.get(statement.0 as usize) else {
            return Err(self.odd(format!("statement {} was not prepared on this session", statement.0)));
        };
        let length = 4 + head.len() + 2 + args.buffer.len() + BINARY_RESULTS.len();
        let Ok(length) = i32::try_from(length) else {
            return Err(self.odd("the values of the statement are longer than 2 GiB".to_owned()));
        };
        let out = &mut self.out;
        out.put_slice(parse);
        out.put_u8(b'B');
        out.put_i32(length);
        out.put_slice(head);
        out.put_u16(args.count);
        out.put_slice(&args.buffer);
        out.put_slice(&BINARY_RESULTS);
        out.put_slice(&EXECUTE);
        Ok(())
    }

    /// Sends what is in `out` and reads up to ReadyForQuery.
    async fn round_trip(&mut self, sink: &mut impl RowSink) -> Result<Executed, DriverError> {
        let gone = self.send_out().await?;
        self.answered(sink, gone).await
    }

    /// Sends what is in `out`. A connection that is gone may have said why, so that is not an error yet.
    async fn send_out(&mut self) -> Result<Option<io::Error>, DriverError> {
        if self.busy {
            return Err(self.odd("a statement was given up before its answer had ended".to_owned()));
        }
        self.busy = true;
        Ok(self.send().await.err())
    }

    /// Reads up to ReadyForQuery; `gone` is why sending failed.
    async fn answered(
        &mut self,
        sink: &mut impl RowSink,
        mut gone: Option<io::Error>,
    ) -> Result<Executed, DriverError> {
        let mut progress = Progress::default();
        loop {
            if self.digest::<false>(sink, &mut progress)? {
                self.busy = false;
                return match progress.error {
                    None => Ok(progress.executed),
                    Some(error) => Err(DriverError::Server(*error)),
                };
            }
            if let Err(error) = self.inbox.fill(&mut self.socket).await {
                // When sending failed, what the server said before it closed was still worth reading.
                return Err(self.lost(gone.take().unwrap_or(error)));
            }
        }
    }

    /// Reads the messages that are here; whether the answer has ended: with ReadyForQuery or, `EACH`, with that of a
    /// single statement.
    #[inline]
    fn digest<const EACH: bool>(
        &mut self,
        sink: &mut impl RowSink,
        progress: &mut Progress,
    ) -> Result<bool, DriverError> {
        loop {
            let (tag, at) = match self.inbox.next() {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(false),
                Err(error) => return Err(self.odd(error.to_string())),
            };
            let body = self.inbox.body(at);
            match tag {
                backend::DATA_ROW_TAG => {
                    let Some((columns, body)) = body.split_first_chunk() else {
                        return Err(self.odd("a row without a count of columns".to_owned()));
                    };
                    progress.executed.rows += 1;
                    let row = RawRow { body, columns: u16::from_be_bytes(*columns) };
                    match self.textual {
                        None => sink.row(&row),
                        Some(statement) => hand_on(&self.statements, statement, &row, &mut self.scratch, sink)
                            .map_err(|what| odd(&self.endpoint, what))?,
                    }
                }
                backend::COMMAND_COMPLETE_TAG => {
                    progress.executed.affected = answer::affected(body);
                    if EACH {
                        return Ok(true);
                    }
                }
                backend::EMPTY_QUERY_RESPONSE_TAG => {
                    if EACH {
                        return Ok(true);
                    }
                }
                backend::READY_FOR_QUERY_TAG => {
                    self.in_transaction = body.first().is_some_and(|status| *status != b'I');
                    return Ok(true);
                }
                backend::PARSE_COMPLETE_TAG | backend::BIND_COMPLETE_TAG => {}
                backend::CLOSE_COMPLETE_TAG | backend::NO_DATA_TAG => {}
                backend::PARAMETER_DESCRIPTION_TAG => self.described_params = body.to_vec(),
                backend::ROW_DESCRIPTION_TAG if self.textual.is_none() => self.described = body.to_vec(),
                backend::ROW_DESCRIPTION_TAG if self.textual.is_some() => {
                    if let Some(Known::Text(template)) = self.textual.and_then(|at| self.statements.get_mut(at)) {
                        template.takes_columns(body).map_err(|what| odd(&self.endpoint, what))?;
                    }
                }
                backend::PARAMETER_STATUS_TAG | backend::NOTIFICATION_RESPONSE_TAG => {}
                backend::NOTICE_RESPONSE_TAG => self.notices += 1,
                backend::ERROR_RESPONSE_TAG => match answer::server_error(body) {
                    // After a fatal error nothing more comes.
                    Some(error) if error.fatal => return Err(DriverError::Server(error)),
                    Some(error) => {
                        progress.error = Some(Box::new(error));
                        if EACH {
                            return Ok(true);
                        }
                    }
                    None => return Err(self.odd("an error that cannot be read".to_owned())),
                },
                backend::COPY_IN_RESPONSE_TAG if self.copying => {}
                backend::COPY_IN_RESPONSE_TAG | backend::COPY_OUT_RESPONSE_TAG => {
                    return Err(self.odd("COPY cannot be a timed statement".to_owned()));
                }
                _ => return Err(self.odd(format!("message '{}'", char::from(tag)))),
            }
        }
    }

    /// Writes `out`: one system call, unless the socket is full.
    async fn send(&mut self) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.out.len() {
            sent += poll_fn(|cx| -> Poll<io::Result<usize>> {
                let written = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.out[sent..]))?;
                Poll::Ready(if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(written) })
            })
            .await?;
        }
        // Costs nothing on a plain socket; TLS may still hold some of it.
        poll_fn(|cx| Pin::new(&mut self.socket).poll_flush(cx)).await
    }

    /// Whether a transaction was open, or failed and not yet ended, when the last answer ended.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub(super) fn canceller(&self) -> Canceller {
        Canceller { endpoint: Arc::clone(&self.endpoint), key: self.key }
    }

    /// Terminate, and the end of the connection from our side.
    pub(super) async fn close(mut self) {
        self.out.clear();
        frontend::terminate(&mut self.out);
        // A connection that is gone already needs no goodbye.
        if self.send().await.is_ok() {
            let _ = self.socket.shutdown().await;
        }
    }

    #[cold]
    fn lost(&self, source: io::Error) -> DriverError {
        DriverError::Io { endpoint: self.endpoint.name.clone(), source }
    }

    #[cold]
    pub(super) fn odd(&self, what: String) -> DriverError {
        odd(&self.endpoint, what)
    }
}

#[cold]
fn odd(endpoint: &Endpoint, what: String) -> DriverError {
    DriverError::Protocol { endpoint: endpoint.name.clone(), what }
}

#[cfg(test)]
mod tests;
