//! Server types, as far as values are encoded, compared and explained.

use std::fmt;

/// A type of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgType {
    /// Its OID.
    pub oid: u32,
    /// Its name, for messages (`int8`, `numeric`, `my_enum`).
    pub name: String,
    /// What its binary form is.
    pub kind: TypeKind,
    /// Modifier as in `pg_attribute.atttypmod`, −1 when there is none (scale of a `numeric`, length of a `varchar`).
    pub modifier: i32,
}

/// The families that dbbench encodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// `bool`
    Bool,
    /// `int2`
    Int2,
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `oid`
    Oid,
    /// `float4`
    Float4,
    /// `float8`
    Float8,
    /// `numeric`
    Numeric,
    /// `text`, `varchar`, `bpchar`, `name`, `citext`, unknown
    Text,
    /// `bytea`
    Bytea,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// An enum with its labels.
    Enum(Vec<String>),
    /// A domain over another type.
    Domain(Box<PgType>),
    /// An array.
    Array(Box<PgType>),
    /// Anything else: bytes pass through, values cannot be encoded.
    Other,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Name as the server gives it.
    pub name: String,
    /// Type.
    pub ty: PgType,
}

impl PgType {
    /// The type itself, or what lies under its domains.
    #[must_use]
    pub fn base(&self) -> &Self {
        let mut at = self;
        while let TypeKind::Domain(base) = &at.kind {
            at = base;
        }
        at
    }

    /// Precision and scale of a `numeric(p, s)`.
    #[must_use]
    pub fn numeric_modifier(&self) -> Option<(i32, i32)> {
        let packed = self.modifier.checked_sub(HEADER).filter(|packed| *packed >= 0)?;
        // The scale is a signed number of 11 bits.
        let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
        (self.kind == TypeKind::Numeric).then_some(((packed >> 16) & 0xffff, scale))
    }

    /// The most characters that a text type takes.
    #[must_use]
    pub fn text_limit(&self) -> Option<usize> {
        match (&self.kind, self.oid) {
            (TypeKind::Text, NAME) => Some(63),
            (TypeKind::Text, VARCHAR | BPCHAR) => usize::try_from(self.modifier.checked_sub(HEADER)?).ok(),
            _ => None,
        }
    }
}

const NAME: u32 = 19;
pub(super) const BPCHAR: u32 = 1042;
const VARCHAR: u32 = 1043;

/// What the server adds to lengths and scales in a modifier.
const HEADER: i32 = 4;

impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let TypeKind::Array(element) = &self.kind {
            return write!(f, "{element}[]");
        }
        f.write_str(&self.name)?;
        if let Some((precision, scale)) = self.numeric_modifier() {
            write!(f, "({precision},{scale})")?;
        } else if let (Some(most), 0..) = (self.text_limit(), self.modifier) {
            write!(f, "({most})")?;
        }
        Ok(())
    }
}
