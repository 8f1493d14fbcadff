use super::fixture::{ROUNDS, sample};
use super::terminal::{Look, render};
use super::*;
use crate::result::TimesUs;
use crate::result::summary::{LeftOut, Verdict};

const PLAIN: Look = Look { width: 80, color: false };

fn page(inputs: &Inputs<'_>) -> String {
    let files = files(inputs).expect("the report is made");
    String::from_utf8(files.into_iter().find(|file| file.name == "report.html").expect("a page").content)
        .expect("UTF-8")
}

#[test]
fn the_terminal_shows_the_verdict_and_fits_in_80_columns() {
    let text = render(&sample().summary, PLAIN);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_wide_terminal_has_the_ratio_in_the_table() {
    let text = render(&sample().summary, Look { width: 130, color: false });
    assert!(text.contains("0.09× of n_plus_one, 0.088–0.092"), "{text}");
    insta::assert_snapshot!(text);
}

/// Writes a report to look at: `DBBENCH_SAMPLE_REPORT=DIR cargo test --lib report::tests::sample_report -- --ignored`.
#[test]
#[ignore = "writes files to look at"]
fn sample_report() {
    let dir = std::path::PathBuf::from(std::env::var_os("DBBENCH_SAMPLE_REPORT").expect("a folder"));
    std::fs::create_dir_all(dir.join("plots")).expect("a folder");
    for file in files(&sample().inputs()).expect("made") {
        std::fs::write(dir.join(&file.name), &file.content).expect("written");
    }
}
