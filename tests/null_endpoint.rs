//! The null endpoint, asked by three clients that know the protocol each in their own way: tokio-postgres, the session of
//! the data plane, and psql.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test a panic is the message")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use dbbench::driver::{
    Address, Args, ColumnInfo, Control, Endpoint, NullEndpoint, NullTarget, PgType, RawRow, RowSink, Session, Target,
};
use dbbench::param::Value;
use dbbench::timer::Timer;

const SQL: &str = "SELECT id, name, born FROM users WHERE org_id = $1";

#[derive(Default)]
struct Kept(Vec<Vec<Option<Vec<u8>>>>);

impl RowSink for Kept {
    fn row(&mut self, row: &RawRow<'_>) {
        self.0.push(row.iter().map(|column| column.map(<[u8]>::to_vec)).collect());
    }
}

fn ty(oid: u32) -> PgType {
    PgType::built_in(oid, -1).expect("a built-in type")
}

/// int8, text, date.
fn columns() -> Vec<ColumnInfo> {
    let column = |name: &str, oid| ColumnInfo { name: name.to_owned(), ty: ty(oid) };
    vec![column("id", 20), column("name", 25), column("born", 1082)]
}

fn start(rows: u32, service: Duration) -> NullEndpoint {
    NullEndpoint::start(NullTarget { service, rows }, vec![(SQL.to_owned(), columns())]).expect("an endpoint")
}

fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(what)
}

async fn session(endpoint: Endpoint) -> Session {
    let timer = Timer::new().expect("a timer");
    Session::connect(&Target::Postgres(endpoint), &timer).await.expect("a session").0
}

#[test]
fn tokio_postgres_connects_describes_and_reads_rows() {
    let null = start(2, Duration::ZERO);
    block_on(async {
        let control = Control::connect(&null.endpoint()).await.expect("a connection");
        let described = control.describe(SQL, &[0]).await.expect("described");
        assert_eq!(described.params, [ty(20)], "what nobody declares is int8");
        assert_eq!(described.columns, columns());
        control.batch("BEGIN").await.expect("begun");
        let rows = control.rows("SELECT anything").await.expect("rows");
        assert_eq!(rows, vec![vec![Some("1".to_owned())]; 2]);
        assert_eq!(control.rows(SQL).await.expect("rows")[0][2].as_deref(), Some("2000-01-02"), "a date as text");
        control.batch("").await.expect("nothing is a statement too");
        let refused = control.batch("COPY users FROM STDIN").await.expect_err("refused").to_string();
        assert!(refused.contains("does not copy") && refused.contains("0A000"), "{refused}");
        control.batch("COMMIT").await.expect("the session goes on");
        control.close().await;
    });
}

#[test]
fn a_session_gets_the_rows_that_were_described_again_and_again() {
    let null = start(3, Duration::ZERO);
    block_on(async {
        let mut session = session(null.endpoint()).await;
        let known = session.prepare(SQL, &[23], &[]).await.expect("prepared");
        let update = session.prepare("UPDATE users SET name = 'x'", &[], &[]).await.expect("prepared");
        let mut args = Args::default();
        args.value(Value::Integer(7), &ty(23)).expect("it fits");
        let one = [Some(vec![0, 0, 0, 0, 0, 0, 0, 1]), Some(b"1".to_vec()), Some(vec![0, 0, 0, 1])];
        for _ in 0..100 {
            let mut kept = Kept::default();
            let executed = session.execute(known, &args, &mut kept).await.expect("rows");
            assert_eq!((executed.rows, executed.affected), (3, 0));
            assert_eq!(kept.0, vec![one.to_vec(); 3]);
        }
        let executed = session.execute(update, &Args::default(), &mut Kept::default()).await.expect("done");
        assert_eq!((executed.rows, executed.affected), (0, 1));
        session.cancel_token().cancel().await.expect("there is nothing to cancel, and no harm in it");
        session.close().await;
    });
}

#[test]
fn the_same_sql_prepared_twice_has_the_columns_of_each() {
    let twice = vec![(SQL.to_owned(), columns()), (SQL.to_owned(), columns()[1..2].to_vec())];
    let null = NullEndpoint::start(NullTarget { service: Duration::ZERO, rows: 1 }, twice).expect("an endpoint");
    block_on(async {
        // The order counts from the start on every connection.
        for _ in 0..2 {
            let mut session = session(null.endpoint()).await;
            let mut args = Args::default();
            args.value(Value::Integer(7), &ty(23)).expect("it fits");
            let mut widths = Vec::new();
            for _ in 0..3 {
                let statement = session.prepare(SQL, &[23], &[]).await.expect("prepared");
                let mut kept = Kept::default();
                session.execute(statement, &args, &mut kept).await.expect("a row");
                widths.push(kept.0[0].len());
            }
            assert_eq!(widths, [3, 1, 3], "and from the first again beyond the last");
        }
    });
}

#[test]
fn a_service_time_passes_before_the_answer() {
    let service = Duration::from_millis(20);
    let null = start(1, service);
    block_on(async {
        let mut session = session(null.endpoint()).await;
        let statement = session.prepare("SELECT 1", &[], &[]).await.expect("prepared");
        let before = Instant::now();
        for _ in 0..3 {
            session.execute(statement, &Args::default(), &mut Kept::default()).await.expect("a row");
        }
        assert!(before.elapsed() >= service * 3, "{:?}", before.elapsed());
    });
}

#[test]
fn psql_and_bare_exchanges_find_a_server_there() {
    let null = start(2, Duration::ZERO);
    let times = null.bare_exchanges(SQL, Duration::from_millis(50)).expect("exchanges");
    assert!(times.len() > 10 && times.iter().all(|time| !time.is_zero()), "{}", times.len());
    let Address::Tcp { host, port } = null.endpoint().address else { panic!("not TCP") };
    let mut psql = Command::new("psql");
    psql.args(["-X", "-A", "-t", "-w", "-h", &host, "-p", &port.to_string(), "-U", "anybody", "-d", "anything"]);
    psql.args(["-c", "BEGIN", "-c", SQL, "-c", "COMMIT"]);
    match psql.output() {
        Ok(output) => {
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(printed, "BEGIN\n1|1|2000-01-02\n1|1|2000-01-02\nCOMMIT\n");
        }
        Err(error) => eprintln!("psql is not tried: {error}"),
    }
}

#[test]
fn what_is_no_protocol_ends_the_connection_and_nothing_else() {
    let null = start(1, Duration::ZERO);
    let Address::Tcp { host, port } = null.endpoint().address else { panic!("not TCP") };
    let ask = |bytes: &[u8]| {
        let mut socket = TcpStream::connect((&*host, port)).expect("it listens");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        socket.write_all(bytes).expect("sent");
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        // Reset or closed: it ends.
        let _ = socket.read_to_end(&mut answer);
        answer
    };
    let startup = [&[0, 0, 0, 9, 0, 3, 0, 0, 0][..]].concat();
    assert_eq!(ask(b"GET / HTTP/1.1\r\n\r\n"), b"", "a length that no startup has");
    assert_eq!(ask(&[0, 0, 0, 8, 4, 210, 22, 47]), b"N", "no TLS here");
    let old = String::from_utf8_lossy(&ask(&[0, 0, 0, 8, 0, 2, 0, 0])).into_owned();
    assert!(old.contains("version 3"), "{old}");
    // Bind of a statement that is not there, what follows it, Sync; then an unknown message.
    let unknown = b"B\0\0\0\x0e\0x\0\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04?\0\0\0\x04";
    let answer = String::from_utf8_lossy(&ask(&[&startup[..], unknown].concat())).into_owned();
    assert!(answer.contains("26000") && answer.contains("08P01"), "{answer}");
    assert!(!answer.contains("34000"), "what follows an error is left out: {answer}");
    block_on(async {
        session(null.endpoint()).await.close().await;
    });
}
