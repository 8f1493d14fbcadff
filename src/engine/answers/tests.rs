use super::groups;
use super::tuples::tuples;
use crate::driver::{NullTarget, PgType, RawRow, RowSink, Target};
use crate::engine::bound::BoundAnswer;
use crate::engine::rows::{Keep, Rows, Sink};
use crate::engine::testing::{TestStep, bound, operation, path, plan, set, single, variant};
use crate::engine::{Interrupt, compare_answers};
use crate::workload::plan::{AnswerPath, AnswerPlan, JsonStep};

const INT8: u32 = 20;
const JSON: u32 = 114;

fn ty(oid: u32) -> PgType {
    PgType::built_in(oid, -1).expect("a built-in type")
}

/// Rows of one column each, with the row that was visited.
fn rows(cells: &[(Option<&[u8]>, Option<u32>)]) -> Rows {
    let mut rows = Rows::default();
    rows.clear(1);
    let keep = [Keep { position: 0, slot: 0 }];
    for (cell, parent) in cells {
        let mut body = cell.map_or(-1_i32, |cell| i32::try_from(cell.len()).expect("short")).to_be_bytes().to_vec();
        body.extend_from_slice(cell.unwrap_or_default());
        Sink::keeping(&mut rows, &keep, *parent).row(&RawRow { body: &body, columns: 1 });
    }
    rows
}

fn number(value: i64) -> [u8; 8] {
    value.to_be_bytes()
}

fn shown(answer: &BoundAnswer, sets: &[Rows]) -> Vec<String> {
    let tuples = tuples(answer, |set| &sets[set], &[]).expect("nested");
    tuples.iter().map(|tuple| tuple.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect()
}

fn answer(paths: Vec<AnswerPath>, oid: u32, visiting: Vec<Option<usize>>) -> BoundAnswer {
    let types = paths.iter().map(|_| ty(oid)).collect();
    BoundAnswer { plan: AnswerPlan { paths, ordered: false }, types, visiting }
}

#[test]
fn nested_sets_are_joined_with_the_row_visited_and_childless_rows_give_nothing() {
    let (one, two, three) = (number(1), number(2), number(3));
    let users = rows(&[(Some(&one), None), (Some(&two), None), (None, None)]);
    let orders = rows(&[(Some(&two), Some(0)), (Some(&three), Some(0)), (Some(&one), Some(2))]);
    let items = rows(&[(Some(&three), Some(1)), (None, Some(2))]);
    let sets = [users, orders, items];
    let visiting = || vec![None, Some(0), Some(1)];
    let both = answer(vec![path("u.id", 0, 0), path("o.id", 1, 0)], INT8, visiting());
    assert_eq!(shown(&both, &sets), ["1 2", "1 3", "NULL 1"]);
    // The set in between is joined through although it is not named.
    let outer_and_inner = answer(vec![path("i.id", 2, 0), path("u.id", 0, 0)], INT8, visiting());
    assert_eq!(shown(&outer_and_inner, &sets), ["3 1", "NULL NULL"]);
    let alone = answer(vec![path("u.id", 0, 0)], INT8, visiting());
    assert_eq!(shown(&alone, &sets), ["1", "2", "NULL"]);
    let strangers = answer(vec![path("u.id", 0, 0), path("o.id", 1, 0)], INT8, vec![None, None, None]);
    assert!(tuples(&strangers, |set| &sets[set], &[]).is_err());
}

#[test]
fn paths_into_the_same_json_array_move_together_and_empty_arrays_give_nothing() {
    let json = |text: &[&str]| {
        let text = text.iter().map(|step| match *step {
            "[]" => JsonStep::Each,
            key => JsonStep::Key(key.to_owned()),
        });
        AnswerPath { text: String::new(), set: 0, column: 0, json: text.collect() }
    };
    let document = br#"{"id": 7, "a": [{"x": 1, "y": "p"}, {"x": 2}], "b": [true, null], "none": []}"#;
    let sets = [rows(&[(Some(document), None), (None, None)])];
    let of = |paths: Vec<AnswerPath>| shown(&answer(paths, JSON, vec![None]), &sets);
    assert_eq!(of(vec![json(&["id"]), json(&["a", "[]", "x"]), json(&["a", "[]", "y"])]), ["7 1 'p'", "7 2 NULL"]);
    assert_eq!(of(vec![json(&["a", "[]", "x"]), json(&["b", "[]"])]), ["1 true", "1 NULL", "2 true", "2 NULL"]);
    assert_eq!(of(vec![json(&["id"]), json(&["none", "[]"])]), [""; 0]);
    assert_eq!(of(vec![json(&["id"])]), ["7", "NULL"], "a NULL document has no key, and no array that could be empty");
}

#[test]
fn alternatives_are_operations_of_one_job_or_the_single_ones() {
    let with_answer = |name: &str, jobs: &[&str]| {
        let mut of = variant(name, 1, vec![]);
        for job in jobs {
            let steps = vec![TestStep::new("SELECT 1 AS id", vec![]).binds(0)];
            of = operation(of, job, 1.0, vec![set("u", &["id"], None)], steps, Some(vec![path("u.id", 0, 0)]));
        }
        of
    };
    let sizes = |plan: &crate::workload::plan::Plan| {
        let (groups, alone) = groups(&bound(plan));
        (groups.iter().map(Vec::len).collect::<Vec<_>>(), alone)
    };
    assert_eq!(sizes(&plan(vec![with_answer("a", &["x"]), with_answer("b", &["y"])], 1)), (vec![2], vec![]));
    let mixed = plan(vec![with_answer("a", &["x", "z"]), with_answer("b", &["y", "x"])], 1);
    assert_eq!(sizes(&mixed), (vec![2], vec!["a/z".to_owned(), "b/y".to_owned()]));
    assert_eq!(sizes(&plan(vec![single("a", 1), single("b", 1)], 1)), (vec![], vec![]));
    let null = || vec![Target::Null(NullTarget { service: std::time::Duration::ZERO, rows: 1 })];
    let report =
        compare_answers(&mixed, &bound(&mixed), &[null(), null()], &Interrupt::default()).expect("nothing to compare");
    assert!(!report.compared, "answers of the null target say nothing");
}
