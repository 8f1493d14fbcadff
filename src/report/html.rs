//! The page: one self-contained file that asks nobody for anything.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::report::chart::Ink;
use crate::report::live;
use crate::report::plots::Plot;
use crate::report::view::View;
use crate::report::{Inputs, ReportError};

/// The skeleton, and one file for each of its parts.
const TEMPLATES: [(&str, &str); 11] = [
    ("report.html", include_str!("assets/report.html")),
    ("macros.html", include_str!("assets/page/macros.html")),
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
    let view = View::of(inputs, plots)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(ReportError::Page)?;
    environment.set_syntax(syntax);
    for (name, template) in TEMPLATES {
        // The name's ending switches escaping on.
        environment.add_template(name, template).map_err(ReportError::Page)?;
    }
    let template = environment.get_template("report.html").map_err(ReportError::Page)?;
    let script = live::script();
    let policy = live::policy(&script);
    template.render(context! { style => style(), script, policy, view => Serde(&view) }).map_err(ReportError::Page)
}

/// The style sheet: colours of light and dark surroundings, then who uses them.
fn style() -> String {
    let inks = |dark| Ink::style_sheet(".plot ", dark) + &Ink::variables(dark);
    let own = STYLES.concat().replace("/* inks: light */", &inks(false)).replace("/* inks: dark */", &inks(true));
    format!("{}\n{own}", live::style())
}
