use super::{Counts, judge};
use crate::metrics::Counters;
use crate::workload::plan::{CheckPlan, SourceText};
use crate::workload::{Overrides, compile_text};

/// A check of a mix of `a` and `b` (whose job is `write`) with the constant `k = 100`.
fn check(equals: &str) -> CheckPlan {
    let text = format!(
        "name = \"w\"\nconstants.k = 100\n[operations.a]\nsteps = [{{ sql = \"SELECT 1\" }}]\n[operations.b]\njob = \
         \"write\"\nsteps = [{{ sql = \"SELECT 1\" }}]\n[operations.c]\nsteps = [{{ sql = \"SELECT 1\" }}]\n[mix]\na = 1\nb = \
         1\n[checks.sum]\nsql = \"SELECT 1\"\nequals = {equals}\n"
    );
    let plan = match compile_text(SourceText::new("w.toml", text), &Overrides::default()) {
        Ok(plan) => plan,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    plan.variants[0].checks[0].clone()
}

fn counters(succeeded: u64, failed: u64, unknown: u64) -> Counters {
    Counters {
        succeeded,
        failed,
        unknown,
        attempts: succeeded + failed + 1,
        retried: 1,
        rows: 7,
        ..Counters::default()
    }
}

/// Whether a check passes that finds one value, its figure, and what was expected.
fn judged(equals: &str, found: &str, counts: [Counters; 2]) -> (bool, Option<f64>, String) {
    let row = vec![Some(found.to_owned())];
    let record = judge(&check(equals), Counts { operations: &counts }, &[row]);
    (record.passed, record.difference, record.expected)
}

const NONE: [Counters; 2] = [
    Counters {
        planned: 0,
        attempts: 0,
        succeeded: 0,
        failed: 0,
        unknown: 0,
        unknown_besides: 0,
        unstarted: 0,
        retried: 0,
        censored: 0,
        statements: 0,
        rows: 0,
    },
    Counters {
        planned: 0,
        attempts: 0,
        succeeded: 0,
        failed: 0,
        unknown: 0,
        unknown_besides: 0,
        unstarted: 0,
        retried: 0,
        censored: 0,
        statements: 0,
        rows: 0,
    },
];

#[test]
fn values_are_compared_by_what_the_file_says_they_are() {
    for (equals, found, difference) in [
        ("3", "3", Some(0.0)),
        ("3", "3.000", Some(0.0)),
        ("3", "5", Some(-2.0)),
        ("0.1", "0.10", Some(0.0)),
        ("9223372036854775807", "9223372036854775806", Some(1.0)),
        ("3", "three", None),
        ("true", "t", Some(0.0)),
        ("false", "t", Some(1.0)),
        ("true", "1", None),
        ("\"open\"", "open", Some(0.0)),
        ("\"open\"", "shut", Some(1.0)),
        ("\"12\"", "12", Some(0.0)),
        ("\":k\"", "100", Some(0.0)),
        ("\"2 * :k + 1\"", "201", Some(0.0)),
    ] {
        let (passed, figure, _) = judged(equals, found, NONE);
        assert_eq!((passed, figure), (difference == Some(0.0), difference), "{equals} {found}");
    }
}

#[test]
fn counters_are_of_operations_jobs_and_the_mix() {
    let counts = || [counters(10, 2, 0), counters(30, 4, 0)];
    for (equals, value) in [
        ("a.succeeded", 10),
        ("write.succeeded", 30),
        ("mix.succeeded", 40),
        ("c.succeeded", 0),
        ("mix.failed + b.retried + a.rows", 14),
        ("a.attempts", 13),
        ("1000 * a.succeeded - :k", 9_900),
        ("max(a.succeeded, b.succeeded) % 7", 2),
    ] {
        let quoted = format!("\"{equals}\"");
        let (passed, _, expected) = judged(&quoted, &value.to_string(), counts());
        assert!(passed, "{equals}: {expected}");
        assert_eq!(expected, format!("{equals} = {value}"));
        assert_eq!(judged(&quoted, &(value + 3).to_string(), counts()).1, Some(-3.0), "{equals}");
    }
}

#[test]
fn what_was_not_confirmed_may_have_taken_effect_or_not() {
    let counts = || [counters(10, 2, 2), counters(5, 3, 1)];
    let figures = |equals: &str, found: [&str; 6]| found.map(|found| judged(equals, found, counts()).1);
    assert_eq!(
        figures("\"a.succeeded\"", ["9", "10", "11", "12", "13", "15"]),
        [1.0, 0.0, 0.0, 0.0, -1.0, -3.0].map(Some)
    );
    // Tens of the one and ones of the other: only sums that their counts can give.
    assert_eq!(
        figures("\"10 * a.succeeded + b.succeeded\"", ["105", "106", "107", "116", "126", "127"]),
        [0.0, 0.0, -1.0, 0.0, 0.0, -1.0].map(Some)
    );
    // What took effect has not failed.
    assert_eq!(figures("\"a.failed\"", ["0", "1", "2", "3", "4", "5"]), [0.0, 0.0, 0.0, -1.0, -2.0, -3.0].map(Some));
    // Rows come with what took effect, as many as with each other operation where these had the same number.
    let each = |succeeded, unknown, rows| [Counters { rows, ..counters(succeeded, unknown, unknown) }, NONE[1].clone()];
    for (rows, found, difference) in
        [(20, "20", 0.0), (20, "24", 0.0), (20, "23", 1.0), (20, "26", -2.0), (21, "23", -2.0)]
    {
        let figure = judged("\"a.rows\"", found, each(10, 2, rows)).1.map(f64::abs);
        assert_eq!(figure, Some(f64::abs(difference)), "{found} of {rows}");
    }
    assert_eq!(
        judged("\"mix.succeeded\"", "16", counts()).2,
        "mix.succeeded = 15 (or 18, as far as 3 operations took effect that were not confirmed)"
    );
    // What was tried again took effect once more: no operation that failed is done by it, and none that succeeded undone.
    let again = |equals: &str, found: &str| {
        let counts = [Counters { unknown_besides: 2, retried: 2, ..counters(10, 2, 3) }, NONE[1].clone()];
        judged(equals, found, counts)
    };
    for (equals, found, difference) in [
        ("\"a.succeeded\"", "9", 1.0),
        ("\"a.succeeded\"", "13", 0.0),
        ("\"a.succeeded\"", "14", -1.0),
        ("\"a.failed\"", "1", 0.0),
        ("\"a.failed\"", "0", 1.0),
        ("\"a.succeeded + a.failed\"", "14", 0.0),
        ("\"a.succeeded + a.failed\"", "15", -1.0),
    ] {
        assert_eq!(again(equals, found).1, Some(difference), "{equals} {found}");
    }
    assert_eq!(
        again("\"a.succeeded\"", "10").2,
        "a.succeeded = 10 (or 13, as far as 3 attempts took effect that were not confirmed)"
    );
    // More ways than can be tried one by one: between the least and the most.
    let many = || [counters(1_000, 900_000, 900_000), counters(0, 900_000, 900_000)];
    let equals = "\"3 * a.succeeded + 3 * b.succeeded\"";
    assert!(
        judged(equals, "5000000", many()).0
            && !judged(equals, "5403001", many()).0
            && !judged(equals, "2999", many()).0
    );
}

#[test]
fn whatever_is_not_one_value_fails() {
    let check = check("0");
    let value = |text: &str| Some(text.to_owned());
    for (rows, found) in [
        (vec![], "no row"),
        (vec![vec![value("0")], vec![value("0")]], "2 rows instead of one value"),
        (vec![vec![value("0"), value("0")]], "2 columns instead of one value"),
        (vec![vec![None]], "NULL"),
    ] {
        let record = judge(&check, Counts { operations: &NONE }, &rows);
        assert_eq!((record.passed, record.difference, record.found.as_str()), (false, None, found));
    }
}
