//! Loading a dataset into a real server: what comes out is what the plan says, and what goes wrong is said in the words of
//! the workload file.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "in a test a panic is the message")]

#[path = "support/draft.rs"]
mod draft;
mod support;

use std::sync::{Arc, Mutex};

use dbbench::dataset::{DatasetError, LoadInput, Loaded, create_and_load};
use dbbench::driver::{Control, Endpoint};
use dbbench::event::{Event, Events};
use dbbench::param::{Generator, Literal, Over};
use draft::Draft;
use support::Server;

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}

async fn load_into(server: &Server, endpoint: &Endpoint, draft: &Draft) -> Result<Loaded, DatasetError> {
    let (maintenance, events) = (server.unix(), Events::ignored());
    create_and_load(LoadInput { plan: &draft.plan, endpoint, maintenance: &maintenance, events: &events }).await
}

/// Loads into a new database; the error's problems as text.
fn problems(draft: &Draft) -> Vec<String> {
    let server = support::server();
    run(async {
        let endpoint = server.database();
        let error = load_into(&server, &endpoint, draft).await.unwrap_err();
        let problems = error.problems();
        assert!(!problems.is_empty(), "{error:?}");
        problems.iter().map(ToString::to_string).collect()
    })
}

async fn ask(endpoint: &Endpoint, sql: &str) -> Vec<String> {
    let control = Control::connect(endpoint).await.unwrap();
    let rows = control.rows(sql).await.unwrap();
    control.close().await;
    rows.into_iter().next().unwrap().into_iter().map(Option::unwrap_or_default).collect()
}

fn integers(low: i64, high: i64) -> Generator {
    Generator::Uniform(Over::Integers { low, high })
}

fn text(min: u32, max: u32) -> Generator {
    Generator::Text { min, max }
}

fn money() -> Generator {
    Generator::Uniform(Over::Reals { low: 1.0, high: 500.0, decimals: 2 })
}

/// Two tables, a foreign key with skew, one that may be NULL.
fn shop(users: u64, orders: u64) -> Draft {
    let schema = "CREATE TABLE users (id bigint PRIMARY KEY, org_id int NOT NULL, name varchar(20) NOT NULL, note text DEFAULT 'none')
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, giver bigint REFERENCES users, total numeric(10,2) NOT NULL, at timestamptz NOT NULL, tag uuid)";
    let after = "CREATE INDEX ON users (org_id)\nCREATE INDEX ON orders (user_id)";
    let id = || ("id", Generator::RowNumber);
    // The child stands first: the order of loading follows the foreign keys, not the file.
    let draft =
        Draft::new(schema, after).table("users", users, &[id(), ("org_id", integers(1, 200)), ("name", text(4, 20))]);
    let over = draft.over("users", "id");
    let giver = Generator::Null { rate: 0.3, of: Box::new(Generator::Uniform(over.clone())) };
    let columns = [
        id(),
        ("user_id", Generator::Zipf { over, exponent: 0.8, scramble: true }),
        ("giver", giver),
        ("total", money()),
        ("at", Generator::Timestamp { from_us: 1_700_000_000_000_000, to_us: 1_800_000_000_000_000 }),
        ("tag", Generator::Uuid4),
    ];
    let mut draft = draft.table("orders", orders, &columns);
    draft.plan.tables.reverse();
    draft
}

#[test]
fn tables_are_filled_verified_indexed_and_frozen() {
    let server = support::server();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    let events = Events::new(move |event| into.lock().unwrap().push(event));
    let draft = shop(2_000, 50_000);
    run(async {
        let endpoint = server.database();
        let maintenance = server.unix();
        let input = LoadInput { plan: &draft.plan, endpoint: &endpoint, maintenance: &maintenance, events: &events };
        let loaded = create_and_load(input).await.unwrap();
        assert_eq!((loaded.rows, loaded.tables[0].rows, loaded.tables[1].rows), (52_000, 50_000, 2_000));
        let giver = &loaded.tables[0].columns[2];
        assert!((14_300..15_700).contains(&giver.nulls), "{giver:?}");
        let keys = loaded.tables[0].columns[1].keys.as_ref().unwrap();
        // Zipf with exponent 0.8 over 2,000 keys: the first has 1/H of the draws, H = Σ k^−0.8.
        let harmonic: f64 = (1..=2_000).map(|k| f64::from(k).powf(-0.8)).sum();
        let top = keys.top_key_share.unwrap();
        assert!((top * harmonic - 1.0).abs() < 0.15, "{top} against {}", 1.0 / harmonic);
        assert!(keys.possible == 2_000 && keys.distinct > 1_900 && keys.top_1_percent_share.unwrap() > top, "{keys:?}");
        assert_eq!(loaded.tables[1].columns[2].keys, None);
        let note = ask(&endpoint, "SELECT count(*), min(note), max(note) FROM users").await;
        assert_eq!(note, ["2000", "none", "none"]);
        let indexes = ask(&endpoint, "SELECT count(*) FROM pg_indexes WHERE tablename IN ('users', 'orders')").await;
        assert_eq!(indexes, ["4"]);
        let frozen = "SELECT bool_and(relallvisible = relpages AND relpages > 0 AND reltuples > 0) FROM pg_class \
                      WHERE relname IN ('users', 'orders')";
        assert_eq!(ask(&endpoint, frozen).await, ["t"]);
    });
    let heard = heard.lock().unwrap();
    let last = heard.iter().rev().find_map(|event| match event {
        Event::LoadProgress { rows, total, .. } => Some((*rows, *total)),
        _ => None,
    });
    assert_eq!(last, Some((52_000, 52_000)));
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_one_others() {
    let server = support::server();
    let sum = |draft: Draft| {
        run(async {
            let endpoint = server.database();
            load_into(&server, &endpoint, &draft).await.unwrap();
            ask(&endpoint, "SELECT sum(hashtextextended(o::text, 0)) FROM orders o").await
        })
    };
    let mut other = shop(100, 3_000);
    other.plan.seed = 8;
    let first = sum(shop(100, 3_000));
    assert_eq!(first, sum(shop(100, 3_000)));
    assert_ne!(first, sum(other));
}

#[test]
fn every_type_arrives_as_it_was_drawn() {
    let schema = "CREATE TYPE mood AS ENUM ('sad', 'happy')
CREATE DOMAIN small AS int CHECK (VALUE < 100)
CREATE TABLE t (a int2, b int4, c int8, d float4, e float8, f numeric, g numeric(6,1), h text, i char(8), j uuid, k date, l timestamp, m timestamptz, n jsonb, o mood, p small, q boolean, \"Weird name\" int, r int GENERATED ALWAYS AS (b * 2) STORED, s bigint GENERATED ALWAYS AS IDENTITY)";
    let instant = || Generator::Timestamp { from_us: -2_000_000_000_000_000, to_us: 2_000_000_000_000_000 };
    let moods = vec![(Literal::Text("sad".into()), 1.0), (Literal::Text("happy".into()), 3.0)];
    let json = Generator::Json(vec![("n".into(), integers(1, 9)), ("t".into(), text(0, 9))]);
    let columns = [
        ("a", Generator::RowNumber),
        ("b", integers(-1000, 1000)),
        ("c", integers(i64::MIN, i64::MAX)),
        ("d", money()),
        ("e", money()),
        ("f", money()),
        ("g", money()),
        ("h", text(0, 3_000)),
        ("i", text(1, 8)),
        ("j", Generator::Uuid7),
        ("k", instant()),
        ("l", instant()),
        ("m", instant()),
        ("n", json),
        ("o", Generator::Choice(moods)),
        ("p", integers(0, 99)),
        ("q", Generator::Constant(Literal::Bool(true))),
        ("Weird name", Generator::Null { rate: 0.5, of: Box::new(integers(1, 2)) }),
    ];
    let draft = Draft::new(schema, "").table("t", 500, &columns);
    let server = support::server();
    run(async {
        let endpoint = server.database();
        // Verification derives twenty rows again and compares every column of them.
        let loaded = load_into(&server, &endpoint, &draft).await.unwrap();
        assert_eq!(loaded.tables[0].columns.len(), 18);
        let found = ask(&endpoint, "SELECT count(*) FILTER (WHERE r = b * 2), max(s), count(DISTINCT j) FROM t").await;
        assert_eq!(found, ["500", "500", "500"]);
    });
}

#[test]
fn a_statement_that_the_server_refuses_is_shown_where_it_stands() {
    let found = problems(&Draft::new("CREATE TABLE t (id bigint)\nCREATE TABLE u (id bigintt)", ""));
    assert_eq!(found, ["w.toml:2:20: type \"bigintt\" does not exist (SQLSTATE 42704)"]);
    let found = problems(&Draft::new("CREATE TABLE t (id bigint)", "CREATE INDEX ON t (ib)"));
    assert!(found[0].starts_with("w.toml:2:1: column \"ib\" does not exist"), "{found:?}");
}

#[test]
fn all_names_and_types_that_do_not_go_with_the_schema_are_said_at_once() {
    let schema = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int2, name varchar(5), x int GENERATED ALWAYS AS (1) STORED)";
    let columns = [
        ("id", Generator::RowNumber),
        ("emial", text(1, 1)),
        ("age", integers(1, 40_000)),
        ("name", text(1, 6)),
        ("x", Generator::RowNumber),
    ];
    let found = problems(&Draft::new(schema, "").table("users", 10, &columns)).join("\n");
    for part in [
        "the schema's table users has no column emial; did you mean email?",
        "users.age: 40000 does not fit int2",
        "users.name: random text of up to 6 characters does not fit varchar(5)",
        "users.x is GENERATED ALWAYS",
        "users.email is NOT NULL without a default and has no generator",
    ] {
        assert!(found.contains(part), "{part} is not in\n{found}");
    }
    let found = problems(&Draft::new(schema, "").table("usres", 10, &[("id", Generator::RowNumber)]));
    assert_eq!(found, ["w.toml:1:1: dataset.schema makes no table usres; did you mean users?"]);
}

#[test]
fn rows_that_the_server_refuses_are_named() {
    let schema = "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n < 50), p int REFERENCES t)";
    let twice = Generator::Expr(dbbench::param::Expr::Binary(
        '/',
        Box::new(dbbench::param::Expr::Row),
        Box::new(dbbench::param::Expr::Value(2)),
    ));
    let cases = [
        (
            [("id", twice), ("n", integers(1, 9))],
            "t, row 3: the server refused to take rows: duplicate key value violates unique constraint \"t_pkey\" (SQLSTATE 23505); give the columns of a unique key",
        ),
        ([("id", Generator::RowNumber), ("n", integers(50, 90))], "(SQLSTATE 23514); narrow"),
        ([("id", Generator::RowNumber), ("p", integers(500, 900))], "(SQLSTATE 23503); draw the key"),
    ];
    for (columns, expected) in cases {
        let found = problems(&Draft::new(schema, "").table("t", 100, &columns));
        assert!(found.len() == 1 && found[0].contains(expected), "{expected} is not in {found:?}");
    }
}

#[test]
fn data_that_the_server_changed_is_not_accepted() {
    let schema = "CREATE TABLE p (id bigint PRIMARY KEY)
CREATE TABLE t (id bigint PRIMARY KEY, p bigint, n int)
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.id % 2 = 0 THEN RETURN NULL; END IF; new.p = 5000; RETURN new; END $$
CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.n = NULL; new.p = 5000; RETURN new; END $$";
    let id = || ("id", Generator::RowNumber);
    let skipping = Draft::new(schema, "").table("p", 100, &[id()]);
    let p = Generator::Uniform(skipping.over("p", "id"));
    let skipping = skipping.table("t", 100, &[id(), ("p", p.clone()), ("n", integers(1, 2))]);
    let found = problems(&skipping).join("\n");
    assert!(found.contains("t: only 50 of 100 rows came to the server"), "{found}");

    let changing = schema.replace("EXECUTE FUNCTION f()", "EXECUTE FUNCTION g()");
    let mut lines: Vec<&str> = changing.lines().collect();
    lines.swap(3, 4);
    let changing = Draft::new(&lines.join("\n"), "").table("p", 100, &[id()]);
    let changing = changing.table("t", 100, &[id(), ("p", p), ("n", integers(1, 2))]);
    let found = problems(&changing).join("\n");
    for part in [
        "t.n is NULL in 100 of 100 rows; the plan's rate is 0",
        "t.p: 1 of 1 keys are not in p.id",
        "t.p has 1 different keys; the plan gives",
        "t.p is 5000 in row 1; the plan gives",
    ] {
        assert!(found.contains(part), "{part} is not in\n{found}");
    }
}

#[test]
fn a_server_that_goes_away_is_an_error_soon() {
    let server = Server::start();
    let (error, took) = run(async {
        let endpoint = server.database();
        let draft = shop(1_000, 50_000_000);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let events = Events::new(move |event| {
            if matches!(event, Event::LoadProgress { rows, .. } if rows > 100_000)
                && let Some(sender) = sender.lock().unwrap().take()
            {
                sender.send(()).unwrap();
            }
        });
        let maintenance = server.unix();
        let input = LoadInput { plan: &draft.plan, endpoint: &endpoint, maintenance: &maintenance, events: &events };
        let (loaded, began) = tokio::join!(create_and_load(input), async {
            receiver.await.unwrap();
            let stopped = server
                .program("psql")
                .args([
                    "-Atqc",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^COPY'",
                    "postgres",
                ])
                .output()
                .unwrap();
            assert!(stopped.status.success());
            std::time::Instant::now()
        });
        (loaded.unwrap_err(), began.elapsed())
    });
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
    let chain = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(chain.contains("orders") && (chain.contains("lost") || chain.contains("57P01")), "{chain}");
}
