//! SIGINT and SIGTERM: the first asks the run to end and write what it has, the second ends at once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::engine;
use crate::words::ExitCode;

/// Whether the user wants the run to end: for the engine, and as something to wait for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The engine's flag.
    pub engine: engine::Interrupt,
    /// Where the result is written, once there is such a place.
    folder: Arc<Mutex<Option<PathBuf>>>,
    waiting: watch::Receiver<bool>,
}

impl Asked {
    /// Listens from now on; must be called inside a runtime. Servers are ended by the reaper whatever happens here.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        let (sender, waiting) = watch::channel(false);
        let interrupt = engine::Interrupt::default();
        let folder = Arc::new(Mutex::new(None::<PathBuf>));
        let asked = Self { engine: interrupt.clone(), folder: Arc::clone(&folder), waiting };
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = int.recv() => {}
                    Some(()) = term.recv() => {}
                    else => return,
                }
                if interrupt.is_set() {
                    if let Some(folder) = &*folder.lock().unwrap_or_else(PoisonError::into_inner) {
                        let folder = folder.display();
                        anstream::eprintln!(
                            "ended at once; the command dbbench report {folder} reads what was written"
                        );
                    }
                    std::process::exit(i32::from(ExitCode::Interrupted as u8));
                }
                anstream::eprintln!("interrupted: ending, and keeping what was measured (once more: end at once)");
                interrupt.set();
                sender.send_replace(true);
            }
        });
        Ok(asked)
    }

    /// From now on there is something to lose: who ends at once is told where it lies.
    pub fn writes_to(&self, folder: &Path) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.to_owned());
    }

    /// Completes when the user has asked.
    pub async fn asked(&self) {
        let mut waiting = self.waiting.clone();
        // An error means that the listener is gone: then nobody can ask any more.
        if waiting.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
