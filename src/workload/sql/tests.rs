//! What hides a `;` or a `:`, and what does not.

use proptest::prelude::*;

use super::*;

fn statements(sql: &str) -> Vec<&str> {
    split_statements(sql).into_iter().map(|range| &sql[range]).collect()
}

fn references(sql: &str) -> Vec<&str> {
    scan(sql).unwrap().into_iter().map(|reference| &sql[reference.range]).collect()
}

#[test]
fn statements_end_at_semicolons_outside_of_what_hides_them() {
    assert_eq!(statements(" SELECT 1 ;\n; -- nothing; here\n ; SELECT 2 -- end"), ["SELECT 1", "SELECT 2 -- end"]);
    let hidden = [
        "SELECT ';', '''; ', \"a;\"\"b\"",
        r"SELECT E'\';', '\'",
        "SELECT $$;$$, $a$ $$ ; $b$; $a$",
        "SELECT 1 /* ; /* ; */ ; */ + 2",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v)",
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN RETURN 1; END $x$",
    ];
    for one in hidden {
        assert_eq!(statements(&format!("{one};{one}")), [one, one]);
    }
    // A name may hold `$`, which then begins no quote; BEGIN outside of a routine is a statement.
    assert_eq!(statements("SELECT a$b$; SELECT c$b$; BEGIN; END"), ["SELECT a$b$", "SELECT c$b$", "BEGIN", "END"]);
    assert!(statements(" ; /* only this */ ; -- and this").is_empty());
}

#[test]
fn every_form_of_reference_is_found() {
    let sql = "SELECT :a, :u.id::text, x = ANY(:u.id[]), :u.first.id, :u.last.id+1, :v.first";
    let found: Vec<(String, Path)> = scan(sql).unwrap().into_iter().map(|found| (found.name, found.path)).collect();
    let expected = [
        ("a", Path::Plain),
        ("u", Path::Column("id".into())),
        ("u", Path::Whole("id".into())),
        ("u", Path::First("id".into())),
        ("u", Path::Last("id".into())),
        ("v", Path::Column("first".into())),
    ];
    assert_eq!(found, expected.map(|(name, path)| (name.to_owned(), path)));
    assert_eq!(references("x=:_a1 AND:b"), [":_a1", ":b"]);
}

#[test]
fn what_looks_like_a_reference_is_left_alone() {
    for sql in [
        "SELECT a::int, '12:a', \"x:y\", E'\\':a', $$:a$$, /* :a */ 1 -- :b",
        "CALL f(a := 1)",
        "SELECT a[1:2], a[:2], a[1:n], a[lo:hi], a[f(1):n], a[b[1]:n], a[1 :n], a[ : n]",
        "SELECT '1':: text, interval '1:00'",
    ] {
        assert_eq!(references(sql), Vec::<&str>::new(), "{sql}");
    }
    assert_eq!(
        references("SELECT ARRAY[:a, :b], c[:i], c[1: :n], c[:lo: :hi], c[:a::int : :b]"),
        [":a", ":b", ":i", ":n", ":lo", ":hi", ":a", ":b"]
    );
    assert_eq!(references("SELECT ARRAY[CASE WHEN x THEN :a ELSE :b END]"), [":a", ":b"]);
}

#[test]
fn wrong_references_are_explained_where_they_stand() {
    for (sql, at, part) in [
        ("SELECT $1", 7, "write `:name`"),
        ("x = ANY(:u[])", 8, ":u.id[]"),
        ("SELECT :u.second.id", 7, ":u.first.id"),
        ("SELECT :u.first.id[]", 7, "`:u.first.id[]` is no reference"),
        ("SELECT :größe", 10, "letters"),
    ] {
        let (offset, message) = scan(sql).unwrap_err();
        assert_eq!(offset, at, "{sql}: {message}");
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_first_word_says_what_kind_of_statement_it_is() {
    assert_eq!(first_word(" /* a /* b */ */ -- c\n ((select 1))"), Some("select"));
    assert_eq!(first_word("-- nothing"), None);
    assert_eq!(first_word("'x'"), None);
}

proptest! {
    #[test]
    fn any_text_is_covered_by_tokens_and_never_cut_inside_a_character(sql in r"([a-z:$'\[\]();\-/*é \\E\n0-9]|\$a\$|::){0,60}") {
        let mut end = 0;
        for token in Lexer::new(&sql) {
            prop_assert_eq!(token.range.start, end);
            prop_assert!(sql.is_char_boundary(token.range.end) && token.range.end > end);
            end = token.range.end;
        }
        prop_assert_eq!(end, sql.len());
        for range in split_statements(&sql) {
            prop_assert_eq!(sql[range.clone()].trim(), &sql[range]);
        }
        for reference in scan(&sql).unwrap_or_default() {
            prop_assert!(sql[reference.range].starts_with(':'));
        }
    }
}
