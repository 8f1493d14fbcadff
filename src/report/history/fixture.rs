//! Histories as they might have been, made by the same function as real ones.

use crate::result::compared::LeftOutRun;
use crate::result::history::History;
use crate::result::summary::{Comparison, Round, RoundTimes, Summary, Variant};
use crate::verdict::history::{Question, history};

/// The figures of run `at`: a baseline, and `join`, which becomes 8 % slower from run 24 on. The machine becomes slower for both by 20 % from run 12 on.
fn summary(at: u32) -> Summary {
    let wobble = |salt: u32| 1.0 + 0.01 * (f64::from((at * 37 + salt * 101) % 97) / 48.0 - 1.0);
    let machine = if at < 12 { 1.0 } else { 1.2 };
    let base_us = 12_000.0 * machine * wobble(1);
    let ratio = if at < 24 { 0.0900 } else { 0.0972 } * wobble(2);
    let variant = |name: &str, p50_us: f64| {
        let response_us = RoundTimes { p50: Some(p50_us), p99: Some(p50_us * 2.0), mean: Some(p50_us * 1.1) };
        let round =
            |round| Round { round, valid: true, goodput_per_s: Some(8e6 / p50_us), response_us, ..Round::default() };
        Variant { name: name.to_owned(), valid: true, rounds: (1..=3).map(round).collect(), ..Variant::default() }
    };
    Summary {
        schema_version: 1,
        dbbench_version: if at < 24 { "0.1.0" } else { "0.2.0" }.to_owned(),
        workload: "n-plus-one".to_owned(),
        workload_hash: "5f0c4a6e".repeat(8),
        topology_hash: "77ab01cd".repeat(8),
        seed: 1,
        machine: "box".to_owned(),
        servers: vec![format!("PostgreSQL 15.{} (primary)", if at < 30 { 17 } else { 18 })],
        started_at: format!("2026-{:02}-{:02}T03:00:00Z", 5 + at / 28, at % 28 + 1),
        valid: true,
        baseline: "n_plus_one".to_owned(),
        variants: vec![variant("n_plus_one", base_us), variant("join", base_us * ratio)],
        comparisons: vec![Comparison {
            variant: "join".to_owned(),
            baseline: "n_plus_one".to_owned(),
            metric: "response_us.p50".to_owned(),
            ratio: Some(ratio),
            ..Comparison::default()
        }],
        ..Summary::default()
    }
}

fn read(count: u32) -> Vec<(String, Summary)> {
    (0..count).map(|at| (format!("results/n-plus-one-{at:03}"), summary(at))).collect()
}

/// Forty nights, with what does not belong to them.
pub(super) fn usual() -> History {
    let mut read = read(40);
    read.push(("results/elsewhere".to_owned(), Summary { machine: "laptop".to_owned(), ..summary(3) }));
    read.push(("results/cut".to_owned(), Summary { partial: true, rounds: 99, ..summary(4) }));
    let broken = LeftOutRun {
        dir: "results/broken".to_owned(),
        reason: "results/broken/summary.json does not hold what a result of dbbench holds".to_owned(),
    };
    history(read, vec![broken], &Question::default()).expect("a history")
}

/// Too few to say anything.
pub(super) fn short() -> History {
    history(read(4), Vec::new(), &Question::default()).expect("a history")
}

/// Names that would steer a terminal or a page.
pub(super) fn hostile(name: &str) -> History {
    let rename = |(dir, mut summary): (String, Summary)| {
        name.clone_into(&mut summary.variants[1].name);
        name.clone_into(&mut summary.comparisons[0].variant);
        name.clone_into(&mut summary.workload);
        summary.servers = vec![format!("{name} {}", summary.servers[0])];
        (format!("{name}{dir}"), summary)
    };
    history(read(40).into_iter().map(rename).collect(), Vec::new(), &Question::default()).expect("a history")
}
