use super::fixture::{poor, usual};
use super::*;
use crate::report::chart::Kind;
use crate::report::fixture::sample;
use crate::report::terminal::Look;

const HOSTILE: &str = "<script>alert(\"x\")</script>|`**_x_**` [a](b)\u{1b}[31m";

#[test]
fn the_terminal_shows_finding_sides_and_tables() {
    insta::assert_snapshot!(text::render(&usual(), Look { width: 100, color: false }));
}

#[test]
fn what_can_be_said_of_poor_sides_is_said_with_what_speaks_against_it() {
    insta::assert_snapshot!(text::render(&poor(), Look { width: 100, color: false }));
}

#[test]
fn it_fits_in_80_columns() {
    for compared in [usual(), poor()] {
        for line in text::render(&compared, Look { width: 80, color: false }).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn markdown_reads_well_in_a_pull_request() {
    insta::assert_snapshot!(markdown::render(&usual()));
}

#[test]
fn a_table_for_programs_has_a_row_for_each_comparison() {
    insta::assert_snapshot!(csv::render(&usual()).expect("encoded"));
}

#[test]
fn json_is_the_comparison_itself_and_reads_back() {
    let text = serde_json::to_string_pretty(&usual()).expect("encoded");
    insta::assert_snapshot!(text);
    assert_eq!(serde_json::from_str::<Compared>(&text).expect("decoded"), usual());
}

/// Without the style sheet, which a run's report has as well.
fn body(page: &str) -> String {
    let after = page.split("</style>").nth(1).expect("a style sheet");
    after
        .split("<svg")
        .map(|part| part.split_once("</svg>").map_or(part, |(_, rest)| rest))
        .collect::<Vec<_>>()
        .join("<svg/>")
}

#[test]
fn the_page_stands_for_itself() {
    let page = page(&usual(), &[]).expect("a page");
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("<script"),
        "it asks nobody for anything"
    );
    insta::assert_snapshot!(body(&page));
}

#[test]
fn sides_lie_over_each_other_in_the_plots() {
    let sample = sample();
    let runs: Vec<Reader> = (0..4)
        .map(|at| Reader {
            dir: format!("run{at}").into(),
            run: sample.run.clone(),
            slices: sample.slices.clone(),
            notes: Vec::new(),
        })
        .collect();
    let runs: Vec<MeasuredRun<'_>> = runs
        .iter()
        .enumerate()
        .map(|(at, reader)| MeasuredRun {
            side: at % 2,
            reader,
            histograms: Histograms::default(),
            intervals: sample.intervals.clone(),
        })
        .collect();
    let (overlaid, left_out) = plots::overlaid(&usual(), &runs);
    assert_eq!(
        (overlaid.iter().map(|one| one.variant.as_str()).collect::<Vec<_>>(), left_out),
        (vec!["n_plus_one", "join"], 0)
    );
    let Kind::Timeline(timeline) = &overlaid[0].plots[0].chart.kind else {
        panic!("no timeline: {:?}", overlaid[0].plots[0])
    };
    let tracks: Vec<(&str, usize)> = timeline.tracks.iter().map(|track| (track.name.as_str(), track.series)).collect();
    assert_eq!(tracks, [("A, run 1", 0), ("A, run 2", 0), ("B, run 1", 1), ("B, run 2", 1)]);
    let page = page(&usual(), &runs).expect("a page");
    assert_eq!(page.matches("<svg").count(), 2 * (1 + 2), "ratios and a plot for each variant, for two screens each");
}

#[test]
fn hostile_names_are_text_everywhere() {
    let mut compared = usual();
    compared.workload = HOSTILE.to_owned();
    compared.sides[0].name = HOSTILE.to_owned();
    compared.unlike[0].value = HOSTILE.to_owned();
    compared.warnings = vec![HOSTILE.to_owned()];
    for comparison in &mut compared.comparisons {
        comparison.variant = HOSTILE.to_owned();
    }
    assert!(!page(&compared, &[]).expect("a page").contains("<script"));
    let markdown = markdown::render(&compared);
    assert!(!markdown.contains("<script") && !markdown.contains('\u{1b}'), "{markdown}");
    let row = markdown.lines().find(|line| line.starts_with('|') && line.contains("alert")).expect("a row");
    assert_eq!(row.replace("\\|", "").matches('|').count(), 7, "six cells: {row}");
    assert!(!text::render(&compared, Look { width: 100, color: false }).contains('\u{1b}'));
}
