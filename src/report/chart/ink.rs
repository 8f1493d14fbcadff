//! Inks: what a mark stands for. Which colour that is, the reader's light or dark surroundings decide.
//!
//! The palette is told apart with the common colour vision deficiencies, and by lightness; every series also has a label
//! beside it, so that no chart depends on colour alone. The first series is the baseline and stays neutral.

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

const SERIES: [Pair; 8] = [
    pair("#5b6570", "#a9b3bd"),
    pair("#0b62b8", "#58a6ff"),
    pair("#c2500a", "#ffa057"),
    pair("#00806a", "#3dcfb6"),
    pair("#8a3fa0", "#d2a0ee"),
    pair("#8a6a00", "#e3c34c"),
    pair("#b3204d", "#ff86a8"),
    pair("#007f9e", "#6fd0ee"),
];

const FAINT: [Pair; 8] = [
    pair("#b9bfc5", "#555d66"),
    pair("#a3c4e6", "#2b527c"),
    pair("#eabf9f", "#7c512f"),
    pair("#9fd0c6", "#24655b"),
    pair("#d3b6db", "#675072"),
    pair("#d4c697", "#6d602b"),
    pair("#e3a9bb", "#7a4454"),
    pair("#9acdda", "#396674"),
];

const PARTS: [Pair; 5] = [
    pair("#0b62b8", "#4d97e8"),
    pair("#8fbce8", "#264f7d"),
    pair("#c2500a", "#ffa057"),
    pair("#e0a93a", "#e3c34c"),
    pair("#8a3fa0", "#d2a0ee"),
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

    /// Style rules for swatches of the series beside names in tables (`s0` …).
    #[must_use]
    pub fn swatches(dark: bool) -> String {
        let color = |pair: &Pair| if dark { pair.dark } else { pair.light };
        SERIES.iter().enumerate().map(|(index, pair)| format!(".s{index}{{background:{}}}\n", color(pair))).collect()
    }
}
