//! `dbbench cache`, `completions` and `man` from outside.

use std::fs;

use crate::support::{Place, measured, tiny};

#[test]
fn what_a_run_keeps_is_listed_and_removed() {
    let place = Place::cold();
    place.run(&["cache"]).ends_with(0);
    assert!(!place.path("cache").exists(), "looking made a cache");
    place.workload(&tiny(&[]));
    place.run_out(&["--quiet"]).ends_with(measured(0));
    let listed = place.run(&["cache", "list", "--format", "json"]).ends_with(0);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let entries = listed["entries"].as_array().unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"dataset") && kinds.contains(&"template") && kinds.len() == 2, "{listed}");
    let dataset = entries.iter().find(|entry| entry["kind"] == "dataset").unwrap();
    assert!(dataset["about"].as_str().unwrap().starts_with("made for tiny, PostgreSQL "), "{dataset}");
    let below: u64 = files(&std::path::PathBuf::from(dataset["path"].as_str().unwrap()).join("data"));
    assert_eq!(dataset["bytes"].as_u64(), Some(below), "the size is that of its files");
    // Of today: nothing is that old.
    let old = place.run(&["cache", "clear", "--older-than", "30d"]).ends_with(0);
    assert!(old.stdout.starts_with("freed 0 B in "), "{}", old.stdout);
    assert!(
        place
            .run(&["cache", "--older-than", "30d"])
            .ends_with(0)
            .stdout
            .starts_with("0 entries, 0 B of at most 8.0 GiB")
    );
    let cleared = place.run(&["cache", "clear"]).ends_with(0);
    assert!(cleared.stdout.contains("removed dataset made for tiny, PostgreSQL "), "{}", cleared.stdout);
    let left: Vec<_> = fs::read_dir(place.path("cache/datasets")).unwrap().collect();
    assert!(left.is_empty() && fs::read_dir(place.path("cache/templates")).unwrap().next().is_none());
    place.run(&["cache", "clear", "--older-than", "30"]).ends_with(2).says(&["30d, 12h or 2w"]);
    place.run(&["cache", "empty"]).ends_with(2).says(&["[possible values: list, clear]"]);
}

fn files(folder: &std::path::Path) -> u64 {
    crate::support::files_below(folder).iter().map(|(_, content)| content.len() as u64).sum()
}

#[test]
fn bash_takes_the_completions_and_knows_the_commands() {
    let place = Place::new();
    let completions = place.run(&["completions", "bash"]).ends_with(0).stdout;
    place.file("dbbench.bash", &completions);
    let script = "source ./dbbench.bash; COMP_WORDS=(dbbench comp); COMP_CWORD=1; _dbbench dbbench comp dbbench; echo ${COMPREPLY[@]}";
    let mut command = place.command("bash");
    command.args(["--norc", "-c", script]);
    let asked = place.start(command).wait().ends_with(0);
    assert_eq!(asked.stdout.split_whitespace().collect::<Vec<_>>(), ["compare", "completions"]);
    place.run(&["completions", "ksh"]).ends_with(2).says(&["possible values: bash"]);
}

#[test]
fn a_manual_has_a_page_for_each_command() {
    let place = Place::new();
    let whole = place.run(&["man"]).ends_with(0).stdout;
    assert!(whole.contains(".TH dbbench 1") && whole.contains("dbbench\\-run"), "{whole}");
    let written = place.run(&["man", "--out", "man/man1"]).ends_with(0).stdout;
    assert_eq!(written.lines().count(), fs::read_dir(place.path("man/man1")).unwrap().count());
    let page = fs::read_to_string(place.path("man/man1/dbbench-compare.1")).unwrap();
    assert!(page.contains(".SH EXAMPLES") && page.contains("fail\\-above"), "{page}");
    place.file("file", "");
    place.run(&["man", "--out", "file"]).ends_with(1).says(&["cannot write file"]);
}
