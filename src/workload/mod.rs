//! From a `workload.toml` to a plan: parse, validate, compile.
//!
//! Starts nothing and knows no server. [`plan`] holds the compiled types that the other rooms read.

pub mod arithmetic;
pub mod plan;
pub mod sql;
