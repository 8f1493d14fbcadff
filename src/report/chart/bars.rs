//! One figure for each variant as a bar from zero, with its interval and the figures of the rounds.

use super::Room;
use super::axes::{self, Field, widest};
use super::canvas::{Anchor, Canvas, ChartError, Lettering};
use super::ink::Ink;
use super::scale::{Scale, Spread, linear_ticks, tick_number, zero_range};

/// Bars.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Name of the axis, with its unit.
    pub name: String,
    /// One for each variant.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// Number of its ink.
    pub series: usize,
    /// Its length; `None` when not measured.
    pub value: Option<f64>,
    /// The value as people read it.
    pub label: String,
    /// The interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// The figure of each round.
    pub rounds: Vec<f64>,
}

impl Bars {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let rows = self.bars.iter().map(|_| row_height(room)).sum::<f64>();
        let height = rows + 60.0;
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let size = room.letters();
        let names = if room.is_narrow() {
            0.0
        } else {
            widest(self.bars.iter().map(|b| b.name.as_str()), size).min(200.0) + 12.0
        };
        let values = widest(self.bars.iter().map(|bar| bar.label.as_str()), size) * 1.1 + 12.0;
        let field = Field { left: names.max(4.0), right: room.width() - values, top: 8.0, bottom: height - 48.0 };
        let shown = self
            .bars
            .iter()
            .flat_map(|bar| bar.value.into_iter().chain(bar.interval.map(|i| i.1)).chain(bar.rounds.iter().copied()));
        let range = zero_range(shown);
        let x = Scale::new(Spread::Linear, range, (field.left, field.right));
        let ticks: Vec<_> = linear_ticks(range, if room.is_narrow() { 5 } else { 6 })
            .into_iter()
            .map(|t| (t, tick_number(t)))
            .collect();
        axes::vertical_grid(canvas, field, x, &ticks, room);
        axes::name_below(canvas, field, &self.name, room);
        let mut top = field.top;
        for bar in &self.bars {
            bar.paint(canvas, field, x, top, room);
            top += row_height(room);
        }
        canvas.line(&[(field.left, field.top), (field.left, field.bottom)], Ink::Axis, 1.0);
    }
}

fn row_height(room: Room) -> f64 {
    if room.is_narrow() { 50.0 } else { 36.0 }
}

impl Bar {
    fn paint(&self, canvas: &mut Canvas, field: Field, x: Scale, top: f64, room: Room) {
        let size = room.letters();
        let middle = if room.is_narrow() { top + 32.0 } else { top + 17.0 };
        if room.is_narrow() {
            let name = axes::shortened(&self.name, room.width() - 8.0, size);
            canvas.text(&name, (field.left + 5.0, top + 11.0), Lettering::new(size, Ink::Text));
        } else {
            let name = axes::shortened(&self.name, field.left - 12.0, size);
            canvas.text(&name, (field.left - 10.0, middle), Lettering::new(size, Ink::Text).anchored(Anchor::End));
        }
        let mut end = field.left;
        if let Some(value) = self.value {
            canvas.area((field.left, middle - 10.0), (x.place(value), middle + 10.0), Ink::SeriesFaint(self.series));
            canvas.area(
                (x.place(value) - 1.0, middle - 10.0),
                (x.place(value) + 1.0, middle + 10.0),
                Ink::Series(self.series),
            );
            end = x.place(value);
        }
        for round in &self.rounds {
            canvas.circle((x.place(*round), middle), 2.2, Ink::Series(self.series), false);
            end = end.max(x.place(*round));
        }
        if let Some((low, high)) = self.interval {
            let (low, high) = (x.place(low), x.place(high));
            canvas.line(&[(low, middle), (high, middle)], Ink::Text, 1.5);
            for at in [low, high] {
                canvas.line(&[(at, middle - 5.0), (at, middle + 5.0)], Ink::Text, 1.5);
            }
            end = end.max(high);
        }
        canvas.text(&self.label, (end + 8.0, middle), Lettering::new(size, Ink::Text).bold());
    }
}
