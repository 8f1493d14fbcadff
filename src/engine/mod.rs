//! Runs what the plan says: binds statements to a server, compares answers, runs rounds of slices.
//!
//! Control plane: [`bind`], [`rehearse`] and [`compare_answers`], the coordinator behind [`run`]. Data plane: the
//! workers. Nothing here prints or writes files.

mod answers;
mod background;
mod bind;
mod bound;
mod clock;
mod coordinator;
mod drawn;
mod error;
mod interpreter;
mod plans;
mod recount;
mod rows;
#[cfg(test)]
mod testing;
mod worker;

pub use answers::{AnswerGroup, AnswerReport, AnswersDiffer, AnswersError, Side, answering, compare_answers};
pub use bind::{BindError, BindProblem, ProblemPlace, Samples, bind, bind_sharing};
pub use bound::BoundVariant;
pub use coordinator::{
    EmptyRound, EngineError, Interrupt, Interval, MakeReady, Next, RunEnd, RunInput, SliceOutcome, SlowOperation,
    empty_round, order_in_pairs, order_of_variants, precision, run, run_rounds, run_slice, workers_of,
};
pub use plans::{Explained, Ground, Rehearsal, VariantPlans, explain, rehearse, which_write};
