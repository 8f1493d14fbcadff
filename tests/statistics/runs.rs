//! Comparisons of runs against known truth: thousands of simulated experiments, each of several runs a side, through the
//! function that compares real ones.

use dbbench::result::Reader;
use dbbench::result::compared::{ComparedFigure, IntervalOver};
use dbbench::result::summary::Verdict;
use dbbench::verdict::between::{Past, Question, SideRuns, compare};
use dbbench::words::{Metric, Percentile, TimeKind};

use crate::world::{Experiment, Mood, NORMAL, World, run, share};

const EXPERIMENTS: u64 = 3_000;
const ROUNDS: u32 = 5;
/// Rounds are quiet here: what counts is how runs differ.
const QUIET: World = World { noise: 0.01, ..NORMAL };
/// Runs of a machine with moods, and caches that are filled in another way each time.
const MOODY: Mood = Mood { of_run: 0.10, of_variant: 0.02 };

fn side(name: &str, runs: Vec<Reader>) -> SideRuns {
    SideRuns { name: name.to_owned(), runs, ..SideRuns::default() }
}

/// So many runs, the ratio of whose variant to the baseline is `truth`.
fn runs(e: &mut Experiment, name: &str, count: usize, mood: Mood, truth: f64) -> Vec<Reader> {
    (0..count)
        .map(|at| Reader {
            dir: format!("{name}{at}").into(),
            run: run(Vec::new()),
            slices: e.moody_slices(QUIET, ROUNDS, truth, mood),
            notes: Vec::new(),
        })
        .collect()
}

/// The comparisons of the median response of `new`: of the figures, and of their ratio to `old`.
fn compared(sides: &[SideRuns], past: &Past) -> [ComparedFigure; 2] {
    let metrics = vec![Metric::Time(TimeKind::Response, Percentile::P50)];
    let question = Question { metrics, only: vec!["new".to_owned()], ..Question::default() };
    let found = compare(sides, past, &question).unwrap().comparisons;
    found.try_into().expect("the figures and the ratio")
}

fn covers(comparison: &ComparedFigure, truth: f64) -> bool {
    (comparison.ci_low.unwrap()..=comparison.ci_high.unwrap()).contains(&truth)
}

fn called(comparison: &ComparedFigure) -> bool {
    matches!(comparison.verdict, Verdict::Lower | Verdict::Higher)
}

/// Shares of experiments in which the intervals of figures and of ratios cover the truth.
fn coverage(counts: (usize, usize), moods: (Mood, Mood), seed: u64) -> [f64; 2] {
    let mut covered = [0_u32; 2];
    share(EXPERIMENTS, seed, |e| {
        let first = side("a", runs(e, "a", counts.0, moods.0, 0.5));
        let other = side("b", runs(e, "b", counts.1, moods.1, 0.6));
        let found = compared(&[first, other], &Past::default());
        for (covered, comparison) in covered.iter_mut().zip(&found) {
            assert_eq!(comparison.interval_over, Some(IntervalOver::Runs));
            *covered += u32::from(covers(comparison, 1.2));
        }
        true
    });
    covered.map(|covered| f64::from(covered) / EXPERIMENTS as f64)
}

/// With three runs a side Welch's interval is a little wider than it says (its degrees of freedom are estimated, and at
/// least two), with more it is exact.
#[test]
fn intervals_over_runs_cover_the_truth() {
    let wild = Mood { of_run: 0.3, of_variant: 0.08 };
    for (seed, counts) in (1_u64..).zip([(3, 3), (3, 5), (5, 5), (10, 4)]) {
        for (moods, what) in [((MOODY, MOODY), "alike"), ((MOODY, wild), "one side much noisier")] {
            let covered = coverage(counts, moods, 200_000_000 + seed * 1_000_000);
            eprintln!("{counts:?} runs, {what}: figures {:.3}, ratios {:.3}", covered[0], covered[1]);
            assert!(covered.iter().all(|covered| (0.93..=0.985).contains(covered)), "{counts:?}, {what}: {covered:?}");
        }
    }
}

/// The promise of the command: of a hundred comparisons of equal sides at most five are called different.
#[test]
fn equal_sides_of_three_runs_are_rarely_called_different() {
    for (seed, mood) in [(210_000_000, MOODY), (211_000_000, Mood { of_run: 0.05, of_variant: 0.1 })] {
        let mut direct = 0;
        let relative = share(EXPERIMENTS, seed, |e| {
            let sides = ["a", "b"].map(|name| side(name, runs(e, name, 3, mood, 0.5)));
            let found = compared(&sides, &Past::default());
            direct += u32::from(called(&found[0]));
            called(&found[1])
        });
        let direct = f64::from(direct) / EXPERIMENTS as f64;
        eprintln!("equal sides called different: figures {direct:.3}, ratios {relative:.3}");
        assert!(relative <= 0.05 && direct <= 0.05, "figures {direct}, ratios {relative}");
    }
}

/// What the shared baseline is for: the moods of runs, far larger than the difference, do not hide it.
#[test]
fn ratios_to_a_baseline_find_what_moods_hide() {
    let mut hidden = 0;
    let found = share(1_000, 220_000_000, |e| {
        let first = side("a", runs(e, "a", 3, MOODY, 0.5));
        let other = side("b", runs(e, "b", 3, MOODY, 0.6));
        let [direct, relative] = compared(&[first, other], &Past::default());
        hidden += u32::from(!called(&direct));
        called(&relative)
    });
    eprintln!("20 % more is found in {found:.3}; without the baseline in {:.3}", 1.0 - f64::from(hidden) / 1e3);
    assert!(found >= 0.95 && hidden >= 300, "{found} {hidden}");
}

/// One run against one: their rounds alone would call most equal runs different. There is no verdict on them, and one on the
/// spread of five others keeps what it promises.
#[test]
fn one_run_each_is_judged_by_the_spread_of_others_alone() {
    let (mut excluded, mut differ) = (0, 0);
    let covered = share(EXPERIMENTS, 230_000_000, |e| {
        let one_each = ["a", "b"].map(|name| side(name, runs(e, name, 1, MOODY, 0.5)));
        let [direct, relative] = compared(&one_each, &Past::default());
        assert_eq!((direct.interval_over, direct.verdict), (Some(IntervalOver::Rounds), Verdict::Undecided));
        assert_eq!(relative.verdict, Verdict::Undecided);
        excluded += u32::from(!covers(&direct, 1.0));
        let past = Past { dir: "past".to_owned(), runs: runs(e, "p", 5, MOODY, 0.5) };
        let [_, relative] = compared(&one_each, &past);
        assert_eq!(relative.interval_over, Some(IntervalOver::KnownSpread));
        differ += u32::from(called(&relative));
        covers(&relative, 1.0)
    });
    let (excluded, differ) = (f64::from(excluded) / EXPERIMENTS as f64, f64::from(differ) / EXPERIMENTS as f64);
    eprintln!(
        "one run each: rounds exclude equality in {excluded:.3}; with five others covered {covered:.3}, called {differ:.3}"
    );
    assert!(excluded > 0.5, "rounds would have done: {excluded}");
    assert!((0.93..=0.97).contains(&covered) && differ <= 0.06, "covered {covered}, called {differ}");
}
