//! The data plane's session against pgbench on the same server, alternating: throughput and client CPU per statement.
//!
//! Ignored, since what it says depends on the machine being idle. Run it with the `ci` profile or `release`:
//! `cargo test --profile ci --test driver_speed -- --ignored --nocapture`

#![allow(clippy::expect_used, reason = "a helper that fails fails its test")]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use dbbench::driver::{Args, Endpoint, PgType, RawRow, RowSink, Session, Target};
use dbbench::param::Value;
use dbbench::timer::Timer;
use rustix::time::{ClockId, clock_gettime};

const THREADS: u64 = 2;
const CLIENTS: u64 = 16;
const SCALE: u64 = 10;
const SECONDS: u64 = 5;
const PAIRS: usize = 5;

/// What a run gave.
#[derive(Clone, Copy, Debug)]
struct Speed {
    statements_per_s: f64,
    cpu_us: f64,
}

struct Count(u64);

impl RowSink for Count {
    fn row(&mut self, _: &RawRow<'_>) {
        self.0 += 1;
    }
}

#[test]
#[ignore = "measures: needs an idle machine"]
fn as_fast_as_pgbench_and_as_cheap() {
    let server = support::server();
    let init = server.pgbench().args(["-i", "-q", "-s", &SCALE.to_string()]).output().expect("pgbench");
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    let (mut throughput, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let theirs = pgbench(server.pgbench());
        let ours = ours(&server.tcp());
        println!("pgbench {theirs:.2?} ours {ours:.2?}");
        throughput.push(ours.statements_per_s / theirs.statements_per_s);
        cpu.push(ours.cpu_us / theirs.cpu_us);
    }
    let median = |mut ratios: Vec<f64>| {
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    let (throughput, cpu) = (median(throughput), median(cpu));
    println!("throughput {throughput:.3}x, client CPU per statement {cpu:.3}x of pgbench");
    assert!(throughput >= 0.95, "throughput {throughput:.3}x of pgbench's, at least 0.95x is wanted");
    assert!(cpu <= 1.25, "client CPU {cpu:.3}x of pgbench's, at most 1.25x is wanted");
}

/// One run of pgbench; its CPU time by the shell's `times`.
fn pgbench(mut command: Command) -> Speed {
    let [clients, threads, seconds] = [CLIENTS, THREADS, SECONDS].map(|number| number.to_string());
    command.args(["-S", "-M", "prepared", "-n", "-c", &clients, "-j", &threads, "-T", &seconds]);
    let mut timed = Command::new("bash");
    timed
        .args(["-c", "TIMEFORMAT='cpu %U %S'; time \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    let output = timed.output().expect("pgbench");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let numbers = |prefix: &str| -> Vec<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(prefix)).expect("a line of pgbench");
        line.split(' ').filter_map(|word| word.parse().ok()).collect()
    };
    let count = numbers("number of transactions actually processed: ")[0];
    let cpu_s: f64 = numbers("cpu ").iter().sum();
    Speed { statements_per_s: numbers("tps = ")[0], cpu_us: cpu_s * 1e6 / count }
}

/// The same load with as many threads, a `current_thread` runtime each.
fn ours(endpoint: &Endpoint) -> Speed {
    let workers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let endpoint = endpoint.clone();
            std::thread::spawn(move || worker(&endpoint, thread))
        })
        .collect();
    let done: Vec<(u64, f64, f64)> = workers.into_iter().map(|worker| worker.join().expect("a worker")).collect();
    let count: u64 = done.iter().map(|(count, ..)| count).sum();
    let cpu_s: f64 = done.iter().map(|(_, cpu_s, _)| cpu_s).sum();
    Speed {
        statements_per_s: done.iter().map(|(count, _, elapsed_s)| *count as f64 / elapsed_s).sum(),
        cpu_us: cpu_s * 1e6 / count as f64,
    }
}

/// Statements, CPU seconds and elapsed seconds of one thread.
fn worker(endpoint: &Endpoint, thread: u64) -> (u64, f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let timer = Timer::new().expect("a timer");
        let target = Target::Postgres(endpoint.clone());
        let mut sessions = Vec::new();
        for _ in 0..CLIENTS / THREADS {
            sessions.push(Session::connect(&target, &timer).await.expect("a session").0);
        }
        let (cpu, started) = (clock_gettime(ClockId::ThreadCPUTime), Instant::now());
        let clients = sessions.into_iter().enumerate().map(|(number, session)| {
            tokio::task::spawn_local(client(session, started, thread * 100 + number as u64 + 1))
        });
        let mut count = 0;
        for client in clients.collect::<Vec<_>>() {
            count += client.await.expect("a client");
        }
        let elapsed = started.elapsed();
        let used = Duration::try_from(clock_gettime(ClockId::ThreadCPUTime) - cpu).expect("time goes on");
        (count, used.as_secs_f64(), elapsed.as_secs_f64())
    })
}

async fn client(mut session: Session, started: Instant, seed: u64) -> u64 {
    let int4 = PgType::built_in(23, -1).expect("int4");
    let sql = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
    let statement = session.prepare(sql, &[23], &[]).await.expect("a statement");
    let (mut args, mut rows, mut state) = (Args::default(), Count(0), seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut count = 0;
    while started.elapsed() < Duration::from_secs(SECONDS) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        args.clear();
        args.value(Value::Integer((state % (SCALE * 100_000)) as i64 + 1), &int4).expect("it fits");
        session.execute(statement, &args, &mut rows).await.expect("a row");
        count += 1;
    }
    assert_eq!(rows.0, count);
    session.close().await;
    count
}
