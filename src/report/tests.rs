use super::fixture::{Sample, sample};
use super::terminal::{Look, render};
use super::*;
use crate::result::TimesUs;
use crate::result::interval::IntervalRow;
use crate::result::summary::{Comparison, Figures, LeftOut, NamedFigures, Round, Variant, Verdict};

const PLAIN: Look = Look { width: 80, color: false };
const HOSTILE: &str = "<script>alert(\"x\")</script>'&--><!--<svg onload=alert(1)><img src=x onerror=alert(2)>日本\u{2028}\u{202e}\u{1b}[31m";

fn page(inputs: &Inputs<'_>) -> String {
    let files = files(inputs).expect("the report is made");
    let page = files.into_iter().find(|file| file.name == "report.html").expect("a page");
    String::from_utf8(page.content).expect("UTF-8")
}

/// A run in which everything that comes from outside is hostile, and one variant has no figures.
fn hostile() -> Sample {
    let mut sample = sample().renamed("join", HOSTILE).renamed("n_plus_one", "baseline\"><img src=x>");
    let text = || HOSTILE.to_owned();
    sample.run.about = Some(text());
    sample.run.source_text = format!("{HOSTILE}\n\"\"\"\n{{{{ view.title }}}} {{% raw %}}");
    sample.run.source_path = text();
    sample.run.command = vec![text()];
    sample.run.answers_difference = Some(text());
    sample.run.variants[0].operations[0].statements = vec![format!("SELECT '{HOSTILE}'")];
    sample.run.endpoints[0].settings.insert(text(), text());
    sample.run.origins.insert(text(), text());
    sample.summary.workload = text();
    sample.summary.warnings = vec![text()];
    sample.summary.valid = false;
    sample.summary.invalid_reasons = vec![text()];
    sample.summary.claims[0].claim = text();
    sample.summary.claims[0].source = Some(text());
    sample.summary.variants[0].operations[0].name = text();
    sample.summary.variants[0].mix.failures.insert(text(), 1);
    sample.slowest[0].params.insert(text(), text().into());
    sample.slowest[0].operation = text();
    sample.slowest[0].outcome = text();
    if let Some(list) = &mut sample.plans {
        list.notes.push(text());
        list.taken = text();
        let plan = &mut list.plans[0];
        (plan.text, plan.note, plan.nodes, plan.file) = (text(), Some(text()), Some(text()), text());
        plan.node_names.push(text());
    }
    sample.summary.left_out = vec![LeftOut { variant: text(), round: 2, reason: text() }];
    let silent = sample.summary.variants[3].name.clone();
    sample.summary.variants[3] = Variant {
        name: silent.clone(),
        operations: vec![NamedFigures { name: text(), figures: Figures::default() }],
        ..Variant::default()
    };
    sample.summary.comparisons.retain(|comparison| comparison.variant != silent);
    sample.curves.retain(|curve| curve.variant != silent);
    sample.intervals.retain(|row| row.variant != silent);
    sample
}

/// A slow, partial run with too few rounds, in which the baseline never reached its percentiles.
fn poor() -> Sample {
    let mut sample = sample();
    sample.summary.partial = true;
    sample.summary.same_answer = None;
    sample.summary.claims.clear();
    sample.summary.expectations.clear();
    for comparison in &mut sample.summary.comparisons {
        comparison.ci_low = None;
        comparison.ci_high = None;
        comparison.detectable = None;
        comparison.verdict = Verdict::Undecided;
        comparison.better = None;
    }
    let baseline = &mut sample.summary.variants[0];
    baseline.mix.censored = 0.52;
    baseline.mix.response_us = TimesUs { min: Some(9_000.0), max: Some(61_000.0), ..TimesUs::default() };
    for key in ["p50", "p90", "p95", "p99", "p999"] {
        baseline.mix.response_us.not_below.insert(key.to_owned(), 61_000.0);
    }
    baseline.valid = false;
    sample.summary.variants[1].mix.response_us.p99 = None;
    sample.curves.clear();
    sample
}

#[test]
fn the_terminal_shows_the_verdict_and_fits_in_80_columns() {
    let text = render(&sample().summary, PLAIN);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_wide_terminal_has_the_ratio_in_the_table() {
    let text = render(&sample().summary, Look { width: 140, color: false });
    assert!(text.contains("0.09× of n_plus_one, 0.088–0.092"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_variant_that_mostly_fails_shows_it_in_every_table() {
    let mut sample = sample();
    let why = "96.5 % of join's operations failed (55P03), more than succeeded";
    let join = &mut sample.summary.variants[1];
    (join.mix.succeeded, join.mix.failed) = (35, 965);
    join.mix.failures = [("55P03".to_owned(), 965)].into();
    let of_times = |c: &&mut Comparison| c.variant == "join" && c.metric.starts_with("response");
    for comparison in sample.summary.comparisons.iter_mut().filter(of_times) {
        (comparison.verdict, comparison.better) = (Verdict::Undecided, None);
        comparison.reason = Some(why.to_owned());
    }
    let text = render(&sample.summary, PLAIN);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let row = text.lines().find(|line| line.starts_with(" join ")).expect("a row");
    assert!(row.contains("96.5 % 55P03"), "{text}");
    assert!(text.contains("join           0.09× of n_plus_one, 0.088–0.092   undecided"), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&format!("no verdict on join: {why}")), "{flat}");
    let page = page(&sample.inputs());
    for words in
        ["<th scope=\"col\" class=\"n\">failed</th>", "96.5 % 55P03", "no verdict on join", "Left out are times"]
    {
        assert!(page.contains(words), "{words}");
    }
    // Where nothing failed there is no such column.
    for variant in &mut sample.summary.variants {
        variant.mix.failed = 0;
        variant.mix.failures.clear();
    }
    let text = render(&sample.summary, PLAIN);
    assert!(text.lines().any(|line| line.starts_with(" variant         op/s       p50       p95")), "{text}");
}

#[test]
fn a_figure_over_rounds_is_told_from_the_one_of_all_operations() {
    let mut sample = sample();
    let observed = |sample: &Sample| crate::report::wording::observed(&sample.summary, &sample.summary.expectations[0]);
    assert_eq!(observed(&sample), "response p99 of join: 1.79 ms, 1.64 ms to 2.08 ms");
    let expectation = &mut sample.summary.expectations[0];
    expectation.metric = "response.p95".to_owned();
    (expectation.observed, expectation.ci_low, expectation.ci_high) = (Some(921.0), Some(113.0), Some(7_490.0));
    assert_eq!(
        observed(&sample),
        format!(
            "response p95 of join: 921 µs, 113 µs to 7.49 ms (the geometric mean of its figures in {} rounds; all operations \
             of these rounds together have 1.57 ms)",
            sample.summary.expectations[0].rounds
        )
    );
}

#[test]
fn variants_with_too_few_rounds_are_marked_alike() {
    let mut sample = sample();
    sample.summary.variants[1].rounds.clear();
    sample.summary.variants[1].valid = false;
    sample.summary.variants[1].mix = Default::default();
    sample.summary.variants[2].rounds.truncate(1);
    sample.summary.variants[3].rounds.truncate(3);
    let text = render(&sample.summary, PLAIN);
    let marked = |name: &str| {
        text.lines().find(|line| line.starts_with(&format!(" {name} "))).is_some_and(|line| line.contains(" ! "))
    };
    assert_eq!(["join", "batch", "lateral_json"].map(marked), [true, true, false], "{text}");
    assert!(text.contains("join: no slice of it was closed"), "{text}");
    // Who asks for one round has all that were to be.
    sample.summary.rounds = 1;
    assert!(!render(&sample.summary, PLAIN).contains("batch !"));
}

#[test]
fn what_is_compared_without_a_server_says_so() {
    let mut sample = sample();
    sample.summary.null_target = true;
    let text = render(&sample.summary, PLAIN).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("without a server (null target): what is compared is dbbench itself"), "{text}");
}

#[test]
fn what_was_not_measured_is_a_dash_with_its_reason() {
    insta::assert_snapshot!(render(&poor().summary, PLAIN));
}

#[test]
fn names_and_messages_cannot_steer_the_terminal_or_break_its_width() {
    let long = "a".repeat(64);
    let mut summary = hostile().renamed("batch", &long).summary;
    summary.warnings.push("x".repeat(200));
    let text = render(&summary, PLAIN);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let table = text.lines().find(|line| line.contains("12.1 ms")).expect("the baseline's row");
    assert!(table.chars().count() <= 80, "{table}");
    assert!(render(&summary, Look { color: true, ..PLAIN }).contains("\u{1b}[1;31m"));
}

#[test]
fn the_page_is_one_file_that_asks_nobody() {
    let page = page(&sample().inputs());
    for part in
        ["://", "<script src", "@import", "url(", "<link rel=\"stylesheet\"", " onclick=", " onload=", "javascript:"]
    {
        assert!(!page.contains(part), "{part}");
    }
    let scripts: Vec<&str> = page.split("<script").skip(1).filter_map(|rest| rest.split('>').next()).collect();
    assert_eq!(scripts, [" type=\"application/json\" id=\"figures-data\"", ""], "data, and the one script");
    assert!(
        page.contains("content=\"default-src &#x27;none&#x27;; script-src &#x27;sha256-"),
        "a policy forbids the network"
    );
    assert!(page.len() < 400_000, "{} bytes", page.len());
    assert!(
        page.contains("<html lang=\"en\">")
            && page.contains("prefers-color-scheme: dark")
            && page.contains("@media print")
    );
    let tables = page.matches("<table").count();
    assert_eq!(page.matches("<caption>").count(), tables, "each table says what it shows");
    assert_eq!(page.matches("role=\"region\"").count(), tables, "each table scrolls in its own box");
}

/// A run of `count` variants whose seconds last for `seconds`, in `rounds` rounds.
fn long(count: usize, seconds: u32, rounds: u32) -> Sample {
    let mut sample = sample();
    for index in sample.summary.variants.len()..count {
        let name = format!("variant_{index}");
        let mut variant = sample.summary.variants[index % 4].clone();
        let mut curve = sample.curves[index % 4].clone();
        name.clone_into(&mut variant.name);
        curve.variant = name;
        sample.summary.variants.push(variant);
        sample.curves.push(curve);
    }
    for variant in &mut sample.summary.variants {
        let first = variant.rounds[0].clone();
        variant.rounds = (1..=rounds).map(|round| Round { round, ..first.clone() }).collect();
    }
    let names: Vec<String> = sample.summary.variants.iter().map(|variant| variant.name.clone()).collect();
    let row = sample.intervals[1].clone();
    let turn = seconds / rounds / u32::try_from(names.len()).expect("few");
    let second = |index: u32| IntervalRow {
        start_s: f64::from(index),
        round: 1 + index * rounds / seconds,
        variant: names[(index / turn) as usize % names.len()].clone(),
        response_p50_us: row.response_p50_us.map(|us| us * (1.0 + f64::from(index % 97) / 1e3)),
        ..row.clone()
    };
    sample.intervals = (0..seconds).map(second).collect();
    sample
}

#[test]
fn the_page_of_a_long_run_stays_below_a_megabyte() {
    for (variants, seconds, rounds) in [(8, 14_400, 60), (6, 7_200, 60)] {
        let page = page(&long(variants, seconds, rounds).inputs());
        assert!(page.len() < 1_000_000, "{variants} variants: {} bytes", page.len());
        let said = "those with the lowest median, the highest median and the highest p99 are shown.";
        assert!(page.contains(said), "what was left out is said");
    }
}

#[test]
fn ids_are_unique_and_every_anchor_leads_somewhere() {
    let page = page(&sample().inputs());
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "#{target}");
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn hostile_text_stays_text() {
    let sample = hostile();
    for file in files(&sample.inputs()).expect("made") {
        let text = String::from_utf8(file.content).expect("UTF-8");
        for markup in ["<script>alert", "<img", "<svg onload"] {
            assert!(!text.contains(markup), "{} has {markup}", file.name);
        }
        if file.name == "report.html" {
            assert!(text.contains("{{ view.title }} {% raw %}"), "the workload file is not a template");
            let data = text.split("id=\"figures-data\">").nth(1).and_then(|rest| rest.split("</script>").next());
            let data: serde_json::Value = serde_json::from_str(data.expect("data")).expect("JSON");
            assert_eq!(data["series"][1]["name"], HOSTILE, "the same name in the data, none of it markup");
            assert!(text.contains("<pre class=\"difference\""), "in what the answers differ stands on the page");
        }
    }
}

#[test]
fn there_is_a_file_for_each_plot_and_a_curve_for_each_variant() {
    let sample = sample();
    let files = files(&sample.inputs()).expect("made");
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "report.html",
            "plots/ratios.svg",
            "plots/percentiles.svg",
            "plots/latency.svg",
            "plots/goodput.svg",
            "plots/throughput.svg",
            "plots/parts.svg"
        ]
    );
    let svg = |name: &str| {
        let file = files.iter().find(|file| file.name == name).expect("the plot");
        String::from_utf8(file.content.clone()).expect("UTF-8")
    };
    for class in ["k16", "k17", "k18", "k19"] {
        let curve = format!("<polyline fill=\"none\" class=\"{class}\"");
        assert_eq!(svg("plots/percentiles.svg").matches(&curve).count(), 1, "{class}");
    }
    let description = svg("plots/parts.svg");
    assert!(description.contains("n_plus_one: link round trips, by configuration 10.5 ms"), "{description}");
}

#[test]
fn a_run_with_gaps_still_makes_a_page_that_says_so() {
    let sample = poor();
    let text = page(&sample.inputs());
    assert!(text.contains("This run is partial"));
    assert!(
        text.contains("p50, p95, p99 not reached, at least 61.0 ms: the end of 52 % of the operations was not seen")
    );
    assert!(text.contains("join: p99 not stated, fewer than ten operations were slower"));
    assert!(!text.contains("id=\"percentiles\"") && !text.contains("id=\"claims\""), "no heading without content");
    assert!(!text.contains("NaN"));
}

#[test]
fn what_never_started_is_said_so() {
    let mut variant = poor().summary.variants.swap_remove(0);
    (variant.mix.planned, variant.mix.unstarted, variant.mix.censored) = (1_000, 500, 0.5);
    let absence = super::terminal::absence(&variant);
    let reached = "n_plus_one: p50, p95, p99 not reached, at least 61.0 ms";
    assert_eq!(absence, Some(format!("{reached}: 50 % of the operations never started")));
    variant.mix.censored = 0.52;
    let absence = super::terminal::absence(&variant);
    assert_eq!(
        absence,
        Some(format!("{reached}: 50 % of the operations never started, and the end of 2 % was not seen"))
    );
    let times = &mut variant.mix.response_us;
    (times.p50, times.p95, times.p99) = (Some(100.0), Some(200.0), None);
    times.not_below.clear();
    (variant.mix.unstarted, variant.mix.censored) = (0, 0.02);
    let few = "n_plus_one: p99 not stated, the end of 2 % of the operations was not seen, and fewer than ten were seen to be \
               slower";
    assert_eq!(super::terminal::absence(&variant).as_deref(), Some(few));
    variant.mix.response_us.p99 = Some(300.0);
    assert_eq!(super::terminal::absence(&variant), None);
    variant.mix.unstarted = 3;
    let some = "n_plus_one: 3 of 1,000 operations never started";
    assert_eq!(super::terminal::absence(&variant).as_deref(), Some(some));
}

#[test]
fn an_open_loop_shows_its_queue() {
    let mut sample = sample();
    assert!(!page(&sample.inputs()).contains("id=\"open-loops\""), "closed loops have none");
    let variant = &mut sample.summary.variants[0];
    variant.asked_per_s = Some(2_000.0);
    (variant.mix.planned, variant.mix.unstarted) = (40_000, 1_234);
    (variant.mix.queue_us.p50, variant.mix.queue_us.p99) = (Some(7_100.0), Some(81_300.0));
    let text = page(&sample.inputs());
    let table = text
        .split("<h3 id=\"open-loops\">Open loops</h3>")
        .nth(1)
        .and_then(|rest| rest.split("</table>").next())
        .expect("a table");
    for cell in ["40,000", "1,234", "7.10 ms", "81.3 ms"] {
        assert!(table.contains(cell), "{cell} is not in: {table}");
    }
    assert_eq!(table.matches("<tr>").count(), 2, "a heading and the one variant that has a rate");
}

#[test]
fn the_slowest_operations_stand_on_the_page() {
    let mut sample = sample();
    let slow = &mut sample.slowest[6];
    (slow.outcome, slow.retried, slow.queue_us) = ("57014".to_owned(), 2, Some(1_500.0));
    let text = page(&sample.inputs());
    let table = text.split("id=\"slowest\"").nth(1).and_then(|rest| rest.split("</table>").next()).expect("a table");
    assert_eq!(table.matches("<tr>").count(), 1 + sample.slowest.len() / 2, "a heading and those of the first variant");
    let first = table.split("<tr>").nth(2).expect("a row");
    for cell in ["9.70 ms", "1.50 ms", "0.875 s", "client 8, no. 281", "org = 119", "failed: 57014, 2 retried"] {
        assert!(first.contains(cell), "{cell} is not in: {first}");
    }
    sample.slowest.clear();
    assert!(!page(&sample.inputs()).contains("id=\"slowest\""), "no heading without content");
}

#[test]
fn an_empty_run_still_makes_a_page() {
    let (run, summary) = (RunRecord::default(), Summary::default());
    let inputs = Inputs {
        run: &run,
        summary: &summary,
        slices: &[],
        intervals: &[],
        curves: &[],
        slowest: &[],
        plans: None,
        links: &Links::default(),
    };
    assert!(page(&inputs).contains("<h2 id=\"figures-heading\">"));
    assert!(!render(&summary, PLAIN).is_empty());
}

/// Writes reports to look at: `DBBENCH_SAMPLE_REPORT=DIR cargo test --lib sample_ -- --ignored`.
#[test]
#[ignore = "writes files to look at"]
fn sample_report() {
    let dir = std::path::PathBuf::from(std::env::var_os("DBBENCH_SAMPLE_REPORT").expect("a folder"));
    let long = long(6, 7_200, 60);
    for (name, sample) in [("usual", sample()), ("hostile", hostile()), ("poor", poor()), ("long", long)] {
        std::fs::create_dir_all(dir.join(name).join("plots")).expect("a folder");
        for file in files(&sample.inputs()).expect("made") {
            std::fs::write(dir.join(name).join(&file.name), &file.content).expect("written");
        }
        // An index shows them, too.
        let summary = serde_json::to_vec(&sample.summary).expect("encoded");
        std::fs::write(dir.join(name).join("summary.json"), summary).expect("written");
    }
}
