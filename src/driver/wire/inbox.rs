//! What the server sends, cut into messages in place: one buffer that is filled by the socket and read where it lies.

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Tag and length.
const HEADER: usize = 5;

/// Bytes received and not yet read.
///
/// The buffer is longer than the usual answer on purpose: a read that does not fill it tells the runtime that the
/// socket is empty, which saves the system call that would otherwise find out.
#[derive(Debug)]
pub(in crate::driver) struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    pub(in crate::driver) fn new(size: usize) -> Self {
        Self { buffer: vec![0; size.max(HEADER)], start: 0, end: 0 }
    }

    /// The next whole message, if it is here: its tag, and where its body lies (until the next [`Inbox::fill`]).
    ///
    /// # Errors
    /// When the length cannot be that of a message.
    #[inline]
    pub(in crate::driver) fn next(&mut self) -> io::Result<Option<(u8, Range<usize>)>> {
        let Some(length) = self.pending_length()? else { return Ok(None) };
        if self.end - self.start < length {
            return Ok(None);
        }
        let (tag, body) = (self.buffer[self.start], self.start + HEADER..self.start + length);
        self.start += length;
        Ok(Some((tag, body)))
    }

    /// What was received and not yet read.
    pub(super) fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// A body that [`Inbox::next`] has named.
    #[inline]
    pub(in crate::driver) fn body(&self, at: Range<usize>) -> &[u8] {
        &self.buffer[at]
    }

    /// Length of the message that begins at `start`, tag included, once its header is here.
    #[inline]
    fn pending_length(&self) -> io::Result<Option<usize>> {
        let header = match self.buffer[self.start..self.end] {
            [_, a, b, c, d, ..] => [a, b, c, d],
            _ => return Ok(None),
        };
        match usize::try_from(i32::from_be_bytes(header)) {
            Ok(length) if length >= HEADER - 1 => Ok(Some(length + 1)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a message with an impossible length")),
        }
    }

    /// Waits for more bytes.
    ///
    /// # Errors
    /// Of the socket; `UnexpectedEof` when the server has closed it.
    pub(in crate::driver) async fn fill(&mut self, socket: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        self.make_room()?;
        poll_fn(|cx| {
            let mut free = ReadBuf::new(&mut self.buffer[self.end..]);
            ready!(Pin::new(&mut *socket).poll_read(cx, &mut free))?;
            let received = free.filled().len();
            self.end += received;
            Poll::Ready(if received == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) })
        })
        .await
    }

    /// Receives what is there behind what was not read yet, however much that is.
    pub(super) fn poll_more(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.end * 2 > self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let mut free = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(&mut *socket).poll_read(cx, &mut free))?;
        let received = free.filled().len();
        self.end += received;
        Poll::Ready(if received == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) })
    }

    /// Sees to it that what is missing of the message at `start` has a place, growing up to the largest message seen.
    fn make_room(&mut self) -> io::Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        let length = self.pending_length()?.unwrap_or(HEADER);
        if self.start + length > self.buffer.len() || self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if length > self.buffer.len() {
                self.buffer.resize(length.next_power_of_two(), 0);
            }
        }
        Ok(())
    }
}
