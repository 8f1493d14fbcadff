//! What the null endpoint answers to a statement, put into bytes once, when it is prepared.

use bytes::{BufMut, Bytes, BytesMut};
use postgres_protocol::message::backend;

use super::put_one;
use crate::driver::encode::Args;
use crate::driver::types::{ColumnInfo, PgType, TypeKind};

/// The forms in which a client can ask for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Binary,
}

/// What a statement does to the session's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Begins,
    Ends,
}

/// The answer to a statement.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Rows, all of them alike.
    Rows(Rows),
    /// A command tag alone.
    Done { tag: Bytes, effect: Effect },
    /// There was no statement.
    Empty,
}

/// Rows in both forms: text first.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    descriptions: [Bytes; 2],
    rows: [Bytes; 2],
    pub(super) count: u32,
}

impl Rows {
    fn new(columns: &[ColumnInfo], count: u32) -> Self {
        Self {
            descriptions: [Form::Text, Form::Binary].map(|form| description(columns, form)),
            rows: [text_row(columns), binary_row(columns)],
            count,
        }
    }

    /// RowDescription.
    pub(super) fn description(&self, form: Form) -> &Bytes {
        &self.descriptions[form as usize]
    }

    /// One DataRow.
    pub(super) fn row(&self, form: Form) -> &Bytes {
        &self.rows[form as usize]
    }
}

impl Answer {
    /// To `sql`, of which `columns` are known, or nothing is.
    pub(super) fn to(sql: &str, columns: Option<&[ColumnInfo]>, rows: u32) -> Self {
        let word = first_word(sql);
        if word.is_empty() {
            return Self::Empty;
        }
        match columns {
            Some(columns) if !columns.is_empty() => return Self::Rows(Rows::new(columns, rows)),
            _ => {}
        }
        match word.as_str() {
            "SELECT" | "WITH" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "FETCH" => {
                let unknown = [ColumnInfo { name: "?column?".to_owned(), ty: int8() }];
                Self::Rows(Rows::new(columns.unwrap_or(&unknown), rows))
            }
            "INSERT" => Self::done("INSERT 0 1", Effect::None),
            "UPDATE" | "DELETE" | "MERGE" => Self::done(&format!("{word} 1"), Effect::None),
            "BEGIN" | "START" => Self::done("BEGIN", Effect::Begins),
            "COMMIT" | "END" => Self::done("COMMIT", Effect::Ends),
            "ROLLBACK" | "ABORT" if !returns_to_savepoint(sql) => Self::done("ROLLBACK", Effect::Ends),
            _ => Self::done(&word, Effect::None),
        }
    }

    fn done(tag: &str, effect: Effect) -> Self {
        Self::Done { tag: complete(tag), effect }
    }
}

/// CommandComplete.
pub(super) fn complete(tag: &str) -> Bytes {
    message(backend::COMMAND_COMPLETE_TAG, |out| {
        out.put_slice(tag.as_bytes());
        out.put_u8(0);
    })
}

/// A message with this tag.
pub(super) fn message(tag: u8, body: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    put_message(&mut out, tag, body);
    out.freeze()
}

/// Appends a message with this tag.
pub(super) fn put_message(out: &mut BytesMut, tag: u8, body: impl FnOnce(&mut BytesMut)) {
    out.put_u8(tag);
    let start = out.len();
    out.put_i32(0);
    body(out);
    let length = i32::try_from(out.len() - start).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// `int8`, the type of what nothing is known of.
pub(super) fn int8() -> PgType {
    const INT8: u32 = 20;
    PgType { oid: INT8, name: "int8".to_owned(), kind: TypeKind::Int8, modifier: -1 }
}

/// The first word of a statement in capitals, comments before it left out.
fn first_word(sql: &str) -> String {
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after).trim_start();
        } else if let Some(after) = rest.strip_prefix([';', '(']) {
            rest = after.trim_start();
        } else {
            break;
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    // What begins with no word is something that a server would refuse; here it is a command of no name.
    if end == 0 && !rest.is_empty() { "OK".to_owned() } else { rest[..end].to_ascii_uppercase() }
}

fn returns_to_savepoint(sql: &str) -> bool {
    sql.split_whitespace().any(|word| word.eq_ignore_ascii_case("TO"))
}

fn description(columns: &[ColumnInfo], form: Form) -> Bytes {
    message(backend::ROW_DESCRIPTION_TAG, |out| {
        out.put_u16(u16::try_from(columns.len()).unwrap_or(u16::MAX));
        for ColumnInfo { name, ty } in columns {
            out.put_slice(name.as_bytes());
            out.put_u8(0);
            // Of no table.
            out.put_u32(0);
            out.put_i16(0);
            out.put_u32(ty.oid);
            out.put_i16(size(ty));
            out.put_i32(ty.modifier);
            out.put_i16(form as i16);
        }
    })
}

/// Bytes of a value as in `pg_type.typlen`; −1: they differ.
fn size(ty: &PgType) -> i16 {
    match ty.kind {
        TypeKind::Bool => 1,
        TypeKind::Int2 => 2,
        TypeKind::Int4 | TypeKind::Oid | TypeKind::Float4 | TypeKind::Date => 4,
        TypeKind::Int8 | TypeKind::Float8 | TypeKind::Timestamp | TypeKind::TimestampTz => 8,
        TypeKind::Uuid => 16,
        _ => -1,
    }
}

fn binary_row(columns: &[ColumnInfo]) -> Bytes {
    let mut row = Args::default();
    columns.iter().for_each(|column| put_one(&mut row, &column.ty));
    data_row(row.count(), row.bytes())
}

fn text_row(columns: &[ColumnInfo]) -> Bytes {
    let mut row = Args::default();
    columns.iter().for_each(|column| row.raw(text_one(&column.ty).as_deref().map(str::as_bytes)));
    data_row(row.count(), row.bytes())
}

fn data_row(columns: u16, body: &[u8]) -> Bytes {
    message(backend::DATA_ROW_TAG, |out| {
        out.put_u16(columns);
        out.put_slice(body);
    })
}

/// What [`put_one`] writes, as text.
fn text_one(ty: &PgType) -> Option<String> {
    let base = ty.base();
    let mut binary = Args::default();
    put_one(&mut binary, base);
    // Of a type that has no 1 the length is −1.
    if binary.bytes().first().is_none_or(|length| *length == 0xff) {
        return None;
    }
    Some(match &base.kind {
        TypeKind::Bool => "t".to_owned(),
        TypeKind::Uuid => "00000000-0000-0000-0000-000000000001".to_owned(),
        TypeKind::Date => "2000-01-02".to_owned(),
        TypeKind::Timestamp => "2000-01-01 00:00:00.000001".to_owned(),
        TypeKind::TimestampTz => "2000-01-01 00:00:00.000001+00".to_owned(),
        TypeKind::Bytea => "\\x31".to_owned(),
        TypeKind::Enum(labels) => labels.first()?.clone(),
        TypeKind::Array(element) => format!("{{{}}}", text_one(element).unwrap_or_else(|| "NULL".to_owned())),
        _ => "1".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Answer, Effect, text_one};
    use crate::driver::PgType;

    #[test]
    fn a_statement_is_known_by_its_first_word() {
        let kind = |sql: &str| match Answer::to(sql, None, 3) {
            Answer::Rows(rows) => format!("{} rows", rows.count),
            Answer::Done { tag, effect } => {
                let tag = String::from_utf8_lossy(&tag[5..tag.len() - 1]).into_owned();
                if effect == Effect::None { tag } else { format!("{tag} {effect:?}") }
            }
            Answer::Empty => "empty".to_owned(),
        };
        let kinds = [
            ("  select 1", "3 rows"),
            ("/* why */ -- and how\n (VALUES (1))", "3 rows"),
            ("insert into t values (1)", "INSERT 0 1"),
            ("UPDATE t SET a = 1", "UPDATE 1"),
            ("begin isolation level serializable", "BEGIN Begins"),
            ("COMMIT", "COMMIT Ends"),
            ("rollback", "ROLLBACK Ends"),
            ("ROLLBACK TO SAVEPOINT s", "ROLLBACK"),
            ("SET search_path = x", "SET"),
            (" ; -- nothing", "empty"),
            ("", "empty"),
            ("\\d", "OK"),
        ];
        for (sql, expected) in kinds {
            assert_eq!(kind(sql), expected, "{sql}");
        }
    }

    #[test]
    fn one_is_one_as_text_too() {
        let one = |oid| text_one(&PgType::built_in(oid, -1).expect("a built-in type"));
        let texts = [20, 16, 1700, 1082, 1007, 17].map(|oid| one(oid).expect("it has a 1"));
        assert_eq!(texts, ["1", "t", "1", "2000-01-02", "{1}", "\\x31"]);
        assert_eq!(one(600), None, "a point has no 1");
    }
}
