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
}

impl Copies {
    /// Of these databases, one for each variant.
    pub fn new(clones: Clones, sources: Vec<String>) -> Self {
        Self { clones, current: vec![None; sources.len()], sources }
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
        let mut target = target.clone();
        if let (Target::Postgres(endpoint), Some(name)) = (&mut target, &self.current[variant]) {
            endpoint.database.clone_from(name);
            endpoint.startup.retain(|(setting, _)| setting != READ_ONLY);
        }
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
        Ok(())
    }

    /// A new clone for a variant, in the place of the one before.
    fn renew(&mut self, command: &Command<'_>, variant: usize) -> Result<(), String> {
        self.remove(command, variant)?;
        let source = &self.sources[variant];
        let made = match self.clones.are_marked() {
            // Not given up half-way: what has no mark yet, nobody would take away.
            true => command.runtime.block_on(self.clones.make(source)),
            false => command.wait(self.clones.make(source)).map_err(|failure| failure.message)?,
        };
        self.current[variant] = Some(made.map_err(|error| chain(&error))?);
        Ok(())
    }

    fn remove(&mut self, command: &Command<'_>, variant: usize) -> Result<(), String> {
        let Some(name) = self.current[variant].take() else { return Ok(()) };
        let removed = command.wait(self.clones.remove(&name)).map_err(|failure| failure.message)?;
        removed.map_err(|error| chain(&error))
    }
}
