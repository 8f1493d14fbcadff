//! `setup`: what one variant changes in its own copy of the data.

use crate::support::{Place, measured, tiny};
use crate::tls_server::{PASSWORD, TlsServer};

/// How many indexes there are on a column of the table.
const INDEXES: &str = "SELECT 1 AS n FROM pg_indexes WHERE tablename = 'users' AND indexdef LIKE '%(name)'";

/// `one` runs on the data as loaded, `two` on a copy with an index and a table more; each fails where it finds what the other
/// should have. Whether they write is left to `write`.
fn indexed(write: &str) -> String {
    tiny(&[
        (
            "steps = [{ as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :org\" }]\n",
            &format!(
                "steps = [\n  {{ sql = \"{INDEXES}\", expect_rows = 0 }},\n  {{ as = \"u\", sql = \"SELECT id FROM users WHERE \
                 org_id = :org\" }},\n{write}]\n"
            ),
        ),
        (
            "  { as = \"i\", sql = \"SELECT id FROM users WHERE org_id = :org\" },\n",
            &format!("  {{ sql = \"{INDEXES}\", expect_rows = 1 }},\n"),
        ),
        (
            "{ as = \"u\", for_each = \"i\", sql = \"SELECT id, name FROM users WHERE id = :i.id\" },\n",
            &format!("{{ as = \"u\", sql = \"SELECT id FROM by_org WHERE org_id = :org\" }},\n{write}"),
        ),
        (
            "two = {}\n",
            "\n[variants.two]\nsetup = \"\"\"\n-- for the search by name\nCREATE INDEX ON users (name);\nCREATE TABLE \
             by_org AS SELECT org_id, id FROM users;\n\"\"\"\n",
        ),
        ("rounds = 1\n", "rounds = 2\n"),
    ])
}

fn succeeded(place: &Place) {
    let summary = place.json("out/summary.json");
    assert_eq!(summary["same_answer"]["equal"], true);
    for variant in summary["variants"].as_array().unwrap() {
        assert_eq!(variant["mix"]["failed"], 0, "{variant}");
        assert!(variant["mix"]["succeeded"].as_u64().unwrap() > 0);
        assert_eq!(variant["rounds"].as_array().unwrap().len(), 2);
    }
}

/// Fails unless the slice began with the rows as they were loaded, and leaves them changed.
const WRITE: &str = "  { transaction = [\n    { sql = \"UPDATE users SET name = 'x' WHERE id = 1\", expect_rows = 1 },\n    \
                     { sql = \"SELECT 1 WHERE (SELECT count(*) FROM users) = 200\", expect_rows = 1 },\n  ] },\n";

#[test]
fn a_variant_has_what_its_setup_made_and_no_other_has_it() {
    for write in ["", WRITE] {
        let place = Place::new();
        place.workload(&indexed(write));
        place.run_out(&["--no-progress"]).ends_with(measured(0));
        succeeded(&place);
        place.assert_nothing_left();
    }
}

#[test]
fn every_slice_of_a_variant_that_writes_begins_as_its_setup_has_left_it() {
    let place = Place::new();
    place.workload(&tiny(&[
        (
            "steps = [{ as = \"u\", sql = \"SELECT id, name FROM users WHERE org_id = :org\" }]\nanswer = [\"u.id\"]",
            "steps = [{ sql = \"UPDATE users SET name = 'seen' WHERE name = 'new'\", expect_rows = 1 }]",
        ),
        ("one = {}\ntwo = {}\n", "one.setup = \"UPDATE users SET name = 'new' WHERE id = 7\"\n"),
        ("rounds = 1\n", "rounds = 3\n"),
    ]));
    place.run_out(&["--no-progress", "--warmup", "0s"]).ends_with(measured(0));
    assert_eq!(place.json("out/summary.json")["variants"][0]["mix"]["succeeded"], 3);
}

#[test]
fn what_the_server_refuses_is_shown_where_it_stands() {
    let place = Place::new();
    place.workload(&tiny(&[(
        "two = {}\n",
        "two = { setup = \"ANALYZE users; CREATE INDEX ON users (nme); ANALYZE users\" }\n",
    )]));
    let outcome = place.run_out(&["--no-progress"]).ends_with(2);
    outcome.says(&[
        "w.toml:39:33: error: column \"nme\" does not exist (SQLSTATE 42703)",
        "   ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    ]);
    assert!(!place.path("out").exists());
    place.assert_nothing_left();
}

#[test]
fn a_setup_that_changes_the_answer_is_found_out() {
    let place = Place::new();
    place.workload(&tiny(&[("two = {}\n", "two = { setup = \"DELETE FROM users WHERE id % 2 = 0\" }\n")]));
    place.run_out(&["--no-progress"]).ends_with(4).says(&["the answers of \"one\" and \"two\" differ"]);
}

#[test]
fn on_ones_own_server_copies_are_marked_and_a_schema_is_not_enough() {
    let (shop, place) = (TlsServer::start(), Place::new());
    let target = shop.url("maker", "shop", &shop.verified());
    let (before, databases) = (shop.dump("shop"), shop.databases());
    let run = |arguments: &[&str]| {
        let mut command = place.dbbench(
            &[&["run", "w.toml", "--no-progress", "--out", "out", "--target", &target][..], arguments].concat(),
        );
        command.env("PGPASSWORD", PASSWORD);
        place.start(command).wait()
    };
    place.workload(&indexed(WRITE));
    run(&["--schema", "lab", "--allow-writes-to", "shop"])
        .ends_with(2)
        .says(&["--schema lab: variant \"two\" has setup", "leave --schema out"]);
    assert_eq!((shop.dump("shop"), shop.databases()), (before.clone(), databases.clone()));
    for write in ["", WRITE] {
        place.workload(&indexed(write));
        run(&["--keep"]).ends_with(measured(0));
        succeeded(&place);
        // What is kept is the data as it was loaded, and that alone.
        let kept = shop.sql("postgres", "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname ~ '^dbbench_'");
        assert_eq!(shop.sql(&kept, &format!("SELECT count(*) FROM ({INDEXES}) AS found")), "0");
        assert_eq!(shop.sql(&kept, "SELECT to_regclass('by_org') IS NULL"), "t");
        let mut command = place.dbbench(&["clean", "--target", &target]);
        command.env("PGPASSWORD", PASSWORD);
        place.start(command).wait().ends_with(0);
        assert_eq!((shop.dump("shop"), shop.databases()), (before.clone(), databases.clone()));
        std::fs::remove_dir_all(place.path("out")).unwrap();
    }
    // Somebody's data is not copied.
    place.workload(&tiny(&[("two = {}\n", "two = { setup = \"CREATE INDEX ON users (name)\" }\n")]));
    let text = std::fs::read_to_string(place.path("w.toml")).unwrap();
    let (head, tail) = (text.split("[dataset]").next().unwrap(), text.split("[params]").nth(1).unwrap());
    place.workload(&format!("{head}[params]{tail}"));
    run(&[]).ends_with(2).says(&["the `setup` of variant `two` has no copy of data to change", "[dataset]"]);
    assert_eq!((shop.dump("shop"), shop.databases()), (before, databases));
}
