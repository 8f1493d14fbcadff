//! A running server: started as a direct child, watched, stopped.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::account::Account;
use super::copy::NO_FOLLOW;
use super::discover::Installation;
use super::error::{Doing, TopologyError};
use super::{cluster, folders, settings, shared_memory, spawn};

/// How long a server may take until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a server may take to write everything out and end.
const STOP_LIMIT: Duration = Duration::from_secs(300);
/// How much of the log is looked at.
const LOG_END: u64 = 64 * 1024;

/// A server process and its folder.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Mutex<Child>,
    pid: i32,
    log: PathBuf,
}

impl Postmaster {
    /// Starts the server of `folder/data` and waits until it accepts connections.
    pub(super) fn start(
        installation: &Installation,
        account: Option<&Account>,
        folder: &Path,
        changed: &BTreeMap<String, String>,
    ) -> Result<Self, TopologyError> {
        let (data, log) = (folder.join("data"), folder.join("log"));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(NO_FOLLOW)
            .open(&log)
            .doing_to("open", &log)?;
        let begin = file.metadata().doing_to("open", &log)?.len();
        let mut command = spawn::command(&installation.program("postgres"), account, folder);
        command.arg("-D").arg(&data).stderr(file.try_clone().doing_to("open", &log)?).stdout(file);
        let program = || format!("run {}", installation.program("postgres").display());
        let child = spawn::spawn(command).doing(program)?;
        let pid = i32::try_from(child.id()).unwrap_or(0);
        let started = Self { child: Mutex::new(child), pid, log };
        started.wait_until_ready(&data, begin, changed)?;
        started.note_shared_memory(folder, account)?;
        Ok(started)
    }

    fn wait_until_ready(
        &self,
        data: &Path,
        log_begin: u64,
        changed: &BTreeMap<String, String>,
    ) -> Result<(), TopologyError> {
        let start = Instant::now();
        loop {
            if let Some(_ended) = self.ended() {
                return Err(settings::explain(&self.log_from(log_begin), changed));
            }
            if is_ready(data, self.pid) {
                return Ok(());
            }
            if start.elapsed() > START_LIMIT {
                let reason = format!("not ready after {} s; its log ends: {}", START_LIMIT.as_secs(), self.log_tail(3));
                return Err(TopologyError::NotStarted { reason, settings: Vec::new() });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Should the server be killed, its shared memory objects stay: whoever cleans up then finds their names.
    fn note_shared_memory(&self, folder: &Path, account: Option<&Account>) -> Result<(), TopologyError> {
        let names = shared_memory::mapped_by(self.pid);
        cluster::write_file(&folder.join(folders::SHARED_MEMORY), &names.join("\n"), account)
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the server ended, if it did.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// Asks for a fast shutdown, which writes a checkpoint, and waits for it.
    pub(super) fn stop_fast(&self) -> Result<(), TopologyError> {
        let start = Instant::now();
        if let Some(pid) = Pid::from_raw(self.pid)
            && self.ended().is_none()
        {
            kill_process(pid, Signal::INT).doing(|| "stop the server".into())?;
        }
        loop {
            match self.ended() {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let reason = format!("it ended with {status}; its log ends: {}", self.log_tail(3));
                    return Err(TopologyError::NotStopped { seconds: start.elapsed().as_secs(), reason });
                }
                None if start.elapsed() > STOP_LIMIT => {
                    let reason = format!("its log ends: {}", self.log_tail(3));
                    return Err(TopologyError::NotStopped { seconds: STOP_LIMIT.as_secs(), reason });
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// The last lines of the log, joined by `; `.
    pub(super) fn log_tail(&self, lines: usize) -> String {
        self.log_lines(lines).join("; ")
    }

    /// The last lines of the log.
    pub(super) fn log_lines(&self, lines: usize) -> Vec<String> {
        let text = self.log_from(0);
        let mut tail: Vec<String> = text.lines().rev().take(lines).map(str::to_owned).collect();
        tail.reverse();
        tail
    }

    /// The log from a position on, at most its end.
    fn log_from(&self, begin: u64) -> String {
        let mut bytes = Vec::new();
        let read = fs::File::open(&self.log).and_then(|mut file| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(begin.max(length.saturating_sub(LOG_END))))?;
            file.take(LOG_END).read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("(the log cannot be read: {error})"),
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        // Whoever owns the folder ends what works in it; here only the exit status is collected, lest a zombie stays.
        if self.ended().is_none() {
            if let Some(pid) = Pid::from_raw(self.pid) {
                let _ = kill_process(pid, Signal::QUIT);
                let _ = kill_process(pid, Signal::CONT);
            }
            let start = Instant::now();
            while self.ended().is_none() && start.elapsed() < Duration::from_secs(2) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Whether the lock file says that connections are accepted: its eighth line, since version 10.
fn is_ready(data: &Path, pid: i32) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines();
    lines.next().is_some_and(|first| first.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|status| status.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_what_the_lock_file_of_this_very_process_says() {
        let data = tempfile::tempdir().expect("a folder");
        let write = |text: &str| fs::write(data.path().join("postmaster.pid"), text).expect("written");
        assert!(!is_ready(data.path(), 7));
        let seven = "7\n/data\n1763630000\n5432\n/run\n127.0.0.1\n 123 456\n";
        for (text, ready) in
            [(format!("{seven}starting\n"), false), (seven.into(), false), (format!("{seven}ready   \n"), true)]
        {
            write(&text);
            assert_eq!(is_ready(data.path(), 7), ready, "{text}");
        }
        assert!(!is_ready(data.path(), 8), "of another process");
    }
}
