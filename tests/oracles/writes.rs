//! Writes: what succeeded stands in the tables, what failed and what was tried again stands in the server's log, no more
//! and no less.

use dbbench::driver::{Control, Endpoint};
use dbbench::metrics::OperationMetrics;
use dbbench::workload::plan::{Plan, SourceText};
use dbbench::workload::{Overrides, compile_text};

use super::{alone, slice, wait};
use crate::support::Server;

const COUNTERS: &str = "CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL); \
                        INSERT INTO counters SELECT i, 0 FROM generate_series(0, 3) i;";

/// A second of four clients with these parameters and this step.
fn plan(params: &str, step: &str) -> Plan {
    let text = format!(
        "name = \"oracle\"\n[params]\n{params}\n[operations.op]\nsteps = [{step}]\n[load]\nclients = 4\n\
         [run]\nrounds = 1\nwarmup = \"0ms\"\nmeasure = \"1s\"\nworkers = 2\n"
    );
    compile_text(SourceText::new("oracle.toml", text), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// A database of its own with these tables.
fn database(server: &Server, sql: &str) -> Endpoint {
    let endpoint = server.database();
    wait(async {
        let control = Control::connect(&endpoint).await.unwrap();
        control.batch(sql).await.unwrap();
        control.close().await;
    });
    endpoint
}

/// What a statement says that returns one number.
fn number(endpoint: &Endpoint, sql: &str) -> u64 {
    let rows = wait(async { Control::connect(endpoint).await.unwrap().rows(sql).await.unwrap() });
    rows[0][0].as_deref().unwrap().parse().unwrap()
}

/// All that the slice did.
fn ran(plan: &Plan, endpoint: &Endpoint) -> OperationMetrics {
    let metrics = slice(plan, endpoint, || ());
    let mut all = metrics.total.mix();
    all.merge(&metrics.warmup.mix());
    assert_eq!(all.violation(), None);
    assert_eq!(all.counters.planned, all.counters.succeeded + all.counters.failed);
    all
}

/// Failures with this SQLSTATE; there must be no others.
fn failed_with(mix: &OperationMetrics, state: &str) -> u64 {
    assert!(mix.failures.keys().all(|key| key.to_string() == state), "{:?}", mix.failures);
    let counted = mix.failures.values().map(|(count, _)| count).sum();
    assert_eq!((mix.counters.failed, mix.failed_response.count()), (counted, counted));
    counted
}

#[test]
fn rows_that_are_there_already_are_failures_and_all_others_are_in_the_table() {
    let _alone = alone();
    let server = Server::start();
    let endpoint = database(&server, "CREATE TABLE seen (id int PRIMARY KEY)");
    let insert = plan("id = { uniform = [1, 5000] }", "{ sql = \"INSERT INTO seen VALUES (:id)\" }");
    let mix = ran(&insert, &endpoint);
    let logged = server.logged("duplicate key value violates unique constraint");
    assert!(logged >= 5, "{logged} duplicates: too few to tell");
    assert_eq!(failed_with(&mix, "23505"), logged);
    assert_eq!(mix.counters.succeeded, number(&endpoint, "SELECT count(*) FROM seen"));
}

/// Adds to one of few counters under repeatable read.
fn contended(retries: u32) -> (OperationMetrics, u64, u64) {
    let server = Server::start();
    let endpoint = database(&server, COUNTERS);
    let add = plan(
        "id = { uniform = [0, 1] }",
        &format!(
            "{{ isolation = \"repeatable read\", retries = {retries}, transaction = [\
             {{ as = \"c\", sql = \"SELECT n FROM counters WHERE id = :id\" }},\
             {{ sql = \"UPDATE counters SET n = :c.first.n + 1 WHERE id = :id\", expect_rows = 1 }}] }}"
        ),
    );
    let mix = ran(&add, &endpoint);
    let logged = server.logged("could not serialize access due to concurrent update");
    assert!(logged >= 5, "{logged} conflicts: too few to tell");
    (mix, logged, number(&endpoint, "SELECT sum(n) FROM counters"))
}

#[test]
fn conflicts_are_failures_and_no_update_is_lost() {
    let _alone = alone();
    let (mix, logged, sum) = contended(0);
    assert_eq!((failed_with(&mix, "40001"), mix.counters.succeeded), (logged, sum));
    assert_eq!((mix.counters.retried, mix.counters.attempts), (0, mix.counters.planned));
}

#[test]
fn each_conflict_is_an_attempt_tried_again_or_a_failure() {
    let _alone = alone();
    let (mix, logged, sum) = contended(1);
    let failed = failed_with(&mix, "40001");
    assert!(failed > 0 && mix.counters.retried > failed, "{failed} failed, {} retried", mix.counters.retried);
    assert_eq!((failed + mix.counters.retried, mix.counters.succeeded), (logged, sum));
    assert_eq!(mix.counters.attempts, mix.counters.planned + mix.counters.retried);
}

#[test]
fn deadlocks_are_failures_and_undo_what_their_transaction_did() {
    let _alone = alone();
    let server = Server::start();
    let endpoint = database(&server, COUNTERS);
    let quickly = format!("ALTER DATABASE \"{}\" SET deadlock_timeout = '5ms'", endpoint.database);
    wait(async { Control::connect(&server.unix()).await.unwrap().batch(&quickly).await.unwrap() });
    let transfer = plan(
        "a = { uniform = [0, 3] }\nb = { uniform = [0, 3] }",
        "{ transaction = [{ sql = \"UPDATE counters SET n = n + 1 WHERE id = :a\" }, { pause = \"1ms\" }, \
         { sql = \"UPDATE counters SET n = n + 1 WHERE id = :b\" }] }",
    );
    let mix = ran(&transfer, &endpoint);
    let logged = server.logged("deadlock detected");
    assert!(logged >= 5, "{logged} deadlocks: too few to tell");
    assert_eq!(failed_with(&mix, "40P01"), logged);
    assert_eq!(2 * mix.counters.succeeded, number(&endpoint, "SELECT sum(n) FROM counters"));
}
