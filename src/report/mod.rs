//! Reports: what a person sees.

pub mod chart;
pub mod format;
pub mod progress;
