//! The control plane's session, over tokio-postgres: schema, COPY, catalogue. What describes statements stands beside it
//! (`describe`): this library can describe none without leaving a name on the server.

use std::error::Error as _;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::task::JoinHandle;
use tokio_postgres::config::{self, SslMode, SslNegotiation};
use tokio_postgres::error::Severity;
use tokio_postgres::{Client, Config, CopyInSink, SimpleQueryMessage};

use super::describe::Describing;
use super::endpoint::{ChannelBinding, Endpoint};
use super::error::{DriverError, ServerError};
use super::secured::Secured;
use super::socket::{self, Plain};
use super::types::PgType;
use crate::words::SqlState;

/// A connection for everything that is not timed.
#[derive(Debug)]
pub struct Control {
    client: Client,
    task: JoinHandle<()>,
    endpoint: String,
    /// What describes statements.
    pub(super) describing: Describing,
}

impl Control {
    /// Connects; the connection is driven by a task of the current runtime, which needs I/O and time enabled.
    ///
    /// # Errors
    /// As for [`super::Session::connect`].
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, DriverError> {
        let login = async {
            let plain = Plain::connect(endpoint).await?;
            if !endpoint.connect_delay.is_zero() {
                tokio::time::sleep(endpoint.connect_delay).await;
            }
            let socket = plain.secure(endpoint).await?;
            let ready = Secured::new(&socket);
            config(endpoint, ready.is_encrypted())
                .connect_raw(socket, ready)
                .await
                .map_err(|error| at_login(endpoint, error))
        };
        let (client, connection) =
            tokio::time::timeout(socket::CONNECT_TIMEOUT, login).await.map_err(|_| socket::timed_out(endpoint))??;
        // What ends the connection also fails the request that waits for it, where it is reported.
        let task = tokio::spawn(async move { drop(connection.await) });
        let describing = Describing::new(endpoint.clone());
        Ok(Self { client, task, endpoint: endpoint.name.clone(), describing })
    }

    /// Runs one or several statements without parameters (simple protocol).
    ///
    /// # Errors
    /// [`DriverError::Server`] with the position in `sql`.
    pub async fn batch(&self, sql: &str) -> Result<(), DriverError> {
        self.client.batch_execute(sql).await.map_err(|error| self.failed(error))
    }

    /// Rows of a query as text (simple protocol); `None` is NULL.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DriverError> {
        let messages = self.client.simple_query(sql).await.map_err(|error| self.failed(error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Types as a cast names them: quoted and qualified where they must be, without a modifier.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn sql_names(&self, types: &[PgType]) -> Result<Vec<String>, DriverError> {
        let oids: Vec<String> = types.iter().map(|ty| ty.oid.to_string()).collect();
        // With the modifier −1 the name means the type without one: `bpchar`, where `character` would mean one character.
        let sql = format!(
            "SELECT pg_catalog.format_type(oid, -1) FROM pg_catalog.unnest('{{{}}}'::pg_catalog.oid[]) WITH ORDINALITY \
             AS t(oid, place) ORDER BY place",
            oids.join(",")
        );
        let names: Vec<String> = self.rows(&sql).await?.into_iter().flatten().flatten().collect();
        if names.len() == types.len() { Ok(names) } else { Err(self.odd("a type without a name".to_owned())) }
    }

    /// Starts `COPY … FROM STDIN`.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn copy_in(&self, sql: &str) -> Result<CopyIn, DriverError> {
        let sink = self.client.copy_in(sql).await.map_err(|error| self.failed(error))?;
        Ok(CopyIn { sink: Box::pin(sink), endpoint: self.endpoint.clone() })
    }

    /// Says goodbye and waits until the connection is closed.
    pub async fn close(self) {
        self.describing.rest().await;
        drop(self.client);
        // A task that ended by a panic has closed the connection as well.
        drop(self.task.await);
    }

    fn failed(&self, error: tokio_postgres::Error) -> DriverError {
        failure(&self.endpoint, error)
    }

    pub(super) fn odd(&self, what: String) -> DriverError {
        DriverError::Protocol { endpoint: self.endpoint.clone(), what }
    }
}

/// A COPY in progress. Dropped without [`CopyIn::finish`], it is aborted.
pub struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    endpoint: String,
}

impl std::fmt::Debug for CopyIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyIn").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl CopyIn {
    /// Sends a chunk (tens of KiB are best).
    ///
    /// # Errors
    /// A lost connection. What the server thinks of the rows comes with [`CopyIn::finish`].
    pub async fn send(&mut self, chunk: Bytes) -> Result<(), DriverError> {
        self.sink.feed(chunk).await.map_err(|error| failure(&self.endpoint, error))
    }

    /// Ends the COPY; returns the rows that the server counted.
    ///
    /// # Errors
    /// As [`Control::batch`].
    pub async fn finish(mut self) -> Result<u64, DriverError> {
        self.sink.as_mut().finish().await.map_err(|error| failure(&self.endpoint, error))
    }
}

fn config(endpoint: &Endpoint, is_encrypted: bool) -> Config {
    let mut config = Config::new();
    config.user(&endpoint.user).dbname(&endpoint.database).application_name("dbbench");
    // Whatever there is of TLS is done: where there is, the client takes the socket for its own encryption.
    config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
    config.ssl_negotiation(SslNegotiation::Direct);
    config.channel_binding(match endpoint.security.binding {
        ChannelBinding::Disable => config::ChannelBinding::Disable,
        ChannelBinding::Prefer => config::ChannelBinding::Prefer,
        ChannelBinding::Require => config::ChannelBinding::Require,
    });
    if let Some(password) = &endpoint.password {
        config.password(password.reveal());
    }
    if !endpoint.startup.is_empty() {
        config.options(startup_options(&endpoint.startup));
    }
    config
}

/// Settings as the `options` of a startup message: `-c name=value`, blanks and backslashes escaped.
fn startup_options(settings: &[(String, String)]) -> String {
    let mut options = String::new();
    for (name, value) in settings {
        options.push_str(" -c ");
        options.push_str(name);
        options.push('=');
        for c in value.chars() {
            if c == '\\' || c.is_ascii_whitespace() {
                options.push('\\');
            }
            options.push(c);
        }
    }
    options
}

fn at_login(endpoint: &Endpoint, error: tokio_postgres::Error) -> DriverError {
    let reason = match server_error(&error) {
        Some(server) => return server.at_login(endpoint),
        // The only configuration that can be missing is the password.
        None if endpoint.password.is_none() && error.to_string().contains("configuration") => {
            format!("the server asks for a password and none is given for role \"{}\"", endpoint.user)
        }
        None => match error.source() {
            Some(source) => format!("login failed: {error}: {source}"),
            None => format!("login failed: {error}"),
        },
    };
    DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
}

fn failure(endpoint: &str, error: tokio_postgres::Error) -> DriverError {
    if let Some(server) = server_error(&error) {
        return DriverError::Server(server);
    }
    let endpoint = endpoint.to_owned();
    let (closed, what) = (error.is_closed(), error.to_string());
    match error.into_source().map(|source| source.downcast::<io::Error>()) {
        Some(Ok(source)) => DriverError::Io { endpoint, source: *source },
        Some(Err(source)) => DriverError::Protocol { endpoint, what: format!("{what}: {source}") },
        None if closed => DriverError::Io { endpoint, source: io::ErrorKind::ConnectionAborted.into() },
        None => DriverError::Protocol { endpoint, what },
    }
}

fn server_error(error: &tokio_postgres::Error) -> Option<ServerError> {
    let error = error.as_db_error()?;
    let position = match error.position() {
        Some(tokio_postgres::error::ErrorPosition::Original(at)) => usize::try_from(*at).ok(),
        _ => None,
    };
    Some(ServerError {
        state: SqlState::new(error.code().code())?,
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
        position,
        context: error.where_().map(str::to_owned),
        fatal: matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic)),
    })
}
