//! The only place that draws with plotters: lines, polygons, circles and text on an SVG surface, in fractions of a
//! pixel, with inks instead of colours. Axes, scales and layout are the charts' own, so that another writer of SVG could
//! stand here.

use std::sync::OnceLock;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::register_font as register;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};

use super::ink::Ink;

/// plotters places everything on whole pixels; a drawing this many times larger keeps fractions.
pub(super) const SUBPIXELS: f64 = 10.0;

/// What the font size of plotters is larger than that of SVG.
const FONT_SCALE: f64 = 1.24;

/// Height of the bundled font's letters (ascent and descent) in ems: plotters measures by height, SVG sets by em.
const HEIGHT_EM: f64 = 1.164;

/// A place on the backend's grid.
type Pixel = (i32, i32);

const FAMILY: &str = "sans-serif";

/// Why a plot could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The bundled font is not readable.
    #[error("the bundled font cannot be read; the program's build is damaged")]
    Font,
    /// The drawing backend failed.
    #[error("drawing failed: {0}")]
    Drawing(String),
}

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lettering {
    pub(super) size: f64,
    pub(super) ink: Ink,
    pub(super) anchor: Anchor,
    pub(super) bold: bool,
}

impl Lettering {
    pub(super) fn new(size: f64, ink: Ink) -> Self {
        Self { size, ink, anchor: Anchor::Start, bold: false }
    }

    pub(super) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }
}

/// A surface of `width` × `height` pixels.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
    failure: Option<ChartError>,
}

impl Canvas<'_> {
    /// Lets `paint` draw and returns the document as plotters writes it.
    pub(super) fn draw(width: f64, height: f64, paint: impl FnOnce(&mut Canvas)) -> Result<String, ChartError> {
        register_font()?;
        let mut document = String::new();
        let failure = {
            let (width, height) = (length(width), length(height));
            let backend = SVGBackend::with_string(&mut document, (width, height));
            let mut canvas = Canvas { backend, failure: None };
            paint(&mut canvas);
            let presented = canvas.backend.present();
            canvas.note(presented);
            canvas.failure
        };
        failure.map_or(Ok(document), Err)
    }

    /// Keeps the first failure: charts draw without asking after each line.
    fn note<E: std::fmt::Display>(&mut self, outcome: Result<(), E>) {
        if let (Err(error), None) = (outcome, &self.failure) {
            self.failure = Some(ChartError::Drawing(error.to_string()));
        }
    }

    /// A line through all points.
    pub(super) fn line(&mut self, points: &[(f64, f64)], ink: Ink, width: f64) {
        if points.len() > 1 {
            let path: Vec<Pixel> = points.iter().map(|point| place(*point)).collect();
            let drawn = self.backend.draw_path(path, &stroke(ink, width));
            self.note(drawn);
        }
    }

    /// A filled rectangle between two corners.
    pub(super) fn area(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink) {
        let (from, to) = ((from.0.min(to.0), from.1.min(to.1)), (from.0.max(to.0), from.1.max(to.1)));
        let drawn = self.backend.draw_rect(place(from), place(to), &stroke(ink, 0.0), true);
        self.note(drawn);
    }

    /// A filled polygon.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], ink: Ink) {
        let path: Vec<Pixel> = points.iter().map(|point| place(*point)).collect();
        let drawn = self.backend.fill_polygon(path, &stroke(ink, 0.0));
        self.note(drawn);
    }

    /// A disc, or a ring where `filled` is not set.
    pub(super) fn circle(&mut self, center: (f64, f64), radius: f64, ink: Ink, filled: bool) {
        let drawn = self.backend.draw_circle(place(center), length(radius), &stroke(ink, 1.25), filled);
        self.note(drawn);
    }

    /// A text whose middle height lies at `at`.
    pub(super) fn text(&mut self, text: &str, at: (f64, f64), lettering: Lettering) {
        let horizontal = match lettering.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let ink = color(lettering.ink);
        let style =
            TextStyle::from(font(lettering.size, lettering.bold)).color(&ink).pos(Pos::new(horizontal, VPos::Center));
        let drawn = self.backend.draw_text(&printable(text), &style, place(at));
        self.note(drawn);
    }
}

/// The width of a text in pixels; generous, since the reader's font may be another one.
pub(super) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let width = register_font().ok().and_then(|()| {
        let ((left, _), (right, _)) = font(size, false).layout_box(&printable(text)).ok()?;
        Some(f64::from(right - left) / SUBPIXELS / FONT_SCALE * HEIGHT_EM)
    });
    let letters = text.chars().count();
    // Half an em a letter is the usual width of Latin text, should the font fail.
    #[expect(clippy::cast_precision_loss, reason = "texts are short")]
    let width = width.unwrap_or(letters as f64 * size * 0.55);
    if bold { width * 1.15 } else { width }
}

fn font(size: f64, bold: bool) -> FontDesc<'static> {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::Name(FAMILY), size * SUBPIXELS * FONT_SCALE, style)
}

fn register_font() -> Result<(), ChartError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let done = *REGISTERED
        .get_or_init(|| register(FAMILY, FontStyle::Normal, include_bytes!("../assets/DejaVuSans-Latin.ttf")).is_ok());
    if done { Ok(()) } else { Err(ChartError::Font) }
}

/// XML knows no control characters; a name that holds one must not break the document.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

fn color(ink: Ink) -> RGBAColor {
    let (red, green, blue) = ink.sentinel();
    RGBAColor(red, green, blue, 1.0)
}

fn stroke(ink: Ink, width: f64) -> ShapeStyle {
    ShapeStyle { color: color(ink).to_rgba(), filled: false, stroke_width: length(width) }
}

fn place((x, y): (f64, f64)) -> Pixel {
    (coordinate(x), coordinate(y))
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of f64 saturates; drawings are small")]
fn coordinate(value: f64) -> i32 {
    (value * SUBPIXELS).round() as i32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of f64 saturates; lengths are positive"
)]
fn length(value: f64) -> u32 {
    (value * SUBPIXELS).round() as u32
}
