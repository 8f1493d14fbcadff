//! Problems of a workload: where, what rule, what value, what would be accepted. The only importer of the renderer.
//!
//! Everything that reads a workload reports into a [`Sink`] and goes on, so that all problems come out at once.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};

use super::plan::{Place, SqlText};

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    title: String,
    /// The file, where no place in it is known.
    file: Option<String>,
    main: Option<(Place, String)>,
    also: Vec<(Place, String)>,
    hints: Vec<String>,
}

impl Diagnostic {
    /// A problem at a place: `title` states rule and value, `label` stands beside the caret (may be empty), each hint
    /// says what would be accepted or what to do.
    #[must_use]
    pub fn at(place: &Place, title: impl Into<String>, label: impl Into<String>, hints: Vec<String>) -> Self {
        let main = Some((place.clone(), label.into()));
        Self { title: title.into(), file: None, main, also: Vec::new(), hints }
    }

    /// A problem of the file as a whole.
    #[must_use]
    pub fn without_place(title: impl Into<String>, hints: Vec<String>) -> Self {
        Self { title: title.into(), file: None, main: None, also: Vec::new(), hints }
    }

    /// A server's error about a statement: the caret stands at the position that it reports (characters, from 1), or at
    /// the statement's beginning when it reports none.
    #[must_use]
    pub fn in_sql(text: &SqlText, position: Option<usize>, title: impl Into<String>, hints: Vec<String>) -> Self {
        let mut place = text.place_at(position.unwrap_or(1));
        place.span = word_at(place.source.text(), place.span.start, text.place.span.end);
        Self::at(&place, title, "", hints)
    }

    /// Text beside the caret.
    #[must_use]
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        if let Some((_, own)) = &mut self.main {
            *own = label.into();
        }
        self
    }

    /// One more hint.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// One more hint, if there is one.
    #[must_use]
    pub(super) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// A second place that has to do with it.
    #[must_use]
    pub(super) fn also(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.also.push((place.clone(), label.into()));
        self
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.main.as_ref().map(|(place, _)| place)
    }

    /// What it is.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// `file:line:column: error: …`, the source line with a caret, and the hints; ends with a newline.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let name = match (self.place(), &self.file) {
            (Some(place), _) => format!("{place}: error"),
            (None, Some(file)) => format!("{file}: error"),
            (None, None) => "error".to_owned(),
        };
        let mut group =
            Level::ERROR.with_name(name).primary_title(self.title.as_str()).elements(Vec::<Element<'_>>::new());
        let mut left: Vec<(&Place, &str, AnnotationKind)> = Vec::new();
        left.extend(self.main.iter().map(|(place, label)| (place, label.as_str(), AnnotationKind::Primary)));
        left.extend(self.also.iter().map(|(place, label)| (place, label.as_str(), AnnotationKind::Context)));
        let main_source = self.place().map(|place| &place.source);
        while let Some((first, _, _)) = left.first().copied() {
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(place, ..)| place.source == first.source);
            left = elsewhere;
            let text = first.source.text();
            let mut snippet = Snippet::source(text);
            if main_source != Some(&first.source) {
                snippet = snippet.path(first.source.path().display().to_string());
            }
            for (place, label, kind) in here {
                let annotation = kind.span(shown_span(text, &place.span));
                snippet =
                    snippet.annotation(if label.is_empty() { annotation } else { annotation.label(label.to_owned()) });
            }
            group = group.element(snippet);
        }
        for hint in &self.hints {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        let mut rendered = renderer.render(&[group]);
        rendered.push('\n');
        rendered
    }
}

/// The span within bounds, on boundaries of characters, and no longer than its first line.
fn shown_span(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let first_line = text[start..end].find(['\r', '\n']).map_or(end, |at| start + at);
    start..first_line
}

/// The word or the single character that begins at a byte.
fn word_at(text: &str, start: usize, limit: usize) -> Range<usize> {
    let Some(rest) = text.get(start..limit) else { return start..start };
    let word = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let length = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
    start..start + length
}

/// All problems of a workload, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Diagnostic>,
}

impl Problems {
    /// One problem alone.
    #[must_use]
    pub fn one(problem: Diagnostic) -> Self {
        Self { list: vec![problem] }
    }

    /// The problems.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Every problem as text for people, with a blank line between two.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.list.iter().map(|problem| problem.render(color)).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// Where problems are gathered. The same problem found twice (once per variant, say) is kept once.
#[derive(Debug, Default)]
pub(super) struct Sink {
    list: RefCell<Vec<Diagnostic>>,
}

impl Sink {
    pub(super) fn push(&self, problem: Diagnostic) {
        let mut list = self.list.borrow_mut();
        let known = list.iter().any(|other| other.title == problem.title && other.place() == problem.place());
        if !known {
            list.push(problem);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// The problems in the order of the file; then those of included files and of the command
    /// line; those without a place come last.
    pub(super) fn into_problems(self, file: &super::plan::SourceText) -> Problems {
        let mut list = self.list.into_inner();
        for problem in list.iter_mut().filter(|problem| problem.main.is_none()) {
            problem.file = Some(file.path().display().to_string());
        }
        list.sort_by_key(|problem| match problem.place() {
            Some(place) if place.source == *file => (0, String::new(), place.span.start),
            Some(place) => (1, place.source.path().display().to_string(), place.span.start),
            None => (2, String::new(), 0),
        });
        Problems { list }
    }
}

/// A problem at a place, to be completed with `label`, `hint` and `also`.
pub(super) fn problem(place: &Place, title: impl Into<String>) -> Diagnostic {
    Diagnostic::at(place, title, "", Vec::new())
}

/// The known name that is nearest to a misspelled one, if any is near.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let allowed = match name.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", or the list of what is known, or nothing where nothing is known.
pub(super) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(name, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let names: Vec<String> = known.into_iter().map(|known| format!("`{known}`")).collect();
    match names.len() {
        0 => None,
        1..=24 => Some(format!("known here: {}", names.join(", "))),
        more => Some(format!("known here: {} and {} more", names[..20].join(", "), more - 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::plan::SourceText;

    fn place(text: &str, span: Range<usize>) -> Place {
        Place { source: SourceText::new("w.toml", text), span }
    }

    #[test]
    fn a_problem_shows_place_line_caret_label_and_hint() {
        let problem = problem(&place("[load]\nclients = 0\n", 17..18), "`clients` must be between 1 and 100000, got 0")
            .label("here")
            .hint("the default is 8");
        assert_eq!(
            problem.render(false),
            "w.toml:2:11: error: `clients` must be between 1 and 100000, got 0\n  |\n2 | clients = 0\n  |           ^ here\n  |\n  = help: the default is 8\n"
        );
    }

    #[test]
    fn a_second_place_in_another_source_names_it() {
        let file = place("[load]\nclients = 4\n", 7..14);
        let set = Place { source: SourceText::new("command line", "--set load.clients=2"), span: 6..18 };
        let rendered = problem(&file, "set twice").also(&set, "and here").render(false);
        assert!(rendered.contains("command line:1:7") && rendered.contains("--set load.clients=2"), "{rendered}");
    }

    #[test]
    fn spans_outside_of_the_text_or_inside_of_a_letter_are_shown_all_the_same() {
        for span in [0..500, 500..600, 1..1, 1..2, 3..4] {
            assert!(problem(&place("äöü\nx", span), "t").render(true).contains('t'));
        }
    }

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("clinets", ["rate", "clients"]), Some("clients"));
        assert_eq!(nearest("fish", ["rate", "clients"]), None);
        assert_eq!(did_you_mean("fish", ["rate"]), Some("known here: `rate`".to_owned()));
    }
}
