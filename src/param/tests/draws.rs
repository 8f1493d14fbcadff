//! Draws as functions of their coordinates.

use proptest::prelude::*;

use super::*;
use crate::param::stream::fraction;

fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    // Of uniform fractions: mean ½, variance 1/12.
    let mut count = 0.0;
    let sum: f64 = pairs.inspect(|_| count += 1.0).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum();
    sum / count * 12.0
}

#[test]
fn draws_do_not_depend_on_the_order_of_drawing() {
    let generator =
        Generator::Json(vec![("a".into(), Generator::Uuid4), ("b".into(), Generator::Text { min: 0, max: 9 })]);
    let sampler = Sampler::new(&generator).unwrap();
    let mut scratch = Scratch::default();
    let mut at = |count: u64| {
        let draw = Draw::param(Stream::operation(1, 2, Phase::Measure, 3, count), name_hash("p"), 0, 0);
        format!("{:?}", sampler.draw(&draw, &mut scratch))
    };
    let forwards: Vec<String> = (0..100).map(&mut at).collect();
    let mut backwards: Vec<String> = (0..100).rev().map(&mut at).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
}

#[test]
fn every_coordinate_gives_draws_of_its_own() {
    // Each axis beside the same starting point: pairs along it are uncorrelated (|r| √n < 4), as are pairs across axes.
    type Axis = fn(u32) -> (Stream, u64, u64);
    let operation = |seed, round, phase, client, count| Stream::operation(seed, round, phase, client, count);
    let axes: [(&str, Axis); 7] = [
        ("seed", |at| (Stream::operation(u64::from(at), 0, Phase::Measure, 0, 0), 0, 0)),
        ("round", |at| (Stream::operation(0, at, Phase::Measure, 0, 0), 0, 0)),
        ("client", |at| (Stream::operation(0, 0, Phase::Measure, at, 0), 0, 0)),
        ("count", |at| (Stream::operation(0, 0, Phase::Measure, 0, u64::from(at)), 0, 0)),
        ("name", |at| (Stream::operation(0, 0, Phase::Measure, 0, 0), name_hash(&format!("p{at}")), 0)),
        ("index", |at| (Stream::operation(0, 0, Phase::Measure, 0, 0), 0, u64::from(at))),
        ("row", |at| (Stream::row(0, 0, u64::from(at)), 0, 0)),
    ];
    let n = 20_000;
    let drawn = axes.map(|(_, axis)| {
        (1..=n)
            .map(|at| {
                let (stream, name, index) = axis(at);
                stream.fraction(name, index)
            })
            .collect::<Vec<f64>>()
    });
    for (at, own) in drawn.iter().enumerate() {
        let neighbours = correlation(own.iter().copied().zip(own[1..].iter().copied()));
        assert!(neighbours.abs() * f64::from(n).sqrt() < 4.0, "{}: {neighbours}", axes[at].0);
        for (to, other) in drawn.iter().enumerate().skip(at + 1) {
            let across = correlation(own.iter().copied().zip(other.iter().copied()));
            assert!(across.abs() * f64::from(n).sqrt() < 4.0, "{} and {}: {across}", axes[at].0, axes[to].0);
        }
    }
    let phases = [Phase::Answers, Phase::Warmup, Phase::Measure].map(|phase| operation(0, 0, phase, 0, 0));
    assert!(phases[0] != phases[1] && phases[1] != phases[2] && phases[0] != phases[2]);
}

#[test]
fn clients_draw_independently() {
    // Operation by operation, between neighbouring clients, with small seeds as people choose them.
    let of = |client, count| Stream::operation(1, 0, Phase::Measure, client, count).fraction(name_hash("id"), 0);
    for client in 0..20 {
        let r = correlation((0..10_000).map(|count| (of(client, count), of(client + 1, count))));
        assert!(r.abs() * 100.0 < 4.0, "{client}: {r}");
    }
}

#[test]
fn draws_are_the_same_in_every_version() {
    // Comparisons between versions rest on these numbers: if they change, results are not comparable.
    let mut order = [0, 1, 2, 3, 4, 5, 6, 7];
    Stream::purpose(1, "order", 2).shuffle(&mut order);
    let bits = |stream: Stream, name| stream.fraction(name_hash(name), 0) * 9_007_199_254_740_992.0;
    let numbers = |shape: fn(Over) -> Generator| integers(&shape(range(1, 20_000)), 4);
    let object = Generator::Json(vec![
        ("at".into(), Generator::Timestamp { from_us: 0, to_us: 1_767_225_600_000_000 }),
        ("id".into(), Generator::Uuid4),
        ("size".into(), Generator::Null { rate: 0.2, of: Box::new(Generator::Uniform(between(1.0, 9.0))) }),
    ]);
    let found = [
        format!("name {:x}", name_hash("users")),
        format!("operation {}", bits(Stream::operation(42, 3, Phase::Measure, 7, 1_000), "id")),
        format!("row {}", bits(Stream::row(1, name_hash("users"), 17), "name")),
        format!("order {order:?}"),
        format!("uniform {:?}", numbers(Generator::Uniform)),
        format!("zipf {:?}", numbers(|over| Generator::Zipf { over, exponent: 0.8, scramble: true })),
        format!("hotspot {:?}", numbers(|over| Generator::Hotspot { over, hot_fraction: 0.1, hot_weight: 0.9 })),
        format!("normal {:?}", numbers(|over| Generator::Normal { over, mean: 9e3, deviation: 2e3 })),
        format!("exponential {:?}", numbers(|over| Generator::Exponential { over, mean: 3e3 })),
        format!("distinct {:?}", numbers(|over| same_as("q", Generator::Uniform(over), true))),
        format!("text {:?}", texts(&Generator::Text { min: 4, max: 12 }, 3)),
        format!("json {}", texts(&object, 2).concat()),
    ];
    let expected = [
        "name fb77df25f066c2e5",
        "operation 5867517467132996",
        "row 7389492356539877",
        "order [6, 1, 4, 3, 7, 0, 2, 5]",
        "uniform [3439, 15527, 7624, 11695]",
        "zipf [12839, 18257, 9733, 15495]",
        "hotspot [1890, 646, 1990, 790]",
        "normal [7091, 10407, 8547, 9534]",
        "exponential [566, 4480, 1438, 2632]",
        "distinct [3439, 15527, 7624, 11695]",
        r#"text ["8azps", "lwcgxbr74c", "93l7mzf"]"#,
        r#"json {"at":"1990-02-14T16:23:15.549269Z","id":"aae652b5-9c96-4543-985b-4575a2c4451d","size":3.38}{"at":"1970-09-10T17:16:53.575681Z","id":"6443d8a2-d7bb-4482-9ae8-a405ef9b708c","size":null}"#,
    ];
    assert_eq!(found.join("\n"), expected.join("\n"));
}

#[test]
fn a_shuffle_gives_every_order_alike() {
    let mut counts = std::collections::BTreeMap::new();
    for round in 0..24_000 {
        let mut order = [0, 1, 2, 3];
        Stream::purpose(9, "order", round).shuffle(&mut order);
        *counts.entry(order).or_insert(0_i32) += 1;
    }
    assert_eq!(counts.len(), 24);
    assert!(counts.values().all(|count| (count - 1_000).abs() < 150), "{counts:?}");
}

#[test]
fn a_column_gives_values_that_its_rows_have() {
    // orders.user_id takes users.id, which takes a number of its own: the chain is derived again from the rows alone.
    let users = Generator::Uniform(range(1, 1_000_000_000));
    let cell = |table: &str, row, generator: &Generator| {
        let draw = Draw::cell(3, name_hash(table), row, name_hash("id"));
        match Sampler::new(generator).unwrap().draw(&draw, &mut Scratch::default()) {
            Value::Integer(number) => number,
            other => panic!("{other:?}"),
        }
    };
    let orders = Generator::Zipf { over: column("users", 50, users.clone()), exponent: 0.5, scramble: true };
    let of_users: Vec<i64> = (1..=50).map(|row| cell("users", row, &users)).collect();
    let of_orders: Vec<i64> = (1..=80).map(|row| cell("orders", row, &orders)).collect();
    assert!(of_orders.iter().all(|value| of_users.contains(value)));
    let params = integers(&Generator::Uniform(column("orders", 80, orders)), 5_000);
    assert!(params.iter().all(|value| of_orders.contains(value)));
    assert!(of_orders.iter().all(|value| params.contains(value)));
}

#[test]
fn uuids_have_version_variant_and_time() {
    let sampler = Sampler::new(&Generator::Uuid7).unwrap();
    let mut scratch = Scratch::default();
    let mut uuid = |draw: Draw| match sampler.draw(&draw, &mut scratch) {
        Value::Uuid(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    let rows: Vec<[u8; 16]> = (1..1_000).map(|row| uuid(Draw::cell(1, 2, row, 3))).collect();
    assert!(rows.is_sorted() && rows.iter().all(|bytes| bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2));
    let ms = |bytes: [u8; 16]| bytes[..6].iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte));
    assert_eq!(ms(rows[0]), 1_767_225_600_001);
    assert_eq!(ms(uuid(Draw::param(Stream::purpose(1, "", 1), 0, 0, 1_999_999))), 1_999);
    let random = Sampler::new(&Generator::Uuid4).unwrap();
    let read = |value: Value<'_>| matches!(value, Value::Uuid(bytes) if bytes[6] >> 4 == 4 && bytes[8] >> 6 == 2);
    assert!((0..100).all(|count| with_value(&random, count, read)));
}

#[test]
fn json_is_what_serde_json_reads_back() {
    let members = vec![
        ("quo\"ted".to_owned(), choice(&[("a \"b\"\n\u{1}é", 1.0)])),
        ("inner".to_owned(), Generator::Json(vec![("t".into(), Generator::Text { min: 5, max: 5 })])),
        ("n".to_owned(), Generator::Uniform(range(1, 9))),
        ("none".to_owned(), Generator::Null { rate: 1.0, of: Box::new(Generator::Uuid4) }),
    ];
    for text in texts(&Generator::Json(members), 50) {
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["quo\"ted"], "a \"b\"\n\u{1}é");
        assert_eq!(read["inner"]["t"].as_str().unwrap().len(), 5);
        assert!((1..=9).contains(&read["n"].as_i64().unwrap()) && read["none"].is_null());
    }
}

#[test]
fn generators_that_cannot_be_drawn_from_are_refused() {
    let uniform = || Box::new(Generator::Uniform(range(1, 2)));
    for (generator, part) in [
        (Generator::Uniform(range(2, 1)), "[2, 1]"),
        (Generator::Uniform(between(1.0, f64::INFINITY)), "smallest to its largest"),
        (Generator::Uniform(column("users", 0, Generator::RowNumber)), "`users` has no rows"),
        (Generator::Zipf { over: between(0.0, 1.0), exponent: 1.0, scramble: false }, "reals have no ranks"),
        (Generator::Zipf { over: range(1, 2), exponent: -1.0, scramble: false }, "≥ 0, got -1"),
        (Generator::Hotspot { over: range(1, 2), hot_fraction: 1.0, hot_weight: 0.5 }, "`hot_fraction`"),
        (Generator::Normal { over: range(1, 10), mean: 500.0, deviation: 3.0 }, "lies in the range"),
        (Generator::Exponential { over: range(1, 10), mean: 0.0 }, "`mean` must be above 0, got 0"),
        (choice(&[("a", 0.0)]), "positive sum"),
        (choice(&[("a", 1.0), ("b", -1.0)]), "got -1"),
        (Generator::Text { min: 3, max: 2 }, "[3, 2]"),
        (Generator::Null { rate: 1.5, of: uniform() }, "got 1.5"),
    ] {
        let message = Sampler::new(&generator).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

fn generators() -> impl Strategy<Value = Generator> {
    let bounds = (any::<i64>(), any::<i64>()).prop_map(|(a, b)| range(a.min(b), a.max(b)));
    let reals = (-1e9..1e9, 0.0..1e9).prop_map(|(low, length)| between(low, low + length));
    let over = prop_oneof![bounds.clone(), reals, (1_u64..40).prop_map(|rows| column("t", rows, Generator::RowNumber))];
    let leaf = prop_oneof![
        over.clone().prop_map(Generator::Uniform),
        (bounds, 0.0..4.0, any::<bool>()).prop_map(|(over, exponent, scramble)| Generator::Zipf {
            over,
            exponent,
            scramble
        }),
        (over.clone(), 0.01..0.99, 0.0..=1.0).prop_map(|(over, hot_fraction, hot_weight)| Generator::Hotspot {
            over,
            hot_fraction,
            hot_weight
        }),
        (over, 1e-3..1e12).prop_map(|(over, mean)| Generator::Exponential { over, mean }),
        (0_u32..5, 0_u32..20).prop_map(|(min, more)| Generator::Text { min, max: min + more }),
        Just(choice(&[("a", 1.0), ("b", 2.0)])),
        Just(Generator::RowNumber),
        Just(Generator::Uuid7),
        Just(Generator::Constant(Literal::Bool(true))),
        (1_i64..50, 1_i64..9).prop_map(|(rows, version)| Generator::Expr(Expr::Binary(
            '-',
            Box::new(Expr::Binary('%', Box::new(Expr::Row), Box::new(Expr::Value(rows)))),
            Box::new(Expr::Binary('*', Box::new(Expr::Row), Box::new(Expr::Value(version)))),
        ))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            (0.0..=1.0, inner.clone()).prop_map(|(rate, of)| Generator::Null { rate, of: Box::new(of) }),
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|values| Generator::Json(values.into_iter().map(|value| ("k".to_owned(), value)).collect())),
            inner.prop_map(|of| same_as("other", of, false)),
        ]
    })
}

fn lies_in(domain: &Domain, value: Value<'_>) -> bool {
    match (domain, value) {
        (Domain::Null, Value::Null)
        | (Domain::Bool, Value::Bool(_))
        | (Domain::Uuid, Value::Uuid(_))
        | (Domain::Timestamp, Value::TimestampUs(_)) => true,
        (Domain::Integers { low, high }, Value::Integer(number)) => (*low..=*high).contains(&number),
        (Domain::Reals { low, high }, Value::Real { value, .. }) => (*low..=*high).contains(&value),
        (Domain::Texts(texts), Value::Text(text)) => texts.iter().any(|known| known == text),
        (Domain::Text { max }, Value::Text(text)) => text.len() <= *max as usize,
        (Domain::Json, Value::Text(text)) => serde_json::from_str::<serde_json::Value>(text).is_ok(),
        _ => false,
    }
}

proptest! {
    #[test]
    fn nothing_is_drawn_outside_of_the_domains(generator in generators(), seed in any::<u64>()) {
        let rows = 60;
        let domains = generator.domains(rows).unwrap();
        let sampler = Sampler::new(&generator).unwrap();
        let mut scratch = Scratch::default();
        for row in 1..=rows {
            let value = sampler.draw(&Draw::cell(seed, 1, row, 2), &mut scratch);
            prop_assert!(domains.iter().any(|domain| lies_in(domain, value)), "{:?} in {:?}", value, domains);
        }
    }

    #[test]
    fn fractions_are_below_one(seed in any::<u64>()) {
        let drawn = fraction(&mut Stream::purpose(seed, "p", 1).random(0, 0));
        prop_assert!((0.0..1.0).contains(&drawn));
    }
}

#[test]
fn an_expr_that_may_fail_is_refused_before_it_runs() {
    let binary = |operator, left, right| Expr::Binary(operator, Box::new(left), Box::new(right));
    let domains = |expr| Generator::Expr(expr).domains(100);
    let divided = binary('/', Expr::Value(1), binary('-', Expr::Row, Expr::Value(50)));
    assert!(
        domains(divided).unwrap_err().to_string().contains("for rows 1 to 100, the divisor lies between -49 and 50")
    );
    let large = binary('*', Expr::Row, Expr::Value(i64::MAX));
    assert!(domains(large).unwrap_err().to_string().contains("64 bits"));
    let cycle = binary('%', binary('-', Expr::Row, Expr::Value(1)), Expr::Value(16));
    assert_eq!(domains(cycle).unwrap(), [Domain::Integers { low: 0, high: 15 }]);
}

#[test]
fn measured_skew_is_that_of_the_law() {
    let of = |generator: &Generator| skew(&Sampler::new(generator).unwrap(), 100_000, 1);
    let zipf = of(&Generator::Zipf { over: range(1, 1_000), exponent: 1.0, scramble: true }).unwrap();
    let sum = |n: i32| (1..=n).map(|k| 1.0 / f64::from(k)).sum::<f64>();
    assert!((zipf.top_key_share - 1.0 / sum(1_000)).abs() < 0.005, "{zipf:?}");
    assert!((zipf.top_1_percent_share - sum(10) / sum(1_000)).abs() < 0.01, "{zipf:?}");
    // Few draws per value: the most frequent ones are so by chance, which must not show as skew.
    let uniform = of(&Generator::Uniform(range(1, 50_000))).unwrap();
    assert!((uniform.top_1_percent_share - 0.01).abs() < 0.003, "{uniform:?}");
    assert_eq!(of(&Generator::Uuid4), None);
}
