use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::narrator::{Narrator, Status};
use super::{Mode, Progress, Shown};
use crate::event::{Event, IntervalFigures, SliceInfo, Stage};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn slice(done: u32, name: &str) -> SliceInfo {
    SliceInfo {
        round: 1 + done / 2,
        rounds: 7,
        may_end_before: false,
        position: 1 + done % 2,
        variant: 0,
        name: name.to_owned(),
        done,
        total: 14,
        warmup: Duration::from_secs(1),
        measure: Duration::from_secs(3),
        after: Duration::from_secs(u64::from(13 - done) * 4),
    }
}

fn interval(done: u32, name: &str, measuring: bool, p50_us: f64) -> Event {
    Event::Interval(IntervalFigures {
        slice: slice(done, name),
        measuring,
        seconds: 1.0,
        asked: None,
        succeeded: 12_345,
        failed: u64::from(measuring),
        unstarted: 0,
        response_p50_us: Some(p50_us),
        response_p99_us: Some(p50_us * 3.0),
    })
}

fn a_run() -> Vec<Event> {
    vec![
        Event::StageStarted { stage: Stage::Topology, what: "starting PostgreSQL 15.18".to_owned() },
        Event::StageEnded { stage: Stage::Topology, took: Duration::from_millis(112), what: String::new() },
        Event::StageStarted { stage: Stage::Dataset, what: "loading 2 tables".to_owned() },
        Event::LoadProgress { rows: 110_000, total: 220_000, elapsed: Duration::from_millis(200) },
        Event::StageEnded {
            stage: Stage::Dataset,
            took: Duration::from_millis(1240),
            what: "220,000 rows at 1,500,000 rows/s".to_owned(),
        },
        Event::Warning("the data folder is on tmpfs".to_owned()),
        Event::StageStarted { stage: Stage::Rounds, what: "7 rounds of 2 variants".to_owned() },
        Event::SliceStarted(slice(0, "join")),
        interval(0, "join", false, 2_000.0),
        Event::MeasurementStarted { slice: slice(0, "join"), in_: Duration::from_millis(500) },
        interval(0, "join", true, 1_020.0),
        interval(0, "join", true, 1_050.0),
        Event::Interval(IntervalFigures {
            slice: slice(0, "join"),
            measuring: true,
            seconds: 0.0,
            asked: None,
            succeeded: 8,
            failed: 0,
            unstarted: 0,
            response_p50_us: None,
            response_p99_us: None,
        }),
        Event::SliceClosed { slice: slice(0, "join"), failed: None },
        Event::SliceStarted(slice(1, "n_plus_one")),
        Event::SliceClosed {
            slice: slice(1, "n_plus_one"),
            failed: Some("the server closed the connection".to_owned()),
        },
    ]
}

#[test]
fn an_open_loop_shows_what_was_asked_for() {
    let mut narrator = super::narrator::Narrator::default();
    let now = Duration::from_secs(1);
    let Event::Interval(figures) = interval(0, "join", true, 1_000.0) else { panic!("an interval") };
    for succeeded in [3_000, 2_000] {
        let figures = IntervalFigures { asked: Some(5_000.0), succeeded, ..figures.clone() };
        narrator.hear(&Event::Interval(figures), now);
    }
    let status = narrator.status(now).figures;
    assert!(status.contains("join · 2,000 op/s of 5,000 asked · of those that ended: p50"), "{status}");
    let rest = IntervalFigures { asked: Some(0.0), seconds: 0.0, succeeded: 3, unstarted: 4_997, ..figures };
    narrator.hear(&Event::Interval(rest), now);
    let lines = narrator.hear(&Event::SliceClosed { slice: slice(0, "join"), failed: None }, now);
    assert!(format!("{lines:?}").contains("of 5,000 asked · of those that ended: p50 1.00 ms"), "{lines:?}");
}

#[test]
fn a_rate_that_is_kept_has_times_of_all() {
    let mut narrator = super::narrator::Narrator::default();
    let now = Duration::from_secs(1);
    let Event::Interval(figures) = interval(0, "join", true, 1_000.0) else { panic!("an interval") };
    // By chance a few fewer than were asked for, and one in a hundred that never started.
    for (succeeded, unstarted) in [(4_950, 0), (4_850, 90)] {
        let figures = IntervalFigures { asked: Some(5_000.0), succeeded, unstarted, failed: 0, ..figures.clone() };
        narrator.hear(&Event::Interval(figures), now);
    }
    assert!(narrator.status(now).figures.contains("4,850 op/s of 5,000 asked · p50"));
    let lines = narrator.hear(&Event::SliceClosed { slice: slice(0, "join"), failed: None }, now);
    assert!(format!("{lines:?}").contains("4,900 op/s of 5,000 asked · p50"), "{lines:?}");
}

fn shown(mode: Mode) -> String {
    let sink = Sink::default();
    let progress = Progress::new(mode, Box::new(sink.clone()), || 80);
    let events = progress.events();
    a_run().into_iter().for_each(|event| events.emit(event));
    progress.finish();
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn plain_lines_tell_each_stage_and_slice_once() {
    let lines = shown(Mode { shown: Shown::Lines, color: false });
    insta::assert_snapshot!(lines, @"
    starting PostgreSQL 15.18 · 0.11 s
    loading 2 tables · 1.24 s · 220,000 rows at 1,500,000 rows/s
    warning: the data folder is on tmpfs
    round 1/7 · slice 1/14 · join · 12,300 op/s · p50 1.02–1.05 ms · p99 3.06–3.15 ms · 2 errors
    failed: round 1/7 · slice 2/14 · n_plus_one · the server closed the connection
    ");
}

#[test]
fn without_progress_only_what_went_wrong_is_told() {
    let told = "warning: the data folder is on tmpfs\nfailed: round 1/7 · slice 2/14 · n_plus_one · the server closed the connection\n";
    for (quiet, no_progress) in [(true, false), (false, true), (true, true)] {
        assert_eq!(shown(Mode::new(quiet, no_progress, true, false)), told);
    }
}

#[test]
fn colours_only_where_asked_for() {
    assert!(!shown(Mode::new(false, false, false, false)).contains('\u{1b}'));
    assert!(shown(Mode::new(false, false, false, true)).contains("\u{1b}[1;33mwarning:\u{1b}[0m"));
}

#[test]
fn the_live_status_follows_load_and_slices() {
    let mut narrator = Narrator::default();
    let mut seen: Vec<Status> = Vec::new();
    for (second, event) in a_run().iter().enumerate() {
        narrator.hear(event, Duration::from_secs(second as u64));
        seen.push(narrator.status(Duration::from_secs(second as u64)));
    }
    let load = &seen[3];
    assert_eq!(load.figures, "110,000 of 220,000 rows · 550,000 rows/s · 1 s left");
    assert_eq!(load.share, Some((110_000, 220_000)));
    // Before anything has closed, the time left is that of the plan: four seconds a slice.
    assert_eq!(seen[7].head, "round 1/7 · slice 1/14 · 56 s left");
    assert_eq!((seen[7].share, seen[7].figures.as_str()), (Some((0, 1_400)), "join · warming up"));
    assert_eq!(seen[8].figures, "join · warming up · 12,300 op/s · p50 2.00 ms · p99 6.00 ms · 0 errors");
    // Half a second later than it was told, the measurement begins.
    assert_eq!(seen[9].figures, seen[8].figures);
    assert_eq!(seen[10].figures, "join · 12,300 op/s · p50 1.02 ms · p99 3.06 ms · 1 error");
    // What ends while the slice drains is no throughput.
    assert_eq!(seen[12].figures, seen[11].figures);
    assert_eq!(seen[11].figures, "join · 12,300 op/s · p50 1.05 ms · p99 3.15 ms · 2 errors");
    // A closed slice stays in sight until the next one begins.
    assert_eq!((seen[13].share, &seen[13].figures), (Some((100, 1_400)), &seen[12].figures));
    // The first of fourteen slices took seven seconds, and one second has passed since.
    assert_eq!(seen[14].head, "round 1/7 · slice 2/14 · 90 s left");
}

#[test]
fn between_events_the_display_goes_on_by_time() {
    let mut narrator = Narrator::default();
    let at = |half_seconds: u64| Duration::from_millis(500 * half_seconds);
    let [started, _, measuring] = [7, 8, 9].map(|index| a_run().swap_remove(index));
    narrator.hear(&started, at(0));
    narrator.hear(&measuring, at(1));
    let shown = [1, 2, 4, 20].map(|now| narrator.status(at(now)));
    assert_eq!(shown.each_ref().map(|status| status.share.unwrap().0), [12, 25, 50, 100]);
    assert_eq!(shown.each_ref().map(|status| status.figures.as_str())[..2], ["join · warming up", "join · measuring"]);
    assert_eq!(shown[2].head, "round 1/7 · slice 1/14 · 54 s left");
}

#[test]
fn a_line_that_does_not_fit_breaks_between_words() {
    let styled = super::Styled {
        prefix: "\u{1b}[1;33mwarning:\u{1b}[0m ".to_owned(),
        indent: 9,
        text: "the clock source is kvm-clock, not a hardware counter".to_owned(),
    };
    assert_eq!(
        styled.lines(Some(40)),
        ["\u{1b}[1;33mwarning:\u{1b}[0m the clock source is kvm-clock,", "         not a hardware counter"]
    );
}

#[test]
fn a_run_with_a_goal_tells_how_far_it_is() {
    let mut narrator = Narrator::default();
    let open = |done| SliceInfo { may_end_before: true, rounds: 60, total: 120, ..slice(done, "join") };
    let said = |half_width| Event::IntervalsSeen { round: 6, half_width, goal: 0.03 };
    let now = Duration::from_secs(1);
    narrator.hear(&Event::SliceStarted(open(0)), now);
    assert_eq!(narrator.status(now).head, "round 1 of at most 60 · slice 1 · at most 56 s left");
    let line = |lines: Vec<super::narrator::Line>| match &lines[..] {
        [super::narrator::Line::Look(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(line(narrator.hear(&said(None), now)), "round 6, interval not known yet, goal ± 3 %");
    assert_eq!(line(narrator.hear(&said(Some(0.0413)), now)), "round 6, interval ± 4.1 %, goal ± 3 %");
    narrator.hear(&Event::SliceStarted(open(12)), now);
    let head = narrator.status(now).head;
    assert!(head.starts_with("round 7 of at most 60 · slice 13 · interval ± 4.1 %, goal ± 3 % · at most "), "{head}");
}

#[test]
fn a_stage_that_takes_long_is_told_of_at_ever_longer_intervals() {
    let mut narrator = Narrator::default();
    let at = Duration::from_secs;
    narrator.hear(&Event::StageStarted { stage: Stage::Trial, what: "trying 2 operations once".to_owned() }, at(10));
    assert_eq!(narrator.status(at(11)).figures, "");
    assert_eq!(
        (narrator.status(at(22)).head.as_str(), narrator.status(at(22)).figures.as_str()),
        ("trying 2 operations once", "12 s so far")
    );
    let said: Vec<u64> = (10..=60).filter(|second| narrator.overdue(at(*second)).is_some()).collect();
    assert_eq!(said, [15, 20, 30, 50]);
    narrator.hear(&Event::StageEnded { stage: Stage::Trial, took: at(50), what: String::new() }, at(60));
    assert_eq!(narrator.overdue(at(100)), None);
    narrator.hear(&Event::StageStarted { stage: Stage::Rounds, what: String::new() }, at(100));
    assert_eq!(narrator.overdue(at(200)), None, "slices tell of themselves");
}
