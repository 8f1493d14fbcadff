//! Both kinds of session against a real server.

#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

mod support;

use std::time::{Duration, Instant};

use dbbench::driver::{
    Address, Args, Canonical, ColumnInfo, Control, DriverError, Endpoint, Executed, PgType, RawRow, RowSink, Session,
    StatementId, Target, TypeKind, canonical,
};
use dbbench::param::Value;
use dbbench::timer::Timer;
use support::server;

/// Keeps the rows' bytes.
#[derive(Default)]
struct Kept(Vec<Vec<Option<Vec<u8>>>>);

impl RowSink for Kept {
    fn row(&mut self, row: &RawRow<'_>) {
        self.0.push(row.iter().map(|column| column.map(<[u8]>::to_vec)).collect());
    }
}

async fn session(endpoint: Endpoint) -> Result<Session, DriverError> {
    let timer = Timer::new().expect("a timer");
    Session::connect(&Target::Postgres(endpoint), &timer).await.map(|(session, _)| session)
}

async fn refused(endpoint: Endpoint) -> [String; 2] {
    let control = Control::connect(&endpoint).await.expect_err("no connection").to_string();
    [session(endpoint).await.expect_err("no connection").to_string(), control]
}

/// Prepares and runs once.
async fn run(session: &mut Session, sql: &str, params: &[u32], args: &Args) -> Result<(Executed, Kept), DriverError> {
    let statement = session.prepare(sql, params, &[]).await?;
    let mut kept = Kept::default();
    let executed = session.execute(statement, args, &mut kept).await?;
    Ok((executed, kept))
}

#[tokio::test]
async fn every_type_goes_to_the_server_and_comes_back() {
    let server = server();
    let control = Control::connect(&server.unix()).await.expect("a connection");
    control
        .batch(
            "CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); CREATE DOMAIN price AS numeric(8,2);
             CREATE DOMAIN code AS varchar(5); CREATE DOMAIN prices AS price[]",
        )
        .await
        .expect("types");
    let mut session = session(server.tcp()).await.expect("a session");
    let real = |value, decimals| Value::Real { value, decimals };
    let uuid = *b"\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00";
    let day_before_2000 = Value::TimestampUs(946_684_799_500_000);
    let cases = [
        ("bool", Value::Bool(true), "true"),
        ("int2", Value::Integer(-32_768), "-32768"),
        ("int4", Value::Text("7"), "7"),
        ("int8", Value::Integer(i64::MIN), "-9223372036854775808"),
        ("oid", Value::Integer(4_294_967_295), "4294967295"),
        ("float4", real(0.1, 1), "0.1"),
        ("float8", Value::Integer(3), "3"),
        ("float8", real(-2.5e-3, 4), "-0.0025"),
        ("numeric", Value::Integer(1_000_000), "1000000"),
        ("numeric", real(4.256, 2), "4.26"),
        ("numeric", Value::Text("-123456789012345678901234567890.000100"), "-123456789012345678901234567890.000100"),
        ("numeric", Value::Text("1e-7"), "0.0000001"),
        ("numeric", Value::Text("NaN"), "NaN"),
        ("text", Value::Text("häßlich 'quoted'"), "häßlich 'quoted'"),
        ("text", Value::Integer(-42), "-42"),
        ("varchar", Value::Text(""), ""),
        ("bpchar", Value::Text("ab  "), "ab"),
        ("name", Value::Text("relname"), "relname"),
        ("bytea", Value::Text("\x01a"), "\\x0161"),
        ("uuid", Value::Uuid(uuid), "123e4567-e89b-12d3-a456-426614174000"),
        ("text", Value::Uuid(uuid), "123e4567-e89b-12d3-a456-426614174000"),
        ("date", day_before_2000, "1999-12-31"),
        ("timestamp", day_before_2000, "1999-12-31 23:59:59.5"),
        ("timestamptz", Value::Text("2026-01-31T12:00:00+02:00"), "2026-01-31 10:00:00+00"),
        ("json", Value::Text("{\"a\" : [1]}"), "{\"a\" : [1]}"),
        ("jsonb", Value::Text("{\"b\":1,\"a\":null}"), "{\"a\": null, \"b\": 1}"),
        ("mood", Value::Text("it's ok"), "it's ok"),
        ("price", real(12.5, 1), "12.50"),
        ("code", Value::Text("abc"), "abc"),
    ];
    control.batch("SET timezone = 'UTC'").await.expect("setting");
    for (name, value, as_text) in cases {
        let described = control.describe(&format!("SELECT $1::{name}"), &[]).await.expect("a description");
        let ty = &described.params[0];
        let mut args = Args::default();
        args.value(value, ty).expect("a value that fits");
        // As the server prints it, then as it sends it back.
        let sql = format!("SELECT $1::{name}::text, $1::{name}, NULL::{name}");
        let sql = if name == "timestamptz" {
            sql.replace("$1::timestamptz::text", "to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00')")
        } else {
            sql
        };
        let (executed, kept) = run(&mut session, &sql, &[ty.oid], &args).await.expect(name);
        assert_eq!((executed.rows, executed.affected), (1, 0));
        let row = &kept.0[0];
        assert_eq!(String::from_utf8_lossy(row[0].as_deref().expect("text")), as_text, "{name}");
        let back = canonical(&described.columns[0].ty, row[1].as_deref());
        assert!(back.same(&canonical(ty, args.bytes().get(4..))), "{name}: {back}");
        assert_eq!(canonical(ty, row[2].as_deref()), Canonical::Null);
    }
    control.close().await;
}

#[tokio::test]
async fn types_are_resolved_from_the_catalogue() {
    let server = server();
    let control = Control::connect(&server.unix()).await.expect("a connection");
    let sql = "CREATE TYPE colour AS ENUM ('red', 'green'); CREATE DOMAIN amount AS numeric(8,2);
         CREATE TABLE paints (c colour, n numeric(6,1), t varchar(9), m amount, a text[])";
    control.batch(sql).await.expect("types");
    let described =
        control.describe("SELECT * FROM paints WHERE c = $1 AND m = $2::amount", &[]).await.expect("columns");
    let labels = TypeKind::Enum(vec!["red".into(), "green".into()]);
    assert_eq!(described.params[0].kind, labels);
    let TypeKind::Domain(base) = &described.params[1].kind else { panic!("{:?}", described.params[1]) };
    assert_eq!(base.numeric_modifier(), Some((8, 2)));
    let names: Vec<String> = described.columns.iter().map(|column| format!("{} {}", column.name, column.ty)).collect();
    assert_eq!(names, ["c colour", "n numeric(6,1)", "t varchar(9)", "m numeric(8,2)", "a text[]"]);
    let of_colours = control.array_of(&described.params[0]).await.expect("an array type");
    assert!(matches!(of_colours.kind, TypeKind::Array(element) if element.kind == labels));
    let missing = control.resolve(999_999, -1).await.expect_err("no such type");
    assert!(matches!(missing, DriverError::Server(_)), "{missing:?}");
}

#[tokio::test]
async fn sets_are_bound_as_arrays() {
    let server = server();
    let mut session = session(server.tcp()).await.expect("a session");
    let sql = "SELECT count(*)::int4, sum(x)::int8, bool_or(x IS NULL), array_length($1, 1) FROM unnest($1) AS x";
    let statement = session.prepare(sql, &[1016], &[]).await.expect("a statement");
    let (one, two) = (1_i64.to_be_bytes(), 2_i64.to_be_bytes());
    for (set, expected) in [
        (vec![Some(&one[..]), None, Some(&two)], ["3", "3", "true", "3"]),
        (vec![Some(&two)], ["1", "2", "false", "1"]),
        (vec![], ["0", "NULL", "NULL", "NULL"]),
    ] {
        let mut args = Args::default();
        args.array(20, set.into_iter());
        let mut kept = Kept::default();
        session.execute(statement, &args, &mut kept).await.expect("a row");
        let kinds = [23, 20, 16, 23].map(|oid| PgType::built_in(oid, -1).expect("built in"));
        let shown: Vec<_> =
            kinds.iter().zip(&kept.0[0]).map(|(ty, value)| canonical(ty, value.as_deref()).to_string()).collect();
        assert_eq!(shown, expected);
    }
}

#[tokio::test]
async fn descriptions_leave_no_names_and_need_none_of_the_server() {
    let server = server();
    let control = Control::connect(&server.unix()).await.expect("a connection");
    let ddl = [
        ("CREATE TYPE colour AS ENUM ('red', 'blue')".to_owned(), vec![]),
        ("CREATE TEMP TABLE t AS SELECT ARRAY['red'::colour] AS c, $1 AS n".to_owned(), vec![25]),
    ];
    let sql = "SELECT c, n, ARRAY(SELECT name FROM pg_prepared_statements) FROM t WHERE c = $1";
    for _ in 0..2 {
        let described = control.describe_behind(&ddl, sql, &[]).await.expect("a description");
        let TypeKind::Array(element) = &described.params[0].kind else { panic!("{described:?}") };
        assert_eq!(element.kind, TypeKind::Enum(vec!["red".into(), "blue".into()]));
        assert_eq!(described.columns.len(), 3);
    }
    // What was refused half-way leaves no transaction open, and a connection that was given back is made anew.
    let wrong = [ddl[0].clone(), ("CREATE TABLE t (c nothing)".to_owned(), vec![])];
    let refused = control.describe_behind(&wrong, sql, &[]).await.expect_err("no such type");
    assert_eq!(refused.key().to_string(), "42704");
    control.rest().await;
    assert!(control.describe("CHECKPOINT", &[]).await.expect("a description").columns.is_empty());
    control.describe(sql, &[]).await.expect_err("rolled back");
    let named = control.rows("SELECT name FROM pg_prepared_statements").await.expect("names");
    assert!(named.is_empty(), "{named:?}");
}

#[tokio::test]
async fn errors_carry_code_and_position_and_the_session_goes_on() {
    let server = server();
    let sql = "SELECT 'ä', nam FROM pg_class";
    let control = Control::connect(&server.tcp()).await.expect("a connection");
    let mut session = session(server.unix()).await.expect("a session");
    let described = control.describe(sql, &[]).await.expect_err("no such column");
    let prepared = session.prepare(sql, &[], &[]).await.expect_err("no such column");
    for error in [described, prepared] {
        assert!(!error.is_fatal());
        let DriverError::Server(error) = error else { panic!("{error:?}") };
        assert_eq!((error.state.as_str(), error.position), ("42703", Some(13)), "{error}");
    }
    let mut zero = Args::default();
    zero.raw(Some(&0_i32.to_be_bytes()));
    let failed = run(&mut session, "SELECT 1 / $1::int4", &[], &zero).await.map(|_| ()).expect_err("division by zero");
    assert_eq!(failed.key().to_string(), "22012");
    let read_only = [
        ("default_transaction_read_only".to_owned(), "on".to_owned()),
        ("search_path".into(), "\"a b\", \"c\\d\"".into()),
    ];
    let endpoint = Endpoint { startup: read_only.to_vec(), ..server.tcp() };
    let control = Control::connect(&endpoint).await.expect("a connection");
    let written = control.batch("CREATE TABLE t ()").await.expect_err("read-only");
    assert_eq!(written.key().to_string(), "25006");
    let path = control.rows("SHOW search_path").await.expect("a setting");
    assert_eq!(path, [[Some("\"a b\", \"c\\d\"".to_owned())]]);
    let mut session = self::session(endpoint).await.expect("a session");
    let written =
        run(&mut session, "CREATE TABLE t ()", &[], &Args::default()).await.map(|_| ()).expect_err("read-only");
    assert_eq!(written.key().to_string(), "25006");
    let (executed, _) =
        run(&mut session, "SELECT generate_series(1, 5000)", &[], &Args::default()).await.expect("rows");
    assert_eq!(executed.rows, 5_000);
}

#[tokio::test]
async fn logins_work_in_every_way_and_say_why_they_do_not() {
    let server = server();
    for role in ["scram", "hashed", "clear"] {
        let endpoint = server.role(role, "s3cret");
        Control::connect(&endpoint).await.expect(role);
        session(endpoint).await.expect(role).close().await;
        for message in refused(server.role(role, "wr0ng")).await {
            assert_eq!(
                message.replace(&server.tcp().address.to_string(), "ADDRESS"),
                format!(
                    "cannot connect to primary (ADDRESS): password authentication failed for user \"{role}\" \
                     (SQLSTATE 28P01); check the password of role \"{role}\""
                )
            );
        }
        for message in refused(Endpoint { user: role.into(), ..server.tcp() }).await {
            assert!(
                message.ends_with(&format!("asks for a password and none is given for role \"{role}\"")),
                "{message}"
            );
        }
    }
    for message in refused(Endpoint { database: "nowhere".into(), ..server.tcp() }).await {
        assert!(
            message.ends_with("(SQLSTATE 3D000); create the database \"nowhere\" or name another one"),
            "{message}"
        );
    }
    for message in
        refused(Endpoint { address: Address::Tcp { host: "127.0.0.1".into(), port: 1 }, ..server.tcp() }).await
    {
        assert_eq!(
            message,
            "cannot connect to primary (127.0.0.1:1): nothing listens there: is the server running, and is the port right?"
        );
    }
    for message in
        refused(Endpoint { address: Address::Unix { dir: "/nowhere".into(), port: 5 }, ..server.tcp() }).await
    {
        assert!(
            message.starts_with("cannot connect to primary (/nowhere/.s.PGSQL.5): there is no such socket"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_link_costs_one_more_round_trip_when_connecting() {
    let server = server();
    let timer = Timer::new().expect("a timer");
    let delay = Duration::from_millis(30);
    let endpoint = Endpoint { connect_delay: delay, ..server.tcp() };
    let (_session, times) = Session::connect(&Target::Postgres(endpoint.clone()), &timer).await.expect("a session");
    assert!(times.total >= delay, "{times:?}");
    let started = Instant::now();
    Control::connect(&endpoint).await.expect("a connection");
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn a_statement_is_cancelled_and_the_session_goes_on() {
    let server = server();
    let mut session = session(server.tcp()).await.expect("a session");
    let statement = session.prepare("SELECT pg_sleep(60)", &[], &[]).await.expect("a statement");
    let token = session.cancel_token();
    let (args, mut kept) = (Args::default(), Kept::default());
    let started = Instant::now();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        token.cancel().await
    };
    let (cancelled, sent) = tokio::join!(session.execute(statement, &args, &mut kept), cancel);
    sent.expect("a cancel request");
    assert_eq!(cancelled.expect_err("cancelled").key().to_string(), "57014");
    assert!(started.elapsed() < Duration::from_secs(20));
    run(&mut session, "SELECT 1", &[], &args).await.expect("a row");
}

#[tokio::test]
async fn a_killed_backend_is_a_fatal_error() {
    let server = server();
    let control = Control::connect(&server.unix()).await.expect("a connection");
    for endpoint in [server.tcp(), server.unix()] {
        for busy in [true, false] {
            let mut session = session(endpoint.clone()).await.expect("a session");
            let (_, kept) =
                run(&mut session, "SELECT pg_backend_pid()::text", &[], &Args::default()).await.expect("a pid");
            let pid = String::from_utf8(kept.0[0][0].clone().expect("a pid")).expect("digits");
            let sql = format!("SELECT pg_terminate_backend({pid}, 5000)");
            let sleep = session.prepare("SELECT pg_sleep(60)", &[], &[]).await.expect("a statement");
            let (args, mut kept) = (Args::default(), Kept::default());
            let error = if busy {
                let kill = async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    control.rows(&sql).await.expect("killed")
                };
                tokio::join!(session.execute(sleep, &args, &mut kept), kill).0
            } else {
                control.rows(&sql).await.expect("killed");
                session.execute(sleep, &args, &mut kept).await
            };
            let error = error.expect_err("killed");
            assert!(error.is_fatal());
            // What the server said before it closed is read, also when the statement could not be sent any more.
            assert_eq!(error.key().to_string(), "57P01", "busy {busy}: {error:?}");
        }
    }
    let gone = Control::connect(&server.unix()).await.expect("a connection");
    let error = gone.rows("SELECT pg_terminate_backend(pg_backend_pid())").await.expect_err("killed");
    assert!(error.is_fatal(), "{error:?}");
    let error = gone.batch("SELECT 1").await.expect_err("closed");
    assert!(matches!(error, DriverError::Io { .. }), "{error:?}");
}

#[tokio::test]
async fn rows_are_copied_in_and_a_wrong_one_is_named() {
    let server = server();
    let control = Control::connect(&server.unix()).await.expect("a connection");
    control.batch("CREATE TABLE copied (id int8 PRIMARY KEY, name text)").await.expect("a table");
    let mut copy = control.copy_in("COPY copied FROM STDIN").await.expect("a copy");
    for chunk in 0..10 {
        let rows: String = (0..1_000).map(|i| format!("{}\tname\n", chunk * 1_000 + i)).collect();
        copy.send(rows.into()).await.expect("a chunk");
    }
    assert_eq!(copy.finish().await.expect("the end"), 10_000);
    let count = control.rows("SELECT count(*), NULL FROM copied").await.expect("a count");
    assert_eq!(count, [[Some("10000".to_owned()), None]]);
    let mut copy = control.copy_in("COPY copied FROM STDIN").await.expect("a copy");
    copy.send("7\tagain\n".into()).await.expect("a chunk");
    let error = copy.finish().await.expect_err("a duplicate");
    assert_eq!(error.key().to_string(), "23505");
    let aborted = control.copy_in("COPY copied FROM STDIN").await.expect("a copy");
    drop(aborted);
    assert_eq!(control.rows("SELECT count(*), NULL FROM copied").await.expect("a count"), count);
}

#[tokio::test]
async fn the_null_target_answers_with_ones_after_its_time() {
    let timer = Timer::new().expect("a timer");
    let service = Duration::from_millis(3);
    let target = Target::Null(dbbench::driver::NullTarget { service, rows: 2 });
    let (mut session, times) = Session::connect(&target, &timer).await.expect("a session");
    assert_eq!(times.total, Duration::ZERO);
    let columns = [20, 25].map(|oid| ColumnInfo { name: "c".into(), ty: PgType::built_in(oid, -1).expect("built in") });
    let statement = session.prepare("whatever", &[], &columns).await.expect("a statement");
    let (started, mut kept) = (Instant::now(), Kept::default());
    let executed = session.execute(statement, &Args::default(), &mut kept).await.expect("rows");
    assert!(started.elapsed() >= service);
    assert_eq!(executed, Executed { rows: 2, affected: 0 });
    assert_eq!(kept.0, vec![vec![Some(1_i64.to_be_bytes().to_vec()), Some(b"1".to_vec())]; 2]);
    assert!(session.execute(StatementId(9), &Args::default(), &mut kept).await.is_err());
}
