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
    let mut forth = Way { timer, shared, lane: Lane::default(), wait: None, is_done: false };
    let mut back = Way { timer, shared, lane: Lane::default(), wait: None, is_done: false };
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
    wait: Option<Wait>,
    is_done: bool,
}

/// A wait for the next moment of a lane.
struct Wait {
    moment: Instant,
    /// Ends early by the timer's lateness; `None` when what is left is shorter than that.
    sleep: Option<Sleep>,
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
        let mut horizon = self.waited(context).unwrap_or_else(Instant::now);
        loop {
            // Out first: what is due has waited long enough.
            let can_write = self.send(context, to, horizon)?;
            if self.lane.is_over(horizon) {
                // A peer that is gone already needs no goodbye.
                let _ = std::task::ready!(Pin::new(&mut *to).poll_shutdown(context));
                self.is_done = true;
                return Poll::Ready(Ok(()));
            }
            if self.receive(context, from, random)? {
                horizon = horizon.max(Instant::now());
                continue;
            }
            if can_write {
                self.wait_for_next();
            }
            match self.waited(context) {
                Some(now) if can_write => horizon = now,
                _ => return Poll::Pending,
            }
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

    /// Begins to wait for the next moment of the lane, if it is another than before.
    fn wait_for_next(&mut self) {
        let Some(moment) = self.lane.next() else { return self.wait = None };
        if self.wait.as_ref().is_none_or(|wait| wait.moment != moment) {
            let deadline = moment.checked_sub(self.shared.lateness()).filter(|deadline| *deadline > Instant::now());
            self.wait = Some(Wait { moment, sleep: deadline.map(|deadline| self.timer.sleep_until(deadline)) });
        }
    }

    /// Whether the moment waited for has come; returns until when things may leave.
    fn waited(&mut self, context: &mut Context<'_>) -> Option<Instant> {
        let Wait { moment, sleep } = self.wait.as_mut()?;
        match sleep {
            Some(sleep) => {
                if Pin::new(&mut *sleep).poll(context).is_pending() {
                    return None;
                }
                self.shared.observe_lateness(sleep.deadline().elapsed());
            }
            // Too short for the timer: other tasks and sockets have their turn, then this one again.
            None if *moment > Instant::now() => {
                context.waker().wake_by_ref();
                return None;
            }
            None => {}
        }
        let horizon = (*moment).max(Instant::now());
        self.wait = None;
        Some(horizon)
    }
}
