//! The servers of a run: one, or, where two sides need servers of their own, one for each side.

use std::cell::Cell;
use std::time::Instant;

use super::Command;
use super::copies::Copies;
use super::external;
use super::stage::{Stage, server_log};
use crate::cli::failure::Failure;
use crate::driver::Target;
use crate::engine::BoundVariant;
use crate::topology::{Embedded, External};
use crate::workload::plan::Plan;

/// A server, started for the run or running already; with the null target neither.
#[derive(Default)]
pub struct Site {
    /// The server that was started for the run.
    pub embedded: Option<Embedded>,
    /// The server that already runs.
    pub external: Option<External>,
}

impl Stage {
    /// Servers that already run.
    pub fn externals(&self) -> impl Iterator<Item = &External> {
        self.sites.iter().filter_map(|site| site.external.as_ref())
    }

    /// The server of a variant, where that was there before.
    pub fn external_of(&self, variant: &str) -> Option<&External> {
        let index = self.bound.iter().position(|bound| bound.name() == variant)?;
        self.sites[self.site_of[index]].external.as_ref()
    }

    /// The end of the log of a server that died by itself.
    pub fn log_of_the_dead(&self) -> Option<String> {
        let mut embedded = self.sites.iter().filter_map(|site| site.embedded.as_ref());
        embedded.find(|embedded| !embedded.is_alive()).map(server_log)
    }

    /// Ends servers and links. When a server had died by itself, the end of its log.
    pub fn strike(self, command: &Command<'_>) -> Option<String> {
        // Nobody may be left on what is taken away.
        drop(self._links);
        let mut said = None;
        for site in self.sites {
            if let Some(external) = site.external {
                external::strike(external, command);
            }
            let Some(embedded) = site.embedded else { continue };
            let log = (!embedded.is_alive()).then(|| server_log(&embedded));
            let ended = match embedded.stop() {
                Ok(()) => log,
                // The reaper ends what would not end.
                Err(error) => Some(log.unwrap_or_else(|| error.to_string())),
            };
            said = said.or(ended);
        }
        said
    }

    /// Two sides of one run, each on what was made ready for it: their variants alternate, as in the plan of both.
    pub fn joined(a: Self, b: Self) -> Self {
        let places: Vec<(usize, usize)> = (0..a.bound.len()).flat_map(|index| [(0, index), (1, index)]).collect();
        let mut sites = a.sites;
        sites.extend(b.sites);
        let clones = match (a.clones, b.clones) {
            (Some(of_a), Some(of_b)) => Some(Copies::joined(vec![of_a, of_b], &places)),
            _ => None,
        };
        let mut links = a._links;
        links.extend(b._links);
        let mut null_endpoints = a._null_endpoints;
        null_endpoints.extend(b._null_endpoints);
        Self {
            sites,
            site_of: places.iter().map(|(site, _)| *site).collect(),
            targets: alternating(a.targets, b.targets),
            direct: alternating(a.direct, b.direct),
            bound: alternating(a.bound, b.bound),
            clones,
            known: a.known.joined(b.known),
            _links: links,
            _null_endpoints: null_endpoints,
        }
    }

    /// Those of one side alone: what is compared, and where.
    pub fn of_side(&self, side: usize, targets: &[Vec<Target>]) -> (Vec<BoundVariant>, Vec<Vec<Target>>) {
        let bound = self.bound.iter().skip(side).step_by(2).cloned().collect();
        (bound, targets.iter().skip(side).step_by(2).cloned().collect())
    }
}

/// One of each in turns.
pub fn alternating<T>(a: Vec<T>, b: Vec<T>) -> Vec<T> {
    a.into_iter().zip(b).flat_map(|(a, b)| [a, b]).collect()
}

/// Copies of the data on servers that already run; `None` where one of them has none to copy.
///
/// # Errors
/// When a server does not let another session in.
pub fn copies(command: &Command<'_>, plan: &Plan, stage: &mut Stage) -> Result<Option<Copies>, Failure> {
    let mut parts = Vec::new();
    for site in &mut stage.sites {
        let Some(external) = &mut site.external else { return Ok(None) };
        let Some(copies) = external::copies(command, plan, external)? else { return Ok(None) };
        parts.push(copies);
    }
    let places: Vec<(usize, usize)> = stage.site_of.iter().copied().zip(0..).collect();
    Ok(Some(Copies::joined(parts, &places)))
}

/// The CPU of local servers: of the one that is measured, and of the one that should be idle.
pub struct Meter<'a> {
    sites: &'a [Site],
    site_of: &'a [usize],
    current: Cell<usize>,
    /// When the current slice was made ready, and what the other server had used by then.
    begin: Cell<Option<(Instant, u64)>>,
}

impl<'a> Meter<'a> {
    /// Of these servers.
    pub fn new(sites: &'a [Site], site_of: &'a [usize]) -> Self {
        Self { sites, site_of, current: Cell::new(0), begin: Cell::new(None) }
    }

    /// The next slice is one of this variant.
    pub fn turn_to(&self, variant: usize) {
        self.current.set(self.site_of[variant]);
        self.begin.set(self.other_ns().map(|ns| (Instant::now(), ns)));
    }

    /// What the server in use has used so far, ns; `None` where it is not local.
    pub fn cpu_ns(&self) -> Option<u64> {
        self.sites[self.current.get()].embedded.as_ref().and_then(Embedded::cpu_ns)
    }

    /// What the other server used since the slice was made ready, as a share of one CPU.
    #[expect(clippy::cast_precision_loss, reason = "a share of two digits")]
    pub fn other_share(&self) -> Option<f64> {
        let (begin, before) = self.begin.get()?;
        let used = self.other_ns()?.saturating_sub(before);
        Some(used as f64 / begin.elapsed().as_nanos().max(1) as f64)
    }

    fn other_ns(&self) -> Option<u64> {
        let other = self.sites.iter().enumerate().find(|(index, _)| *index != self.current.get())?.1;
        other.embedded.as_ref().and_then(Embedded::cpu_ns)
    }
}
