//! Figures over the time of the run, with the rounds marked: what was measured when, and whether it settled.

use super::Room;
use super::axes::{self, Entry, Field, widest};
use super::canvas::{Anchor, Canvas, ChartError, Lettering, text_width};
use super::ink::Ink;
use super::scale::{Scale, Spread, linear_ticks, log_range, log_ticks, tick_number, tick_time, zero_range};

/// Above so many samples in all only lines are drawn, not each sample.
const MOST_MARKS: usize = 400;

/// What the vertical axis measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// µs, logarithmic.
    Times,
    /// Something per second, from zero.
    Rates,
}

/// Figures over time.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Name of the vertical axis.
    pub name: String,
    /// What it measures.
    pub values: Values,
    /// One for each variant.
    pub tracks: Vec<Track>,
    /// The rounds.
    pub bands: Vec<Band>,
}

/// The figures of one variant.
#[derive(Clone, Debug)]
pub struct Track {
    /// Its name.
    pub name: String,
    /// Number of its ink.
    pub series: usize,
    /// In the order of time.
    pub samples: Vec<Sample>,
}

/// One interval.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Middle of the interval, seconds since the first one began.
    pub at_s: f64,
    /// The figure.
    pub value: f64,
    /// Where a thin line above the mark ends (p99 above p50).
    pub upper: Option<f64>,
    /// Of how many of the operations it tells.
    pub reach: Reach,
}

/// Whether figures of an interval are those of all operations that were due: a time is that of operations that ended in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// They are.
    #[default]
    All,
    /// The figure is, what lies above it is not: the line above ends without a bar.
    Figure,
    /// Neither is: the mark is hollow.
    Ended,
}

/// A round, in seconds since the first interval began.
#[derive(Clone, Copy, Debug)]
pub struct Band {
    /// Its number, from 1.
    pub round: u32,
    /// Its begin.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
}

impl Timeline {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let legend = axes::legend(None, &self.entries(), 0.0, room);
        let height = legend + if room.is_narrow() { 270.0 } else { 310.0 };
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        self.tracks.iter().map(|track| Entry { name: &track.name, ink: Ink::Series(track.series) }).collect()
    }

    fn vertical(&self) -> (Spread, (f64, f64), Vec<axes::Tick>) {
        let samples = || self.tracks.iter().flat_map(|track| &track.samples);
        let values = || samples().flat_map(|sample| std::iter::once(sample.value).chain(sample.upper));
        match self.values {
            Values::Times => {
                let range = log_range(values());
                let ticks = log_ticks(range, 7).into_iter().map(|tick| (tick, tick_time(tick))).collect();
                (Spread::Log, range, ticks)
            }
            Values::Rates => {
                let range = zero_range(values());
                let ticks = linear_ticks(range, 5).into_iter().map(|tick| (tick, tick_number(tick))).collect();
                (Spread::Linear, range, ticks)
            }
        }
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let (spread, range, ticks) = self.vertical();
        let legend = axes::legend(Some(canvas), &self.entries(), 0.0, room) + 4.0;
        let left = widest(ticks.iter().map(|tick| tick.1.as_str()), room.letters()) + 10.0;
        let field = Field { left, right: room.width() - 8.0, top: legend + 44.0, bottom: height - 46.0 };
        let ends = self.bands.iter().map(|band| band.to_s);
        let samples = self.tracks.iter().flat_map(|track| &track.samples).map(|sample| sample.at_s);
        let last = ends.chain(samples).fold(0.0, f64::max).max(0.001);
        let x = Scale::new(Spread::Linear, (0.0, last), (field.left, field.right));
        let y = Scale::new(spread, range, (field.bottom, field.top));

        self.mark_rounds(canvas, field, x, room);
        axes::name_above(canvas, legend + 8.0, &self.name, room);
        axes::horizontal_grid(canvas, field, y, &ticks, room);
        axes::foot(canvas, field);
        for tick in linear_ticks((0.0, last), if room.is_narrow() { 4 } else { 8 }) {
            let at = (x.place(tick), field.bottom + 14.0);
            canvas.text(&tick_number(tick), at, Lettering::new(room.letters(), Ink::Muted).anchored(Anchor::Middle));
        }
        axes::name_below(canvas, field, "seconds since the first round began", room);
        let marked = self.tracks.iter().map(|track| track.samples.len()).sum::<usize>() <= MOST_MARKS;
        for track in self.tracks.iter().rev() {
            track.paint(canvas, x, y, marked);
        }
    }

    /// Every other round shaded, with its number where there is room.
    fn mark_rounds(&self, canvas: &mut Canvas, field: Field, x: Scale, room: Room) {
        let mut free_from = f64::NEG_INFINITY;
        for band in &self.bands {
            let (from, to) = (x.place(band.from_s), x.place(band.to_s));
            if band.round % 2 == 1 {
                canvas.area((from, field.top - 18.0), (to, field.bottom), Ink::Band);
            }
            let long = format!("round {}", band.round);
            let size = room.letters() - 1.0;
            let label = if text_width(&long, size, false) + 8.0 < to - from { long } else { band.round.to_string() };
            let (middle, half) = ((from + to) / 2.0, text_width(&label, size, false) / 2.0);
            if middle - half > free_from {
                canvas.text(
                    &label,
                    (middle, field.top - 9.0),
                    Lettering::new(size, Ink::Muted).anchored(Anchor::Middle),
                );
                free_from = middle + half + 4.0;
            }
        }
    }
}

impl Track {
    fn paint(&self, canvas: &mut Canvas, x: Scale, y: Scale, marked: bool) {
        let ink = Ink::Series(self.series);
        if marked {
            for sample in &self.samples {
                if let Some(upper) = sample.upper {
                    let at = x.place(sample.at_s);
                    canvas.line(
                        &[(at, y.place(sample.value)), (at, y.place(upper))],
                        Ink::SeriesFaint(self.series),
                        1.5,
                    );
                    if sample.reach == Reach::All {
                        canvas.line(
                            &[(at - 2.5, y.place(upper)), (at + 2.5, y.place(upper))],
                            Ink::SeriesFaint(self.series),
                            1.5,
                        );
                    }
                }
            }
        }
        let path: Vec<_> = self.samples.iter().map(|sample| (x.place(sample.at_s), y.place(sample.value))).collect();
        canvas.line(&path, if marked { Ink::SeriesFaint(self.series) } else { ink }, 1.25);
        if marked {
            for (at, sample) in path.into_iter().zip(&self.samples) {
                let filled = sample.reach != Reach::Ended;
                canvas.circle(at, if self.samples.len() > 120 { 1.8 } else { 3.0 }, ink, filled);
            }
        }
    }
}
