//! Sessions that a server ends while it does not take new ones: the outage lasts as long as the test wants.

use rustix::process::{Pid, Signal, kill_process};

use super::*;

const OUTAGE: Duration = Duration::from_millis(700);

/// Begins after the first second of a phase, however much later, and so lasts beyond what ends before its 2,600th ms. A
/// machine that is late by less than what is left of the phase changes nothing.
const LONG_OUTAGE: Duration = Duration::from_millis(1_600);

fn signal(signal: Signal, pid: &str) {
    let pid = pid.parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Sends a signal to so many sessions of the database, and keeps the server from taking others for so long.
fn outage(
    server: &Server,
    endpoint: &Endpoint,
    (sessions, how): (usize, Signal),
    lasting: Duration,
) -> impl Fn() + Send + Sync + use<> {
    let (admin, postmaster, name) = (server.unix(), server.pid(), endpoint.database.clone());
    move || {
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE datname = '{name}'");
        let rows = wait(async { Control::connect(&admin).await.unwrap().rows(&sql).await.unwrap() });
        assert_eq!(rows.len(), 2);
        signal(Signal::STOP, &postmaster);
        rows.iter().take(sessions).for_each(|row| signal(how, row[0].as_deref().unwrap()));
        let postmaster = postmaster.clone();
        std::thread::spawn(move || {
            std::thread::sleep(lasting);
            signal(Signal::CONT, &postmaster);
        });
    }
}

fn one_variant(warmup: Duration, measure: Duration) -> Plan {
    let mut plan = plan(&LONG.replace("{ run = {} }", "{}"));
    plan.variants.truncate(1);
    (plan.variants[0].warmup, plan.variants[0].measure) = (warmup, measure);
    plan
}

#[test]
fn an_outage_is_part_of_the_response() {
    // One session killed: the server ends all others and recovers, once it runs again. Both ended: it just goes on.
    for (sessions, how) in [(1, Signal::KILL), (2, Signal::TERM)] {
        let server = Server::start();
        let endpoint = database(&server);
        let plan = one_variant(Duration::from_millis(20), Duration::from_millis(3_500));
        let ran = run_disturbed(&plan, &endpoint, outage(&server, &endpoint, (sessions, how), OUTAGE));
        assert_eq!(ran.end.unwrap().failed, 0, "{how:?}: {:?}", ran.slices[0].metrics.failed);
        let metrics = &ran.slices[0].metrics;
        let mix = metrics.total.mix();
        assert_eq!(mix.violation(), None);
        let all_failed: Vec<_> = mix.failures.iter().map(|(key, (count, _))| (key.class(), *count)).collect();
        assert!(all_failed.iter().all(|(class, _)| *class == FailureClass::Connection), "{how:?}: {all_failed:?}");
        assert!(metrics.reconnects.all >= 2 && metrics.reconnects.warmup == 0, "{how:?}: {:?}", metrics.reconnects);
        assert_eq!(metrics.reconnects.timed_out, 0, "{how:?}");
        // What the server needs to notice the signal is not part of the next operation.
        let outage_ns = u64::try_from((OUTAGE - Duration::from_millis(100)).as_nanos()).unwrap();
        let longest_ns = [&mix.response, &mix.failed_response].map(|times| times.max_ns()).into_iter().flatten().max();
        assert!(longest_ns >= Some(outage_ns), "{how:?}: {longest_ns:?}");
        assert!(mix.acquire.max_ns() >= Some(outage_ns), "{how:?}: {:?}", mix.acquire.max_ns());
        // N = X · R holds through the outage only if no time of a client is lost.
        let busy_ns = (mix.response.sum_ns() + mix.failed_response.sum_ns()) as f64;
        let clients = busy_ns / metrics.measure_ns as f64;
        assert!((clients - 2.0).abs() < 0.05, "{how:?}: {clients} clients busy on average instead of 2");
    }
}

#[test]
fn a_measurement_in_which_nothing_started_is_no_figure() {
    let server = Server::start();
    let endpoint = database(&server);
    // The first interval of the warm-up comes after a second; the measurement lies within the outage.
    let plan = one_variant(Duration::from_millis(2_300), Duration::from_millis(100));
    let disturb = outage(&server, &endpoint, (2, Signal::TERM), LONG_OUTAGE);
    let ran = run_disturbed_in(false, &plan, &endpoint, disturb);
    assert_eq!(ran.end.unwrap().failed, 1);
    let metrics = &ran.slices[0].metrics;
    let reason = metrics.failed.as_deref().unwrap();
    let begin = "no operation started in the measurement: 2 connections were lost in the warm-up (";
    assert!(reason.starts_with(begin) && reason.contains("), and 2 were made again too late for it"), "{reason}");
    assert_eq!((metrics.reconnects.all, metrics.reconnects.warmup), (2, 2));
    assert_eq!(metrics.total.mix().counters.planned, 0);
    assert_eq!(metrics.warmup.mix().violation(), None);
}

#[test]
fn an_operation_without_a_connection_at_the_end_of_the_drain_is_cut_off() {
    let server = Server::start();
    let endpoint = database(&server);
    let mut plan = one_variant(Duration::from_millis(20), Duration::from_millis(2_300));
    plan.variants[0].drain = Duration::from_millis(50);
    let began = Instant::now();
    let ran = run_disturbed(&plan, &endpoint, outage(&server, &endpoint, (2, Signal::TERM), LONG_OUTAGE));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let mix = metrics.total.mix();
    assert_eq!((mix.counters.failed, mix.counters.censored, metrics.reconnects.all), (4, 2, 0));
    assert!(mix.failures.keys().all(|key| key.class() == FailureClass::Connection), "{:?}", mix.failures);
    assert_eq!(mix.violation(), None);
}

#[test]
fn a_group_that_wants_it_goes_on_over_a_new_connection() {
    let server = support::server();
    let endpoint = steps::writable(&server, "CREATE TABLE done (n int)");
    let mut plan = plan(
        r#"
[operations.a]
steps = [{ retries = 3, retry_on = ["connection"], transaction = [
  { as = "n", sql = "SELECT count(*)::int AS n FROM done" },
  { sql = "INSERT INTO done VALUES (:n.first.n)" },
  { sql = "SELECT pg_sleep(0.001)" },
] }]
"#,
    );
    plan.variants[0].measure = Duration::from_millis(2_000);
    let admin = server.unix();
    let name = endpoint.database.clone();
    let kill = move || {
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        wait(async { Control::connect(&admin).await.unwrap().rows(&sql).await.unwrap() });
    };
    let ran = run_disturbed(&plan, &endpoint, kill);
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let mut all = metrics.total.mix();
    all.merge(&metrics.warmup.mix());
    assert_eq!(all.counters.failed, 0, "{:?}", all.failures);
    // Both clients lost theirs, whatever they were doing; one between two operations would notice with the next.
    assert_eq!((all.counters.retried, metrics.reconnects.all), (2, 2));
    let acquire = &metrics.total.mix().acquire;
    assert_eq!(acquire.count(), 2, "the wait for the connection is told apart");
    // A COMMIT whose answer was lost may have been done all the same, and is counted as such.
    let done = steps::number(&endpoint, "SELECT count(*) FROM done");
    let [succeeded, unknown] =
        [all.counters.succeeded, all.counters.unknown].map(|count| i64::try_from(count).unwrap());
    assert!(unknown <= 2 && (succeeded..=succeeded + unknown).contains(&done), "{done} rows of {:?}", all.counters);
}

#[test]
fn every_class_of_failures_can_be_tried_again_and_only_that() {
    let server = support::server();
    let endpoint = steps::writable(
        &server,
        "CREATE TABLE done (n int PRIMARY KEY); INSERT INTO done VALUES (1); CREATE SEQUENCE s",
    );
    let cases = [
        ("constraint", "INSERT INTO done VALUES (1)", true),
        ("23505", "INSERT INTO done VALUES (1)", true),
        ("23502", "INSERT INTO done VALUES (1)", false),
        ("other", "SELECT 1 / (SELECT count(*) - 1 FROM done)", true),
        ("22012", "SELECT 1 / (SELECT count(*) - 1 FROM done)", true),
        ("timeout", "SELECT 1 / (SELECT count(*) - 1 FROM done)", false),
        ("no_row", "SELECT :nothing.first.n::int", true),
        ("rows", "SELECT :nothing.first.n::int", false),
    ];
    for (on, sql, is_taken) in cases {
        let plan = plan(&format!(
            r#"
[operations.a]
steps = [
  {{ as = "nothing", sql = "SELECT n FROM done WHERE n = 0" }},
  {{ retries = 2, retry_on = ["{on}"], steps = [{{ sql = "{sql}" }}] }},
]
"#
        ));
        let ran = run_disturbed(&plan, &endpoint, || {});
        let mix = ran.slices[0].metrics.total.mix();
        assert!(mix.counters.failed > 0 && mix.counters.succeeded == 0, "{on}: {:?}", mix.counters);
        let retried = if is_taken { 2 * mix.counters.failed } else { 0 };
        assert_eq!(mix.counters.retried, retried, "{on}");
    }
}
