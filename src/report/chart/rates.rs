//! Times against the rate of arrivals: a logarithmic time axis over a linear axis of rates, with the bounds of objectives
//! as lines and the answer as a band.

use super::Room;
use super::axes::{self, Entry, Field};
use super::canvas::{Canvas, ChartError, Lettering};
use super::ink::Ink;
use super::scale::{Scale, Spread, linear_ticks, log_range, log_ticks, tick_number, tick_time};

/// Times against rates.
#[derive(Clone, Debug)]
pub struct Rates {
    /// One for each figure.
    pub series: Vec<RateSeries>,
    /// The highest rate that met.
    pub met_per_s: Option<f64>,
    /// The lowest that missed.
    pub missed_per_s: Option<f64>,
}

/// A figure at each rate.
#[derive(Clone, Debug)]
pub struct RateSeries {
    /// Its name.
    pub name: String,
    /// Number of its ink.
    pub series: usize,
    /// What it is to stay below, µs.
    pub bound_us: Option<f64>,
    /// By rising rates.
    pub marks: Vec<RateMark>,
}

/// The figure at a rate.
#[derive(Clone, Copy, Debug)]
pub struct RateMark {
    /// Arrivals per second.
    pub rate_per_s: f64,
    /// The figure, µs.
    pub time_us: f64,
    /// Whether the rate met.
    pub filled: bool,
}

impl Rates {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let height = if room.is_narrow() { 330.0 } else { 400.0 };
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let marks = || self.series.iter().flat_map(|series| &series.marks);
        let bounds = || self.series.iter().filter_map(|series| series.bound_us);
        let range = log_range(marks().map(|mark| mark.time_us).chain(bounds()));
        let ticks: Vec<_> = log_ticks(range, 9).into_iter().map(|tick| (tick, tick_time(tick))).collect();
        let entries: Vec<_> =
            self.series.iter().map(|one| Entry { name: &one.name, ink: Ink::Series(one.series) }).collect();
        let legend = axes::legend(Some(canvas), &entries, 0.0, room) + 4.0;
        let left = axes::widest(ticks.iter().map(|tick| tick.1.as_str()), room.letters()) + 10.0;
        let field = Field { left, right: room.width() - 14.0, top: legend + 26.0, bottom: height - 46.0 };
        let (low, high) = self.rates();
        let x = Scale::new(Spread::Linear, (low, high), (field.left, field.right));
        let y = Scale::new(Spread::Log, range, (field.bottom, field.top));

        if let (Some(met), Some(missed)) = (self.met_per_s, self.missed_per_s) {
            canvas.area((x.place(met), field.top), (x.place(missed), field.bottom), Ink::Band);
        }
        axes::name_above(canvas, legend + 8.0, "time", room);
        axes::horizontal_grid(canvas, field, y, &ticks, room);
        let many = if room.is_narrow() { 4 } else { 8 };
        let rates: Vec<_> = linear_ticks((low, high), many).into_iter().map(|tick| (tick, tick_number(tick))).collect();
        axes::vertical_grid(canvas, field, x, &rates, room);
        axes::foot(canvas, field);
        axes::name_below(canvas, field, "arrivals per second", room);
        for edge in [self.met_per_s, self.missed_per_s].into_iter().flatten() {
            canvas.line(&[(x.place(edge), field.top), (x.place(edge), field.bottom)], Ink::Axis, 1.0);
        }
        for series in &self.series {
            if let Some(bound) = series.bound_us {
                let at = y.place(bound);
                canvas.line(&[(field.left, at), (field.right, at)], Ink::Series(series.series), 1.0);
                let lettering = Lettering::new(room.letters(), Ink::Series(series.series));
                canvas.text(
                    &format!("{} below {}", series.name, tick_time(bound)),
                    (field.left + 6.0, at - 9.0),
                    lettering,
                );
            }
            let place = |mark: &RateMark| (x.place(mark.rate_per_s), y.place(mark.time_us));
            let path: Vec<_> = series.marks.iter().map(place).collect();
            canvas.line(&path, Ink::SeriesFaint(series.series), 1.5);
            for mark in &series.marks {
                canvas.circle(place(mark), 4.0, Ink::Series(series.series), mark.filled);
            }
        }
    }

    /// The ends of the axis: it need not begin at zero, where nobody looks for the edge.
    fn rates(&self) -> (f64, f64) {
        let rates = || self.series.iter().flat_map(|series| &series.marks).map(|mark| mark.rate_per_s);
        let (low, high) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
        let margin = ((high - low) * 0.05).max(high * 0.01);
        ((low - margin).max(0.0), high + margin)
    }
}
