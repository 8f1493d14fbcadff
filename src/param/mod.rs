//! Distributions and generators: where parameter and column values come from, as functions of a seed.
//!
//! Uses no other room. Knows nothing of servers: a value is turned into a column's type by `driver::encode`.

mod arithmetic;
mod generator;

pub use arithmetic::{NoResult, apply, evaluate};
pub use generator::{ColumnSource, Expr, Generator, Literal, Number, Over, SampledRows};

mod stream;
mod value;

pub use stream::{Phase, Stream};
pub use value::{Domain, Value};
