//! Server types, as far as values are encoded, compared and explained.

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
