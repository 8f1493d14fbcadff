//! What the machine lacks: PostgreSQL, space; and what it gives to several at once.

use std::fs;
use std::process::Command;

use crate::support::{Place, measured, tiny};

/// Makes `unshare` give the command mounts of its own: as root, else as root of a user namespace. `None` where neither is
/// allowed.
fn own_mounts() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    WAYS.into_iter().find(|way| {
        let probe = "mount -t tmpfs none /mnt";
        let output = Command::new("unshare").args(*way).args(["sh", "-c", probe]).output();
        output.is_ok_and(|output| output.status.success())
    })
}

#[test]
fn without_postgresql_what_to_install_is_said() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    place.workload(&tiny(&[]));
    place
        .run_out(&["--pg-bindir", "empty"])
        .ends_with(1)
        .says(&["--pg-bindir empty: it has no postgres", "name the folder that has postgres and initdb"]);
    place.run_out(&["--pg-bindir", "nowhere"]).ends_with(1).says(&["--pg-bindir nowhere"]);
    assert!(!place.path("out").exists(), "a result was made");

    // Installed packages are found without PATH; where they can be hidden, a machine without them is tried too.
    let Some(way) = own_mounts() else {
        return eprintln!("mounts are not allowed: a machine without PostgreSQL is not tried");
    };
    let mut command = place.command("unshare");
    command.args(way).args(["sh", "-c"]);
    command.arg("for d in /usr/lib/postgresql /usr/pgsql*; do [ ! -d $d ] || mount -t tmpfs none $d; done; PATH=empty; exec \"$@\"");
    command.args(["sh", env!("CARGO_BIN_EXE_dbbench"), "run", "w.toml", "--no-progress", "--out", "out"]);
    let outcome = place.start(command).wait().ends_with(1);
    outcome.says(&[
        "error: no PostgreSQL server 13 or later found (looked at ",
        "install",
        "or name its folder with --pg-bindir",
    ]);
    assert!(!place.path("out").exists(), "a result was made");
}

#[test]
fn a_full_disk_names_file_and_remedy_and_keeps_what_was_written() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let options = "run w.toml --target null:?service=1ms --measure 40ms --warmup 10ms --rounds 100 --no-progress";
    fs::create_dir(place.path("small")).unwrap();
    // A small disk, whose content is kept; else, where nothing may be mounted, a limit on the size of files.
    let outcome = if let Some(way) = own_mounts() {
        let script = format!(
            "mount -t tmpfs -o size=100k none small || exit 99
             \"$0\" {options} --out small/out; code=$?; cp -r small/out out; exit $code"
        );
        let mut command = place.command("unshare");
        command.args(way).args(["sh", "-c", &script, env!("CARGO_BIN_EXE_dbbench")]);
        place.start(command).wait().says(&["cannot write small/out/", "free space on its file system", "No space left"])
    } else {
        eprintln!("mounts are not allowed: a limit on the size of files stands for the full disk");
        let mut command = place.command("sh");
        let script = format!("trap '' XFSZ; ulimit -f 60; exec \"$0\" {options} --out out");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_dbbench")]);
        place.start(command).wait().says(&["cannot write out/", "ulimit -f", "File too large"])
    };
    let outcome = outcome.ends_with(1).says(&["what was written", "dbbench report "]);
    assert_eq!(outcome.stdout, "");

    place.run(&["report", "out"]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    assert_eq!(summary["partial"], true);
    let rounds = summary["variants"][0]["rounds"].as_array().unwrap().len();
    assert!((1..100).contains(&rounds), "{rounds} rounds");
    assert!(summary["variants"][0]["mix"]["succeeded"].as_u64().unwrap() > 0);
}

#[test]
fn the_limit_on_the_size_of_files_is_said_like_a_full_disk() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let mut command = place.command("sh");
    let options = "run w.toml --target null: --measure 40ms --warmup 10ms --rounds 100 --no-progress --out out";
    let script = format!("trap '' XFSZ; ulimit -f 60; exec \"$0\" {options}");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_dbbench")]);
    let outcome = place.start(command).wait().ends_with(1);
    outcome.says(&["cannot write out/", "ulimit -f", "File too large", "dbbench report out"]);
    place.run(&["report", "out"]).ends_with(measured(0));
}

#[test]
fn stdout_that_is_full_is_an_error() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let mut command = place.command("sh");
    let script = "exec \"$0\" run w.toml --target null: --quiet --out out >/dev/full";
    command.args(["-c", script, env!("CARGO_BIN_EXE_dbbench")]);
    place.start(command).wait().ends_with(1).says(&["error: cannot write to stdout: No space left"]);
}

#[test]
fn two_at_once_succeed_even_when_both_make_the_cache() {
    let place = Place::cold();
    place.workload(&tiny(&[]));
    let start = |out| place.start(place.dbbench(&["run", "w.toml", "--no-progress", "--out", out]));
    let (first, second) = (start("first"), start("second"));
    // Both are waited for before it is looked at what is left.
    let (first, second) = (first.wait_beside_others(), second.wait());
    for outcome in [first, second] {
        let outcome = outcome.ends_with(measured(0));
        assert!(!outcome.stderr.contains("not kept"), "{}", outcome.stderr);
    }
    for out in ["first", "second"] {
        assert_eq!(place.json(&format!("{out}/summary.json"))["partial"], false);
    }
    // What they left in the cache is whole.
    place.run_out(&[]).ends_with(measured(0)).says(&["dataset of an earlier run"]);
}
