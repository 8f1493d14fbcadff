//! Inks: what a mark stands for. Which colour that is, the reader's light or dark surroundings decide.
//!
//! Series are told apart with the common colour vision deficiencies too, and each has its name beside it, so that no chart
//! depends on colour alone. The first series is the baseline and stays neutral.

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Behind everything (standalone files only).
    Paper,
    /// Titles and labels.
    Text,
    /// Ticks, units, notes.
    Muted,
    /// Grid lines.
    Grid,
    /// Axis lines and the line at 1×.
    Axis,
    /// Every other round, and the band of no difference.
    Band,
    /// One of the things compared.
    Series(usize),
    /// The same, drawn faintly.
    SeriesFaint(usize),
    /// A part of a whole.
    Part(usize),
}

/// Colours of one ink on light and on dark paper.
struct Pair {
    light: &'static str,
    dark: &'static str,
}

const fn pair(light: &'static str, dark: &'static str) -> Pair {
    Pair { light, dark }
}

const FIXED: [Pair; 6] = [
    pair("#ffffff", "#14171c"),
    pair("#1b1f24", "#e8eaed"),
    pair("#57606a", "#a3abb5"),
    pair("#e3e6ea", "#2c323a"),
    pair("#8c959f", "#737d88"),
    pair("#f3f5f7", "#1c2027"),
];

/// Chosen so that the first five differ by at least 16 and all eight by at least 9 (CIE 1976) to every common kind of
/// colour vision, as simulated after Machado et al. (2009), and so that each is legible as text on its paper.
const SERIES: [Pair; 8] = [
    pair("#5b6673", "#a7b1bd"),
    pair("#2768c4", "#56a1fb"),
    pair("#9c3300", "#ffa159"),
    pair("#0b6b4e", "#65e3ba"),
    pair("#7d2f92", "#d4a1e9"),
    pair("#8c6a00", "#e6c64e"),
    pair("#b3214f", "#f881a4"),
    pair("#067a98", "#8cd8ee"),
];

/// The same, mixed with the paper.
const FAINT: [Pair; 8] = [
    pair("#babfc4", "#565c64"),
    pair("#a4c0e6", "#325580"),
    pair("#d5a994", "#7e5537"),
    pair("#99c1b5", "#387363"),
    pair("#c8a8d1", "#6a5578"),
    pair("#cfc094", "#726632"),
    pair("#dfa2b5", "#7b4759"),
    pair("#96c7d4", "#4a6e7b"),
];

const PARTS: [Pair; 5] = [
    pair("#2768c4", "#56a1fb"),
    pair("#8fbce8", "#264f7d"),
    pair("#9c3300", "#ffa159"),
    pair("#e0a93a", "#e3c34c"),
    pair("#7d2f92", "#d4a1e9"),
];

impl Ink {
    fn number(self) -> usize {
        match self {
            Self::Paper => 0,
            Self::Text => 1,
            Self::Muted => 2,
            Self::Grid => 3,
            Self::Axis => 4,
            Self::Band => 5,
            Self::Series(index) => 16 + index % SERIES.len(),
            Self::SeriesFaint(index) => 32 + index % FAINT.len(),
            Self::Part(index) => 48 + index % PARTS.len(),
        }
    }

    fn all() -> impl Iterator<Item = (usize, &'static Pair)> {
        let numbered = |from: usize, pairs: &'static [Pair]| pairs.iter().enumerate().map(move |(i, p)| (from + i, p));
        numbered(0, &FIXED).chain(numbered(16, &SERIES)).chain(numbered(32, &FAINT)).chain(numbered(48, &PARTS))
    }

    /// A colour that stands for the ink until the document is finished.
    #[expect(clippy::cast_possible_truncation, reason = "numbers of inks are below 64")]
    pub(super) fn sentinel(self) -> (u8, u8, u8) {
        (1, 2, self.number() as u8)
    }

    /// The colour on light paper, for readers without style sheets.
    pub(super) fn light(number: usize) -> &'static str {
        Self::all().find(|(n, _)| *n == number).map_or("#000000", |(_, pair)| pair.light)
    }

    /// The class of a mark filled (`f17`) or stroked (`k17`) with the ink.
    pub(super) fn class(number: usize, filled: bool) -> String {
        format!("{}{number}", if filled { 'f' } else { 'k' })
    }

    /// Style rules for every ink, each within `scope` (a selector with its blank, or nothing).
    #[must_use]
    pub fn style_sheet(scope: &str, dark: bool) -> String {
        let mut css = String::new();
        for (number, pair) in Self::all() {
            let color = if dark { pair.dark } else { pair.light };
            css.push_str(&format!("{scope}.f{number}{{fill:{color}}}{scope}.k{number}{{stroke:{color}}}\n"));
        }
        css
    }

    /// Custom properties for what is not drawn by a static plot: each series (`--s0` …), the same faintly (`--f0` …), the
    /// grid and the band behind every other round.
    #[must_use]
    pub fn variables(dark: bool) -> String {
        let color = |pair: &Pair| if dark { pair.dark } else { pair.light };
        let named = |letter: &str, pairs: &[Pair]| -> String {
            pairs.iter().enumerate().map(|(index, pair)| format!("--{letter}{index}:{};", color(pair))).collect()
        };
        let [_, _, _, grid, _, band] = FIXED.each_ref().map(color);
        format!(":root{{{}\n{}\n--grid:{grid};--band:{band}}}\n", named("s", &SERIES), named("f", &FAINT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2) of a colour as `#rrggbb`.
    fn luminance(color: &str) -> f64 {
        let channel = |from: usize| {
            let value = f64::from(u8::from_str_radix(&color[from..from + 2], 16).expect("hexadecimal")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn all_that_is_read_stands_out_from_its_paper() {
        let [paper, text, muted, ..] = &FIXED;
        for pair in SERIES.iter().chain([text, muted]) {
            assert!(contrast(pair.light, paper.light) >= 4.5, "{} on light", pair.light);
            assert!(contrast(pair.dark, paper.dark) >= 4.5, "{} on dark", pair.dark);
        }
    }
}
