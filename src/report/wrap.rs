//! Text in lines that fit, broken at blanks, and stripped of what would steer a terminal.

/// A name, a claim or a message must not steer the terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// `text` in lines of at most `width` letters, broken at blanks.
#[must_use]
pub fn wrapped(text: &str, width: u16) -> Vec<String> {
    let width = usize::from(width).max(10);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = harmless(word);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// `text` after a prefix that looks `indent` letters wide; further lines are indented as far.
pub(super) fn hanging(prefix: &str, indent: usize, text: &str, width: u16) -> Vec<String> {
    let width = width.saturating_sub(u16::try_from(indent).unwrap_or(u16::MAX)).max(20);
    let line = |(index, line): (usize, &String)| {
        if index == 0 { format!("{prefix}{line}") } else { format!("{}{line}", " ".repeat(indent)) }
    };
    wrapped(text, width).iter().enumerate().map(line).collect()
}
