//! The link: a proxy that puts the round-trip time of a network between client and endpoint.
//!
//! Every byte goes through it and is held back by half of the round trip in each direction. It runs on a thread of its own,
//! so that neither its waits nor its CPU time are the client's. What the kernel hides from it is the handshake: it accepts
//! at once, so whoever connects waits one round trip more ([`Endpoint::connect_delay`]).

mod connection;
mod lane;
mod measure;
mod shared;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::error::{Doing, TopologyError};
use super::processes;
use crate::driver::{Address, Endpoint};
use crate::timer::{self, Timer};
use crate::workload::plan::LinkPlan;
pub use measure::{AddedDelay, measure_added_delay};
use shared::Shared;

/// How the timer's lateness is measured at start: about as long as most links are, for some 20 ms.
const LATENESS_SAMPLES: usize = 61;
const LATENESS_GAP: Duration = Duration::from_micros(300);
/// A running link. Dropping it ends it and all connections through it.
#[derive(Debug)]
pub struct Link {
    local: SocketAddr,
    shared: Arc<Shared>,
    plan: LinkPlan,
    schedstat: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Starts a link in front of `upstream`, listening on a free port of 127.0.0.1. Takes some 20 ms, in which it learns how
    /// late its timer is.
    ///
    /// # Errors
    /// When there is no port, thread or timer for it. That `upstream` answers is seen only by those who connect.
    pub fn start(upstream: Address, plan: LinkPlan) -> Result<Self, TopologyError> {
        let shared = Arc::new(Shared::new(plan));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("link".into())
            .spawn(move || run(&upstream, &of_thread, &tell, stopped))
            .doing(|| "start the link's thread".into())?;
        let ended = || Err(io::Error::other("its thread ended"));
        let started = told.recv().unwrap_or_else(|_| ended()).doing(|| "start the link".into())?;
        let Started { local, schedstat } = started;
        Ok(Self { local, shared, plan, schedstat, stop: Some(stop), thread: Some(thread) })
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::Tcp { host: self.local.ip().to_string(), port: self.local.port() }
    }

    /// `endpoint` as seen through this link, as it is set now: with its address, and one round trip more for connecting.
    #[must_use]
    pub fn endpoint(&self, endpoint: &Endpoint) -> Endpoint {
        Endpoint { address: self.address(), connect_delay: self.plan.rtt, ..endpoint.clone() }
    }

    /// Changes the delays for what arrives from now on, on all connections.
    pub fn set(&mut self, plan: LinkPlan) {
        self.plan = plan;
        self.shared.set(plan);
    }

    /// By how much deadlines are set early: how late the timer is.
    #[must_use]
    pub fn lateness(&self) -> Duration {
        self.shared.lateness()
    }

    /// CPU time of the link so far, in nanoseconds; `None` where the kernel does not tell.
    #[must_use]
    pub fn cpu_ns(&self) -> Option<u64> {
        processes::on_cpu_ns(&self.schedstat)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Started {
    local: SocketAddr,
    schedstat: PathBuf,
}

fn run(
    upstream: &Address,
    shared: &Arc<Shared>,
    tell: &mpsc::Sender<io::Result<Started>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell.send(Err(error))),
    };
    let served = runtime.block_on(async {
        let (listener, timer) = match open(shared).await {
            Ok(opened) => opened,
            Err(error) => return Err(error),
        };
        let schedstat = format!("/proc/self/task/{}/schedstat", rustix::thread::gettid().as_raw_nonzero());
        let started = Started { local: listener.local_addr()?, schedstat: schedstat.into() };
        let _ = tell.send(Ok(started));
        tokio::select! {
            biased;
            _ = stopped => Ok(()),
            error = accept(&listener, upstream, shared, &timer) => Err(error),
        }
    });
    if let Err(error) = served {
        // Nobody listens any more once the link has started: its clients see their connections close.
        let _ = tell.send(Err(error));
    }
}

async fn open(shared: &Shared) -> io::Result<(TcpListener, Timer)> {
    timer::set_slack()?;
    let timer = Timer::new()?;
    let lateness = timer.measure_lateness(LATENESS_SAMPLES, LATENESS_GAP).await;
    shared.set_lateness(lateness);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    Ok((listener, timer))
}

/// Serves connections until accepting fails for good.
async fn accept(listener: &TcpListener, upstream: &Address, shared: &Arc<Shared>, timer: &Timer) -> io::Error {
    let mut number = 0;
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                number += 1;
                tokio::spawn(connection::serve(client, upstream.clone(), Arc::clone(shared), timer.clone(), number));
            }
            // The connection that failed is its client's trouble; when file descriptors are short, some will be free soon.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) if matches!(error.raw_os_error(), Some(23 | 24)) => {
                timer.sleep_until(std::time::Instant::now() + Duration::from_millis(10)).await;
            }
            Err(error) => return error,
        }
    }
}

#[cfg(test)]
mod tests;
