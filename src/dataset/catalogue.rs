//! What the server says about the tables that the schema made: columns, defaults, foreign keys. As text, by the simple
//! protocol; a handful of queries however many tables there are.

use super::Reach;
use crate::driver::{Control, DriverError, PgType};

/// A table of the schema.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) oid: u32,
    /// Name as SQL wants it: quoted and qualified where needed.
    pub(super) sql: String,
    /// Bare name and schema, for comparing with the file.
    pub(super) name: String,
    pub(super) schema: String,
    /// Whether it is an ordinary table (COPY FREEZE and TRUNCATE can do nothing with the others).
    pub(super) ordinary: bool,
    pub(super) columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Name as SQL wants it.
    pub(super) sql: String,
    pub(super) ty: PgType,
    pub(super) not_null: bool,
    /// Default, identity, or default of its domain.
    pub(super) has_default: bool,
    /// `GENERATED ALWAYS AS (…)`: nobody else may give a value.
    pub(super) generated: bool,
}

/// All tables of a database, and who points to whom.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    pub(super) tables: Vec<Table>,
    /// Indexes into `tables`: (referencing, referenced).
    pub(super) references: Vec<(usize, usize)>,
}

const TABLES: &str = "SELECT c.oid, c.oid::regclass, c.relname, n.nspname, c.relkind = 'r' AND NOT c.relispartition \
     AND NOT c.relhassubclass \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

const REFERENCES: &str = "SELECT conrelid, confrelid FROM pg_catalog.pg_constraint WHERE contype = 'f'";

impl Catalogue {
    /// Reads the tables and the references between them; columns of those in `wanted` follow by [`Catalogue::columns`].
    pub(super) async fn read(control: &Control, reach: Reach<'_>) -> Result<Self, DriverError> {
        let only = match reach {
            Reach::Schema(name) => format!(" AND n.nspname = E'{}'", name.replace('\\', "\\\\").replace('\'', "''")),
            Reach::Server | Reach::Database => String::new(),
        };
        let sql = format!("{TABLES}{only} ORDER BY c.oid");
        let tables: Vec<Table> = control.rows(&sql).await?.iter().map(|row| table(row)).collect();
        let find = |oid: &str| tables.iter().position(|table| table.oid.to_string() == oid);
        let pair = |row: &Vec<Option<String>>| Some((find(row[0].as_deref()?)?, find(row[1].as_deref()?)?));
        let references = control.rows(REFERENCES).await?.iter().filter_map(pair).collect();
        Ok(Self { tables, references })
    }

    /// The table that a name of the file means: exactly as written, else folded as SQL folds it.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let (schema, bare) = match name.split_once('.') {
            Some((schema, bare)) => (Some(schema), bare),
            None => (None, name),
        };
        let same = |written: &str, real: &str| written.trim_matches('"') == real;
        let folded = |written: &str, real: &str| !written.starts_with('"') && written.to_lowercase() == real;
        let by = |equal: &dyn Fn(&str, &str) -> bool| {
            let in_schema = |table: &Table| schema.is_none_or(|schema| equal(schema, &table.schema));
            self.tables.iter().position(|table| equal(bare, &table.name) && in_schema(table))
        };
        by(&same).or_else(|| by(&folded))
    }

    /// Reads the columns of a table, with types resolved.
    pub(super) async fn columns(&mut self, control: &Control, table: usize) -> Result<(), DriverError> {
        let table = &mut self.tables[table];
        let described = control.describe(&format!("SELECT * FROM {} LIMIT 0", table.sql), &[]).await?;
        let rows = control.rows(&columns_sql(table.oid)).await?;
        for (row, info) in rows.iter().zip(described.columns) {
            let mut ty = info.ty;
            if let (-1, Some(modifier)) = (ty.modifier, number(row, 2)) {
                ty.modifier = modifier;
            }
            table.columns.push(Column {
                name: text(row, 0),
                sql: text(row, 1),
                ty,
                not_null: truth(row, 3),
                has_default: truth(row, 4),
                generated: truth(row, 5),
            });
        }
        Ok(())
    }

    /// Whether another table's foreign key points to this one: TRUNCATE then refuses.
    pub(super) fn is_referenced(&self, table: usize) -> bool {
        self.references.iter().any(|(child, parent)| *parent == table && *child != table)
    }
}

fn columns_sql(oid: u32) -> String {
    format!(
        "SELECT a.attname, quote_ident(a.attname), a.atttypmod, a.attnotnull OR t.typnotnull, \
         a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, a.attgenerated <> '' \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
}

fn table(row: &[Option<String>]) -> Table {
    Table {
        oid: number(row, 0).unwrap_or(0),
        sql: text(row, 1),
        name: text(row, 2),
        schema: text(row, 3),
        ordinary: truth(row, 4),
        columns: Vec::new(),
    }
}

/// A cell of the catalogue; none of those asked for is ever NULL.
fn text(row: &[Option<String>], at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

fn number<T: std::str::FromStr>(row: &[Option<String>], at: usize) -> Option<T> {
    text(row, at).parse().ok()
}

fn truth(row: &[Option<String>], at: usize) -> bool {
    text(row, at) == "t"
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Table};

    #[test]
    fn names_are_found_as_written_then_as_sql_folds_them() {
        let table = |schema: &str, name: &str| Table {
            oid: 0,
            sql: name.to_owned(),
            name: name.to_owned(),
            schema: schema.to_owned(),
            ordinary: true,
            columns: Vec::new(),
        };
        let tables = vec![table("public", "orders"), table("public", "Orders"), table("shop", "items")];
        let catalogue = Catalogue { tables, references: Vec::new() };
        let cases = [
            ("orders", Some(0)),
            ("Orders", Some(1)),
            ("ORDERS", Some(0)),
            ("\"ORDERS\"", None),
            ("shop.items", Some(2)),
            ("Shop.Items", Some(2)),
            ("public.items", None),
            ("order", None),
        ];
        for (name, expected) in cases {
            assert_eq!(catalogue.find(name), expected, "{name}");
        }
    }
}
