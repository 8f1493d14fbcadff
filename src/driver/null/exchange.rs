//! The barest client of a null endpoint: what remains of a statement's time when nothing is left out but dbbench.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::{backend, frontend};

/// How long an answer may take before the exchange is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Times of exchanges of the same bytes, until `time` has passed: Bind, Execute and Sync of `sql` with one `int8` out,
/// what comes back in.
pub(super) fn bare(port: u16, sql: &str, time: Duration) -> io::Result<Vec<Duration>> {
    const INT8: u32 = 20;
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut out = BytesMut::new();
    frontend::startup_message([("user", "dbbench"), ("database", "dbbench")], &mut out)?;
    whole(&mut socket, &out)?;
    out.clear();
    frontend::parse("s0", sql, [INT8], &mut out)?;
    frontend::sync(&mut out);
    whole(&mut socket, &out)?;
    let request = request("s0")?;
    let length = whole(&mut socket, &request)?;

    let mut answer = vec![0; length];
    let mut times = Vec::with_capacity(1 << 16);
    let started = Instant::now();
    let mut last = started;
    while last - started < time {
        socket.write_all(&request)?;
        socket.read_exact(&mut answer)?;
        let now = Instant::now();
        times.push(now - last);
        last = now;
    }
    Ok(times)
}

/// What a session sends for one execution.
pub(in crate::driver) fn request(statement: &str) -> io::Result<BytesMut> {
    let mut out = BytesMut::new();
    let value = |_: i64, out: &mut BytesMut| {
        out.extend_from_slice(&1_i64.to_be_bytes());
        Ok(IsNull::No)
    };
    frontend::bind("", statement, [1], [1], value, [1], &mut out)
        .map_err(|_| io::Error::other("a value cannot be bound"))?;
    frontend::execute("", 0, &mut out)?;
    frontend::sync(&mut out);
    Ok(out)
}

/// Sends, and reads up to ReadyForQuery; how many bytes came.
fn whole(socket: &mut TcpStream, request: &[u8]) -> io::Result<usize> {
    socket.write_all(request)?;
    let mut bytes = 0;
    loop {
        let mut head = [0; 5];
        socket.read_exact(&mut head)?;
        let [tag, length @ ..] = head;
        let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or_default();
        let mut body = vec![0; length.saturating_sub(4)];
        socket.read_exact(&mut body)?;
        bytes += head.len() + body.len();
        match tag {
            backend::READY_FOR_QUERY_TAG => return Ok(bytes),
            backend::ERROR_RESPONSE_TAG => return Err(io::Error::other("the null endpoint refused a message")),
            _ => {}
        }
    }
}
