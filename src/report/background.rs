//! What is said about operations beside the mix.

use crate::report::format;
use crate::result::summary::Summary;

/// A line for each, of each variant: `writer beside reads: 120 operations, 0 failed, 2.1 ms on average, at most 9.8 ms`.
#[must_use]
pub fn lines(summary: &Summary) -> Vec<String> {
    let of_variants =
        summary.variants.iter().flat_map(|variant| variant.background.iter().map(move |one| (variant, one)));
    let line = |(variant, one): (&crate::result::summary::Variant, &crate::result::summary::NamedFigures)| {
        let figures = &one.figures;
        let times = match (figures.response_us.mean, figures.response_us.max) {
            (Some(mean), Some(max)) => {
                format!(", {} on average, at most {}", format::time_us(mean), format::time_us(max))
            }
            _ => String::new(),
        };
        let ended = figures.succeeded + figures.failed;
        format!("{} beside {}: {ended} operations, {} failed{times}", one.name, variant.name, figures.failed)
    };
    of_variants.map(line).collect()
}
