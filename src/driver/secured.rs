//! A socket with its own encryption, as tokio-postgres wants to see it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::socket::Socket;

/// Stands for a handshake that is over, and knows what SCRAM can bind to.
#[derive(Clone, Debug)]
pub(super) struct Secured {
    is_encrypted: bool,
    end_point: Option<Vec<u8>>,
}

impl Secured {
    pub(super) fn new(socket: &Socket) -> Self {
        Self { is_encrypted: socket.encryption().is_some(), end_point: socket.end_point() }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }
}

impl TlsConnect<Socket> for Secured {
    type Stream = SecuredSocket;
    type Error = Infallible;
    type Future = Ready<Result<SecuredSocket, Infallible>>;

    fn connect(self, socket: Socket) -> Self::Future {
        ready(Ok(SecuredSocket { socket, end_point: self.end_point }))
    }
}

/// The socket after its handshake.
#[derive(Debug)]
pub(super) struct SecuredSocket {
    socket: Socket,
    end_point: Option<Vec<u8>>,
}

impl TlsStream for SecuredSocket {
    fn channel_binding(&self) -> ChannelBinding {
        self.end_point.clone().map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for SecuredSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for SecuredSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
