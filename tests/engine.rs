//! The engine on a real server: types as the server infers them, answers compared, slices that lose their server.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the message")]

#[path = "engine/counting.rs"]
mod counting;
#[path = "engine/cut.rs"]
mod cut;
#[path = "engine/outages.rs"]
mod outages;
#[path = "engine/protocols.rs"]
mod protocols;
#[path = "engine/renewed.rs"]
mod renewed;
#[path = "engine/steps.rs"]
mod steps;
mod support;
#[path = "engine/together.rs"]
mod together;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use dbbench::driver::{Control, Endpoint, Target};
use dbbench::engine::{
    AnswersError, BindError, BoundVariant, EngineError, Interrupt, RunInput, SliceOutcome, bind, compare_answers,
    rehearse, run,
};
use dbbench::event::{Event, Events};
use dbbench::words::FailureClass;
use dbbench::workload::plan::{Plan, SourceText};
use dbbench::workload::{Overrides, compile_text};
use support::Server;

const SCHEMA: &str = "
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE TABLE users (id bigint PRIMARY KEY, org_id int NOT NULL, name text NOT NULL, mood mood);
    CREATE TABLE orders (id int PRIMARY KEY, user_id bigint, total numeric(10,2) NOT NULL, at timestamptz NOT NULL);
    INSERT INTO users SELECT i, i % 10, 'user ' || i, CASE i % 3 WHEN 0 THEN NULL ELSE 'high'::mood END
        FROM generate_series(1, 200) i;
    INSERT INTO orders SELECT i, nullif(i % 190, 0), i * 1.5, '2026-01-01Z'::timestamptz + i * interval '1 hour'
        FROM generate_series(1, 1000) i;
    CREATE SEQUENCE visits;
    ANALYZE;";

const HEAD: &str = r#"
name = "test"
[params]
org = { uniform = [0, 9] }
[load]
clients = 2
[run]
rounds = 1
warmup = "20ms"
measure = "300ms"
"#;

fn plan(operations: &str) -> Plan {
    let text = format!("{HEAD}{operations}");
    compile_text(SourceText::new("workload.toml", text), &Overrides::default()).unwrap_or_else(|e| panic!("{e:?}"))
}

fn wait<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A database with the tables, and an endpoint whose sessions are read-only.
fn database(server: &Server) -> Endpoint {
    wait(async {
        let mut endpoint = server.database();
        let control = Control::connect(&endpoint).await.unwrap();
        control.batch(SCHEMA).await.unwrap();
        control.close().await;
        endpoint.startup.push(("default_transaction_read_only".to_owned(), "on".to_owned()));
        endpoint
    })
}

fn bound(plan: &Plan, endpoint: &Endpoint) -> Result<Vec<BoundVariant>, BindError> {
    wait(async {
        let control = Control::connect(endpoint).await.unwrap();
        let mut bound = Vec::new();
        for variant in &plan.variants {
            bound.push(bind(variant, Some(&control), plan.dataset.as_ref()).await?);
        }
        control.close().await;
        Ok(bound)
    })
}

fn compared(operations: &str) -> Result<dbbench::engine::AnswerReport, AnswersError> {
    let server = support::server();
    let (plan, endpoint) = (plan(operations), database(&server));
    let bound = bound(&plan, &endpoint).unwrap_or_else(|error| panic!("{error}"));
    let targets = vec![Target::Postgres(endpoint); bound.len()];
    rehearse(&plan, &bound, &targets, &Interrupt::default())?;
    let targets: Vec<Vec<Target>> = targets.into_iter().map(|target| vec![target]).collect();
    compare_answers(&plan, &bound, &targets, &Interrupt::default())
}

fn problems(operations: &str) -> Vec<String> {
    let server = support::server();
    let (plan, endpoint) = (plan(operations), database(&server));
    match bound(&plan, &endpoint) {
        Err(BindError::Problems { problems, .. }) => {
            let text = |problem: &dbbench::engine::BindProblem| {
                let source = problem.place().source.text()[problem.place().span.start..].to_owned();
                let word = source.split_whitespace().next().unwrap_or_default().to_owned();
                format!("{word} | {} | {}", problem.title, problem.hints.join("; "))
            };
            problems.iter().map(text).collect()
        }
        other => panic!("{other:?}"),
    }
}

const N_PLUS_ONE: &str = r#"
[operations.n_plus_one]
steps = [
  { as = "u", sql = "SELECT id, name, mood FROM users WHERE org_id = :org ORDER BY id LIMIT 10" },
  { as = "o", for_each = "u", sql = "SELECT id, total, at FROM orders WHERE user_id = :u.id" },
]
answer = ["u.id", "u.mood", "o.id", "o.total", "o.at"]
"#;

#[test]
fn four_ways_to_the_same_rows_answer_the_same() {
    // Types differ on purpose: bigint and int, numeric and JSON's number, timestamptz and JSON's string.
    let report = compared(&format!(
        r#"{N_PLUS_ONE}
[operations.join]
steps = [{{ as = "r", sql = """
  SELECT u.id::int AS user_id, u.mood::text, o.id::bigint, o.total::numeric(12,4), o.at
  FROM (SELECT id, mood FROM users WHERE org_id = :org ORDER BY id LIMIT 10) u JOIN orders o ON o.user_id = u.id""" }}]
answer = ["r.user_id", "r.mood", "r.id", "r.total", "r.at"]
[operations.batch]
steps = [
  {{ as = "u", sql = "SELECT id FROM users WHERE org_id = :org ORDER BY id LIMIT 10" }},
  {{ as = "o", sql = "SELECT u.id AS user_id, u.mood, o.id, o.total, o.at FROM orders o JOIN users u ON u.id = o.user_id WHERE o.user_id = ANY(:u.id[]) ORDER BY o.total DESC" }},
]
answer = ["o.user_id", "o.mood", "o.id", "o.total", "o.at"]
[operations.lateral]
steps = [{{ as = "r", sql = """
  SELECT u.id, u.mood, j.orders FROM (SELECT id, mood FROM users WHERE org_id = :org ORDER BY id LIMIT 10) u,
  LATERAL (SELECT jsonb_agg(jsonb_build_object('id', o.id, 'total', o.total, 'at', o.at)) AS orders
           FROM orders o WHERE o.user_id = u.id) j""" }}]
answer = ["r.id", "r.mood", "r.orders[].id", "r.orders[].total", "r.orders[].at"]
[variants]
n_plus_one = {{}}
join = {{}}
batch = {{}}
lateral = {{}}
"#
    ));
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    assert!(report.compared);
    assert_eq!(report.groups.len(), 1);
    assert_eq!(report.groups[0].operations.len(), 4);
    // Ten users with about five orders each.
    assert!(report.groups[0].rows > 20 * 40, "{}", report.groups[0].rows);
}

#[test]
fn a_wrong_join_condition_is_shown_with_the_rows_that_differ() {
    let error = compared(
        r#"
[operations.right]
steps = [{ as = "r", sql = "SELECT u.id, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE u.id = :org + 1" }]
answer = ["r.id", "r.total"]
[operations.wrong]
steps = [{ as = "r", sql = "SELECT u.id, o.total FROM users u JOIN orders o ON o.id = u.id WHERE u.id = :org + 1" }]
answer = ["r.id", "r.total"]
[variants]
right = {}
wrong = {}
"#,
    );
    let Err(AnswersError::Differ(differ)) = error else { panic!("{error:?}") };
    let org: i64 = differ.params[0].1.parse().unwrap();
    let user = org + 1;
    assert_eq!((differ.left.rows, differ.right.rows, differ.common), (6 - usize::from(user > 50), 1, 1));
    let message = differ.to_string();
    assert!(
        message.starts_with(&format!("the answers of \"right\" and \"wrong\" differ\n  draw 1 of 20: org = {org}\n"))
    );
    assert!(message.contains("only in \"wrong\": 0 rows\n"), "{message}");
    assert!(message.contains(&format!("\n     {user}     {}\n", (user + 190) as f64 * 1.5)), "{message}");
}

#[test]
fn the_server_names_types_and_places_and_all_problems_come_at_once() {
    let found = problems(
        r#"
[operations.a]
steps = [
  { as = "u", sql = "SELECT id, name FROM users WHERE org_id = :org" },
  { sql = "SELECT totl FROM orders WHERE user_id = :u.id", for_each = "u" },
  { sql = "SELECT 1 FROM users WHERE name = ANY(:u.nme[])" },
]
[operations.b]
steps = [{ sql = "SELECT 1 FROM users WHERE mood = :org" }]
[mix]
a = 1
b = 1
"#,
    );
    let expected = [
        ":u.nme[])\" | `u` has no column `nme` | the statement of `u` returns id, name; name columns with AS",
        ":org\" | parameter \"org\" does not fit where it is used: ",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    let found = problems("[operations.a]\nsteps = [{ sql = \"SELECT id, totl FROM orders WHERE id = :org\" }]");
    assert!(
        found[0].starts_with("totl | the server refuses this statement: column \"totl\" does not exist"),
        "{found:?}"
    );
}

#[test]
fn a_workload_that_writes_is_refused() {
    let error =
        compared("[operations.a]\nsteps = [{ sql = \"SELECT nextval('visits') FROM users WHERE id = :org + 1\" }]");
    assert!(matches!(&error, Err(AnswersError::Writes { operation, .. }) if operation == "a"), "{error:?}");
    let message = error.unwrap_err().to_string();
    assert!(message.contains("cannot execute nextval() in a read-only transaction (SQLSTATE 25006)"), "{message}");
    let error = compared("[operations.a]\nsteps = [{ sql = \"SELECT 1 / (:org * 0)\" }]");
    assert!(
        matches!(&error, Err(AnswersError::Fails { state: Some(state), .. }) if state.as_str() == "22012"),
        "{error:?}"
    );
}

struct Ran {
    end: Result<dbbench::engine::RunEnd, EngineError>,
    slices: Vec<SliceOutcome>,
}

/// Runs, and calls `disturb` when the first interval of a measurement has come.
fn run_disturbed(plan: &Plan, endpoint: &Endpoint, disturb: impl Fn() + Send + Sync + 'static) -> Ran {
    run_disturbed_in(true, plan, endpoint, disturb)
}

/// The same in the measurement or in the warm-up.
fn run_disturbed_in(
    measuring: bool,
    plan: &Plan,
    endpoint: &Endpoint,
    disturb: impl Fn() + Send + Sync + 'static,
) -> Ran {
    let bound = bound(plan, endpoint).unwrap();
    let targets = vec![Target::Postgres(endpoint.clone()); bound.len()];
    let slices = RefCell::new(Vec::new());
    let done = std::sync::Once::new();
    let events = Events::new(move |event| {
        if matches!(event, Event::Interval(figures) if figures.measuring == measuring) {
            done.call_once(&disturb);
        }
    });
    let end = run(RunInput {
        plan,
        bound: &bound,
        targets: &targets,
        began: Instant::now(),
        events: &events,
        interrupt: &Interrupt::default(),
        server_cpu: None,
        on_interval: &mut |_| Ok(()),
        on_slice: &mut |slice| {
            slices.borrow_mut().push(slice);
            Ok(())
        },
    });
    Ran { end, slices: slices.into_inner() }
}

const LONG: &str = r#"
[operations.a]
steps = [{ sql = "SELECT name FROM users WHERE id = :org" }]
[operations.b]
steps = [{ sql = "SELECT name FROM users WHERE id = :org" }]
[variants]
a = { run = {} }
b = {}
"#;

#[test]
fn a_connection_that_the_server_ends_is_one_failure_and_is_made_anew() {
    let server = support::server();
    let endpoint = database(&server);
    let mut plan = plan(&LONG.replace("{ run = {} }", "{}"));
    plan.variants.truncate(1);
    plan.variants[0].measure = Duration::from_millis(2_000);
    let admin = server.unix();
    let (name, user) = (endpoint.database.clone(), endpoint.user.clone());
    assert_eq!(name, user);
    let kill = move || {
        let sql = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'");
        let rows = wait(async {
            let control = Control::connect(&admin).await.unwrap();
            control.rows(&sql).await.unwrap()
        });
        assert_eq!(rows[0][0].as_deref(), Some("2"));
    };
    let ran = run_disturbed(&plan, &endpoint, kill);
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let mix = metrics.total.mix();
    let keys: Vec<_> = mix.failures.iter().map(|(key, (count, _))| (key.class(), *count)).collect();
    assert_eq!(keys.iter().map(|(_, count)| count).sum::<u64>(), 2, "{:?}", mix.failures);
    assert!(keys.iter().all(|(class, _)| *class == FailureClass::Connection), "{keys:?}");
    assert_eq!(metrics.connect.count(), 4, "two at the start, two again");
    assert_eq!((metrics.reconnects.all, metrics.reconnects.warmup, mix.acquire.count()), (2, 0, 2));
    assert_eq!(mix.violation(), None);
    assert!(mix.counters.succeeded > 1_000);
}

#[test]
fn a_server_that_is_gone_fails_the_slice_and_ends_the_run() {
    let server = Server::start();
    let endpoint = database(&server);
    let mut plan = plan(&LONG.replace("{ run = {} }", "{}"));
    for variant in &mut plan.variants {
        variant.measure = Duration::from_secs(30);
    }
    let server = std::sync::Mutex::new(Some(server));
    let began = Instant::now();
    let ran = run_disturbed(&plan, &endpoint, move || drop(server.lock().unwrap().take()));
    assert!(began.elapsed() < Duration::from_secs(15));
    let Err(EngineError::ServerGone { round: 1, reason, .. }) = ran.end else { panic!("{:?}", ran.end) };
    assert!(reason.starts_with("the server is gone: no connection for 2 s: "), "{reason}");
    assert_eq!(ran.slices.len(), 1);
    let metrics = &ran.slices[0].metrics;
    assert_eq!(metrics.failed.as_deref(), Some(reason.as_str()));
    let mix = metrics.total.mix();
    assert!(mix.counters.succeeded > 1_000);
    assert!(mix.counters.failed >= 3, "two that lost their connection, and those that got none");
    assert!(mix.failed_response.max_ns() >= Some(2_000_000_000), "{:?}", mix.failed_response.max_ns());
    assert_eq!(mix.violation(), None);
}

#[test]
fn what_is_cut_off_at_the_end_of_the_drain_is_cancelled_on_the_server() {
    let server = support::server();
    let endpoint = database(&server);
    let mut plan = plan("[operations.a]\nsteps = [{ sql = \"SELECT pg_sleep(30 + :org)\" }]");
    let variant = &mut plan.variants[0];
    (variant.warmup, variant.drain) = (Duration::ZERO, Duration::from_millis(100));
    let began = Instant::now();
    let ran = run_disturbed(&plan, &endpoint, || ());
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(ran.end.unwrap().failed, 0);
    let counters = ran.slices[0].metrics.total.mix().counters;
    assert_eq!((counters.planned, counters.failed, counters.censored, counters.statements), (2, 2, 2, 2));
    let running = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND state = 'active' AND query LIKE '%pg_sleep(30%'",
        endpoint.database
    );
    let left = wait(async {
        let control = Control::connect(&server.unix()).await.unwrap();
        control.rows(&running).await.unwrap()
    });
    assert_eq!(left[0][0].as_deref(), Some("0"));
}
