//! What goes where: stdout, stderr, files; what is said of the settings; what is never said.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{Place, files_below, measured, tiny};

const NULL: &[&str] = &["--target", "null:?rows=3", "--measure", "40ms", "--warmup", "10ms"];

/// The fields that `summary.json` promises, by the path to them.
const CONTRACT: &[(&str, &str)] = &[
    (
        "",
        "schema_version dbbench_version workload workload_hash topology_hash seed machine servers started_at dir partial \
         valid invalid_reasons warnings same_answer variants comparisons claims expectations checks",
    ),
    ("/same_answer", "draws equal"),
    (
        "/variants/0",
        "name title point valid limit rate_reached mix operations rounds client_cpu_us_per_operation \
         server_cpu_us_per_operation metrics probes",
    ),
    ("/variants/0/mix", MIX),
    ("/variants/0/mix/response_us", "min mean p50 p90 p95 p99 p999 max"),
    ("/variants/0/operations/0", MIX),
    ("/variants/0/rounds/0", "round valid goodput_per_s response_us"),
    ("/variants/0/rounds/0/response_us", "p50 p99 mean"),
    (
        "/comparisons/0",
        "point variant baseline operation job metric ratio ci_low ci_high confidence rounds detectable verdict better",
    ),
    ("/claims/0", "claim source variant operation job metric point verdict observed ci_low ci_high required"),
];

const MIX: &str = "job planned attempts succeeded failed unknown unstarted retried censored failures goodput_per_s \
                   rows_per_s statements_per_operation wal_bytes_per_row response_us service_us queue_us acquire_us \
                   connect_us schedule_lag_us";

#[test]
fn json_is_all_that_stdout_gets_and_holds_the_contract() {
    let place = Place::new();
    let claim = "[[claim]]\nclaim = \"c\"\nvariant = \"two\"\nmetric = \"statements\"\nvalue = { at_most = 20 }\n";
    place.workload(&format!("{}\n{claim}", tiny(&[])));
    let outcome = place.run_out(&["--format", "json"]).ends_with(measured(0));
    let summary: Value = serde_json::from_str(&outcome.stdout).expect("stdout is JSON and nothing else");
    assert_eq!(summary, place.json("out/summary.json"));
    assert_eq!(summary["dir"], "out");
    assert_eq!(summary["schema_version"], 1);
    for (path, fields) in CONTRACT {
        let object = summary.pointer(path).and_then(Value::as_object).unwrap_or_else(|| panic!("no {path}"));
        for field in fields.split_whitespace() {
            assert!(object.contains_key(field), "{path}/{field} is missing");
        }
    }
    // In a closed loop every operation that is planned is started.
    let mix = &summary["variants"][0]["mix"];
    let count = |name: &str| mix[name].as_u64().unwrap();
    assert!(count("succeeded") > 0);
    assert_eq!(count("planned"), count("succeeded") + count("failed"));
    assert_eq!(count("unstarted"), 0);
}

#[test]
fn the_folder_is_the_last_line_of_stdout() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let outcome =
        place.run(&[&["run", "w.toml"], NULL].concat()).ends_with(measured(0)).says(&["stmt/op", "round 1/1"]);
    let folder = outcome.stdout.lines().last().expect("a line");
    assert!(folder.starts_with("results/tiny-"), "{folder}");
    for file in
        ["run.json", "slices.jsonl", "intervals.csv", "histograms.hlog", "errors.csv", "summary.json", "report.html"]
    {
        assert!(place.path(folder).join(file).is_file(), "{file} is missing");
    }
    let page = fs::read_to_string(place.path(folder).join("report.html")).unwrap();
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(outside), "the page is not self-contained: {outside}");
    }
}

#[test]
fn quiet_prints_the_folder_alone() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let outcome = place.run_out(&[&["--quiet"], NULL].concat());
    assert_eq!(outcome.stdout, "out\n");
    let errors: Vec<&str> = outcome.stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    if measured(0) == 0 {
        assert_eq!(errors, Vec::<&str>::new());
    }
}

#[test]
fn results_never_mix() {
    let place = Place::new();
    place.workload(&tiny(&[])).file("taken", "");
    fs::create_dir(place.path("out")).unwrap();
    place.file("out/mine", "kept");
    place.run_out(NULL).ends_with(2).says(&["--out out is not empty"]);
    assert_eq!(files_below(&place.path("out")).len(), 1);
    place.run(&[&["run", "w.toml", "--out", "taken"], NULL].concat()).ends_with(2).says(&["--out taken is a file"]);
    let below = ["run", "w.toml", "--out", "taken/below"];
    place.run(&[&below[..], NULL].concat()).ends_with(2).says(&["--out taken/below lies below a file: name a folder"]);
    // An empty folder is as good as a new one.
    fs::remove_file(place.path("out/mine")).unwrap();
    place.run_out(NULL).ends_with(measured(0));
}

#[test]
fn several_files_get_a_folder_each() {
    let place = Place::new();
    let other = tiny(&[("name = \"tiny\"", "name = \"other\"")]);
    place.workload(&tiny(&[])).file("other.toml", &other);
    let arguments = ["run", "w.toml", "other.toml", "--out", "out", "--quiet"];
    let outcome = place.run(&[&arguments, NULL].concat()).ends_with(measured(0));
    assert_eq!(outcome.stdout, "out/tiny\nout/other\n");
    for name in ["tiny", "other"] {
        assert_eq!(place.json(&format!("out/{name}/summary.json"))["workload"], name);
    }
    let twice = ["run", "w.toml", "w.toml", "--out", "twice"];
    place.run(&[&twice, NULL].concat()).ends_with(2).says(&["two of the files are named \"tiny\""]);
}

#[test]
fn only_keeps_the_baseline() {
    let place = Place::new();
    let three =
        tiny(&[("two = {}", "two = {}\nthree = { mix = { one = 1, two = 1 } }\n\n[compare]\nsame_answer = false")]);
    place.workload(&three);
    place.run_out(&[&["--only", "three", "--quiet"], NULL].concat()).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    let names: Vec<&Value> = summary["variants"].as_array().unwrap().iter().map(|variant| &variant["name"]).collect();
    assert_eq!(names, ["one", "three"]);
}

#[test]
fn options_stand_above_the_file_and_variables_below_and_the_origin_is_kept() {
    let place = Place::new();
    let run = |text: &str, out: &str, options: &[&str]| {
        place.workload(text);
        let mut command = place.dbbench(&[&["run", "w.toml", "--out", out, "--quiet"], NULL, options].concat());
        command.env("DBBENCH_ROUNDS", "2").env("DBBENCH_SEED", "7");
        place.start(command).wait().ends_with(measured(0));
        let run = place.json(&format!("{out}/run.json"));
        (run["resolved"]["run"]["rounds"].clone(), run["origins"].clone(), run["seed"].clone())
    };
    let (rounds, origins, seed) = run(&tiny(&[]), "file", &[]);
    assert_eq!((rounds, &origins["run.rounds"]), (1.into(), &Value::Null));
    assert_eq!((seed, &origins["run.seed"]), (7.into(), &"DBBENCH_SEED".into()));
    let (rounds, origins, _) = run(&tiny(&[("rounds = 1\n", "")]), "variable", &[]);
    assert_eq!((rounds, &origins["run.rounds"]), (2.into(), &"DBBENCH_ROUNDS".into()));
    let (rounds, origins, seed) = run(&tiny(&[]), "option", &["--rounds", "3", "--set", "run.seed=8"]);
    assert_eq!((rounds, &origins["run.rounds"]), (3.into(), &"--rounds".into()));
    assert_eq!((seed, &origins["run.seed"]), (8.into(), &"--set".into()));
}

#[test]
fn the_server_s_passwords_never_appear() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let mut run = place.start(place.dbbench(&["run", "w.toml", "--out", "out", "--rounds", "3"]));
    run.until_slices(1);
    let folder = place.server_folders().pop().expect("a server's folder");
    let file = folder.join("pgpass");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder.join("data")).unwrap().permissions().mode() & 0o077, 0);
    let text = fs::read_to_string(file).unwrap();
    let passwords: Vec<&str> = text.lines().map(|line| line.rsplit(':').next().unwrap()).collect();
    assert!(passwords.len() >= 2 && passwords.iter().all(|password| password.len() >= 16), "{}", passwords.len());
    // Everybody may read the arguments of a process.
    let arguments = |pid: i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut seen: Vec<(std::path::PathBuf, Vec<u8>)> =
        vec![("dbbench".into(), arguments(run.pid().as_raw_nonzero().get()))];
    let servers = place.server_processes();
    seen.extend(servers.iter().map(|pid| ("a server".into(), arguments(pid.as_raw_nonzero().get()))));
    let outcome = run.wait().ends_with(measured(0)).never_says(&passwords);
    assert!(!outcome.stdout.is_empty());
    seen.extend(files_below(&place.path("out")));
    assert!(seen.len() > 10);
    for (what, content) in seen {
        for password in &passwords {
            let found = content.windows(password.len()).any(|part| part == password.as_bytes());
            assert!(!found, "a password stands in {}", what.display());
        }
    }
}

#[test]
fn a_target_s_password_is_not_repeated() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    let outcome = place.run_out(&["--target", "mysql://me:hunter2@localhost/db"]).ends_with(2);
    outcome.says(&["postgresql://"]).never_says(&["hunter2"]);
}

#[test]
fn the_null_target_needs_nothing_and_counts_the_same_twice() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    fs::create_dir(place.path("empty")).unwrap();
    let counts = |out: &str| {
        let mut command = place.dbbench(&[&["run", "w.toml", "--out", out, "--quiet"], NULL].concat());
        command.env("PATH", place.path("empty"));
        place.start(command).wait().ends_with(measured(0));
        let summary = place.json(&format!("{out}/summary.json"));
        let figures = summary["variants"].as_array().unwrap().iter().map(|variant| {
            let mix = &variant["mix"];
            let rows = mix["rows_per_s"].as_f64().unwrap() / mix["goodput_per_s"].as_f64().unwrap();
            (mix["statements_per_operation"].as_f64().unwrap(), rows.round(), mix["failed"].as_u64().unwrap())
        });
        (figures.collect::<Vec<_>>(), summary["workload_hash"].clone(), summary["same_answer"].clone())
    };
    let first = counts("first");
    // Three rows, and a statement for each of them.
    assert_eq!(first.0, [(1.0, 3.0, 0), (4.0, 12.0, 0)]);
    assert_eq!(first.2, Value::Null, "answers are not compared");
    assert_eq!(first, counts("second"));
    assert!(!Path::new(&place.path("results")).exists());
}
