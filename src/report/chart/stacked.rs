//! Parts of a whole for each variant: where the mean time of an operation goes.

use super::Room;
use super::axes::{self, Entry, Field, widest};
use super::canvas::{Anchor, Canvas, ChartError, Lettering};
use super::ink::Ink;
use super::scale::{Scale, Spread, linear_ticks, tick_time, zero_range};

/// Parts of a whole.
#[derive(Clone, Debug)]
pub struct Stacked {
    /// Name of the axis.
    pub name: String,
    /// Names of the parts, in order.
    pub parts: Vec<String>,
    /// One for each variant.
    pub stacks: Vec<Stack>,
}

/// The parts of one variant.
#[derive(Clone, Debug)]
pub struct Stack {
    /// What it is of.
    pub name: String,
    /// µs of each part, parallel to [`Stacked::parts`].
    pub parts_us: Vec<f64>,
    /// The whole as people read it.
    pub label: String,
}

impl Stacked {
    pub(super) fn render(&self, room: Room) -> Result<(String, f64), ChartError> {
        let legend = axes::legend(None, &self.entries(), 0.0, room);
        let rows = self.stacks.iter().map(|_| row_height(room)).sum::<f64>();
        let height = legend + rows + 66.0;
        let document = Canvas::draw(room.width(), height, |canvas| self.paint(canvas, height, room))?;
        Ok((document, height))
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        self.parts.iter().enumerate().map(|(index, name)| Entry { name, ink: Ink::Part(index) }).collect()
    }

    fn paint(&self, canvas: &mut Canvas, height: f64, room: Room) {
        let size = room.letters();
        let legend = axes::legend(Some(canvas), &self.entries(), 0.0, room);
        let names = if room.is_narrow() {
            4.0
        } else {
            widest(self.stacks.iter().map(|s| s.name.as_str()), size).min(200.0) + 12.0
        };
        let wholes = widest(self.stacks.iter().map(|stack| stack.label.as_str()), size) * 1.1 + 12.0;
        let field = Field { left: names, right: room.width() - wholes, top: legend + 12.0, bottom: height - 48.0 };
        let range = zero_range(self.stacks.iter().map(|stack| stack.parts_us.iter().sum()));
        let x = Scale::new(Spread::Linear, range, (field.left, field.right));
        let ticks: Vec<_> = linear_ticks(range, if room.is_narrow() { 5 } else { 6 })
            .into_iter()
            .map(|tick| (tick, if tick == 0.0 { "0".to_owned() } else { tick_time(tick) }))
            .collect();
        axes::vertical_grid(canvas, field, x, &ticks, room);
        axes::name_below(canvas, field, &self.name, room);
        let mut top = field.top;
        for stack in &self.stacks {
            stack.paint(canvas, field, x, top, room);
            top += row_height(room);
        }
        canvas.line(&[(field.left, field.top), (field.left, field.bottom)], Ink::Axis, 1.0);
    }
}

fn row_height(room: Room) -> f64 {
    if room.is_narrow() { 50.0 } else { 36.0 }
}

impl Stack {
    fn paint(&self, canvas: &mut Canvas, field: Field, x: Scale, top: f64, room: Room) {
        let size = room.letters();
        let middle = if room.is_narrow() { top + 32.0 } else { top + 17.0 };
        if room.is_narrow() {
            canvas.text(
                &axes::shortened(&self.name, room.width() - 8.0, size),
                (field.left + 5.0, top + 11.0),
                Lettering::new(size, Ink::Text),
            );
        } else {
            let name = axes::shortened(&self.name, field.left - 12.0, size);
            canvas.text(&name, (field.left - 10.0, middle), Lettering::new(size, Ink::Text).anchored(Anchor::End));
        }
        let mut sum = 0.0;
        for (part, time_us) in self.parts_us.iter().enumerate().filter(|(_, time_us)| **time_us > 0.0) {
            canvas.area((x.place(sum), middle - 10.0), (x.place(sum + time_us), middle + 10.0), Ink::Part(part));
            sum += time_us;
        }
        canvas.text(&self.label, (x.place(sum) + 8.0, middle), Lettering::new(size, Ink::Text).bold());
    }
}
