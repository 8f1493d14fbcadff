use super::*;
use crate::result::summary::{Comparison, Figures, Round, RoundTimes, Variant};

/// A run with one round of two variants.
fn summary(day: u32, p50_us: f64) -> Summary {
    let variant = |name: &str, p50_us: f64| {
        let response_us = RoundTimes { p50: Some(p50_us), p99: None, mean: None };
        Variant {
            name: name.to_owned(),
            valid: true,
            rounds: vec![Round { round: 1, valid: true, response_us, ..Round::default() }],
            mix: Figures { succeeded: 99, failed: 1, ..Figures::default() },
            ..Variant::default()
        }
    };
    Summary {
        workload: "w".to_owned(),
        workload_hash: "aaaa".to_owned(),
        machine: "box".to_owned(),
        started_at: format!("2026-01-{day:02}T00:00:00Z"),
        valid: true,
        baseline: "base".to_owned(),
        variants: vec![variant("base", 100.0), variant("new", p50_us)],
        ..Summary::default()
    }
}

fn read(summaries: Vec<Summary>) -> Vec<(String, Summary)> {
    summaries.into_iter().enumerate().map(|(at, summary)| (format!("r{at}"), summary)).collect()
}

fn shown(summaries: Vec<Summary>, question: &Question) -> Result<History, Refusal> {
    history(read(summaries), Vec::new(), question)
}

fn dirs(history: &History) -> Vec<&str> {
    history.runs.iter().map(|run| run.dir.as_str()).collect()
}

#[test]
fn runs_stand_in_the_order_of_time_whatever_their_folders_are_called() {
    let history = shown(vec![summary(9, 50.0), summary(2, 50.0), summary(5, 50.0)], &Question::default()).unwrap();
    assert_eq!(dirs(&history), ["r1", "r2", "r0"]);
}

#[test]
fn a_level_that_changes_is_found_with_its_run_size_and_direction() {
    let p50 = |day: u32| if day <= 12 { 50.0 } else { 60.0 } + f64::from(day % 3) * 0.2;
    let history = shown((1..=24).map(|day| summary(day, p50(day))).collect(), &Question::default()).unwrap();
    let series = history.series.iter().find(|series| series.variant == "new" && series.relative_to.is_none()).unwrap();
    let [change] = series.changes.as_slice() else { panic!("{:?}", series.changes) };
    assert_eq!((change.run, change.dir.as_str(), change.better), (12, "r12", Some(false)));
    assert!((change.ratio.unwrap() - 1.2).abs() < 0.01 && change.ci_low.unwrap() > 1.15, "{change:?}");
    assert_eq!(series.levels.iter().map(|level| (level.first, level.last)).collect::<Vec<_>>(), [(0, 11), (12, 23)]);
    let baseline = &history.series.iter().find(|series| series.variant == "base").unwrap();
    assert!(baseline.changes.is_empty() && baseline.levels.len() == 1 && baseline.relative_to.is_none());
}

/// The machine becomes half as quick for both: the figures change, their ratio does not.
#[test]
fn what_slows_a_whole_run_is_no_change_of_the_ratio() {
    let of_day = |day: u32| {
        let mut summary = summary(day, 50.0 + f64::from(day % 5) * 0.1);
        let slow = if day <= 10 { 1.0 } else { 2.0 };
        for variant in &mut summary.variants {
            variant.rounds[0].response_us.p50 = variant.rounds[0].response_us.p50.map(|us| us * slow);
        }
        summary
    };
    let history = shown((1..=20).map(of_day).collect(), &Question::default()).unwrap();
    let changes: Vec<(bool, usize)> =
        history.series.iter().map(|series| (series.relative_to.is_some(), series.changes.len())).collect();
    assert_eq!(changes, [(false, 1), (false, 1), (true, 0)]);
}

#[test]
fn the_largest_group_is_shown_and_the_others_are_named() {
    let other = |day: u32| Summary { workload_hash: "bbbb".to_owned(), ..summary(day, 50.0) };
    let elsewhere = Summary { machine: "laptop".to_owned(), ..summary(8, 50.0) };
    let all = || vec![summary(1, 50.0), other(2), other(3), summary(4, 50.0), summary(5, 50.0), elsewhere.clone()];
    let history = shown(all(), &Question::default()).unwrap();
    assert_eq!((history.group.workload_hash.as_str(), history.runs.len()), ("aaaa", 3));
    assert_eq!(history.others.iter().map(|group| group.runs).collect::<Vec<_>>(), [2, 1]);
    let chosen = |question: Question| shown(all(), &question).unwrap().runs.len();
    assert_eq!(chosen(Question { hash: Some("bb".to_owned()), ..Question::default() }), 2);
    assert_eq!(chosen(Question { machine: Some("laptop".to_owned()), ..Question::default() }), 1);
    let forced = shown(all(), &Question { force: true, ..Question::default() }).unwrap();
    assert_eq!((forced.runs.len(), forced.others.len(), forced.forced), (6, 0, true));
    let what: Vec<(usize, &str)> = forced.unlike.iter().map(|turn| (turn.run, turn.what.as_str())).collect();
    assert_eq!(what, [(1, "workload_hash"), (3, "workload_hash"), (5, "machine")]);
    // Of two as large the newer one.
    let two = shown(vec![summary(1, 50.0), other(2)], &Question::default()).unwrap();
    assert_eq!(two.group.workload_hash, "bbbb");
}

#[test]
fn what_cannot_be_relied_on_is_named_and_left_out() {
    let partial = Summary { partial: true, rounds: 2, ..summary(2, 50.0) };
    let invalid =
        Summary { valid: false, invalid_reasons: vec!["the generator was the limit".to_owned()], ..summary(3, 50.0) };
    let other = Summary { workload: "other".to_owned(), partial: true, rounds: 2, ..summary(4, 50.0) };
    let all = || vec![summary(1, 50.0), partial.clone(), invalid.clone(), other.clone()];
    let history = shown(all(), &Question { workload: Some("w".to_owned()), ..Question::default() }).unwrap();
    let reasons: Vec<(&str, &str)> =
        history.left_out.iter().map(|run| (run.dir.as_str(), run.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            ("r1", "partial: the run was cut off before its last round"),
            ("r2", "not valid: the generator was the limit"),
        ],
        "of another workload nothing is said"
    );
    let nothing = shown(vec![partial.clone()], &Question::default()).unwrap_err();
    assert_eq!(nothing.to_string(), "no result can be used:\n  r0: partial: the run was cut off before its last round");
}

/// All rounds came, and one slice of them failed: the run is valid, and belongs to the history as its report says.
#[test]
fn a_run_with_a_failed_slice_is_part_of_the_history() {
    let mut failed = Summary { partial: true, rounds: 1, ..summary(2, 50.0) };
    failed.variants[0].rounds[0].valid = false;
    let with = |second: Summary| dirs(&shown(vec![summary(1, 50.0), second], &Question::default()).unwrap()).len();
    assert_eq!(with(failed.clone()), 2);
    assert_eq!(with(Summary { interrupted: true, ..failed }), 1);
}

/// A variant without enough valid rounds leaves a gap; the other one keeps its figure.
#[test]
fn a_missing_figure_is_a_gap_and_no_zero() {
    let mut gap = summary(2, 50.0);
    gap.variants[1].valid = false;
    let history = shown(vec![summary(1, 50.0), gap, summary(3, 52.0)], &Question::default()).unwrap();
    let of = |relative: bool| {
        let wanted = |series: &&Series| series.variant == "new" && series.relative_to.is_some() == relative;
        history.series.iter().find(wanted).unwrap().figures.clone()
    };
    assert_eq!(of(false), [Some(50.0), None, Some(52.0)]);
    assert_eq!(of(true), [Some(0.5), None, Some(0.52)]);
}

/// The run's own comparison is taken, which is within rounds; without one the ratio of the figures.
#[test]
fn ratios_are_those_of_the_run() {
    let mut compared = summary(1, 50.0);
    compared.comparisons = vec![Comparison {
        variant: "new".to_owned(),
        baseline: "base".to_owned(),
        metric: "response_us.p50".to_owned(),
        ratio: Some(0.48),
        ..Comparison::default()
    }];
    let history = shown(vec![compared, summary(2, 50.0)], &Question::default()).unwrap();
    assert_eq!(history.series[2].figures, [Some(0.48), Some(0.5)]);
}

#[test]
fn other_metrics_are_found_and_missing_ones_are_told() {
    let ask = |name: &str| {
        let metrics = vec![Metric::parse(name).unwrap()];
        shown(vec![summary(1, 50.0)], &Question { metrics, ..Question::default() })
    };
    let shares = ask("failures.share").unwrap();
    assert_eq!(shares.series[0].figures, [Some(0.01)]);
    assert_eq!(ask("response.p999").unwrap_err().to_string(), "no run of w states response.p999");
}

#[test]
fn what_is_asked_for_and_not_there_is_told_with_what_is() {
    let ask = |question: Question| shown(vec![summary(1, 50.0)], &question).unwrap_err().to_string();
    assert_eq!(
        ask(Question { workload: Some("v".to_owned()), ..Question::default() }),
        "no run of workload \"v\"; there is w on box (1 run, hash aaaa)"
    );
    assert_eq!(
        ask(Question { only: vec!["newer".to_owned()], ..Question::default() }),
        "no run of w has a variant \"newer\"; there are base, new"
    );
}

/// Of `dbbench ab`: the ratio is that of side b to side a, not to the baseline of the workload.
#[test]
fn of_two_sides_the_ratio_is_that_of_one_to_the_other() {
    let mut sides = summary(1, 50.0);
    for (variant, name) in sides.variants.iter_mut().zip(["new@a", "new@b"]) {
        name.clone_into(&mut variant.name);
    }
    sides.variants[1].against = Some("new@a".to_owned());
    "base@a".clone_into(&mut sides.baseline);
    let history = shown(vec![sides], &Question::default()).unwrap();
    let of_b = history.series.iter().find(|series| series.relative_to.as_deref() == Some("new@a")).unwrap();
    assert_eq!((of_b.variant.as_str(), &of_b.figures), ("new@b", &vec![Some(0.5)]));
}
