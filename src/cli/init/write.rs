//! From tables that were found to a workload that reads them. Pure: the text depends on nothing else.

use std::fmt::Write as _;

use super::tables::{Column, Found, Reference, Table};

/// Keys that a query draws from at most.
const SAMPLE: u64 = 10_000;
/// Blocks that it reads of a large table that was never analyzed: of narrow rows there are 200 in each.
const SAMPLE_BLOCKS: u64 = 1_000;
/// Tables whose rows are fetched by key at most.
const MOST_LOOKUPS: usize = 3;

/// Why nothing can be written.
#[derive(Debug, PartialEq, Eq)]
pub struct Nothing;

/// The text of the workload.
///
/// # Errors
/// When no table has anything to read.
pub fn starter(name: &str, found: &Found) -> Result<String, Nothing> {
    let lookups = lookups(found);
    if lookups.is_empty() && found.tables.is_empty() {
        return Err(Nothing);
    }
    let page = page(found);
    let mut out = String::new();
    head(name, found, page.is_some(), &mut out);
    params(&lookups, page, found, &mut out);
    operations(&lookups, page, found, &mut out);
    load(&lookups, page, &mut out);
    Ok(out)
}

/// Tables with a key that values can be bound to.
fn lookups(found: &Found) -> Vec<&Table> {
    let has_key = |table: &&Table| !table.key.is_empty() && table.key.iter().all(|column| column.bindable);
    found.tables.iter().filter(has_key).take(MOST_LOOKUPS).collect()
}

/// The foreign key for pages of parents with their children: indexed, between two tables, with few columns; of these the
/// one with the most children.
fn page(found: &Found) -> Option<&Reference> {
    let usable = |reference: &&Reference| {
        let columns = reference.child_columns.iter().chain(&reference.parent_columns);
        columns.clone().count() > 0 && columns.into_iter().all(|column| column.bindable)
    };
    let rank = |reference: &&Reference| {
        let children = found.tables.iter().find(|table| table.sql == reference.child).and_then(|table| table.rows);
        let columns = std::cmp::Reverse(reference.child_columns.len());
        (reference.indexed, reference.child != reference.parent, columns, children)
    };
    // Of equals the first.
    found.references.iter().filter(usable).rev().max_by_key(rank)
}

fn head(name: &str, found: &Found, compares: bool, out: &mut String) {
    let about = match compares {
        true => {
            "A page of rows with the rows that refer to them: a query per row, one JOIN, or one batch; and rows by key"
        }
        false => "Rows by their key: statements prepared once per connection, or parsed each time",
    };
    let _ = write!(
        out,
        "# Reads the tables that are there; changes nothing. Written from the catalogue of the database {}:\n\
         #   dbbench run FILE --target URL      (or with the variable DATABASE_URL)\n\
         # Every key: docs/workload.md, or `dbbench schema` for an editor.\n",
        comment(&found.database)
    );
    for left in found.left_out.iter().take(10) {
        let _ = writeln!(out, "# left out: {}", comment(left));
    }
    if found.left_out.len() > 10 {
        let _ = writeln!(out, "# left out: {} more", found.left_out.len() - 10);
    }
    let _ = write!(
        out,
        "\nname  = {}\nabout = {}\n\n[topology]\nexternal = {{ primary = \"${{DATABASE_URL}}\" }}\n\n",
        toml(name),
        toml(about)
    );
}

/// Real keys, sampled before the run.
fn params(lookups: &[&Table], page: Option<&Reference>, found: &Found, out: &mut String) {
    if lookups.is_empty() && page.is_none() {
        return;
    }
    out.push_str("[params]                         # real keys, sampled before the run; drawn once per operation\n");
    for (at, table) in lookups.iter().enumerate() {
        let _ = writeln!(out, "key_{} = {{ query = {} }}", at + 1, toml(&sample(table, &table.key)));
    }
    let parent = page.and_then(|page| Some((page, found.tables.iter().find(|table| table.sql == page.parent)?)));
    if let Some((page, parent)) = parent {
        let _ = writeln!(out, "start = {{ query = {} }}", toml(&sample(parent, &page.parent_columns)));
    }
    out.push('\n');
}

/// A query for keys of a table: of all blocks, or of some of a large one; where nobody knows how many rows it has, of so many
/// blocks that reading and sorting them takes no time worth mentioning. Chance is fixed, so that runs draw from the same
/// keys: the order is that of a hash.
fn sample(table: &Table, key: &[Column]) -> String {
    let columns = aliased(key, "", "k");
    let plain: Vec<&str> = key.iter().map(|column| column.sql.as_str()).collect();
    let wanted = SAMPLE + SAMPLE / 2;
    let (wanted, of) = match table.rows {
        Some(rows) if rows > wanted * 4 => (wanted, rows),
        None if table.blocks > SAMPLE_BLOCKS * 4 => (SAMPLE_BLOCKS, table.blocks),
        _ => (1, 1),
    };
    let blocks = if wanted < of {
        #[expect(clippy::cast_precision_loss, reason = "a share of blocks needs no exact value")]
        let percent = (wanted as f64 / of as f64 * 100.0).max(0.000_1);
        format!(" TABLESAMPLE SYSTEM ({percent:.4}) REPEATABLE (1)")
    } else {
        String::new()
    };
    format!("SELECT {columns} FROM {}{blocks} ORDER BY md5(ROW({})::text) LIMIT {SAMPLE}", table.sql, plain.join(", "))
}

fn operations(lookups: &[&Table], page: Option<&Reference>, found: &Found, out: &mut String) {
    for (at, table) in lookups.iter().enumerate() {
        let condition = equal(&table.key, "", &format!(":key_{}", at + 1));
        let sql = format!("SELECT * FROM {} WHERE {condition}", table.sql);
        let _ = write!(
            out,
            "[operations.by_key_{}]             # a row of {}\nsteps = [{{ sql = {} }}]\n\n",
            at + 1,
            comment(&table.name),
            toml(&sql)
        );
    }
    match page {
        Some(page) => pages(page, found, out),
        None if lookups.is_empty() => {
            for (at, table) in found.tables.iter().take(MOST_LOOKUPS).enumerate() {
                let sql = format!("SELECT * FROM {} LIMIT 100", table.sql);
                let _ = write!(
                    out,
                    "[operations.first_rows_{}]         # {} has no key\nsteps = [{{ sql = {} }}]\n\n",
                    at + 1,
                    comment(&table.name),
                    toml(&sql)
                );
            }
        }
        None => {}
    }
}

/// The same page three ways (two where the key has several columns).
fn pages(page: &Reference, found: &Found, out: &mut String) {
    let Reference { child, child_columns, parent, parent_columns, .. } = page;
    let child_key = found.tables.iter().find(|table| table.sql == *child).map(|table| table.key.as_slice());
    let child_key = child_key.filter(|key| !key.is_empty()).unwrap_or(child_columns);
    let order: Vec<&str> = parent_columns.iter().map(|column| column.sql.as_str()).collect();
    let order = order.join(", ");
    let start: Vec<String> = (1..=parent_columns.len()).map(|at| format!(":start.k{at}")).collect();
    let parents = format!(
        "SELECT {} FROM {parent} WHERE ({order}) >= ({}) ORDER BY {order} LIMIT 20",
        aliased(parent_columns, "", "k"),
        start.join(", ")
    );
    let names = |set: &str, letter: &str, count: usize| {
        (1..=count).map(|at| format!("\"{set}.{letter}{at}\"")).collect::<Vec<_>>().join(", ")
    };
    let per_row =
        format!("SELECT {} FROM {child} WHERE {}", aliased(child_key, "", "c"), equal(child_columns, "", ":p"));
    let _ = write!(
        out,
        "# A page of {} with their rows of {}{}\n[operations.n_plus_one]\njob = \"page\"\nsteps = [\n  {{ as = \"p\", sql = {} }},\n  \
         {{ as = \"c\", for_each = \"p\", sql = {} }},\n]\nanswer = [{}, {}]\n\n",
        comment(parent),
        comment(child),
        if page.indexed { "" } else { " (no index begins with the columns that refer: expect full scans)" },
        toml(&parents),
        toml(&per_row),
        names("p", "k", parent_columns.len()),
        names("c", "c", child_key.len()),
    );
    let on: Vec<String> =
        child_columns.iter().enumerate().map(|(at, column)| format!("c.{} = p.k{}", column.sql, at + 1)).collect();
    let parent_aliases: Vec<String> = (1..=parent_columns.len()).map(|at| format!("p.k{at}")).collect();
    let join = format!(
        "SELECT {}, {} FROM ({parents}) p JOIN {child} c ON {}",
        parent_aliases.join(", "),
        aliased(child_key, "c.", "c"),
        on.join(" AND ")
    );
    let _ = write!(
        out,
        "[operations.join]\njob = \"page\"\nsteps = [{{ as = \"r\", sql = {} }}]\nanswer = [{}, {}]\n\n",
        toml(&join),
        names("r", "k", parent_columns.len()),
        names("r", "c", child_key.len()),
    );
    if let [column] = child_columns.as_slice() {
        let batch = format!(
            "SELECT {} AS k1, {} FROM {child} WHERE {} = ANY(:p.k1[])",
            column.sql,
            aliased(child_key, "", "c"),
            column.sql
        );
        let _ = write!(
            out,
            "[operations.batch]\njob = \"page\"\nsteps = [\n  {{ as = \"p\", sql = {} }},\n  {{ as = \"b\", sql = {} }},\n]\nanswer = [\"b.k1\", {}]\n\n",
            toml(&parents),
            toml(&batch),
            names("b", "c", child_key.len()),
        );
    }
}

fn load(lookups: &[&Table], page: Option<&Reference>, out: &mut String) {
    out.push_str(
        "[load]\nclients = 2                      # be a light guest first\n\n[run]\nrounds  = 5\nmeasure = \"1s\"\n\n",
    );
    let by_key = || (1..=lookups.len()).map(|at| format!("by_key_{at} = 1"));
    if let Some(page) = page {
        let mix = |way: &str| {
            let parts: Vec<String> = std::iter::once(format!("{way} = 9")).chain(by_key()).collect();
            format!("{way} = {{ mix = {{ {} }} }}\n", parts.join(", "))
        };
        out.push_str("[variants]\n");
        out.push_str(&mix("n_plus_one"));
        out.push_str(&mix("join"));
        if page.child_columns.len() == 1 {
            out.push_str(&mix("batch"));
        }
        out.push_str("\n[compare]\nbaseline = \"n_plus_one\"\n# Where others write meanwhile, two ways may see different rows: then say same_answer = false.\n");
        return;
    }
    let operations: Vec<String> = match lookups {
        [] => (1..=MOST_LOOKUPS).map(|at| format!("first_rows_{at} = 1")).collect(),
        _ => by_key().collect(),
    };
    // Only those that were written.
    let operations: Vec<String> = operations
        .into_iter()
        .filter(|part| out.contains(&format!("[operations.{}]", part.trim_end_matches(" = 1"))))
        .collect();
    let _ = write!(
        out,
        "[mix]\n{}\n\n[variants]\nprepared = {{}}\nparsed_each_time = {{ connections.protocol = \"extended\" }}\n",
        operations.join("\n")
    );
}

/// `"Id" AS k1, b AS k2`
fn aliased(columns: &[Column], prefix: &str, letter: &str) -> String {
    let each = columns.iter().enumerate().map(|(at, column)| format!("{prefix}{} AS {letter}{}", column.sql, at + 1));
    each.collect::<Vec<_>>().join(", ")
}

/// `"Id" = :key.k1 AND b = :key.k2`
fn equal(columns: &[Column], prefix: &str, reference: &str) -> String {
    let each =
        columns.iter().enumerate().map(|(at, column)| format!("{prefix}{} = {reference}.k{}", column.sql, at + 1));
    each.collect::<Vec<_>>().join(" AND ")
}

/// A text of TOML: between single quotes where that is possible, for SQL is full of double ones.
fn toml(text: &str) -> String {
    if !text.contains('"') && !text.contains('\\') && !text.chars().any(char::is_control) {
        return format!("\"{text}\"");
    }
    if !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A name in a comment: on one line, whatever it is made of.
fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::plan::SourceText;
    use crate::workload::{Overrides, compile_text};

    fn column(sql: &str) -> Column {
        Column { sql: sql.to_owned(), bindable: true }
    }

    fn table(sql: &str, rows: u64, key: &[&str]) -> Table {
        let key = key.iter().map(|name| column(name)).collect();
        Table {
            sql: sql.to_owned(),
            name: sql.replace('"', ""),
            kind: 'r',
            rows: Some(rows),
            blocks: rows / 100,
            readable: true,
            key,
        }
    }

    fn reference(child: &str, child_columns: &[&str], parent: &str, parent_columns: &[&str]) -> Reference {
        let columns = |names: &[&str]| names.iter().map(|name| column(name)).collect();
        Reference {
            child: child.to_owned(),
            child_columns: columns(child_columns),
            parent: parent.to_owned(),
            parent_columns: columns(parent_columns),
            indexed: true,
        }
    }

    fn checked(found: &Found) -> String {
        let text = starter("shop", found).expect("something to read");
        if let Err(problems) = compile_text(SourceText::new("shop.toml", text.as_str()), &Overrides::default()) {
            panic!("{}\n{text}", problems.render(false));
        }
        text
    }

    #[test]
    fn a_foreign_key_is_read_three_ways() {
        let found = Found {
            database: "shop\nof horrors".to_owned(),
            tables: vec![
                table("\"Order Line\"", 900_000, &["\"Id\""]),
                table("users", 2_000, &["id"]),
                table("log", 10, &[]),
            ],
            references: vec![reference("\"Order Line\"", &["\"user Id\""], "users", &["id"])],
            left_out: vec!["secrets: this role may not read it".to_owned()],
        };
        insta::assert_snapshot!("foreign_key", checked(&found));
    }

    #[test]
    fn keys_of_several_columns_are_compared_as_rows() {
        let found = Found {
            tables: vec![table("\"a\\b'c\"", 100, &["x", "\"select\""]), table("other.t", 100, &["k"])],
            references: vec![reference("other.t", &["x", "y"], "\"a\\b'c\"", &["x", "\"select\""])],
            ..Found::default()
        };
        insta::assert_snapshot!("several_columns", checked(&found));
    }

    #[test]
    fn without_keys_the_first_rows_are_read_and_without_tables_nothing() {
        let found = Found { tables: vec![table("log", 10, &[])], ..Found::default() };
        assert!(checked(&found).contains("SELECT * FROM log LIMIT 100"));
        let with_key = Found { tables: vec![table("t", 10, &["id"])], ..Found::default() };
        assert!(checked(&with_key).contains("parsed_each_time"));
        assert_eq!(starter("empty", &Found::default()), Err(Nothing));
    }

    #[test]
    fn a_large_table_that_nobody_has_analyzed_is_sampled_by_its_blocks() {
        let of = |rows, blocks| {
            let table = Table { rows, blocks, ..table("t", 0, &["id"]) };
            let sql = sample(&table, &table.key);
            sql.split_once(" TABLESAMPLE SYSTEM (").map(|(_, after)| after.split(')').next().unwrap_or("").to_owned())
        };
        assert_eq!(of(None, 100_000).as_deref(), Some("1.0000"));
        assert_eq!(of(None, 4_000), None);
        assert_eq!(of(Some(1_000), 100_000), None);
        assert_eq!(of(Some(1_500_000), 10).as_deref(), Some("1.0000"));
    }

    #[test]
    fn a_key_that_cannot_be_bound_is_no_key() {
        let mut strange = table("t", 10, &["at"]);
        strange.key[0].bindable = false;
        let found = Found { tables: vec![strange], ..Found::default() };
        assert!(checked(&found).contains("first_rows_1"));
    }

    #[test]
    fn any_text_comes_back_from_toml() {
        for text in ["plain", "with \"quotes\"", "both ' and \"", "back\\slash '", "line\nbreak\u{1}"] {
            let source = SourceText::new(
                "w.toml",
                format!(
                    "name = \"x\"\n[operations.a]\nsteps = [{{ sql = {} }}]\n",
                    toml(&format!("SELECT 1 -- {text}"))
                ),
            );
            assert!(compile_text(source, &Overrides::default()).is_ok(), "{text:?}");
        }
    }
}
