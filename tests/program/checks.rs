//! Checks after slices: what the state must hold is part of the result.

use crate::support::{Place, measured};

/// Clients raise one of a few counters: by reading it and writing it back one higher, or in one statement.
const UPDATES: &str = r#"name = "updates"
[dataset]
schema = "CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL)"
[dataset.tables.counters]
rows = 2
columns.id = "row_number"
columns.n = 0
[params]
id = { uniform = [1, 2] }
[operations.naive]
steps = [
  { as = "c", sql = "SELECT n FROM counters WHERE id = :id" },
  { pause = "2ms" },
  { sql = "UPDATE counters SET n = :c.first.n + 1 WHERE id = :id" },
]
[operations.atomic]
steps = [{ sql = "UPDATE counters SET n = n + 1 WHERE id = :id" }]
[load]
clients = 4
[run]
rounds = 3
warmup = "20ms"
measure = "80ms"
[variants]
naive = {}
atomic = {}
[checks.lost_updates]
sql = "SELECT sum(n) FROM counters"
equals = "mix.succeeded"
"#;

fn judged(more: &str) -> String {
    format!("{UPDATES}\n{more}")
}

#[test]
fn lost_updates_are_found_and_end_the_run_with_3() {
    let place = Place::new();
    place.workload(UPDATES);
    place.run_out(&["--no-progress", "--rounds", "2"]).ends_with(measured(3)).says(&[
        "check lost_updates in naive: expected mix.succeeded = ",
        "failed in 2 of 2 rounds",
        "Checks passed after every slice: lost_updates (in atomic).",
        "error: check failed: lost_updates in naive",
    ]);
    let summary = place.json("out/summary.json");
    let checks = summary["checks"].as_array().unwrap();
    let found: Vec<_> =
        checks.iter().map(|check| (check["variant"].as_str().unwrap(), check["passed"].as_bool())).collect();
    assert_eq!(found, [("naive", Some(false)), ("atomic", Some(true))]);
    assert_eq!((&checks[0]["failed_rounds"], &checks[1]["failed_rounds"]), (&2.into(), &0.into()));
    // The warm-up has raised the counters too.
    let expected = checks[1]["expected"].as_str().unwrap();
    let counted: u64 = expected.strip_prefix("mix.succeeded = ").unwrap().parse().unwrap();
    assert_eq!(checks[1]["found"].as_str().unwrap(), counted.to_string());
    let slices = std::fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let last = slices.lines().rev().find(|line| line.contains("\"variant\":\"atomic\"")).unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    let both = last["mix"]["succeeded"].as_u64().unwrap() + last["warmup_operations"].as_u64().unwrap();
    assert_eq!(counted, both);
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("lost_updates in naive"), "the page");
    place.assert_nothing_left();
}

#[test]
fn a_claim_about_a_check_judges_it_in_its_variant_alone() {
    let claim = |kind: &str, variant: &str, bound: &str| {
        judged(&format!(
            "[[{kind}]]\nclaim = \"{variant} loses updates\"\nvariant = \"{variant}\"\nmetric = \"checks.lost_updates\"\nvalue = {{ \
             {bound} }}\n"
        ))
    };
    for (text, code, verdict) in [
        (claim("claim", "naive", "at_least = 1"), 0, "holds"),
        (claim("expect", "naive", "at_least = 1"), 0, "holds"),
        (claim("expect", "naive", "equals = 0"), 3, "refuted"),
        // The other variant is not judged by it.
        (claim("claim", "atomic", "equals = 0"), 3, "holds"),
    ] {
        let place = Place::new();
        place.workload(&text);
        let outcome = place.run_out(&["--no-progress"]);
        outcome.ends_with(measured(code));
        let summary = place.json("out/summary.json");
        let judged = [&summary["claims"], &summary["expectations"]].into_iter().find_map(|list| list.get(0)).unwrap();
        assert_eq!(judged["verdict"], verdict, "{judged}");
    }
}

#[test]
fn a_clone_that_lasts_is_checked_by_all_that_happened_on_it() {
    let place = Place::new();
    place.workload(
        &UPDATES.replace("measure = \"80ms\"", "measure = \"80ms\"\nclone = \"variant\"").replace("naive = {}\n", ""),
    );
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    let check = &summary["checks"][0];
    assert_eq!((&check["passed"], &check["rounds"]), (&true.into(), &3.into()));
    let found: u64 = check["found"].as_str().unwrap().parse().unwrap();
    assert!(found > summary["variants"][0]["mix"]["succeeded"].as_u64().unwrap(), "{found}");
}

#[test]
fn a_query_that_fails_is_a_failed_check_and_a_wrong_one_ends_the_run_before() {
    let place = Place::new();
    let with = |sql: &str| UPDATES.replace("SELECT sum(n) FROM counters", sql);
    place.workload(&with("SELECT 1 / (sum(n) - sum(n)) FROM counters"));
    place.run_out(&["--no-progress"]).ends_with(measured(3)).says(&["the query fails: ", "division by zero"]);
    std::fs::remove_dir_all(place.path("out")).unwrap();
    // Checks look, and change nothing.
    place.workload(&with("WITH gone AS (DELETE FROM counters RETURNING n) SELECT sum(n) FROM gone"));
    place.run_out(&["--no-progress"]).says(&["the query fails: ", "read-only transaction"]);
    std::fs::remove_dir_all(place.path("out")).unwrap();
    place.workload(&with("SELECT sum(m) FROM counters"));
    place.run_out(&["--no-progress"]).ends_with(2).says(&[
        "check `lost_updates`: column \"m\" does not exist",
        "SELECT sum(m)",
        "^",
    ]);
    assert!(!place.path("out").exists());
    place.run_out(&["--no-progress", "--target", "null:", "--quiet"]).ends_with(measured(0));
    assert_eq!(place.json("out/summary.json")["checks"], serde_json::json!([]));
}
