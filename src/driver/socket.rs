//! Reaching a server: name, TCP or Unix socket, TLS; before anything is said of PostgreSQL. Both kinds of session start
//! here.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::{Address, Endpoint};
use super::error::DriverError;
use super::tls::{self, TlsStream};

/// How long a server may take to accept a connection and to log in.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// SSLRequest: length and code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A connected socket of either kind.
#[derive(Debug)]
pub(super) enum Plain {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Plain {
    /// Connects, without waiting for what a link in front of the endpoint hides.
    pub(super) async fn connect(endpoint: &Endpoint) -> Result<Self, DriverError> {
        match &endpoint.address {
            Address::Tcp { host, port } => Self::tcp(endpoint, host, *port).await,
            Address::Unix { .. } => {
                let path = endpoint.address.socket_path().unwrap_or_default();
                UnixStream::connect(path).await.map(Self::Unix).map_err(|error| refused(endpoint, &error))
            }
        }
    }

    async fn tcp(endpoint: &Endpoint, host: &str, port: u16) -> Result<Self, DriverError> {
        let found: io::Result<Vec<SocketAddr>> = tokio::net::lookup_host((host, port)).await.map(Iterator::collect);
        let addresses = found.map_err(|error| unknown(endpoint, host, &error))?;
        let connected = match TcpStream::connect(addresses.as_slice()).await {
            // A statement is one small packet: holding it back would add the other side's delayed ACK to every time.
            Ok(stream) => stream.set_nodelay(true).map(|()| stream),
            Err(error) => Err(error),
        };
        connected.map(Self::Tcp).map_err(|error| refused(endpoint, &error))
    }

    /// Asks for TLS where the endpoint wants it.
    pub(super) async fn secure(mut self, endpoint: &Endpoint) -> Result<Socket, DriverError> {
        let Some(tls) = &endpoint.security.tls else { return Ok(Socket::Plain(self)) };
        let failed = |reason: String| DriverError::Connect { endpoint: endpoint.label(), reason, state: None };
        let broken = |error: io::Error| failed(format!("asking for TLS failed: {error}"));
        self.write_all(&SSL_REQUEST).await.map_err(broken)?;
        // One byte comes. More is either no PostgreSQL, or somebody in between who wants it to be taken for encrypted.
        let mut answer = [0; 256];
        let length = self.read(&mut answer).await.map_err(broken)?;
        match &answer[..length] {
            b"S" => Ok(Socket::Tls(Box::new(tls.wrap(self, endpoint).await?))),
            b"N" => Err(DriverError::NoTls { endpoint: endpoint.label() }),
            b"" => Err(failed("the server closed the connection when asked for TLS: is it PostgreSQL?".to_owned())),
            other => Err(failed(not_postgres(other))),
        }
    }
}

/// A connection with a server, ready for the startup message.
#[derive(Debug)]
pub(super) enum Socket {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
}

impl Socket {
    /// What SCRAM can bind a login to.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => tls::end_point(stream),
        }
    }

    /// `TLS 1.3`; `None` when nothing is encrypted.
    pub(super) fn encryption(&self) -> Option<&'static str> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => Some(tls::version(stream)),
        }
    }
}

impl AsyncRead for Plain {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Plain {
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

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            // What was encrypted may still wait for the socket.
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// The error of a name that nobody knows.
fn unknown(endpoint: &Endpoint, host: &str, error: &io::Error) -> DriverError {
    let reason =
        format!("the name \"{host}\" cannot be resolved ({error}): is it spelled right, does this network know it?");
    DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
}

/// The error of a socket that could not be opened, with what to try.
fn refused(endpoint: &Endpoint, error: &io::Error) -> DriverError {
    let unix = matches!(endpoint.address, Address::Unix { .. });
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused if unix => "nobody listens on this socket: the server has ended".into(),
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: is the server running, and is the port right?".into()
        }
        io::ErrorKind::NotFound if unix => {
            "there is no such socket: is the server running, and is this its unix_socket_directories?".into()
        }
        io::ErrorKind::PermissionDenied if unix => "this user may not open the socket".into(),
        io::ErrorKind::TimedOut => "no answer from that address: is it reachable from here?".into(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            format!("{error}: there is no way to that address from here")
        }
        _ => error.to_string(),
    };
    DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
}

/// The error of a server that accepts connections and does not get to the end of the login.
pub(super) fn timed_out(endpoint: &Endpoint) -> DriverError {
    let seconds = CONNECT_TIMEOUT.as_secs();
    let reason = format!(
        "no login within {seconds} s: is it PostgreSQL that listens there, and is it neither overloaded nor stopped, nor \
         behind a firewall that drops packets?"
    );
    DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
}

/// What something else than PostgreSQL has said, and what it probably is.
pub(super) fn not_postgres(said: &[u8]) -> String {
    let begins = |text: &str| said.starts_with(text.as_bytes());
    let kind = if begins("HTTP/") {
        "an HTTP server"
    } else if begins("SSH-") {
        "an SSH server"
    } else if begins("-ERR") || begins("-NOAUTH") || begins("-DENIED") {
        "Redis"
    } else if begins("220") || begins("+OK") || begins("* OK") {
        "a mail or FTP server"
    } else if said.len() > 5 && said[3] == 0 && matches!(said[4], 9 | 10 | 0xff) {
        "MySQL or MariaDB"
    } else if said.len() > 2 && matches!(said[0], 0x15 | 0x16) && said[1] == 3 {
        "a server that speaks TLS at once"
    } else {
        "something else"
    };
    let words: String =
        String::from_utf8_lossy(said).chars().take_while(|c| !matches!(c, '\r' | '\n')).take(40).collect();
    let words: String = words.chars().map(|c| if c.is_control() { '.' } else { c }).collect();
    format!("what listens there is not PostgreSQL but {kind} (it says \"{words}\"): check host and port")
}

#[cfg(test)]
mod tests {
    use super::not_postgres;

    #[test]
    fn other_servers_are_told_by_their_first_words() {
        let cases: [(&[u8], &str); 6] = [
            (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "an HTTP server (it says \"HTTP/1.1 400 Bad Request\")"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
            (b"-ERR unknown command", "Redis"),
            (b"J\0\0\0\x0a5.7.44\0", "MySQL or MariaDB"),
            (b"\x15\x03\x01\0\x02", "speaks TLS at once"),
            (b"hello", "something else"),
        ];
        for (said, expected) in cases {
            let text = not_postgres(said);
            assert!(text.contains(expected) && !text.contains('\n'), "{text}");
        }
    }
}
