//! What plots share: the frame with its grid and ticks, legends, labels that do not cover each other.

use super::Room;
use super::canvas::{Anchor, Canvas, Lettering, text_width};
use super::ink::Ink;
use super::scale::Scale;

/// The rectangle in which values are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// A tick: where, and what stands there.
pub(super) type Tick = (f64, String);

/// The room that the widest of the labels needs.
pub(super) fn widest<'a>(labels: impl Iterator<Item = &'a str>, size: f64) -> f64 {
    labels.map(|label| text_width(label, size, false)).fold(0.0, f64::max)
}

/// Horizontal grid lines with their labels on the left.
pub(super) fn horizontal_grid(canvas: &mut Canvas, field: Field, scale: Scale, ticks: &[Tick], room: Room) {
    for (value, label) in ticks {
        let y = scale.place(*value);
        canvas.line(&[(field.left, y), (field.right, y)], Ink::Grid, 1.0);
        let lettering = Lettering::new(room.letters(), Ink::Muted).anchored(Anchor::End);
        canvas.text(label, (field.left - 8.0, y), lettering);
    }
}

/// Vertical grid lines with their labels below; labels that would touch the last one drawn are left out.
pub(super) fn vertical_grid(canvas: &mut Canvas, field: Field, scale: Scale, ticks: &[Tick], room: Room) {
    let mut free_from = f64::NEG_INFINITY;
    for (value, label) in ticks {
        let x = scale.place(*value);
        canvas.line(&[(x, field.top), (x, field.bottom)], Ink::Grid, 1.0);
        let half = text_width(label, room.letters(), false) / 2.0;
        if !label.is_empty() && x - half >= free_from {
            let lettering = Lettering::new(room.letters(), Ink::Muted).anchored(Anchor::Middle);
            canvas.text(label, (x, field.bottom + 14.0), lettering);
            free_from = x + half + 6.0;
        }
    }
}

/// The line at the foot of the field.
pub(super) fn foot(canvas: &mut Canvas, field: Field) {
    canvas.line(&[(field.left, field.bottom), (field.right, field.bottom)], Ink::Axis, 1.0);
}

/// The name of the horizontal axis, with its unit, below the ticks.
pub(super) fn name_below(canvas: &mut Canvas, field: Field, name: &str, room: Room) {
    let lettering = Lettering::new(room.letters(), Ink::Muted).anchored(Anchor::Middle);
    canvas.text(name, ((field.left + field.right) / 2.0, field.bottom + 34.0), lettering);
}

/// The name of the vertical axis, above the field on the left, where it reads without turning the head.
pub(super) fn name_above(canvas: &mut Canvas, y: f64, name: &str, room: Room) {
    canvas.text(name, (0.0, y), Lettering::new(room.letters(), Ink::Muted));
}

/// An entry of a legend.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) ink: Ink,
}

/// Draws a legend in as many lines as it needs from `top` on, and returns the height that it takes. With no canvas it
/// only measures.
pub(super) fn legend(canvas: Option<&mut Canvas>, entries: &[Entry<'_>], top: f64, room: Room) -> f64 {
    const LINE: f64 = 20.0;
    const SWATCH: f64 = 12.0;
    let size = room.letters();
    let mut canvas = canvas;
    let (mut x, mut y) = (0.0, top + LINE / 2.0);
    for entry in entries {
        let width = SWATCH + 6.0 + text_width(entry.name, size, false) + 16.0;
        if x > 0.0 && x + width - 16.0 > room.width() {
            x = 0.0;
            y += LINE;
        }
        if let Some(canvas) = canvas.as_deref_mut() {
            canvas.area((x, y - 5.0), (x + SWATCH, y + 5.0), entry.ink);
            let name = shortened(entry.name, room.width() - SWATCH - 6.0, size);
            canvas.text(&name, (x + SWATCH + 6.0, y), Lettering::new(size, Ink::Text));
        }
        x += width;
    }
    if entries.is_empty() { 0.0 } else { y + LINE / 2.0 - top }
}

/// A name that fits into `width`, its end replaced by "…" where it does not.
pub(super) fn shortened(name: &str, width: f64, size: f64) -> String {
    if text_width(name, size, false) <= width {
        return name.to_owned();
    }
    let mut letters: Vec<char> = name.chars().collect();
    while letters.len() > 1 {
        letters.pop();
        let short: String = letters.iter().chain(std::iter::once(&'…')).collect();
        if text_width(&short, size, false) <= width {
            return short;
        }
    }
    "…".to_owned()
}

/// Moves labels apart so that none covers another, keeping their order and staying within `top..bottom`.
pub(super) fn spread_apart(places: &mut [f64], gap: f64, (top, bottom): (f64, f64)) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    let mut free_from = top;
    for index in &order {
        places[*index] = places[*index].max(free_from);
        free_from = places[*index] + gap;
    }
    let mut free_to = bottom;
    for index in order.iter().rev() {
        places[*index] = places[*index].min(free_to);
        free_to = places[*index] - gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_apart_and_keep_their_order() {
        let mut places = [50.0, 52.0, 10.0, 99.0];
        spread_apart(&mut places, 14.0, (0.0, 100.0));
        assert_eq!(places, [50.0, 64.0, 10.0, 99.0]);
        let mut crowded = [95.0, 96.0, 97.0];
        spread_apart(&mut crowded, 14.0, (0.0, 100.0));
        assert_eq!(crowded, [72.0, 86.0, 100.0]);
    }

    #[test]
    fn a_long_name_is_cut_where_it_ends() {
        let name = "a_variant_with_a_very_long_name_that_nobody_should_give_but_may";
        let short = shortened(name, 120.0, 12.0);
        assert!(short.ends_with('…') && text_width(&short, 12.0, false) <= 120.0, "{short}");
        assert_eq!(shortened("join", 120.0, 12.0), "join");
    }
}
