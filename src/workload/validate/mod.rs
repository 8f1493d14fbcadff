//! What a file's parts say about each other: names that must exist, cycles, alternatives that must be comparable.

mod answers;
mod generators;
mod guard_lists;
mod guarded;
mod inserted;
mod judgements;
mod sampled;

pub(super) use answers::same_answer;
pub(super) use generators::{Columns, Param, resolve_params};
pub(super) use guarded::guarded;
pub(super) use inserted::resolve_inserted;
pub(super) use judgements::judgements;
