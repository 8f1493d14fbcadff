//! Machines to measure on whose truth is known: what a run finds there can be counted right or wrong.

use dbbench::engine::order_of_variants;
use dbbench::result::TimesUs;
use dbbench::result::run::{Judgement, RunRecord, VariantRecord};
use dbbench::result::slice::SliceRecord;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What disturbs the figures. Everything is multiplicative, in logs.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub name: &'static str,
    /// Spread of each slice by itself, normal.
    pub noise: f64,
    /// Spread of a step between two rounds, shared by all slices of a round.
    pub steps: f64,
    /// Drift over the whole run, going on within rounds: who comes later is slower.
    pub drift: f64,
    /// Share of slices that something hits, and by how much it slows them on average (one-sided, exponential).
    pub outliers: (f64, f64),
}

const QUIET: World = World { name: "normal", noise: 0.03, steps: 0.0, drift: 0.0, outliers: (0.0, 0.0) };

/// Nothing but noise.
pub const NORMAL: World = QUIET;
/// The machine slows down and recovers from round to round; both variants of a round see the same.
pub const SHARED_DRIFT: World = World { name: "drift shared within rounds", steps: 0.2, ..QUIET };
/// It becomes slower all the time, also between two slices of a round.
pub const STEADY_DRIFT: World = World { name: "drift within rounds", steps: 0.05, drift: 0.2, ..QUIET };
/// One slice in ten is hit by something, mostly a little, sometimes badly.
pub const OUTLIERS: World = World { name: "one-sided outliers", outliers: (0.1, 0.2), ..QUIET };

/// How runs differ from each other as a whole, in logs: all of a run, and each variant by itself.
#[derive(Clone, Copy, Debug)]
pub struct Mood {
    pub of_run: f64,
    pub of_variant: f64,
}

/// One run: figures per round.
pub struct Experiment {
    rng: Xoshiro256PlusPlus,
    seed: u64,
}

impl Experiment {
    pub fn new(seed: u64) -> Self {
        Self { rng: Xoshiro256PlusPlus::seed_from_u64(seed), seed }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.rng)
    }

    /// Figures (of the variant, of the baseline) round by round, with the true ratio `truth`.
    pub fn pairs(&mut self, world: World, rounds: u32, truth: f64) -> Vec<(f64, f64)> {
        let mut weather = 0.0;
        (1..=rounds)
            .map(|round| {
                weather += world.steps * self.normal();
                let order = order_of_variants(self.seed, round, 2);
                let mut logs = [100_f64.ln(), (100.0 * truth).ln()];
                for (position, variant) in order.into_iter().enumerate() {
                    let gone = f64::from(round - 1) + position as f64 / 2.0;
                    logs[variant] += weather + world.drift * gone / f64::from(rounds) + world.noise * self.normal();
                    let (share, by) = world.outliers;
                    if share > 0.0 && self.rng.random_bool(share) {
                        let hit: f64 = Exp1.sample(&mut self.rng);
                        logs[variant] += by * hit;
                    }
                }
                (logs[1].exp(), logs[0].exp())
            })
            .collect()
    }

    /// The same as slices of a run.
    pub fn slices(&mut self, world: World, rounds: u32, truth: f64) -> Vec<SliceRecord> {
        let pairs = self.pairs(world, rounds, truth);
        pairs
            .iter()
            .zip(1..)
            .flat_map(|((new, old), round)| [slice("old", round, *old), slice("new", round, *new)])
            .collect()
    }

    /// The slices of a run in a mood of its own.
    pub fn moody_slices(&mut self, world: World, rounds: u32, truth: f64, mood: Mood) -> Vec<SliceRecord> {
        let of_run = mood.of_run * self.normal();
        let [of_old, of_new] = [0, 1].map(|_| (of_run + mood.of_variant * self.normal()).exp());
        let mut slices = self.slices(world, rounds, truth);
        for slice in &mut slices {
            let factor = if slice.variant == "old" { of_old } else { of_new };
            slice.mix.response.us.p50 = slice.mix.response.us.p50.map(|us| us * factor);
        }
        slices
    }
}

fn slice(variant: &str, round: u32, p50_us: f64) -> SliceRecord {
    let mut slice = SliceRecord { round, variant: variant.to_owned(), valid: true, ..SliceRecord::default() };
    slice.mix.response.us = TimesUs { p50: Some(p50_us), ..TimesUs::default() };
    slice
}

/// What such a run was asked.
pub fn run(claims: Vec<Judgement>) -> RunRecord {
    let variant = |name: &str| VariantRecord { name: name.to_owned(), ..VariantRecord::default() };
    RunRecord {
        baseline: "old".to_owned(),
        margin: 0.05,
        histogram_digits: 3,
        variants: vec![variant("old"), variant("new")],
        claims,
        ..RunRecord::default()
    }
}

/// In what share of `count` experiments something happens. Each has a seed of its own.
pub fn share(count: u64, first_seed: u64, mut happens: impl FnMut(&mut Experiment) -> bool) -> f64 {
    let times = (0..count).filter(|number| happens(&mut Experiment::new(first_seed + number))).count();
    times as f64 / count as f64
}
