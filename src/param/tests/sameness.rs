//! `same_as`, and rows whose columns belong together.

use super::*;

/// Values of `a` and of `b`, operation by operation.
fn pairs(a: &Generator, b: &Generator, draws: u64) -> Vec<(String, String)> {
    let (a, b) = (Sampler::new(a).unwrap(), Sampler::new(b).unwrap());
    let mut scratch = Scratch::default();
    let mut read = |sampler: &Sampler, name: &str, count| {
        let draw = Draw::param(Stream::operation(1, 0, Phase::Measure, 0, count), name_hash(name), 0, 0);
        format!("{:?}", sampler.draw(&draw, &mut scratch))
    };
    (0..draws).map(|count| (read(&a, "a", count), read(&b, "b", count))).collect()
}

#[test]
fn distinct_never_gives_the_value_of_the_other() {
    let users = column("users", 30, Generator::Uniform(range(1, 3)));
    for generator in [
        Generator::Uniform(range(1, 2)),
        Generator::Zipf { over: range(1, 5), exponent: 6.0, scramble: true },
        choice(&[("a", 1.0), ("b", 0.0005)]),
        Generator::Uniform(users),
        Generator::Text { min: 1, max: 1 },
        Generator::Null { rate: 0.99, of: Box::new(Generator::Uniform(range(1, 2))) },
        Generator::Json(vec![("a".into(), choice(&[("x", 1.0), ("y", 1.0)]))]),
    ] {
        let drawn = pairs(&generator, &same_as("a", generator.clone(), true), 3_000);
        assert!(drawn.iter().all(|(a, b)| a != b), "{generator:?}");
        assert!(pairs(&generator, &same_as("a", generator.clone(), false), 3_000).iter().any(|(a, b)| a == b));
    }
}

#[test]
fn distinct_of_distinct_differs_from_both() {
    let a = Generator::Uniform(range(1, 3));
    let b = same_as("a", a.clone(), true);
    let c = same_as("b", b.clone(), true);
    let sampler = Sampler::new(&c).unwrap();
    for (count, (a, b)) in pairs(&a, &b, 500).iter().enumerate() {
        let draw = Draw::param(Stream::operation(1, 0, Phase::Measure, 0, count as u64), name_hash("c"), 0, 0);
        let c = format!("{:?}", sampler.draw(&draw, &mut Scratch::default()));
        assert!(c != *a && c != *b, "{a} {b} {c}");
    }
}

#[test]
fn distinct_spreads_over_what_is_left() {
    let a = Generator::Uniform(range(1, 4));
    let mut counts = std::collections::BTreeMap::new();
    for pair in pairs(&a, &same_as("a", a.clone(), true), 24_000) {
        *counts.entry(pair).or_insert(0_i32) += 1;
    }
    assert_eq!(counts.len(), 12);
    assert!(counts.values().all(|count| (count - 2_000).abs() < 200), "{counts:?}");
}

#[test]
fn distinct_needs_something_to_be_distinct_from() {
    for generator in [Generator::Constant(Literal::Integer(1)), Generator::RowNumber, Generator::Now] {
        let error = Sampler::new(&same_as("a", generator, true)).unwrap_err();
        assert!(error.to_string().contains("at least two values"), "{error}");
    }
}

fn sampled() -> (Vec<String>, Cells) {
    let rows = (0..9).map(|at| vec![Some(format!("id{at}")), (at > 0).then(|| format!("created{at}"))]).collect();
    (vec!["id".into(), "created".into()], Arc::new(rows))
}

#[test]
fn columns_of_a_draw_come_from_one_row() {
    let (columns, rows) = sampled();
    let query = Generator::Rows(SampledRows::Query { sql: "SELECT id, created FROM t".into() });
    assert!(Sampler::new(&query).unwrap_err().to_string().contains("once it has run"));
    let c = Sampler::with_rows(&query, &columns, &rows).unwrap();
    let d = Sampler::with_rows(&same_as("c", query.clone(), true), &columns, &rows).unwrap();
    let (id, created) = (c.column("id").unwrap(), c.column("created").unwrap());
    let mut seen = std::collections::BTreeSet::new();
    for count in 0..500 {
        let at = |name| Draw::param(Stream::operation(1, 0, Phase::Warmup, 0, count), name_hash(name), 0, 0);
        let Value::Text(c_id) = c.draw_column(&at("c"), id) else { panic!("no id") };
        match c.draw_column(&at("c"), created) {
            Value::Null => assert_eq!(c_id, "id0"),
            Value::Text(created) => assert_eq!(created.strip_prefix("created"), c_id.strip_prefix("id")),
            other => panic!("{other:?}"),
        }
        assert_ne!(d.draw_column(&at("d"), id), Value::Text(c_id));
        seen.insert(c_id);
    }
    assert_eq!((seen.len(), c.column("other")), (9, None));
    let ragged = Arc::new(vec![vec![None]]);
    assert!(Sampler::with_rows(&query, &columns, &ragged).unwrap_err().to_string().contains("row 1 has 1 cell where"));
    assert!(Sampler::with_rows(&query, &columns, &Arc::default()).unwrap_err().to_string().contains("no row"));
}

#[test]
fn cells_of_a_file_are_known_beforehand() {
    let (columns, rows) = sampled();
    let file = Generator::Rows(SampledRows::Csv { columns, rows });
    let ids = (0..9).map(|at| format!("id{at}")).collect();
    assert_eq!(file.column_domains("id"), Some(vec![Domain::Texts(ids)]));
    let created = file.column_domains("created").unwrap();
    assert_eq!((created[0].clone(), created.len()), (Domain::Null, 2));
    assert_eq!(file.column_domains("other"), None);
}
