//! The link against real sockets; how exact it is, is bounded widely here and measured elsewhere.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::time::Instant;

use super::*;

fn plan(rtt: Duration) -> LinkPlan {
    LinkPlan { rtt, jitter: Duration::ZERO, in_path: true }
}

fn connect(link: &Link) -> TcpStream {
    let stream = TcpStream::connect(link.local).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    stream
}

/// An upstream that hands its only connection to `serve`.
fn upstream<T: Send + 'static>(serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> (Address, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let thread = std::thread::spawn(move || serve(listener.accept().expect("a connection").0));
    (Address::Tcp { host: "127.0.0.1".into(), port }, thread)
}

#[test]
fn the_round_trip_asked_for_is_added() {
    // A wrong delay is wrong in every attempt; a machine without a CPU to spare makes some late.
    let mut found = Vec::new();
    for _ in 0..10 {
        let measured = measure_added_delay(Duration::from_micros(500), 200).expect("measured");
        let added = i128::try_from(measured.added().as_micros()).expect("small");
        if (added - 500).abs() <= 150 {
            return;
        }
        found.push(measured);
    }
    panic!("{found:#?}");
}

#[test]
fn a_large_stream_arrives_whole_through_a_slow_link_and_ends_with_it() {
    let sent: Vec<u8> = (0..6_000_000u32).map(|i| u8::try_from(i % 241).expect("below 241")).collect();
    let expected = sent.clone();
    let (address, server) = upstream(move |mut stream| {
        let mut request = String::new();
        // Reads to the client's half-close before it answers, as the client goes on listening.
        stream.read_to_string(&mut request).expect("half-closed");
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(&sent).expect("taken");
        request
    });
    let link = Link::start(address, LinkPlan { jitter: Duration::from_millis(3), ..plan(Duration::from_millis(4)) })
        .expect("started");
    let mut client = connect(&link);
    client.write_all(b"please").expect("taken");
    client.shutdown(Shutdown::Write).expect("a socket");
    let mut received = Vec::new();
    client.read_to_end(&mut received).expect("whole");
    assert!(received == expected, "{} bytes of {}", received.len(), expected.len());
    assert_eq!(server.join().expect("no panic"), "please");
}

#[test]
fn a_reader_that_rests_holds_up_the_sender() {
    const OFFERED: usize = 64 * 1024 * 1024;
    let (address, server) = upstream(|mut stream| {
        stream.set_write_timeout(Some(Duration::from_millis(300))).expect("a socket");
        let mut sent = 0;
        while sent < OFFERED {
            match stream.write(&[0; 65536]) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
        }
        sent
    });
    let link = Link::start(address, plan(Duration::ZERO)).expect("started");
    let client = connect(&link);
    let sent = server.join().expect("no panic");
    assert!(sent < OFFERED / 2, "{sent} bytes are on their way to nobody");
    drop(client);
}

#[test]
fn a_changed_delay_holds_for_what_comes_next_and_connecting_costs_one_more() {
    let (address, _server) = upstream(|mut stream| {
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() {
            stream.write_all(&byte).expect("taken");
        }
    });
    let mut link = Link::start(address.clone(), plan(Duration::ZERO)).expect("started");
    let mut client = connect(&link);
    let mut exchange = || {
        let start = Instant::now();
        client.write_all(b"x").expect("taken");
        client.read_exact(&mut [0]).expect("answered");
        start.elapsed()
    };
    let fastest = (0..20).map(|_| exchange()).min().expect("twenty");
    assert!(fastest < Duration::from_millis(20), "{fastest:?}");
    link.set(plan(Duration::from_millis(40)));
    let slow = exchange();
    assert!(slow > Duration::from_millis(35) && slow < Duration::from_secs(2), "{slow:?}");
    let behind = Endpoint {
        name: "primary".into(),
        address,
        user: "u".into(),
        password: None,
        database: "d".into(),
        startup: Vec::new(),
        connect_delay: Duration::ZERO,
        security: Default::default(),
    };
    let seen = link.endpoint(&behind);
    assert_eq!((seen.connect_delay, seen.address), (Duration::from_millis(40), link.address()));
    assert!(link.cpu_ns().expect("Linux tells") > 0);
}

#[test]
fn a_dead_upstream_closes_the_connection_and_unix_sockets_are_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = Address::Unix { dir: folder.path().into(), port: 77 };
    let link = Link::start(address, plan(Duration::from_micros(200))).expect("started");
    assert_eq!(connect(&link).read(&mut [0]).ok(), Some(0), "nobody listens yet");
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.77")).expect("a socket");
    let mut client = connect(&link);
    listener.accept().expect("a connection").0.write_all(b"hello").expect("taken");
    let mut greeting = String::new();
    client.read_to_string(&mut greeting).expect("closed by the server");
    assert_eq!(greeting, "hello");
    // Ending the link ends what goes through it.
    let mut other = connect(&link);
    drop(link);
    assert!(matches!(other.read(&mut [0]), Ok(0) | Err(_)));
}
