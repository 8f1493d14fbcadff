//! `next` gives each integer at most once, above all that are there when a slice begins, whoever takes it.

use super::steps::{number, writable};
use super::*;

const TABLE: &str = "CREATE TABLE t (id bigint PRIMARY KEY, who text NOT NULL); INSERT INTO t VALUES (100, 'before')";

const PARAM: &str = "[params]\norg = { uniform = [0, 9] }\nnew = { next = \"t.id\" }\n";

fn counting(operations: &str) -> Plan {
    let text = format!("{}{operations}", HEAD.replace("[params]\norg = { uniform = [0, 9] }\n", PARAM));
    compile_text(SourceText::new("workload.toml", text), &Overrides::default()).unwrap_or_else(|e| panic!("{e:?}"))
}

const TWO: &str = r#"
[operations.a]
steps = [{ as = "r", sql = "INSERT INTO t VALUES (:new, 'a') RETURNING id, id - :new AS zero" }]
answer = ["r.COLUMN"]
[operations.b]
steps = [{ as = "r", sql = "INSERT INTO t VALUES (:new, 'b') RETURNING id, id - :new AS zero" }]
answer = ["r.COLUMN"]
[variants]
a = {}
b = {}
"#;

#[test]
fn the_background_counts_on_with_the_mix() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    let plan = counting(
        r#"
[operations.a]
steps = [{ sql = "INSERT INTO t VALUES (:new, 'a')" }]
[operations.beside]
steps = [{ sql = "INSERT INTO t VALUES (:new, 'beside')" }]
[mix]
a = 1
[background.writer]
operation = "beside"
clients = 1
"#,
    );
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    let metrics = &ran.slices[0].metrics;
    let (mix, (_, beside)) = (metrics.total.mix(), &metrics.background[0]);
    assert!(mix.counters.succeeded > 0 && beside.counters.succeeded > 0);
    assert_eq!((mix.counters.failed, beside.counters.failed), (0, 0), "{:?} {:?}", mix.failures, beside.failures);
    assert_eq!(number(&endpoint, "SELECT count(DISTINCT who) FROM t"), 3);
}

#[test]
fn a_column_is_counted_once_under_all_names_of_its_table() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    let params = format!("{PARAM}other = {{ next = \"public.T.id\" }}\n");
    let operations = "[operations.a]\nsteps = [{ sql = \"INSERT INTO t VALUES (:new, 'a'), (:other, 'b')\" }]\n";
    let text = format!("{}{operations}", HEAD.replace("[params]\norg = { uniform = [0, 9] }\n", &params));
    let plan =
        compile_text(SourceText::new("workload.toml", text), &Overrides::default()).unwrap_or_else(|e| panic!("{e:?}"));
    let ran = run_disturbed(&plan, &endpoint, || {});
    let mix = ran.slices[0].metrics.total.mix();
    assert!(mix.counters.succeeded > 0 && mix.counters.failed == 0, "{:?}", mix.failures);
}

#[test]
fn variants_that_share_a_database_begin_above_what_the_others_have_left() {
    let server = support::server();
    let endpoint = writable(&server, TABLE);
    let mut plan = counting(&TWO.replace("COLUMN", "zero"));
    plan.run.rounds = 2;
    let ran = run_disturbed(&plan, &endpoint, || {});
    assert_eq!(ran.end.unwrap().failed, 0);
    assert_eq!(ran.slices.len(), 4);
    for slice in &ran.slices {
        let mix = slice.metrics.total.mix();
        assert!(mix.counters.succeeded > 0 && mix.counters.failed == 0, "{:?}", mix.failures);
    }
    // So do the answers, of which each is given in turn.
    let bound = bound(&plan, &endpoint).unwrap();
    let both = || vec![Target::Postgres(endpoint.clone())];
    compare_answers(&plan, &bound, &[both(), both()], &Interrupt::default()).unwrap();
}

#[test]
fn on_copies_all_begin_with_the_same_number() {
    let server = support::server();
    let [first, second, third] = [(); 3].map(|()| writable(&server, TABLE));
    let plan = counting(&TWO.replace("COLUMN", "id"));
    let bound = bound(&plan, &first).unwrap();
    // What was taken before, as in a trial elsewhere, is no part of it.
    let trial = [Target::Postgres(third.clone()), Target::Postgres(third)];
    rehearse(&plan, &bound[..1], &trial[..1], &Interrupt::default()).unwrap();
    let targets = [first.clone(), second].map(|endpoint| vec![Target::Postgres(endpoint)]);
    compare_answers(&plan, &bound, &targets, &Interrupt::default()).unwrap();
    assert_eq!(number(&first, "SELECT max(id) - 100 FROM t"), i64::from(plan.compare.answer_draws));
}
