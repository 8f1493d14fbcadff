//! The simple protocol: values are written into the statement's text as literals, results come as text.
//!
//! What goes in and what comes out is the same as with the other protocols: arguments arrive here in the wire's binary form
//! and become literals of the type that the server inferred for them; columns that somebody takes are read back into that
//! form. So references and answers do not depend on how a statement travels.

mod calendar;
mod literal;
mod read;
mod split;

use std::ops::Range;

use bytes::{BufMut, BytesMut};

pub(super) use self::read::{DescribedColumn, described_columns, described_params};
use super::encode::Args;
use super::session::{RawRow, RowSink};
use super::types::{ColumnInfo, PgType, TypeKind};

/// A type, and how SQL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralType {
    /// The type.
    pub ty: PgType,
    /// Its name as a cast takes it: quoted and qualified where it must be.
    pub sql_name: String,
}

/// Whether values of a type have a text form that is known here, so that they can be written as literals and read from
/// results.
#[must_use]
pub fn has_text_form(ty: &PgType) -> bool {
    match &ty.base().kind {
        TypeKind::Other => false,
        TypeKind::Array(element) => !matches!(element.base().kind, TypeKind::Other | TypeKind::Array(_)),
        _ => true,
    }
}

/// A statement whose values are written into its text.
#[derive(Debug)]
pub(super) struct Template {
    /// Text, each followed by the argument of that number.
    pieces: Vec<(Box<[u8]>, usize)>,
    tail: Box<[u8]>,
    /// Of each argument its type, and what stands behind its literal: `'::int8)`.
    params: Vec<(PgType, Box<[u8]>)>,
    columns: Vec<PgType>,
    /// The RowDescription that was last found to be right.
    described: Vec<u8>,
}

/// Buffers of a session, reused.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Where the values of the arguments lie.
    spans: Vec<Option<Range<usize>>>,
    row: BytesMut,
    element: Vec<u8>,
}

impl Template {
    pub(super) fn new(sql: &str, params: &[LiteralType], columns: &[ColumnInfo]) -> Self {
        let (pieces, tail) = split::at_arguments(sql);
        Self {
            pieces: pieces.into_iter().map(|(text, number)| (text.as_bytes().into(), number)).collect(),
            tail: tail.as_bytes().into(),
            params: params
                .iter()
                .map(|param| (param.ty.clone(), format!("::{})", param.sql_name).into_bytes().into()))
                .collect(),
            columns: columns.iter().map(|column| column.ty.clone()).collect(),
            described: Vec::new(),
        }
    }

    /// Appends the text with the values in it.
    pub(super) fn write(&self, args: &Args, scratch: &mut Scratch, out: &mut BytesMut) -> Result<(), String> {
        scratch.spans.clear();
        let mut at = 0;
        for value in (RawRow { body: &args.buffer, columns: args.count }).iter() {
            at += 4;
            let length = value.map_or(0, <[u8]>::len);
            scratch.spans.push(value.map(|_| at..at + length));
            at += length;
        }
        for (text, number) in &self.pieces {
            out.put_slice(text);
            let (Some(span), Some((ty, close))) = (scratch.spans.get(*number), self.params.get(*number)) else {
                return Err(format!("there is no value for ${}", number + 1));
            };
            literal::write(out, ty, span.clone().map(|span| &args.buffer[span]), close)
                .ok_or_else(|| format!("the value of ${} is not one of {ty}", number + 1))?;
        }
        out.put_slice(&self.tail);
        Ok(())
    }

    /// Takes a RowDescription: the columns must be those that were described when the workload was bound.
    pub(super) fn takes_columns(&mut self, body: &[u8]) -> Result<(), String> {
        if self.described == body {
            return Ok(());
        }
        let columns = read::described_columns(body).ok_or("a RowDescription that cannot be read")?;
        if !columns.iter().map(|column| &column.oid).eq(self.columns.iter().map(|ty| &ty.oid)) {
            return Err("the columns of the result are not those that the statement had before the load".to_owned());
        }
        self.described.clear();
        self.described.extend_from_slice(body);
        Ok(())
    }

    /// Hands on a row with the columns that the sink takes in binary form; the others are NULL.
    pub(super) fn row(&self, row: &RawRow<'_>, scratch: &mut Scratch, sink: &mut impl RowSink) -> Result<(), String> {
        scratch.row.clear();
        for (position, (text, ty)) in row.iter().zip(&self.columns).enumerate() {
            let start = scratch.row.len();
            scratch.row.put_i32(-1);
            let Some(text) = text.filter(|_| sink.takes(position)) else { continue };
            read::value(&mut scratch.row, ty, text, &mut scratch.element)
                .ok_or_else(|| format!("column {} does not hold the text of {ty}{}", position + 1, remedy(ty)))?;
            let length = i32::try_from(scratch.row.len() - start - 4).unwrap_or(i32::MAX);
            scratch.row[start..start + 4].copy_from_slice(&length.to_be_bytes());
        }
        sink.row(&RawRow { body: &scratch.row, columns: row.columns });
        Ok(())
    }
}

fn remedy(ty: &PgType) -> &'static str {
    match ty.base().kind {
        TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz => ": the session's DateStyle must be ISO",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
