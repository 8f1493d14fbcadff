//! Operations beside the mix: on connections of their own, during the measurement alone.

use crate::support::{Place, measured, tiny};

/// `one` and `two` read; beside them a writer notes when it wrote, and a sleeper would go on for a minute.
fn beside(background: &str) -> String {
    let text = tiny(&[
        ("name text NOT NULL);", "name text NOT NULL); CREATE TABLE notes (at timestamptz DEFAULT clock_timestamp());"),
        ("measure = \"100ms\"", "measure = \"600ms\""),
        ("two = {}\n", ""),
        // In the trial before the run there are at most two notes.
        (
            "[load]\n",
            "[operations.note]\nsteps = [{ sql = \"INSERT INTO notes DEFAULT VALUES\" }]\n\n[operations.sleep]\nsteps = [{ pause = \
             \"5ms\" }, { together = [{ sql = \"SELECT pg_sleep(CASE WHEN count(*) > 2 THEN 60 ELSE 0 END) FROM notes\" }, { sql = \
             \"SELECT pg_sleep(CASE WHEN count(*) > 2 THEN 60 ELSE 0 END), 2 FROM notes\" }] }]\n\n[operations.fail]\n\
             steps = [{ sql = \"SELECT 1 / (3 - least(3, count(*))) FROM notes\" }]\n\n[load]\n",
        ),
    ]);
    format!("{text}\n{background}")
}

#[test]
fn a_background_writer_is_seen_in_the_tables_and_stops_with_the_measurement() {
    let place = Place::new();
    place.workload(&beside(
        "[background.writer]\noperation = \"note\"\nevery = \"50ms\"\n[background.once]\noperation = \"note\"\nat = \
         \"100ms\"\n[background.busy]\noperation = \"sleep\"\nclients = 2\n[background.off]\noperation = \"note\"\nclients = \
         1\nenabled = false\n\
         [checks.span]\nsql = \"SELECT max(at) - min(at) BETWEEN '100ms' AND '900ms' FROM notes\"\nequals = true\n\
         [checks.notes]\nsql = \"SELECT count(*) BETWEEN 4 AND 13 FROM notes\"\nequals = true\n\
         [checks.sleepers]\nsql = \"SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'\"\nequals = 0\n\
         [[claim]]\nclaim = \"the writer succeeds\"\nvariant = \"one\"\nmetric = \"background.writer.failures.share\"\nvalue = { at_most = 0.0 }\n",
    ));
    let outcome = place.run_out(&["--no-progress", "--rounds", "5"]).ends_with(measured(0));
    outcome.says(&["background: writer beside one: ", "background: busy beside one: "]);
    let summary = place.json("out/summary.json");
    assert_eq!(summary["claims"][0]["verdict"], "holds", "{}", summary["claims"][0]);
    for variant in summary["variants"].as_array().unwrap() {
        let background = variant["background"].as_array().unwrap();
        let names: Vec<_> = background.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["writer", "once", "busy"]);
        let valid = variant["rounds"].as_array().unwrap().iter().filter(|round| round["valid"] == true).count() as u64;
        // 12 in 600 ms; a slow machine does some of them late.
        let written = background[0]["succeeded"].as_u64().unwrap();
        assert!((3 * valid..=12 * valid).contains(&written), "{written} in {valid} rounds");
        assert_eq!(background[1]["succeeded"], valid);
        assert_eq!(background[2]["failed"], 0);
        // Neither is part of the mix.
        assert_eq!(variant["operations"].as_array().unwrap().len(), 1);
        assert_eq!(variant["mix"]["failed"], 0);
    }
    place.assert_nothing_left();
}

#[test]
fn failures_beside_the_mix_do_not_fail_the_run_and_its_connections_are_counted() {
    let place = Place::new();
    place.workload(&beside(
        "[background.writer]\noperation = \"note\"\nevery = \"20ms\"\n[background.broken]\noperation = \"fail\"\nevery = \"40ms\"\n",
    ));
    place.run_out(&["--no-progress"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    let broken = &summary["variants"][0]["background"][1];
    assert!(broken["failures"]["22012"].as_u64().unwrap() > 0, "{broken}");
    assert_eq!((&summary["variants"][0]["mix"]["failed"], &summary["partial"]), (&0.into(), &false.into()));

    // Also what fails each time, and already when it is tried before the run.
    let always = beside("[background.never]\noperation = \"fail\"\nevery = \"40ms\"\n")
        .replace("3 - least(3, count(*))", "0 * count(*)");
    place.workload(&always);
    let outcome = place.run(&["run", "w.toml", "--out", "never", "--no-progress"]).ends_with(measured(0));
    let said = "operation \"fail\" beside variant \"one\" fails: division by zero (SQLSTATE 22012)";
    outcome.says(&[said]);
    let summary = place.json("never/summary.json");
    assert!(summary["warnings"].to_string().contains(&said.replace('"', "\\\"")), "{}", summary["warnings"]);
    let never = &summary["variants"][0]["background"][0];
    assert!(never["failed"].as_u64().unwrap() > 0 && never["succeeded"] == 0, "{never}");

    place.workload(&beside("[background.many]\noperation = \"note\"\nclients = 200\n"));
    place
        .run(&["run", "w.toml", "--out", "many", "--no-progress"])
        .ends_with(2)
        .says(&["for its 2 clients and 200 of its background"]);
}
