//! Servers on this machine: that they start as they should, and that nothing stays, however dbbench ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dbbench::event::{Event, Events};
use dbbench::topology::{Embedded, StartOptions, TopologyError};
use dbbench::workload::plan::TopologyPlan;
use rustix::process::{Pid, Signal, kill_process};

fn start(plan: &TopologyPlan, dataset_key: Option<&str>) -> Result<Embedded, TopologyError> {
    let events = Events::ignored();
    Embedded::start(StartOptions { plan, dataset_key, needs_tcp: false, pg_bindir: None, events })
}

fn folder(server: &Embedded) -> PathBuf {
    server.password_file().parent().expect("it lies in the folder").to_path_buf()
}

/// Processes that work in a folder or below, by the same evidence as `ls -l /proc/*/cwd`.
fn working_in(folder: &Path) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("Linux").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let inside = |pid: &i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    pids.filter(inside).filter_map(Pid::from_raw).collect()
}

#[test]
fn a_server_starts_and_leaves_nothing() {
    let begin = Instant::now();
    let server = start(&TopologyPlan::default(), None).expect("it starts");
    eprintln!("provisioned in {:?}", begin.elapsed());
    let folder = folder(&server);
    assert!(server.is_alive());
    assert!(working_in(&folder).len() > 3);
    assert!(server.cpu_ns().expect("it lives") > 0);
    server.stop().expect("nothing is left");
    assert_eq!(working_in(&folder), []);
    assert!(!folder.exists());
}
