//! SIGINT and SIGTERM: the first asks the run to end and write what it has, the second ends at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::words::ExitCode;

/// Becomes true when the user wants the run to end.
pub type Interrupt = watch::Receiver<bool>;

/// Listens from now on. Servers are ended by the reaper whatever happens here.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn listen() -> io::Result<Interrupt> {
    let mut int = signal(SignalKind::interrupt())?;
    let mut term = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let mut before = false;
        loop {
            tokio::select! {
                Some(()) = int.recv() => {}
                Some(()) = term.recv() => {}
                else => return,
            }
            if before {
                std::process::exit(i32::from(ExitCode::Interrupted as u8));
            }
            before = true;
            anstream::eprintln!("interrupted: ending the slice and writing what was measured (once more: end at once)");
            if sender.send(true).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Completes when the user wants the run to end.
pub async fn requested(mut interrupt: Interrupt) {
    // An error means that the listener is gone: then nobody can ask any more.
    if interrupt.wait_for(|asked| *asked).await.is_err() {
        std::future::pending::<()>().await;
    }
}
