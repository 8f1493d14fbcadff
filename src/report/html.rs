//! The page: one self-contained file that asks nobody for anything.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::report::chart::Ink;
use crate::report::live;
use crate::report::plots::Plot;
use crate::report::view::View;
use crate::report::{Inputs, ReportError};
use crate::result::as_address;
use crate::result::index::Links;

/// What all pages share: the frame around them and its parts.
const SHARED: [(&str, &str); 3] = [
    ("shell.html", include_str!("assets/page/shell.html")),
    ("macros.html", include_str!("assets/page/macros.html")),
    ("links.html", include_str!("assets/page/links.html")),
];

/// The page of a run: its skeleton, and one file for each of its parts.
const RUN: [(&str, &str); 11] = [
    ("page.html", include_str!("assets/report.html")),
    ("sides.html", include_str!("assets/page/sides.html")),
    ("figures.html", include_str!("assets/page/figures.html")),
    ("claims.html", include_str!("assets/page/claims.html")),
    ("plots.html", include_str!("assets/page/plots.html")),
    ("details.html", include_str!("assets/page/details.html")),
    ("background.html", include_str!("assets/page/background.html")),
    ("evidence.html", include_str!("assets/page/evidence.html")),
    ("workload.html", include_str!("assets/page/workload.html")),
    ("environment.html", include_str!("assets/page/environment.html")),
    ("method.html", include_str!("assets/page/method.html")),
];

/// Between these the page of a run links others. Nothing from outside can hold them: its `<` is escaped.
const LINKS: [&str; 2] = ["<!--links-->", "<!--/links-->"];

/// In this order: print comes last and has the last word.
const STYLES: [&str; 5] = [
    include_str!("assets/report.css"),
    include_str!("assets/parts.css"),
    include_str!("assets/index.css"),
    include_str!("assets/live.css"),
    include_str!("assets/print.css"),
];

/// What a page is, beside what it shows.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    /// `report`, `comparison`, `index`, `history`, `search`.
    pub(super) kind: &'a str,
    /// What it runs.
    pub(super) script: Option<String>,
    /// What programs read of it: JSON that may stand within an element.
    pub(super) data: Option<String>,
}

/// The page of a run as text.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken.
pub(super) fn page(inputs: &Inputs<'_>, plots: &[Plot]) -> Result<String, ReportError> {
    let view = View::of(inputs, plots)?;
    let page = Page { kind: "report", script: Some(live::script()), data: None };
    whole(&RUN, &page, inputs.links, &view)
}

/// A page of one template.
///
/// # Errors
/// When the template is broken.
pub(super) fn simple(template: &str, page: &Page<'_>, view: &impl Serialize) -> Result<String, ReportError> {
    whole(&[("page.html", template)], page, &Links::default(), view)
}

/// `page`, the page of a run, with other links; `None` when it has no place for them.
///
/// # Errors
/// When the template is broken.
pub(super) fn linked(page: &str, links: &Links) -> Result<Option<String>, ReportError> {
    let [begin, end] = LINKS;
    let Some((head, rest)) = page.split_once(begin) else { return Ok(None) };
    let Some((_, tail)) = rest.split_once(end) else { return Ok(None) };
    let shown = fill(&[], "links.html", context! { links => Serde(links) })?;
    Ok(Some(format!("{head}{begin}{shown}{end}{tail}")))
}

fn whole(
    templates: &[(&str, &str)],
    page: &Page<'_>,
    links: &Links,
    view: &impl Serialize,
) -> Result<String, ReportError> {
    let (kind, script, data) = (page.kind, page.script.as_deref(), page.data.as_deref());
    let policy = live::policy(script);
    let (links, view) = (Serde(links), Serde(view));
    fill(templates, "page.html", context! { style => style(), policy, kind, script, data, links, view })
}

fn fill(templates: &[(&str, &str)], name: &str, values: Value) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(ReportError::Page)?;
    environment.set_syntax(syntax);
    environment.add_filter("address", |way: &str| as_address(way));
    for (name, template) in SHARED.iter().chain(templates) {
        // The name's ending switches escaping on.
        environment.add_template(name, template).map_err(ReportError::Page)?;
    }
    environment.get_template(name).and_then(|template| template.render(values)).map_err(ReportError::Page)
}

/// The style sheet: colours of light and dark surroundings, then who uses them.
fn style() -> String {
    let inks = |dark| Ink::style_sheet(".plot ", dark) + &Ink::variables(dark);
    let own = STYLES.concat().replace("/* inks: light */", &inks(false)).replace("/* inks: dark */", &inks(true));
    format!("{}\n{own}", live::style())
}
