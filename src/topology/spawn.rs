//! Starts servers and their tools: as the unprivileged user, in a session of their own, bound to the life of dbbench.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};

use rustix::process::Signal;

use super::account::Account;
use super::error::{Doing, TopologyError};

/// A command that runs as `account` (or as dbbench's own user) in `folder`, in a session of its own, without what the
/// caller's environment would change.
pub(super) fn command(program: &Path, account: Option<&Account>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["PG", "LC_", "LANG", "NOTIFY_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    // Messages are read by programs and quoted in reports.
    command.env("LC_ALL", "C");
    if let Some(account) = account {
        // Root's supplementary groups are dropped with it.
        command.uid(account.uid).gid(account.gid);
    }
    bind_to_this_process(&mut command);
    command
}

/// Ctrl-C must not reach the program, but the end of dbbench must: SIGQUIT is the fast way out that cleans up.
fn bind_to_this_process(command: &mut Command) {
    let parent = rustix::process::getpid();
    let before_exec = move || {
        rustix::process::setsid()?;
        // After the change of user, which would clear it.
        rustix::process::set_parent_process_death_signal(Some(Signal::QUIT))?;
        if rustix::process::getppid() != Some(parent) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe things may happen: the closure makes three system calls
    // and neither allocates nor locks.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(before_exec);
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Spawns from a thread that lives as long as the process: the parent-death signal comes when the *thread* that
/// spawned ends.
pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let spawner = match SPAWNER.get() {
        Some(spawner) => spawner,
        None => {
            let (sender, jobs) = mpsc::channel::<Job>();
            std::thread::Builder::new().name("spawner".into()).spawn(move || jobs.into_iter().for_each(|job| job()))?;
            // Of two that raced here one wins; the other's thread ends, having spawned nothing.
            SPAWNER.get_or_init(|| sender)
        }
    };
    let (reply, answer) = mpsc::channel();
    let job = Box::new(move || {
        let _ = reply.send(command.spawn());
    });
    let gone = || io::Error::other("the spawning thread is gone");
    spawner.send(job).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// Runs a tool to its end with `input` on its stdin; its stderr is part of the error.
pub(super) fn run(mut command: Command, input: &str) -> Result<String, TopologyError> {
    let program = Path::new(command.get_program()).to_path_buf();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let doing = || format!("run {}", program.display());
    let mut child = spawn(command).doing(doing)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A tool that ends without reading says why on stderr.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().doing(doing)?;
    let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    // A single-user server ends with success after an error.
    if !output.status.success() || errors.lines().any(|line| line.contains("ERROR:") || line.contains("FATAL:")) {
        let reason = if errors.is_empty() { output.status.to_string() } else { errors };
        return Err(TopologyError::Program { program, reason });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_outlives_the_thread_that_asked_for_it_and_has_its_own_session() {
        let asked = std::thread::spawn(|| {
            let mut command = command(Path::new("/bin/sleep"), None, Path::new("/"));
            command.arg("60");
            spawn(command).expect("it starts")
        });
        let mut child = asked.join().expect("no panic");
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(child.try_wait().expect("my child").is_none(), "it lives on");
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        assert_eq!(rustix::process::getsid(pid).ok(), pid);
        child.kill().expect("it is mine");
        child.wait().expect("my child");
    }

    #[test]
    fn what_a_tool_wrote_to_stderr_is_its_error() {
        let mut shell = command(Path::new("/bin/sh"), None, Path::new("/"));
        shell.args(["-c", "cat; echo 'ERROR:  no such thing' >&2"]);
        let error = run(shell, "in\n").expect_err("ERROR on stderr").to_string();
        assert_eq!(error, "/bin/sh failed: ERROR:  no such thing");
        let mut echo = command(Path::new("/bin/cat"), None, Path::new("/"));
        echo.env("PGDATA", "x");
        assert_eq!(run(echo, "in\n").expect("it works"), "in\n");
    }
}
