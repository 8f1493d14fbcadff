//! What a run leaves behind: versioned types of its own (never the workload's or the command line's), the store that
//! appends while running, the reader, and the summary made from slices alone.
//!
//! Not responsible for judging: comparisons, claims and validity are the business of `verdict`.

mod books;
mod calibration;
mod check;
pub mod compared;
mod error;
mod files;
mod found;
mod histograms;
pub mod history;
pub mod index;
pub mod interval;
mod log;
mod lookups;
mod named;
pub mod plans;
mod reader;
mod reconnects;
mod recorded;
mod relative;
pub mod run;
pub mod search;
mod shares;
pub mod sides;
pub mod slice;
pub mod slowest;
mod store;
mod summarize;
pub mod summary;
mod tables;
mod times;

pub use calibration::{CALIBRATION_VERSION, Calibration, Cost, Harness, Repeated};
pub use error::{ReadError, StoreError};
pub use found::{Found, LINKS, Summarized, find, is_result, read_links, read_summary};
pub use histograms::{CurvePoint, Histograms, Ranked};
pub use reader::{Reader, read_run, results_in};
pub use recorded::RecordedValues;
pub use relative::{as_address, follow, relative};
pub use run::SCHEMA_VERSION;
pub use shares::MISSED_AT_MOST;
pub use store::{Store, default_dir, write_file, write_summary};
pub use summarize::summarize;
pub use times::{SliceTimes, TimesUs};

#[cfg(test)]
mod tests;
