//! The loader against psql's `\copy` of the same rows into the same table, alternating on a server of their own.
//!
//! `cargo bench --bench load` prints medians and the ratio with its interval over the pairs; `-- --test` only runs the path.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a bench program")]

#[path = "../tests/support/draft.rs"]
mod draft;
#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;

use dbbench::dataset::{LoadInput, create_and_load};
use dbbench::driver::Endpoint;
use dbbench::event::Events;
use dbbench::param::{Generator, Over};
use draft::Draft;
use support::Server;

/// A narrow table as benchmarks have it.
const TABLE: &str = "CREATE TABLE orders (id bigint NOT NULL, user_id bigint NOT NULL, total numeric(10,2) NOT NULL)";

fn main() {
    let short = std::env::args().any(|arg| arg == "--test");
    let (rows, pairs) = if short { (20_000, 2) } else { (2_000_000, 11) };
    let server = Server::durable();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let endpoint = server.database();
    let draft = orders(rows);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.copy");
    ours(&runtime, &server, &endpoint, &draft);
    psql(&server, &endpoint, &format!("\\copy orders to '{}'", file.display()));
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..pairs {
        own.push(rows as f64 / ours(&runtime, &server, &endpoint, &draft));
        theirs.push(rows as f64 / copied(&server, &endpoint, &file));
    }
    let mut ratios: Vec<f64> = own.iter().zip(&theirs).map(|(own, theirs)| (own / theirs).ln()).collect();
    let (mean, half) = interval(&mut ratios);
    println!("{rows} rows, {pairs} alternating pairs, medians in rows/s");
    println!("dbbench      {:>12.0}", median(&mut own));
    println!("psql \\copy   {:>12.0}", median(&mut theirs));
    println!("ratio        {:.3} ({:.3} to {:.3})", mean.exp(), (mean - half).exp(), (mean + half).exp());
    println!("peak memory  {} MiB", peak_memory_mib());
}

fn orders(rows: u64) -> Draft {
    let columns = [
        ("id", Generator::RowNumber),
        ("user_id", Generator::Uniform(Over::Integers { low: 1, high: 100_000 })),
        ("total", Generator::Uniform(Over::Reals { low: 1.0, high: 500.0, decimals: 2 })),
    ];
    Draft::new(&format!("DROP TABLE IF EXISTS orders\n{TABLE}"), "").table("orders", rows, &columns)
}

/// Seconds that the rows took.
fn ours(runtime: &tokio::runtime::Runtime, server: &Server, endpoint: &Endpoint, draft: &Draft) -> f64 {
    let (maintenance, events) = (server.unix(), Events::ignored());
    let input = LoadInput { plan: &draft.plan, endpoint, maintenance: &maintenance, events: &events };
    runtime.block_on(create_and_load(input)).unwrap().seconds
}

/// Seconds of the `\copy` alone, by psql's own clock.
fn copied(server: &Server, endpoint: &Endpoint, file: &Path) -> f64 {
    psql(server, endpoint, &format!("DROP TABLE IF EXISTS orders; {TABLE}; CHECKPOINT"));
    let shown = psql(server, endpoint, &format!("\\timing on\n\\copy orders from '{}'", file.display()));
    let time = shown.split("Time: ").last().unwrap().split(' ').next().unwrap();
    time.parse::<f64>().unwrap() / 1_000.0
}

fn psql(server: &Server, endpoint: &Endpoint, commands: &str) -> String {
    use std::io::Write as _;
    let mut command = server.program("psql");
    command.args(["-X", "-v", "ON_ERROR_STOP=1", &endpoint.database]);
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "psql: {commands}");
    String::from_utf8(output.stdout).unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Mean and half of its 95 % interval (Student's t; 2.23 for eleven pairs, and enough for this purpose for others).
fn interval(values: &mut [f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, 2.23 * (variance / count).sqrt())
}

fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
