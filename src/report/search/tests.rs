//! What a reader of a search sees.

use super::{files, per_s, rate_in_words, render};
use crate::report::terminal::Look;
use crate::result::TimesUs;
use crate::result::search::{
    ObjectiveFigure, ObjectiveRecord, ProbeRecord, RateStanding, SearchEnd, SearchRecord, SearchedRate, SearchedVariant,
};

fn rate(rate_per_s: f64, standing: RateStanding, p99_us: Option<f64>, beyond: f64) -> SearchedRate {
    let figure = ObjectiveFigure { figure: p99_us, beyond: Some(beyond) };
    let probe =
        ProbeRecord { round: 2, measure_s: 10.0, objectives: vec![figure], counts: true, ..ProbeRecord::default() };
    SearchedRate {
        point: 1,
        rate_per_s,
        standing,
        sure: Some(0.97),
        goodput_per_s: Some(rate_per_s),
        objectives: vec![figure],
        response_us: TimesUs { p50: Some(5_400.0), p99: p99_us, ..TimesUs::default() },
        probes: vec![probe; 4],
        ..SearchedRate::default()
    }
}

fn searched() -> SearchRecord {
    let variant = SearchedVariant {
        name: "sleep".to_owned(),
        clients: 8,
        closed_loop_per_s: Some(1_562.0),
        end: SearchEnd::Found,
        met_per_s: Some(1_401.0),
        met_sure: Some(0.97),
        missed_per_s: Some(1_429.0),
        missed_sure: Some(0.998),
        rates: vec![
            rate(1_250.0, RateStanding::Met, Some(11_000.0), 0.0),
            rate(1_401.0, RateStanding::Met, Some(18_900.0), 0.0072),
            rate(1_429.0, RateStanding::Missed, Some(23_000.0), 0.019),
            rate(1_562.0, RateStanding::Missed, None, 0.93),
        ],
    };
    SearchRecord {
        schema_version: 1,
        dbbench_version: "0.1.0".to_owned(),
        workload: "sleep".to_owned(),
        dir: "results/sleep".to_owned(),
        valid: true,
        objectives: vec![ObjectiveRecord {
            objective: "response.p99<20ms".to_owned(),
            metric: "response.p99".to_owned(),
            below: 20_000.0,
            is_time: true,
            beyond_allowed: Some(0.01),
        }],
        arrivals: "poisson".to_owned(),
        precision: 0.02,
        took_s: 252.0,
        variants: vec![variant],
        ..SearchRecord::default()
    }
}

#[test]
fn the_answer_stands_above_the_rates() {
    insta::assert_snapshot!(render(&searched(), Look { width: 80, color: false }));
}

#[test]
fn each_end_has_its_sentence() {
    let of = |end: SearchEnd, change: &dyn Fn(&mut SearchedVariant)| {
        let mut record = searched();
        record.variants[0].end = end;
        change(&mut record.variants[0]);
        super::answer(&record, &record.variants[0])
    };
    let none = |_: &mut SearchedVariant| {};
    let no_met = |variant: &mut SearchedVariant| variant.met_per_s = None;
    let sentences = [
        of(SearchEnd::Found, &none),
        of(SearchEnd::Generator, &none),
        of(SearchEnd::Generator, &no_met),
        of(SearchEnd::Highest, &|variant| variant.missed_per_s = None),
        of(SearchEnd::NeverMet, &no_met),
        of(SearchEnd::Undecided, &|variant| (variant.met_per_s, variant.missed_per_s) = (None, None)),
        of(SearchEnd::Time, &none),
        of(SearchEnd::Cut, &no_met),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn a_probe_is_told_with_what_speaks_for_the_standing() {
    let record = searched();
    assert_eq!(
        rate_in_words(&record.variants[0].rates[1], &record.objectives),
        "1,401/s after 4 probes: met, 97 % sure · response.p99 18.9 ms, 0.7 % took 20.0 ms or longer (1 % may)"
    );
    let mut overrun = record.variants[0].rates[3].clone();
    overrun.probes[3].not_sustained = Some("12 % of the operations never started".to_owned());
    assert!(
        rate_in_words(&overrun, &record.objectives)
            .contains("· 12 % of the operations never started · response.p99 not reached")
    );
}

#[test]
fn rates_have_the_digits_that_tell_them_apart() {
    assert_eq!(
        [12_345.6, 1_406.4, 140.64, 14.064, 1.4064].map(per_s),
        ["12,346/s", "1,406/s", "140.6/s", "14.06/s", "1.406/s"]
    );
}

#[test]
fn the_page_and_the_plot_are_whole_and_names_cannot_break_them() {
    let mut record = searched();
    record.workload = "<script>alert(1)</script>".to_owned();
    let files = files(&record).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["report.html", "plots/rates-sleep.svg"]);
    let page = String::from_utf8(files[0].content.clone()).unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "escaped");
    assert!(page.contains("holds at 1,401") && page.contains("</html>"));
    let plot = String::from_utf8(files[1].content.clone()).unwrap();
    assert!(plot.contains("arrivals per second") && plot.contains("response.p99 below 20 ms"));
    // Nothing measured yet: no plot, and still a page.
    record.variants[0].rates.clear();
    assert_eq!(super::files(&record).unwrap().len(), 1);
}

/// Writes a page to look at: `DBBENCH_SAMPLE_REPORT=DIR cargo test --lib sample_ -- --ignored`.
#[test]
#[ignore = "writes files to look at"]
fn sample_search() {
    let dir = std::path::PathBuf::from(std::env::var_os("DBBENCH_SAMPLE_REPORT").expect("a folder")).join("searches");
    std::fs::create_dir_all(&dir).expect("a folder");
    let mut record = searched();
    record.workload = "<b>sleep</b> & \"others\"".to_owned();
    record.warnings = vec!["sleep: 1 probe left out: the machine was disturbed".to_owned()];
    let page = files(&record).expect("made").remove(0);
    std::fs::write(dir.join("usual.html"), page.content).expect("written");
}
