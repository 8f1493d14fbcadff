//! What is not said to somebody's own server unless that is allowed; and operations that are tried before anything is timed.

use std::time::{Duration, Instant};

use dbbench::driver::Address;
use rustix::process::Signal;

use crate::server::server;
use crate::support::{Place, measured, tiny};

/// A workload on no tables at all, with keys of its operation and its SQL.
fn sends(keys: &str, sql: &str) -> String {
    let run = "[run]\nrounds = 1\nwarmup = \"20ms\"\nmeasure = \"60ms\"";
    format!("name = \"guarded\"\n[operations.a]\n{keys}steps = [{{ sql = \"{sql}\" }}]\n{run}\n")
}

#[test]
fn what_a_read_only_session_lets_through_needs_to_be_allowed() {
    let (server, place) = (server(), Place::new());
    let Address::Tcp { port, .. } = server.tcp().address else { panic!("not over TCP") };
    let target = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    for (sql, word) in [
        ("CHECKPOINT", "CHECKPOINT"),
        ("NOTIFY somebody", "NOTIFY"),
        ("LOCK pg_class IN ACCESS SHARE MODE", "LOCK"),
        ("DO 'BEGIN PERFORM 1; END'", "DO"),
        ("ANALYZE pg_class", "ANALYZE"),
        ("SELECT pg_reload_conf()", "pg_reload_conf"),
        ("SELECT set_config('work_mem', '8MB', false)", "set_config"),
    ] {
        let transaction = server.psql(&format!("BEGIN READ ONLY; {sql}; COMMIT"));
        assert!(transaction.status.success(), "the server stops {sql} by itself");
        place.workload(&sends("", sql));
        let refused = format!("`{word}` is refused on a server that is not dbbench's own");
        let says = ["w.toml:3:", &refused, "--allow-writes-to NAME"];
        place.run(&["check", "w.toml", "--target", &target]).ends_with(2).says(&says);
        // Before anything is connected to: nobody listens there.
        place.run_out(&["--target", "host=127.0.0.1 port=1"]).ends_with(2).says(&says);
    }
    place.workload(&sends("", "NOTIFY somebody"));
    place.run(&["check", "w.toml", "--target", &target, "--allow-writes-to", "postgres"]).ends_with(0);
    place.run_out(&["--target", &target, "--allow-writes-to", "postgres"]).ends_with(measured(0));
    // The same where the file names the server.
    place.workload(&format!("{}[topology]\nexternal = {{ primary = \"{target}\" }}\n", sends("", "CHECKPOINT")));
    place.run(&["check", "w.toml"]).ends_with(2).says(&["`CHECKPOINT` is refused"]);
    place.run(&["check", "w.toml", "--allow-writes-to", "postgres"]).ends_with(0);
}

#[test]
fn an_operation_is_tried_under_its_timeout() {
    let place = Place::new();
    place.workload(&sends("timeout = \"300ms\"\n", "SELECT pg_sleep(40)::text"));
    let begin = Instant::now();
    let outcome = place.run_out(&[]).ends_with(1);
    outcome.says(&["operation \"a\" fails: not finished within its timeout of 300ms, alone and before any load"]);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn an_operation_that_does_not_end_is_told_of_and_can_be_interrupted() {
    let place = Place::new();
    place.workload(&sends("", "SELECT pg_sleep(50)::text"));
    let mut run = place.start(place.dbbench(&["run", "w.toml", "--out", "out"]));
    run.until_says("trying 1 operation once … ");
    run.signal(Signal::INT);
    let begin = Instant::now();
    run.wait().ends_with(130).says(&["interrupted before anything was measured"]);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn a_folder_that_cannot_be_made_is_found_before_a_server_starts() {
    let place = Place::cold();
    place.workload(&tiny(&[]));
    place.file("taken", "");
    for out in ["/proc/nope", "taken/out"] {
        let outcome = place.run(&["run", "w.toml", "--out", out]).ends_with(2);
        outcome.says(&[out, "name a folder"]).never_says(&["starting PostgreSQL"]);
    }
    assert!(!place.path("cache").exists(), "nothing was started");
}

#[test]
fn a_table_of_no_rows_loads() {
    let place = Place::new();
    let empty = [
        ("CREATE TABLE users", "CREATE TABLE nobody (id bigint PRIMARY KEY, org_id int NOT NULL);\nCREATE TABLE users"),
        (
            "[dataset.tables.users]",
            "[dataset.tables.nobody]\nrows = 0\ncolumns.id = \"row_number\"\ncolumns.org_id = { uniform = [1, 20] }\n\n[dataset.tables.users]",
        ),
    ];
    place.workload(&tiny(&empty));
    place.run_out(&[]).ends_with(measured(0));
    assert_eq!(place.json("out/run.json")["rows"]["nobody"].as_u64(), Some(0));
}
