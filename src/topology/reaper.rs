//! The reaper: a child of dbbench that outlives it by a moment, ends its servers and removes their folders.
//!
//! It holds the reading end of a pipe; whatever ends dbbench, SIGKILL included, closes the other end. Folders are
//! registered before anything is put in them or started there. It is this program again, with an argument of its own, in a
//! session of its own, and ignores the signals that people send to what they see running.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

use super::error::TopologyError;
use super::folders;

const ARGUMENT: &str = "__reaper";
const READY: &[u8] = b"ready";

/// Becomes the reaper if this process was started as one; returns after its work is done. Call it first thing in `main`.
#[must_use]
pub fn main_if_asked() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).take(2).collect();
    (arguments == [ARGUMENT]).then(|| match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn serve() -> io::Result<()> {
    // Handlers that do nothing: dbbench decides when this process ends, by ending itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    let _handled = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
    io::stdout().write_all(READY)?;
    io::stdout().flush()?;

    let mut ledger = Ledger::default();
    let mut buffer = [0; 4096];
    loop {
        match io::stdin().read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => ledger.take_in(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    folders::clean(&ledger.folders);
    Ok(())
}

/// What is registered: messages `+PATH\0` and `-PATH\0`, in pieces as they come.
#[derive(Debug, Default)]
struct Ledger {
    folders: Vec<PathBuf>,
    partial: Vec<u8>,
}

impl Ledger {
    fn take_in(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte != 0 {
                self.partial.push(*byte);
                continue;
            }
            let message = std::mem::take(&mut self.partial);
            let Some((sign, path)) = message.split_first() else { continue };
            let path = PathBuf::from(OsString::from_vec(path.to_vec()));
            self.folders.retain(|known| *known != path);
            if *sign == b'+' {
                self.folders.push(path);
            }
        }
    }
}

struct Connection {
    pipe: ChildStdin,
    /// Kept so that it is not waited for: it ends after this process.
    _child: Child,
}

static CONNECTION: Mutex<Option<Connection>> = Mutex::new(None);

/// From now on the folder is removed, and what works in it is ended, when this process ends.
pub(super) fn register(folder: &Path) -> Result<(), TopologyError> {
    tell(b'+', folder)
}

/// The folder is gone, or is to stay.
pub(super) fn forget(folder: &Path) {
    // If the reaper is gone there is nobody to tell.
    let _ = tell(b'-', folder);
}

fn tell(sign: u8, folder: &Path) -> Result<(), TopologyError> {
    let mut guard = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
    let connection = match &mut *guard {
        Some(connection) => connection,
        none => none.insert(start()?),
    };
    let message = [&[sign], folder.as_os_str().as_bytes(), &[0]].concat();
    connection.pipe.write_all(&message).map_err(|error| TopologyError::Reaper { what: format!("is gone: {error}") })
}

fn start() -> Result<Connection, TopologyError> {
    let program = program();
    let failed =
        |why: String| TopologyError::Reaper { what: format!("could not be started from {}: {why}", program.display()) };
    let mut command = Command::new(&program);
    command.arg0("dbbench").arg(ARGUMENT).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // SAFETY: one system call, which is async-signal-safe; nothing is allocated or locked.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let (Some(pipe), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".into()));
    };
    let mut answer = [0; READY.len()];
    if stdout.read_exact(&mut answer).is_err() || answer != READY {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed("it is another program (one that embeds dbbench calls reaper::main_if_asked first)".into()));
    }
    Ok(Connection { pipe, _child: child })
}

/// This program; for tests and others that use the library, the `dbbench` that was built beside them.
fn program() -> PathBuf {
    let this = PathBuf::from("/proc/self/exe");
    let Ok(path) = this.read_link() else { return this };
    if path
        .file_name()
        .is_some_and(|name| name.as_bytes().strip_suffix(b" (deleted)").unwrap_or(name.as_bytes()) == b"dbbench")
    {
        return this;
    }
    path.ancestors().skip(1).take(2).map(|folder| folder.join("dbbench")).find(|path| path.is_file()).unwrap_or(this)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_understood_in_any_pieces() {
        let text = b"+/var/tmp/a b\0+/x\0-/var/tmp/a b\0+/y\0+/x\0-/never\0+/torn";
        for size in 1..=text.len() {
            let mut ledger = Ledger::default();
            text.chunks(size).for_each(|piece| ledger.take_in(piece));
            assert_eq!(ledger.folders, [PathBuf::from("/y"), PathBuf::from("/x")], "pieces of {size}");
        }
    }
}
