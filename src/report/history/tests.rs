use super::fixture::{hostile, short, usual};
use super::*;
use crate::report::terminal::Look;
use crate::result::history::History;

const HOSTILE: &str = "<script>alert(\"x\")</script>|`**_x_**` [a](b)\u{1b}[31m";

#[test]
fn the_terminal_shows_what_changed_and_the_newest_runs() {
    insta::assert_snapshot!(text::render(&usual(), Look { width: 100, color: false }));
}

#[test]
fn too_few_runs_are_said_to_be_too_few() {
    insta::assert_snapshot!(text::render(&short(), Look { width: 100, color: false }));
}

#[test]
fn it_fits_in_80_columns() {
    for history in [usual(), short()] {
        for line in text::render(&history, Look { width: 80, color: false }).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn the_table_has_a_row_for_each_run_and_a_number_in_every_field() {
    let table = csv::render(&usual()).expect("encoded");
    let mut reader = ::csv::Reader::from_reader(table.text.as_bytes());
    assert_eq!(
        reader.headers().expect("a head").iter().skip(8).collect::<Vec<_>>(),
        ["n_plus_one.response_us.p50", "join.response_us.p50", "join.response_us.p50.to.n_plus_one"]
    );
    let rows: Vec<::csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!((rows.len(), table.left_out.len()), (40, 0));
    for row in &rows {
        assert!(row.iter().skip(8).all(|field| field.parse::<f64>().is_ok_and(f64::is_finite)), "{row:?}");
    }
    assert!(rows.windows(2).all(|pair| pair[0][0] < pair[1][0]), "in the order of time");
}

#[test]
fn a_run_without_a_figure_is_named_instead_of_a_row_with_a_hole() {
    let mut history = usual();
    history.series[1].figures[5] = None;
    let table = csv::render(&history).expect("encoded");
    assert_eq!((table.text.lines().count(), table.left_out), (40, vec!["results/n-plus-one-005".to_owned()]));
}

#[test]
fn json_is_the_history_itself_and_reads_back() {
    let text = serde_json::to_string(&usual()).expect("encoded");
    assert_eq!(serde_json::from_str::<History>(&text).expect("decoded"), usual());
}

/// Without the style sheet, which a run's report has as well, and without the drawings.
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
    let page = page(&usual()).expect("a page");
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("<script"));
    insta::assert_snapshot!(body(&page));
}

#[test]
fn the_plot_marks_each_change_and_says_it() {
    let page = page(&usual()).expect("a page");
    let drawings: Vec<&str> = page.split("<svg").skip(1).collect();
    assert_eq!(drawings.len(), 6, "two of each series");
    assert!(drawings[0].contains("higher, worse at 2026-05-13 03:00: 1.20×"), "{}", &drawings[0][..600]);
    assert!(drawings[0].contains(">\n1</text>"), "the number of the change");
}

#[test]
fn names_are_nothing_but_names() {
    let history = hostile(HOSTILE);
    let page = page(&history).expect("a page");
    assert!(!page.contains("<script"), "escaped");
    assert!(!text::render(&history, Look { width: 100, color: false }).contains('\u{1b}'));
}

#[test]
fn a_thousand_runs_are_a_page_of_at_most_a_megabyte() {
    let mut history = usual();
    for at in 40..1_000 {
        history.runs.push(history.runs[at % 40].clone());
        history.series.iter_mut().for_each(|series| series.figures.push(series.figures[at % 40]));
    }
    let page = page(&history).expect("a page");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

/// Writes pages to look at: `DBBENCH_SAMPLE_REPORT=DIR cargo test --lib sample_ -- --ignored`.
#[test]
#[ignore = "writes files to look at"]
fn sample_history() {
    let dir = std::path::PathBuf::from(std::env::var_os("DBBENCH_SAMPLE_REPORT").expect("a folder")).join("histories");
    std::fs::create_dir_all(&dir).expect("a folder");
    for (name, history) in [("usual", usual()), ("short", short()), ("hostile", hostile(HOSTILE))] {
        std::fs::write(dir.join(format!("{name}.html")), page(&history).expect("a page")).expect("written");
    }
}
