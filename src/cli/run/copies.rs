//! Which copy of the data the sessions of a variant go to, where any variant writes.

use super::Command;
use crate::cli::failure::chain;
use crate::dataset::Clones;
use crate::driver::Target;
use crate::workload::plan::ClonePlan;

/// The setting that keeps sessions from writing.
pub const READ_ONLY: &str = "default_transaction_read_only";

/// The clones of a run.
#[derive(Debug)]
pub struct Copies {
    clones: Clones,
    /// By variant: the database that its clones are made of.
    sources: Vec<String>,
    /// By variant: the clone in use.
    current: Vec<Option<String>>,
    /// Clones beside those.
    further: Vec<String>,
}

impl Copies {
    /// Of these databases, one for each variant.
    pub fn new(clones: Clones, sources: Vec<String>) -> Self {
        Self { clones, current: vec![None; sources.len()], sources, further: Vec::new() }
    }

    /// Whether the next slice of a variant goes on with what the slice before has left.
    pub fn goes_on(&self, variant: usize, plan: ClonePlan) -> bool {
        self.current[variant].is_some() && plan == ClonePlan::Variant
    }

    /// Where the sessions of the next slice of a variant go: to the same server through the same link, but into its clone,
    /// where they may write. What the slice before left of it is dropped.
    ///
    /// # Errors
    /// In words.
    pub fn target(
        &mut self,
        command: &Command<'_>,
        variant: usize,
        plan: ClonePlan,
        target: &Target,
    ) -> Result<Target, String> {
        if !self.goes_on(variant, plan) {
            self.renew(command, variant)?;
        }
        Ok(self.current[variant].as_ref().map_or_else(|| target.clone(), |name| into(target, name)))
    }

    /// A clone of a variant's database beside the one in use, until all are given up.
    ///
    /// # Errors
    /// In words.
    pub fn further(&mut self, command: &Command<'_>, variant: usize, target: &Target) -> Result<Target, String> {
        let name = self.make(command, variant)?;
        let target = into(target, &name);
        self.further.push(name);
        Ok(target)
    }

    /// Gives up all clones: the next slices begin with new ones.
    ///
    /// # Errors
    /// In words.
    pub fn drop_all(&mut self, command: &Command<'_>) -> Result<(), String> {
        for variant in 0..self.current.len() {
            self.remove(command, variant)?;
        }
        while let Some(name) = self.further.pop() {
            self.drop_clone(command, &name)?;
        }
        Ok(())
    }

    /// A new clone for a variant, in the place of the one before.
    fn renew(&mut self, command: &Command<'_>, variant: usize) -> Result<(), String> {
        self.remove(command, variant)?;
        self.current[variant] = Some(self.make(command, variant)?);
        Ok(())
    }

    fn make(&mut self, command: &Command<'_>, variant: usize) -> Result<String, String> {
        let source = &self.sources[variant];
        let made = match self.clones.are_marked() {
            // Not given up half-way: what has no mark yet, nobody would take away.
            true => command.runtime.block_on(self.clones.make(source)),
            false => command.wait(self.clones.make(source)).map_err(|failure| failure.message)?,
        };
        made.map_err(|error| chain(&error))
    }

    fn remove(&mut self, command: &Command<'_>, variant: usize) -> Result<(), String> {
        let Some(name) = self.current[variant].take() else { return Ok(()) };
        self.drop_clone(command, &name)
    }

    fn drop_clone(&mut self, command: &Command<'_>, name: &str) -> Result<(), String> {
        let removed = command.wait(self.clones.remove(name)).map_err(|failure| failure.message)?;
        removed.map_err(|error| chain(&error))
    }
}

/// The same way into a clone, where sessions may write.
fn into(target: &Target, name: &str) -> Target {
    let mut target = target.clone();
    if let Target::Postgres(endpoint) = &mut target {
        name.clone_into(&mut endpoint.database);
        endpoint.startup.retain(|(setting, _)| setting != READ_ONLY);
    }
    target
}
