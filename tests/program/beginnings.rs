//! What one meets first: the catalogue, starters, the doctor, the schema.

use std::fs;
use std::sync::Arc;

use crate::server::{Server, server};
use crate::support::{Outcome, Place, measured};

#[test]
fn the_catalogue_is_in_the_program_and_its_workloads_are_copied() {
    let place = Place::new();
    let listed = place.run(&["list", "--format", "json"]).ends_with(0);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let spine = listed.as_array().unwrap().iter().find(|entry| entry["name"] == "n-plus-one").expect("it is there");
    assert_eq!(spine["variants"].as_array().unwrap().len(), 4);
    assert_eq!(spine["writes"], false);
    assert!(spine["estimate_s"].as_u64().unwrap() > 5 && spine["claims"].as_u64().unwrap() > 0, "{spine}");
    let text = place.run(&["list"]).ends_with(0).stdout;
    assert!(text.contains("n-plus-one") && text.contains("reads"), "{text}");

    place
        .run(&["run", "n-plus-one"])
        .ends_with(2)
        .says(&["cannot be read", "`dbbench init --from n-plus-one` copies it here"]);
    let made = place.run(&["init", "--from", "n-plus-one"]).ends_with(0);
    assert_eq!(made.stdout, "n-plus-one.toml\n");
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads/n-plus-one.toml");
    assert_eq!(fs::read(place.path("n-plus-one.toml")).unwrap(), fs::read(committed).unwrap());
    place.run(&["init", "--from", "n-plus-one"]).ends_with(2).says(&["is there already"]);
    place.run(&["init", "--from", "n-plus-1"]).ends_with(2).says(&["did you mean n-plus-one?"]);
    place.run(&["check", "n-plus-one.toml"]).ends_with(0);
}

#[test]
fn a_starter_runs_at_once_and_overwrites_nothing() {
    let place = Place::new();
    assert_eq!(place.run(&["init", "orders"]).ends_with(0).stdout, "orders.toml\n");
    let text = fs::read_to_string(place.path("orders.toml")).unwrap();
    assert!(text.contains("name  = \"orders\""), "{text}");
    place.run(&["init", "orders"]).ends_with(2).says(&["orders.toml is there already"]);
    assert_eq!(fs::read_to_string(place.path("orders.toml")).unwrap(), text);
    let short = ["--rounds", "1", "--warmup", "20ms", "--measure", "50ms", "--no-progress"];
    place.run(&[&["run", "orders.toml", "--out", "out"], &short[..]].concat()).ends_with(measured(0));
    assert_eq!(place.json("out/summary.json")["same_answer"]["equal"], true);
}

#[test]
fn a_file_laid_over_another_runs_and_its_result_keeps_both() {
    let place = Place::new();
    fs::create_dir(place.path("shared")).unwrap();
    place.file("shared/base.toml", crate::support::TINY);
    place.workload("include = \"shared/base.toml\"\nname = \"over\"\nload.clients = 1\n");
    let checked = place.run(&["check", "w.toml"]).ends_with(0);
    assert!(checked.stdout.contains("laid over shared/base.toml: "), "{}", checked.stdout);
    place.run_out(&["--target", "null:", "--no-progress"]).ends_with(measured(0));
    let run = place.json("out/run.json");
    assert_eq!((run["workload"].as_str(), run["resolved"]["load"]["clients"].as_u64()), (Some("over"), Some(1)));
    assert_eq!(run["included"][0]["path"], "shared/base.toml");
    assert_eq!(run["included"][0]["text"], crate::support::TINY);
    let line = 1 + crate::support::TINY.lines().position(|line| line == "rounds = 1").unwrap();
    assert_eq!(run["included_origins"]["run.rounds"], format!("shared/base.toml:{line}"));
    assert!(run["included_origins"].get("load.clients").is_none(), "{}", run["included_origins"]);
    place.file("shared/base.toml", &crate::support::TINY.replace("rounds = 1", "ruonds = 1"));
    place.run(&["check", "w.toml"]).ends_with(2).says(&[
        format!("shared/base.toml:{line}:1: error: unknown key `ruonds` in [run]").as_str(),
        "did you mean `rounds`?",
    ]);
}

#[test]
fn the_doctor_says_what_is_there_and_what_is_missing() {
    let place = Place::new();
    let well = place.run(&["doctor"]).ends_with(0);
    for name in ["PostgreSQL", "servers run as", "cache", "clock source", "limits", "ready: "] {
        assert!(well.stdout.contains(name), "{name} is not in:\n{}", well.stdout);
    }
    fs::create_dir(place.path("empty")).unwrap();
    let ill = place.run(&["doctor", "--pg-bindir", "empty", "--format", "json"]).ends_with(1);
    let ill: serde_json::Value = serde_json::from_str(&ill.stdout).unwrap();
    assert_eq!((ill["ready"].as_bool(), ill["machine"][0]["status"].as_str()), (Some(false), Some("missing")));
    assert!(ill["machine"][0]["remedy"].as_str().unwrap().contains("postgresql"), "{ill}");
    let nobody = place.run(&["doctor", "--target", "postgresql://me@127.0.0.1:1/none"]).ends_with(1);
    assert!(nobody.stdout.contains("nothing listens there"), "{}", nobody.stdout);
    place.run(&["doctor", "--target", "postgresql://me:secret@h:not-a-port/x"]).ends_with(2).never_says(&["secret"]);
}

#[test]
fn the_schema_is_json_and_names_what_is_not_supported() {
    let printed = Place::new().run(&["schema"]).ends_with(0);
    let schema: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["load"]["properties"]["clients"]["default"], 8);
    assert_eq!(schema["properties"]["load"]["additionalProperties"], false);
}

/// What nobody expects in a catalogue, and a role that may read most of it.
const NASTY: &str = r#"
CREATE SCHEMA "Other Schema";
CREATE SCHEMA hidden;
CREATE TABLE "Users" ("Id" bigint PRIMARY KEY, "full name" text);
INSERT INTO "Users" SELECT n, 'u' || n FROM generate_series(1, 300) n;
CREATE TABLE "Other Schema"."Order Lines" ("Line Id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "user" bigint NOT NULL REFERENCES "Users");
INSERT INTO "Other Schema"."Order Lines" ("user") SELECT 1 + n % 300 FROM generate_series(1, 1500) n;
CREATE INDEX ON "Other Schema"."Order Lines" ("user");
CREATE TABLE "select" ("from" text, "größe" int, PRIMARY KEY ("from", "größe"));
INSERT INTO "select" SELECT 'k''"\' || n, n FROM generate_series(1, 100) n;
CREATE TABLE parts (id int, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO parts SELECT n, date '2026-01-01' + n % 59 FROM generate_series(1, 70000) n;
CREATE VIEW users_seen AS SELECT * FROM "Users";
CREATE TABLE secrets (id int PRIMARY KEY);
INSERT INTO secrets VALUES (1);
CREATE TABLE hidden.t (id int PRIMARY KEY);
INSERT INTO hidden.t VALUES (1);
CREATE TABLE "weird "" name; -- :x ${Y}" (id inet PRIMARY KEY);
INSERT INTO "weird "" name; -- :x ${Y}" VALUES ('10.0.0.1');
CREATE TABLE nothing (id int PRIMARY KEY);
CREATE TABLE child (a text, b int, note text, FOREIGN KEY (a, b) REFERENCES "select");
INSERT INTO child SELECT "from", "größe", 'n' FROM "select";
CREATE INDEX ON child (a, b);
GRANT USAGE ON SCHEMA "Other Schema" TO PUBLIC;
GRANT SELECT ON "Users", "Other Schema"."Order Lines", "select", parts, users_seen, nothing, child TO PUBLIC;
GRANT SELECT ON "weird "" name; -- :x ${Y}" TO PUBLIC;
ANALYZE;
"#;

/// A database of its own, the SQL run in it, and a role that owns nothing in it.
fn database(server: &Arc<Server>, name: &str, sql: &str) -> String {
    let psql = |database: &str, sql: &str| {
        let output =
            server.program("psql").args(["-Xq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    psql("postgres", &format!("CREATE ROLE {name} LOGIN"));
    psql("postgres", &format!("CREATE DATABASE {name}"));
    if !sql.is_empty() {
        psql(name, sql);
    }
    let path = server.unix().address.socket_path().unwrap();
    let folder = path.parent().unwrap().display().to_string();
    let port = path.extension().unwrap().to_str().unwrap().to_owned();
    format!("host={folder} port={port} user={name} dbname={name}")
}

/// `init`, `check` and a short `run` against a target.
fn made_and_run(place: &Place, target: &str, file: &str) -> (String, Outcome) {
    let made = place.run(&["init", file, "--target", target]);
    let made = made.ends_with(0);
    assert_eq!(made.stdout, format!("{file}\n"));
    place.run(&["check", file, "--target", target]).ends_with(0);
    let text = fs::read_to_string(place.path(file)).unwrap();
    let short = ["--rounds", "1", "--warmup", "20ms", "--measure", "80ms", "--no-progress", "--out"];
    let out = format!("{file}.out");
    let ran =
        place.start(place.dbbench(&[&["run", file, "--target", target], &short[..], &[out.as_str()]].concat())).wait();
    (text, ran.ends_with(measured(0)))
}

/// A block for each row, and nobody has counted them.
const UNSEEN: &str = r#"
CREATE TABLE unseen (id int PRIMARY KEY, filler text) WITH (fillfactor = 10, autovacuum_enabled = false);
ALTER TABLE unseen ALTER filler SET STORAGE PLAIN;
INSERT INTO unseen SELECT n, repeat('x', 900) FROM generate_series(1, 4200) n;
GRANT SELECT ON unseen TO PUBLIC;
"#;

#[test]
fn a_large_table_that_was_never_analyzed_is_not_read_as_a_whole() {
    let (server, place) = (server(), Place::new());
    let target = database(&server, "beginnings_unseen", UNSEEN);
    let (text, _) = made_and_run(&place, &target, "unseen.toml");
    assert!(text.contains("FROM unseen TABLESAMPLE SYSTEM (23."), "{text}");
}

#[test]
fn tables_with_any_name_are_read_by_their_keys_and_foreign_keys() {
    let (server, place) = (server(), Place::new());
    let target = database(&server, "beginnings_nasty", NASTY);
    let (text, _) = made_and_run(&place, &target, "nasty.toml");
    for expected in ["\"Other Schema\".\"Order Lines\"", "n_plus_one = { mix", "batch = { mix", "TABLESAMPLE SYSTEM"] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    for left in [
        "secrets: this role may not read it",
        "hidden.t: ",
        "nothing: this role sees no row in it",
        "users_seen: a view",
    ] {
        assert!(text.contains(&format!("# left out: {left}")), "{left} is not in:\n{text}");
    }
    let summary = place.json("nasty.toml.out/summary.json");
    assert_eq!(summary["same_answer"]["equal"], true);
    for variant in summary["variants"].as_array().unwrap() {
        assert_eq!(variant["mix"]["failed"].as_u64(), Some(0), "{variant}");
    }
    place.run(&["init", "nasty.toml", "--target", &target]).ends_with(2).says(&["is there already"]);
    // What can only be found with a role that sees less.
    let sees = place.run(&["doctor", "--target", &target]).ends_with(0).stdout;
    for expected in
        ["beginnings_nasty", "kept by the server", "an ordinary role", "no: only workloads without [dataset]"]
    {
        assert!(sees.contains(expected), "{expected} is not in:\n{sees}");
    }
}

#[test]
fn keys_of_several_columns_and_lone_tables_are_read_and_an_empty_database_is_said() {
    let (server, place) = (server(), Place::new());
    let composite = r#"
CREATE TABLE "select" ("from" text, "größe" int, PRIMARY KEY ("from", "größe"));
INSERT INTO "select" SELECT 'k''"\' || n, n FROM generate_series(1, 100) n;
CREATE TABLE child (a text, b int, note text, FOREIGN KEY (a, b) REFERENCES "select");
INSERT INTO child SELECT "from", "größe", 'n' FROM "select";
GRANT SELECT ON "select", child TO PUBLIC;
"#;
    let target = database(&server, "beginnings_composite", composite);
    let (text, _) = made_and_run(&place, &target, "composite.toml");
    assert!(text.contains("(:start.k1, :start.k2)") && !text.contains("batch = "), "{text}");
    assert!(text.contains("expect full scans"), "no index begins with the columns that refer:\n{text}");
    let lone = r#"CREATE TABLE "weird "" name; -- :x ${Y}" (id inet PRIMARY KEY);
INSERT INTO "weird "" name; -- :x ${Y}" VALUES ('10.0.0.1');
GRANT SELECT ON "weird "" name; -- :x ${Y}" TO PUBLIC;"#;
    let target = database(&server, "beginnings_lone", lone);
    let (text, _) = made_and_run(&place, &target, "lone.toml");
    assert!(text.contains("first_rows_1 = 1") && text.contains("parsed_each_time"), "{text}");
    let target = database(&server, "beginnings_empty", "");
    place.run(&["init", "--target", &target]).ends_with(1).says(&["\"beginnings_empty\" has no table"]);
    assert!(!place.path("beginnings_empty.toml").exists());
}
