//! What goes on beside the mix, as far as the slice has to do with it.

use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use super::Slice;
use crate::engine::background::BackgroundTask;
use crate::engine::worker::Failure;
use crate::metrics::{Precision, Snapshot};

impl Slice<'_, '_> {
    /// What goes on beside the mix, if anything does.
    pub(super) fn background_task(&self, precision: Precision) -> Option<BackgroundTask> {
        let (plan, bound) = (self.plan.background.as_ref()?, self.bound.background.as_ref()?);
        Some(BackgroundTask {
            clock: Arc::clone(&self.clock),
            variant: Arc::clone(bound),
            when: plan.list.iter().map(|one| one.when).collect(),
            target: self.target.clone(),
            seed: self.input.plan.run.seed,
            round: self.info.round,
            precision,
            commands: self.commands.subscribe(),
        })
    }

    /// Takes what was recorded beside the mix. Its operations may fail; dbbench itself may not.
    pub(super) fn end_of_background(
        &mut self,
        thread: Option<std::io::Result<ScopedJoinHandle<'_, Result<Snapshot, String>>>>,
    ) {
        let ended = match thread {
            None => return,
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(thread)) => thread.join().unwrap_or_else(|_| Err("its thread panicked".to_owned())),
        };
        match ended {
            Ok(recorded) => {
                let list = self.plan.background.iter().flat_map(|background| &background.list);
                self.background = list.map(|one| one.name.clone()).zip(recorded.operations).collect();
            }
            Err(reason) => {
                self.fail(Failure { reason: format!("the background cannot run: {reason}"), ..Failure::default() });
            }
        }
    }
}
