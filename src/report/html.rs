//! The page: one self-contained file that asks nobody for anything.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::report::chart::Ink;
use crate::report::plots::Plot;
use crate::report::view::View;
use crate::report::{Inputs, ReportError};

const TEMPLATE: &str = include_str!("assets/report.html");
const EVIDENCE: &str = include_str!("assets/evidence.html");
const STYLE: &str = include_str!("assets/report.css");

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
    // The name's ending switches escaping on.
    environment.add_template("report.html", TEMPLATE).map_err(ReportError::Page)?;
    environment.add_template("evidence.html", EVIDENCE).map_err(ReportError::Page)?;
    let template = environment.get_template("report.html").map_err(ReportError::Page)?;
    template.render(context! { style => style(), view => Serde(&view) }).map_err(ReportError::Page)
}

/// The style sheet with the inks of the plots, light and dark.
fn style() -> String {
    STYLE
        .replace("/* inks: light */", &Ink::style_sheet(".plot ", false))
        .replace("/* inks: dark */", &Ink::style_sheet(".plot ", true))
        .replace("/* swatches: light */", &Ink::swatches(false))
        .replace("/* swatches: dark */", &Ink::swatches(true))
}
