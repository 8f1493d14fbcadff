//! Built-in types by their OIDs, from a table. (Others are looked up in the catalogue of a server: `describe`.)

use tokio_postgres::types::{Kind, Type};

use super::types::{PgType, TypeKind};

/// Types whose binary form is their text.
const TEXT_LIKE: [Type; 5] = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN];

impl PgType {
    /// A built-in type, without asking a server.
    #[must_use]
    pub fn built_in(oid: u32, modifier: i32) -> Option<Self> {
        Type::from_oid(oid).map(|ty| of(&ty, modifier))
    }

    /// The built-in array type over a built-in type, without asking a server.
    #[must_use]
    pub fn built_in_array(element_oid: u32, modifier: i32) -> Option<Self> {
        // The array types have no rule in their numbers: look through the low OIDs, where all of them are.
        (1..6_000)
            .filter_map(Type::from_oid)
            // Of the catalogue alone: arrays that count from 0 and hold no NULL.
            .filter(|ty| !matches!(*ty, Type::INT2_VECTOR | Type::OID_VECTOR))
            .find(|ty| matches!(ty.kind(), Kind::Array(of) if of.oid() == element_oid))
            .map(|ty| of(&ty, modifier))
    }
}

/// What the driver knows of a type. The modifier of an array is that of its elements.
fn of(ty: &Type, modifier: i32) -> PgType {
    let kind = match ty.kind() {
        Kind::Array(element) => TypeKind::Array(Box::new(of(element, modifier))),
        _ => simple(ty),
    };
    PgType { oid: ty.oid(), name: ty.name().to_owned(), kind, modifier }
}

fn simple(ty: &Type) -> TypeKind {
    match *ty {
        Type::BOOL => TypeKind::Bool,
        Type::INT2 => TypeKind::Int2,
        Type::INT4 => TypeKind::Int4,
        Type::INT8 => TypeKind::Int8,
        Type::OID => TypeKind::Oid,
        Type::FLOAT4 => TypeKind::Float4,
        Type::FLOAT8 => TypeKind::Float8,
        Type::NUMERIC => TypeKind::Numeric,
        Type::BYTEA => TypeKind::Bytea,
        Type::UUID => TypeKind::Uuid,
        Type::DATE => TypeKind::Date,
        Type::TIMESTAMP => TypeKind::Timestamp,
        Type::TIMESTAMPTZ => TypeKind::TimestampTz,
        Type::JSON => TypeKind::Json,
        Type::JSONB => TypeKind::Jsonb,
        _ if TEXT_LIKE.contains(ty) => TypeKind::Text,
        _ => TypeKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{PgType, TypeKind};

    #[test]
    fn arrays_know_their_elements_and_the_modifier_goes_down() {
        let numerics = PgType::built_in(1231, 786_438).expect("numeric[]");
        let TypeKind::Array(element) = numerics.kind else { panic!("not an array") };
        assert_eq!((element.kind, element.modifier), (TypeKind::Numeric, 786_438));
        assert_eq!(PgType::built_in_array(20, -1).map(|ty| ty.oid), Some(1016));
        assert_eq!(PgType::built_in_array(2950, -1).map(|ty| ty.oid), Some(2951));
        assert_eq!(
            [21, 26].map(|oid| PgType::built_in_array(oid, -1).map(|ty| ty.name)),
            ["_int2", "_oid"].map(|name| Some(name.to_owned()))
        );
        assert_eq!(PgType::built_in(999_999, -1), None);
    }
}
