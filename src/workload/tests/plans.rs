//! Right files and the plans that they become.

use std::time::Duration;

use super::{SMALL, compile, compile_set, rendered};
use crate::param::{Expr, Generator, Literal, Over};
use crate::words::Metric;
use crate::workload::plan::{
    Action, Arg, ArrivalsPlan, Bound, JsonStep, Limit, LoadPlan, Plan, RatePlan, estimate, share_round_trips,
};

const N_PLUS_ONE: &str = include_str!("../../../workloads/n-plus-one.toml");

fn ok(text: &str) -> Plan {
    match compile(text) {
        Ok(plan) => plan,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

#[test]
fn n_plus_one_becomes_the_plan_that_its_author_means() {
    let plan = ok(N_PLUS_ONE);
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["n_plus_one", "join", "batch", "json"]);
    assert_eq!((plan.run.rounds, plan.run.seed, plan.compare.baseline), (7, 1, 0));
    assert!(plan.compare.same_answer && plan.compare.answer_draws == 20 && plan.warnings.is_empty());

    let first = &plan.variants[0];
    assert_eq!(first.load, LoadPlan::Closed { clients: 8, think: Duration::ZERO });
    assert_eq!((first.link.rtt, first.link.in_path), (Duration::from_micros(500), false));
    assert_eq!((first.drain, first.weights.as_slice()), (Duration::from_secs(10), [1.0].as_slice()));
    assert_eq!(first.params.len(), 1);
    assert_eq!(first.params[0].generator, Generator::Uniform(Over::Integers { low: 1, high: 200 }));
    let operation = &first.operations[0];
    assert_eq!(operation.sets[0].columns, ["id"]);
    assert_eq!(
        (operation.sets[1].columns.as_slice(), operation.sets[1].visiting),
        (["id".into(), "total".into()].as_slice(), Some(0))
    );
    let Action::Statement(second) = &operation.steps[1].action else { panic!("not a statement") };
    assert_eq!((second.binds, operation.steps[1].for_each), (Some(1), Some(0)));
    assert_eq!(first.statements[1].text.sql, "SELECT id, total FROM orders WHERE user_id = $1");
    assert_eq!(first.statements[1].args, [Arg::Visited { set: 0, column: 0 }]);
    assert_eq!(plan.variants[2].statements[1].args, [Arg::Whole { set: 0, column: 0 }]);
    let json = plan.variants[3].operations[0].answer.as_ref().expect("an answer");
    assert_eq!(json.paths[1].json, [JsonStep::Each, JsonStep::Key("id".into())]);
    assert_eq!((json.paths[1].set, json.paths[1].column, json.paths[2].column), (0, 1, 1));

    let dataset = plan.dataset.as_ref().expect("a dataset");
    assert_eq!((dataset.schema.len(), dataset.after_load.len(), dataset.tables[1].rows), (2, 2, 200_000));
    let Generator::Zipf { over: Over::Column(source), exponent, scramble } = &dataset.tables[1].columns[1].generator
    else {
        panic!("not a zipf over a column")
    };
    assert_eq!((source.table.as_str(), source.rows, *exponent, *scramble), ("users", 20_000, 0.8, true));
    assert_eq!(source.generator, Generator::RowNumber);
    assert_eq!(
        dataset.tables[1].columns[2].generator,
        Generator::Uniform(Over::Reals { low: 1.0, high: 500.0, decimals: 2 })
    );

    assert_eq!((plan.claims[1].variant, plan.claims[1].against), (1, 0));
    assert_eq!(plan.claims[1].bound, Bound::Ratio(Limit::AtMost(0.33)));
    assert_eq!(
        (plan.claims[0].bound, &plan.claims[0].metric),
        (Bound::Value(Limit::Equals(21.0)), &Metric::Statements)
    );
    assert_eq!((plan.claims[3].variant, plan.claims[3].against), (3, 1));
    assert!(estimate(&plan) < Duration::from_secs(60), "{:?}", estimate(&plan));
}

#[test]
fn the_servers_error_position_leads_back_to_the_file() {
    let plan = ok(N_PLUS_ONE);
    for (variant, statement, sent, written) in [
        (0, 0, "$1", ":org"),
        (1, 0, "JOIN", "JOIN orders o ON"),
        (2, 1, "$1", ":u.id[]"),
        (3, 0, "LATERAL", "LATERAL ("),
    ] {
        let text = &plan.variants[variant].statements[statement].text;
        let position = text.sql[..text.sql.find(sent).expect("sent")].chars().count() + 1;
        let place = text.place_at(position);
        assert!(N_PLUS_ONE[place.span.start..].starts_with(written), "{sent} at {place}");
    }
    let orders = &plan.dataset.as_ref().expect("a dataset").schema[1];
    let place = orders.place_at(1);
    assert!(N_PLUS_ONE[place.span.start..].starts_with("CREATE TABLE orders"));
}

#[test]
fn the_same_name_is_the_same_argument_within_a_statement() {
    let plan = ok(&SMALL
        .replace("WHERE id = :user\"", "WHERE id = :user OR org = :org::int OR id = :user + :limit -- :no, ':no'\""));
    let statement = &plan.variants[0].statements[0];
    assert_eq!(statement.text.sql, "SELECT id FROM users WHERE id = $1 OR org = $2::int OR id = $1 + $3 -- :no, ':no'");
    assert_eq!(
        statement.args,
        [
            Arg::Param { param: 1, column: None },
            Arg::Param { param: 0, column: None },
            Arg::Constant { name: "limit".into(), value: Literal::Integer(20) }
        ]
    );
    assert_eq!(plan.variants[0].operations[0].params, [1, 0]);
}

#[test]
fn a_variant_overlays_settings_constants_parameters_and_the_link() {
    let plan = ok(&SMALL.replace(
        "many = {}",
        "many = { title = \"T\", about = \"A\", load.clients = 3, constants.limit = 5, params.org = 7, topology.link.rtt = \"1ms\", run.workers = 1, mix = { one = 1, many = 3 } }",
    ));
    let (one, many) = (&plan.variants[0], &plan.variants[1]);
    assert_eq!((one.load.clients(), many.load.clients(), many.workers), (8, 3, Some(1)));
    assert_eq!((many.title.as_deref(), many.about.as_deref(), one.title.as_deref()), (Some("T"), Some("A"), None));
    assert_eq!(many.weights, [1.0, 3.0]);
    assert!(one.link.in_path && many.link.in_path && one.link.rtt.is_zero() && !many.link.rtt.is_zero());
    let org = many.params.iter().find(|param| param.name == "org").expect("drawn");
    assert_eq!(org.generator, Generator::Constant(Literal::Integer(7)));
    let limit = many.statements.iter().flat_map(|statement| &statement.args).find_map(|arg| match arg {
        Arg::Constant { value, .. } => Some(value.clone()),
        _ => None,
    });
    assert_eq!(limit, Some(Literal::Integer(5)));
}

#[test]
fn constants_are_numbers_durations_words_and_arithmetic() {
    let plan = ok(&SMALL
        .replace("limit = 20", "limit = 20\nscale = 3\nwait = \"2ms\"\nauth = \"md5\"")
        .replace("rows = 1_000", "rows = \"1_000 * :scale\"")
        .replace("uniform = [1, 20] }\nuser", "uniform = [1, \":scale\"] }\nuser")
        .replace("columns.org = { uniform = [1, 20] }", "columns.org = { expr = \"(:row - 1) % :scale\" }")
        .replace("[variants]", "[load]\nclients = \":scale\"\nthink = \":wait\"\n[topology]\nauth = \":auth\"\nsettings = { work_mem = \":limit\", jit = false }\n[variants]"));
    let dataset = plan.dataset.as_ref().expect("a dataset");
    assert_eq!(dataset.tables[0].rows, 3_000);
    let Generator::Expr(Expr::Binary('%', _, right)) = &dataset.tables[0].columns[1].generator else {
        panic!("no expr")
    };
    assert_eq!(**right, Expr::Value(3));
    assert_eq!(plan.variants[0].load, LoadPlan::Closed { clients: 3, think: Duration::from_millis(2) });
    assert!(plan.topology.md5);
    assert_eq!(plan.topology.settings.get("work_mem").map(String::as_str), Some("20"));
    assert_eq!(plan.topology.settings.get("jit").map(String::as_str), Some("off"));
}

fn open(clients: u32, rate: f64) -> LoadPlan {
    LoadPlan::Open { clients, arrivals: ArrivalsPlan::Poisson, rate: RatePlan::Steady(rate) }
}

#[test]
fn a_rate_is_a_number_arithmetic_or_has_its_unit() {
    for (rate, expected) in [("5000", 5000.0), ("0.5", 0.5), ("\"4_000/s\"", 4000.0), ("\"50 * :limit\"", 1000.0)] {
        let plan = ok(&format!("{SMALL}[load]\nclients = 3\nrate = {rate}\n"));
        assert_eq!(plan.variants[0].load, open(3, expected), "{rate}");
    }
}

#[test]
fn of_settings_that_exclude_each_other_the_later_layer_wins() {
    let load = |text: &str, set: &[(&str, &str, &str)]| {
        let plan = compile_set(text, set).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        (plan.variants.iter().map(|variant| variant.load.clone()).collect::<Vec<_>>(), plan.warnings)
    };
    let think = format!("{SMALL}[load]\nclients = 3\nthink = \"1ms\"\n");
    let (loads, notes) = load(&think, &[("load.rate", "5000", "--set")]);
    assert_eq!(loads, [open(3, 5000.0), open(3, 5000.0)]);
    assert_eq!(notes, ["`load.think` of the file is left out: --set sets load.rate"]);
    let (loads, _) = load(&think.replace("many = {}", "many = { load.rate = 7 }"), &[]);
    assert_eq!(loads, [LoadPlan::Closed { clients: 3, think: Duration::from_millis(1) }, open(3, 7.0)]);
    let rate = format!("{SMALL}[load]\nrate = 9\narrivals = \"constant\"\n");
    let (loads, _) = load(&rate.replace("many = {}", "many = { load.think = \"1ms\" }"), &[]);
    assert_eq!(loads[1], LoadPlan::Closed { clients: 8, think: Duration::from_millis(1) });

    let stages = "load.stages = [{ for = \"1s\", clients = 5, ramp = true }, { for = \"3s\", clients = 2 }]";
    let staged = think.replace("many = {}", &format!("many = {{ {stages} }}")) + "[run]\nmeasure = \"7s\"\n";
    let plan = ok(&staged);
    assert_eq!(plan.variants[1].load.clients(), 5);
    assert_eq!(plan.variants[1].load.stages().len(), 2);
    assert_eq!(plan.variants.iter().map(|variant| variant.measure.as_secs()).collect::<Vec<_>>(), [7, 4]);
    // A variable fills in what is left out; the length of stages is not.
    let of_stages = format!("{SMALL}[load]\n{}\n", &stages[5..]);
    let plan = compile_set(&of_stages, &[("run.measure", "9s", "DBBENCH_MEASURE")]).expect("right");
    assert_eq!(plan.variants[0].measure.as_secs(), 4);
    let (loads, notes) = load(&of_stages, &[("run.measure", "9s", "--measure")]);
    assert_eq!(loads[0], LoadPlan::Closed { clients: 8, think: Duration::ZERO });
    assert_eq!(notes, ["`load.stages` of the file is left out: --measure sets run.measure"]);
    let conflict =
        compile_set(&staged, &[("run.measure", "9s", "--measure")]).expect_err("both are meant").render(false);
    assert!(conflict.contains("the variant `many` sets `load.stages`: they exclude each other"), "{conflict}");
}

#[test]
fn a_number_of_operations_or_a_time_ends_a_slice_and_the_later_layer_says_which() {
    let timed = format!("{SMALL}[run]\nmeasure = \"7s\"\n");
    let plan = compile_set(&timed, &[("run.count", "1_000", "--set")]).expect("right");
    assert_eq!((plan.variants[1].count, plan.variants[1].measure), (Some(1_000), Duration::ZERO));
    assert_eq!(plan.warnings, ["`run.measure` of the file is left out: --set sets run.count"]);
    assert!(plan.resolved["run"].get("measure").is_none());
    let text = super::super::describe(&plan);
    assert!(text.contains("slice: warm-up 500ms, measurement 1,000 operations, drain at most 10s"), "{text}");
    assert!(text.contains("14 slices of 500ms and 1,000 operations"), "{text}");
    assert!(text.contains("and what its operations take after start and load"), "{text}");
    let counted = format!("{SMALL}[run]\ncount = 9\n");
    let plan = compile_set(&counted, &[("run.measure", "7s", "--measure")]).expect("right");
    assert_eq!((plan.variants[0].count, plan.variants[0].measure.as_secs()), (None, 7));
    // A variable fills in what is left out; the length of a counted slice is not.
    let plan = compile_set(&counted, &[("run.measure", "7s", "DBBENCH_MEASURE")]).expect("right");
    assert_eq!(plan.variants[0].count, Some(9));
}

#[test]
fn loads_are_described_and_stand_in_what_is_resolved_without_what_they_exclude() {
    let described = |load: &str| {
        let plan = ok(&format!("{SMALL}[load]\n{load}\n"));
        let text = super::super::describe(&plan);
        let line = text.lines().find(|line| line.trim_start().starts_with("load: ")).unwrap_or_default().to_owned();
        (line, plan.resolved["load"].clone(), plan.resolved["run"].get("measure").is_some())
    };
    let (line, resolved, has_length) = described("rate = 2_500");
    assert_eq!(line, "  load: open loop, 2500 operations/s, poisson arrivals, at most 8 at once; link: none added");
    assert_eq!(
        (resolved, has_length),
        (serde_json::json!({ "rate": 2500, "clients": 8, "arrivals": "poisson" }), true)
    );
    let (line, resolved, has_length) =
        described("stages = [{ for = \"1s\", rate = 5, ramp = true }, { for = \"2s\", rate = 0.5 }]");
    assert_eq!(
        line,
        "  load: open loop, ramp to 5 operations/s for 1s, then 0.5 operations/s for 2s, poisson arrivals, at most 8 at once; \
         link: none added"
    );
    assert_eq!((resolved.as_object().map(serde_json::Map::len), has_length), (Some(1), false));
    let (line, ..) = described("think = \"2ms\"\nstages = [{ for = \"1s\", clients = 5 }]");
    assert_eq!(line, "  load: 5 clients for 1s, think 2ms; link: none added");
}

#[test]
fn every_generator_is_read() {
    let columns = r#"columns.id = "row_number"
columns.a = "uuid4"
columns.b = "uuid7"
columns.c = true
columns.d = { constant = "x" }
columns.e = { hotspot = { over = [1, 10], hot_fraction = 0.1, hot_weight = 0.9 } }
columns.f = { normal = { over = [1, 10], mean = 5, deviation = 2.5 } }
columns.g = { exponential = { over = "users.id", mean = 50 } }
columns.h = { choice = [["a", 3], [2, 1], [true, 0.5]] }
columns.i = { text = [5, 20] }
columns.j = { json = { age = { uniform = [1, 99] }, name = { text = 3 } } }
columns.k = { null = { rate = 0.5, of = { uniform = [1, 2] } } }
columns.l = { timestamp = [2025-01-01, "2025-12-31T12:00:00Z"] }
columns.m = { same_as = "f", distinct = true }
columns.n = { uniform = "users.m" }
"#;
    let plan = ok(&SMALL.replace("columns.id = \"row_number\"\n", columns));
    let table = &plan.dataset.as_ref().expect("a dataset").tables[0];
    assert_eq!(table.columns.len(), 16);
    let of = |name: &str| &table.columns.iter().find(|column| column.name == name).expect("generated").generator;
    assert_eq!(of("l"), &Generator::Timestamp { from_us: 1_735_689_600_000_000, to_us: 1_767_182_400_000_000 });
    assert!(
        matches!(of("m"), Generator::SameAs { distinct: true, of, .. } if matches!(**of, Generator::Normal { .. }))
    );
    assert!(
        matches!(of("n"), Generator::Uniform(Over::Column(source)) if matches!(source.generator, Generator::SameAs { .. }))
    );
}

#[test]
fn hashes_follow_what_is_measured_and_nothing_else() {
    let plan = ok(SMALL);
    let commented =
        ok(&format!("# a comment\n{}", SMALL.replace("name = \"small\"", "name = \"small\"\nabout = \"x\"")));
    assert_eq!(plan.workload_hash, commented.workload_hash);
    let other = ok(&SMALL.replace("LIMIT :limit", "LIMIT 19"));
    assert_ne!(plan.workload_hash, other.workload_hash);
    assert_eq!(plan.topology_hash, other.topology_hash);
    let hash = |plan: &Plan| plan.dataset.as_ref().expect("a dataset").hash.clone();
    assert_eq!(hash(&plan), hash(&other));
    assert_ne!(
        hash(&plan),
        hash(&ok(&SMALL.replace("uniform = [1, 20] }\n[constants", "uniform = [1, 21] }\n[constants")))
    );
    assert_ne!(plan.topology_hash, ok(&format!("{SMALL}[topology]\nauth = \"md5\"\n")).topology_hash);
    assert_eq!(plan.resolved["load"]["clients"], 8);
}

#[test]
fn a_file_with_one_operation_needs_neither_mix_nor_variants() {
    let plan = ok("name = \"x\"\n[operations.a]\nsteps = [{ sql = \"SELECT 1\" }]\n");
    assert_eq!((plan.variants.len(), plan.variants[0].operations[0].name.as_str()), (1, "a"));
    assert!(!plan.compare.same_answer && plan.dataset.is_none());
}

#[test]
fn what_is_left_out_of_the_comparison_of_answers_is_said() {
    let mut text = SMALL.replace("many = {}", "many = {}\nthird = { mix = { plain = 1 } }");
    text.push_str(
        "[operations.plain]\nsteps = [{ sql = \"SELECT 1\" }]\n[operations.idle]\nsteps = [{ sql = \"SELECT 2\" }]\n",
    );
    let plan = ok(&text);
    assert!(plan.compare.same_answer);
    assert_eq!(
        plan.warnings,
        [
            "operation `idle` is in no variant's mix",
            "operation `plain` of variant `third` has no `answer`, so what it returns is not compared"
        ]
    );
    assert!(!ok(&format!("{SMALL}[compare]\nsame_answer = false\n")).compare.same_answer);
}

#[test]
fn operations_whose_job_answers_nowhere_need_no_answer() {
    let mix = "mix = { one = 1, write = 1 }";
    let text = SMALL
        .replace("one = {}\nmany = {}", &format!("one = {{ {mix} }}\nmany = {{ mix = {{ many = 1, write = 1 }} }}"))
        .replace(
            "[operations.one]",
            "[operations.write]\nsteps = [{ sql = \"SELECT 1\" }]\n[operations.one]\njob = \"read\"",
        )
        .replace("[operations.many]", "[operations.many]\njob = \"read\"");
    let plan = ok(&format!("{text}[compare]\nsame_answer = true\n"));
    assert!(plan.compare.same_answer && plan.warnings.is_empty());
}

#[test]
fn the_description_says_what_will_run() {
    let text = super::super::describe(&ok(&SMALL.replace("many = {}", "many = { mix = { one = 1, many = 3 } }")));
    insta::assert_snapshot!("described", text);
}

#[test]
fn checks_name_constants_and_may_be_taken_out_by_a_variant() {
    let text = format!(
        "{}[checks.sum]\nsql = \"SELECT count(*) FROM users WHERE id < :limit AND name <> ':no'\"\nequals = \"mix.succeeded\"\n\
         [checks.none]\nsql = \"SELECT 1 / 0\"\nequals = 0\nenabled = false\n",
        SMALL.replace(
            "many = {}",
            "many = { constants.limit = 5, checks.sum.enabled = false, checks.none.enabled = true }"
        )
    );
    let plan = ok(&text);
    let checks = |variant: usize| plan.variants[variant].checks.iter().map(|check| check.name.as_str());
    assert!(checks(0).eq(["sum"]) && checks(1).eq(["none"]));
    let check = &plan.variants[0].checks[0];
    assert_eq!(check.text.sql, "SELECT count(*) FROM users WHERE id < 20 AND name <> ':no'");
    let position = check.text.sql.find("AND").expect("sent") + 1;
    assert!(text[check.text.place_at(position).span.start..].starts_with("AND name"));
    assert!(super::super::describe(&plan).contains("  check sum: SELECT count(*) FROM users WHERE id < 20"));
    // They are looked at after slices, and so change nothing that is measured.
    assert_eq!(plan.workload_hash, ok(&SMALL.replace("many = {}", "many = { constants.limit = 5 }")).workload_hash);
}

#[test]
fn the_description_shows_what_a_variant_changes() {
    let many =
        "\n[variants.many]\nsetup = \"\"\"\nCREATE INDEX ON users (org); -- for the\n -- search\nSELECT 'a;b';\n\"\"\"";
    let plan = ok(&SMALL.replace("many = {}", many));
    let setup: Vec<&str> = plan.variants[1].setup.iter().map(|statement| statement.sql.as_str()).collect();
    assert_eq!(setup, ["CREATE INDEX ON users (org)", "-- for the\n -- search\nSELECT 'a;b'"]);
    assert!(plan.variants[0].setup.is_empty());
    let text = super::super::describe(&plan);
    let of_setup: Vec<&str> =
        text.lines().filter(|line| line.contains("setup") || line.contains("users (org)")).collect();
    assert_eq!(
        of_setup,
        [
            "  setup, on a copy of the data of its own:",
            "    CREATE INDEX ON users (org)",
            "setup: 1 of 2 variants, 0.3 s or more"
        ]
    );
    // It changes what is measured, and no dataset.
    assert_ne!(plan.workload_hash, ok(SMALL).workload_hash);
    let hash = |plan: &Plan| plan.dataset.as_ref().expect("a dataset").hash.clone();
    assert_eq!(hash(&plan), hash(&ok(SMALL)));
}

#[test]
fn committed_workloads_are_right() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let result = super::super::load(&path, &super::Overrides::default());
            assert!(result.is_ok(), "{}", rendered(result));
        }
    }
}

#[test]
fn every_session_that_a_slice_holds_is_counted_those_of_the_background_too() {
    let pair = "{ together = [{ sql = \"SELECT 1\" }, { sql = \"SELECT 2\" }, { sql = \"SELECT 3\" }] }";
    let text = |background: &str| {
        format!(
            "name = \"w\"\n[operations.a]\nsteps = [{{ sql = \"SELECT 1\" }}]\n[operations.wide]\nsteps = [{pair}]\n[mix]\n\
             a = 1\n[load]\nclients = 4\n{background}"
        )
    };
    let connections = |background: &str| ok(&text(background)).variants[0].connections();
    assert_eq!(connections(""), 4);
    assert_eq!(connections("[background.b]\noperation = \"a\"\nclients = 5\n"), 4 + 5);
    assert_eq!(connections("[background.b]\noperation = \"wide\"\nclients = 5\n"), 4 + 5 * 3);
    // They are bound together: whoever runs beside the widest has as many.
    let both = "[background.b]\noperation = \"wide\"\nclients = 5\n[background.c]\noperation = \"a\"\nevery = \"1s\"\n";
    assert_eq!(connections(both), 4 + 6 * 3);
}

#[test]
fn statements_that_do_not_wait_for_each_other_share_round_trips() {
    let shares = |step: &str| {
        let first = "{ as = \"u\", sql = \"SELECT id FROM users WHERE id = :user\" }";
        let plan = ok(&SMALL.replacen(first, &format!("{first}, {step}"), 1));
        share_round_trips(&plan.variants[0].operations[0].steps)
    };
    let two = "[{ sql = \"SELECT 1\" }, { sql = \"SELECT 2\" }]";
    let insert =
        |method: &str| format!("{{ insert = {{ table = \"users\", rows = 9, chunk = 3, method = \"{method}\" }} }}");
    assert!(shares(&format!("{{ pipeline = {two} }}")) && shares(&format!("{{ together = {two} }}")));
    assert!(shares(&format!("{{ transaction = [{{ pipeline = {two} }}] }}")), "also inside of others");
    assert!(shares(&insert("pipeline")) && shares(&insert("pipeline_autocommit")));
    assert!(!shares(&insert("chunks")) && !shares(&format!("{{ transaction = {two} }}")));
}
