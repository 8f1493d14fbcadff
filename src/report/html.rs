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

/// The skeleton, and one file for each of its parts.
const TEMPLATES: [(&str, &str); 12] = [
    ("report.html", include_str!("assets/report.html")),
    ("macros.html", include_str!("assets/page/macros.html")),
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

/// In this order: print comes last and has the last word.
const STYLES: [&str; 4] = [
    include_str!("assets/report.css"),
    include_str!("assets/parts.css"),
    include_str!("assets/live.css"),
    include_str!("assets/print.css"),
];

/// The page as text.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken.
pub(super) fn page(inputs: &Inputs<'_>, plots: &[Plot]) -> Result<String, ReportError> {
    let script = live::script();
    let policy = live::policy(&script);
    let view = Serde(View::of(inputs, plots)?);
    fill(&TEMPLATES, "report.html", context! { style => style(), script, policy, view })
}

/// A page without scripts from one template, which gets `style` and `view`.
///
/// # Errors
/// When the template is broken.
pub(super) fn still(template: &str, view: &impl Serialize) -> Result<String, ReportError> {
    fill(&[("page.html", template)], "page.html", context! { style => style(), view => Serde(view) })
}

fn fill(templates: &[(&str, &str)], name: &str, values: Value) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(ReportError::Page)?;
    environment.set_syntax(syntax);
    for (name, template) in templates {
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
