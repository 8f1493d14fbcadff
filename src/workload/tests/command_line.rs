//! Values from outside of the file.

use std::time::Duration;

use super::{SMALL, compile_set, rendered};
use crate::workload::plan::{LoadPlan, Plan, SourceText};
use crate::workload::{Overrides, compile_text};

fn ok(set: &[(&str, &str, &str)]) -> Plan {
    match compile_set(SMALL, set) {
        Ok(plan) => plan,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

#[test]
fn options_override_the_file_and_bare_words_are_texts() {
    let plan = ok(&[
        ("topology.link.rtt", "2ms", "--set"),
        ("load", "{ clients = 4, think = \"1ms\" }", "--set"),
        ("run.rounds", "3", "--rounds"),
        ("constants.limit", "50", "--set"),
        ("variants.many.title", "Many", "--set"),
        ("mix.one", "1", "--set"),
    ]);
    assert_eq!(plan.run.rounds, 3);
    assert_eq!(plan.variants[0].link.rtt.as_millis(), 2);
    assert_eq!(plan.variants[0].load, LoadPlan::Closed { clients: 4, think: Duration::from_millis(1) });
    assert_eq!(plan.variants[1].title.as_deref(), Some("Many"));
    assert_eq!(plan.variants[1].operations[0].name, "one");
    assert_eq!(plan.origins.get("run.rounds").map(String::as_str), Some("--rounds"));
    assert_eq!(plan.resolved["run"]["rounds"], 3);
}

#[test]
fn variables_only_fill_in_what_is_left_out() {
    let variables = [("run.rounds", "5", "DBBENCH_ROUNDS"), ("run.measure", "1s", "DBBENCH_MEASURE")];
    let plan = ok(&variables);
    assert_eq!((plan.run.rounds, plan.variants[0].measure.as_secs()), (5, 1));
    let with_option = ok(&[variables[0], ("run.rounds", "2", "--rounds"), variables[1]]);
    assert_eq!(with_option.run.rounds, 2);
    let file = compile_set(&format!("{SMALL}[run]\nrounds = 9\n"), &variables).expect("right");
    assert_eq!((file.run.rounds, file.origins.contains_key("run.rounds")), (9, false));
}

#[test]
fn wrong_options_show_the_command_line() {
    let cases: &[&[(&str, &str, &str)]] = &[
        &[("load.clinets", "4", "--set")],
        &[("constants.limti", "4", "--set")],
        &[("load.clients", "0", "--set")],
        &[("load.clients", "[1", "--set")],
        &[("load..clients", "4", "--set")],
        &[("name.x", "4", "--set")],
        &[("load.rate", "fast", "--set")],
        &[("run.rounds", "3", "--set"), ("run.rounds", "4", "--rounds")],
        &[("run.rounds", "three", "--rounds")],
        &[("run.rounds", "0", "DBBENCH_ROUNDS")],
    ];
    let messages = cases.iter().map(|set| rendered(compile_set(SMALL, set))).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("command_line", messages);
}

#[test]
fn an_option_and_a_variant_that_set_the_same_key_are_both_named() {
    let text = SMALL.replace("many = {}", "many = { load.clients = 3, params.org = 7, mix = { many = 1 } }");
    let shown = |key: &str, value: &str| rendered(compile_set(&text, &[(key, value, "--set")]));
    let message = shown("load.clients", "4");
    insta::assert_snapshot!("command_line_conflict", message);
    for (key, value) in [("load", "{ clients = 1 }"), ("params.org.uniform", "[1, 2]"), ("mix", "{ one = 1 }")] {
        assert!(shown(key, value).contains("by the variant `many`"), "{key}");
    }
    for (key, value) in [("load.think", "1ms"), ("load", "{ think = \"1ms\" }"), ("variants.many.load.clients", "4")] {
        assert_eq!(shown(key, value), "no problem", "{key}");
    }
}

#[test]
fn a_length_does_not_take_the_rate_away_with_the_stages() {
    let text = format!("{SMALL}[load]\narrivals = \"constant\"\nstages = [{{ for = \"1s\", rate = 5 }}]\n");
    let measure = ("run.measure", "4s", "--measure");
    insta::assert_snapshot!("measure_and_stages", rendered(compile_set(&text, &[measure])));
    // The rate comes beside it, before or after; clients need none.
    let rate = ("load.rate", "9", "--set");
    for set in [[measure, rate], [rate, measure]] {
        let plan = compile_set(&text, &set).expect("an open loop");
        let open = |load: &LoadPlan| matches!(load, LoadPlan::Open { rate, .. } if rate.arrivals(Duration::from_secs(1)) == 9.0);
        assert!(open(&plan.variants[0].load) && plan.variants[0].measure.as_secs() == 4, "{:?}", plan.variants[0].load);
    }
    let of_variant = text.replace("[load]\narrivals = \"constant\"\n", "[variants.one.load]\n");
    let message = rendered(compile_set(&of_variant.replace("one = {}\n", ""), &[measure]));
    assert!(
        message.contains("take `load.stages` out of the variant") && !message.contains("variants.one.run"),
        "{message}"
    );
}

#[test]
fn only_keeps_the_baseline_and_drops_claims_about_the_rest() {
    let text = format!(
        "{SMALL}third = {{ mix = {{ one = 1 }} }}\n[compare]\nbaseline = \"many\"\n[[claim]]\nclaim = \"c\"\nvariant = \"one\"\nmetric = \"goodput\"\nratio = {{ at_least = 1 }}\n[[claim]]\nclaim = \"d\"\nvariant = \"third\"\nmetric = \"goodput\"\nratio = {{ at_least = 1 }}\n"
    );
    let only = |names: &[&str]| {
        let only = names.iter().map(|name| (*name).to_owned()).collect();
        compile_text(SourceText::new("w.toml", text.as_str()), &Overrides { only, ..Overrides::default() })
    };
    let plan = only(&["third"]).expect("right");
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["many", "third"]);
    assert_eq!(
        (plan.compare.baseline, plan.claims.len(), plan.claims[0].variant, plan.claims[0].against),
        (0, 1, 1, 0)
    );
    assert_eq!(plan.warnings.len(), 1);
    let message = rendered(only(&["thrid"]));
    assert!(message.contains("there is no variant `thrid`") && message.contains("did you mean `third`?"), "{message}");
}
