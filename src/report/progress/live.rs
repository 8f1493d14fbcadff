//! The live display: a head line with a bar, and a line of figures below it. The only place that uses indicatif.

use std::io;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::narrator::Status;

/// At most so many redraws a second.
const REDRAWS_PER_S: u8 = 4;

/// The display.
pub(super) struct Live {
    all: MultiProgress,
    head: ProgressBar,
    figures: ProgressBar,
    /// Whether the head line has its bar.
    with_bar: Option<bool>,
}

impl Live {
    pub(super) fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_S));
        let head = all.add(ProgressBar::new(1));
        let figures = all.add(ProgressBar::new(1));
        figures.set_style(style("  {wide_msg}"));
        head.enable_steady_tick(Duration::from_millis(1000 / u64::from(REDRAWS_PER_S)));
        Self { all, head, figures, with_bar: None }
    }

    pub(super) fn show(&mut self, status: &Status, color: bool) {
        if self.with_bar != Some(status.share.is_some()) {
            self.with_bar = Some(status.share.is_some());
            self.head.set_style(head_style(status.share.is_some(), color));
        }
        if let Some((done, total)) = status.share {
            self.head.set_length(total.max(1));
            self.head.set_position(done.min(total));
        }
        self.head.set_message(status.head.clone());
        self.figures.set_message(status.figures.clone());
    }

    pub(super) fn print_above(&self, line: &str) -> io::Result<()> {
        self.all.println(line)
    }

    pub(super) fn clear(&self) {
        self.head.finish_and_clear();
        self.figures.finish_and_clear();
        // A terminal that is gone needs no clearing.
        let _ = self.all.clear();
    }
}

fn head_style(with_bar: bool, color: bool) -> ProgressStyle {
    // Colours are written out: indicatif's own would ask the environment a second time.
    let (on, off) = if color { ("\u{1b}[36m", "\u{1b}[0m") } else { ("", "") };
    let template = if with_bar {
        format!("{on}{{spinner}} {{bar:24}}{off} {{wide_msg}}")
    } else {
        format!("{on}{{spinner}}{off} {{wide_msg}}")
    };
    style(&template).progress_chars("━╸─").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}

fn style(template: &str) -> ProgressStyle {
    // A template that is wrong shows as the default style; the tests would show it.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        for template in ["  {wide_msg}", "{spinner} {bar:24} {wide_msg}", "\u{1b}[36m{spinner}\u{1b}[0m {wide_msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
