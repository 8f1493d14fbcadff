//! From the document that plotters writes to the two that are read: inline in a page, and a file of its own.
//!
//! Colours become classes, so that one drawing serves light and dark; a title and a description go first, so that it can
//! be heard as well as seen.

use super::canvas::SUBPIXELS;
use super::ink::Ink;

const NAMESPACE: &str = " xmlns=\"http://www.w3.org/2000/svg\"";
const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', 'Liberation Sans', sans-serif";

/// Around a drawing in a file of its own, pixels.
const MARGIN: f64 = 20.0;
/// Above it, for the title.
const TITLE: f64 = 50.0;

/// A finished drawing.
#[derive(Clone, Debug)]
pub struct Svg {
    body: String,
    width: f64,
    height: f64,
    title: String,
    description: String,
}

impl Svg {
    /// Takes over what plotters wrote.
    pub(super) fn new(document: &str, width: f64, height: f64, title: &str, description: &str) -> Self {
        let start = document.find('>').map_or(0, |end| end + 1);
        let end = document.rfind("</svg>").unwrap_or(document.len());
        let body = recolored(document.get(start..end).unwrap_or_default());
        Self { body, width, height, title: title.to_owned(), description: description.to_owned() }
    }

    /// For a page that already has the style sheet; `id` must be unique in it.
    #[must_use]
    pub fn inline(&self, id: &str, class: &str) -> String {
        let view = (0.0, 0.0, self.width, self.height);
        self.document(id, &format!(" class=\"{class}\""), view, "")
    }

    /// A file of its own: paper, margin, title, style and namespace included.
    #[must_use]
    pub fn standalone(&self) -> String {
        let (width, height) = (self.width + 2.0 * MARGIN, self.height + MARGIN + TITLE);
        let (left, top) = (-MARGIN, -TITLE);
        let before = format!(
            "<style>\n{}@media (prefers-color-scheme: dark) {{\n{}}}\n</style>\n\
             <rect class=\"f0\" fill=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n\
             <text class=\"f1\" fill=\"{}\" x=\"0\" y=\"{}\" font-size=\"{}\" font-weight=\"bold\">{}</text>\n",
            Ink::style_sheet("", false),
            Ink::style_sheet("", true),
            Ink::light(0),
            left * SUBPIXELS,
            top * SUBPIXELS,
            width * SUBPIXELS,
            height * SUBPIXELS,
            Ink::light(1),
            -20.0 * SUBPIXELS,
            15.0 * SUBPIXELS,
            escaped(&self.title)
        );
        let attributes = format!("{NAMESPACE} width=\"{width}\" height=\"{height}\"");
        self.document("plot", &attributes, (left, top, width, height), &before)
    }

    /// `view`: left, top, width and height in pixels. `before`: what stands behind the drawing.
    fn document(&self, id: &str, attributes: &str, view: (f64, f64, f64, f64), before: &str) -> String {
        let [left, top, width, height] = [view.0, view.1, view.2, view.3].map(|length| length * SUBPIXELS);
        format!(
            "<svg{attributes} viewBox=\"{left} {top} {width} {height}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONT}\" stroke-linejoin=\"round\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{before}{}</svg>\n",
            escaped(&self.title),
            escaped(&self.description),
            self.body
        )
    }
}

/// Replaces the stand-ins for inks by classes (with the light colour beside, for readers without style sheets), and
/// drops what says nothing.
fn recolored(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find("=\"#0102") {
        let (before, found) = rest.split_at(at);
        let number = found.get(7..9).and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let property = if before.ends_with(" fill") { "fill" } else { "stroke" };
        match number {
            Some(number) if before.ends_with(property) => {
                out.push_str(before.strip_suffix(property).unwrap_or(before));
                let class = Ink::class(number, property == "fill");
                out.push_str(&format!("class=\"{class}\" {property}=\"{}\"", Ink::light(number)));
                rest = found.get(10..).unwrap_or_default();
            }
            _ => {
                out.push_str(before);
                out.push_str("=\"");
                rest = found.get(2..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out.replace(" opacity=\"1\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace("\n</text>", "</text>")
        .replace(" \"/>", "\"/>")
}

/// Text for XML; control characters become blanks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
