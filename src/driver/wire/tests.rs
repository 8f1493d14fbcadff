use std::time::Duration;

use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

use super::*;
use crate::driver::{Address, Secret};

/// Keeps rows as text, so that they can be compared.
#[derive(Default)]
struct Kept(Vec<Vec<Option<String>>>);

impl RowSink for Kept {
    fn row(&mut self, row: &RawRow<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(row.iter().count(), usize::from(row.columns));
        self.0.push(row.iter().map(|column| column.map(text)).collect());
    }
}

fn endpoint(password: Option<&str>) -> Endpoint {
    Endpoint {
        name: "primary".into(),
        address: Address::Tcp { host: "127.0.0.1".into(), port: 1 },
        user: "app".into(),
        password: password.map(Secret::new),
        database: "shop".into(),
        startup: Vec::new(),
        connect_delay: Duration::ZERO,
        security: Default::default(),
    }
}

/// A session with one prepared statement whose reads go through a pipe of `pipe` bytes into a buffer of `buffer` bytes.
fn session(pipe: usize, buffer: usize) -> (Wire<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(pipe);
    let mut wire = Wire::new(ours, Inbox::new(buffer), Arc::new(endpoint(None)), BackendKey::default());
    wire.statements.push(Known::Binary { parse: Box::default(), bind_head: (*b"\0s0\0\0\x01\0\x01").into() });
    (wire, theirs)
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn row(columns: &[Option<&str>]) -> Vec<u8> {
    let mut args = Args::default();
    columns.iter().for_each(|column| args.raw(column.map(str::as_bytes)));
    message(b'D', &[&args.count().to_be_bytes()[..], args.bytes()].concat())
}

fn end() -> Vec<u8> {
    message(b'Z', b"I")
}

/// Answers whatever is asked with `answer` (written in one piece; the pipe cuts it) and returns what was asked.
async fn answer(mut server: DuplexStream, asked: usize, answer: Vec<u8>) -> (Vec<u8>, DuplexStream) {
    let mut request = vec![0; asked];
    server.read_exact(&mut request).await.unwrap();
    server.write_all(&answer).await.unwrap();
    (request, server)
}

#[tokio::test]
async fn bind_execute_and_sync_go_out_as_the_protocol_wants_them() {
    let (mut wire, server) = session(1024, 1024);
    let mut args = Args::default();
    args.raw(Some(b"\0\0\0\x07"));
    args.raw(None);
    let mut expected = message(b'B', b"\0s0\0\0\x01\0\x01\0\x02\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff\0\x01\0\x01");
    expected.extend(message(b'E', b"\0\0\0\0\0"));
    expected.extend(message(b'S', b""));
    let replies = [message(b'2', b""), message(b'C', b"UPDATE 3\0"), end()].concat();
    let server = tokio::spawn(answer(server, expected.len(), replies));
    let executed = wire.execute(StatementId(0), &args, &mut Kept::default()).await.unwrap();
    assert_eq!(executed, Executed { rows: 0, affected: 3 });
    assert_eq!(server.await.unwrap().0, expected);
}

#[tokio::test]
async fn the_bare_client_of_the_null_endpoint_sends_the_same_bytes() {
    let expected = crate::driver::null::bare_request("s0").unwrap();
    let (mut wire, server) = session(1024, 1024);
    let mut args = Args::default();
    args.raw(Some(&1_i64.to_be_bytes()));
    let server = tokio::spawn(answer(server, expected.len(), end()));
    wire.execute(StatementId(0), &args, &mut Kept::default()).await.unwrap();
    assert_eq!(server.await.unwrap().0, expected[..]);
}

#[tokio::test]
async fn messages_may_be_cut_anywhere_and_be_longer_than_the_buffer() {
    let long = "x".repeat(5_000);
    let rows = [vec![Some("1"), None], vec![Some(""), Some(&*long)], vec![Some("3"), Some("c")], vec![]];
    let mut replies = [message(b'N', b"VNOTICE\0\0"), message(b'S', b"TimeZone\0UTC\0"), message(b'2', b"")].concat();
    replies.extend(rows.iter().flat_map(|columns| row(columns)));
    replies.extend([message(b'C', b"SELECT 4\0"), end()].concat());
    let expected: Vec<Vec<Option<String>>> =
        rows.iter().map(|columns| columns.iter().map(|column| column.map(str::to_owned)).collect()).collect();
    for (pipe, buffer) in [(1, 1), (3, 8), (7, 64), (4096, 16), (64 * 1024, 64 * 1024)] {
        let (mut wire, mut server) = session(pipe, buffer);
        for _ in 0..2 {
            let asked = wire.out.len().max(4 + 1 + 8 + 2 + 4 + 15);
            let task = tokio::spawn(answer(server, asked, replies.clone()));
            let mut kept = Kept::default();
            let executed = wire.execute(StatementId(0), &Args::default(), &mut kept).await.unwrap();
            assert_eq!((executed.rows, &kept.0), (4, &expected), "pipe {pipe}, buffer {buffer}");
            server = task.await.unwrap().1;
        }
        assert_eq!(wire.notices, 2);
    }
}

#[tokio::test]
async fn an_error_ends_the_statement_and_a_fatal_one_the_session() {
    let error = message(b'E', b"SERROR\0VERROR\0C23505\0Mduplicate key\0DKey (id)=(7)\0\0");
    let (mut wire, server) = session(64, 64);
    let task = tokio::spawn(answer(server, 34, [error, end()].concat()));
    let failed = wire.execute(StatementId(0), &Args::default(), &mut Kept::default()).await.unwrap_err();
    assert!(!failed.is_fatal());
    assert_eq!(
        (failed.key().to_string(), failed.to_string()),
        ("23505".into(), "duplicate key (SQLSTATE 23505)".into())
    );
    let (_, server) = task.await.unwrap();

    let fatal = message(b'E', b"SFATAL\0VFATAL\0C25P03\0Midle in transaction\0\0");
    let task = tokio::spawn(answer(server, 34, fatal));
    let failed = wire.execute(StatementId(0), &Args::default(), &mut Kept::default()).await.unwrap_err();
    assert!(failed.is_fatal() && matches!(failed, DriverError::Server(_)), "{failed:?}");
    drop(task.await);
    let after = wire.execute(StatementId(0), &Args::default(), &mut Kept::default()).await.unwrap_err();
    assert!(matches!(after, DriverError::Protocol { .. }), "{after:?}");
}

#[tokio::test]
async fn what_the_protocol_does_not_allow_ends_the_session() {
    let impossible = b"D\0\0\0\x03".to_vec();
    for replies in [message(b'G', b"\0\0\0"), message(b'?', b""), impossible, message(b'D', b"\0"), message(b'E', b"M")]
    {
        let (mut wire, server) = session(64, 64);
        let task = tokio::spawn(answer(server, 34, replies));
        let failed = wire.execute(StatementId(0), &Args::default(), &mut Kept::default()).await.unwrap_err();
        assert!(matches!(failed, DriverError::Protocol { .. }) && failed.is_fatal(), "{failed:?}");
        drop(task.await);
    }
    let (mut wire, _server) = session(64, 64);
    let failed = wire.execute(StatementId(1), &Args::default(), &mut Kept::default()).await.unwrap_err();
    assert_eq!(failed.to_string(), "unexpected answer from primary: statement 1 was not prepared on this session");
}

#[tokio::test]
async fn a_closed_connection_is_lost() {
    let (mut wire, server) = session(64, 64);
    let _server = tokio::spawn(async { drop(answer(server, 34, message(b'2', b"")).await) });
    let failed = wire.execute(StatementId(0), &Args::default(), &mut Kept::default()).await.unwrap_err();
    assert_eq!(
        (failed.key().to_string(), failed.to_string()),
        ("connection".into(), "connection to primary lost".into())
    );
}

#[tokio::test]
async fn an_answer_that_was_given_up_is_never_taken_for_the_next_one() {
    let (mut wire, _server) = session(64, 64);
    let (args, mut kept) = (Args::default(), Kept::default());
    let given_up = tokio::time::timeout(Duration::from_millis(1), wire.execute(StatementId(0), &args, &mut kept));
    assert!(given_up.await.is_err());
    let failed = wire.execute(StatementId(0), &Args::default(), &mut Kept::default()).await.unwrap_err();
    assert!(failed.to_string().contains("given up"), "{failed}");
}

#[tokio::test]
async fn the_password_is_asked_for_and_never_shown() {
    let ask = |code: u32| message(b'R', &code.to_be_bytes());
    let refuse = message(b'E', b"VFATAL\0C28P01\0Mpassword authentication failed for user \"app\"\0\0");
    let login = async |password: Option<&str>, replies: Vec<u8>| {
        let (mut ours, mut theirs) = duplex(4096);
        theirs.write_all(&replies).await.unwrap();
        let _server = tokio::spawn(async move { while theirs.read(&mut [0; 64]).await.is_ok_and(|n| n > 0) {} });
        login::login(&endpoint(password), &mut ours, &mut Inbox::new(64), None).await
    };
    let missing = login(None, ask(3)).await.unwrap_err().to_string();
    assert_eq!(
        missing,
        "cannot connect to primary (127.0.0.1:1): the server asks for a password and none is given for role \"app\""
    );
    let wrong = login(Some("s3cret"), [ask(3), refuse].concat()).await.unwrap_err();
    assert!(wrong.to_string().ends_with("(SQLSTATE 28P01); check the password of role \"app\""), "{wrong}");
    assert!(!format!("{wrong} {wrong:?}").contains("s3cret"));
    let other = login(Some("s3cret"), ask(9)).await.unwrap_err().to_string();
    assert!(other.contains("pg_hba.conf"), "{other}");
    let key = message(b'K', b"\0\0\0\x05\0\0\0\x06");
    let ready = login(Some("s3cret"), [ask(3), ask(0), key, end()].concat()).await.unwrap();
    assert_eq!((ready.process, ready.secret), (5, 6));
}

#[tokio::test]
async fn a_session_that_is_to_be_read_only_and_is_reported_not_to_be_is_given_up() {
    let login = async |sent: &str, reported: &str| {
        let (mut ours, mut theirs) = duplex(4096);
        let status = |name: &str, value: &str| message(b'S', format!("{name}\0{value}\0").as_bytes());
        let of_guard = status("default_transaction_read_only", reported);
        let replies = [message(b'R', &[0; 4]), status("TimeZone", "off"), of_guard, end()].concat();
        theirs.write_all(&replies).await.unwrap();
        let mut endpoint = endpoint(None);
        endpoint.startup.push(("default_transaction_read_only".into(), sent.into()));
        login::login(&endpoint, &mut ours, &mut Inbox::new(64), None)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!((login("on", "on").await, login("off", "off").await), (Ok(()), Ok(())));
    let dropped = login("on", "off").await.unwrap_err();
    assert!(dropped.contains("default_transaction_read_only is not as it was sent"), "{dropped}");
}

#[tokio::test]
async fn a_pipeline_goes_out_at_once_and_its_answers_come_one_by_one() {
    let (mut wire, server) = session(256, 64);
    let one = message(b'B', b"\0s0\0\0\x01\0\x01\0\0\0\x01\0\x01");
    let execute = message(b'E', b"\0\0\0\0\0");
    let expected = [&one[..], &execute, &one, &execute, &message(b'S', b"")].concat();
    let complete = |tag: &[u8]| [message(b'2', b""), message(b'C', tag)].concat();
    let replies =
        [message(b'2', b""), row(&[Some("1")]), message(b'C', b"SELECT 1\0"), complete(b"UPDATE 3\0"), end()].concat();
    let task = tokio::spawn(answer(server, expected.len(), replies));
    wire.begin_pipeline();
    for _ in 0..2 {
        wire.queue(StatementId(0), &Args::default()).unwrap();
    }
    wire.queue_sync();
    wire.send_queued().await.unwrap();
    let mut kept = Kept::default();
    let first = wire.next_answer(&mut kept).await.unwrap();
    let second = wire.next_answer(&mut kept).await.unwrap();
    wire.next_ready(true).await.unwrap();
    assert_eq!((first.rows, second.affected, kept.0.len()), (1, 3, 1));
    let (asked, server) = task.await.unwrap();
    assert_eq!(asked, expected);
    // An error ends the rest; after Sync the session goes on.
    let error = message(b'E', b"SERROR\0VERROR\0C23505\0Mduplicate key\0\0");
    let task = tokio::spawn(answer(server, expected.len(), [error, end()].concat()));
    wire.begin_pipeline();
    for _ in 0..2 {
        wire.queue(StatementId(0), &Args::default()).unwrap();
    }
    wire.queue_sync();
    wire.send_queued().await.unwrap();
    assert_eq!(wire.next_answer(&mut kept).await.unwrap_err().key().to_string(), "23505");
    wire.next_ready(true).await.unwrap();
    assert!(!wire.busy && !wire.is_in_transaction());
    drop(task);
}

#[tokio::test]
async fn a_server_that_answers_before_it_has_read_everything_does_not_block() {
    // Both pipes are smaller than what goes through them.
    let (mut wire, mut server) = session(64, 16);
    let answers = 100;
    let peer = tokio::spawn(async move {
        let mut request = [0; 34];
        for _ in 0..answers {
            server.read_exact(&mut request[..29]).await.unwrap();
            let reply = [message(b'2', b""), row(&[Some("a value of some length")]), message(b'C', b"SELECT 1\0")];
            server.write_all(&reply.concat()).await.unwrap();
        }
        server.read_exact(&mut request[..5]).await.unwrap();
        server.write_all(&end()).await.unwrap();
    });
    wire.begin_pipeline();
    for _ in 0..answers {
        wire.queue(StatementId(0), &Args::default()).unwrap();
    }
    wire.queue_sync();
    wire.send_queued().await.unwrap();
    let mut kept = Kept::default();
    for _ in 0..answers {
        assert_eq!(wire.next_answer(&mut kept).await.unwrap().rows, 1);
    }
    wire.next_ready(true).await.unwrap();
    assert_eq!(kept.0.len(), answers);
    peer.await.unwrap();
}
