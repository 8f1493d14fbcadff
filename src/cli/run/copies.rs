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
    /// Of each server.
    clones: Vec<Clones>,
    /// By variant: which of these servers it is on.
    site_of: Vec<usize>,
    /// By variant: the database that its clones are made of.
    sources: Vec<String>,
    /// By variant: the clone in use.
    current: Vec<Option<String>>,
    /// Clones beside those, each with its server.
    further: Vec<(usize, String)>,
}

impl Copies {
    /// Of these databases, one for each variant.
    pub fn new(clones: Clones, sources: Vec<String>) -> Self {
        let variants = sources.len();
        let clones = vec![clones];
        Self { clones, site_of: vec![0; variants], current: vec![None; variants], sources, further: Vec::new() }
    }

    /// Those of several servers, before there are any: `places` says for each variant which of them it is on, and its index
    /// there.
    pub fn joined(parts: Vec<Self>, places: &[(usize, usize)]) -> Self {
        let sources = places.iter().map(|(site, index)| parts[*site].sources[*index].clone()).collect();
        Self {
            clones: parts.into_iter().flat_map(|part| part.clones).collect(),
            site_of: places.iter().map(|(site, _)| *site).collect(),
            sources,
            current: vec![None; places.len()],
            further: Vec::new(),
        }
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
        self.further.push((self.site_of[variant], name));
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
        while let Some((site, name)) = self.further.pop() {
            self.drop_clone(command, site, &name)?;
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
        let (source, clones) = (&self.sources[variant], &mut self.clones[self.site_of[variant]]);
        let made = match clones.are_marked() {
            // Not given up half-way: what has no mark yet, nobody would take away.
            true => command.runtime.block_on(clones.make(source)),
            false => command.wait(clones.make(source)).map_err(|failure| failure.message)?,
        };
        made.map_err(|error| chain(&error))
    }

    fn remove(&mut self, command: &Command<'_>, variant: usize) -> Result<(), String> {
        let Some(name) = self.current[variant].take() else { return Ok(()) };
        self.drop_clone(command, self.site_of[variant], &name)
    }

    fn drop_clone(&mut self, command: &Command<'_>, site: usize, name: &str) -> Result<(), String> {
        let removed = command.wait(self.clones[site].remove(name)).map_err(|failure| failure.message)?;
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
