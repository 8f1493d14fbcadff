//! The vocabulary that every room shares: names whose meaning must be the same from the workload file to the report.
//!
//! Plain values only, without behaviour that needs another room. All rooms may use it; it uses none.

mod count;
mod exit;
mod failure;
mod metric;
mod secrets;

pub use count::{counted, ending};
pub use exit::ExitCode;
pub use failure::{FailureClass, FailureKey, SqlState};
pub use metric::{Direction, Metric, Percentile, RecordFigure, TimeKind, UnknownMetric};
pub use secrets::{
    has_password, masked, redacted, redacted_argument, redacted_message, redacted_target, target_has_password,
};
