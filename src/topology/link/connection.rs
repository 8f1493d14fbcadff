//! One connection through the link: two sockets and a lane each way, driven by one task.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::Shared;
use super::lane::Lane;
use crate::driver::Address;
use crate::timer::{Sleep, Timer};

/// Carries bytes between `client` and a new connection to `upstream` until both have ended or one failed. An upstream that
/// cannot be reached closes the client's connection.
pub(super) async fn serve(client: TcpStream, upstream: Address, shared: Arc<Shared>, timer: Timer, number: u64) {
    // What fails here, the client and the server see by themselves: their connections close.
    let _ = carry(client, upstream, shared, timer, number).await;
}

async fn carry(client: TcpStream, upstream: Address, shared: Arc<Shared>, timer: Timer, number: u64) -> io::Result<()> {
    client.set_nodelay(true)?;
    match upstream {
        Address::Tcp { host, port } => {
            let server = TcpStream::connect((host, port)).await?;
            server.set_nodelay(true)?;
            pump(client, server, &shared, &timer, number).await
        }
        Address::Unix { dir, port } => {
            let server = UnixStream::connect(dir.join(format!(".s.PGSQL.{port}"))).await?;
            pump(client, server, &shared, &timer, number).await
        }
    }
}

async fn pump<S>(mut client: TcpStream, mut server: S, shared: &Shared, timer: &Timer, number: u64) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The same jitter in each run, another on each connection.
    let mut random = Xoshiro256PlusPlus::seed_from_u64(number);
    let mut forth = Way { timer, shared, lane: Lane::default(), sleep: None, is_done: false };
    let mut back = Way { timer, shared, lane: Lane::default(), sleep: None, is_done: false };
    poll_fn(|context| {
        let forth = forth.poll(context, &mut client, &mut server, &mut random)?;
        let back = back.poll(context, &mut server, &mut client, &mut random)?;
        if forth.is_ready() && back.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

struct Way<'a> {
    timer: &'a Timer,
    shared: &'a Shared,
    lane: Lane,
    sleep: Option<Sleep>,
    is_done: bool,
}

impl Way<'_> {
    /// Moves what can be moved; ready when the end was passed on.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        random: &mut Xoshiro256PlusPlus,
    ) -> Poll<io::Result<()>> {
        if self.is_done {
            return Poll::Ready(Ok(()));
        }
        loop {
            // Out first: what is due has waited long enough.
            let now = Instant::now();
            let can_write = self.send(context, to, now)?;
            if self.lane.is_over(now) {
                // A peer that is gone already needs no goodbye.
                let _ = std::task::ready!(Pin::new(&mut *to).poll_shutdown(context));
                self.is_done = true;
                return Poll::Ready(Ok(()));
            }
            if self.receive(context, from, random)? || (can_write && self.is_due(context)) {
                continue;
            }
            return Poll::Pending;
        }
    }

    /// Writes what is due; returns whether more could be written.
    fn send(
        &mut self,
        context: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin),
        now: Instant,
    ) -> io::Result<bool> {
        loop {
            let due = self.lane.due(now);
            if due.is_empty() {
                return Ok(true);
            }
            match Pin::new(&mut *to).poll_write(context, due)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) => self.lane.left(count),
                Poll::Pending => return Ok(false),
            }
        }
    }

    /// Reads once; returns whether anything came.
    fn receive(
        &mut self,
        context: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        random: &mut Xoshiro256PlusPlus,
    ) -> io::Result<bool> {
        let Some(room) = self.lane.room() else { return Ok(false) };
        let Poll::Ready(count) = pin!(from.read_buf(room)).poll(context)? else { return Ok(false) };
        self.lane.arrived(count, Instant::now(), self.shared.delays(), random.random());
        Ok(true)
    }

    /// Waits for the next moment of the lane; returns whether it has come.
    fn is_due(&mut self, context: &mut Context<'_>) -> bool {
        let Some(next) = self.lane.next() else {
            self.sleep = None;
            return false;
        };
        if self.sleep.as_ref().is_none_or(|sleep| sleep.deadline() != next) {
            self.sleep = Some(self.timer.sleep_until(next));
        }
        let Some(sleep) = &mut self.sleep else { return false };
        let is_due = Pin::new(sleep).poll(context).is_ready();
        if is_due {
            self.sleep = None;
        }
        is_due
    }
}
