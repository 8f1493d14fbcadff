//! What tables a server has for somebody who only reads: keys, foreign keys, estimates. Asks the catalogue, and looks
//! whether a table has a row that this role may see; reads no data.

use serde::Deserialize;

use crate::driver::{Control, DriverError};

/// A table that can be read.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Table {
    /// As SQL names it: quoted where it must be, with its schema where that is not searched.
    pub sql: String,
    /// Its plain name, for people.
    pub name: String,
    /// `r` table, `p` partitioned, `m` materialized view, `v` view, `f` foreign table.
    pub kind: char,
    /// The planner's estimate; `None` before the first ANALYZE (of any of its partitions).
    pub rows: Option<u64>,
    /// Its size, or that of its partitions together, in blocks of 8 KiB, which is known without ANALYZE.
    pub blocks: u64,
    /// Whether this role may read it.
    pub readable: bool,
    /// The primary key, else a unique index over columns that are never NULL; empty without any.
    pub key: Vec<Column>,
}

/// A column of a key.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Column {
    /// As SQL names it.
    pub sql: String,
    /// Whether dbbench can bind values of its type.
    pub bindable: bool,
}

/// A foreign key between tables that can be read.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Reference {
    /// The table that refers, as SQL names it.
    pub child: String,
    /// Its columns.
    pub child_columns: Vec<Column>,
    /// The table referred to.
    pub parent: String,
    /// Its columns, in the same order.
    pub parent_columns: Vec<Column>,
    /// Whether an index of the child begins with these columns.
    pub indexed: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The database's name.
    pub database: String,
    /// Tables that can be read and have a row, the largest first.
    pub tables: Vec<Table>,
    /// Foreign keys between them.
    pub references: Vec<Reference>,
    /// Tables left out, each with the reason.
    pub left_out: Vec<String>,
}

/// Where nobody has counted: some rows of a usual width.
const ROWS_PER_BLOCK: u64 = 50;

/// How many tables are looked into at most.
const MOST_TABLES: usize = 40;

/// The base type of a column, domains looked through, is one whose values can be bound.
const BINDABLE: &str = "(SELECT coalesce(b.typname, t.typname) IN ('int2', 'int4', 'int8', 'text', 'varchar', 'bpchar', 'uuid', \
    'numeric', 'date', 'timestamp', 'timestamptz', 'bool', 'citext') OR coalesce(b.typtype, t.typtype) = 'e' \
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype WHERE t.oid = a.atttypid)";

/// A relation as SQL names it.
const NAMED: &str = "CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN quote_ident(c.relname) \
    ELSE quote_ident(n.nspname) || '.' || quote_ident(c.relname) END";

/// Asks.
///
/// # Errors
/// When the server does not answer.
pub async fn find(control: &Control) -> Result<Found, DriverError> {
    let mut found = Found::default();
    let database = control.rows("SELECT pg_catalog.current_database()").await?;
    found.database = database.into_iter().flatten().flatten().next().unwrap_or_default();
    let mut all: Vec<Table> = json_rows(control, &tables_sql()).await?;
    all.sort_by_key(|table| {
        let rows = table.rows.unwrap_or(table.blocks.saturating_mul(ROWS_PER_BLOCK));
        (matches!(table.kind, 'v' | 'f'), std::cmp::Reverse(rows))
    });
    for table in all {
        match look_into(control, &table, found.tables.len()).await {
            None => found.tables.push(table),
            Some(reason) => found.left_out.push(format!("{}: {reason}", table.sql)),
        }
    }
    let mut references: Vec<Reference> = json_rows(control, &references_sql()).await?;
    let is_there = |name: &String| found.tables.iter().any(|table| table.sql == *name);
    references.retain(|reference| is_there(&reference.child) && is_there(&reference.parent));
    found.references = references;
    Ok(found)
}

/// Why a table cannot be used, if so.
async fn look_into(control: &Control, table: &Table, so_far: usize) -> Option<String> {
    if !table.readable {
        return Some("this role may not read it".to_owned());
    }
    if matches!(table.kind, 'v' | 'f') {
        return Some("a view or a foreign table: what it costs lies elsewhere".to_owned());
    }
    if so_far >= MOST_TABLES {
        return Some(format!("{MOST_TABLES} larger ones are enough"));
    }
    match control.rows(&format!("SELECT 1 FROM {} LIMIT 1", table.sql)).await {
        Ok(rows) if rows.is_empty() => Some("this role sees no row in it".to_owned()),
        Ok(_) => None,
        Err(error) => Some(error.to_string().lines().next().unwrap_or_default().to_owned()),
    }
}

/// Rows of one JSON value each.
async fn json_rows<T: for<'a> Deserialize<'a>>(control: &Control, sql: &str) -> Result<Vec<T>, DriverError> {
    let rows = control.rows(sql).await?;
    // What does not read is left out: a server that is not quite PostgreSQL may answer otherwise.
    Ok(rows.into_iter().flatten().flatten().filter_map(|text| serde_json::from_str(&text).ok()).collect())
}

fn tables_sql() -> String {
    let columns = format!(
        "SELECT json_agg(json_build_object('sql', quote_ident(a.attname), 'bindable', {BINDABLE}) ORDER BY k.at) \
         FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(num, at) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num WHERE k.at <= i.indnkeyatts"
    );
    let never_null = "NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) k(num) LEFT JOIN pg_catalog.pg_attribute a \
        ON a.attrelid = c.oid AND a.attnum = k.num WHERE a.attnotnull IS NOT TRUE)";
    // Before PostgreSQL 14 a table that nobody has analyzed had 0 rows. A partitioned table itself has none.
    let unknown =
        "l.relkind <> 'p' AND (l.reltuples < 0 OR l.reltuples = 0 AND pg_catalog.pg_relation_size(l.oid) > 0)";
    format!(
        "SELECT json_build_object('sql', {NAMED}, 'name', c.relname, 'kind', c.relkind, \
           'readable', has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), \
           'rows', s.rows, 'blocks', coalesce(s.blocks, 0), \
           'key', coalesce((SELECT ({columns}) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid \
             AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND {never_null} \
             ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1), '[]'::json)) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         CROSS JOIN LATERAL (SELECT sum(pg_catalog.pg_relation_size(l.oid) / 8192)::bigint AS blocks, CASE WHEN bool_or({unknown}) \
           THEN NULL ELSE sum(greatest(l.reltuples, 0))::bigint END AS rows FROM pg_catalog.pg_class l WHERE l.oid = c.oid \
           OR c.relkind = 'p' AND l.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf)) s \
         WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND NOT c.relispartition \
           AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass \
             AND d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY c.relname, n.nspname"
    )
}

fn references_sql() -> String {
    let columns = |relation: &str, key: &str| {
        format!(
            "(SELECT json_agg(json_build_object('sql', quote_ident(a.attname), 'bindable', {BINDABLE}) ORDER BY k.at) \
             FROM unnest(f.{key}) WITH ORDINALITY k(num, at) \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = f.{relation} AND a.attnum = k.num)"
        )
    };
    let named = |relation: &str| {
        format!(
            "(SELECT {NAMED} FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = f.{relation})"
        )
    };
    format!(
        "SELECT json_build_object('child', {}, 'child_columns', {}, 'parent', {}, 'parent_columns', {}, \
           'indexed', EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = f.conrelid AND i.indisvalid \
             AND i.indpred IS NULL AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)) \
         FROM pg_catalog.pg_constraint f WHERE f.contype = 'f' AND f.conparentid = 0 ORDER BY f.conname, f.oid",
        named("conrelid"),
        columns("conrelid", "conkey"),
        named("confrelid"),
        columns("confrelid", "confkey"),
    )
}
