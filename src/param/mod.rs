//! Distributions and generators: where parameter and column values come from, as functions of a seed.
//!
//! Uses no other room. Knows nothing of servers: a value is turned into a column's type by `driver::encode`.
//!
//! A [`Generator`] is what the workload file says. [`Sampler::new`] prepares it, [`Sampler::draw`] gives the value at the
//! coordinates of a [`Draw`]: an operation of a client, or a row of the dataset.

mod arithmetic;
mod domain;
mod draw;
mod generator;
mod json;
mod law;
mod over;
mod rows;
mod sampler;
mod scramble;
mod skew;
mod stream;
mod value;
mod zipf;

pub use arithmetic::{NoResult, apply, evaluate};
pub use draw::{Draw, Scratch};
pub use generator::{Cells, ColumnSource, Expr, Generator, Literal, Number, Over, SampledRows};
pub use law::Unusable;
pub use sampler::Sampler;
pub use skew::{Skew, skew};
pub use stream::{Phase, Random, Stream, name_hash};
pub use value::{Domain, Value};

#[cfg(test)]
mod tests;
