//! The search for the highest rate at which objectives hold, as a pure state machine: [`Seek::next`] names the rate to probe,
//! [`Seek::add`] takes what the probe found.
//!
//! Rates lie on a grid: `hint · (1 + precision)^step`. The grid is bisected; a rate is judged by all its probes together, met
//! or missed when that is at least [`SURE`], and probed again while it is neither. Where nothing becomes sure (the rate lies
//! at the edge itself) its neighbours are judged instead, and the answer is wider by a step: it is always between a rate
//! that met and one that missed, never a guess in between.

mod evidence;
mod growth;

pub use evidence::{Batch, Bound};
pub use growth::is_growing;

use std::collections::BTreeMap;

/// How sure both rates of an answer have to be judged.
pub const SURE: f64 = 0.95;
/// How sure a rate has to be judged for the search to go on above or below it; it comes back where that was wrong.
const LIKELY: f64 = 0.8;
/// Probes that both rates of an answer have at least.
pub const MIN_PROBES: usize = 4;
/// Probes of a rate that stays undecided, while others might narrow the bracket sooner.
const QUOTAS: [usize; 4] = [2, 4, 8, usize::MAX];
/// The first probe, as a share of the hint.
const BEGIN: f64 = 0.8;
/// Up to this multiple of the hint rates are bisected before one is known to miss; beyond, they grow.
const TOP: f64 = 1.06;
/// How fast they grow.
const GROW: f64 = 1.25;
/// Nothing is looked for below this share of the hint, where operations hardly ever meet each other, nor above its inverse.
const LEAST: f64 = 0.01;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Goal {
    /// All must hold.
    pub bounds: Vec<Bound>,
    /// Relative distance of neighbouring rates.
    pub precision: f64,
    /// The most probes of one rate.
    pub most_probes: usize,
    /// About the capacity, per second.
    pub hint_per_s: f64,
    /// No rate above this is probed.
    pub highest_per_s: Option<f64>,
}

/// What a probe found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Parallel to the bounds: batches of about a second.
    pub batches: Vec<Vec<Batch>>,
    /// The rate was not sustained whatever the objectives say: the probe counts as missed.
    pub not_sustained: bool,
    /// It was not the server that missed: no rate from this one on can be judged.
    pub ceiling: bool,
    /// The rate cannot be probed any more: what is known of it stands.
    pub last: bool,
}

/// What is known of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All objectives hold.
    Met,
    /// At least one does not.
    Missed,
    /// Neither is sure.
    Open,
    /// It cannot be judged: the server was not the limit.
    Ceiling,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Probe this rate (step of the grid, per second).
    Probe(i32, f64),
    /// The end.
    End(Answer),
}

/// What the search has found. Rates are steps of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The highest that met, below all that missed; `None`: none did.
    pub met: Option<i32>,
    /// The lowest that missed, or that is a ceiling; `None`: none did.
    pub missed: Option<i32>,
}

#[derive(Clone, Debug, Default)]
struct Tried {
    probes: usize,
    not_sustained: usize,
    ceiling: bool,
    closed: bool,
    /// Parallel to the bounds.
    batches: Vec<Vec<Batch>>,
    /// How sure each bound is exceeded.
    exceeded: Vec<f64>,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Seek {
    goal: Goal,
    tried: BTreeMap<i32, Tried>,
}

impl Seek {
    /// Before the first probe.
    #[must_use]
    pub fn new(goal: Goal) -> Self {
        Self { goal, tried: BTreeMap::new() }
    }

    /// The rate of a step, per second.
    #[must_use]
    pub fn rate(&self, step: i32) -> f64 {
        self.goal.hint_per_s * (1.0 + self.goal.precision).powi(step)
    }

    /// Takes what a probe of a step found.
    pub fn add(&mut self, step: i32, found: Found) {
        let bounds = self.goal.bounds.len();
        let tried = self.tried.entry(step).or_default();
        tried.probes += 1;
        tried.closed |= found.last;
        tried.not_sustained += usize::from(found.not_sustained);
        tried.ceiling |= found.ceiling;
        tried.batches.resize(bounds, Vec::new());
        for (all, new) in tried.batches.iter_mut().zip(found.batches) {
            all.extend(new);
        }
        self.learn();
    }

    /// Whether a probe by itself, and not only as one of many, speaks for a step to meet.
    #[must_use]
    pub fn speaks_for(&self, step: i32, found: &Found) -> bool {
        let mut alone = self.clone();
        alone.tried.remove(&step);
        alone.add(step, found.clone());
        alone.missed(step).is_some_and(|missed| missed <= 1.0 - LIKELY)
    }

    /// Learns from all rates how bad operations clump.
    fn learn(&mut self) {
        let of = |(at, bound): (usize, &Bound)| match bound {
            Bound::Share { share, clump } => {
                let rates = self.tried.values().filter_map(|tried| tried.batches.get(at).map(Vec::as_slice));
                evidence::clumping(*share, *clump, rates)
            }
            Bound::Mean(_) => 1.0,
        };
        let clumps: Vec<f64> = self.goal.bounds.iter().enumerate().map(of).collect();
        for (step, tried) in &mut self.tried {
            // A clump lasts as long at lower rates and has fewer operations.
            let fewer = (1.0 + self.goal.precision).powi(*step).min(1.0);
            let each = self.goal.bounds.iter().zip(&tried.batches).zip(&clumps);
            tried.exceeded =
                each.map(|((bound, batches), clump)| evidence::exceeded(*bound, batches, clump * fewer)).collect();
        }
    }

    /// How sure it is that a step misses: 0 (certainly met) … 1; `None` when it was not probed.
    #[must_use]
    pub fn missed(&self, step: i32) -> Option<f64> {
        let tried = self.tried.get(&step)?;
        let sure = tried.exceeded.iter().copied().fold(0.0, f64::max);
        // Half of the probes overran: no objective on times can make up for that.
        Some(if tried.not_sustained * 2 >= tried.probes { 1.0 } else { sure })
    }

    /// The same for one objective alone.
    #[must_use]
    pub fn missed_bound(&self, step: i32, bound: usize) -> Option<f64> {
        self.tried.get(&step)?.exceeded.get(bound).copied()
    }

    /// Bad operations of all at a step, or the mean.
    #[must_use]
    pub fn figure(&self, step: i32, bound: usize) -> Option<f64> {
        Some(evidence::share_of(self.tried.get(&step)?.batches.get(bound)?))
    }

    /// Probes of a step.
    #[must_use]
    pub fn probes(&self, step: i32) -> usize {
        self.tried.get(&step).map_or(0, |tried| tried.probes)
    }

    /// All steps that were probed, rising.
    pub fn steps(&self) -> impl Iterator<Item = i32> + '_ {
        self.tried.keys().copied()
    }

    /// What is known of a step.
    #[must_use]
    pub fn standing(&self, step: i32) -> Standing {
        let Some(missed) = self.missed(step) else { return Standing::Open };
        let enough = if self.has_room(step) { LIKELY } else { SURE };
        if self.tried.get(&step).is_some_and(|tried| tried.ceiling) {
            Standing::Ceiling
        } else if missed >= enough {
            Standing::Missed
        } else if missed <= 1.0 - enough {
            Standing::Met
        } else {
            Standing::Open
        }
    }

    /// What is known so far.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let missed = self.steps().find(|step| matches!(self.standing(*step), Standing::Missed | Standing::Ceiling));
        let below = |step: &i32| missed.is_none_or(|missed| *step < missed);
        let met = self.steps().filter(below).filter(|step| self.standing(*step) == Standing::Met).last();
        Answer { met, missed }
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self) -> Next {
        if let Some(step) = self.contradiction() {
            return self.probe(step);
        }
        let answer = self.answer();
        let step = match (answer.met, answer.missed) {
            (None, None) => self.undecided(self.steps_of(BEGIN), None, None),
            (None, Some(missed)) => self.downwards(missed),
            (Some(met), None) => self.upwards(met),
            (Some(met), Some(missed)) => self.between(met, missed).or_else(|| self.repeated(&[met, missed])),
        };
        step.map_or(Next::End(answer), |step| self.probe(step))
    }

    fn probe(&self, step: i32) -> Next {
        Next::Probe(step, self.rate(step))
    }

    /// A rate that missed below one that met: whichever was probed less is probed again.
    fn contradiction(&self) -> Option<i32> {
        let missed = self.steps().find(|step| self.standing(*step) == Standing::Missed)?;
        let met =
            self.steps().filter(|step| self.standing(*step) == Standing::Met).last().filter(|met| *met > missed)?;
        let again = if self.probes(met) < self.probes(missed) { met } else { missed };
        self.has_room(again).then_some(again)
    }

    fn has_room(&self, step: i32) -> bool {
        self.tried.get(&step).is_none_or(|tried| !tried.closed && tried.probes < self.goal.most_probes)
    }

    /// The steps from 1 to `share` of the hint.
    fn steps_of(&self, share: f64) -> i32 {
        whole(share.ln() / self.goal.precision.ln_1p())
    }

    /// The highest step allowed.
    fn last(&self) -> i32 {
        let highest = self.goal.highest_per_s.unwrap_or(self.goal.hint_per_s / LEAST);
        let steps = (highest / self.goal.hint_per_s).ln() / self.goal.precision.ln_1p();
        whole((steps + 1e-9).floor())
    }

    /// The lowest step of all; where no more than that is allowed, as far below again.
    fn least(&self) -> i32 {
        let (least, last) = (self.steps_of(LEAST), self.last());
        if last > least { least } else { last + least }
    }

    /// `wanted`, unless it is probed enough and still undecided: then the nearest one to either side that is not, between
    /// the two bounds.
    fn undecided(&self, wanted: i32, above: Option<i32>, below: Option<i32>) -> Option<i32> {
        let last = self.last();
        let low = above.map_or(self.least(), |above| above + 1);
        let high = below.map_or(last, |below| below - 1).min(last);
        if low > high {
            return None;
        }
        let wanted = wanted.clamp(low, high);
        QUOTAS.iter().find_map(|quota| {
            let free = |step: &i32| self.has_room(*step) && self.probes(*step) < *quota;
            // Not farther away than a few steps: what is farther will be asked for by itself.
            let near = (wanted - 3).max(low)..=(wanted + 3).min(high);
            near.filter(free).min_by_key(|step| ((step - wanted).abs(), *step))
        })
    }

    fn downwards(&self, missed: i32) -> Option<i32> {
        let begin = self.steps_of(BEGIN);
        let wanted = if missed > begin { begin } else { missed.saturating_mul(2).min(missed - 1) };
        // At the lowest of all the search ends.
        self.undecided(wanted.max(self.least()), None, Some(missed)).or_else(|| self.repeated(&[missed]))
    }

    fn upwards(&self, met: i32) -> Option<i32> {
        let (top, grow) = (self.steps_of(TOP).max(1), self.steps_of(GROW).max(1));
        let wanted = if met < top { middle(met, top + 1) } else { met + grow.max(met - top) };
        self.undecided(wanted, Some(met), None).or_else(|| self.repeated(&[met]))
    }

    fn between(&self, met: i32, missed: i32) -> Option<i32> {
        if missed - met <= 1 {
            return None;
        }
        // A neighbour of both that stays open is the edge itself: one step more is all that it costs.
        self.undecided(middle(met, missed), Some(met), Some(missed))
    }

    /// The rates of the answer are probed until each is sure, and has been often enough.
    fn repeated(&self, rates: &[i32]) -> Option<i32> {
        let is_sure = |step: i32| self.missed(step).is_some_and(|missed| missed.max(1.0 - missed) >= SURE);
        let is_done = |step: i32| {
            let probed = self.probes(step) >= MIN_PROBES && is_sure(step);
            probed || !self.has_room(step) || self.standing(step) == Standing::Ceiling
        };
        let open = rates.iter().copied().filter(|step| !is_done(*step));
        open.min_by_key(|step| self.probes(*step))
    }
}

fn middle(low: i32, high: i32) -> i32 {
    low + (high - low) / 2
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of f64 saturates; grids have some thousand steps")]
fn whole(steps: f64) -> i32 {
    steps.round() as i32
}

#[cfg(test)]
mod tests;
