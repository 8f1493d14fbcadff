//! Servers on this machine: that they start as they should, and that nothing stays, however dbbench ends.
//!
//! Some tests need a dbbench that dies. It is this very program again, told by a variable of its environment to start a
//! server and wait (`helper`).

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "a test program")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dbbench::driver::{Address, Control, Endpoint};
use dbbench::event::{Event, Events, Stage};
use dbbench::topology::{DATABASE, Embedded, StartOptions, TopologyError};
use dbbench::workload::plan::TopologyPlan;
use rustix::process::{Pid, Signal, kill_process};

/// Within this nothing is left of a dbbench that was killed.
const LIMIT: Duration = Duration::from_secs(3);
const HELPER: &str = "DBBENCH_TEST_HELPER";

fn options(plan: &TopologyPlan) -> StartOptions<'_> {
    StartOptions {
        plan,
        dataset_key: None,
        workload: "tests",
        needs_tcp: false,
        pg_bindir: None,
        events: Events::ignored(),
    }
}

fn with_settings(settings: &[(&str, &str)]) -> TopologyPlan {
    let settings: BTreeMap<_, _> = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    TopologyPlan { settings, md5: false, external: None }
}

fn folder(server: &Embedded) -> PathBuf {
    server.password_file().parent().expect("it lies in the folder").to_path_buf()
}

/// Processes that work in a folder or below, by the evidence of `/proc/*/cwd`.
fn working_in(folder: &Path) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("Linux").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let inside = |pid: &i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    pids.filter(inside).filter_map(Pid::from_raw).collect()
}

/// Asserts that within [`LIMIT`] no process and no file of a server is left.
fn assert_gone(folder: &Path) {
    let begin = Instant::now();
    loop {
        let (processes, files) = (working_in(folder), folder.exists());
        if processes.is_empty() && !files {
            eprintln!("nothing left after {:?}", begin.elapsed());
            return;
        }
        assert!(begin.elapsed() < LIMIT, "left after {LIMIT:?}: processes {processes:?}, files {files}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn query(endpoint: &Endpoint, sql: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let control = Control::connect(endpoint).await.map_err(|error| error.to_string())?;
        let rows = control.rows(sql).await.map_err(|error| error.to_string())?;
        Ok(rows.into_iter().flatten().flatten().collect::<Vec<_>>().join(","))
    })
}

/// Not a test of anything by itself: what the tests below start and kill.
#[test]
fn helper() {
    let Ok(how) = std::env::var(HELPER) else { return };
    let server = Embedded::start(options(&TopologyPlan::default())).expect("it starts");
    // With a backend that is busy, so that there is more than the postmaster's own processes.
    let endpoint = server.endpoint(DATABASE);
    std::thread::spawn(move || query(&endpoint, "SELECT pg_sleep(100)"));
    std::thread::sleep(Duration::from_millis(100));
    println!("\nSERVER {}", folder(&server).display());
    assert_ne!(how, "panic", "as asked");
    if how == "exit" {
        std::process::exit(7);
    }
    std::thread::sleep(Duration::from_secs(100));
}

/// Starts a dbbench with a server; returns it and the server's folder.
fn start_helper(how: &str) -> (Child, PathBuf) {
    // Who started the tests in the background of a script left SIGINT ignored, and children inherit that.
    let mut child = Command::new("env")
        .arg("--default-signal=INT")
        .arg(std::env::current_exe().expect("Linux"))
        .args(["--exact", "helper", "--nocapture"])
        .env(HELPER, how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it is this program");
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    let line = stdout.lines().map_while(Result::ok).find_map(|line| Some(line.strip_prefix("SERVER ")?.to_owned()));
    (child, line.expect("the helper says where its server is").into())
}

fn kill_helper(signal: Signal, pause_server: bool) {
    let (mut child, folder) = start_helper("wait");
    let servers = working_in(&folder);
    assert!(servers.len() > 4, "{servers:?}");
    if pause_server {
        for pid in &servers {
            kill_process(*pid, Signal::STOP).expect("it runs");
        }
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("not 0");
    kill_process(pid, signal).expect("it runs");
    assert_gone(&folder);
    child.wait().expect("my child");
}

#[test]
fn nothing_stays_after_sigkill() {
    kill_helper(Signal::KILL, false);
}

#[test]
fn nothing_stays_after_sigkill_with_the_server_paused() {
    kill_helper(Signal::KILL, true);
}

#[test]
fn nothing_stays_after_sigint_and_sigterm() {
    kill_helper(Signal::INT, false);
    kill_helper(Signal::TERM, false);
}

#[test]
fn nothing_stays_after_a_panic_or_an_exit_without_clean_up() {
    for (how, code) in [("panic", 101), ("exit", 7)] {
        let (mut child, folder) = start_helper(how);
        assert_gone(&folder);
        assert_eq!(child.wait().expect("my child").code(), Some(code));
    }
}

#[test]
fn two_at_the_same_time_do_not_meet_and_each_leaves_nothing() {
    let plan = TopologyPlan::default();
    let start = || Embedded::start(StartOptions { needs_tcp: true, ..options(&plan) }).expect("it starts");
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(start);
        (start(), other.join().expect("no panic"))
    });
    let (one_folder, other_folder) = (folder(&one), folder(&other));
    let port = |server: &Embedded| match server.endpoint(DATABASE).address {
        Address::Tcp { port, .. } => port,
        Address::Unix { .. } => panic!("TCP was asked for"),
    };
    assert_ne!(port(&one), port(&other));
    assert_eq!(query(&one.endpoint(DATABASE), "SELECT 1").as_deref(), Ok("1"));
    one.stop().expect("nothing is left");
    assert!(!one_folder.exists() && other_folder.exists());
    assert_eq!(query(&other.endpoint(DATABASE), "SELECT 2").as_deref(), Ok("2"));
    assert!(other.is_alive() && other.cpu_ns().expect("it lives") > 0);
    drop(other);
    assert!(!other_folder.exists());
    assert_eq!((working_in(&one_folder), working_in(&other_folder)), (vec![], vec![]));
}

#[test]
fn a_server_is_as_shipped_but_for_its_settings_and_lets_nobody_in_without_password() {
    let plan = with_settings(&[("work_mem", "7MB"), ("commit_delay", "5000")]);
    let server = Embedded::start(StartOptions { needs_tcp: true, ..options(&plan) }).expect("it starts");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let info = runtime.block_on(server.server_info()).expect("it answers");
    let changed: Vec<_> = info.changed_settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(changed, ["commit_delay=5000", "work_mem=7MB"]);
    assert_eq!((info.max_connections, info.sessions_available()), (100, 97));
    let durable = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), \
                   current_setting('full_page_writes'), current_setting('autovacuum'), rolsuper FROM pg_roles \
                   WHERE rolname = current_user";
    assert_eq!(query(&server.endpoint(DATABASE), durable).as_deref(), Ok("on,on,on,on,f"));
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(server.password_file()).expect("there")) & 0o777;
    assert_eq!(mode, 0o600);
    for mut endpoint in [server.endpoint(DATABASE), server.superuser_endpoint(DATABASE)] {
        assert!(query(&endpoint, "SELECT 1").is_ok());
        endpoint.password = Some(dbbench::driver::Secret::new("guessed"));
        let refused = query(&endpoint, "SELECT 1").expect_err("a wrong password");
        assert!(refused.contains("28P01") || refused.contains("password"), "{refused}");
    }
    let folder = folder(&server);
    server.stop().expect("nothing is left");
    assert!(!folder.exists());
}

#[test]
fn md5_is_used_when_asked_for() {
    let plan = TopologyPlan { md5: true, ..TopologyPlan::default() };
    let server = Embedded::start(options(&plan)).expect("it starts");
    let stored = "SELECT left(rolpassword, 3) FROM pg_authid WHERE rolname IN ('dbbench', 'postgres')";
    assert_eq!(query(&server.superuser_endpoint(DATABASE), stored).as_deref(), Ok("md5,md5"));
    assert_eq!(query(&server.endpoint(DATABASE), "SELECT 1").as_deref(), Ok("1"));
}

#[test]
fn a_setting_that_the_server_refuses_is_named() {
    for (name, value, said) in [
        ("work_mem", "lots", "invalid value for parameter \"work_mem\": \"lots\""),
        ("max_connections", "0", "0 is outside the valid range for parameter \"max_connections\""),
        ("no_such_thing", "on", "unrecognized configuration parameter \"no_such_thing\""),
    ] {
        let error = Embedded::start(options(&with_settings(&[("jit", "off"), (name, value)]))).expect_err(name);
        let text = error.to_string();
        assert!(matches!(error, TopologyError::BadSetting { .. }), "{text}");
        assert!(
            text.starts_with(&format!("topology.settings.{name} = \"{value}\": ")) && text.contains(said),
            "{text}"
        );
    }
    let error = Embedded::start(options(&with_settings(&[("shared_preload_libraries", "no_such_library")])));
    let text = error.expect_err("no such library").to_string();
    assert!(text.contains("no_such_library") && text.contains("could not access file"), "{text}");
}

#[test]
fn a_loaded_dataset_is_kept_and_comes_back_with_the_same_key_and_settings_only() {
    let key = format!("test-{}-{:?}", std::process::id(), Instant::now());
    let plan = TopologyPlan::default();
    let start = |plan| Embedded::start(StartOptions { dataset_key: Some(&key), ..options(plan) }).expect("it starts");
    let mut first = start(&plan);
    assert!(!first.dataset_is_loaded());
    let load = "CREATE TABLE t AS SELECT generate_series(1, 50000) AS id; SELECT count(*) FROM t";
    query(&first.endpoint(DATABASE), load).expect("loaded");
    let took = first.store_dataset().expect("stored");
    eprintln!("stored in {took:?}");
    let count = |server: &Embedded| query(&server.endpoint(DATABASE), "SELECT count(*) FROM t");
    assert_eq!(count(&first).as_deref(), Ok("50000"));

    let second = start(&plan);
    assert!(second.dataset_is_loaded());
    assert_eq!(count(&second).as_deref(), Ok("50000"));
    let other = start(&with_settings(&[("jit", "off")]));
    assert!(!other.dataset_is_loaded());
    assert!(count(&other).is_err());
}

#[test]
fn a_server_that_dies_is_noticed_and_leaves_nothing() {
    let server = Embedded::start(options(&TopologyPlan::default())).expect("it starts");
    let folder = folder(&server);
    let maps = working_in(&folder)
        .into_iter()
        .map(|pid| fs::read_to_string(format!("/proc/{}/maps", pid.as_raw_nonzero())).expect("it runs"));
    let shared_memory: BTreeSet<String> = maps
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| word.starts_with("/dev/shm/"))
        .collect();
    assert!(!shared_memory.is_empty());
    kill_process(Pid::from_raw(server.pid()).expect("a pid"), Signal::KILL).expect("it runs");
    let begin = Instant::now();
    while server.is_alive() {
        assert!(begin.elapsed() < LIMIT);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.cpu_ns(), None);
    drop(server);
    assert!(!folder.exists() && working_in(&folder).is_empty());
    for name in shared_memory {
        assert!(!Path::new(&name).exists(), "{name}");
    }
}

#[test]
fn a_warm_start_is_quick_and_says_what_it_does() {
    drop(Embedded::start(options(&TopologyPlan::default())).expect("it starts"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let events = Events::new(move |event| sink.lock().expect("no panic").push(event));
    let begin = Instant::now();
    let plan = TopologyPlan::default();
    let server = Embedded::start(StartOptions { events, ..options(&plan) }).expect("it starts");
    let took = begin.elapsed();
    eprintln!("warm start: {took:?}; {}", server.installation().version_text);
    // A wide bound: other tests run at the same time.
    assert!(took < Duration::from_secs(10), "{took:?}");
    let seen = seen.lock().expect("no panic");
    assert!(
        matches!(&seen[0], Event::StageStarted { stage: Stage::Topology, what } if what.starts_with("starting PostgreSQL "))
    );
    let last = seen.last().expect("two at least");
    assert!(
        matches!(last, Event::StageEnded { stage: Stage::Topology, what, .. } if what.ends_with("from a kept template"))
    );
}
