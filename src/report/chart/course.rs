//! A figure from run to run: a dot for each, a line for each level, and a numbered mark where the level changes. The axis of
//! figures does not begin at zero, for changes of a few per cent are what is looked for.

use super::Room;
use super::axes::{self, Field, widest};
use super::canvas::{Anchor, Canvas, ChartError, Lettering, text_width};
use super::ink::Ink;
use super::scale::{Scale, Spread, linear_ticks};

/// What the vertical axis measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// µs.
    Times,
    /// Of a baseline.
    Ratios,
    /// Anything else.
    Numbers,
}

/// The figures of one series.
#[derive(Clone, Debug)]
pub struct Course {
    /// Name of the vertical axis.
    pub name: String,
    /// What it measures.
    pub measure: Measure,
    /// Number of its ink.
    pub series: usize,
    /// One for each run, in the order of time.
    pub figures: Vec<Option<f64>>,
    /// What stands below a run, where there is room.
    pub labels: Vec<String>,
    /// Runs of one level.
    pub levels: Vec<Stretch>,
    /// Places worth a line.
    pub marks: Vec<Mark>,
}

/// Runs of one level.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// Its first run, from 0.
    pub first: usize,
    /// Its last run.
    pub last: usize,
    /// The level.
    pub figure: f64,
}

/// A place worth a line.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The first run after it, from 0.
    pub at: usize,
    /// What stands above it: `1`, `2` … as in the table.
    pub label: String,
    /// A change of level, or something else that is unlike the run before.
    pub is_change: bool,
}

/// Above so many runs dots become small.
const MANY: usize = 120;
/// Above so many there is a line instead: dots would cover each other, and make the page large.
const MOST_DOTS: usize = 300;

impl Course {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let height = if room.is_narrow() { 240.0 } else { 270.0 };
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    /// The ends of the vertical axis: a little more than the figures take.
    fn range(&self) -> (f64, f64) {
        let known = || self.figures.iter().copied().flatten().filter(|figure| figure.is_finite());
        let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            return (0.0, 1.0);
        }
        // Equal figures still want an axis around them.
        let room = (high - low).max(high.abs() * 0.02).max(1e-9) * 0.08;
        (if low >= 0.0 { (low - room).max(0.0) } else { low - room }, high + room)
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let range = self.range();
        let ticks = self.ticks(range);
        let left = widest(ticks.iter().map(|tick| tick.1.as_str()), room.letters()) + 10.0;
        let field = Field { left, right: room.width() - 8.0, top: 46.0, bottom: height - 46.0 };
        let last = (self.figures.len().max(2) - 1) as f64;
        // Half a run on both sides, so that no dot lies on the edge.
        let x = Scale::new(Spread::Linear, (-0.5, last + 0.5), (field.left, field.right));
        let y = Scale::new(Spread::Linear, range, (field.bottom, field.top));
        axes::name_above(canvas, 10.0, &self.name, room);
        axes::horizontal_grid(canvas, field, y, &ticks, room);
        axes::foot(canvas, field);
        self.label_runs(canvas, field, x, room);
        self.paint_marks(canvas, field, x, room);
        let ink = Ink::Series(self.series);
        let radius = if self.figures.len() > MANY { 1.8 } else { 3.0 };
        let known = self.figures.iter().enumerate().filter_map(|(at, figure)| Some((at as f64, (*figure)?)));
        let dots: Vec<(f64, f64)> = known.map(|(at, figure)| (x.place(at), y.place(figure))).collect();
        if dots.len() > MOST_DOTS {
            canvas.line(&dots, Ink::SeriesFaint(self.series), 1.0);
        } else {
            dots.into_iter().for_each(|dot| canvas.circle(dot, radius, Ink::SeriesFaint(self.series), true));
        }
        for level in &self.levels {
            let (from, to) = (x.place(level.first as f64 - 0.5), x.place(level.last as f64 + 0.5));
            canvas.line(&[(from, y.place(level.figure)), (to, y.place(level.figure))], ink, 2.5);
        }
    }

    /// Dates below, as many as have room.
    fn label_runs(&self, canvas: &mut Canvas, field: Field, x: Scale, room: Room) {
        let size = room.letters();
        let lettering = Lettering::new(size, Ink::Muted).anchored(Anchor::Middle);
        let mut free_from = 0.0;
        let mut shown = "";
        for (at, label) in self.labels.iter().enumerate() {
            let half = text_width(label, size, false) / 2.0;
            let place = x.place(at as f64).clamp(half, (field.right - half).max(half));
            if label != shown && place - half >= free_from {
                canvas.text(label, (place, field.bottom + 14.0), lettering);
                free_from = place + half + 16.0;
                shown = label;
            }
        }
        axes::name_below(canvas, field, "runs in the order of time", room);
    }

    fn paint_marks(&self, canvas: &mut Canvas, field: Field, x: Scale, room: Room) {
        let mut free_from = f64::NEG_INFINITY;
        for mark in &self.marks {
            let at = x.place(mark.at as f64 - 0.5);
            let ink = if mark.is_change { Ink::Text } else { Ink::Grid };
            canvas.line(&[(at, field.top - 6.0), (at, field.bottom)], ink, if mark.is_change { 1.25 } else { 1.0 });
            let half = text_width(&mark.label, room.letters(), mark.is_change) / 2.0;
            if at - half >= free_from {
                let ink = if mark.is_change { Ink::Text } else { Ink::Muted };
                let lettering = Lettering::new(room.letters(), ink).anchored(Anchor::Middle);
                let lettering = if mark.is_change { lettering.bold() } else { lettering };
                canvas.text(&mark.label, (at, field.top - 14.0), lettering);
                free_from = at + half + 4.0;
            }
        }
    }

    /// Round figures with as many digits as tell one from the next.
    fn ticks(&self, range: (f64, f64)) -> Vec<axes::Tick> {
        let (divisor, unit) = match (self.measure, range.1) {
            (Measure::Times, high) if high < 1.0 => (1e-3, " ns"),
            (Measure::Times, high) if high < 1e3 => (1.0, " µs"),
            (Measure::Times, high) if high < 1e6 => (1e3, " ms"),
            (Measure::Times, _) => (1e6, " s"),
            (Measure::Ratios, _) => (1.0, "×"),
            (Measure::Numbers, _) => (1.0, ""),
        };
        let ticks = linear_ticks((range.0 / divisor, range.1 / divisor), 4);
        let step = ticks.windows(2).next().map_or(1.0, |pair| pair[1] - pair[0]);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a handful of digits, at most twelve"
        )]
        let decimals = (-step.log10()).ceil().clamp(0.0, 12.0) as usize;
        ticks.into_iter().map(|tick| (tick * divisor, format!("{}{unit}", written(tick, decimals)))).collect()
    }
}

/// With thousands apart, where there are any.
fn written(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if decimals == 0 && value.abs() >= 1_000.0 { crate::verdict::grouped(&text) } else { text }
}
