//! Values into the wire's binary form.

use bytes::BytesMut;

use super::types::PgType;
use crate::param::{Domain, Value};

/// Why a value cannot be bound to a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} does not fit {ty}: {rule}")]
pub struct Misfit {
    /// The value, or the set of values.
    pub value: String,
    /// The type's name.
    pub ty: String,
    /// What would fit.
    pub rule: String,
}

/// The arguments of one execution, in the form that Bind sends: for each a length (−1: NULL) and bytes. Reused.
#[derive(Debug, Default)]
pub struct Args {
    pub(super) buffer: BytesMut,
    pub(super) count: u16,
}

impl Args {
    /// Forgets all arguments, keeps the space.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.count = 0;
    }

    /// Appends a drawn value as `ty`.
    ///
    /// # Errors
    /// When the value does not fit; nothing is appended.
    pub fn value(&mut self, value: Value<'_>, ty: &PgType) -> Result<(), Misfit> {
        let _ = (value, ty);
        unimplemented!()
    }

    /// Appends bytes that already are in the wire's binary form of the declared type; `None` is NULL.
    pub fn raw(&mut self, bytes: Option<&[u8]>) {
        let _ = bytes;
        unimplemented!()
    }

    /// Appends a one-dimensional array of raw elements; NULL elements are kept; no element gives an empty array.
    pub fn array<'a>(&mut self, element_oid: u32, elements: impl Iterator<Item = Option<&'a [u8]>>) {
        let _ = (element_oid, elements);
        unimplemented!()
    }
}

/// Whether every value of a domain can be bound to a type.
///
/// # Errors
/// Names the first value that cannot.
pub fn fits(domain: &Domain, ty: &PgType) -> Result<(), Misfit> {
    let _ = (domain, ty);
    unimplemented!()
}
