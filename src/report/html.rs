//! The page: one self-contained file that asks nobody for anything.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use crate::report::chart::Ink;
use crate::report::plots::Plot;
use crate::report::view::View;
use crate::report::{Inputs, ReportError};

const TEMPLATE: &str = include_str!("assets/report.html");
const STYLE: &str = include_str!("assets/report.css");

/// The page as text.
///
/// # Errors
/// When a plot cannot be drawn or the template is broken.
pub(super) fn page(inputs: &Inputs<'_>, plots: &[Plot]) -> Result<String, ReportError> {
    render(TEMPLATE, &View::of(inputs, plots)?)
}

/// Fills a template with a view and the style sheet.
///
/// # Errors
/// When the template is broken.
pub(super) fn render(template: &str, view: &impl Serialize) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(ReportError::Page)?;
    environment.set_syntax(syntax);
    // The name's ending switches escaping on.
    environment.add_template("page.html", template).map_err(ReportError::Page)?;
    let template = environment.get_template("page.html").map_err(ReportError::Page)?;
    template.render(context! { style => style(), view => Serde(view) }).map_err(ReportError::Page)
}

/// The style sheet with the inks of the plots, light and dark.
fn style() -> String {
    STYLE
        .replace("/* inks: light */", &Ink::style_sheet(".plot ", false))
        .replace("/* inks: dark */", &Ink::style_sheet(".plot ", true))
        .replace("/* swatches: light */", &Ink::swatches(false))
        .replace("/* swatches: dark */", &Ink::swatches(true))
}
