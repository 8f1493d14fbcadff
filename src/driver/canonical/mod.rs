//! Values of answers in a form in which equal means equal, whatever type a variant happened to return.
//!
//! Integers compare by value across widths and with numerics, numerics without trailing zeros, floats to 1e-9 relative
//! (and with the others as floats), timestamptz as an instant, character(n) without its padding, JSON by content, NULL
//! equals NULL and JSON's null. Types that are not known here compare by their bytes.

mod decimal;
mod order;
mod read;
mod show;

pub use decimal::Decimal;
pub use order::{same_row, sort_rows};
pub use read::{canonical, json};

/// A value of an answer. `Ord` and `==` are exact, for sorting; [`Canonical::same`] is how answers are compared.
#[derive(Clone, Debug)]
pub enum Canonical {
    /// NULL, JSON's null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer or a numeric.
    Number(Decimal),
    /// A float; what is no number or infinite.
    Float(f64),
    /// Text, and the label of an enum.
    Text(String),
    /// A UUID.
    Uuid([u8; 16]),
    /// `bytea`
    Bytes(Vec<u8>),
    /// Days since 2000-01-01.
    Date(i32),
    /// Microseconds since 2000-01-01 without a zone.
    Timestamp(i64),
    /// Microseconds since 2000-01-01 UTC.
    Instant(i64),
    /// An array of SQL or of JSON.
    Array(Vec<Self>),
    /// A JSON object, keys in order.
    Object(Vec<(String, Self)>),
    /// The binary form of any other type.
    Raw(Vec<u8>),
}

#[cfg(test)]
mod tests;
