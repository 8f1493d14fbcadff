//! Progress of a run, from its events alone: live on a terminal, plain lines elsewhere.
//!
//! What is said is decided in [`narrator`], with time passed in; here and in `live` it is only shown. Nothing is read
//! from the environment: whether there is a terminal and whether it wants colours, the caller knows.

mod live;
mod narrator;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use self::live::Live;
use self::narrator::{Line, Narrator};
use crate::event::{Event, Events};
use crate::report::wrap::hanging;

/// How often the display shows that time passes.
const MOVES: Duration = Duration::from_millis(250);

/// How much is shown, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Warnings only (`--quiet`, `--no-progress`).
    Warnings,
    /// A line for each stage and slice, when it ends.
    Lines,
    /// A live display that is redrawn, with the stages above it.
    Live,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// How much.
    pub shown: Shown,
    /// Whether in colours.
    pub color: bool,
}

impl Mode {
    /// The mode that the options ask for. `terminal`: whether stderr is one.
    #[must_use]
    pub fn new(quiet: bool, no_progress: bool, terminal: bool, color: bool) -> Self {
        let shown = match (quiet || no_progress, terminal) {
            (true, _) => Shown::Warnings,
            (_, true) => Shown::Live,
            _ => Shown::Lines,
        };
        Self { shown, color }
    }
}

/// Shows what happens. Cloning gives another handle to the same display.
#[derive(Clone)]
pub struct Progress(Arc<Mutex<Inner>>);

struct Inner {
    mode: Mode,
    began: Instant,
    narrator: Narrator,
    live: Option<Live>,
    /// Columns of the terminal, where lines are wrapped to fit.
    width: Option<fn() -> u16>,
    writer: Box<dyn Write + Send>,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

impl Progress {
    /// Plain lines go to `writer` (stderr); a live display draws on stderr by itself, at most four times a second.
    /// `width`: columns of the terminal, asked for each line, as people resize their windows.
    #[must_use]
    pub fn new(mode: Mode, writer: Box<dyn Write + Send>, width: fn() -> u16) -> Self {
        let live = (mode.shown == Shown::Live).then(Live::new);
        let width = live.is_some().then_some(width);
        let narrator = Narrator::default();
        let inner = Arc::new(Mutex::new(Inner { mode, began: Instant::now(), narrator, live, width, writer }));
        if matches!(mode.shown, Shown::Live | Shown::Lines) {
            let display = Arc::downgrade(&inner);
            // Without it the display moves only when something happens, which is all that is lost.
            drop(std::thread::Builder::new().name("dbbench-display".to_owned()).spawn(move || keep_moving(&display)));
        }
        Self(inner)
    }

    /// Where the run's events go.
    #[must_use]
    pub fn events(&self) -> Events {
        let progress = self.clone();
        Events::new(move |event| progress.lock().tell(&event))
    }

    /// Shows a line of somebody else above the live display.
    pub fn note(&self, line: &str) {
        self.lock().write(line);
    }

    /// Clears the live display; later events are shown as plain lines.
    pub fn finish(&self) {
        let mut inner = self.lock();
        if let Some(live) = inner.live.take() {
            live.clear();
            inner.mode.shown = Shown::Lines;
        }
        // Whoever reads stderr may be gone; progress is no reason to fail.
        let _ = inner.writer.flush();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how time passes between events, until the display is gone: a live one moves, plain lines tell of what takes long.
fn keep_moving(display: &Weak<Mutex<Inner>>) {
    loop {
        std::thread::sleep(MOVES);
        let Some(inner) = display.upgrade() else { return };
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.mode.shown {
            Shown::Live => inner.show(),
            _ => inner.remind(),
        }
    }
}

/// A line with a prefix that may be in colours.
struct Styled {
    prefix: String,
    /// Letters that the prefix takes.
    indent: usize,
    text: String,
}

impl Styled {
    /// In lines that fit, or in one where nobody knows what fits.
    fn lines(&self, width: Option<u16>) -> Vec<String> {
        match width {
            Some(width) => hanging(&self.prefix, self.indent, &self.text, width),
            None => vec![format!("{}{}", self.prefix, self.text)],
        }
    }
}

impl Inner {
    fn tell(&mut self, event: &Event) {
        let lines = self.narrator.hear(event, self.began.elapsed());
        for line in lines {
            if let Some(styled) = self.styled(&line) {
                styled.lines(self.width.map(|width| width())).iter().for_each(|line| self.write(line));
            }
        }
        self.show();
    }

    /// Says that something takes long, where no display shows it.
    fn remind(&mut self) {
        let line = self.narrator.overdue(self.began.elapsed());
        if let Some(styled) = line.and_then(|line| self.styled(&line)) {
            styled.lines(self.width.map(|width| width())).iter().for_each(|line| self.write(line));
        }
    }

    fn show(&mut self) {
        if let Some(live) = &mut self.live {
            live.show(&self.narrator.status(self.began.elapsed()), self.mode.color);
        }
    }

    /// The line as it is shown, or `None` when this mode does not.
    fn styled(&self, line: &Line) -> Option<Styled> {
        let paint = |code: &str, text: &str| {
            if self.mode.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
        };
        let after = |code: &str, word: &str, text: &str| {
            let prefix = if word.is_empty() { String::new() } else { format!("{} ", paint(code, word)) };
            let indent = if word.is_empty() { 0 } else { word.chars().count() + 1 };
            Some(Styled { prefix, indent, text: text.to_owned() })
        };
        match (line, self.mode.shown) {
            (Line::Warning(text), _) => after("1;33", "warning:", text),
            (Line::Failure(text), _) => after("1;31", "failed:", text),
            (_, Shown::Warnings) => None,
            (Line::Stage { what, took, result }, shown) => {
                let result = if result.is_empty() { String::new() } else { format!(" · {result}") };
                let tick = if shown == Shown::Live { "✓" } else { "" };
                after("32", tick, &format!("{what} · {took}{result}"))
            }
            (Line::Probe(text), _) => after("", "", text),
            // The live display shows slices and looks by itself.
            (Line::Slice(_) | Line::Look(_) | Line::Slow(_), Shown::Live) => None,
            (Line::Slice(text) | Line::Look(text) | Line::Slow(text), _) => after("", "", text),
        }
    }

    fn write(&mut self, line: &str) {
        let written = match &self.live {
            Some(live) => live.print_above(line),
            None => writeln!(self.writer, "{line}").and_then(|()| self.writer.flush()),
        };
        // Whoever reads stderr may be gone; progress is no reason to fail.
        drop(written);
    }
}

#[cfg(test)]
mod tests;
