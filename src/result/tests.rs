//! A folder is written, cut off, damaged and read again.

use std::path::Path;

use super::interval::IntervalContext;
use super::run::{OperationRecord, RunRecord, VariantRecord};
use super::slice::{SliceContext, SliceRecord};
use super::slowest::SlowRecord;
use super::summary::Summary;
use super::{Calibration, Reader, Repeated, SCHEMA_VERSION, Store, StoreError, default_dir, summarize};
use crate::metrics::{
    Distribution, MachineUsage, Outcome, Precision, Reconnects, Recorder, SliceMetrics, Snapshot, Times, WorkerUsage,
};
use crate::words::{FailureClass, FailureKey, SqlState};

fn run() -> RunRecord {
    let operation = |name: &str| OperationRecord { name: name.into(), job: "page".into(), ..Default::default() };
    let variant = |name: &str| VariantRecord {
        name: name.into(),
        operations: vec![operation("read"), operation("list")],
        ..VariantRecord::default()
    };
    RunRecord {
        schema_version: SCHEMA_VERSION,
        workload: "n-plus-one".into(),
        started_at_epoch_s: 1.8e9,
        rounds: 2,
        baseline: "a".into(),
        variants: vec![variant("a"), variant("b")],
        ..RunRecord::default()
    }
}

fn context(variant: &str, round: u32) -> SliceContext {
    SliceContext {
        round,
        position: 1,
        variant: variant.into(),
        operations: vec![("read".into(), "page".into()), ("list".into(), "page".into())],
        start_s: f64::from(round) * 3.0,
        ..SliceContext::default()
    }
}

/// 2,000 operations of `read` (1 … 2,000 µs, times `factor`), every tenth failing, and 20 of `list`.
fn metrics(factor: u64) -> SliceMetrics {
    let mut recorder = Recorder::new(2, Precision::ThreeDigits);
    let mut record = |operation, ns, outcome| {
        recorder.started(operation);
        let times = Times { response_ns: ns, service_ns: ns - 10, lag_ns: 10, ..Times::default() };
        recorder.ended(operation, times, outcome, 3, 5);
    };
    for n in 1..=2_000_u64 {
        let key = match n % 20 {
            0 => FailureKey::State(SqlState::new("40001").unwrap()),
            _ => FailureKey::Class(FailureClass::Connection),
        };
        let failed = Outcome::Failed { key, message: "could not, \"quoted\"\nand broken".into(), censored: false };
        record(0, n * factor * 1_000, if n % 10 == 0 { failed } else { Outcome::Succeeded });
    }
    (0..20).for_each(|n| record(1, 5_000_000 + n, Outcome::Succeeded));
    let mut connect = Distribution::new();
    (0..8).for_each(|n| connect.record(3_000_000 + n));
    SliceMetrics {
        background: Vec::new(),
        total: recorder.swap(),
        warmup: Snapshot::new(2, Precision::ThreeDigits),
        connect,
        measure_ns: 2_000_000_000,
        asked_per_s: None,
        warmup_ns: 500_000_000,
        warmed_up: true,
        drain_ns: 1_000_000,
        workers: vec![WorkerUsage { cpu_ns: 1_000_000, cpu_wait_ns: None, wall_ns: 2_000_000_000 }],
        server_cpu_ns: None,
        machine: MachineUsage::default(),
        reconnects: Reconnects::default(),
        failed: None,
        interrupted: false,
    }
}

/// Two rounds of two variants, the second of `b` failed.
fn write(dir: &Path) -> Store {
    let mut store = Store::create(dir, &run()).unwrap();
    for (variant, round, factor) in [("a", 1, 2), ("b", 1, 1), ("a", 2, 4), ("b", 2, 1)] {
        let mut metrics = metrics(factor);
        if (variant, round) == ("b", 2) {
            metrics.failed = Some("the server went away".into());
        }
        let interval = IntervalContext {
            start_s: f64::from(round) * 3.0,
            seconds: 1.0,
            round,
            measuring: true,
            variant: variant.into(),
            operations: vec!["read".into(), "list".into()],
            ..IntervalContext::default()
        };
        store.append_interval(&interval, &metrics.total).unwrap();
        store.close_slice(&context(variant, round), &metrics, |_| {}).unwrap();
    }
    store
}

fn summary(reader: &Reader) -> Summary {
    summarize(&reader.run, &reader.slices, &reader.histograms().unwrap(), &reader.dir)
}

#[test]
fn a_summary_merges_the_histograms_of_valid_rounds_and_adds_counts() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!((reader.notes.len(), reader.slices.len()), (0, 4));
    let summary = summary(&reader);
    assert!(summary.partial, "a failed slice is one fewer than planned");
    assert_eq!(summary.left_out.len(), 1);

    let mut all = Distribution::new();
    for factor in [2, 4] {
        (1..=2_000_u64).filter(|n| n % 10 != 0).for_each(|n| all.record(n * factor * 1_000));
    }
    let a = summary.variant("a").unwrap();
    let read = &a.operations[0].figures;
    assert_eq!(read.response_us.p99, all.quantile_ns(0.99, 0).map(|ns| ns / 1e3));
    assert_eq!(read.response_us.p50, all.quantile_ns(0.5, 0).map(|ns| ns / 1e3));
    assert_eq!((read.response_us.min, read.response_us.max), (Some(2.0), Some(7_996.0)));
    assert_eq!(read.response_us.mean, all.mean_ns().map(|ns| ns / 1e3));
    assert_eq!((read.succeeded, read.failed, read.planned), (3_600, 400, 4_000));
    assert_eq!(read.failures, [("40001".to_owned(), 200), ("connection".to_owned(), 200)].into());
    assert_eq!(read.goodput_per_s, Some(900.0));
    assert_eq!((a.mix.succeeded, a.mix.statements_per_operation), (3_640, Some(3.0)));
    assert_eq!(a.mix.response_us.min, Some(2.0));
    assert_eq!((a.mix.queue_us.p50, a.mix.queue_us.max), (None, None), "what was not measured is null");
    assert_eq!(a.operations[1].figures.response_us.p99, None, "twenty operations a round have no p99");
    // Of `b` only the first round counts.
    let b = summary.variant("b").unwrap();
    assert_eq!((b.mix.succeeded, b.rounds.len(), b.rounds[1].valid), (1_820, 2, false));
}

/// What the harness adds to a statement is added to a round trip, and how many of these a pipeline has is not counted.
#[test]
fn the_harness_of_statements_that_share_round_trips_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let mut reader = Reader::open(dir.path()).unwrap();
    let added_p50_us = Some(Repeated { median: 9.0, low: Some(8.0), high: Some(10.0), repeats: 5 });
    reader.run.environment.calibration = Some(Calibration { added_p50_us, ..Calibration::default() });
    reader.run.variants[1].operations[1].shares_round_trips = true;
    let harness: Vec<_> = summary(&reader).variants.iter().map(|variant| variant.harness_us_per_operation).collect();
    assert_eq!(harness, [Some(27.0), None]);
}

/// Both operations of the slice differ by far, so that a mean of their percentiles lies where no operation was.
#[test]
fn percentiles_of_a_mix_come_from_the_counts_of_all_its_operations() {
    let mut metrics = metrics(1);
    let mut slow = Recorder::new(2, Precision::ThreeDigits);
    for n in 0..500_u64 {
        slow.started(1);
        let ns = 1_000_000_000 + n;
        slow.ended(1, Times { response_ns: ns, service_ns: ns, ..Times::default() }, Outcome::Succeeded, 1, 1);
    }
    metrics.total.merge(&slow.swap());
    let record = SliceRecord::new(&context("a", 1), &metrics);
    let mut all = Distribution::new();
    metrics.total.operations.iter().for_each(|operation| all.merge(&operation.response));
    assert_eq!(all.count(), 1_800 + 20 + 500);
    let found = &record.mix.response.us;
    for (q, of_mix) in [(0.5, found.p50), (0.9, found.p90), (0.99, found.p99)] {
        assert_eq!(of_mix, all.quantile_ns(q, 0).map(|ns| ns / 1e3), "{q}");
    }
    assert!(found.p50 < Some(2_000.0) && found.p90 > Some(1_000_000.0), "{found:?}");
    let job = &record.jobs[0].response.us;
    assert_eq!((job.p50, job.p90), (found.p50, found.p90), "both operations do the same job");
}

#[test]
fn lost_connections_and_interrupts_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path(), &run()).unwrap();
    let mut close = |variant, round, all, warmup, interrupted: bool| {
        let failed = interrupted.then(|| "interrupted".to_owned());
        let reconnects = Reconnects { all, warmup, ..Reconnects::default() };
        let metrics = SliceMetrics { reconnects, failed, interrupted, ..metrics(1) };
        store.close_slice(&context(variant, round), &metrics, |_| {}).unwrap();
    };
    close("a", 1, 8, 0, false);
    close("b", 1, 2, 2, false);
    close("b", 2, 3, 1, false);
    let lost = |summary: &Summary| -> Vec<String> {
        summary.warnings.iter().filter(|warning| warning.contains("lost")).cloned().collect()
    };
    let closed = summary(&Reader::open(dir.path()).unwrap());
    assert!(closed.partial && !closed.interrupted);
    let expected = [
        "a: connections were lost and made again 8 times in round 1; its figures contain the outage",
        "b: connections were lost and made again 2 times in round 1 (in the warm-up), 3 times in round 2 (1 of them in the \
         warm-up); its figures contain the outage as far as it lay in the measurement",
    ];
    assert_eq!(lost(&closed), expected);
    close("a", 2, 4, 0, true);
    let cut = summary(&Reader::open(dir.path()).unwrap());
    assert!(cut.partial && cut.interrupted);
    assert_eq!(lost(&cut), expected, "what is left out has no figures");
}

#[test]
fn connections_closed_at_a_timeout_are_no_outage() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path(), &run()).unwrap();
    let mut close = |variant, reconnects| {
        let metrics = SliceMetrics { reconnects, ..metrics(1) };
        store.close_slice(&context(variant, 1), &metrics, |_| {}).unwrap();
    };
    close("a", Reconnects { all: 37, warmup: 2, timed_out: 37, timed_out_warmup: 2, re_prepared: 0 });
    close("b", Reconnects { all: 5, warmup: 1, timed_out: 4, timed_out_warmup: 1, re_prepared: 0 });
    let closed = summary(&Reader::open(dir.path()).unwrap());
    let said: Vec<&String> = closed.warnings.iter().filter(|text| text.contains("made ")).collect();
    let meaning = "no connection was lost, and the operation after each waited for the new one (acquire time)";
    let begin = "dbbench closed connections at the `timeout` of an operation and made new ones";
    assert_eq!(
        said,
        [
            &format!("a: {begin} 37 times in round 1 (2 of them in the warm-up); {meaning}"),
            "b: connections were lost and made again 1 time in round 1; its figures contain the outage",
            &format!("b: {begin} 4 times in round 1 (1 of them in the warm-up); {meaning}"),
        ]
    );
}

#[test]
fn a_long_slice_is_logged_every_ten_seconds_and_read_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path(), &run()).unwrap();
    let mut whole = metrics(1);
    whole.total = Snapshot::default();
    for n in 0..25_u32 {
        let part = metrics(u64::from(n) + 1).total;
        whole.total.merge(&part);
        let interval = IntervalContext {
            start_s: f64::from(n),
            seconds: 1.0,
            round: 1,
            measuring: true,
            variant: "a".into(),
            operations: vec!["read".into(), "list".into()],
            ..IntervalContext::default()
        };
        store.append_interval(&interval, &part).unwrap();
    }
    store.close_slice(&context("a", 1), &whole, |_| {}).unwrap();
    let log = std::fs::read_to_string(dir.path().join("histograms.hlog")).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("Tag=a/read/response/p0/r1")).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[2].starts_with("Tag=a/read/response/p0/r1,20.000,5.000,"));
    let summary = summary(&Reader::open(dir.path()).unwrap());
    let p99 = whole.total.operations[0].response.quantile_ns(0.99, 0).map(|ns| ns / 1e3);
    assert!(p99.is_some());
    assert_eq!(summary.variants[0].operations[0].figures.response_us.p99, p99);
}

#[test]
fn a_folder_cut_off_anywhere_gives_what_was_closed() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let slices = dir.path().join("slices.jsonl");
    let whole = std::fs::read(&slices).unwrap();
    let lines: Vec<usize> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    for (cut, kept, notes) in [(lines[2] - 1, 2, 1), (lines[2], 3, 0), (lines[2] + 1, 3, 0), (0, 0, 0)] {
        std::fs::write(&slices, &whole[..cut]).unwrap();
        let reader = Reader::open(dir.path()).unwrap();
        assert_eq!((reader.slices.len(), reader.notes.len()), (kept, notes), "cut at {cut}");
        let summary = summary(&reader);
        assert!(summary.partial);
        assert_eq!(summary.variant("a").unwrap().mix.response_us.p50.is_some(), kept > 0);
    }
    assert_eq!(Reader::open(dir.path()).unwrap().summary().unwrap(), None);
}

#[test]
fn histograms_that_are_missing_give_no_percentiles_instead_of_wrong_ones() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let log = dir.path().join("histograms.hlog");
    let text = std::fs::read_to_string(&log).unwrap();
    let torn: String =
        text.lines().filter(|line| !line.starts_with("Tag=a/read/response/p0/r2")).collect::<Vec<_>>().join("\n");
    std::fs::write(&log, torn).unwrap();
    let summary = summary(&Reader::open(dir.path()).unwrap());
    let read = &summary.variant("a").unwrap().operations[0].figures;
    assert_eq!((read.response_us.p50, read.response_us.max), (None, Some(7_996.0)));
    assert!(read.response_us.mean.is_some() && read.service_us.p50.is_some());
    assert!(summary.warnings.iter().any(|warning| warning.contains("a/read/response")), "{:?}", summary.warnings);
}

#[test]
fn a_newer_version_and_a_folder_of_something_else_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = Reader::open(dir.path()).unwrap_err().to_string();
    assert!(error.ends_with("is not a result folder: it has no run.json"), "{error}");
    std::fs::write(dir.path().join("run.json"), r#"{"schema_version": 7, "other": true}"#).unwrap();
    let error = Reader::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("schema version 7, and this dbbench knows versions up to 1"), "{error}");
}

#[test]
fn only_a_new_or_empty_folder_is_written_to() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("precious"), "x").unwrap();
    assert!(matches!(Store::create(dir.path(), &run()), Err(StoreError::NotEmpty(_))));
    let file = dir.path().join("precious");
    assert!(matches!(Store::create(&file, &run()), Err(StoreError::NotAFolder(_))));
    let at: jiff::Timestamp = "2026-11-20T11:02:03Z".parse().unwrap();
    let base = dir.path().join("results");
    let first = default_dir(&base, "w", at).unwrap();
    assert_eq!(first, base.join("w-20261120T110203Z"));
    // Of a run that started in the same second and has written nothing yet.
    assert_eq!(default_dir(&base, "w", at).unwrap(), base.join("w-20261120T110203Z-2"));
    Store::create(&first, &run()).unwrap();
}

#[test]
fn rows_and_records_are_read_back_as_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = write(dir.path());
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.run, run());
    assert_eq!(reader.slices[0], SliceRecord::new(&context("a", 1), &metrics(2)));
    let jobs = &reader.slices[0].jobs;
    assert_eq!((jobs.len(), jobs[0].succeeded), (1, 1_820), "both operations do one job");

    let intervals = reader.intervals().unwrap();
    assert_eq!(intervals.len(), 4 * 3);
    assert_eq!(
        (intervals[0].operation.as_str(), intervals[0].succeeded, intervals[0].acquire_p99_us),
        ("*", 1_820, None)
    );
    assert!(intervals[1].response_p99_us.is_some());
    let errors = reader.errors().unwrap();
    assert_eq!(errors.len(), 4 * 2);
    assert_eq!(
        (errors[0].sqlstate.as_str(), errors[0].class.as_str(), errors[0].count),
        ("40001", "serialization", 100)
    );
    assert_eq!((errors[1].sqlstate.as_str(), errors[1].class.as_str()), ("", "connection"));
    assert!(errors[1].message.contains("\"quoted\"\nand"));

    let summary = summary(&reader);
    store.write_summary(&summary).unwrap();
    assert_eq!(reader.summary().unwrap(), Some(summary));
}

/// The contract names every field; one that is renamed breaks whoever reads the file.
#[test]
fn the_summary_has_the_fields_of_the_contract() {
    const MIX: &str = "job planned attempts succeeded failed unknown unstarted retried retry_us_per_operation censored failures \
        goodput_per_s rows_per_s \
        statements_per_operation wal_bytes_per_row response_us service_us queue_us acquire_us connect_us schedule_lag_us";
    const TOP: &str = "schema_version dbbench_version workload workload_hash topology_hash seed machine servers started_at dir \
        partial valid invalid_reasons warnings same_answer variants comparisons claims expectations checks";
    const VARIANT: &str = "name title point valid limit rate_reached mix operations rounds client_cpu_us_per_operation \
        server_cpu_us_per_operation metrics probes";
    const COMPARISON: &str = "point variant baseline operation job metric ratio ci_low ci_high confidence rounds detectable \
        verdict better";
    const CLAIM: &str = "claim source variant operation job metric point verdict observed ci_low ci_high required";
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let mut summary = summary(&Reader::open(dir.path()).unwrap());
    summary.comparisons.push(Default::default());
    summary.claims.push(Default::default());
    summary.checks.push(Default::default());
    let json = serde_json::to_value(&summary).unwrap();
    for (path, names) in [
        ("", TOP),
        ("/variants/0", VARIANT),
        ("/variants/0/mix", MIX),
        ("/variants/0/operations/0", MIX),
        ("/variants/0/operations/0", "name"),
        ("/variants/0/mix/response_us", "min mean p50 p90 p95 p99 p999 max"),
        ("/variants/0/rounds/0", "round valid goodput_per_s response_us"),
        ("/variants/0/rounds/0/response_us", "p50 p99 mean"),
        ("/comparisons/0", COMPARISON),
        ("/claims/0", CLAIM),
        ("/checks/0", "name variant passed expected found"),
    ] {
        let object = json.pointer(path).and_then(|value| value.as_object()).unwrap();
        for name in names.split_whitespace() {
            assert!(object.contains_key(name), "{path} lacks {name}");
        }
    }
    assert_eq!(json["variants"][0]["mix"]["queue_us"]["p50"], serde_json::Value::Null);
    assert_eq!(json["comparisons"][0]["verdict"], "undecided");
    assert_eq!(json["variants"][0]["limit"], serde_json::Value::Null);
}

#[test]
fn the_slowest_operations_of_closed_slices_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path(), &run()).unwrap();
    let slow = |round: u32, response_us: f64| SlowRecord {
        round,
        variant: "a".into(),
        operation: "read".into(),
        response_us,
        client: Some(3),
        outcome: "40001".into(),
        params: [("id".to_owned(), "'O''Hara'\n".into())].into_iter().collect(),
        ..SlowRecord::default()
    };
    store.append_slowest(&[slow(1, 20.5), slow(1, 10.25)]).unwrap();
    store.close_slice(&context("a", 1), &metrics(1), |_| {}).unwrap();
    // A second slice that never closed, and a torn line.
    store.append_slowest(&[slow(2, 30.0)]).unwrap();
    let path = dir.path().join("slowest.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"point\":0,\"rou");
    std::fs::write(&path, text).unwrap();
    let read = Reader::open(dir.path()).unwrap().slowest().unwrap();
    assert_eq!(read, [slow(1, 20.5), slow(1, 10.25)]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Reader::open(dir.path()).unwrap().slowest().unwrap(), [], "results of before have none");
}
