//! Other books of the same matter: pgbench's figures, and the server's log of what it refused.

use std::time::{Duration, Instant};

use dbbench::driver::{Control, Endpoint};
use dbbench::metrics::OperationMetrics;
use dbbench::stats;
use dbbench::words::FailureClass;

use super::{alone, mean_s, plan, server, slice, wait, within_three_tries};
use crate::support::Server;

#[test]
fn throughput_and_latency_are_those_of_pgbench() {
    let _alone = alone();
    const SQL: &str = "SELECT pg_sleep(0.005)";
    let script = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(script.path(), format!("{SQL};\n")).unwrap();
    let server = server();
    let plan = plan(SQL, "clients = 4", 1.5, 2);
    let ours = || {
        let metrics = slice(&plan, &server.tcp(), || ());
        let mix = metrics.total.mix();
        (mix.counters.succeeded as f64 / (metrics.measure_ns as f64 / 1e9), mean_s(&mix))
    };
    let theirs = || {
        let mut pgbench = server.pgbench();
        pgbench.args(["-n", "-M", "prepared", "-c", "4", "-j", "2", "-T", "2", "-f"]).arg(script.path());
        let output = pgbench.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let after =
            |key: &str| -> f64 { text.split(key).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap() };
        (after("tps = "), after("latency average = ") / 1e3)
    };
    within_three_tries(|| {
        let mut pairs = Vec::new();
        for pair in 0..5 {
            pairs.push(match pair % 2 {
                0 => {
                    let ours = ours();
                    (ours, theirs())
                }
                _ => {
                    let theirs = theirs();
                    (ours(), theirs)
                }
            });
        }
        for (what, of) in [("throughput", (|it| it.0) as fn((f64, f64)) -> f64), ("mean latency", |it| it.1)] {
            let figures: Vec<(f64, f64)> = pairs.iter().map(|(ours, theirs)| (of(*ours), of(*theirs))).collect();
            let ratio = stats::ratio(&figures, 0.0).expect("five pairs");
            let range = ratio.interval.expect("five pairs");
            // pgbench prints whole microseconds; a client's own cost differs by a few of them in five thousand.
            if range.low > 1.01 || range.high < 0.99 || range.high / range.low > 1.2 {
                return Err(format!("{what}: {:.4} ({:.4} to {:.4}) of pgbench's", ratio.value, range.low, range.high));
            }
        }
        Ok(())
    });
}

/// Calls an administrative function every 50 ms, one active session of the database at a time, from a quarter of the
/// measurement to its half.
fn pester(admin: Endpoint, database: String, function: &'static str, over: Duration) -> impl FnOnce() + Send {
    move || {
        std::thread::sleep(over / 4);
        let until = Instant::now() + over / 4;
        let sql = format!(
            "SELECT {function}(pid) FROM pg_stat_activity WHERE datname = '{database}' AND state = 'active' ORDER BY random() LIMIT 1"
        );
        wait(async {
            let control = Control::connect(&admin).await.unwrap();
            while Instant::now() < until {
                control.rows(&sql).await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }
}

fn disturbed(server: &Server, function: &'static str) -> OperationMetrics {
    let endpoint = server.database();
    let plan = plan("SELECT pg_sleep(0.03)", "clients = 4", 3.0, 2);
    let disturb = pester(server.unix(), endpoint.database.clone(), function, Duration::from_secs(3));
    slice(&plan, &endpoint, disturb).total.mix()
}

#[test]
fn cancelled_statements_are_counted_as_the_server_counts_them() {
    let _alone = alone();
    let server = Server::start();
    let mix = disturbed(&server, "pg_cancel_backend");
    let logged = server.logged("canceling statement due to user request");
    assert!(logged >= 5, "{logged} statements were cancelled: too few to tell");
    let counted: u64 =
        mix.failures.iter().filter(|(key, _)| key.to_string() == "57014").map(|(_, (count, _))| count).sum();
    assert_eq!((counted, mix.counters.failed), (logged, logged), "{:?}", mix.failures);
    assert_eq!(mix.counters.planned, mix.counters.succeeded + logged);
    assert_eq!(mix.failed_response.count(), logged, "failures have histograms of their own");
    assert_eq!(mix.response.count(), mix.counters.succeeded);
}

#[test]
fn ended_sessions_are_counted_as_the_server_counts_them() {
    let _alone = alone();
    let server = Server::start();
    let mix = disturbed(&server, "pg_terminate_backend");
    let logged = server.logged("terminating connection due to administrator command");
    assert!(logged >= 5, "{logged} sessions were ended: too few to tell");
    assert_eq!(mix.counters.failed, logged, "{:?}", mix.failures);
    assert!(mix.failures.keys().all(|key| key.class() == FailureClass::Connection), "{:?}", mix.failures);
    assert_eq!(mix.counters.planned, mix.counters.succeeded + logged);
}
