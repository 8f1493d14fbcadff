//! A comparison that has everything in it.

use std::collections::BTreeMap;

use crate::result::compared::{
    COMPARED_VERSION, Compared, ComparedFigure, History, IntervalOver, LeftOutRun, Side, SideRun, Unlike,
};
use crate::result::summary::Verdict;

fn run(dir: &str) -> SideRun {
    SideRun {
        dir: dir.to_owned(),
        started_at: "2026-11-20T11:02:31Z".to_owned(),
        workload: "n-plus-one".to_owned(),
        workload_hash: "5f0c4a6e".repeat(8),
        topology_hash: "9d1b22aa".repeat(8),
        machine: "2 × Intel Xeon".to_owned(),
        dbbench_version: "0.1.0".to_owned(),
        servers: vec!["PostgreSQL 15.18 (primary)".to_owned()],
        partial: false,
        valid: true,
    }
}

fn side(label: &str, name: &str) -> Side {
    Side {
        label: label.to_owned(),
        name: name.to_owned(),
        variant: None,
        runs: (1..=3).map(|number| run(&format!("{name}/{number}"))).collect(),
        left_out: Vec::new(),
    }
}

fn figure(variant: &str, metric: &str, figures: (f64, f64), half: f64, verdict: Verdict) -> ComparedFigure {
    let ratio = figures.1 / figures.0;
    ComparedFigure {
        side: "B".to_owned(),
        against: "A".to_owned(),
        variant: variant.to_owned(),
        against_variant: variant.to_owned(),
        point: BTreeMap::new(),
        metric: metric.to_owned(),
        decides: true,
        figure: Some(figures.1),
        against_figure: Some(figures.0),
        ratio: Some(ratio),
        ci_low: Some(ratio / half),
        ci_high: Some(ratio * half),
        confidence: 0.95,
        interval_over: Some(IntervalOver::Runs),
        runs: 3,
        against_runs: 3,
        rounds: 21,
        against_rounds: 21,
        detectable: Some(1.5 * (half - 1.0)),
        verdict,
        better: match verdict {
            Verdict::Higher => Some(metric == "goodput_per_s"),
            Verdict::Lower => Some(metric != "goodput_per_s"),
            _ => None,
        },
        ..ComparedFigure::default()
    }
}

fn relative(of: ComparedFigure) -> ComparedFigure {
    ComparedFigure { relative_to: Some("n_plus_one".to_owned()), ..of }
}

/// Three runs a side of two variants; `join` has become slower.
pub(super) fn usual() -> Compared {
    let direct = ComparedFigure {
        decides: false,
        ..figure("join", "response_us.p50", (1_020.0, 1_250.0), 1.12, Verdict::Higher)
    };
    let comparisons = vec![
        figure("n_plus_one", "response_us.p50", (12_300.0, 12_500.0), 1.031, Verdict::NoDifference),
        direct,
        ComparedFigure {
            regression: true,
            ..relative(figure("join", "response_us.p50", (0.083, 0.1), 1.04, Verdict::Higher))
        },
        figure("n_plus_one", "response_us.p99", (18_100.0, 19_900.0), 1.2, Verdict::Undecided),
        ComparedFigure {
            reason: Some(
                "response.p99 of join is not stated in B: fewer than ten operations above it; measure longer"
                    .to_owned(),
            ),
            ..none("join", "response_us.p99")
        },
        figure("n_plus_one", "goodput_per_s", (640.0, 630.0), 1.03, Verdict::NoDifference),
        ComparedFigure {
            regression: true,
            ..relative(figure("join", "goodput_per_s", (12.1, 10.0), 1.05, Verdict::Lower))
        },
    ];
    Compared {
        compared_version: COMPARED_VERSION,
        dbbench_version: "0.1.0".to_owned(),
        workload: "n-plus-one".to_owned(),
        sides: vec![side("A", "runs/main"), side("B", "runs/branch")],
        unlike: vec![
            Unlike {
                what: "topology.settings.work_mem".to_owned(),
                side: "B".to_owned(),
                value: "64MB".to_owned(),
                against_value: "4MB".to_owned(),
                measured: false,
            },
            Unlike {
                what: "primary: version".to_owned(),
                side: "B".to_owned(),
                value: "PostgreSQL 17.2".to_owned(),
                against_value: "PostgreSQL 15.18".to_owned(),
                measured: false,
            },
        ],
        valid: true,
        warnings: vec!["B: runs/branch/4 is left out: runs/branch/4/run.json has schema version 99".to_owned()],
        margin: 0.05,
        metric: "response_us.p50".to_owned(),
        comparisons,
        by_chance: 0.3,
        fail_above: Some(0.05),
        ..Compared::default()
    }
}

fn none(variant: &str, metric: &str) -> ComparedFigure {
    ComparedFigure {
        figure: None,
        against_figure: None,
        ratio: None,
        ci_low: None,
        ci_high: None,
        detectable: None,
        interval_over: None,
        ..figure(variant, metric, (1.0, 1.0), 1.0, Verdict::Undecided)
    }
}

/// One run each, not valid, of work that differs, a side with another variant and a zero.
pub(super) fn poor() -> Compared {
    let within = ComparedFigure {
        variant: "batch".to_owned(),
        interval_over: Some(IntervalOver::Rounds),
        reason: Some("one run each; three runs a side".to_owned()),
        runs: 1,
        against_runs: 1,
        point: BTreeMap::from([("load.clients".to_owned(), "8".to_owned())]),
        ..figure("join", "response_us.p50", (1_020.0, 1_250.0), 1.04, Verdict::Undecided)
    };
    let zero = ComparedFigure {
        ratio: None,
        difference: Some(0.021),
        ci_low: Some(0.018),
        ci_high: Some(0.024),
        detectable: Some(0.004),
        interval_over: Some(IntervalOver::KnownSpread),
        ..figure("join", "failures.share", (0.0, 0.021), 1.0, Verdict::Higher)
    };
    let mut sides = vec![side("A", "results/before"), side("B", "results/after")];
    for side in &mut sides {
        side.runs.truncate(1);
    }
    sides[1].variant = Some("batch".to_owned());
    (sides[1].runs[0].valid, sides[1].runs[0].partial) = (false, true);
    sides[0].left_out = vec![LeftOutRun { dir: "results/x".to_owned(), reason: "cut off".to_owned() }];
    Compared {
        sides,
        unlike: vec![Unlike {
            what: "load.clients".to_owned(),
            side: "B".to_owned(),
            value: "16".to_owned(),
            against_value: "8".to_owned(),
            measured: true,
        }],
        forced: true,
        valid: false,
        invalid_reasons: vec!["B (results/after): batch: 2 of 3 rounds are left out; round 1: gone".to_owned()],
        comparisons: vec![within, zero],
        history: Some(History { dir: "results".to_owned(), runs: 9 }),
        fail_above: None,
        ..usual()
    }
}
