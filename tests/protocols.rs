//! How a statement travels changes nothing of what goes in and what comes out: values of every type, against a real server.

#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

mod support;

use std::cell::Cell;

use dbbench::driver::{
    Args, Control, Endpoint, LiteralType, PgType, RawRow, RowSink, Session, StatementId, Target, has_text_form,
};
use dbbench::param::Value;
use dbbench::timer::Timer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Keeps the rows' bytes.
#[derive(Default)]
struct Kept(Vec<Vec<Option<Vec<u8>>>>);

impl RowSink for Kept {
    fn row(&mut self, row: &RawRow<'_>) {
        self.0.push(row.iter().map(|column| column.map(<[u8]>::to_vec)).collect());
    }
}

/// The bytes of a value; `None` is NULL.
type Bytes = Option<Vec<u8>>;

/// A type with values of it.
struct Case {
    ty: LiteralType,
    values: BoxedStrategy<Bytes>,
}

fn raw<T: Copy + 'static>(
    values: impl Strategy<Value = T> + 'static,
    bytes: fn(T) -> Vec<u8>,
) -> BoxedStrategy<Vec<u8>> {
    values.prop_map(bytes).boxed()
}

/// Text of all kinds, of which a good part is what literals are made of.
fn text() -> BoxedStrategy<String> {
    prop_oneof!["[^\0]{0,12}", r#"['"\\{},a $;\n\-]{0,12}"#, Just("NULL".to_owned()), Just(String::new())].boxed()
}

fn encoded(ty: &PgType, values: BoxedStrategy<String>) -> BoxedStrategy<Vec<u8>> {
    let ty = ty.clone();
    values
        .prop_map(move |text| {
            let mut args = Args::default();
            args.value(Value::Text(&text), &ty).expect("a value of the type");
            args.bytes()[4..].to_vec()
        })
        .boxed()
}

/// Values of a type that is no array, as the wire has them.
fn values(name: &str, ty: &PgType) -> BoxedStrategy<Vec<u8>> {
    let day_us = 86_400_000_000_i64;
    let us = prop_oneof![
        -211_813_488_000_000_000_i64..9_223_371_331_200_000_000,
        -80_000 * day_us..40_000 * day_us,
        Just(i64::MIN),
        Just(i64::MAX),
    ];
    match name {
        "bool" => raw(any::<bool>(), |value| vec![u8::from(value)]),
        "int2" => raw(any::<i16>(), |value| value.to_be_bytes().to_vec()),
        "int4" => raw(any::<i32>(), |value| value.to_be_bytes().to_vec()),
        "int8" => raw(any::<i64>(), |value| value.to_be_bytes().to_vec()),
        "oid" => raw(any::<u32>(), |value| value.to_be_bytes().to_vec()),
        "float4" => raw(prop_oneof![any::<f32>(), -1e3..1e3_f32], |value| value.to_be_bytes().to_vec()),
        "float8" => raw(prop_oneof![any::<f64>(), -1e3..1e3], |value| value.to_be_bytes().to_vec()),
        "numeric" => {
            let digits = "-?[0-9]{1,25}(\\.[0-9]{1,25})?|-?0\\.0{0,9}[0-9]{1,3}|[1-9]0{3,12}|NaN";
            let infinite = [0xD000_u16, 0xF000].map(|sign| [0, 0, sign, 0].map(u16::to_be_bytes).concat());
            prop_oneof![9 => encoded(ty, digits.prop_map(String::from).boxed()), 1 => prop::sample::select(infinite.to_vec())]
                .boxed()
        }
        "price" => encoded(ty, "-?[0-9]{1,6}\\.[0-9]{2}".prop_map(String::from).boxed()),
        "text" | "varchar" => text().prop_map(String::into_bytes).boxed(),
        "bpchar" => text().prop_map(|text| format!("{text}  ").into_bytes()).boxed(),
        "name" => "[a-z'\\\\ ]{0,20}".prop_map(String::into_bytes).boxed(),
        "bytea" => prop::collection::vec(any::<u8>(), 0..20).boxed(),
        "uuid" => raw(any::<[u8; 16]>(), |value| value.to_vec()),
        "date" => {
            raw(prop_oneof![-2_451_545_i32..2_145_031_949, -60_000..60_000, Just(i32::MIN), Just(i32::MAX)], |days| {
                days.to_be_bytes().to_vec()
            })
        }
        "timestamp" | "timestamptz" => raw(us, |us| us.to_be_bytes().to_vec()),
        "json" | "jsonb" => {
            let json = prop_oneof![
                text().prop_map(|text| serde_json::json!({ "a": text, "b": [1, null, 2.5] }).to_string()),
                Just("[]".to_owned()),
                "-?[1-9][0-9]{0,9}".prop_map(String::from),
            ];
            encoded(ty, json.boxed())
        }
        "mood" => prop::sample::select(vec!["sad", "it's \"o\\k\"", "NULL"])
            .prop_map(|label| label.as_bytes().to_vec())
            .boxed(),
        other => panic!("no values for {other}"),
    }
}

const TYPES: [&str; 22] = [
    "bool",
    "int2",
    "int4",
    "int8",
    "oid",
    "float4",
    "float8",
    "numeric",
    "price",
    "text",
    "varchar",
    "bpchar",
    "name",
    "bytea",
    "uuid",
    "date",
    "timestamp",
    "timestamptz",
    "json",
    "jsonb",
    "mood",
    "\"Odd name\"",
];

/// Every type, alone and as an array.
async fn cases(control: &Control) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in TYPES {
        let described = control.describe(&format!("SELECT $1::{name}"), &[]).await.expect(name);
        let ty = described.params.into_iter().next().expect("a parameter");
        let one = values(if name.starts_with('"') { "mood" } else { name }, &ty);
        let array = control.array_of(&ty).await.expect("an array type");
        let element = ty.oid;
        let elements = prop::collection::vec(prop::option::weighted(0.8, one.clone()), 0..5);
        let arrays = elements.prop_map(move |elements| {
            let mut args = Args::default();
            args.array(element, elements.iter().map(Option::as_deref));
            args.bytes()[4..].to_vec()
        });
        let names = control.sql_names(&[ty.clone(), array.clone()]).await.expect("names");
        for ((ty, values), sql_name) in [(ty, one), (array, arrays.boxed())].into_iter().zip(names) {
            assert!(has_text_form(&ty), "{ty}");
            let values = prop::option::weighted(0.95, values).boxed();
            cases.push(Case { ty: LiteralType { ty, sql_name }, values });
        }
    }
    cases
}

/// A session with, for each case, the same statement in each protocol.
struct Ways {
    session: Session,
    statements: Vec<[StatementId; 3]>,
}

/// The value and what the server makes of it, so that a mistake made twice does not cancel out.
async fn ways(endpoint: Endpoint, cases: &[Case]) -> Ways {
    let timer = Timer::new().expect("a timer");
    let (mut session, _) = Session::connect(&Target::Postgres(endpoint.clone()), &timer).await.expect("a session");
    let control = Control::connect(&endpoint).await.expect("a connection");
    let mut statements = Vec::new();
    for Case { ty, .. } in cases {
        let sql = format!("SELECT $1, $1::text, '$1' || $1::{}::text", ty.sql_name);
        let columns = control.describe(&sql, &[ty.ty.oid]).await.expect("columns").columns;
        statements.push([
            session.prepare(&sql, &[ty.ty.oid], &columns).await.expect("prepared"),
            session.parse_each_time(&sql, &[ty.ty.oid], &columns).expect("extended"),
            session.write_each_time(&sql, std::slice::from_ref(ty), &columns).expect("simple"),
        ]);
    }
    control.close().await;
    Ways { session, statements }
}

impl Ways {
    /// The rows that a value gives in each protocol.
    async fn rows(&mut self, case: usize, value: Option<&[u8]>) -> [Vec<Vec<Bytes>>; 3] {
        let mut args = Args::default();
        args.raw(value);
        let mut rows = [const { Vec::new() }; 3];
        for (statement, rows) in self.statements[case].into_iter().zip(&mut rows) {
            let mut kept = Kept::default();
            self.session
                .execute(statement, &args, &mut kept)
                .await
                .unwrap_or_else(|error| panic!("{value:?}: {error}"));
            *rows = kept.0;
        }
        rows
    }
}

const SETTINGS: [&[(&str, &str)]; 3] = [
    &[],
    &[("TimeZone", "Europe/Amsterdam"), ("bytea_output", "escape")],
    &[("standard_conforming_strings", "off"), ("TimeZone", "Asia/Kolkata"), ("backslash_quote", "off")],
];

#[test]
fn values_of_every_type_are_the_same_in_each_protocol() {
    let server = support::server();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let database = server.database();
    runtime.block_on(async {
        let control = Control::connect(&database).await.expect("a connection");
        let labels = r#"ENUM ('sad', 'it''s "o\k"', 'NULL')"#;
        let sql = format!(
            r#"CREATE TYPE mood AS {labels}; CREATE TYPE "Odd name" AS {labels}; CREATE DOMAIN price AS numeric(8,2)"#
        );
        control.batch(&sql).await.expect("types");
        let cases = cases(&control).await;
        control.close().await;
        let all: Vec<BoxedStrategy<Bytes>> = cases.iter().map(|case| case.values.clone()).collect();
        for settings in SETTINGS {
            let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let endpoint = Endpoint { startup: settings.collect(), ..database.clone() };
            let mut ways = ways(endpoint, &cases).await;
            let mut runner = TestRunner::new(Config { cases: 30, failure_persistence: None, ..Config::default() });
            for _ in 0..runner.config().cases {
                for (case, values) in all.iter().enumerate() {
                    let value = values.new_tree(&mut runner).expect("a value").current();
                    let [prepared, extended, simple] = ways.rows(case, value.as_deref()).await;
                    let name = &cases[case].ty.sql_name;
                    assert_eq!(prepared, extended, "{name} {value:?}");
                    assert_eq!(prepared, simple, "{name} {value:?}");
                }
            }
        }
    });
}

#[tokio::test]
async fn arrays_of_several_dimensions_and_with_other_bounds_are_the_same() {
    let server = support::server();
    let control = Control::connect(&server.unix()).await.expect("a connection");
    let ty = control.resolve(1009, -1).await.expect("text[]");
    let case = Case { ty: LiteralType { ty, sql_name: "text[]".to_owned() }, values: Just(None).boxed() };
    let mut ways = ways(server.tcp(), std::slice::from_ref(&case)).await;
    let arrays = [r"{}", r"{{a,b},{NULL,d}}", r"[0:1]={x,y}", r"[-1:0][2:3]={{a,b},{c,d}}", r#"{{{"{"},{"}"}}}"#];
    for array in arrays {
        let statement = ways.session.prepare("SELECT $1::text::text[]", &[25], &[]).await.expect("a statement");
        let mut args = Args::default();
        args.raw(Some(array.as_bytes()));
        let mut kept = Kept::default();
        ways.session.execute(statement, &args, &mut kept).await.expect("an array");
        let [prepared, _, simple] = ways.rows(0, kept.0[0][0].as_deref()).await;
        assert_eq!(prepared, simple, "{array}");
    }
}

/// Takes the second column only.
#[derive(Default)]
struct Second(Vec<Bytes>);

impl RowSink for Second {
    fn row(&mut self, row: &RawRow<'_>) {
        assert_eq!((row.columns, row.column(0)), (3, None));
        self.0.push(row.column(1).map(<[u8]>::to_vec));
    }

    fn takes(&self, position: usize) -> bool {
        position == 1
    }
}

#[tokio::test]
async fn what_a_simple_statement_does_is_seen_as_of_any_other() {
    let server = support::server();
    let endpoint = server.database();
    let control = Control::connect(&endpoint).await.expect("a connection");
    control.batch("CREATE TABLE t (id int PRIMARY KEY, at interval, n int8)").await.expect("a table");
    let timer = Timer::new().expect("a timer");
    let (mut session, _) = Session::connect(&Target::Postgres(endpoint), &timer).await.expect("a session");
    let int8 = LiteralType { ty: PgType::built_in(20, -1).expect("int8"), sql_name: "bigint".to_owned() };
    let mut write = |sql: &str, columns: &[_]| session.write_each_time(sql, &[int8.clone(), int8.clone()], columns);
    let insert = write("INSERT INTO t SELECT i, '1 day', $2 FROM generate_series(1, $1) i", &[]).expect("noted");
    let columns = control.describe("SELECT at, n, id FROM t", &[]).await.expect("columns").columns;
    let select = write("SELECT at, n, id FROM t WHERE n - $2 = 0 ORDER BY id LIMIT $1", &columns).expect("noted");
    let begin = write("BEGIN", &[]).expect("noted");
    let mut args = Args::default();
    for value in [3, -5] {
        args.value(Value::Integer(value), &int8.ty).expect("fits");
    }
    let none = Args::default();
    let mut sink = Second::default();
    let inserted = session.execute(insert, &args, &mut sink).await.expect("inserted");
    assert_eq!((inserted.rows, inserted.affected), (0, 3));
    // A double minus would begin a comment, were the negative number not a thing of its own.
    let found = session.execute(select, &args, &mut sink).await.expect("rows");
    assert_eq!((found.rows, sink.0.len()), (3, 3));
    assert!(sink.0.iter().all(|n| n.as_deref() == Some(&(-5_i64).to_be_bytes()[..])));
    let again = session.execute(insert, &args, &mut sink).await.expect_err("a second time");
    assert_eq!(again.key().to_string(), "23505");
    assert!(!session.is_in_transaction());
    session.execute(begin, &none, &mut sink).await.expect("begun");
    assert!(session.is_in_transaction());
}

#[tokio::test]
async fn columns_that_changed_are_an_error_and_no_wrong_values() {
    let server = support::server();
    let endpoint = server.database();
    let control = Control::connect(&endpoint).await.expect("a connection");
    control.batch("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await.expect("a table");
    let timer = Timer::new().expect("a timer");
    let (mut session, _) = Session::connect(&Target::Postgres(endpoint), &timer).await.expect("a session");
    let columns = control.describe("SELECT * FROM t", &[]).await.expect("columns").columns;
    let select = session.write_each_time("SELECT * FROM t", &[], &columns).expect("noted");
    let rows = Cell::new(0);
    for sql in ["SELECT 1", "ALTER TABLE t ALTER id TYPE bigint"] {
        control.batch(sql).await.expect("done");
        let mut kept = Kept::default();
        let executed = session.execute(select, &Args::default(), &mut kept).await;
        match rows.replace(kept.0.len()) {
            0 => assert_eq!(kept.0, [[Some(vec![0, 0, 0, 1])]], "{executed:?}"),
            _ => {
                let error = executed.expect_err("other columns").to_string();
                assert!(
                    error.ends_with("the columns of the result are not those that the statement had before the load"),
                    "{error}"
                );
            }
        }
    }
}
