//! `dbbench search`: on a target whose service time is known the answer is known too.

use serde_json::Value;

use crate::support::{Place, measured, tiny};

/// Short probes of a coarse grid: what a search does, not how exact it is, which queues of a known truth test.
const QUICK: [&str; 12] = [
    "search",
    "w.toml",
    "--out",
    "out",
    "--no-progress",
    "--max-rate",
    "--measure",
    "400ms",
    "--warmup",
    "100ms",
    "--precision",
    "10%",
];
/// Two clients and 10 ms: 200 operations per second at the most, less what waking takes.
const TARGET: [&str; 2] = ["--target", "null:?service=10ms"];

fn quick(place: &Place, more: &[&str]) -> crate::support::Outcome {
    place.run(&[&QUICK[..], more].concat())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number instead of {value}"))
}

#[test]
fn evenly_spaced_arrivals_are_kept_up_to_the_capacity() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let options = ["--slo", "response.p90<60ms", "--arrivals", "constant", "--only", "two"];
    let outcome = quick(&place, &[&TARGET[..], &options].concat()).ends_with(measured(0));
    let outcome =
        outcome.says(&["two: response.p90<60ms holds at ", " and no longer at ", "constant; rates are 10 % apart"]);
    assert_eq!(outcome.stdout.trim().rsplit('/').next(), Some("out"), "{}", outcome.stdout);
    let search = place.json("out/search.json");
    assert_eq!((&search["schema_version"], &search["partial"]), (&1.into(), &false.into()));
    let variants = search["variants"].as_array().unwrap();
    assert_eq!((variants.len(), &variants[0]["name"], &variants[0]["end"]), (1, &"two".into(), &"found".into()));
    let variant = &variants[0];
    // Two statements of 10 ms each, two clients.
    let closed = number(&variant["closed_loop_per_s"]);
    assert!((50.0..=100.0).contains(&closed), "{closed}");
    let (met, missed) = (number(&variant["met_per_s"]), number(&variant["missed_per_s"]));
    assert!(met >= 0.8 * closed && missed <= 1.3 * closed, "{met} to {missed} of {closed}");
    for edge in
        variant["rates"].as_array().unwrap().iter().filter(|rate| [met, missed].contains(&number(&rate["rate_per_s"])))
    {
        let probes = edge["probes"].as_array().unwrap();
        assert!(probes.len() >= 4, "both edges are probed again: {edge}");
    }
    for file in ["run.json", "slices.jsonl", "intervals.csv", "histograms.hlog", "report.html", "plots/rates-two.svg"] {
        assert!(place.path(&format!("out/{file}")).exists(), "{file}");
    }
    assert!(!place.path("out/summary.json").exists(), "rates are no rounds of one run");
    // Rebuilt, the page says the same.
    let page = std::fs::read(place.path("out/report.html")).unwrap();
    place.run(&["report", "out"]).ends_with(measured(0)).says(&["holds at "]);
    assert_eq!(std::fs::read(place.path("out/report.html")).unwrap(), page);
    for others in [["compare", "out", "out"].as_slice(), &["history", "."], &["report", "."]] {
        place.run(others).ends_with(1).says(&["is the result of a search"]);
    }
}

#[test]
fn what_no_rate_can_meet_is_said_and_ends_with_three() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    // So many that also a hundredth of what they get through is soon measured.
    let options = ["--slo", "response.p50<2ms", "--only", "one", "--format", "json", "--clients", "16"];
    let outcome =
        quick(&place, &[&TARGET[..], &options].concat()).ends_with(if cfg!(debug_assertions) { 5 } else { 3 });
    let search: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(search["variants"][0]["end"], "never_met");
    assert_eq!(search["variants"][0]["met_per_s"], Value::Null);
    outcome.says(&["one: response.p50<2ms holds at no rate: at the lowest, "]);
}

#[test]
fn the_highest_rate_allowed_ends_the_search_and_think_time_is_left_out() {
    let place = Place::new();
    place.workload(&tiny(&[("clients = 2", "clients = 2\nthink = \"5ms\"")]));
    let options = ["--slo", "response.p50<1s", "--only", "one", "--max", "60"];
    let outcome = quick(&place, &[&TARGET[..], &options].concat()).ends_with(measured(0));
    outcome.says(&["no higher rate missed it, up", "`load.think` is left out"]);
    let variant = &place.json("out/search.json")["variants"][0];
    assert_eq!((&variant["end"], &variant["missed_per_s"]), (&"highest".into(), &Value::Null));
    let rates = variant["rates"].as_array().unwrap();
    assert!(rates.iter().all(|rate| number(&rate["rate_per_s"]) <= 60.001));
}

#[test]
fn the_time_is_kept_and_what_is_known_is_told() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let options = ["--slo", "response.p90<60ms", "--only", "one", "--max-time", "3s"];
    let outcome = quick(&place, &[&TARGET[..], &options].concat());
    outcome.says(&["one: the time was up; so far ", "Raise --max-time"]);
    let search = place.json("out/search.json");
    assert_eq!(search["variants"][0]["end"], "time");
    assert!(number(&search["took_s"]) < 10.0);
}

#[test]
fn wrong_options_are_refused_before_anything_is_started() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let search =
        |options: &[&str]| place.run(&[&["search", "w.toml", "--target", "null:"], options].concat()).ends_with(2);
    search(&[]).says(&["--slo"]);
    search(&["--slo", "response.p99<20"]).says(&[
        "--slo: a time has a unit: 20ms",
        "  | response.p99<20\n",
        "             ^",
    ]);
    search(&["--slo", "latency<20ms"])
        .says(&["`latency` is no metric of an objective; an objective is about response"]);
    search(&["--slo", "response.p99>20ms"]).says(&["an objective is an upper bound"]);
    let p99 = ["--slo", "response.p99<20ms"];
    let with = |options: &[&str]| search(&[&p99[..], options].concat());
    with(&["--slo", "response.p99<10ms"]).says(&["`--slo` bounds response.p99 twice"]);
    with(&["--precision", "0"]).says(&["`--precision` must be between 0.5% and 25%, got `0`"]);
    with(&["--max", "none"]).says(&["`--max` must be a rate"]);
    with(&["--max-time", "5"]).says(&["`--max-time` must be a time between 1s and 24h"]);
    with(&["--clients", "0"]).says(&["clients", "must be between 1 and 100000"]);
    with(&["--only", "three"]).says(&["three"]);
    place.workload(&tiny(&[("clients = 2", "stages = [{ for = \"1s\", clients = 2 }]"), ("measure = \"100ms\"", "")]));
    with(&[]).says(&["has `load.stages`", "a search sets a steady rate"]);
    assert!(!place.path("results").exists(), "nothing is left of what was refused");
}

#[test]
fn a_search_on_a_server_that_is_cut_off_keeps_what_it_knows() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let mut running =
        place.start(place.dbbench(&[&QUICK[..], &["--slo", "response.p90<50ms", "--only", "one"]].concat()));
    // The closed loop, then two probes.
    running.until_slices(3);
    running.signal(rustix::process::Signal::INT);
    running.wait().ends_with(130).says(&["interrupted: the result is partial", "one: cut off; so far "]);
    let search = place.json("out/search.json");
    assert_eq!((&search["partial"], &search["variants"][0]["end"]), (&true.into(), &"cut".into()));
    assert!(number(&search["variants"][0]["closed_loop_per_s"]) > 0.0);
    assert!(!search["variants"][0]["rates"].as_array().unwrap().is_empty());
    place.run(&["report", "out"]).ends_with(measured(0)).says(&["one: cut off; so far "]);
    place.assert_nothing_left();
}

/// The share of operations that take `limit_s` or longer where `servers` take `service_s` each and arrivals are Poisson's.
fn share_of_slow(rate_per_s: f64, servers: usize, service_s: f64, limit_s: f64) -> f64 {
    use rand::{RngExt as _, SeedableRng as _};
    const OPERATIONS: usize = 2_000_000;
    let mut draws = rand::rngs::StdRng::seed_from_u64(1);
    // In turn: all take equally long, so that the one that began first is free first.
    let mut free_s = vec![0.0_f64; servers];
    let (mut at_s, mut slow) = (0.0_f64, 0_u32);
    for number in 0..OPERATIONS {
        let gap: f64 = -(1.0 - draws.random::<f64>()).ln();
        at_s += gap / rate_per_s;
        let free = &mut free_s[number % servers];
        *free = free.max(at_s) + service_s;
        slow += u32::from(*free - at_s >= limit_s);
    }
    f64::from(slow) / OPERATIONS as f64
}

/// Against the queue with the service time that was measured. Takes five minutes, and a machine that has nothing else to do.
#[test]
#[ignore = "takes five minutes on a machine at rest: cargo test --test program -- --ignored searched"]
fn sleeping_servers_are_found_where_the_queue_says() {
    let place = Place::new();
    let text = "name = \"sleep\"\n[operations.sleep]\nsteps = [{ sql = \"SELECT pg_sleep(0.005)\" }]\n[load]\nclients = 8\n\
                [run]\n[variants]\nsleep = {}\n";
    place.workload(text);
    let output =
        place.dbbench(&["search", "w.toml", "--out", "out", "--max-rate", "--slo", "response.p99<20ms"]).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(measured(0)), "{said}");
    let variant = &place.json("out/search.json")["variants"][0];
    let (met, missed) = (number(&variant["met_per_s"]), number(&variant["missed_per_s"]));
    let rates = variant["rates"].as_array().unwrap();
    let edge = rates.iter().find(|rate| number(&rate["rate_per_s"]) == met).unwrap();
    let service_s = number(&edge["service_us"]["mean"]) / 1e6;
    let (mut low, mut high) = (0.7 * 8.0 / service_s, 8.0 / service_s);
    for _ in 0..9 {
        let middle = (low + high) / 2.0;
        if share_of_slow(middle, 8, service_s, 0.02) < 0.01 { low = middle } else { high = middle }
    }
    let middle = (met + missed) / 2.0;
    eprintln!("{met:.0} to {missed:.0}/s; M/D/8 of {:.3} ms: {low:.0}/s", service_s * 1e3);
    assert!((middle / low - 1.0).abs() < 0.03, "{met} to {missed}, expected {low}: {said}");
}
