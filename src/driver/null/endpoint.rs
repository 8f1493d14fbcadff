//! The null endpoint: a server on a thread of its own that speaks PostgreSQL's protocol over loopback and answers every
//! statement at once. Between it and a client lies all that lies between a client and a real server on this machine, but
//! for the server's work.
//!
//! It listens on 127.0.0.1 alone, asks nobody for a password, and holds no data.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{conversation, exchange};
use crate::driver::endpoint::{Address, Endpoint};
use crate::driver::session::NullTarget;
use crate::driver::types::ColumnInfo;
use crate::timer::{self, Timer};

/// What a null endpoint knows of the statements that it will be asked.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) target: NullTarget,
    statements: Vec<(String, Vec<ColumnInfo>)>,
}

impl Answers {
    /// The columns of a statement that is prepared for the `times`-th time (from 0), if it is known.
    pub(super) fn columns(&self, sql: &str, times: usize) -> Option<&[ColumnInfo]> {
        let mut same = self.statements.iter().filter(|(known, _)| known == sql).map(|(_, columns)| &**columns);
        let first = same.next()?;
        Some(match times {
            0 => first,
            times => same.nth(times - 1).unwrap_or(first),
        })
    }
}

/// A running null endpoint. Dropping it ends it and all its connections.
#[derive(Debug)]
pub struct NullEndpoint {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl NullEndpoint {
    /// Starts one on a free port. `statements` are the SQL and the columns of what will be prepared, in the order in which
    /// each connection does; what is not among them is answered with one `int8`, or as the command that it is.
    ///
    /// # Errors
    /// When there is no port, thread or timer for it.
    pub fn start(target: NullTarget, statements: Vec<(String, Vec<ColumnInfo>)>) -> io::Result<Self> {
        let answers = Arc::new(Answers { target, statements });
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("null endpoint".into())
            .spawn(move || drop(tell.send(run(&answers, &tell, stopped).map(|()| 0))))?;
        let port = told.recv().unwrap_or_else(|_| Err(io::Error::other("the null endpoint's thread ended")))?;
        Ok(Self { port, stop: Some(stop), thread: Some(thread) })
    }

    /// How to reach it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            name: "null endpoint".into(),
            address: Address::Tcp { host: "127.0.0.1".into(), port: self.port },
            user: "dbbench".into(),
            password: None,
            database: "dbbench".into(),
            startup: Vec::new(),
            connect_delay: Duration::ZERO,
            security: Default::default(),
        }
    }

    /// Asks `sql`, which takes one `int8`, over and over until `time` has passed, by the barest client that there can be:
    /// the bytes that a session sends, in one blocking write and read each. The times of all exchanges.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn bare_exchanges(&self, sql: &str, time: Duration) -> io::Result<Vec<Duration>> {
        exchange::bare(self.port, sql, time)
    }
}

impl Drop for NullEndpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread: says which port it has, then serves until it is told to stop.
fn run(answers: &Arc<Answers>, tell: &mpsc::Sender<io::Result<u16>>, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    // Without it waits are less precise; the timer itself does not depend on it.
    let _ = timer::set_slack();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let timer = Timer::new()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let _ = tell.send(Ok(listener.local_addr()?.port()));
        tokio::select! {
            biased;
            // Either way the other side is gone.
            _ = stopped => Ok(()),
            error = accept(&listener, answers, &timer) => Err(error),
        }
    })
}

/// Serves connections until accepting fails for good.
async fn accept(listener: &TcpListener, answers: &Arc<Answers>, timer: &Timer) -> io::Error {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let served = conversation::serve(client, Arc::clone(answers), timer.clone());
                // A connection that breaks is its client's trouble.
                tokio::spawn(async move { drop(served.await) });
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // Out of file descriptors: some will be free soon.
            Err(error) if matches!(error.raw_os_error(), Some(23 | 24)) => {
                timer.sleep_until(Instant::now() + Duration::from_millis(10)).await;
            }
            Err(error) => return error,
        }
    }
}
