//! A drawn value, before it has a server type, and the set of values that a generator can give.

/// A value as drawn. Text is borrowed from the caller's scratch space, so that drawing allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A real; a `numeric` without a scale of its own is rounded to `decimals`.
    Real {
        /// Value.
        value: f64,
        /// Decimals for a `numeric` without scale.
        decimals: u8,
    },
    /// Text (also JSON text, and cells of a CSV file, which are parsed for the type they are bound to).
    Text(&'a str),
    /// A UUID.
    Uuid([u8; 16]),
    /// Microseconds since 1970-01-01 UTC.
    TimestampUs(i64),
}

/// What a generator can give, to be checked against every type inferred for it before the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// NULL among others.
    Null,
    /// Booleans.
    Bool,
    /// Integers between two bounds, both included.
    Integers {
        /// Smallest.
        low: i64,
        /// Largest.
        high: i64,
    },
    /// Reals between two bounds.
    Reals {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
    },
    /// These exact texts (each must parse as the type it is bound to).
    Texts(Vec<String>),
    /// Random text of up to so many characters.
    Text {
        /// Longest, in characters.
        max: u32,
    },
    /// JSON objects.
    Json,
    /// UUIDs.
    Uuid,
    /// Instants.
    Timestamp,
}
