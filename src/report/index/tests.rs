use super::*;
use crate::report::fixture::sample;
use crate::report::terminal::Look;
use crate::result::compared::LeftOutRun;
use crate::result::index::{CardSide, INDEX_VERSION};
use crate::result::run::SameAnswer;
use crate::result::summary::{Check, Judged};

const HOSTILE: &str = "<script>alert(\"x\")</script><!--/links-->\"><img src=x> javascript:alert(1) \u{1b}[31m";

/// A run of a workload, in a folder, at a time of one day.
fn run(workload: &str, dir: &str, time: &str) -> IndexedRun {
    let mut summary = sample().summary;
    workload.clone_into(&mut summary.workload);
    summary.started_at = format!("2026-11-20T{time}Z");
    run_of(dir.to_owned(), Some(format!("{dir}/report.html")), &summary)
}

fn card(sides: &[(&str, &[&str])]) -> ComparisonCard {
    let side = |(label, runs): &(&str, &[&str])| CardSide {
        label: (*label).to_owned(),
        name: format!("runs/{label}"),
        runs: runs.iter().map(|run| (*run).to_owned()).collect(),
    };
    ComparisonCard {
        workload: "n-plus-one".to_owned(),
        headline: "B against A, response p50: join worse (1.20×, 1.16–1.25).".to_owned(),
        valid: true,
        worse: 1,
        sides: sides.iter().map(side).collect(),
        ..ComparisonCard::default()
    }
}

/// A folder that has everything in it.
fn usual() -> Index {
    let mut index = Index {
        index_version: INDEX_VERSION,
        dbbench_version: "0.1.0".to_owned(),
        dir: "results".to_owned(),
        page: "results/index.html".to_owned(),
        ..Index::default()
    };
    index.runs = (1..=7).map(|day| run("n-plus-one", &format!("main/{day}"), &format!("0{day}:15:00"))).collect();
    let mut poor = sample().summary;
    poor.workload = "a-queue".to_owned();
    poor.started_at = "2026-11-20T23:59:59Z".to_owned();
    poor.machine = "another machine".to_owned();
    (poor.valid, poor.partial, poor.null_target) = (false, true, true);
    poor.invalid_reasons = vec!["the generator was the limit".to_owned()];
    poor.claims = vec![Judged { verdict: Finding::Refuted, ..Judged::default() }];
    poor.checks = vec![Check { name: "sum".to_owned(), passed: false, ..Check::default() }];
    // As of two sides.
    poor.comparisons[0].regression = true;
    index.runs.push(run_of("queue of mine".to_owned(), None, &poor));
    let mut differ = sample().summary;
    differ.workload = "a-queue".to_owned();
    differ.started_at = "2026-11-19T10:00:00Z".to_owned();
    differ.same_answer = Some(SameAnswer { draws: 20, ..SameAnswer::default() });
    (differ.partial, differ.claims, differ.expectations) = (true, Vec::new(), Vec::new());
    index.runs.push(run_of("differ".to_owned(), Some("differ/report.html".to_owned()), &differ));
    index.left_out = vec![LeftOutRun {
        dir: "cut".to_owned(),
        reason: "results/cut/summary.json does not hold what a result of dbbench holds".to_owned(),
    }];
    let comparisons = vec![
        ("cmp.html".to_owned(), card(&[("A", &["main/1", "main/2"]), ("B", &["main/7", "../elsewhere", "gone"])])),
        ("main/pages/two.html".to_owned(), ComparisonCard { worse: 0, undecided: 1, ..card(&[("A", &["../7"])]) }),
    ];
    tie(&mut index, comparisons);
    index
}

/// Without the style sheet and the script.
fn body(page: &str) -> String {
    let (_, after) = page.split_once("</style>").expect("a style sheet");
    let (body, script) = after.split_once("<script>").expect("a script");
    format!("{body}{}", script.split_once("</script>").expect("its end").1)
}

#[test]
fn the_terminal_shows_the_newest_of_each_workload() {
    insta::assert_snapshot!(text::render(&usual(), Look { width: 100, color: false }));
}

#[test]
fn the_page_has_every_run_and_its_way() {
    let page = page(&usual(), "results").expect("a page");
    assert!(!page.contains("http:") && !page.contains("https:"), "it asks nobody for anything");
    assert!(is_ours(page.as_bytes()) && !is_ours(b"<html>"));
    insta::assert_snapshot!(body(&page));
}

#[test]
fn json_is_the_index_itself_and_reads_back() {
    let mut index = usual();
    index.runs.retain(|run| run.dir == "main/7" || run.dir == "queue of mine");
    let text = serde_json::to_string_pretty(&index).expect("encoded");
    insta::assert_snapshot!(text);
    assert_eq!(serde_json::from_str::<Index>(&text).expect("decoded"), index);
}

#[test]
fn the_terminal_has_80_columns_at_least() {
    for line in text::render(&usual(), Look { width: 80, color: false }).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn runs_and_comparisons_know_each_other_from_wherever_they_lie() {
    let index = usual();
    let run = |dir: &str| index.runs.iter().find(|run| run.dir == dir).expect("there");
    assert_eq!(run("main/7").comparisons, ["cmp.html", "main/pages/two.html"]);
    assert!(run("main/3").comparisons.is_empty());
    assert_eq!(index.comparisons[0].card.sides[1].runs, ["main/7"], "what lies elsewhere, or nowhere, is no link");
    let links = links_of(&index, run("main/7"));
    let ways: Vec<&str> = links.comparisons.iter().map(|link| link.page.as_str()).collect();
    assert_eq!(ways, ["../../cmp.html", "../pages/two.html"]);
}

#[test]
fn a_page_is_given_other_links_without_being_made_anew() {
    let of = |links: &Links| {
        let mut sample = sample();
        sample.links = links.clone();
        let files = crate::report::files(&sample.inputs()).expect("made");
        String::from_utf8(files.into_iter().find(|file| file.name == "report.html").expect("a page").content)
            .expect("text")
    };
    let link = |text: &str| Link { page: "../a b:1/x.html".to_owned(), text: text.to_owned() };
    let some = Links { index_version: INDEX_VERSION, comparisons: vec![link("worse"), link(HOSTILE)] };
    let (without, with) = (of(&Links::default()), of(&some));
    assert!(without != with && with.contains("href=\"..&#x2f;a%20b%3A1&#x2f;x.html\""));
    assert!(crate::report::relinked(&without, &some).expect("made").expect("a place") == with, "as if made with them");
    assert!(crate::report::relinked(&with, &Links::default()).expect("made").expect("a place") == without);
    assert_eq!(crate::report::relinked("<html>", &some).expect("made"), None);
}

#[test]
fn hostile_names_are_text() {
    let mut index = usual();
    for run in &mut index.runs {
        for text in [&mut run.workload, &mut run.headline, &mut run.machine, &mut run.started_at, &mut run.dir] {
            HOSTILE.clone_into(text);
        }
        run.report = Some(HOSTILE.to_owned());
        run.servers = vec![HOSTILE.to_owned()];
    }
    index.left_out[0].reason = HOSTILE.to_owned();
    index.comparisons[0].page = HOSTILE.to_owned();
    index.comparisons[0].card.sides[0].name = HOSTILE.to_owned();
    let page = page(&index, HOSTILE).expect("a page");
    for markup in ["<script>alert", "<img", "href=\"javascript", "<!--/links"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(!text::render(&index, Look { width: 100, color: false }).contains('\u{1b}'));
}

#[test]
fn the_page_of_a_thousand_runs_stays_below_a_megabyte() {
    let mut index = usual();
    let long = "join takes 0.09× of n_plus_one's median response time (0.086–0.094, 7 rounds); ".repeat(6);
    index.runs = (0..1_000)
        .map(|number| {
            let dir = format!("branch/n-plus-one-20261120T110231Z-{number}");
            IndexedRun { headline: long.clone(), ..run("n-plus-one", &dir, "11:02:31") }
        })
        .collect();
    let page = page(&index, "results").expect("a page");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("995 earlier runs"));
    assert_eq!(page.matches("<time ").count(), 1_000, "all of them are there");
}
