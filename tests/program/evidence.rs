//! What explains the figures: the slowest operations, and the server's plans.

use std::fs;

use serde_json::Value;

use crate::support::{Place, measured, tiny};
use crate::tls_server::{PASSWORD, TlsServer};

fn plans(place: &Place) -> Vec<Value> {
    place.json("out/plans/plans.json")["plans"].as_array().unwrap().clone()
}

fn text(place: &Place, plan: &Value) -> String {
    fs::read_to_string(place.path("out").join(plan["file"].as_str().unwrap())).unwrap()
}

#[test]
fn the_slowest_operations_and_the_plans_stand_in_the_result_and_on_the_page() {
    let place = Place::new();
    place.workload(&tiny(&[("rounds = 1", "rounds = 2")]));
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let slowest = fs::read_to_string(place.path("out/slowest.jsonl")).unwrap();
    let slowest: Vec<Value> = slowest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (variant, round) in [("one", 1), ("one", 2), ("two", 1), ("two", 2)] {
        let own = || slowest.iter().filter(|slow| slow["variant"] == variant && slow["round"] == round);
        assert!((1..=10).contains(&own().count()), "{variant}, round {round}: {}", own().count());
        for slow in own() {
            let org: i64 = slow["params"]["org"].as_str().unwrap().parse().unwrap();
            assert!((1..=20).contains(&org) && slow["outcome"] == "succeeded", "{slow}");
        }
    }
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let slice: Value = serde_json::from_str(slices.lines().next().unwrap()).unwrap();
    let first = slowest.iter().find(|slow| slow["variant"] == slice["variant"]).unwrap();
    assert_eq!(first["response_us"], slice["mix"]["response"]["us"]["max"], "the slowest is the maximum: {slice}");

    let plans = plans(&place);
    let named: Vec<_> = plans.iter().map(|plan| (plan["variant"].as_str().unwrap(), &plan["statement"])).collect();
    assert_eq!(named, [("one", &Value::from(1)), ("two", &1.into()), ("two", &2.into())]);
    for plan in &plans {
        assert!(plan["executed"] == true && plan["execution_us"].as_f64().unwrap() > 0.0, "{plan}");
        assert!(plan["shared_hit"].as_u64().unwrap() + plan["shared_read"].as_u64().unwrap() > 0, "{plan}");
    }
    // The inner statement runs for a row of the outer one, and both have the values of the draw.
    let inner = text(&place, &plans[2]);
    assert!(inner.contains("WHERE id = $1") && inner.contains("(id = '"), "{inner}");
    assert!(inner.contains("-- parameters: org = ") && inner.contains("\n-- $1 = "), "{inner}");
    let page = fs::read(place.path("out/report.html")).unwrap();
    let words = String::from_utf8(page.clone()).unwrap();
    assert!(
        words.contains("id=\"slowest\"") && words.contains("id=\"plans\"") && words.contains("Rows Removed by Filter")
    );
    place.run(&["report", "out"]).ends_with(measured(0));
    assert_eq!(fs::read(place.path("out/report.html")).unwrap(), page, "the report reads back what the run wrote");
}

#[test]
fn plans_can_be_left_out_and_the_null_target_has_none() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    place.run_out(&["--no-progress", "--set", "probes.plans=false"]).ends_with(measured(0));
    assert!(!place.path("out/plans").exists());
    assert!(!fs::read_to_string(place.path("out/report.html")).unwrap().contains("id=\"plans\""));
    place.run(&["run", "w.toml", "--out", "null", "--target", "null:", "--no-progress"]).ends_with(measured(0));
    assert!(!place.path("null/plans").exists());
    let text = tiny(&[("one = {}\n", "one = { probes = { plans = false } }\n")]);
    place.workload(&text).run(&["check", "w.toml"]).ends_with(2).says(&["a variant may not set `probes`"]);
}

/// Each statement finds what those before it wrote; executed twice, the insert would fail, and so would the last step.
const WRITES: &str = "{ transaction = [
    { sql = \"UPDATE users SET org_id = 99 WHERE id = :org AND org_id <= 20\", expect_rows = 1 },
    { as = \"n\", sql = \"INSERT INTO users SELECT 1000, count(*), 'x' FROM users WHERE org_id = 99 RETURNING id, org_id\" },
    { as = \"m\", sql = \"SELECT id FROM users WHERE id = :n.first.id AND org_id = 1\", expect_rows = 1 },
  ] },
  { sql = \"DELETE FROM users WHERE id = 1000\", expect_rows = 1 },
  { sql = \"UPDATE users SET org_id = 5 WHERE id = :org\" },
  { as = \"u\", sql = \"SELECT id FROM users WHERE org_id = :org AND id < 1\" },
";

fn writing() -> String {
    tiny(&[
        ("  { as = \"i\", sql = \"SELECT id FROM users WHERE org_id = :org\" },\n", WRITES),
        ("  { as = \"u\", for_each = \"i\", sql = \"SELECT id, name FROM users WHERE id = :i.id\" },\n", ""),
        ("clients = 2", "clients = 1"),
        ("WHERE org_id = :org\" }]", "WHERE org_id = :org AND id < 1\" }]"),
    ])
}

#[test]
fn statements_that_write_are_executed_on_a_copy_in_their_order() {
    let place = Place::new();
    place.workload(&writing());
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let list = place.json("out/plans/plans.json");
    assert_eq!(list["notes"], Value::Array(Vec::new()));
    let plans: Vec<Value> = plans(&place).into_iter().filter(|plan| plan["variant"] == "two").collect();
    assert_eq!(plans.len(), 6);
    for plan in &plans {
        assert!(plan["executed"] == true && plan["note"].is_null(), "{plan}");
    }
    let found = text(&place, &plans[2]);
    assert!(found.contains("-- $1 = 1000") && found.contains("rows=1 loops=1)"), "{found}");
    assert!(text(&place, &plans[3]).contains("Delete on users"));
}

#[test]
fn in_somebody_s_database_what_writes_is_planned_and_not_executed() {
    let (shop, place) = (TlsServer::start(), Place::new());
    shop.sql("shop", "CREATE TABLE notes (id bigint, text text); GRANT INSERT, SELECT ON notes TO reader");
    place.workload(
        "name = \"notes\"\n[params]\nid = { uniform = [1, 9] }\n[operations.note]\nsteps = [\n\
         { sql = \"INSERT INTO notes VALUES (:id, 'x')\" },\n{ as = \"n\", sql = \"SELECT count(*) FROM notes WHERE id = :id\" },\n]\n\
         [load]\nclients = 1\n[run]\nrounds = 1\nwarmup = \"0s\"\nmeasure = \"50ms\"\n",
    );
    let target = shop.url("reader", "shop", &shop.verified());
    let options = ["--target", &target, "--allow-writes-to", "shop", "--no-progress"];
    let mut command = place.dbbench(&[&["run", "w.toml", "--out", "out"], &options[..]].concat());
    command.env("PGPASSWORD", PASSWORD);
    let outcome = place.start(command).wait_beside_others().ends_with(measured(0));
    outcome.says(&["operation \"note\"", "slices have no equal start"]).never_says(&["none writes"]);
    let warnings = place.json("out/summary.json")["warnings"].to_string();
    assert!(warnings.contains("slices have no equal start"), "{warnings}");
    let plans = plans(&place);
    assert_eq!((&plans[0]["executed"], &plans[0]["execution_us"]), (&Value::Bool(false), &Value::Null));
    assert!(plans[0]["note"].as_str().unwrap().contains("planned and not executed"), "{}", plans[0]);
    assert!(text(&place, &plans[0]).contains("Insert on notes"));
    assert_eq!(plans[1]["executed"], true);
    // One row for the trial, the rest for what was measured: none for a plan.
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let slice: Value = serde_json::from_str(slices.lines().next().unwrap()).unwrap();
    let measured = slice["mix"]["succeeded"].as_u64().unwrap() + slice["warmup_operations"].as_u64().unwrap();
    let seen = text(&place, &plans[1]);
    let dump = shop.dump("shop");
    assert!(seen.contains("rows=1 loops=1"), "{seen}");
    assert_eq!(dump.matches("\tx\n").count() as u64, measured + 1, "{dump}");
    // Drawn or read: on somebody's data no value stays, unless it is asked for.
    let params = |out: &str| {
        let slowest = fs::read_to_string(place.path(out).join("slowest.jsonl")).unwrap();
        let slow: Value = serde_json::from_str(slowest.lines().next().unwrap()).unwrap();
        slow["params"]["id"].clone()
    };
    assert_eq!(params("out"), Value::Null);
    assert!(seen.contains("values are left out") && !seen.contains("-- $1"), "{seen}");
    assert!(seen.contains("(id = ?") && seen.contains("WHERE id = $1"), "{seen}");
    let mut command = place.dbbench(&[&["run", "w.toml", "--out", "kept", "--keep-detail"], &options[..]].concat());
    command.env("PGPASSWORD", PASSWORD);
    place.start(command).wait_beside_others().ends_with(crate::support::measured(0));
    assert!(params("kept").as_str().unwrap().parse::<u8>().is_ok());
    let kept = fs::read_to_string(place.path("kept/plans/base/note-2.txt")).unwrap();
    assert!(
        kept.contains("-- parameters: id = ") && kept.contains("\n-- $1 = ") && !kept.contains("(id = ?"),
        "{kept}"
    );
}

#[test]
fn each_connection_of_together_has_plans_and_what_is_set_before_a_statement_holds_for_its_plan() {
    let place = Place::new();
    place.workload(
        r#"name = "set"
[dataset]
schema = "CREATE TABLE users (id int PRIMARY KEY)"
tables.users = { rows = 5_000, columns.id = "row_number" }
[operations.all]
steps = [
  { transaction = [
    { sql = "SET LOCAL enable_indexscan = off" },
    { sql = "SET LOCAL enable_indexonlyscan = off" },
    { sql = "SET LOCAL enable_bitmapscan = off" },
    { sql = "SELECT 1 FROM users WHERE id = 1" },
  ] },
  { together = [{ sql = "SELECT 2 FROM users WHERE id = 2" }, { sql = "SELECT 3 FROM users WHERE id = 3" }] },
]
[load]
clients = 1
[run]
rounds = 1
warmup = "0s"
measure = "50ms"
"#,
    );
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let plans = plans(&place);
    let scans: Vec<bool> = plans.iter().map(|plan| text(&place, plan).contains("Seq Scan on users")).collect();
    assert_eq!(scans, [true, false, false], "{plans:?}");
    assert!(text(&place, &plans[2]).contains("SELECT 3"), "{plans:?}");
}
