//! What a workload may not say to a server that is not dbbench's own.
//!
//! On somebody's database sessions are read-only, but a server lets much through in them that is no reading. So statements
//! there begin with what reads, or with what a read-only session refuses by itself, and call no function whose effect it would
//! not stop. With a dataset everything runs in a database of dbbench's own: then only what concerns the whole server is
//! refused. This stops mistakes, not malice.

use std::ops::Range;

use super::super::diagnostic::{Diagnostic, problem};
use super::super::plan::{Place, Plan, SqlText, VariantPlan};
use super::super::sql;
use super::guard_lists::{is_of_the_database, is_of_the_server, of_the_server};
use crate::param::{Generator, SampledRows};

/// What reads; and what the server refuses in a read-only session, which is explained when it does.
const ALLOWED: [&str; 14] = [
    "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DECLARE", "FETCH", "MOVE", "CLOSE", "INSERT", "UPDATE",
    "DELETE", "MERGE",
];

/// Words that end or replace the settings and transactions by which sessions are kept from writing.
const OF_THE_SESSION: [&str; 5] = ["SET", "RESET", "BEGIN", "START", "ABORT"];

/// A part of a statement that is refused, and why.
struct Refused {
    part: Range<usize>,
    /// Else it is the name of a function.
    is_keyword: bool,
    why: &'static str,
    hint: Option<&'static str>,
}

/// What must not be sent to a server that is not dbbench's own, each once; where the user lets sessions write, only
/// what nobody can run.
pub(in crate::workload) fn guarded(plan: &Plan, may_write: bool) -> Vec<Diagnostic> {
    let is_own = plan.dataset.is_some();
    let mut found: Vec<Diagnostic> = Vec::new();
    if !is_own {
        found.extend(plan.variants.iter().filter_map(setup_of_nothing));
    }
    if may_write {
        return found;
    }
    let mut say = |diagnostic: Diagnostic| {
        if !found.contains(&diagnostic) {
            found.push(diagnostic);
        }
    };
    for text in texts(plan) {
        refused(&text.sql, is_own).iter().for_each(|refused| say(diagnostic(text, refused)));
    }
    for param in all(plan).flat_map(|variant| &variant.params) {
        let Generator::Rows(SampledRows::Query { sql }) = &param.generator else { continue };
        refused(sql, is_own).iter().for_each(|refused| say(told(&param.place, &sql[refused.part.clone()], refused)));
    }
    found
}

/// All SQL of a plan that has a place of its own. Without a dataset there is no `setup`: it was refused as a whole.
fn texts(plan: &Plan) -> impl Iterator<Item = &SqlText> {
    let dataset = plan.dataset.iter().flat_map(|dataset| dataset.schema.iter().chain(&dataset.after_load));
    let of_variants = all(plan).flat_map(|variant| {
        let setup = variant.setup.iter().filter(|_| plan.dataset.is_some());
        let steps = variant.statements.iter().map(|statement| &statement.text);
        setup.chain(steps).chain(variant.checks.iter().map(|check| &check.text))
    });
    dataset.chain(of_variants)
}

/// The variants, and what runs beside them.
fn all(plan: &Plan) -> impl Iterator<Item = &VariantPlan> {
    let beside = plan.variants.iter().filter_map(|variant| variant.background.as_deref()).map(|beside| &beside.work);
    plan.variants.iter().chain(beside)
}

fn diagnostic(text: &SqlText, refused: &Refused) -> Diagnostic {
    let before = text.sql[..refused.part.start].chars().count();
    let at = text.place_at(before + 1);
    let part = &text.sql[refused.part.clone()];
    let place = Place { span: at.span.start..at.span.start + part.len(), source: at.source };
    told(&place, part, refused)
}

fn told(place: &Place, part: &str, refused: &Refused) -> Diagnostic {
    let shown = match refused.is_keyword {
        true => part.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase(),
        false => part.to_owned(),
    };
    problem(place, format!("`{shown}` is refused on a server that is not dbbench's own"))
        .label(refused.why)
        .maybe_hint(refused.hint.map(str::to_owned))
        .hint("`--allow-writes-to NAME` lets sessions in database NAME do it; what they change, stays")
}

/// What of each statement is refused.
fn refused(text: &str, is_own: bool) -> Vec<Refused> {
    let statements = sql::split_statements(text).into_iter();
    let found = statements.filter_map(|range| {
        let refused = in_statement(&text[range.clone()], is_own)?;
        Some(Refused { part: range.start + refused.part.start..range.start + refused.part.end, ..refused })
    });
    found.collect()
}

fn in_statement(statement: &str, is_own: bool) -> Option<Refused> {
    if let Some(part) = of_the_server(statement) {
        return Some(Refused { part, is_keyword: true, why: "it concerns the whole server", hint: None });
    }
    if !is_own && let Some(refused) = first_word(statement) {
        return Some(refused);
    }
    sql::calls(statement).into_iter().find_map(|part| {
        let Some(name) = sql::name_of(statement, part.clone()) else {
            let why = "a name in Unicode escapes hides which function it is";
            return Some(Refused { part, is_keyword: false, why, hint: Some("write the name itself") });
        };
        let why = match () {
            () if is_of_the_server(&name) => {
                "its effect reaches beyond the database, and no read-only session stops it"
            }
            () if !is_own && is_of_the_database(&name) => "a read-only session does not stop its effect",
            () => return None,
        };
        let hint = (name == "set_config").then_some(SETTINGS);
        Some(Refused { part, is_keyword: false, why, hint })
    })
}

const SETTINGS: &str = "give settings of a session in the connection string: `options=-c work_mem=64MB`";

/// The first word of a statement for somebody's database, where it neither reads nor is refused by the server.
fn first_word(statement: &str) -> Option<Refused> {
    let part = sql::first_word_at(statement)?;
    let is_one_of = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(&statement[part.clone()]));
    if is_one_of(&ALLOWED) {
        return None;
    }
    Some(match is_one_of(&OF_THE_SESSION) {
        true => {
            Refused { part, is_keyword: true, why: "this can end what keeps sessions read-only", hint: Some(SETTINGS) }
        }
        false => Refused {
            part,
            is_keyword: true,
            why: "it does not read, and a read-only session need not stop it",
            hint: Some("with a [dataset] it runs in a database of dbbench's own, which is dropped afterwards"),
        },
    })
}

/// Somebody's data is not copied: `setup` needs data of dbbench's own.
fn setup_of_nothing(variant: &VariantPlan) -> Option<Diagnostic> {
    let first = variant.setup.first()?;
    let title = format!("the `setup` of variant `{}` has no copy of data to change", variant.name);
    let hint =
        "give the data in [dataset]: then dbbench makes a database of its own, and a copy of it for each variant";
    let why = "on a server that is not dbbench's own, setup only runs in what dbbench has made";
    Some(problem(&first.place, title).label(why).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::guarded;
    use crate::workload::plan::SourceText;
    use crate::workload::{Overrides, compile_text};

    const TABLE: &str = "[dataset]\nschema = \"CREATE TABLE t (id int)\"\n";

    /// The titles for a workload of one step.
    fn refused(sql: &str, dataset: &str) -> Vec<String> {
        let text = format!("name = \"w\"\n{dataset}[operations.a]\nsteps = [{{ sql = \"SELECT 1\" }}]\n");
        let mut plan = compile_text(SourceText::new("w.toml", text), &Overrides::default()).unwrap();
        plan.variants[0].statements[0].text.sql = sql.to_owned();
        assert!(guarded(&plan, true).is_empty(), "{sql}: the user lets sessions write");
        guarded(&plan, false).iter().map(|problem| problem.title().to_owned()).collect()
    }

    #[track_caller]
    fn is_refused(sql: &str, dataset: &str, shown: &str) {
        let titles = refused(sql, dataset);
        assert_eq!(titles.len(), 1, "{sql}");
        assert!(titles[0].starts_with(&format!("`{shown}` is refused")), "{sql}: {}", titles[0]);
    }

    #[test]
    fn on_somebodys_database_a_statement_reads_or_is_refused_by_the_server() {
        for sql in [
            "SELECT 1",
            "((VALUES (1)) UNION SELECT 2)",
            "with x as (select 1) table x",
            "SHOW work_mem",
            "EXPLAIN ANALYZE SELECT 1",
            "DECLARE c CURSOR FOR SELECT 1",
            "insert into t (id) values (1)",
            "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
            "",
        ] {
            assert_eq!(refused(sql, ""), [""; 0], "{sql}");
        }
        for (sql, shown) in [
            ("CHECKPOINT", "CHECKPOINT"),
            ("/* reindex */ reindex TABLE t", "REINDEX"),
            ("CLUSTER t", "CLUSTER"),
            ("VACUUM t", "VACUUM"),
            ("ANALYZE t", "ANALYZE"),
            ("alter  system SET work_mem = '8MB'", "ALTER SYSTEM"),
            ("DISCARD ALL", "DISCARD"),
            ("LISTEN a", "LISTEN"),
            ("NOTIFY a", "NOTIFY"),
            ("UNLISTEN *", "UNLISTEN"),
            ("LOAD 'auto_explain'", "LOAD"),
            ("CALL p()", "CALL"),
            ("DO $$ BEGIN PERFORM 1; END $$", "DO"),
            ("EXECUTE p", "EXECUTE"),
            ("DEALLOCATE p", "DEALLOCATE"),
            ("LOCK t", "LOCK"),
            ("-- a\n set LOCAL x = 1", "SET"),
            ("RESET ALL", "RESET"),
            ("START TRANSACTION READ WRITE", "START"),
            ("COPY t TO PROGRAM 'cat'", "COPY"),
            ("; CHECKPOINT", "CHECKPOINT"),
        ] {
            is_refused(sql, "", shown);
        }
    }

    #[test]
    fn functions_that_a_read_only_session_does_not_stop_are_found_where_they_are_called() {
        for (sql, shown) in [
            ("SELECT set_config('default_transaction_read_only', 'off', false)", "set_config"),
            ("SELECT pg_catalog.PG_Reload_Conf ()", "PG_Reload_Conf"),
            ("SELECT id FROM t WHERE pg_terminate_backend(id)", "pg_terminate_backend"),
            ("SELECT * FROM pg_create_physical_replication_slot('s')", "pg_create_physical_replication_slot"),
            ("SELECT * FROM dblink('dbname=x', 'CHECKPOINT') AS t(id int)", "dblink"),
            ("SELECT dblink_exec('x', 'y')", "dblink_exec"),
            ("SELECT lo_create(0), lo_unlink(1)", "lo_create"),
            ("SELECT pg_stat_reset_single_table_counters(1)", "pg_stat_reset_single_table_counters"),
            ("WITH x AS (SELECT pg_notify('a', 'b')) SELECT * FROM x", "pg_notify"),
            ("EXPLAIN ANALYZE SELECT pg_switch_wal()", "pg_switch_wal"),
            ("SELECT * FROM ts_stat('SELECT to_tsvector(set_config(''a.b'', ''1'', false))')", "ts_stat"),
            ("SELECT ts_rewrite('a'::tsquery, 'SELECT t, s FROM aliases')", "ts_rewrite"),
            ("SELECT * FROM xpath_table('id', 'x', 't', '/a', 'true') AS t(id int)", "xpath_table"),
            ("SELECT pg_restore_relation_stats('relation', 't'::regclass, 'relpages', 1)", "pg_restore_relation_stats"),
            ("SELECT pg_clear_attribute_stats('public', 't', 'a', false)", "pg_clear_attribute_stats"),
            ("SELECT pg_catalog.\"pg_notify\" ('a', 'b')", "\"pg_notify\""),
            ("SELECT u&\"pg\\005fnotify\"('a', 'b')", "\"pg\\005fnotify\""),
            ("SELECT query_to_xml('SELECT pg_switch_wal()', true, true, '')", "query_to_xml"),
        ] {
            is_refused(sql, "", shown);
        }
        for sql in [
            "SELECT 'set_config(1)', \"set_config\", \"PG_NOTIFY\"(1), $$ pg_switch_wal() $$ FROM t",
            "SELECT set_config FROM t /* set_config(1) */ WHERE (set_config) IN (1) -- pg_promote()",
            "WITH dblink (id) AS (SELECT 1) SELECT id FROM dblink",
            "SELECT * FROM t AS pg_promote (id)",
            "INSERT INTO set_config (id) VALUES (1)",
            "SELECT ts_headline('a', 'b'), pg_stats_ext(1), xpath('/a', x) FROM t",
            "SELECT my_set_config(1), lo_get(1), pg_stat_get_numscans(1), pg_switch_wal_soon(1)",
        ] {
            assert_eq!(refused(sql, ""), [""; 0], "{sql}");
        }
    }

    #[test]
    fn in_a_database_of_dbbenchs_own_only_what_concerns_the_server_is_refused() {
        for sql in [
            "VACUUM t",
            "LOCK t",
            "SET LOCAL work_mem = '8MB'",
            "SELECT set_config('app.tenant', '1', true)",
            "CREATE USER MAPPING FOR x SERVER y",
            "CREATE TABLE u (id int)",
            "GRANT SELECT, INSERT (id) ON t TO PUBLIC",
            "GRANT USAGE ON SCHEMA database TO tablespace",
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM x",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x",
            "SECURITY LABEL FOR p ON TABLE t IS 'x'",
            "SELECT ts_stat('SELECT 1')",
        ] {
            assert_eq!(refused(sql, TABLE), [""; 0], "{sql}");
        }
        for (sql, shown) in [
            ("CHECKPOINT", "CHECKPOINT"),
            ("ALTER SYSTEM RESET ALL", "ALTER SYSTEM"),
            ("create role r", "CREATE ROLE"),
            ("DROP DATABASE shop", "DROP DATABASE"),
            ("SELECT pg_reload_conf()", "pg_reload_conf"),
            ("GRANT pg_read_all_data, \"x\" TO app", "GRANT"),
            ("revoke /* soon */ pg_read_all_data from app", "REVOKE"),
            ("GRANT CONNECT, TEMP ON DATABASE shop TO app", "GRANT CONNECT, TEMP ON DATABASE"),
            ("GRANT CREATE ON TABLESPACE fast TO app", "GRANT CREATE ON TABLESPACE"),
            ("REVOKE SET ON PARAMETER work_mem FROM app", "REVOKE SET ON PARAMETER"),
            ("SECURITY LABEL FOR 'p' ON ROLE app IS 'x'", "SECURITY LABEL FOR 'P' ON ROLE"),
            ("comment on database shop IS 'x'", "COMMENT ON DATABASE"),
        ] {
            is_refused(sql, TABLE, shown);
        }
        let text = "[dataset]\nschema = \"CREATE TABLE t (id int); CREATE ROLE r\"\nafter_load = \"CHECKPOINT\"\n";
        assert_eq!(refused("SELECT 1", text).len(), 2, "the dataset's own statements are looked at too");
    }

    #[test]
    fn checks_and_what_runs_beside_the_load_are_looked_at_too() {
        let check = "[checks.c]\nsql = \"SELECT pg_switch_wal()\"\nequals = 1\n";
        is_refused("SELECT 1", check, "pg_switch_wal");
        let beside = "mix = { a = 1 }\n[background.sweep]\noperation = \"b\"\nevery = \"1s\"\n[operations.b]\nsteps = [{ sql = \
                      \"CHECKPOINT\" }]\n";
        is_refused("SELECT 1", beside, "CHECKPOINT");
    }

    #[test]
    fn a_query_that_is_sampled_is_looked_at_too_and_named_once() {
        let text = "name = \"w\"\n[params]\nid = { query = \"SELECT set_config('a.b', '1', false)\" }\n[operations.a]\nsteps = \
                    [{ sql = \"SELECT :id.set_config\" }]\n[variants]\nx.mix = { a = 1 }\ny.mix = { a = 1 }\n";
        let plan = compile_text(SourceText::new("w.toml", text), &Overrides::default()).unwrap();
        let found = guarded(&plan, false);
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(found[0].render(false), @r#"
        w.toml:3:6: error: `set_config` is refused on a server that is not dbbench's own
          |
        3 | id = { query = "SELECT set_config('a.b', '1', false)" }
          |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a read-only session does not stop its effect
          |
          = help: give settings of a session in the connection string: `options=-c work_mem=64MB`
          = help: `--allow-writes-to NAME` lets sessions in database NAME do it; what they change, stays
        "#);
    }
}
