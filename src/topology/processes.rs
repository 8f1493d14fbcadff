//! The processes of servers: found by their working folder, ended, their CPU time read.
//!
//! PostgreSQL gives each backend a process group of its own, so that no group reaches all of them; but every process of a
//! server works in its data folder.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long processes may take to follow SIGQUIT before SIGKILL.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long after SIGKILL they are still waited for.
const LAST_WAIT: Duration = Duration::from_millis(700);

/// The programs that dbbench starts in such a folder. Whatever else works there, a shell that somebody opened for a look, is
/// not ours to end.
const PROGRAMS: [&str; 2] = ["postgres", "initdb"];

/// The servers' processes that work in one of `folders` (absolute, without symbolic links) or below.
pub(super) fn working_in(folders: &[PathBuf]) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let inside = |pid: &i32| {
        // Of zombies and of other users' processes it cannot be read: neither is ours to end.
        let Ok(work) = fs::read_link(format!("/proc/{pid}/cwd")) else { return false };
        folders.iter().any(|folder| lies_in(work.as_os_str(), folder)) && is_ours(*pid)
    };
    pids.filter(inside).filter_map(Pid::from_raw).collect()
}

/// Whether a process runs one of [`PROGRAMS`]. What cannot be read is taken for ours: rather one too many in a folder of our
/// own than a server that stays.
fn is_ours(pid: i32) -> bool {
    let Ok(program) = fs::read_link(format!("/proc/{pid}/exe")) else { return true };
    let name = program.file_name().and_then(OsStr::to_str).unwrap_or_default();
    // The kernel adds " (deleted)" when the package was upgraded meanwhile.
    PROGRAMS.contains(&name.strip_suffix(" (deleted)").unwrap_or(name))
}

fn lies_in(path: &OsStr, folder: &Path) -> bool {
    // The kernel adds " (deleted)" to a folder that is gone.
    let rest = path.as_bytes().strip_prefix(folder.as_os_str().as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || rest == b" (deleted)")
}

/// Ends all processes that work in `folders`, also stopped ones: SIGQUIT and SIGCONT, SIGKILL after two seconds.
/// Returns whether none is left.
pub(super) fn end_all(folders: &[PathBuf]) -> bool {
    let start = Instant::now();
    let mut asked = HashSet::new();
    loop {
        let alive = working_in(folders);
        if alive.is_empty() {
            return true;
        }
        let late = start.elapsed() > PATIENCE;
        if start.elapsed() > PATIENCE + LAST_WAIT {
            return false;
        }
        for pid in alive {
            // A process that ended in between is what was wanted.
            if late {
                let _ = kill_process(pid, Signal::KILL);
            } else if asked.insert(pid) {
                let _ = kill_process(pid, Signal::QUIT);
            }
            // Again each time: whoever stopped it may do so again.
            let _ = kill_process(pid, Signal::CONT);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// CPU time of a postmaster and all its processes, ended ones included, in nanoseconds; `None` when it is gone.
pub(super) fn cpu_of_tree_ns(postmaster: i32) -> Option<u64> {
    let tick_ns = 1_000_000_000 / procfs::ticks_per_second();
    let root = procfs::process::Process::new(postmaster).ok()?;
    let ended = |stat: &procfs::process::Stat| {
        (u64::try_from(stat.cutime).unwrap_or(0) + u64::try_from(stat.cstime).unwrap_or(0)) * tick_ns
    };
    let mut total = None;
    for _ in 0..3 {
        let before = root.stat().ok()?;
        let living: u64 = children_of(postmaster).iter().filter_map(|pid| cpu_of_process_ns(*pid)).sum();
        let after = root.stat().ok()?;
        total = Some(cpu_of_process_ns(postmaster)? + living + ended(&after));
        // If one ended in between it was counted twice or not at all: look again.
        if ended(&before) == ended(&after) {
            break;
        }
    }
    total
}

/// CPU time of one single-threaded process (or thread, by `self/task/ID`), without what it waited for.
fn cpu_of_process_ns(pid: i32) -> Option<u64> {
    on_cpu_ns(&PathBuf::from(format!("/proc/{pid}/schedstat")))
}

/// The time on the CPU from a `schedstat` file.
pub(super) fn on_cpu_ns(schedstat: &Path) -> Option<u64> {
    fs::read_to_string(schedstat).ok()?.split_whitespace().next()?.parse().ok()
}

fn children_of(pid: i32) -> Vec<i32> {
    if let Ok(text) = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
        return text.split_whitespace().filter_map(|child| child.parse().ok()).collect();
    }
    // Kernels without that file: look at everybody's parent.
    let all = procfs::process::all_processes().into_iter().flatten().flatten();
    all.filter_map(|process| process.stat().ok()).filter(|stat| stat.ppid == pid).map(|stat| stat.pid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    fn sleeper(program: &Path, folder: &Path) -> Child {
        Command::new(program).arg("60").current_dir(folder).spawn().expect("sleep is everywhere")
    }

    /// A program that sleeps under a server's name.
    fn server(folder: &Path) -> PathBuf {
        let found = Command::new("sh").args(["-c", "command -v sleep"]).output().expect("a shell").stdout;
        let program = folder.join("postgres");
        fs::copy(String::from_utf8(found).expect("a path").trim(), &program).expect("a copy");
        program
    }

    #[test]
    fn stopped_processes_end_too_and_those_elsewhere_stay() {
        let root = tempfile::tempdir().expect("a folder");
        let root_path = root.path().canonicalize().expect("there");
        let (mine, other) = (root_path.join("run"), root_path.join("run-of-another"));
        fs::create_dir_all(mine.join("data")).expect("folders");
        fs::create_dir(&other).expect("a folder");
        let server = server(&root_path);
        let mut children = [sleeper(&server, &mine), sleeper(&server, &mine.join("data"))];
        // A server elsewhere, and somebody who only looks around here.
        let mut staying = [sleeper(&server, &other), sleeper(Path::new("sleep"), &mine)];
        let pid = |child: &Child| Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("not 0");
        kill_process(pid(&children[1]), Signal::STOP).expect("it is mine");
        fs::remove_dir(mine.join("data")).expect("empty");

        let folders = [mine];
        assert_eq!(working_in(&folders).len(), 2);
        assert!(end_all(&folders));
        for child in &mut children {
            assert!(!child.wait().expect("my child").success());
        }
        for stays in &mut staying {
            assert!(stays.try_wait().expect("my child").is_none());
            stays.kill().expect("it is mine");
            stays.wait().expect("my child");
        }
    }

    #[test]
    fn cpu_of_ended_children_is_counted() {
        let me = i32::try_from(std::process::id()).expect("a pid");
        let before = cpu_of_tree_ns(me).expect("I live");
        let spin = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        assert!(Command::new("sh").args(["-c", spin]).status().expect("a shell").success());
        let used = cpu_of_tree_ns(me).expect("I live") - before;
        assert!(used >= 20_000_000, "{used} ns");
    }
}
