//! What a link really adds: ping-pong with an echo on this machine, over the same path with and without the round trip.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::Link;
use crate::driver::Address;
use crate::topology::error::{Doing, TopologyError};
use crate::workload::plan::LinkPlan;

/// Exchanges between two changes of the link.
const BLOCK: usize = 20;

/// Medians of one exchange through the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedDelay {
    /// Straight to the echo, without the link.
    pub direct: Duration,
    /// Through the link set to 0: what the proxy itself costs.
    pub at_zero: Duration,
    /// Through the link set to the round trip asked for.
    pub at_rtt: Duration,
}

impl AddedDelay {
    /// What the link added over the same path at 0.
    #[must_use]
    pub fn added(&self) -> Duration {
        self.at_rtt.saturating_sub(self.at_zero)
    }
}

/// Measures with one idle client: at least `exchanges` of each kind, in alternating blocks.
///
/// # Errors
/// When sockets or the link fail.
pub fn measure_added_delay(rtt: Duration, exchanges: usize) -> Result<AddedDelay, TopologyError> {
    let doing = || "measure the link".to_owned();
    let echo = TcpListener::bind(("127.0.0.1", 0)).doing(doing)?;
    let port = echo.local_addr().doing(doing)?.port();
    // Ends when both connections, the direct one and that of the link, have ended.
    let server = std::thread::spawn(move || {
        let sessions: Vec<_> =
            echo.incoming().take(2).flatten().map(|stream| std::thread::spawn(|| answer(stream))).collect();
        sessions.into_iter().for_each(|session| drop(session.join()));
    });
    let still = LinkPlan { in_path: true, ..LinkPlan::default() };
    let mut link = Link::start(Address::Tcp { host: "127.0.0.1".into(), port }, still)?;
    let times = exchange_all(&mut link, port, rtt, exchanges).doing(doing)?;
    drop(link);
    let _ = server.join();
    let [direct, at_zero, at_rtt] = times.map(median);
    Ok(AddedDelay { direct, at_zero, at_rtt })
}

fn exchange_all(link: &mut Link, port: u16, rtt: Duration, exchanges: usize) -> io::Result<[Vec<Duration>; 3]> {
    let mut direct = connect(port)?;
    let mut through = connect(link.local.port())?;
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..exchanges.div_ceil(BLOCK) {
        block(&mut direct, &mut times[0])?;
        link.set(LinkPlan { in_path: true, ..LinkPlan::default() });
        block(&mut through, &mut times[1])?;
        link.set(LinkPlan { rtt, in_path: true, ..LinkPlan::default() });
        block(&mut through, &mut times[2])?;
    }
    Ok(times)
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

fn block(stream: &mut TcpStream, times: &mut Vec<Duration>) -> io::Result<()> {
    let mut message = [7; 64];
    for _ in 0..BLOCK {
        let start = Instant::now();
        stream.write_all(&message)?;
        stream.read_exact(&mut message)?;
        times.push(start.elapsed());
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; 64];
    loop {
        stream.read_exact(&mut message)?;
        stream.write_all(&message)?;
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
