//! A Unix socket that wakes its reader for answers alone.
//!
//! The kernel tells whoever waits for room in a Unix socket of every message that the other side takes out of it, and the
//! runtime's own type always waits for both. A client would be woken twice per statement: at once, by the server that
//! reads the question, and again by the answer. With one client that costs the server the CPU just when it begins to
//! work. So the socket is registered for reading, and for writing only while it is full. (TCP does not do this.)

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// See the module.
#[derive(Debug)]
pub(super) struct UnixSocket {
    answers: AsyncFd<UnixStream>,
    /// The same socket once more, from when a write found it full until one does not.
    room: Option<AsyncFd<UnixStream>>,
}

impl UnixSocket {
    pub(super) async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(tokio::net::UnixStream::connect(path).await?.into_std()?)
    }

    /// Of a socket that does not block.
    fn new(stream: UnixStream) -> io::Result<Self> {
        Ok(Self { answers: registered(stream, Interest::READABLE)?, room: None })
    }
}

fn registered(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    // SAFETY: the stream is owned by the AsyncFd, of which only `get_ref` and reads and writes are used: it stays open, and
    // the same, until the AsyncFd is dropped.
    #[allow(unsafe_code)]
    let registered = unsafe { AsyncFd::register_with_interest(stream, interest) };
    registered.map_err(io::Error::from)
}

impl AsyncRead for UnixSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.answers.poll_read_ready(cx))?;
            let free = buf.initialize_unfilled();
            let wanted = free.len();
            match ready.get_inner().read(free) {
                Ok(received) => {
                    // Less than there was room for: the socket is empty, which saves the call that would find out. Not so
                    // at the end of the stream, which is no event that comes again.
                    if 0 < received && received < wanted {
                        ready.clear_ready();
                    }
                    buf.advance(received);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for UnixSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            match this.answers.get_ref().write(buf) {
                Ok(sent) => {
                    this.room = None;
                    return Poll::Ready(Ok(sent));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Poll::Ready(Err(error)),
            }
            let room = match this.room.take() {
                Some(room) => room,
                None => registered(this.answers.get_ref().try_clone()?, Interest::WRITABLE)?,
            };
            let room = this.room.insert(room);
            // What was full a moment ago counts as full until the kernel tells otherwise again.
            let mut ready = ready!(room.poll_write_ready(cx))?;
            match ready.try_io(|socket| socket.get_ref().write(buf)) {
                Ok(sent) => return Poll::Ready(sent),
                Err(_still_full) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.answers.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn pair() -> (UnixSocket, UnixSocket) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        (UnixSocket::new(ours).unwrap(), UnixSocket::new(theirs).unwrap())
    }

    #[tokio::test]
    async fn more_than_fits_goes_through_in_both_directions_and_ends_with_the_stream() {
        let sent: Vec<u8> = (0..3_000_000u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let (mut ours, mut theirs) = pair();
        // Nobody reads yet: it becomes full.
        let mut done = 0;
        let mut nobody = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(count) = Pin::new(&mut ours).poll_write(&mut nobody, &sent[done..]) {
            done += count.unwrap();
        }
        assert!(done < sent.len() && ours.room.is_some(), "{done} bytes fit");
        let echo = tokio::spawn(async move {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            theirs.write_all(&all).await.unwrap();
            theirs.shutdown().await.unwrap();
        });
        ours.write_all(&sent[done..]).await.unwrap();
        ours.shutdown().await.unwrap();
        let mut back = Vec::new();
        ours.read_to_end(&mut back).await.unwrap();
        assert!(back == sent, "{} bytes", back.len());
        echo.await.unwrap();
    }

    /// The point of it: what the server takes out of the socket wakes nobody, an answer does.
    #[tokio::test]
    async fn a_question_that_is_read_wakes_nobody() {
        let (mut ours, mut theirs) = pair();
        ours.write_all(b"question").await.unwrap();
        let mut wakes = wakes_of(&mut ours);
        theirs.read_exact(&mut [0; 8]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(wakes(), 0);
        theirs.write_all(b"answer").await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(wakes(), 1);
        assert!(ours.room.is_none());
    }

    /// Waits for an answer; gives how often that was woken since.
    fn wakes_of(socket: &mut UnixSocket) -> impl FnMut() -> usize + use<> {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};
        #[derive(Default)]
        struct Count(AtomicUsize);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let count = Arc::new(Count::default());
        let waker = Arc::clone(&count).into();
        let mut buffer = [0; 16];
        let waiting = Pin::new(socket).poll_read(&mut Context::from_waker(&waker), &mut ReadBuf::new(&mut buffer));
        assert!(waiting.is_pending());
        move || count.0.load(Ordering::Relaxed)
    }
}
