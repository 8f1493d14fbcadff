//! Operations whose end is not seen: given up at their timeout, cut off at the end of the drain, or without the answer to their
//! commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::steps::{COUNTERS, number, writable};
use super::*;

fn one_client(operations: &str, think: Duration) -> Plan {
    let mut plan = plan(operations);
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients: 1, think };
    plan
}

/// The counts of warm-up and measurement together, and of how many rows there are in `done`.
fn counted(plan: &Plan, endpoint: &Endpoint) -> (dbbench::metrics::Counters, u64) {
    let ran = run_disturbed(plan, endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0, "{:?}", ran.slices[0].metrics.failed);
    let metrics = &ran.slices[0].metrics;
    let mut all = metrics.total.mix();
    all.merge(&metrics.warmup.mix());
    assert_eq!(all.violation(), None);
    (all.counters, u64::try_from(number(endpoint, "SELECT count(*) FROM done")).unwrap())
}

#[test]
fn a_transaction_that_was_given_up_between_two_statements_holds_its_locks_no_longer() {
    let server = support::server();
    let endpoint = writable(&server, COUNTERS);
    let mut plan = one_client(
        r#"
[operations.holds]
timeout = "50ms"
steps = [{ transaction = [{ sql = "UPDATE counters SET n = n + 1 WHERE id = 0" }, { pause = "20s" }] }]
"#,
        Duration::from_millis(1_000),
    );
    plan.variants[0].measure = Duration::from_millis(1_300);
    let (over, other) = (Arc::new(AtomicBool::new(false)), endpoint.clone());
    let meanwhile = Arc::clone(&over);
    let waiting = std::thread::spawn(move || {
        let mut longest = Duration::ZERO;
        wait(async {
            let control = Control::connect(&other).await.unwrap();
            while !meanwhile.load(Ordering::Relaxed) {
                let begin = Instant::now();
                control.batch("UPDATE counters SET version = version + 1 WHERE id = 0").await.unwrap();
                longest = longest.max(begin.elapsed());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        longest
    });
    let ran = run_disturbed(&plan, &endpoint, || {});
    over.store(true, Ordering::Relaxed);
    assert_eq!(ran.end.unwrap().failed, 0);
    // Not until the think time is over and there is a new connection.
    let longest = waiting.join().unwrap();
    assert!(longest < Duration::from_millis(700), "the lock was held for {longest:?}");
    assert_eq!(number(&endpoint, "SELECT n FROM counters WHERE id = 0"), 0);
}

#[test]
fn what_is_cut_off_at_the_end_of_the_drain_takes_no_effect_later_on() {
    let server = support::server();
    for steps in [
        r#"{ transaction = [{ sql = "INSERT INTO done VALUES (1)" }, { pause = "300ms" }] }"#,
        // The cancellation meets a statement, and the group is tried again.
        r#"{ retries = 9, retry_on = ["other", "57014"], transaction = [
             { sql = "INSERT INTO done VALUES (1)" }, { sql = "SELECT pg_sleep(0.3)" }] }"#,
        r#"{ pause = "300ms" }, { sql = "INSERT INTO done VALUES (1)" }"#,
    ] {
        let endpoint = writable(&server, "CREATE TABLE done (n int)");
        let mut plan = one_client(&format!("[operations.slow]\nsteps = [{steps}]"), Duration::ZERO);
        plan.variants[0].drain = Duration::from_millis(10);
        plan.variants[0].measure = Duration::from_millis(400);
        let (counters, done) = counted(&plan, &endpoint);
        assert_eq!((counters.failed, counters.censored, counters.unknown), (1, 1, 0), "{steps}: {counters:?}");
        assert_eq!(done, counters.succeeded, "{steps}");
    }
}

#[test]
fn every_effect_without_an_answer_is_counted_also_where_another_attempt_succeeds() {
    let server = support::server();
    let endpoint = writable(
        &server,
        "CREATE TABLE done (n bigint);
        CREATE SEQUENCE calls;
        CREATE PROCEDURE add() LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO done VALUES (nextval('calls'));
            COMMIT;
            -- The answer never comes: the session ends itself, what it did being done.
            IF currval('calls') % 4 > 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        END $$;",
    );
    let of = |retries: u32| {
        format!(
            "[operations.add]\nsteps = [{{ retries = {retries}, retry_on = [\"connection\"], steps = [{{ sql = \"CALL add()\" }}] }}]"
        )
    };
    // Three attempts get no answer, the fourth succeeds.
    let (counters, done) = counted(&one_client(&of(3), Duration::ZERO), &endpoint);
    assert!(counters.failed == 0 && counters.succeeded > 0, "{counters:?}");
    assert_eq!((counters.unknown, counters.unknown_besides), (counters.retried, counters.retried));
    assert_eq!(done, counters.succeeded + counters.unknown);
    // Two attempts get no answer, and there is no third: one effect is that of the operation.
    number(&endpoint, "SELECT setval('calls', 4)");
    wait(async { Control::connect(&endpoint).await.unwrap().batch("TRUNCATE done").await.unwrap() });
    let (counters, done) = counted(&one_client(&of(1), Duration::ZERO), &endpoint);
    assert!(counters.failed > 0, "{counters:?}");
    assert_eq!(done, counters.succeeded + counters.unknown);
    assert_eq!(counters.unknown_besides + counters.failed, counters.unknown, "{counters:?}");
}

#[test]
fn a_timeout_holds_for_back_offs_and_connecting_too_and_nothing_is_sent_after_it() {
    let server = support::server();
    let endpoint = writable(
        &server,
        "CREATE TABLE done (n bigint);
        CREATE SEQUENCE calls;
        CREATE FUNCTION ends() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('calls') % 2 = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
            INSERT INTO done VALUES (1);
        END $$;",
    );
    let mut plan = one_client(
        r#"
[operations.late]
timeout = "300ms"
steps = [{ retries = 3, retry_on = ["connection"], backoff = "4s", steps = [{ sql = "SELECT ends()" }] }]
"#,
        Duration::ZERO,
    );
    plan.variants[0].measure = Duration::from_millis(1_000);
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0, "{:?}", ran.slices[0].metrics.failed);
    let metrics = &ran.slices[0].metrics;
    let mut all = metrics.total.mix();
    all.merge(&metrics.warmup.mix());
    // Every other call ends its session, and a second attempt would come two seconds later at least.
    assert!(all.failures.keys().all(|key| key.class() == FailureClass::Timeout), "{:?}", all.failures);
    assert!(all.counters.failed > 0 && all.counters.succeeded > 0, "{:?}", all.counters);
    assert!(all.failed_response.max_ns() < Some(1_500_000_000), "{:?}", all.failed_response.max_ns());
    let calls = u64::try_from(number(&endpoint, "SELECT last_value FROM calls")).unwrap();
    assert!(calls <= all.counters.succeeded + all.counters.failed, "{calls} calls, some of them after the timeout");
    assert_eq!(all.counters.retried, 0, "no second attempt begins");
}
