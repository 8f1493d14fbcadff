//! Where the program stands: a prepared single-row select against pgbench's best, what the link adds, and how late
//! operations start that were asked for at a rate, each in alternation on one server that dbbench itself starts.
//!
//! `cargo bench --bench spine` prints medians and ratios with their intervals; `-- select`, `-- link` and `-- lag`
//! measure one of them; `-- --test` only runs the path.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a bench program")]

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use dbbench::driver::{Address, Control, Endpoint, Target};
use dbbench::engine::{self, BoundVariant, Interrupt, RunInput};
use dbbench::event::Events;
use dbbench::metrics::SliceMetrics;
use dbbench::stats;
use dbbench::topology::{DATABASE, Embedded, Link, StartOptions};
use dbbench::workload::plan::{LinkPlan, Plan, SourceText, TopologyPlan};
use dbbench::workload::{Overrides, compile_text};

const SCALE: u32 = 10;

struct Sizes {
    pairs: usize,
    seconds: u32,
    scale: u32,
}

fn main() {
    let short = std::env::args().any(|arg| arg == "--test");
    let sizes = match short {
        true => Sizes { pairs: 1, seconds: 1, scale: 1 },
        false => Sizes { pairs: 10, seconds: 3, scale: SCALE },
    };
    let plan = TopologyPlan::default();
    let options = StartOptions {
        plan: &plan,
        dataset_key: None,
        workload: "spine",
        needs_tcp: false,
        pg_bindir: None,
        events: Events::ignored(),
    };
    let server = Embedded::start(options).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bench = Bench { server, runtime, sizes };
    bench.pgbench(&["-i", "-q", "-s", &bench.sizes.scale.to_string()]);
    let only = |part: &str| std::env::args().skip(1).all(|arg| arg.starts_with("--") || arg == part);
    if only("select") {
        bench.select();
    }
    if only("link") {
        bench.link();
    }
    if only("lag") {
        bench.lag();
    }
    bench.server.stop().unwrap();
}

struct Bench {
    server: Embedded,
    runtime: tokio::runtime::Runtime,
    sizes: Sizes,
}

/// Throughput and client CPU of one run.
#[derive(Clone, Copy)]
struct Speed {
    per_s: f64,
    cpu_us: f64,
}

impl Bench {
    /// Sixteen clients, two threads on either side, alternating which goes first.
    fn select(&self) {
        let workers = std::thread::available_parallelism().map_or(2, usize::from).min(16);
        let plan = self.plan(16, workers);
        let endpoint = self.server.endpoint(DATABASE);
        let bound = self.bind(&plan, &endpoint);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for pair in 0..self.sizes.pairs {
            if pair % 2 == 0 {
                ours.push(own(&plan, &bound, &endpoint));
                theirs.push(self.pgbench_select(workers));
            } else {
                theirs.push(self.pgbench_select(workers));
                ours.push(own(&plan, &bound, &endpoint));
            }
        }
        let pairs = self.sizes.pairs;
        println!("prepared single-row select, 16 clients, {workers} threads, {pairs} alternating pairs, medians");
        println!(
            "  dbbench  {:>8.0} /s   {:>5.2} µs CPU each",
            median(&ours, |s| s.per_s),
            median(&ours, |s| s.cpu_us)
        );
        println!(
            "  pgbench  {:>8.0} /s   {:>5.2} µs CPU each",
            median(&theirs, |s| s.per_s),
            median(&theirs, |s| s.cpu_us)
        );
        print_ratio("throughput", &ours, &theirs, |speed| speed.per_s);
        print_ratio("client CPU", &ours, &theirs, |speed| speed.cpu_us);
    }

    /// One client through the link: at 500 µs, and at 0 over the same path.
    fn link(&self) {
        let plan = self.plan(1, 1);
        let direct = self.server.endpoint(DATABASE);
        let bound = self.bind(&plan, &direct);
        let at = |rtt_us| LinkPlan { rtt: Duration::from_micros(rtt_us), jitter: Duration::ZERO, in_path: true };
        let links = [0, 500].map(|rtt_us| Link::start(direct.address.clone(), at(rtt_us)).unwrap());
        let p50_us = |link: &Link| {
            let metrics = slice(&plan, &bound, &link.endpoint(&direct));
            metrics.total.mix().response.quantile_ns(0.5, 0).unwrap() / 1e3
        };
        let mut added_us: Vec<f64> = (0..self.sizes.pairs)
            .map(|_| {
                let without = p50_us(&links[0]);
                p50_us(&links[1]) - without
            })
            .collect();
        added_us.sort_by(f64::total_cmp);
        let (low, high) = (added_us[0], added_us[added_us.len() - 1]);
        println!(
            "the link at 500 µs adds at the median of a select, one client, {} alternating pairs",
            self.sizes.pairs
        );
        println!("  {:.0} µs (from {low:.0} to {high:.0})", added_us[added_us.len() / 2]);
    }

    /// One thread on either side, so that a core is free for the server. What pgbench calls lag contains the wait for a
    /// client that is still busy; so ours is taken with the queue time.
    fn lag(&self) {
        let endpoint = self.server.endpoint(DATABASE);
        println!(
            "mean time from the planned start to the start, 16 clients, 1 thread, {} alternating pairs",
            self.sizes.pairs
        );
        for rate in [2_000, 10_000, 20_000] {
            let plan = self.plan_of(&format!("clients = 16\nrate = {rate}"), 1);
            let bound = self.bind(&plan, &endpoint);
            let ours = || {
                let mix = slice(&plan, &bound, &endpoint).total.mix();
                (mix.lag.mean_ns().unwrap() + mix.queue.mean_ns().unwrap()) / 1e3
            };
            let (mut lags, mut own) = (Vec::new(), Vec::new());
            for pair in 0..self.sizes.pairs {
                let (our, their) = match pair % 2 {
                    0 => {
                        let our = ours();
                        (our, self.pgbench_lag_us(rate))
                    }
                    _ => {
                        let their = self.pgbench_lag_us(rate);
                        (ours(), their)
                    }
                };
                lags.push((our, their));
                own.push(Speed { per_s: our, cpu_us: their });
            }
            println!(
                "  {rate:>6}/s  dbbench {:>6.1} µs  pgbench {:>6.1} µs, medians",
                median(&own, |lag| lag.per_s),
                median(&own, |lag| lag.cpu_us)
            );
            match stats::ratio(&lags, 0.0).and_then(|ratio| Some((ratio.value, ratio.interval?))) {
                Some((value, range)) => {
                    println!("           {value:.3}× of pgbench, {:.3}–{:.3}", range.low, range.high)
                }
                None => println!("           no ratio"),
            }
        }
    }

    fn pgbench_lag_us(&self, rate: u32) -> f64 {
        let (rate, seconds) = (rate.to_string(), self.sizes.seconds.to_string());
        let (text, _) =
            self.pgbench(&["-n", "-S", "-M", "prepared", "-c", "16", "-j", "1", "-R", &rate, "-T", &seconds]);
        let lag = text.split("rate limit schedule lag: avg ").nth(1).unwrap();
        lag.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1e3
    }

    fn plan(&self, clients: usize, workers: usize) -> Plan {
        self.plan_of(&format!("clients = {clients}"), workers)
    }

    fn plan_of(&self, load: &str, workers: usize) -> Plan {
        let (accounts, seconds) = (100_000 * self.sizes.scale, self.sizes.seconds);
        let text = format!(
            "name = \"select\"\n\
             [params]\naid = {{ uniform = [1, {accounts}] }}\n\
             [operations.select]\n\
             steps = [{{ sql = \"SELECT abalance FROM pgbench_accounts WHERE aid = :aid\" }}]\n\
             [load]\n{load}\n\
             [run]\nrounds = 1\nwarmup = \"200ms\"\nmeasure = \"{seconds}s\"\nworkers = {workers}\n"
        );
        let compiled = compile_text(SourceText::new("select.toml", text), &Overrides::default());
        compiled.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
    }

    fn bind(&self, plan: &Plan, endpoint: &Endpoint) -> BoundVariant {
        self.runtime.block_on(async {
            let control = Control::connect(endpoint).await.unwrap();
            engine::bind(&plan.variants[0], Some(&control), None).await.unwrap()
        })
    }

    fn pgbench(&self, arguments: &[&str]) -> (String, f64) {
        let endpoint = self.server.endpoint(DATABASE);
        let Address::Unix { dir, port } = &endpoint.address else { panic!("the server listens on a Unix socket") };
        let mut command = Command::new(self.program("pgbench"));
        command.args(arguments).env("PGPASSFILE", self.passwords()).env("PGHOST", dir);
        command.env("PGPORT", port.to_string()).env("PGUSER", &endpoint.user).env("PGDATABASE", &endpoint.database);
        let before = children_cpu_s();
        let output = command.output().unwrap();
        assert!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), children_cpu_s() - before)
    }

    fn pgbench_select(&self, threads: usize) -> Speed {
        let (threads, seconds) = (threads.to_string(), self.sizes.seconds.to_string());
        let (text, cpu_s) = self.pgbench(&["-n", "-S", "-M", "prepared", "-c", "16", "-j", &threads, "-T", &seconds]);
        let after = |key: &str| -> f64 {
            let rest = text.split(key).nth(1).unwrap();
            rest.split_whitespace().next().unwrap().parse().unwrap()
        };
        let transactions = after("number of transactions actually processed: ");
        Speed { per_s: after("tps = "), cpu_us: cpu_s * 1e6 / transactions }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.server.installation().program(name)
    }

    /// libpq ignores a password file that others may read, and reads it as this user.
    fn passwords(&self) -> PathBuf {
        self.server.password_file()
    }
}

fn own(plan: &Plan, bound: &BoundVariant, endpoint: &Endpoint) -> Speed {
    let metrics = slice(plan, bound, endpoint);
    let counters = metrics.total.mix().counters;
    let cpu_ns: u64 = metrics.workers.iter().map(|worker| worker.cpu_ns).sum();
    Speed {
        per_s: counters.succeeded as f64 / (metrics.measure_ns as f64 / 1e9),
        cpu_us: cpu_ns as f64 / 1e3 / counters.succeeded as f64,
    }
}

fn slice(plan: &Plan, bound: &BoundVariant, endpoint: &Endpoint) -> SliceMetrics {
    let mut closed = None;
    engine::run(RunInput {
        plan,
        bound: std::slice::from_ref(bound),
        targets: &[Target::Postgres(endpoint.clone())],
        began: Instant::now(),
        events: &Events::ignored(),
        interrupt: &Interrupt::default(),
        server_cpu: None,
        on_interval: &mut |_| Ok(()),
        on_slice: &mut |outcome| {
            closed = Some(outcome.metrics);
            Ok(())
        },
    })
    .unwrap();
    let metrics = closed.unwrap();
    assert_eq!(metrics.failed, None);
    metrics
}

fn print_ratio(what: &str, ours: &[Speed], theirs: &[Speed], of: impl Fn(&Speed) -> f64) {
    let pairs: Vec<(f64, f64)> = ours.iter().zip(theirs).map(|(ours, theirs)| (of(ours), of(theirs))).collect();
    match stats::ratio(&pairs, 0.0) {
        None => println!("  {what}: no ratio"),
        Some(ratio) => match ratio.interval {
            Some(range) => println!("  {what}: {:.3}× of pgbench, {:.3}–{:.3}", ratio.value, range.low, range.high),
            None => println!("  {what}: {:.3}× of pgbench, too few pairs for an interval", ratio.value),
        },
    }
}

fn median(speeds: &[Speed], of: impl Fn(&Speed) -> f64) -> f64 {
    let mut values: Vec<f64> = speeds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of the children that have ended, s.
fn children_cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name in parentheses may hold spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[13].parse::<f64>().unwrap() + fields[14].parse::<f64>().unwrap();
    ticks / rustix::param::clock_ticks_per_second() as f64
}
