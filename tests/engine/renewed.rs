//! Prepared statements that the server forgets, or whose result changes, while the load runs.

use dbbench::metrics::OperationMetrics;

use super::steps::{number, writable};
use super::*;

const TABLE: &str = "CREATE TABLE t (id int, a text); INSERT INTO t SELECT i, 'a' FROM generate_series(1, 3) i";

fn one_client(operations: &str) -> Plan {
    let mut plan = plan(operations);
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients: 1, think: Duration::ZERO };
    plan.variants[0].measure = Duration::from_millis(2_000);
    plan
}

/// Runs, and changes the schema in the middle.
fn altered(plan: &Plan, endpoint: &Endpoint, sql: &'static str) -> SliceOutcome {
    let other = endpoint.clone();
    let alter = move || {
        wait(async { Control::connect(&other).await.unwrap().batch(sql).await.unwrap() });
    };
    let mut ran = run_disturbed(plan, endpoint, alter);
    assert_eq!(ran.end.unwrap().failed, 0);
    ran.slices.remove(0)
}

#[test]
fn a_result_that_changed_is_prepared_again_and_nobody_notices() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    let plan = one_client(
        r#"
[operations.all]
steps = [{ as = "t", sql = "SELECT * FROM t" }, { sql = "SELECT 1 WHERE 6 = (SELECT sum(id) FROM unnest(:t.id[]) id)", expect_rows = 1 }]
"#,
    );
    let slice = altered(&plan, &endpoint, "ALTER TABLE t ADD COLUMN b int DEFAULT 7");
    let mix = slice.metrics.total.mix();
    assert!(mix.counters.succeeded > 100 && mix.counters.failed == 0, "{:?}", mix.failures);
    assert_eq!(slice.metrics.reconnects.re_prepared, 1, "the statement whose result changed, once");
}

#[test]
fn columns_that_are_no_longer_those_of_the_workload_fail_instead_of_being_misread() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    let plan = one_client(
        r#"
[operations.all]
steps = [{ as = "t", sql = "SELECT * FROM t" }, { sql = "SELECT :t.first.id::int" }]
"#,
    );
    let slice = altered(&plan, &endpoint, "ALTER TABLE t ALTER id TYPE bigint");
    let mix = slice.metrics.total.mix();
    assert!(mix.counters.succeeded > 0 && mix.counters.failed > 0, "{:?}", mix.counters);
    let (_, message) = mix.failures.values().next().unwrap();
    assert!(message.starts_with("the schema has changed, and the statement returns other columns"), "{message}");
}

#[test]
fn statements_that_the_session_forgot_are_prepared_again() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    for forget in ["DISCARD ALL", "DEALLOCATE ALL"] {
        let plan = one_client(&format!(
            r#"
[operations.forgets]
steps = [
  {{ as = "t", sql = "SELECT id FROM t" }},
  {{ transaction = [{{ sql = "SELECT count(*) FROM t WHERE id = :t.first.id" }}] }},
  {{ sql = "{forget}", protocol = "extended" }},
]
"#
        ));
        let bound = bound(&plan, &endpoint).unwrap();
        let ran = run_disturbed(&plan, &endpoint, || {});
        assert_eq!(ran.end.unwrap().failed, 0);
        let metrics = &ran.slices[0].metrics;
        let mut all = metrics.total.mix();
        all.merge(&metrics.warmup.mix());
        assert!(all.counters.succeeded > 0 && all.counters.failed == 0, "{forget}: {:?}", all.failures);
        // Every operation but the first; all but the statement that is parsed each time.
        let prepared = bound[0].statements() as u64 - 1;
        assert_eq!(metrics.reconnects.re_prepared, prepared * (all.counters.succeeded - 1), "{forget}");
    }
}

/// Runs a plan; what it did in warm-up and measurement together, and how many statements were prepared again.
fn renewed(plan: &Plan, endpoint: &Endpoint, alter: Option<&'static str>) -> (OperationMetrics, u64) {
    let slice = match alter {
        Some(sql) => altered(plan, endpoint, sql),
        None => run_disturbed(plan, endpoint, || {}).slices.remove(0),
    };
    let mut all = slice.metrics.total.mix();
    all.merge(&slice.metrics.warmup.mix());
    assert!(all.counters.succeeded > 1 && all.counters.failed == 0, "{:?}", all.failures);
    (all, slice.metrics.reconnects.re_prepared)
}

#[test]
fn a_pipeline_is_sent_again_as_a_whole_and_nothing_of_it_twice() {
    let server = support::server();
    let endpoint = writable(&server, &format!("{TABLE}; CREATE TABLE log (id int)"));
    let plan = one_client(
        r#"
[operations.all]
steps = [
  { repeat = 2, steps = [{ pipeline = [
    { sql = "INSERT INTO log VALUES (1)" },
    { as = "t", sql = "SELECT * FROM t" },
  ] }] },
  { sql = "SELECT 1 WHERE 12 = (SELECT sum(id) FROM unnest(:t.id[]) id)", expect_rows = 1 },
]
"#,
    );
    let (all, re_prepared) = renewed(&plan, &endpoint, Some("ALTER TABLE t ADD COLUMN b int DEFAULT 7"));
    assert_eq!(re_prepared, 1, "the statement whose result changed, once");
    let logged = number(&endpoint, "SELECT count(*) FROM log");
    assert_eq!(logged, 2 * i64::try_from(all.counters.succeeded).unwrap());
    assert_eq!(all.counters.rows, 9 * all.counters.succeeded, "what was undone counts for nothing");
}

#[test]
fn forgotten_statements_are_prepared_again_wherever_they_stand() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    let forget = r#"{ sql = "DISCARD ALL", protocol = "extended" }"#;
    let pipeline = r#"{ pipeline = [{ as = "a", sql = "SELECT id FROM t" }, { as = "b", sql = "SELECT a FROM t" }] }"#;
    let together = r#"{ together = [{ as = "a", sql = "SELECT id FROM t" }, { as = "b", sql = "SELECT a FROM t" }] }"#;
    let both = r#"{ sql = "SELECT 1 WHERE 6 = cardinality(:a.id[]) + cardinality(:b.a[])", expect_rows = 1 }"#;
    // Statements of each connection that are prepared, and on how many connections.
    for (steps, connections) in [
        (format!("{pipeline}, {both}, {forget}"), 1),
        (format!("{together}, {both}, {{ together = [{forget}, {forget}] }}"), 2),
    ] {
        let plan = one_client(&format!("[operations.all]\nsteps = [{steps}]\n"));
        let (all, re_prepared) = renewed(&plan, &endpoint, None);
        assert_eq!(re_prepared, 3 * connections * (all.counters.succeeded - 1), "{steps}");
    }
}

#[test]
fn inserts_whose_statements_were_forgotten_insert_every_row_once() {
    let server = support::server();
    for method in ["single", "chunks", "pipeline", "pipeline_autocommit", "multi_row", "unnest", "copy"] {
        let endpoint = writable(&server, "CREATE TABLE n (id int PRIMARY KEY)");
        let chunk = if ["single", "copy"].contains(&method) { "" } else { "chunk = 2, " };
        let plan = one_client(&format!(
            r#"
[operations.all]
steps = [
  {{ insert = {{ table = "n", rows = 4, {chunk}method = "{method}", values = {{ id = {{ next = "n.id" }} }} }} }},
  {{ sql = "DISCARD ALL", protocol = "extended" }},
]
"#
        ));
        let (all, re_prepared) = renewed(&plan, &endpoint, None);
        let inserted = number(&endpoint, "SELECT count(*) FROM n");
        assert_eq!(inserted, 4 * i64::try_from(all.counters.succeeded).unwrap(), "{method}");
        assert!(re_prepared >= all.counters.succeeded - 1, "{method}");
    }
}
