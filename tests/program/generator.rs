//! Is the generator to be believed: what a run says of itself when it, and not the server, was the limit.

use serde_json::Value;

use crate::support::{Place, measured, tiny};

/// Lines of `slices.jsonl`.
fn slices(place: &Place) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_closed_loop_on_a_target_that_takes_no_time_is_limited_by_the_generator_and_valid() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let options = ["--target", "null:", "--rounds", "3", "--measure", "200ms", "--warmup", "20ms", "--no-progress"];
    let outcome = place.run_out(&options).ends_with(measured(0));
    // On a machine that has other things to do the threads wait for the CPU instead.
    let summary = place.json("out/summary.json");
    for slice in slices(&place) {
        let limit = slice["limit"].as_str().unwrap();
        assert!(["generator", "shared"].contains(&limit), "{limit}: {slice}");
        let (cpu, wait) = slice["workers"].as_array().unwrap().iter().fold((0.0, 0.0), |sum, worker| {
            let share = |key: &str| worker[key].as_f64().unwrap() / worker["wall_us"].as_f64().unwrap();
            (f64::max(sum.0, share("cpu_us")), f64::max(sum.1, share("cpu_wait_us")))
        });
        assert_eq!(limit == "generator", cpu > 0.9 || wait <= 0.1, "{cpu} {wait}");
        // What this kernel tells of the machine is recorded.
        assert!(
            slice["machine"]["steal_us"].is_number() && slice["machine"]["cpus_us"].as_f64() > Some(0.0),
            "{slice}"
        );
    }
    for variant in summary["variants"].as_array().unwrap() {
        assert!(["generator", "shared"].contains(&variant["limit"].as_str().unwrap()), "{variant}");
        assert!(variant["rate_reached"].is_null() && variant["asked_per_s"].is_null());
        let used = &variant["generator"];
        let busy = used["worker_cpu_max"].as_f64().unwrap() + used["worker_cpu_wait_max"].as_f64().unwrap();
        assert!(busy > 0.9, "{used}");
    }
    outcome.says(&["warning: the load generator "]);
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("Load generator and machine") && page.contains("steal by the host"));
}

#[test]
fn a_target_that_takes_its_time_is_the_limit() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let options =
        ["--target", "null:?service=5ms", "--rounds", "3", "--measure", "300ms", "--warmup", "20ms", "--quiet"];
    place.run_out(&options).ends_with(measured(0));
    // A machine that is busy elsewhere may keep the generator waiting in some of the slices.
    let limits: Vec<Value> = slices(&place).into_iter().map(|slice| slice["limit"].clone()).collect();
    assert!(limits.iter().all(|limit| ["server", "shared"].contains(&limit.as_str().unwrap())), "{limits:?}");
}

#[test]
fn clients_that_think_are_no_limit() {
    let place = Place::new();
    place.workload(&tiny(&[("clients = 2", "clients = 2\nthink = \"20ms\"")]));
    let options =
        ["--target", "null:?service=1ms", "--rounds", "3", "--measure", "300ms", "--warmup", "20ms", "--quiet"];
    place.run_out(&options).ends_with(measured(0));
    let limits: Vec<Value> = slices(&place).into_iter().map(|slice| slice["limit"].clone()).collect();
    assert!(limits.iter().all(|limit| ["none", "shared"].contains(&limit.as_str().unwrap())), "{limits:?}");
}

#[test]
fn report_ends_with_what_the_result_says() {
    let place = Place::new();
    let refuted = "\n[[expect]]\nclaim = \"two needs five\"\nvariant = \"two\"\nmetric = \"statements\"\nvalue = { equals = 5 }\n";
    place.workload(&format!("{}{refuted}", tiny(&[])));
    place.run_out(&["--rounds", "3", "--measure", "40ms", "--warmup", "10ms", "--quiet"]).ends_with(measured(3));
    let again = place.run(&["report", "out"]).ends_with(measured(3));
    again.says(&["error: expectation refuted: two needs five"]);
    // The same result, had it been built for debugging.
    let run = std::fs::read_to_string(place.path("out/run.json")).unwrap();
    let text = run.replace("\"debug_assertions\": false", "\"debug_assertions\": true");
    std::fs::write(place.path("out/run.json"), text).unwrap();
    place.run(&["report", "out"]).ends_with(5).says(&["built with debug assertions"]);
}

/// What an open loop of one variant says: its slices' limit, its variant in the summary, and the end.
fn asked(target: &str, rate: &str, code: impl Fn(&str) -> i32) -> (String, Value, String) {
    let place = Place::new();
    place.workload(&tiny(&[("two = {}\n", "")]));
    let options = ["--target", target, "--set", rate, "--measure", "500ms", "--warmup", "50ms", "--no-progress"];
    let outcome = place.run_out(&options);
    let limit = slices(&place)[0]["limit"].as_str().unwrap().to_owned();
    let outcome = outcome.ends_with(measured(code(&limit)));
    let summary = place.json("out/summary.json");
    assert_eq!(summary["variants"][0]["limit"], limit.as_str());
    (limit, summary, outcome.stderr)
}

#[test]
fn a_rate_that_the_target_cannot_keep_is_a_finding() {
    // Two clients that wait for 50 ms do 40 operations per second.
    let code = |limit: &str| if limit == "server" { 0 } else { 5 };
    let (limit, summary, stderr) = asked("null:?service=50ms", "load.rate=400", code);
    let variant = &summary["variants"][0];
    assert_eq!(variant["rate_reached"], false);
    if limit != "server" {
        assert_eq!(limit, "shared", "the target was slow, not the generator");
        assert!(stderr.contains("the load generator had to share the CPU"), "{stderr}");
        return;
    }
    assert!(variant["mix"]["response_us"]["p50"].is_null() && variant["mix"]["response_us"]["p99"].is_null());
    // Poisson arrivals: about 200 planned, of which 20 can be done.
    let count = |name: &str| variant["mix"][name].as_u64().unwrap();
    assert!((120..280).contains(&count("planned")) && count("unstarted") > count("planned") / 2, "{variant}");
    let stderr = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [
        "operations per second asked for: all 2 clients were waiting for the server, and more clients",
        "one: the asked rate was not reached in 1 of 1 round: ",
        "all 2 clients were waiting for the server ",
        "it was the limit at 2 clients; more may get more out of it (load.clients)",
        "of the operations never started",
    ] {
        assert!(stderr.contains(text), "{text:?} is not in: {stderr}");
    }
}

#[test]
fn a_rate_that_the_generator_cannot_keep_is_not_valid() {
    let (limit, summary, stderr) = asked("null:", "load.rate=10000000", |_| 5);
    assert!(["generator", "shared"].contains(&limit.as_str()), "{limit}");
    let variant = &summary["variants"][0];
    assert_eq!(
        (&summary["valid"], &variant["valid"], &variant["rate_reached"]),
        (&false.into(), &false.into(), &false.into())
    );
    assert!(variant["mix"]["goodput_per_s"].is_null() && variant["mix"]["response_us"]["p50"].is_null());
    let reasons = summary["invalid_reasons"].to_string();
    assert!(reasons.contains("one: its only round is left out: the load generator "), "{reasons}");
    assert!(stderr.contains("no round of one is valid"), "{stderr}");
}

#[test]
fn what_is_not_valid_is_said_on_stderr_also_beside_json() {
    let place = Place::new();
    place.workload(&tiny(&[("two = {}", "")]));
    // No machine starts so many.
    let options = ["--target", "null:", "--set", "load.rate=10000000", "--warmup", "10ms", "--no-progress"];
    let outcome = place.run_out(&[&options[..], &["--format", "json"]].concat()).ends_with(5);
    assert!(serde_json::from_str::<serde_json::Value>(&outcome.stdout).is_ok(), "stdout is JSON: {}", outcome.stdout);
    let words = "error: not valid: ";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    let report = place.run(&["report", "out", "--format", "json"]).ends_with(5);
    assert!(report.stderr.contains(words), "{}", report.stderr);
    let table = place.run(&["report", "out"]).ends_with(5);
    assert!(!table.stderr.contains(words), "the table has said it: {}", table.stderr);
}
