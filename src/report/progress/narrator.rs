//! What progress says: events in, lines and a status out. Time is passed in; nothing is shown here.

use std::time::Duration;

use crate::event::{Event, IntervalFigures, SliceInfo, Stage};
use crate::report::format;
use crate::result::MISSED_AT_MOST;
use crate::verdict::format_half_width;

/// A line that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A stage ended.
    Stage { what: String, took: String, result: String },
    /// A stage does not end.
    Slow(String),
    /// A slice closed.
    Slice(String),
    /// A look at the intervals.
    Look(String),
    /// What a probe has shown.
    Probe(String),
    /// A slice failed.
    Failure(String),
    /// Something to know.
    Warning(String),
}

/// What is going on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// The stage, or the round and slice, with the time left.
    pub(super) head: String,
    /// Live figures.
    pub(super) figures: String,
    /// Done and total, where both are known.
    pub(super) share: Option<(u64, u64)>,
}

/// Listens to a run.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    /// Stages that began and did not end, latest last, with when they began.
    open: Vec<(Stage, String, Duration)>,
    /// When it was last said that the latest stage takes long.
    said_slow: Option<Duration>,
    load: Option<(u64, u64, Duration)>,
    slice: Option<SliceSoFar>,
    rounds_began: Option<Duration>,
    /// The last look at the intervals, in words.
    seen: Option<String>,
    /// Slices that closed, and when the last of them did.
    closed: Option<(u32, Duration)>,
    now: Duration,
}

/// From so long on a stage that does not end is told of.
const SLOW: Duration = Duration::from_secs(5);
/// Stands before times that leave out what waits, since its end is not seen: where a rate is not kept.
const OF_THOSE: &str = "of those that ended: ";
/// By so many standard deviations Poisson arrivals hardly ever stay below their rate.
const CHANCE: f64 = 4.0;

/// Steps of the bar within a slice.
const STEPS: u64 = 100;

/// Figures of the running slice.
#[derive(Clone, Debug)]
struct SliceSoFar {
    info: SliceInfo,
    began: Duration,
    /// When its measurement begins, since the run began; `None` while the warm-up may still be extended.
    measures_from: Option<Duration>,
    latest: Option<IntervalFigures>,
    measured_s: f64,
    succeeded: u64,
    /// Open loop: operations asked for so far.
    asked: Option<f64>,
    failed: u64,
    /// Known at its end only.
    unstarted: u64,
    p50_us: Range,
    p99_us: Range,
    /// It is over; shown until the next one begins.
    closed: bool,
}

/// Smallest and largest figure of the intervals: percentiles are never averaged.
type Range = Option<(f64, f64)>;

impl Narrator {
    /// Takes in an event at `now` (since the run began) and returns the lines that stay.
    pub(super) fn hear(&mut self, event: &Event, now: Duration) -> Vec<Line> {
        self.now = now;
        match event {
            Event::StageStarted { stage, what } => {
                self.open.retain(|(open, ..)| open != stage);
                self.open.push((*stage, what.clone(), now));
                self.said_slow = None;
                if *stage == Stage::Rounds {
                    self.rounds_began = Some(now);
                }
                Vec::new()
            }
            Event::StageEnded { stage, took, what } => vec![self.stage_ended(*stage, *took, what)],
            Event::LoadProgress { rows, total, elapsed } => {
                self.load = Some((*rows, *total, *elapsed));
                Vec::new()
            }
            Event::SliceStarted(info) => {
                self.rounds_began.get_or_insert(now);
                self.slice = Some(SliceSoFar::new(info.clone(), now));
                Vec::new()
            }
            Event::MeasurementStarted { slice, in_ } => {
                let slice = self.slice.get_or_insert_with(|| SliceSoFar::new(slice.clone(), now));
                slice.measures_from = Some(now + *in_);
                Vec::new()
            }
            Event::Interval(figures) => {
                self.slice.get_or_insert_with(|| SliceSoFar::new(figures.slice.clone(), now)).add(figures);
                Vec::new()
            }
            Event::SliceClosed { slice, failed } => self.slice_closed(slice, failed.as_deref()),
            Event::IntervalsSeen { round, half_width, goal } => {
                let seen = intervals(*half_width, *goal);
                self.seen = Some(seen.clone());
                vec![Line::Look(format!("round {round}, {seen}"))]
            }
            Event::Probed(text) => vec![Line::Probe(text.clone())],
            Event::Warning(text) => vec![Line::Warning(text.clone())],
        }
    }

    fn stage_ended(&mut self, stage: Stage, took: Duration, result: &str) -> Line {
        let what = self.open.iter().position(|(open, ..)| *open == stage).map(|index| self.open.remove(index).1);
        if stage == Stage::Dataset {
            self.load = None;
        }
        if stage == Stage::Rounds {
            self.slice = None;
        }
        let what = what.unwrap_or_else(|| name(stage).to_owned());
        // A result that only repeats the stage says nothing.
        let result = if result == what { "" } else { result };
        Line::Stage { what, took: format::duration_s(took.as_secs_f64()), result: result.to_owned() }
    }

    fn slice_closed(&mut self, info: &SliceInfo, failed: Option<&str>) -> Vec<Line> {
        let now = self.now;
        let slice = self.slice.get_or_insert_with(|| SliceSoFar::new(info.clone(), now));
        slice.closed = true;
        self.closed = Some((info.done + 1, self.now));
        let place = format!("{} · {}", place(info, info.done + 1), info.name);
        match failed {
            Some(why) => vec![Line::Failure(format!("{place} · {why}"))],
            None => vec![Line::Slice(format!("{place} · {}", slice.figures()))],
        }
    }

    /// What is going on at `now` (since the run began).
    pub(super) fn status(&self, now: Duration) -> Status {
        if let Some(slice) = &self.slice {
            let info = &slice.info;
            let most = if info.may_end_before && info.rounds > 0 { "at most " } else { "" };
            let left = self
                .left_s(slice, now)
                .map_or_else(String::new, |left| format!(" · {most}{} left", format::remaining_s(left)));
            let seen = self.seen.as_ref().map_or_else(String::new, |seen| format!(" · {seen}"));
            let head = format!("{}{seen}{left}", place(info, info.done + 1));
            let share = Some((u64::from(info.done) * STEPS + slice.steps(now), u64::from(info.total) * STEPS));
            return Status { head, figures: slice.live_figures(now), share };
        }
        let Some((stage, what, began)) = self.open.last() else { return Status::default() };
        match (stage, self.load) {
            (Stage::Dataset, Some((rows, total, elapsed))) => {
                Status { head: what.clone(), figures: load_figures(rows, total, elapsed), share: Some((rows, total)) }
            }
            _ => Status { head: what.clone(), figures: so_far(now.saturating_sub(*began)), share: None },
        }
    }

    /// That a stage takes long, where nothing else tells: after five seconds, and whenever the time has doubled.
    pub(super) fn overdue(&mut self, now: Duration) -> Option<Line> {
        let (stage, what, began) = self.open.last()?;
        if matches!(stage, Stage::Rounds | Stage::Dataset) {
            return None;
        }
        let took = now.saturating_sub(*began);
        if took < self.said_slow.map_or(SLOW, |said| said * 2) {
            return None;
        }
        self.said_slow = Some(took);
        Some(Line::Slow(format!("{what} … {}", so_far(took))))
    }

    /// The time that the slices to come will take, should they take as long as those that closed; before the first of
    /// them has, as long as planned.
    fn left_s(&self, slice: &SliceSoFar, now: Duration) -> Option<f64> {
        let info = &slice.info;
        let Some((closed, at)) = self.closed else {
            let planned = info.warmup + info.measure;
            let left = planned.saturating_sub(now.saturating_sub(slice.began)) + info.after;
            return (!planned.is_zero()).then_some(left.as_secs_f64());
        };
        let per_slice = at.checked_sub(self.rounds_began?)?.as_secs_f64() / f64::from(closed);
        let since = now.saturating_sub(at).as_secs_f64();
        Some((per_slice * f64::from(info.total.saturating_sub(closed)) - since).max(0.0))
    }
}

impl SliceSoFar {
    fn new(info: SliceInfo, began: Duration) -> Self {
        Self {
            info,
            began,
            measures_from: None,
            latest: None,
            measured_s: 0.0,
            succeeded: 0,
            asked: None,
            failed: 0,
            unstarted: 0,
            p50_us: None,
            p99_us: None,
            closed: false,
        }
    }

    /// How far the slice is, in steps of [`STEPS`]: by time, as planned.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and STEPS")]
    fn steps(&self, now: Duration) -> u64 {
        let (warmup, planned) = (self.info.warmup, self.info.warmup + self.info.measure);
        if self.closed {
            return STEPS;
        }
        if planned.is_zero() {
            return 0;
        }
        let done = match self.measures_from {
            Some(from) if now >= from => warmup + (now - from),
            // An extended warm-up stands still at its end.
            _ => now.saturating_sub(self.began).min(warmup),
        };
        (done.as_secs_f64() / planned.as_secs_f64() * as_f64(STEPS)).min(as_f64(STEPS)) as u64
    }

    /// Whether the measurement is going on.
    fn measures(&self, now: Duration) -> bool {
        self.measures_from.is_some_and(|from| now >= from)
            || self.latest.as_ref().is_some_and(|latest| latest.measuring)
    }

    fn add(&mut self, figures: &IntervalFigures) {
        if figures.seconds > 0.0 {
            self.latest = Some(figures.clone());
        }
        if figures.measuring {
            self.measured_s += figures.seconds;
            self.succeeded += figures.succeeded;
            self.asked = figures.asked.map(|asked| asked + self.asked.unwrap_or(0.0)).or(self.asked);
            self.failed += figures.failed;
            self.unstarted += figures.unstarted;
            widen(&mut self.p50_us, figures.response_p50_us);
            widen(&mut self.p99_us, figures.response_p99_us);
        }
    }

    /// Whether operations were planned that never started, beyond what still counts as reached.
    fn missed_rate(&self) -> bool {
        let planned = self.succeeded + self.failed + self.unstarted;
        as_f64(self.unstarted) > MISSED_AT_MOST * as_f64(planned)
    }

    /// Whether fewer operations ended so far than the rate can explain, by far more than chance and what is in flight.
    fn falls_behind(&self) -> bool {
        let ended = as_f64(self.succeeded + self.failed);
        self.missed_rate()
            || self.asked.is_some_and(|asked| ended < asked * (1.0 - MISSED_AT_MOST) - CHANCE * asked.sqrt())
    }

    /// Figures of the whole slice.
    fn figures(&self) -> String {
        let of_whom = if self.missed_rate() { OF_THOSE } else { "" };
        let times = format!("{of_whom}p50 {} · p99 {}", range(self.p50_us), range(self.p99_us));
        format!("{} · {times} · {}", rate(self.succeeded, self.asked, self.measured_s), errors(self.failed))
    }

    /// Figures of the latest interval. The first one of the measurement comes a second after its begin; until then those
    /// of the warm-up stand, named so.
    fn live_figures(&self, now: Duration) -> String {
        let name = &self.info.name;
        let doing = if self.measures(now) { "measuring" } else { "warming up" };
        let Some(latest) = &self.latest else { return format!("{name} · {doing}") };
        let of_whom = if latest.measuring && self.falls_behind() { OF_THOSE } else { "" };
        let times = format!(
            "{of_whom}p50 {} · p99 {}",
            format::optional_time_us(latest.response_p50_us),
            format::optional_time_us(latest.response_p99_us)
        );
        let failed = if latest.measuring { self.failed } else { latest.failed };
        let what = match (self.measures(now), latest.measuring) {
            (true, false) => "measuring · warm-up: ",
            (false, _) => "warming up · ",
            (true, true) => "",
        };
        format!(
            "{name} · {what}{} · {times} · {}",
            rate(latest.succeeded, latest.asked, latest.seconds),
            errors(failed)
        )
    }
}

/// `12 s so far`, as soon as anybody wonders.
fn so_far(took: Duration) -> String {
    match took.as_secs() {
        0..=1 => String::new(),
        seconds => format!("{seconds} s so far"),
    }
}

fn place(info: &SliceInfo, number: u32) -> String {
    let SliceInfo { round, rounds, total, .. } = info;
    if *rounds == 0 {
        return format!("probe {number}");
    }
    if info.may_end_before {
        return format!("round {round} of at most {rounds} · slice {number}");
    }
    format!("round {round}/{rounds} · slice {number}/{total}")
}

/// `interval ± 4.1 %, goal ± 3 %`.
fn intervals(half_width: Option<f64>, goal: f64) -> String {
    let width = half_width.map_or_else(|| "not known yet".to_owned(), format_half_width);
    format!("interval {width}, goal {}", format_half_width(goal))
}

fn load_figures(rows: u64, total: u64, elapsed: Duration) -> String {
    let elapsed = elapsed.as_secs_f64();
    let mut figures = format!("{} of {} rows", format::count(rows), format::count(total));
    if rows > 0 && elapsed > 0.0 {
        let per_s = as_f64(rows) / elapsed;
        let left = as_f64(total.saturating_sub(rows)) / per_s;
        figures.push_str(&format!(" · {} rows/s · {} left", format::significant(per_s), format::remaining_s(left)));
    }
    figures
}

/// What was reached, and in an open loop what was asked for.
fn rate(succeeded: u64, asked: Option<f64>, seconds: f64) -> String {
    let per_s = |count: f64| (seconds > 0.0).then(|| count / seconds);
    let reached = format!("{} op/s", format::optional(per_s(as_f64(succeeded))));
    match asked.and_then(per_s) {
        Some(asked) => format!("{reached} of {} asked", format::significant(asked)),
        None => reached,
    }
}

fn errors(failed: u64) -> String {
    if failed == 1 { "1 error".to_owned() } else { format!("{} errors", format::count(failed)) }
}

fn widen(range: &mut Range, value: Option<f64>) {
    if let Some(value) = value {
        *range = Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
    }
}

fn range(range: Range) -> String {
    let Some((low, high)) = range else { return format::ABSENT.to_owned() };
    let (low, high) = (format::time_us(low), format::time_us(high));
    match (low.split_once(' '), high.split_once(' ')) {
        _ if low == high => high,
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number}–{high}"),
        _ => format!("{low}–{high}"),
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Topology => "starting servers",
        Stage::Dataset => "creating and loading tables",
        Stage::Setup => "setting up variants",
        Stage::Binding => "preparing statements",
        Stage::Trial => "trying operations",
        Stage::Plans => "taking plans",
        Stage::Answers => "comparing answers",
        Stage::Rounds => "rounds",
        Stage::Report => "statistics and report",
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of operations and rows stay below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
