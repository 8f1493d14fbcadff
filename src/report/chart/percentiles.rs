//! Response time by percentile: a logarithmic time axis over an axis on which each further nine takes the same room, so
//! that the tail is as visible as the middle.

use super::axes::{self, Entry, Field};
use super::canvas::{Canvas, ChartError, Lettering};
use super::ink::Ink;
use super::scale::{Scale, Spread, log_range, log_ticks, nines_ticks, tick_time};
use super::{Room, axes::spread_apart, axes::widest};

/// Percentile curves.
#[derive(Clone, Debug)]
pub struct Percentiles {
    /// One for each variant.
    pub curves: Vec<Curve>,
}

/// The curve of one variant.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name.
    pub name: String,
    /// Number of its ink; 0 is the baseline's.
    pub series: usize,
    /// (quantile below 1, time in µs), both rising.
    pub points: Vec<(f64, f64)>,
}

impl Percentiles {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let height = if room.is_narrow() { 330.0 } else { 400.0 };
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let times = || self.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.1));
        let range = log_range(times());
        let last = self.curves.iter().filter_map(|curve| curve.points.last()).map(|point| point.0).fold(0.9, f64::max);
        let ticks: Vec<_> = log_ticks(range, 9).into_iter().map(|tick| (tick, tick_time(tick))).collect();
        let labelled = !room.is_narrow();
        let entries: Vec<_> = self.curves.iter().map(|c| Entry { name: &c.name, ink: Ink::Series(c.series) }).collect();
        let legend = if labelled { 0.0 } else { axes::legend(Some(canvas), &entries, 0.0, room) + 4.0 };
        let names = if labelled {
            (widest(self.curves.iter().map(|c| c.name.as_str()), room.letters()) * 1.15).min(200.0) + 14.0
        } else {
            8.0
        };
        let left = widest(ticks.iter().map(|tick| tick.1.as_str()), room.letters()) + 10.0;
        let field = Field { left, right: room.width() - names, top: legend + 26.0, bottom: height - 46.0 };
        let x = Scale::new(Spread::Nines, (0.0, last), (field.left, field.right));
        let y = Scale::new(Spread::Log, range, (field.bottom, field.top));

        axes::name_above(canvas, legend + 8.0, "response time", room);
        axes::horizontal_grid(canvas, field, y, &ticks, room);
        let mut percentiles = nines_ticks(last);
        if let (true, Some(first)) = (room.is_narrow(), percentiles.first_mut()) {
            // The median needs the room more than the origin does.
            first.1.clear();
        }
        axes::vertical_grid(canvas, field, x, &percentiles, room);
        axes::foot(canvas, field);
        axes::name_below(canvas, field, "percentile of operations", room);
        // The baseline last, so that it stays visible where a variant equals it.
        for curve in self.curves.iter().rev() {
            let path: Vec<_> = curve.points.iter().map(|(q, time)| (x.place(*q), y.place(*time))).collect();
            canvas.line(&path, Ink::Series(curve.series), 2.0);
        }
        if labelled {
            self.name_ends(canvas, field, (x, y), names - 14.0, room);
        }
    }

    /// The name of each curve beside its end.
    fn name_ends(&self, canvas: &mut Canvas, field: Field, (x, y): (Scale, Scale), width: f64, room: Room) {
        let ends: Vec<&Curve> = self.curves.iter().filter(|curve| !curve.points.is_empty()).collect();
        let mut places: Vec<f64> =
            ends.iter().map(|curve| curve.points.last().map_or(field.bottom, |point| y.place(point.1))).collect();
        spread_apart(&mut places, 15.0, (field.top, field.bottom));
        for (curve, place) in ends.iter().zip(places) {
            if let Some((q, time)) = curve.points.last() {
                let end = (x.place(*q), y.place(*time));
                canvas.line(&[(end.0 + 3.0, end.1), (field.right + 4.0, place)], Ink::SeriesFaint(curve.series), 1.0);
            }
            let name = axes::shortened(&curve.name, width / 1.15, room.letters());
            let lettering = Lettering::new(room.letters(), Ink::Series(curve.series)).bold();
            canvas.text(&name, (field.right + 8.0, place), lettering);
        }
    }
}
