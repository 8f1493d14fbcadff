//! Ratios to the baseline with their intervals on a logarithmic axis around 1×, and the band that counts as no
//! difference.

use super::Room;
use super::axes::{self, Field, widest};
use super::canvas::{Anchor, Canvas, ChartError, Lettering};
use super::ink::Ink;
use super::scale::{Scale, Spread, log_range, log_ticks, tick_number};

/// Ratios.
#[derive(Clone, Debug)]
pub struct Forest {
    /// What the ratios are to.
    pub baseline: String,
    /// Half-width of the band that counts as no difference (0.05).
    pub margin: f64,
    /// In order; rows of one group stand together.
    pub rows: Vec<ForestRow>,
}

/// One ratio.
#[derive(Clone, Debug)]
pub struct ForestRow {
    /// What is compared: the heading of the group.
    pub group: String,
    /// The variant.
    pub name: String,
    /// Number of its ink.
    pub series: usize,
    /// The ratio; `None` when it could not be computed.
    pub ratio: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// Ratio and interval as people read them.
    pub label: String,
}

const HEADING: f64 = 26.0;

impl Forest {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let height = self.rows_height(room) + 62.0;
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    fn begins_group(&self, index: usize) -> bool {
        index == 0 || self.rows.get(index - 1).map(|row| &row.group) != self.rows.get(index).map(|row| &row.group)
    }

    fn rows_height(&self, room: Room) -> f64 {
        (0..self.rows.len()).map(|i| row_height(room) + if self.begins_group(i) { HEADING } else { 0.0 }).sum()
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let size = room.letters();
        let names = widest(self.rows.iter().map(|row| row.name.as_str()), size).min(180.0) + 14.0;
        let labels = widest(self.rows.iter().map(|row| row.label.as_str()), size) + 10.0;
        let (left, right) = if room.is_narrow() { (8.0, 8.0) } else { (names, labels) };
        let field = Field { left, right: room.width() - right, top: 6.0, bottom: height - 50.0 };
        let band = [1.0 / (1.0 + self.margin), 1.0 + self.margin];
        let shown = self
            .rows
            .iter()
            .flat_map(|row| row.ratio.into_iter().chain(row.interval.into_iter().flat_map(|(low, high)| [low, high])));
        let range = log_range(shown.chain(band));
        let x = Scale::new(Spread::Log, range, (field.left, field.right));
        canvas.area((x.place(1.0 - self.margin), field.top), (x.place(1.0 + self.margin), field.bottom), Ink::Grid);
        let ticks: Vec<_> = log_ticks(range, if room.is_narrow() { 6 } else { 9 })
            .into_iter()
            .map(|tick| (tick, format!("{}×", tick_number(tick))))
            .collect();
        axes::vertical_grid(canvas, field, x, &ticks, room);
        canvas.line(&[(x.place(1.0), field.top), (x.place(1.0), field.bottom)], Ink::Axis, 1.0);
        let name = axes::shortened(&format!("ratio to {} (logarithmic)", self.baseline), room.width() - 16.0, size);
        axes::name_below(canvas, Field { left: 0.0, right: room.width(), ..field }, &name, room);
        self.paint_rows(canvas, field, x, room);
    }

    fn paint_rows(&self, canvas: &mut Canvas, field: Field, x: Scale, room: Room) {
        let size = room.letters();
        let mut top = field.top;
        for (index, row) in self.rows.iter().enumerate() {
            if self.begins_group(index) {
                canvas.text(&row.group, (0.0, top + HEADING / 2.0 + 2.0), Lettering::new(size, Ink::Text).bold());
                top += HEADING;
            }
            let middle = if room.is_narrow() { top + 30.0 } else { top + row_height(room) / 2.0 };
            let text = if room.is_narrow() { top + 12.0 } else { middle };
            let name = axes::shortened(&row.name, if room.is_narrow() { 150.0 } else { field.left - 14.0 }, size);
            canvas.text(&name, (0.0, text), Lettering::new(size, Ink::Text));
            canvas.text(&row.label, (room.width(), text), Lettering::new(size, Ink::Text).anchored(Anchor::End));
            row.mark(canvas, x, middle);
            top += row_height(room);
        }
    }
}

fn row_height(room: Room) -> f64 {
    if room.is_narrow() { 42.0 } else { 24.0 }
}

impl ForestRow {
    fn mark(&self, canvas: &mut Canvas, x: Scale, middle: f64) {
        let ink = Ink::Series(self.series);
        if let Some((low, high)) = self.interval {
            let (low, high) = (x.place(low), x.place(high));
            canvas.line(&[(low, middle), (high, middle)], ink, 2.0);
            for at in [low, high] {
                canvas.line(&[(at, middle - 5.0), (at, middle + 5.0)], ink, 2.0);
            }
        }
        if let Some(ratio) = self.ratio {
            let at = x.place(ratio);
            canvas.polygon(&[(at - 5.0, middle), (at, middle - 5.0), (at + 5.0, middle), (at, middle + 5.0)], ink);
        }
    }
}
