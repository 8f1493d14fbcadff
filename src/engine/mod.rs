//! Runs what the plan says: binds statements to a server, compares answers, runs rounds of slices.
//!
//! Control plane: [`bind`], [`answers`], the coordinator behind [`run`]. Data plane: the workers. Nothing here prints or
//! writes files.

pub mod answers;
mod bind;
mod bound;
mod clock;
mod coordinator;
mod error;
mod interpreter;
mod rows;
#[cfg(test)]
mod testing;
mod worker;

pub use bind::{BindError, BindProblem, ProblemPlace, bind};
pub use bound::BoundVariant;
pub use coordinator::{EngineError, Interrupt, Interval, RunEnd, RunInput, SliceOutcome, order_of_variants, run, workers_of};
