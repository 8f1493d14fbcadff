//! Workloads that write: each slice begins with the same rows, whatever the others did.

use std::fs;

use crate::support::{Place, measured, tiny};
use crate::tls_server::{PASSWORD, TlsServer};

/// `one` reads, `two` adds a user in a transaction and fails when another slice has done so before.
fn writing(more: &str) -> String {
    let write = "{ transaction = [\n    { as = \"n\", sql = \"SELECT count(*) AS users, max(id) AS id FROM users WHERE \
                 org_id < 100\", expect_rows = 1 },\n    { sql = \"UPDATE users SET name = 'x' WHERE id = :org\", \
                 expect_rows = 1 },\n    { sql = \"SELECT 1 WHERE :n.first.users = 200\", expect_rows = 1 },\n  ] },\n  { as = \"u\", sql = \"SELECT id FROM users WHERE org_id = :org\" },\n";
    tiny(&[
        ("  { as = \"i\", sql = \"SELECT id FROM users WHERE org_id = :org\" },\n", write),
        ("  { as = \"u\", for_each = \"i\", sql = \"SELECT id, name FROM users WHERE id = :i.id\" },\n", ""),
        ("rounds = 1\n", &format!("rounds = 2\n{more}")),
    ])
}

#[test]
fn variants_that_write_run_on_clones_of_their_own() {
    let place = Place::new();
    place.workload(&writing(""));
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    assert_eq!(summary["same_answer"]["equal"], true);
    for variant in summary["variants"].as_array().unwrap() {
        assert_eq!(variant["mix"]["failed"], 0, "{variant}");
        assert!(variant["mix"]["succeeded"].as_u64().unwrap() > 0);
        assert_eq!(variant["rounds"].as_array().unwrap().len(), 2);
    }
    place.assert_nothing_left();
}

#[test]
fn all_variants_draw_from_the_same_rows_of_a_query_whatever_order_they_come_in() {
    let place = Place::new();
    place.workload(&tiny(&[
        ("org = { uniform = [1, 20] }\n", "org = { query = \"SELECT org_id FROM users ORDER BY random()\" }\n"),
        ("two = {}\n", "two = { setup = \"CREATE INDEX ON users (name);\" }\n"),
    ]));
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    assert_eq!(place.json("out/summary.json")["same_answer"]["equal"], true);
}

/// Each operation notes itself in the table; the first of each slice knows whether the slice began afresh.
fn growing(clone: &str) -> u64 {
    let place = Place::new();
    place.workload(&tiny(&[
        (
            "steps = [{ as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :org\" }]\nanswer = [\"u.id\"]",
            "steps = [{ sql = \"UPDATE users SET name = 'seen' WHERE id = 1 AND name <> 'seen'\" , expect_rows = 1 }]",
        ),
        ("two = {}\n", ""),
        ("rounds = 1\n", &format!("rounds = 3\nclone = \"{clone}\"\n")),
        ("measure = \"100ms\"", "measure = \"60ms\""),
    ]));
    place.run_out(&["--no-progress", "--warmup", "0s"]).ends_with(measured(0));
    place.json("out/summary.json")["variants"][0]["mix"]["succeeded"].as_u64().unwrap()
}

#[test]
fn a_clone_lasts_for_a_slice_or_for_a_variant() {
    assert_eq!((growing("slice"), growing("variant")), (3, 1));
}

#[test]
fn equal_work_is_a_number_of_operations_and_tables_say_what_it_left() {
    let place = Place::new();
    let insert = |rows: u32| {
        format!(
            "steps = [{{ insert = {{ table = \"users\", rows = {rows}, method = \"multi_row\", values = {{ id = {{ next = \"users.id\" }}, org_id = 1, name = {{ text = 3 }} }} }} }}]\n"
        )
    };
    let text = tiny(&[
        (
            "steps = [{ as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :org\" }]\nanswer = [\"u.id\"]\n",
            &insert(1),
        ),
        (
            "steps = [\n  { as = \"i\", sql = \"SELECT id FROM users WHERE org_id = :org\" },\n  { as = \"u\", for_each = \"i\", sql = \
             \"SELECT id, name FROM users WHERE id = :i.id\" },\n]\nanswer = [\"u.id\"]\n",
            &insert(3),
        ),
        ("clients = 2", "clients = 3"),
    ]);
    place.workload(&format!("{text}\n[checks.rows]\nsql = \"SELECT count(*) FROM users\"\nequals = \"200 + one.succeeded + 3 * two.succeeded\"\n"));
    place.run_out(&["--no-progress", "--set", "run.count=100", "--warmup", "0s"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    for (variant, rows) in [(0, 300.0), (1, 500.0)] {
        let variant = &summary["variants"][variant];
        assert_eq!(variant["mix"]["succeeded"], 100);
        let table = &variant["tables"][0];
        assert_eq!(
            (&table["name"], &table["rows_before"], &table["rows_after"]),
            (&"users".into(), &200.0.into(), &rows.into())
        );
        let bytes = |key: &str| table[key].as_f64().unwrap();
        assert!(bytes("bytes_before") > 0.0 && bytes("bytes_after") >= bytes("bytes_before"));
    }
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("at the end of a slice users has 300 rows in one and 500 in two"), "{warnings}");
    // Found in the tables as counted by the clients.
    assert!(summary["checks"].as_array().unwrap().iter().all(|check| check["passed"] == true));
    assert_eq!(place.json("out/run.json")["variants"][0]["count"], 100);
}

#[test]
fn alternatives_within_one_variant_do_not_see_what_the_other_wrote() {
    let place = Place::new();
    let operation = |name: &str, sum: &str| {
        format!(
            "[operations.{name}]\njob = \"raise\"\nsteps = [{{ as = \"r\", sql = \"UPDATE t SET n = {sum} WHERE id = 1 RETURNING \
             n\" }}]\nanswer = [\"r.n\"]\n"
        )
    };
    place.workload(&format!(
        "name = \"alternatives\"\n[dataset]\nschema = \"CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)\"\n\
         [dataset.tables.t]\nrows = 3\ncolumns.id = \"row_number\"\ncolumns.n = 0\n{}{}\
         [load]\nclients = 1\n[run]\nrounds = 1\nwarmup = \"0s\"\nmeasure = \"60ms\"\n\
         [compare]\nsame_answer = true\n[variants]\nboth = {{ mix = {{ first = 1, second = 1 }} }}\n",
        operation("first", "n + 1"),
        operation("second", "1 + n")
    ));
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    assert_eq!(place.json("out/summary.json")["same_answer"]["equal"], true);
    place.assert_nothing_left();
}

#[test]
fn a_function_that_writes_is_found_out_by_the_server() {
    let place = Place::new();
    place.workload(&tiny(&[
        ("name text NOT NULL);", "name text NOT NULL); CREATE SEQUENCE s;"),
        (
            "SELECT id, name FROM users WHERE org_id = :org",
            "SELECT id FROM users WHERE org_id = :org AND nextval('s') > 0",
        ),
    ]));
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    assert_eq!((&summary["variants"][0]["mix"]["failed"], &summary["same_answer"]["equal"]), (&0.into(), &true.into()));
}

#[test]
fn on_ones_own_server_they_run_on_marked_copies_and_leave_it_as_it_was() {
    let (shop, place) = (TlsServer::start(), Place::new());
    place.workload(&writing(""));
    let target = shop.url("maker", "shop", &shop.verified());
    let (before, databases) = (shop.dump("shop"), shop.databases());
    let dbbench = |arguments: &[&str]| {
        let mut command = place.dbbench(&[arguments, &["--target", &target]].concat());
        command.env("PGPASSWORD", PASSWORD);
        place.start(command)
    };
    dbbench(&["run", "w.toml", "--no-progress", "--out", "out"]).wait().ends_with(measured(0));
    let summary = place.json("out/summary.json");
    assert_eq!(summary["same_answer"]["equal"], true);
    for variant in summary["variants"].as_array().unwrap() {
        assert_eq!(variant["mix"]["failed"], 0, "{variant}");
    }
    assert_eq!((shop.dump("shop"), shop.databases()), (before, databases.clone()));

    // What a run uses, others leave alone, though nobody is in the database that is copied.
    let mut running = dbbench(&["run", "w.toml", "--no-progress", "--out", "long", "--rounds", "500"]);
    let slices = place.path("long/slices.jsonl");
    running.until("a closed slice", || fs::read_to_string(&slices).is_ok_and(|text| text.contains('\n')));
    let marked = "SELECT count(*) > 1, bool_and(shobj_description(oid, 'pg_database') LIKE 'dbbench: made by%') FROM \
                  pg_database WHERE datname LIKE 'dbbench\\_tiny\\_%'";
    assert_eq!(shop.sql("postgres", marked), "t|t");
    let cleaned = dbbench(&["clean"]).wait().ends_with(0);
    assert!(!cleaned.stdout.contains("dropped"), "{}", cleaned.stdout);
    running.signal(rustix::process::Signal::INT);
    running.wait().ends_with(130);
    assert_eq!(shop.databases(), databases);

    // Slices that are closed are reported, also when the data of the next one cannot be made.
    let mut running = dbbench(&["run", "w.toml", "--no-progress", "--out", "cut", "--rounds", "500"]);
    let slices = place.path("cut/slices.jsonl");
    running.until("a closed slice", || fs::read_to_string(&slices).is_ok_and(|text| text.contains('\n')));
    shop.sql("postgres", "ALTER ROLE maker NOCREATEDB");
    let outcome = running.wait().ends_with(1).says(&["cannot be made ready", "permission denied to create database"]);
    assert_eq!((outcome.stdout.trim(), &place.json("cut/summary.json")["partial"]), ("cut", &true.into()));
    assert!(place.path("cut/report.html").exists() && shop.databases() == databases);
    shop.sql("postgres", "ALTER ROLE maker CREATEDB");

    // What is kept is the data as it was loaded, open to sessions.
    fs::remove_dir_all(place.path("out")).unwrap();
    dbbench(&["run", "w.toml", "--no-progress", "--out", "out", "--keep"]).wait().ends_with(measured(0));
    let kept = "SELECT datname FROM pg_database WHERE datname LIKE 'dbbench\\_tiny\\_%'";
    assert_eq!(shop.sql(&shop.sql("postgres", kept), "SELECT count(*) FROM users WHERE name <> 'x'"), "200");
    dbbench(&["clean"]).wait().ends_with(0);
    assert_eq!(shop.databases(), databases);
}
