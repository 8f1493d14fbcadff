//! The same operation in each protocol: same answers, and the statements that the server saw.

use super::*;

const WAYS: &str = r#"
[constants]
least = -3
[operations.page]
steps = [
  { as = "u", sql = "SELECT id, name, mood FROM users WHERE org_id = :org AND id > :least ORDER BY id LIMIT 10" },
  { transaction = [
    { as = "o", for_each = "u", sql = "SELECT id, total, at FROM orders WHERE user_id = :u.id AND :u.mood::mood IS DISTINCT FROM 'low'" },
  ] },
  { as = "all", sql = "SELECT id, at, total::float8 AS f, ARRAY[name, NULL] AS names, j FROM users u JOIN orders o USING (id), LATERAL (SELECT jsonb_build_object('n', total) AS j) j WHERE id = ANY(:u.id[]) AND name = ANY(:u.name[])" },
]
answer = ["u.id", "u.mood", "o.id", "o.total", "o.at"]
[operations.last]
steps = [
  { as = "u", sql = "SELECT id, name FROM users WHERE org_id = :org ORDER BY id LIMIT 10" },
  { as = "all", sql = "SELECT id, at, total, total::float8 AS f, ARRAY[name, NULL] AS names, jsonb_build_object('n', total) AS j FROM users u JOIN orders o USING (id) WHERE id = ANY(:u.id[]) AND name = ANY(:u.name[]) AND name <> :u.last.name" },
]
answer = ["all.id", "all.at", "all.total", "all.f", "all.names", "all.j.n"]
[mix]
page = 1
last = 1
[variants]
prepared = {}
extended = { connections.protocol = "extended" }
simple = { connections.protocol = "simple" }
"#;

#[test]
fn protocols_answer_the_same() {
    let report = compared(WAYS).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.compared);
    let rows: u64 = report.groups.iter().map(|group| group.rows).sum();
    assert!(rows > 500, "{rows}");
}

#[test]
fn under_load_the_simple_protocol_does_what_the_others_do() {
    let server = support::server();
    let (plan, endpoint) = (plan(WAYS), database(&server));
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    for slice in &ran.slices {
        let mix = slice.metrics.total.mix();
        assert!(mix.counters.succeeded > 0 && mix.counters.failed == 0, "{:?}", mix.failures);
        // A page is u, BEGIN, ten times o, COMMIT and all; the other two statements.
        let [page, last] = &slice.metrics.total.operations[..] else { panic!("two operations") };
        assert_eq!(page.counters.statements, 14 * page.counters.succeeded);
        assert_eq!(last.counters.statements, 2 * last.counters.succeeded);
    }
}

#[test]
fn what_has_no_text_is_refused_with_its_place() {
    let found = problems(
        r#"
[operations.a]
steps = [
  { as = "u", sql = "SELECT id, interval '1 day' AS wait FROM users WHERE org_id = :org" },
  { sql = "SELECT now() + :u.first.wait", protocol = "simple" },
]
[operations.b]
steps = [
  { as = "v", sql = "SELECT point(1, 2) AS at FROM users WHERE org_id = :org", protocol = "simple" },
]
answer = ["v.at"]
[mix]
a = 1
b = 1
"#,
    );
    let cast = "cast it to text in the SQL that reads it, or send the statement with `protocol = \"extended\"`";
    assert_eq!(
        found,
        [
            format!(
                ":u.first.wait\", | a value of type interval cannot be written into the text of a statement by this version | {cast}"
            ),
            format!("\"SELECT | `at` is of type point, whose text this version does not read | {cast}"),
        ]
    );
}
