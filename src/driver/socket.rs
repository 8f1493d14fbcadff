//! Reaching a server: the bare socket, before anything is said on it. Both kinds of session start here.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::{Address, Endpoint};
use super::error::DriverError;

/// How long a server may take to accept a connection and to log in.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A connected socket of either kind.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Connects, without waiting for what a link in front of the endpoint hides.
    pub(super) async fn connect(endpoint: &Endpoint) -> Result<Self, DriverError> {
        let opened = match &endpoint.address {
            Address::Tcp { host, port } => Self::tcp(host, *port).await,
            Address::Unix { .. } => {
                let path = endpoint.address.socket_path().unwrap_or_default();
                UnixStream::connect(path).await.map(Self::Unix)
            }
        };
        opened.map_err(|error| refused(endpoint, &error))
    }

    async fn tcp(host: &str, port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        // A statement is one small packet: holding it back would add the other side's delayed ACK to every time.
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// The error of a socket that could not be opened, with what to try.
fn refused(endpoint: &Endpoint, error: &io::Error) -> DriverError {
    let unix = matches!(endpoint.address, Address::Unix { .. });
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: is the server running, and is the port right?".into()
        }
        io::ErrorKind::NotFound if unix => {
            "there is no such socket: is the server running, and is this its unix_socket_directories?".into()
        }
        io::ErrorKind::PermissionDenied if unix => "this user may not open the socket".into(),
        io::ErrorKind::TimedOut => "no answer from that address: is it reachable from here?".into(),
        _ => error.to_string(),
    };
    DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
}

/// The error of a server that accepts connections and does not get to the end of the login.
pub(super) fn timed_out(endpoint: &Endpoint) -> DriverError {
    let seconds = CONNECT_TIMEOUT.as_secs();
    let reason = format!("no login within {seconds} s: is the server overloaded or stopped?");
    DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
}
