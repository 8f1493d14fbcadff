//! `dbbench ab`: two sides measured in turns, on the null target, on servers of its own and on somebody's.

use std::fs;

use serde_json::Value;

use crate::server::Server;
use crate::support::{Outcome, Place, measured, tiny};
use crate::tls_server::{ENCODED, PASSWORD, TlsServer, assert_no_password_below};

/// `dbbench ab w.toml --out out ARGUMENTS`, in short slices.
fn ab(place: &Place, arguments: &[&str]) -> Outcome {
    let fixed =
        ["ab", "w.toml", "--out", "out", "--rounds", "4", "--measure", "150ms", "--warmup", "20ms", "--no-progress"];
    place.run(&[&fixed[..], arguments].concat())
}

fn tiny_place() -> Place {
    let place = Place::new();
    place.workload(&tiny(&[]));
    place
}

/// The comparison of a variant with itself, in the median response.
fn between<'a>(summary: &'a Value, variant: &str) -> &'a Value {
    let all = summary["comparisons"].as_array().unwrap();
    let wanted = |c: &&Value| c["variant"] == format!("{variant}@b") && c["metric"] == "response_us.p50";
    all.iter().find(wanted).expect("a comparison")
}

/// The variants in the order in which they were measured.
fn order(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["variant"].as_str().unwrap().to_owned();
    text.lines().map(name).collect()
}

#[test]
fn a_slower_side_b_is_a_regression_and_a_faster_one_none() {
    let place = tiny_place();
    // Four times as long, which no machine of tests hides.
    let slower = ["--a-target", "null:?service=1ms", "--b-target", "null:?service=4ms", "--fail-above", "50%"];
    let outcome = ab(&place, &slower).ends_with(measured(3));
    outcome.says(&[
        "of a's median response time",
        "a: target = null:?service=1ms; b: target",
        "error: regression: response p50 of one on side b is worse: ",
        "× of side a, beyond 50 %",
    ]);
    let summary = place.json("out/summary.json");
    let names: Vec<&str> =
        summary["variants"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one@a", "one@b", "two@a", "two@b"]);
    assert_eq!((&summary["variants"][1]["side"], &summary["variants"][1]["against"]), (&"b".into(), &"one@a".into()));
    let one = between(&summary, "one");
    assert_eq!(
        (&one["baseline"], &one["verdict"], &one["regression"]),
        (&"one@a".into(), &"higher".into(), &true.into())
    );
    assert!((2.0..6.0).contains(&one["ratio"].as_f64().unwrap()), "{one}");
    let sides = &summary["sides"];
    assert_eq!((&sides["overall"]["verdict"], &sides["fail_above"]), (&"higher".into(), &0.5.into()));
    assert_eq!(sides["differ"][0]["what"], "target");
    assert!(summary["comparisons"].as_array().unwrap().iter().all(|c| c["baseline"].as_str().unwrap().ends_with("@a")));
    for pair in order(&place).chunks(2) {
        assert_eq!(
            pair[0].split('@').next(),
            pair[1].split('@').next(),
            "the sides of a variant are measured together"
        );
        assert_ne!(pair[0], pair[1]);
    }
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    let (sides_at, figures_at) = (page.find("Side b against side a").unwrap(), page.find("id=\"figures\"").unwrap());
    assert!(sides_at < figures_at && page.contains("regressions beyond 50 % of any metric"));
    // Rebuilt, it says and ends the same.
    place.run(&["report", "out"]).ends_with(measured(3)).says(&["error: regression: "]);
    assert_eq!(place.json("out/summary.json"), summary);
    // What is measured in one run can be compared as any two variants of one.
    let compared = place.run(&["compare", "out::one@a", "out::one@b", "--metric", "response.p50", "--format", "json"]);
    let compared: Value = serde_json::from_str(&compared.ends_with(measured(0)).stdout).unwrap();
    assert_eq!(compared["comparisons"][0]["interval_over"], "same_rounds");
    assert_eq!(compared["comparisons"][0]["verdict"], "higher");

    let place = tiny_place();
    let faster =
        ["--a-target", "null:?service=4ms", "--b-target", "null:?service=1ms", "--fail-above", "50%", "--only", "two"];
    ab(&place, &faster).ends_with(measured(0)).never_says(&["regression"]);
    let summary = place.json("out/summary.json");
    assert_eq!(between(&summary, "two")["better"], true);
    assert_eq!(summary["variants"].as_array().unwrap().len(), 2, "the baseline is no baseline here");
}

#[test]
fn equal_sides_are_measured_with_a_note_and_a_gate_looks_at_what_it_is_told() {
    let place = tiny_place();
    let outcome = ab(&place, &["--target", "null:?service=2ms", "--a", "load.clients=2", "--fail-above", "60%"]);
    outcome.ends_with(measured(0)).says(&["nothing tells the sides apart", "how much two sides differ by chance"]);
    let summary = place.json("out/summary.json");
    assert_eq!((&summary["sides"]["differ"], &summary["sides"]["one_server"]), (&Value::Array(vec![]), &true.into()));

    // Twice the clients do twice the work in the same time: more goodput is no regression, whatever the times do.
    let place = tiny_place();
    let gate = ["--metric", "goodput", "--fail-above", "20%", "--b", "load.clients=4", "--format", "json"];
    let outcome = ab(&place, &[&["--target", "null:?service=4ms"], &gate[..]].concat()).ends_with(measured(0));
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(summary["sides"]["metrics"][0], "goodput");
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("one@b ran with 4 clients, one@a with 2: their loads differ too"), "{warnings}");
    let narrow = ["--until", "50%", "--max-rounds", "20", "--target", "null:?service=2ms", "--b", "load.clients=3"];
    let short = ["ab", "w.toml", "--out", "until", "--measure", "150ms", "--warmup", "20ms"];
    place
        .run(&[&short[..], &narrow].concat())
        .ends_with(measured(0))
        .says(&["round 5, interval ± ", "goal reached after"]);
}

#[test]
fn what_is_wrong_with_the_sides_is_said_before_anything_starts() {
    let place = tiny_place();
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["nothing is said about the sides", "--b topology.link.rtt=2ms"]),
        (&["--a", "load.clients"], &["`--a` takes KEY=VALUE, got `load.clients`"]),
        (&["--a", "load.client=3"], &["unknown key `client`", "--a load.client=3", "did you mean `clients`?"]),
        (&["--b", "load.clients=zero"], &["takes a number, got the text \"zero\"", "--b load.clients=zero"]),
        (&["--a", "run.rounds=3"], &["both sides are measured in the same way", "--rounds"]),
        (&["--b", "variants.one.load.clients=3"], &["`variants` holds for both sides alike"]),
        (&["--b", "load.clients=3", "--b", "load.clients=4"], &["set twice by --b"]),
        (&["--set", "load.clients=3", "--b", "load.clients=4"], &["for both sides by --set", "--a load.clients=… --b"]),
        (&["--b", "load.clients=4", "--only", "tow"], &["there is no variant `tow`", "`two`"]),
        (&["--b", "load.clients=4", "--fail-above", "much"], &["`--fail-above` takes a share", "got `much`"]),
        (&["--b", "load.clients=4", "--metric", "goodput"], &["give that too"]),
        (&["--b", "load.clients=4", "--metric", "speed", "--strict"], &["there is no metric `speed`"]),
        (
            &["--b", "load.clients=4", "--metric", "statements", "--fail-above", "5%"],
            &["neither more nor less is worse"],
        ),
        (&["--a-target", "null:", "--b-target", "host=127.0.0.1 port=1"], &["one side is the null target"]),
        (
            &["--target", "null:", "--b", "topology.link.rtt=1ms"],
            &["no effect on the target of side b", "neither server nor link"],
        ),
        (
            &["--target", "host=h", "--b", "topology.settings.work_mem=1MB"],
            &["no effect on the target of side b", "`options`"],
        ),
        (&["--a-target", "host=h", "--a-pg-bindir", "/usr"], &["side a has a target that already runs"]),
        (&["--a", "postgresql://u:Zj7secret@h/db"], &["the server of side a is named by --a-target"]),
        (&["--a", "postgresql://u:Zj7secret@h/db?x=1"], &["the server of side a is named by --a-target"]),
        (&["postgresql://u:Zj7secret@h/db"], &["unexpected argument"]),
        (&["--b", "topology.external.primary=postgres://u:Zj7secret@h/db"], &["a password does not belong"]),
    ];
    for (arguments, texts) in cases {
        let outcome = ab(&place, arguments).ends_with(2);
        outcome.says(texts).never_says(&["Zj7"]);
        assert!(!place.path("out").exists(), "{arguments:?} left a folder");
    }
    // The other server is tried too, and the side that fails is named.
    let outcome = ab(&place, &["--a", "load.clients=1", "--b-target", "host=127.0.0.1 port=1"]);
    outcome.ends_with(1).says(&["side b: cannot connect", "nothing listens there"]);
    place.assert_nothing_left();
    place.run(&["ab", "--help"]).ends_with(0).stdout.find("Examples:").expect("examples");
}

#[test]
fn a_link_needs_one_server_and_settings_need_two() {
    let place = tiny_place();
    // The delay is several times of all else.
    let link = ["--a", "topology.link.rtt=1ms", "--b", "topology.link.rtt=8ms", "--only", "one", "--fail-above", "20%"];
    ab(&place, &link).ends_with(measured(3)).says(&["All variants gave the same answers to 20 draws."]);
    let summary = place.json("out/summary.json");
    assert_eq!((&summary["sides"]["one_server"], &summary["same_answer"]["equal"]), (&true.into(), &true.into()));
    assert!(between(&summary, "one")["ratio"].as_f64().unwrap() > 2.0, "{summary}");
    assert_eq!(place.json("out/run.json")["endpoints"].as_array().unwrap().len(), 1);
    place.assert_nothing_left();

    fs::remove_dir_all(place.path("out")).unwrap();
    ab(&place, &["--b", "topology.settings.work_mem=64MB"]).ends_with(measured(0));
    let run = place.json("out/run.json");
    let named: Vec<(&str, Option<&str>)> = run["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["name"].as_str().unwrap(), of["settings"]["work_mem"].as_str()))
        .collect();
    assert_eq!(named, [("primary@a", None), ("primary@b", Some("64MB"))]);
    assert_eq!(run["sides"]["differ"][0]["what"], "topology.settings.work_mem");
    let slices = fs::read_to_string(place.path("out/slices.jsonl")).unwrap();
    let idle = |line: &str| serde_json::from_str::<Value>(line).unwrap()["other_server_cpu"].as_f64();
    assert!(slices.lines().all(|line| idle(line).is_some_and(|share| (0.0..1.0).contains(&share))), "{slices}");
    place.assert_nothing_left();
}

#[test]
fn sides_answer_the_same_unless_their_data_are_meant_to_differ() {
    let place = tiny_place();
    // What comes after the load is for indexes; this one changes what is answered.
    let changed = "dataset.after_load=UPDATE users SET id = id + 1000";
    let outcome = ab(&place, &["--b", changed, "--only", "one"]).ends_with(4);
    outcome.says(&["one@a", "one@b"]);
    assert!(!place.path("out/slices.jsonl").exists() || order(&place).is_empty(), "nothing was timed");
    place.assert_nothing_left();

    fs::remove_dir_all(place.path("out")).unwrap();
    let outcome = ab(&place, &["--b", "dataset.tables.users.rows=100"]).ends_with(measured(0));
    outcome.says(&["answers are not compared between them", "All variants of each side gave the same answers"]);
    let run = place.json("out/run.json");
    assert_eq!((&run["sides"]["rows"]["a"]["users"], &run["sides"]["rows"]["b"]["users"]), (&200.into(), &100.into()));
    assert_eq!(place.json("out/summary.json")["same_answer"]["within_sides"], true);
}

#[test]
fn two_ways_into_somebody_s_server_leave_it_as_it_was_and_no_password_anywhere() {
    let (shop, place) = (TlsServer::start(), tiny_place());
    let _: &Server = &shop.server;
    let (before, databases) = (shop.dump("shop"), shop.databases());
    let login = format!("maker:{ENCODED}@");
    let a = shop.url("maker", "shop", &shop.verified()).replace("maker@", &login);
    let b = shop.url("maker", "shop", &format!("{}&connect_timeout=9", shop.verified())).replace("maker@", &login);
    let outcome = ab(&place, &["--a-target", &a, "--b-target", &b]).ends_with(measured(0));
    outcome.never_says(&[PASSWORD, ENCODED, "Zj7"]);
    let summary = place.json("out/summary.json");
    assert_eq!((&summary["sides"]["one_server"], &summary["same_answer"]["equal"]), (&false.into(), &true.into()));
    assert_no_password_below(&place.path("out"));
    assert_eq!((shop.dump("shop"), shop.databases()), (before, databases), "both databases are gone");
    // Where the second cannot be reached, what was made for the first is taken away.
    fs::remove_dir_all(place.path("out")).unwrap();
    let gone = format!("postgresql://{login}localhost:1/shop?hostaddr=127.0.0.1");
    ab(&place, &["--a-target", &a, "--b-target", &gone]).ends_with(1).says(&["side b: "]).never_says(&["Zj7"]);
    assert!(!shop.databases().contains("dbbench_"), "{}", shop.databases());
}
