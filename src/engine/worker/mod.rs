//! A worker: one OS thread with a runtime of its own, and on it the clients with their connections.
//!
//! This file is the worker's control side: it connects, waits for the common start, hands over what was recorded once a
//! second, ends the slice. The hot loop is in `client`, when its operations start in `pace`.

mod client;
mod connection;
mod control;
mod flight;
mod message;
mod pace;
mod reconnect;
mod state;
mod usage;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tokio::sync::watch;

use super::bound::BoundVariant;
use super::clock::SliceClock;
use crate::driver::Target;
use crate::load::Load;
use crate::metrics::Precision;

pub(super) use message::{Command, Desk, Failure, Message, Messages, WorkerEnd, WorkerInterval};

/// All that a worker needs to know.
#[derive(Clone, Debug)]
pub(super) struct WorkerTask {
    pub(super) clock: Arc<SliceClock>,
    pub(super) variant: Arc<BoundVariant>,
    pub(super) target: Target,
    pub(super) load: Load,
    pub(super) seed: u64,
    pub(super) round: u32,
    /// Numbers of the clients that live here, over all workers.
    pub(super) clients: Vec<u32>,
    /// How long operations in flight may take after the measurement, ns.
    pub(super) drain_ns: u64,
    pub(super) precision: Precision,
    pub(super) cold: Arc<AtomicU32>,
    pub(super) commands: watch::Receiver<Command>,
    pub(super) messages: Messages,
}

/// The body of a worker's thread. The last message is always [`Message::End`], also after a panic.
pub(super) fn run(task: WorkerTask) {
    let messages = task.messages.clone();
    let end = match catch_unwind(AssertUnwindSafe(|| run_here(task))) {
        Ok(end) => end,
        Err(panic) => {
            messages.send(Message::Failed(panicked(&*panic)));
            WorkerEnd::default()
        }
    };
    messages.send(Message::End(Box::new(end)));
}

fn run_here(task: WorkerTask) -> WorkerEnd {
    let messages = task.messages.clone();
    // Without it waits are less precise; the timer itself does not depend on it.
    let _ = crate::timer::set_slack();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let reason = format!("a worker's runtime cannot be made: {error}");
            messages.send(Message::Failed(Failure { reason, ..Failure::default() }));
            return WorkerEnd::default();
        }
    };
    let end = runtime.block_on(control::run(task));
    // Connections that were cut off are closed by dropping; nothing else can be running.
    runtime.shutdown_background();
    end
}

/// A panic's words.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let words = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(words), _) => *words,
        (None, Some(words)) => words.as_str(),
        (None, None) => "no message",
    };
    Failure { reason: format!("a worker panicked: {words}"), server_gone: false, panicked: true }
}
