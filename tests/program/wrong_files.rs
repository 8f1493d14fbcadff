//! Workload files that are wrong, or that the server refuses: exit code 2, the place in the file, the rule, a remedy.

use crate::support::{Place, tiny};

/// Runs `TINY` with one change; it must be refused before any result is made.
#[track_caller]
fn refused(from: &str, to: &str, says: &[&str]) {
    let place = Place::new();
    let outcome = place.workload(&tiny(&[(from, to)])).run_out(&["--no-progress"]).ends_with(2).says(says);
    assert_eq!(outcome.stdout, "");
    assert!(!place.path("out").exists(), "a result was made");
}

#[test]
fn a_step_that_does_not_parse_has_a_caret_where_the_server_stumbled() {
    refused(
        "SELECT id, name FROM users WHERE org_id = :org",
        "SELECT id, name FROM users WERE org_id = :org AND (SELECT true)",
        &[
            "w.toml:19:61: error: the server refuses this statement: syntax error at or near \"org_id\" (SQLSTATE 42601)",
            "19 | steps = [{ as = \"u\", sql = \"SELECT id, name FROM users WERE org_id",
            &format!("\n   |{}^", " ".repeat(61)),
        ],
    );
}

#[test]
fn a_step_with_an_unknown_column_has_the_server_s_hint() {
    refused(
        "SELECT id, name FROM users WHERE org_id = :org",
        "SELECT id, nam FROM users WHERE org_id = :org",
        &["w.toml:19:40: error: ", "column \"nam\" does not exist (SQLSTATE 42703)", "users.name"],
    );
}

#[test]
fn the_schema_is_refused_at_its_place() {
    refused(
        "name text NOT NULL",
        "name txt NOT NULL",
        &["w.toml:5:70: error: type \"txt\" does not exist (SQLSTATE 42704)", &format!("\n  |{}^", " ".repeat(70))],
    );
}

#[test]
fn after_load_is_refused_at_its_place() {
    refused(
        "CREATE INDEX ON users (org_id);",
        "CREATE INDEX ON users (org_id); CREATE INDX ON users (name);",
        &["w.toml:7:54: error: syntax error at or near \"INDX\" (SQLSTATE 42601)"],
    );
    // The server names no position here: then the statement is shown, not the one before it.
    refused(
        "CREATE INDEX ON users (org_id);",
        "CREATE INDEX ON users (org_id); CREATE INDEX ON users (orgid);",
        &["w.toml:7:47: error: column \"orgid\" does not exist (SQLSTATE 42703)"],
    );
}

#[test]
fn a_value_that_does_not_fit_its_column_names_column_value_and_limit() {
    refused(
        "name text NOT NULL",
        "name varchar(4) NOT NULL",
        &["w.toml:13:18: error: users.name: random text of up to 8 characters does not fit varchar(4)", "at most 4"],
    );
    refused(
        "org_id int NOT NULL",
        "org_id date NOT NULL",
        &["w.toml:12:18: error: users.org_id: ", "does not fit date", "columns.org_id = { uniform = [1, 20] }"],
    );
    // A number needs no type of its own to be too large.
    refused(
        "columns.org_id = { uniform = [1, 20] }",
        "columns.org_id = { uniform = [1, 5_000_000_000] }",
        &["w.toml:12:18: error: users.org_id: 5000000000 does not fit int4: it takes -2147483648 to 2147483647"],
    );
}

#[test]
fn a_value_that_does_not_fit_its_parameter_names_parameter_value_and_limit() {
    refused(
        "org = { uniform = [1, 20] }\n\n[operations",
        "org = { uniform = [1, 3_000_000_000] }\n\n[operations",
        &[
            "w.toml:19:71: error: parameter \"org\" does not fit where it is used",
            "3000000000 does not fit int4: it takes -2147483648 to 2147483647",
            "change `params.org`, or write `:org::type`",
        ],
    );
}

#[test]
fn a_write_that_the_loaded_rows_do_not_allow_is_found_before_any_load() {
    let place = Place::new();
    let writes = tiny(&[(
        "SELECT id, name FROM users WHERE org_id = :org",
        "INSERT INTO users VALUES (:org, 1, 'x') RETURNING id",
    )]);
    let outcome = place.workload(&writes).run_out(&["--no-progress"]).ends_with(2);
    outcome.says(&["variant \"one\", operation \"one\" fails with org = ", "duplicate key", "23505"]);
    assert!(!place.path("out").exists(), "a result was made");
}

#[test]
fn all_problems_of_a_file_are_said_at_once_and_nothing_is_started() {
    let place = Place::new();
    place.workload(
        r#"name = "wrong"
[load]
clinets = 2
instances = 2
[run]
rounds = "many"
[params]
x = { uniform = [5, 1] }
[operations.a]
steps = [{ as = "u", sql = "SELECT :nope, :u.id" }]
[variants]
v = { mix = {} }
w = { mix = { b = 1 } }
[cache]
"#,
    );
    let says = [
        "w.toml:3:1: error: unknown key `clinets` in [load]",
        "did you mean `clients`?",
        "w.toml:4:1: error: `instances` is not supported by this version",
        "w.toml:6:10: error: `rounds` takes a number, got the text \"many\"",
        "w.toml:8:17: error: `uniform` must give the smaller bound first, got [5, 1]",
        "w.toml:10:36: error: `:nope` refers to nothing",
        "w.toml:10:43: error: `u` is not bound before this step",
        "w.toml:12:7: error: the mix is empty",
        "w.toml:13:15: error: the mix names `b`, but there is no such operation",
        "w.toml:14:2: error: `cache` is not supported by this version",
    ];
    let without_postgres = ["--pg-bindir", "nowhere"];
    let run = place.run_out(&without_postgres).ends_with(2).says(&says);
    let check = place.run(&["check", "w.toml"]).ends_with(2).says(&says);
    assert_eq!(run.stderr, check.stderr, "`run` and `check` say the same");
    assert_eq!((run.stdout, check.stdout), (String::new(), String::new()));
}

#[test]
fn one_wrong_file_of_several_is_found_before_any_is_run() {
    let place = Place::new();
    place.workload(&tiny(&[])).file("wrong.toml", &tiny(&[("clients", "clinets")]));
    let outcome = place.run(&["run", "w.toml", "wrong.toml", "--out", "out", "--target", "null:"]).ends_with(2);
    assert!(outcome.says(&["wrong.toml:30:1: error: unknown key `clinets`"]).stdout.is_empty());
    assert!(!place.path("out").exists(), "something was run");
}

#[test]
fn more_clients_than_the_server_takes_is_said_before_the_run() {
    refused(
        "clients = 2",
        "clients = 500",
        &["500 clients", "max_connections = 100", "load.clients", "topology.settings.max_connections = "],
    );
}

#[test]
fn the_remedy_for_too_many_clients_works() {
    let place = Place::new();
    place.workload(&tiny(&[("clients = 2", "clients = 97")]));
    let outcome = place.run_out(&["--no-progress"]).ends_with(2);
    let remedy = outcome.stderr.split_once("topology.settings.max_connections = ").expect("a remedy").1;
    let limit: u32 = remedy.split_whitespace().next().unwrap().trim_matches('`').parse().unwrap();
    let set = format!("topology.settings.max_connections={limit}");
    // One less is still too few; the figure itself is enough.
    let fewer = format!("topology.settings.max_connections={}", limit - 1);
    place.run_out(&["--set", &fewer, "--no-progress"]).ends_with(2);
    place.run_out(&["--set", &set, "--quiet"]).ends_with(crate::support::measured(0));
}

#[test]
fn a_setting_that_the_server_refuses_is_the_file_s_mistake() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    for (setting, says) in [
        ("shared_buffers=lots", "topology.settings.shared_buffers = \"lots\": invalid value for parameter"),
        ("shared_bufers=1MB", "topology.settings.shared_bufers = \"1MB\": unrecognized configuration parameter"),
        ("port=5432", "`port` is set by dbbench itself"),
    ] {
        place.run_out(&["--set", &format!("topology.settings.{setting}")]).ends_with(2).says(&[says]);
    }
}

#[test]
fn options_are_checked_like_the_file() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let cases: &[(&[&str], &[&str])] = &[
        (&["--onyl", "one"], &["unexpected argument '--onyl'", "--only"]),
        (&["--only", "three"], &["there is no variant `three`", "`one`, `two`"]),
        (&["--set", "topolgy.link.rtt=2ms"], &["unknown key `topolgy`", "did you mean `topology`?"]),
        (&["--set", "load.instances=5"], &["`instances` is not supported by this version"]),
        (&["--set", "run.rounds"], &["`--set` takes KEY=VALUE, got `run.rounds`"]),
        (&["--set", "run.rounds=3", "--rounds", "4"], &["`run.rounds` is set twice, by --set and by --rounds"]),
        (&["--rounds", "0"], &["rounds"]),
        (&["--measure", "soon"], &["measure", "soon"]),
    ];
    for (options, says) in cases {
        place.run_out(options).ends_with(2).says(says);
    }
    place.run(&["run", "nowhere.toml"]).ends_with(2).says(&["nowhere.toml cannot be read: No such file"]);
    std::fs::write(place.path("wide.toml"), [0xff, 0xfe, b'a', 0]).unwrap();
    place
        .run(&["run", "wide.toml"])
        .ends_with(2)
        .says(&["wide.toml cannot be read: it is not UTF-8; save it with that"]);
    place.run(&["run"]).ends_with(2).says(&["<FILE>"]);
    assert!(!place.path("out").exists(), "something was run");
}
