//! What becomes of two plans: variants, judgements, what differs, who shares a server.

use super::*;
use crate::workload::plan::SourceText;
use crate::workload::{Overrides, compile_text};

const FILE: &str = r#"
name = "w"
dataset.schema = "CREATE TABLE t (id int PRIMARY KEY)"
dataset.tables.t = { rows = 1000, columns.id = "row_number" }
params.id = { uniform = [1, 100] }
operations.one = { job = "j", answer = ["r.id"], steps = [{ as = "r", sql = "SELECT id FROM t WHERE id = :id" }] }
operations.two = { job = "j", answer = ["r.id"], steps = [{ as = "r", sql = "SELECT id FROM t WHERE id = :id + 0" }] }
variants = { one = {}, two = {} }
[[claim]]
claim = "two is not slower"
variant = "two"
metric = "response.p50"
ratio = { at_most = 1.1 }
"#;

fn plan(set: &[(&str, &str, &str)], only: &[&str]) -> Plan {
    let set = set.iter().map(|(key, value, origin)| [*key, *value, *origin].map(str::to_owned).into());
    let only = only.iter().map(|name| (*name).to_owned()).collect();
    let overrides = Overrides { set: set.collect(), only, without_baseline: true };
    compile_text(SourceText::new("w.toml", FILE), &overrides)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn both(a: &[(&str, &str)], b: &[(&str, &str)]) -> Both {
    let of_side = |keys: &[(&str, &str)], option: &str| {
        plan(&keys.iter().map(|(key, value)| (*key, *value, option)).collect::<Vec<_>>(), &[])
    };
    Both::of(of_side(a, "--a"), of_side(b, "--b"))
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.variants.iter().map(|variant| variant.name.as_str()).collect()
}

#[test]
fn every_variant_stands_twice_side_by_side_and_is_judged_on_each() {
    let both = both(&[("topology.link.rtt", "500us")], &[("topology.link.rtt", "545us")]);
    assert_eq!(names(&both.plan), ["one@a", "one@b", "two@a", "two@b"]);
    assert_eq!([names(&both.sides[0]), names(&both.sides[1])], [["one@a", "two@a"], ["one@b", "two@b"]]);
    let rtts: Vec<u128> = both.plan.variants.iter().map(|variant| variant.link.rtt.as_micros()).collect();
    assert_eq!(rtts, [500, 545, 500, 545]);
    let judged: Vec<(usize, usize)> = both.plan.claims.iter().map(|claim| (claim.variant, claim.against)).collect();
    assert_eq!(judged, [(2, 0), (3, 1)]);
    let difference =
        Difference { what: "topology.link.rtt".to_owned(), a: Some("500us".to_owned()), b: Some("545us".to_owned()) };
    assert_eq!(both.differ, [difference]);
    assert!(both.need_the_same(), "a link is no server");
    assert!(both.plan.run.in_pairs && both.plan.compare.same_answer && !both.plan.compare.within_sides);
    assert_eq!(both.plan.origins["topology.link.rtt"], "--a and --b");
    assert_eq!(both.plan.resolved["sides"]["b"]["topology.link.rtt"], "545us");
    assert_ne!(both.plan.workload_hash, both.sides[0].workload_hash);
}

#[test]
fn a_link_on_one_side_puts_the_proxy_into_the_way_of_both() {
    let both = both(&[], &[("topology.link.rtt", "1ms")]);
    assert!(both.plan.variants.iter().all(|variant| variant.link.in_path));
    assert_eq!(both.differ[0].a.as_deref(), Some("0"), "a default is a value");
    let neither = self::both(&[], &[("load.clients", "4")]);
    assert!(neither.plan.variants.iter().all(|variant| !variant.link.is_used()));
}

#[test]
fn what_a_server_is_made_of_needs_one_for_each_side() {
    for (key, value) in [
        ("topology.settings.work_mem", "64MB"),
        ("topology.auth", "md5"),
        ("dataset.tables.t.rows", "10"),
        ("dataset.after_load", "CREATE INDEX ON t (id)"),
    ] {
        assert!(!both(&[], &[(key, value)]).need_the_same(), "{key}");
    }
    assert!(both(&[], &[("load.clients", "4"), ("run.workers", "1")]).need_the_same());
    let rows = both(&[], &[("dataset.tables.t.rows", "10")]).rows();
    assert_eq!((rows["a"]["t"], rows["b"]["t"]), (1_000, 10));
}

#[test]
fn answers_are_compared_between_sides_unless_they_are_meant_to_differ() {
    let within = |key, value| both(&[], &[(key, value)]).plan.compare;
    assert!(within("dataset.tables.t.rows", "200").within_sides);
    assert!(within("params.id", "{ uniform = [1, 2] }").within_sides);
    assert!(!within("dataset.after_load", "CREATE INDEX ON t (id)").within_sides, "an index changes no answer");
    let notes = both(&[], &[("params.id", "{ uniform = [1, 2] }")]).plan.warnings;
    assert!(notes.iter().any(|note| note.contains("answers are not compared between them")), "{notes:?}");
    // One variant alone is compared with nothing in a run, but with itself here.
    let alone = Both::of(plan(&[], &["two"]), plan(&[("load.clients", "4", "--b")], &["two"]));
    assert_eq!(names(&alone.plan), ["two@a", "two@b"]);
    assert!(alone.plan.compare.same_answer);
    assert!(alone.plan.claims.is_empty(), "its baseline is gone");
}

#[test]
fn nothing_differs_where_the_values_are_equal() {
    assert!(both(&[("load.clients", "4")], &[("load.clients", "4")]).differ.is_empty());
    assert!(both(&[], &[("load.clients", "8")]).differ.is_empty(), "8 is what it is anyway");
}
