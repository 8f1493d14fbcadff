//! Statements at the same time, each on a connection of its own.

use super::steps::{COUNTERS, number, writable};
use super::*;

fn clients(plan: &mut Plan, clients: u32) {
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients, think: Duration::ZERO };
}

#[test]
fn what_runs_together_takes_as_long_as_the_longest_and_on_connections_of_its_own() {
    let server = support::server();
    let endpoint = writable(&server, "CREATE TABLE seen (op int, pid int, at timestamptz)");
    let mut plan = plan(
        r#"
[operations.at_once]
steps = [
  { together = [
    { as = "a", sql = "SELECT pg_backend_pid() AS pid FROM pg_sleep(0.06)" },
    { as = "b", sql = "SELECT pg_backend_pid() AS pid FROM pg_sleep(0.06)", protocol = "simple" },
    { as = "c", sql = "SELECT pg_backend_pid() AS pid FROM pg_sleep(0.06)", protocol = "extended" },
  ] },
  { sql = "INSERT INTO seen SELECT 1, unnest(ARRAY[:a.first.pid, :b.first.pid, :c.first.pid]), now()", expect_rows = 3 },
]
"#,
    );
    clients(&mut plan, 2);
    assert_eq!((plan.variants[0].connections_per_client(), plan.variants[0].connections()), (3, 6));
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    let mix = ran.slices[0].metrics.total.mix();
    assert!(mix.counters.succeeded > 0 && mix.counters.failed == 0, "{:?}", mix.failures);
    assert_eq!(mix.counters.statements, 4 * mix.counters.succeeded);
    assert_eq!(number(&endpoint, "SELECT count(DISTINCT pid) FROM seen"), 6);
    // Three in a row would take 180 ms at least.
    assert!(mix.service.min_ns() < Some(150_000_000), "{:?}", mix.service.min_ns());
    assert!(mix.service.min_ns() >= Some(60_000_000), "{:?}", mix.service.min_ns());
}

#[test]
fn a_failure_counts_once_all_have_ended_and_the_connections_go_on() {
    let server = support::server();
    let endpoint = writable(&server, COUNTERS);
    let mut plan = plan(
        r#"
[operations.half]
steps = [{ together = [
  { sql = "SELECT 1 / (SELECT count(*) - 10 FROM counters)" },
  { sql = "UPDATE counters SET n = n + 1 WHERE id = 1 AND pg_sleep(0.005) IS NOT NULL", expect_rows = 1 },
] }]
"#,
    );
    clients(&mut plan, 1);
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let mut all = metrics.total.mix();
    all.merge(&metrics.warmup.mix());
    assert!(all.counters.failed > 0 && all.counters.succeeded == 0, "{:?}", all.counters);
    assert!(all.failures.keys().all(|key| key.to_string() == "22012"), "{:?}", all.failures);
    let done = number(&endpoint, "SELECT n FROM counters WHERE id = 1");
    assert_eq!(done, i64::try_from(all.counters.failed).unwrap(), "the other statement ended each time");
    assert_eq!((metrics.reconnects.all, all.counters.unknown), (0, 0));
}

#[test]
fn what_runs_together_answers_as_one_after_the_other() {
    let report = compared(
        r#"
[operations.one_by_one]
job = "page"
steps = [
  { as = "u", sql = "SELECT id, name FROM users WHERE org_id = :org" },
  { as = "o", for_each = "u", sql = "SELECT id, total FROM orders WHERE user_id = :u.id" },
]
answer = ["u.id", "o.id", "o.total"]
[operations.together]
job = "page"
steps = [
  { as = "u", sql = "SELECT id, name FROM users WHERE org_id = :org" },
  { for_each = "u", together = [
    { as = "o", sql = "SELECT id, total FROM orders WHERE user_id = :u.id" },
    { sql = "SELECT count(*) FROM orders WHERE user_id = :u.id" },
  ] },
]
answer = ["u.id", "o.id", "o.total"]
[variants]
one_by_one = {}
together = {}
"#,
    );
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    assert!(report.groups[0].rows > 1_000, "{}", report.groups[0].rows);
}

#[test]
fn when_one_connection_is_lost_all_of_the_client_are_made_anew() {
    let server = support::server();
    let endpoint = writable(&server, "CREATE TABLE t (id int)");
    let mut plan = plan(
        r#"
[operations.both]
steps = [{ together = [{ sql = "SELECT 1" }, { sql = "SELECT 'second'" }] }]
"#,
    );
    plan.variants[0].measure = Duration::from_millis(2_000);
    clients(&mut plan, 1);
    let admin = server.unix();
    let name = endpoint.database.clone();
    let kill = move || {
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE '%second%'"
        );
        let rows = wait(async { Control::connect(&admin).await.unwrap().rows(&sql).await.unwrap() });
        assert_eq!(rows[0][0].as_deref(), Some("1"));
    };
    let ran = run_disturbed(&plan, &endpoint, kill);
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let mix = metrics.total.mix();
    assert_eq!((mix.counters.failed, metrics.reconnects.all), (1, 1), "{:?}", mix.failures);
    assert!(mix.counters.succeeded > 100);
}
