//! Operations that do more than one statement after the other: transactions, retries, loops, on a server that keeps count.

use dbbench::metrics::OperationMetrics;

use super::*;

/// A database whose sessions may write.
pub(crate) fn writable(server: &Server, sql: &str) -> Endpoint {
    wait(async {
        let endpoint = server.database();
        let control = Control::connect(&endpoint).await.unwrap();
        control.batch(sql).await.unwrap();
        control.close().await;
        endpoint
    })
}

fn rows(endpoint: &Endpoint, sql: &str) -> Vec<Vec<Option<String>>> {
    wait(async { Control::connect(endpoint).await.unwrap().rows(sql).await.unwrap() })
}

pub(crate) fn number(endpoint: &Endpoint, sql: &str) -> i64 {
    rows(endpoint, sql)[0][0].as_deref().unwrap().parse().unwrap()
}

/// Runs a plan of one variant; what it did in warm-up and measurement together.
fn ran(plan: &Plan, endpoint: &Endpoint) -> OperationMetrics {
    let ran = run_disturbed(plan, endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0, "{:?}", ran.slices[0].metrics.failed);
    let metrics = &ran.slices[0].metrics;
    let mut all = metrics.total.mix();
    all.merge(&metrics.warmup.mix());
    for operation in &metrics.total.operations {
        assert_eq!(operation.violation(), None);
    }
    all
}

pub(crate) const COUNTERS: &str =
    "CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL, version bigint NOT NULL);
    INSERT INTO counters SELECT i, 0, 0 FROM generate_series(0, 9) i;";

#[test]
fn a_transaction_is_tried_again_until_no_update_is_lost() {
    let server = support::server();
    let endpoint = writable(&server, COUNTERS);
    let mut plan = plan(
        r#"
[operations.add]
steps = [{ isolation = "repeatable read", retries = 1000, backoff = "200us", transaction = [
  { as = "c", sql = "SELECT n FROM counters WHERE id = 0" },
  { sql = "UPDATE counters SET n = :c.first.n + 1 WHERE id = 0", expect_rows = 1 },
] }]
"#,
    );
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients: 4, think: Duration::ZERO };
    let all = ran(&plan, &endpoint);
    assert_eq!((all.counters.failed, all.failures.len()), (0, 0), "{:?}", all.failures);
    assert_eq!(
        number(&endpoint, "SELECT n FROM counters WHERE id = 0"),
        i64::try_from(all.counters.succeeded).unwrap()
    );
    assert!(all.counters.retried > 0 && all.counters.attempts == all.counters.succeeded + all.counters.retried);
    // One response over all attempts and waits: what was lost is a part of it.
    assert!(all.retry_ns > 0 && all.retry_ns < all.response.sum_ns(), "{} {}", all.retry_ns, all.response.sum_ns());
    // BEGIN, SELECT, UPDATE, COMMIT; a failed attempt ends with ROLLBACK.
    assert!(all.counters.statements >= 4 * all.counters.succeeded + 3 * all.counters.retried);
    assert_eq!(all.counters.rows, 2 * all.counters.succeeded, "rows of failed attempts count for nothing");
}

#[test]
fn optimistic_locking_is_a_group_that_is_tried_again_when_no_row_was_met() {
    let server = support::server();
    let endpoint = writable(&server, COUNTERS);
    let mut plan = plan(
        r#"
[operations.add]
steps = [{ retries = 1000, retry_on = ["rows"], steps = [
  { as = "c", sql = "SELECT n, version FROM counters WHERE id = 0" },
  { sql = "UPDATE counters SET n = :c.first.n + 1, version = version + 1 WHERE id = 0 AND version = :c.first.version", expect_rows = 1 },
] }]
"#,
    );
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients: 4, think: Duration::ZERO };
    let all = ran(&plan, &endpoint);
    assert_eq!(all.counters.failed, 0, "{:?}", all.failures);
    assert_eq!(
        number(&endpoint, "SELECT n FROM counters WHERE id = 0"),
        i64::try_from(all.counters.succeeded).unwrap()
    );
    assert!(all.counters.retried > 0);
}

#[test]
fn a_failure_inside_of_a_transaction_leaves_nothing_behind() {
    let server = support::server();
    let endpoint = writable(&server, COUNTERS);
    let plan = plan(
        r#"
[operations.half]
steps = [{ retries = 2, retry_on = ["rows"], transaction = [
  { sql = "UPDATE counters SET n = n + 1 WHERE id = :org" },
  { sql = "UPDATE counters SET n = n + 1 WHERE id = -1", expect_rows = 1 },
] }]
"#,
    );
    let all = ran(&plan, &endpoint);
    let counters = &all.counters;
    assert!(counters.failed > 0 && counters.succeeded == 0, "{counters:?}");
    assert_eq!(counters.retried, 2 * counters.failed, "tried three times each");
    assert!(all.failures.keys().all(|key| key.class() == FailureClass::Rows), "{:?}", all.failures);
    assert_eq!(number(&endpoint, "SELECT sum(n)::bigint FROM counters"), 0);
    assert_eq!((counters.unknown, counters.rows), (0, 0));
}

#[test]
fn loops_see_the_rows_of_their_own_iteration_and_draw_anew_where_asked() {
    let server = support::server();
    let endpoint = writable(&server, "CREATE TABLE log (what text, org int, a int, b int)");
    let plan = plan(
        r#"
[operations.nested]
steps = [
  { as = "u", sql = "SELECT g AS id FROM generate_series(1, 3) g" },
  { for_each = "u", steps = [
    { as = "v", sql = "SELECT g AS id FROM generate_series(:u.id::int * 10, :u.id::int * 10 + 1) g" },
    { for_each = "v", sql = "INSERT INTO log VALUES ('row', :org, :u.id, :v.id)" },
    { sql = "INSERT INTO log VALUES ('first', :org, :u.id, :v.first.id), ('last', :org, :u.id, :v.last.id)" },
  ] },
  { sql = "INSERT INTO log SELECT 'all', :org, 0, id FROM unnest(:v.id[]::int[]) id" },
  { repeat = 4, draw = ["org"], steps = [
    { sql = "INSERT INTO log VALUES ('outer', :org, 0, 0)" },
    { repeat = 2, draw = ["org"], sql = "INSERT INTO log VALUES ('inner', :org, 0, 0)" },
  ] },
  { repeat = 4, steps = [
    { repeat = 3, draw = ["org"], sql = "INSERT INTO log VALUES ('within', :org, 0, 0)" },
  ] },
  { sql = "INSERT INTO log VALUES ('end', :org, 0, 0)" },
]
"#,
    );
    let bound = bound(&plan, &endpoint).unwrap();
    rehearse(&plan, &bound, &[Target::Postgres(endpoint.clone())], &Interrupt::default()).unwrap();
    let of = |what: &str| -> Vec<(i64, i64)> {
        let sql = format!("SELECT a, b FROM log WHERE what = '{what}' ORDER BY a, b");
        let cell = |cell: &Option<String>| cell.as_deref().unwrap().parse().unwrap();
        rows(&endpoint, &sql).iter().map(|row| (cell(&row[0]), cell(&row[1]))).collect()
    };
    assert_eq!(of("row"), [(1, 10), (1, 11), (2, 20), (2, 21), (3, 30), (3, 31)]);
    assert_eq!((of("first"), of("last")), (vec![(1, 10), (2, 20), (3, 30)], vec![(1, 11), (2, 21), (3, 31)]));
    assert_eq!(of("all"), [10, 11, 20, 21, 30, 31].map(|id| (0, id)));
    let drawn = |what: &str| -> Vec<String> {
        let found = rows(&endpoint, &format!("SELECT org FROM log WHERE what = '{what}' ORDER BY ctid"));
        found.into_iter().map(|row| row[0].clone().unwrap()).collect()
    };
    assert_eq!((drawn("outer").len(), drawn("inner").len()), (4, 8));
    // Of ten values twelve draws are hardly ever the same; outside of the loops the operation keeps its own.
    assert!(drawn("inner").iter().any(|org| *org != drawn("inner")[0]), "{:?}", drawn("inner"));
    assert_eq!(drawn("end"), drawn("row")[..1]);
    // A loop that draws begins anew in each iteration of one that does not, but its draws do not.
    let within = drawn("within");
    assert_eq!(within.len(), 12);
    assert!(within.chunks(3).any(|iteration| *iteration != within[..3]), "{within:?}");
}

#[test]
fn what_a_failed_attempt_bound_is_forgotten() {
    let server = support::server();
    let endpoint = writable(&server, "CREATE TABLE tries (n int); CREATE SEQUENCE attempt;");
    let plan = plan(
        r#"
[operations.twice]
steps = [
  { as = "o", sql = "SELECT g AS id FROM generate_series(1, 2) g" },
  { for_each = "o", retries = 5, retry_on = ["rows"], steps = [
    { as = "a", sql = "SELECT nextval('attempt') AS n" },
    { sql = "SELECT 1 WHERE :a.first.n % 3 = 0", expect_rows = 1 },
  ] },
  { sql = "INSERT INTO tries SELECT unnest(:a.n[]::int[])" },
]
"#,
    );
    let bound = bound(&plan, &endpoint).unwrap();
    rehearse(&plan, &bound, &[Target::Postgres(endpoint.clone())], &Interrupt::default()).unwrap();
    let found = rows(&endpoint, "SELECT n FROM tries ORDER BY n");
    assert_eq!(found, [[Some("3".to_owned())], [Some("6".to_owned())]], "of three attempts each only the last");
}

#[test]
fn a_pipeline_is_one_transaction_unless_it_holds_one_and_answers_as_its_steps_would() {
    let server = support::server();
    let endpoint = writable(&server, COUNTERS);
    let plan = plan(
        r#"
[connections]
protocol = "extended"
[operations.a]
steps = [
  { as = "u", sql = "SELECT id FROM counters WHERE id < 3 ORDER BY id" },
  { pipeline = [
    { for_each = "u", sql = "UPDATE counters SET n = n + 1 WHERE id = :u.id", protocol = "prepared" },
    { for_each = "u", as = "v", sql = "SELECT id, n FROM counters WHERE id >= :u.id AND id < 3" },
    { transaction = [{ sql = "UPDATE counters SET version = version + 1 WHERE id = 0" }] },
  ] },
  { sql = "UPDATE counters SET n = n + cardinality(:v.n[]::bigint[]) WHERE id = 9", expect_rows = 1 },
]
[operations.b]
steps = [{ pipeline = [
  { sql = "UPDATE counters SET n = n + 1 WHERE id = 8" },
  { sql = "SELECT 1 / (id - 8) FROM counters WHERE id = 8" },
  { sql = "UPDATE counters SET n = n + 1 WHERE id = 7" },
] }]
[mix]
a = 1
b = 1
"#,
    );
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let both = |operation: usize| {
        let mut all = metrics.total.operations[operation].clone();
        all.merge(&metrics.warmup.operations[operation]);
        all.counters
    };
    let (a, b) = (both(0), both(1));
    assert!(a.succeeded > 0 && a.failed == 0 && b.failed > 0 && b.succeeded == 0, "{a:?} {b:?}");
    let n = |id: u32| number(&endpoint, &format!("SELECT n FROM counters WHERE id = {id}"));
    let operations = i64::try_from(a.succeeded).unwrap();
    assert_eq!((n(0), n(2)), (operations, operations));
    assert_eq!(n(9), 6 * operations, "three, two and one row of three answers");
    assert_eq!(number(&endpoint, "SELECT version FROM counters WHERE id = 0"), operations);
    assert_eq!((n(7), n(8)), (0, 0), "all of a pipeline or nothing");
    // One more than the statements of the file: the statements of the transaction; three more for the loops.
    assert_eq!(a.statements, (1 + 3 + 3 + 3 + 1) * a.succeeded);
}

#[test]
fn every_method_inserts_the_same_rows() {
    let server = support::server();
    let table = "CREATE TABLE events (id bigint PRIMARY KEY, kind text NOT NULL, amount numeric(10,2) NOT NULL, at timestamptz NOT NULL, n int);";
    let mut sums = Vec::new();
    let methods = ["single", "chunks", "pipeline", "pipeline_autocommit", "multi_row", "unnest", "copy"];
    let simple = ["chunks", "multi_row", "unnest", "copy"].map(|method| (method, "simple"));
    for (method, protocol) in methods.map(|method| (method, "prepared")).into_iter().chain(simple) {
        let endpoint = writable(&server, &format!("{table} INSERT INTO events VALUES (500, 'old', 1, now(), 0)"));
        let plan = plan(&format!(
            r#"
[connections]
protocol = "{protocol}"
[dataset]
schema = "{table}"
[dataset.tables.events]
rows = 0
columns.id = {{ next = "events.id" }}
columns.kind = {{ choice = [["a", 3], ["b", 1]] }}
columns.amount = {{ uniform = [1.00, 9.00] }}
columns.at = "now"
columns.n = {{ null = {{ rate = 0.3, of = "row_number" }} }}
[operations.some]
steps = [{{ insert = {{ table = "events", rows = 100, chunk = 30, method = "{method}" }} }}]
"#
        ));
        let bound = bound(&plan, &endpoint).unwrap();
        rehearse(&plan, &bound, &[Target::Postgres(endpoint.clone())], &Interrupt::default()).unwrap();
        let sql =
            "SELECT count(*), count(DISTINCT id), min(id), max(id), sum(amount), count(n), max(n), count(DISTINCT at)
                   FROM events WHERE kind <> 'old'";
        let found = rows(&endpoint, sql).remove(0);
        let whole: Vec<&str> = found.iter().map(|cell| cell.as_deref().unwrap()).collect();
        assert_eq!(whole[..4], ["100", "100", "501", "600"], "{method}");
        assert_eq!(whole[7], "1", "{method}: the clock is read once per operation");
        sums.push((whole[4..7].join(" "), method));
        // Under load every statement is counted, and no row twice.
        let all = ran(&plan, &endpoint);
        assert_eq!(all.counters.failed, 0, "{method}: {:?}", all.failures);
        assert_eq!(all.counters.rows, 100 * all.counters.succeeded, "{method}");
        let statements = match method {
            "single" | "pipeline_autocommit" => 100,
            "chunks" | "pipeline" => 108,
            _ => 4,
        };
        assert_eq!(all.counters.statements, statements * all.counters.succeeded, "{method}");
        let rows = number(&endpoint, "SELECT count(*) FROM events");
        assert_eq!(rows, 101 + 100 * i64::try_from(all.counters.succeeded).unwrap(), "{method}");
    }
    assert!(sums.iter().all(|(sum, _)| *sum == sums[0].0), "the same draws whatever the method: {sums:?}");
}

#[test]
fn inserts_draw_the_same_after_a_retry_and_after_an_insert_elsewhere() {
    let server = support::server();
    let tables = "CREATE TABLE events (id uuid PRIMARY KEY, n int NOT NULL); CREATE TABLE other (n int NOT NULL);";
    let drawn = |operation: &str| {
        let endpoint = writable(&server, &format!("{tables} CREATE SEQUENCE attempt;"));
        let values = r#"values = { id = "uuid4", n = { uniform = [1, 1_000_000] } }"#;
        let steps = operation.replace("EVENTS", values);
        let plan = plan(&format!("[operations.some]\nsteps = [{steps}]\n"));
        let bound = bound(&plan, &endpoint).unwrap();
        rehearse(&plan, &bound, &[Target::Postgres(endpoint.clone())], &Interrupt::default()).unwrap();
        rows(&endpoint, "SELECT id, n FROM events ORDER BY id")
    };
    let insert = |rows: u32, method: &str| {
        format!(r#"{{ insert = {{ table = "events", rows = {rows}, method = "{method}", EVENTS }} }}"#)
    };
    let at_once = drawn(&insert(4, "multi_row"));
    assert_eq!(at_once.len(), 4);
    let fails = r#"{ sql = "SELECT 1 WHERE nextval('attempt') % 3 = 0", expect_rows = 1 }"#;
    for method in ["single", "unnest", "copy"] {
        let insert = |rows| insert(rows, method);
        let retried = format!(
            r#"{}, {{ retries = 5, retry_on = ["rows"], transaction = [{}, {fails}] }}, {}"#,
            insert(1),
            insert(2),
            insert(1)
        );
        assert_eq!(drawn(&retried), at_once, "{method}: of three attempts only the last counts");
        let elsewhere = r#"{ insert = { table = "other", rows = 3, method = "single", values = { n = 1 } } }"#;
        assert_eq!(drawn(&format!("{elsewhere}, {}", insert(4))), at_once, "{method}: rows of another table");
    }
}

#[test]
fn an_operation_that_takes_too_long_is_given_up_by_client_and_server() {
    let server = support::server();
    let endpoint = writable(&server, "CREATE TABLE done (at timestamptz)");
    let plan = plan(
        r#"
[operations.slow]
timeout = "60ms"
steps = [{ sql = "SELECT pg_sleep(30)" }]
[operations.writing]
timeout = "60ms"
steps = [{ sql = "INSERT INTO done SELECT now() FROM pg_sleep(30)" }]
[operations.quick]
timeout = "5s"
steps = [{ sql = "SELECT 1" }]
[mix]
slow = 1
writing = 1
quick = 1
"#,
    );
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    let reconnects = ran.slices[0].metrics.reconnects;
    assert!(reconnects.all > 0 && reconnects.timed_out == reconnects.all, "none was lost: {reconnects:?}");
    let metrics = &ran.slices[0].metrics;
    for (at, operation) in metrics.total.operations.iter().enumerate() {
        assert_eq!(operation.violation(), None);
        let mut all = operation.counters.clone();
        all.merge(&metrics.warmup.operations[at].counters);
        let unknown = if at == 1 { all.failed } else { 0 };
        if at < 2 {
            assert!(all.failed > 0 && all.succeeded == 0, "{all:?}");
            assert_eq!((all.censored, all.unknown), (all.failed, unknown), "whether a write was kept, nobody knows");
            assert!(operation.failures.keys().all(|key| key.class() == FailureClass::Timeout));
            assert!(operation.counters.failed == 0 || operation.failed_response.max_ns() >= Some(60_000_000));
        } else {
            assert!(all.succeeded > 0 && all.failed == 0, "{all:?}");
        }
    }
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(30)%' \
               AND pid <> pg_backend_pid() AND state = 'active'";
    let begin = Instant::now();
    while number(&endpoint, sql) > 0 {
        assert!(begin.elapsed() < Duration::from_secs(10), "a statement runs for nobody");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(number(&endpoint, "SELECT count(*) FROM done"), 0);
}

#[test]
fn what_steps_record_is_what_their_rows_held_and_failed_attempts_leave_nothing() {
    let server = support::server();
    let endpoint = writable(&server, &format!("{COUNTERS} CREATE SEQUENCE attempt;"));
    let plan = plan(
        r#"
[operations.even]
steps = [
  { sql = "SELECT g AS n, g % 4 = 0 AS fourth, nullif(g, 8) * -0.5 AS half FROM generate_series(1, 8) g",
    record = { n = "n", fourth = "fourth", half = "half" }, protocol = "simple" },
  { retries = 1, retry_on = ["rows"], steps = [
    { sql = "SELECT nextval('attempt') AS a", record = { a = "a" } },
    { sql = "SELECT 1 WHERE (SELECT last_value FROM attempt) % 2 = 0", expect_rows = 1 },
  ] },
]
[operations.piped]
steps = [{ pipeline = [
  { sql = "SELECT 100 AS n", record = { n = "n" } },
  { sql = "SELECT 1 / (SELECT count(*) - 10 FROM counters)", record = { } },
] }]
[operations.good]
steps = [{ pipeline = [{ sql = "SELECT 1000::numeric AS n", record = { n = "n" } }] }]
[mix]
even = 1
piped = 1
good = 1
"#,
    );
    assert_eq!(plan.variants[0].records(), ["n", "fourth", "half", "a"]);
    let mut plan = plan;
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients: 1, think: Duration::ZERO };
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    let total = &ran.slices[0].metrics.total;
    let [even, piped, good] = &total.operations[..] else { panic!("three operations") };
    let done = even.counters.succeeded;
    assert!(done > 0 && even.counters.retried == done, "{:?}", even.counters);
    let [n, fourth, half, a] = &even.records[..] else { panic!("four records") };
    let of = |recorded: &dbbench::metrics::Recorded| (recorded.count, recorded.nulls, recorded.bounds);
    assert_eq!(of(n), (8 * done, 0, Some((1.0, 8.0))));
    assert_eq!((fourth.flags, fourth.trues), (8 * done, 2 * done));
    assert_eq!(of(half), (7 * done, done, Some((-3.5, -0.5))));
    assert_eq!((a.count, a.sum as u64 % 2), (done, 0), "only what the attempt that succeeded saw");
    assert!(piped.counters.failed > 0 && piped.records.iter().all(|recorded| recorded.count == 0));
    assert_eq!(of(&good.records[0]), (good.counters.succeeded, 0, Some((1000.0, 1000.0))));
    assert_eq!(total.mix().records[0].count, 8 * done + good.counters.succeeded);
}

#[test]
fn what_cannot_be_recorded_is_refused_with_its_place() {
    let found = problems(
        r#"
[operations.a]
steps = [{ sql = "SELECT id, now() AS at FROM users WHERE org_id = :org", record = { age = "at", gone = "nothing" } }]
"#,
    );
    assert_eq!(
        found,
        [
            "\"at\", | `at` is of type timestamptz, which cannot be recorded | numbers and booleans are recorded: `extract(epoch FROM …)` makes a number of a time",
            "\"nothing\" | the statement returns no column `nothing` | name columns with AS",
        ]
    );
}

#[test]
fn parameters_count_above_the_largest_and_share_it_with_inserts() {
    let server = support::server();
    let endpoint = writable(
        &server,
        "CREATE TABLE events (id bigint PRIMARY KEY, other int, again int, text text);
         INSERT INTO events VALUES (500, 0, 0, '')",
    );
    let mut plan = plan(
        r#"
[params.id]
next = "events.id"
[operations.write]
steps = [
  { sql = "INSERT INTO events VALUES (:id, 0, 0, '')" },
  { sql = "UPDATE events SET text = 'was ' || :id::text WHERE id::text = :id::text", expect_rows = 1 },
  { insert = { table = "events", rows = 3, method = "multi_row", values = { id = { next = "events.id" }, other = { uniform = [1, 3] }, again = { same_as = "other", distinct = true } } } },
  { repeat = 2, draw = ["id"], sql = "INSERT INTO events VALUES (:id, 0, 0, 'again')" },
]
"#,
    );
    plan.variants[0].load = dbbench::workload::plan::LoadPlan::Closed { clients: 4, think: Duration::ZERO };
    let all = ran(&plan, &endpoint);
    assert!(all.counters.succeeded > 0 && all.counters.failed == 0, "{:?}", all.failures);
    let done = i64::try_from(all.counters.succeeded).unwrap();
    let sql =
        "SELECT count(*), min(id), count(*) FILTER (WHERE text = 'was ' || id), count(*) FILTER (WHERE text = 'again'),
                      count(*) FILTER (WHERE other BETWEEN 1 AND 3 AND again BETWEEN 1 AND 3 AND again <> other)
               FROM events WHERE id > 500";
    let found: Vec<i64> =
        rows(&endpoint, sql).remove(0).iter().map(|cell| cell.as_deref().unwrap().parse().unwrap()).collect();
    assert_eq!(found, [6 * done, 501, done, 2 * done, 3 * done]);
}

#[test]
fn a_statement_may_need_what_its_own_operation_makes() {
    let server = support::server();
    let endpoint = writable(&server, "CREATE TABLE users (id bigint PRIMARY KEY, name text)");
    let all = ran(
        &plan(
            r#"
[operations.report]
steps = [
  { sql = "CREATE TEMP TABLE chosen (id bigint, rank int)" },
  { sql = "INSERT INTO chosen SELECT g, g % 3 FROM generate_series(:org::int, 9) g" },
  { as = "c", sql = "SELECT id, rank FROM chosen WHERE id > :org ORDER BY id" },
  { sql = "DROP TABLE chosen" },
]
"#,
        ),
        &endpoint,
    );
    assert_eq!(all.counters.failed, 0, "{:?}", all.failures);
    assert!(all.counters.succeeded > 0);
    assert_eq!(all.counters.statements, 4 * all.counters.succeeded);
    assert_eq!(number(&endpoint, "SELECT count(*) FROM pg_class WHERE relname = 'chosen'"), 0);
    let made = |make: &str, method: &str| {
        let steps = format!(
            r#"
[dataset]
schema = "CREATE TABLE users (id bigint PRIMARY KEY, name text)"
[dataset.tables.users]
rows = 0
columns.id = "row_number"
[operations.report]
steps = [
  {{ transaction = [
    {{ sql = "{make}" }},
    {{ insert = {{ table = "chosen", values = {{ id = "row_number", rank = {{ uniform = [1, 3] }} }}, rows = 4, chunk = 3, method = "{method}" }} }},
    {{ as = "c", sql = "SELECT id, rank FROM chosen", expect_rows = 5 }},
    {{ sql = "DROP TABLE chosen" }},
  ] }},
]
"#
        );
        let all = ran(&plan(&steps), &endpoint);
        assert_eq!(all.counters.failed, 0, "{make}, {method}: {:?}", all.failures);
        assert!(all.counters.succeeded > 0);
    };
    made("CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT :org::bigint AS id, 1 AS rank", "multi_row");
    made("SELECT :org::bigint AS id, 1 AS rank INTO TEMP chosen", "copy");
    made("SELECT :org::bigint AS id, 1 AS rank INTO TEMP chosen", "unnest");
}
