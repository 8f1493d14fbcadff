use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::report::fixture::sample;
use crate::result::Ranked;
use crate::result::run::SameAnswer;
use crate::result::summary::Check;

mod sides;

const HOSTILE: &str = "a \"b\" <c> & ]]> \\ %,:: \u{1b}[31m\n::error::x|`_d_`";

/// A run of which some things were found that nobody hopes for.
fn poor() -> Summary {
    let mut summary = sample().summary;
    summary.valid = false;
    summary.invalid_reasons = vec!["the load generator was the limit of join".to_owned()];
    let mut expectations = summary.claims.clone();
    for (judged, verdict) in expectations.iter_mut().zip([Finding::Refuted, Finding::Undecided, Finding::Holds]) {
        judged.verdict = verdict;
    }
    summary.expectations = expectations;
    let check = |name: &str, passed: bool| Check {
        name: name.to_owned(),
        variant: "join".to_owned(),
        passed,
        expected: "120".to_owned(),
        found: if passed { "120" } else { "100" }.to_owned(),
        round: 2,
        rounds: 7,
        failed_rounds: u32::from(!passed),
        unanswered_rounds: 0,
        judged_by: None,
    };
    summary.checks = vec![check("balance", true), check("lost_updates", false)];
    summary
}

/// Names that would break each of the formats.
fn hostile() -> Summary {
    let mut summary = poor();
    HOSTILE.clone_into(&mut summary.workload);
    HOSTILE.clone_into(&mut summary.machine);
    HOSTILE.clone_into(&mut summary.variants[1].name);
    HOSTILE.clone_into(&mut summary.expectations[0].claim);
    HOSTILE.clone_into(&mut summary.claims[0].claim);
    HOSTILE.clone_into(&mut summary.checks[0].name);
    summary.invalid_reasons[0] = HOSTILE.to_owned();
    summary.variants[1].operations.iter_mut().for_each(|part| HOSTILE.clone_into(&mut part.name));
    summary.variants[1].point = BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]);
    summary.variants[1].mix.failures = BTreeMap::from([(HOSTILE.to_owned(), 3)]);
    summary
}

#[test]
fn test_cases_tell_what_was_judged() {
    insta::assert_snapshot!(junit::render(&poor(), false));
}

#[test]
fn an_undecided_expectation_fails_only_when_strict() {
    let counts = |strict| {
        let text = junit::render(&poor(), strict);
        text.lines().nth(1).expect("the counts").to_owned()
    };
    assert!(counts(false).contains("failures=\"2\" errors=\"1\""), "{}", counts(false));
    assert!(counts(true).contains("failures=\"3\" errors=\"1\""), "{}", counts(true));
}

#[test]
fn different_answers_are_a_failed_case() {
    let mut summary = sample().summary;
    summary.same_answer = Some(SameAnswer { draws: 20, ..SameAnswer::default() });
    let text = junit::render(&summary, false);
    assert!(text.contains("<testcase classname=\"n-plus-one.answers\"") && text.contains("<failure"), "{text}");
}

/// Every name ends, nothing stands outside, entities are known ones, and no character is one that XML forbids.
fn assert_well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        assert_entities(&rest[..at]);
        let end = at + rest[at..].find('>').expect("an end");
        let tag = &rest[at + 1..end];
        assert!(!tag.contains('<') && tag.matches('"').count().is_multiple_of(2), "{tag}");
        assert_entities(tag);
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().expect("a name"));
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character");
}

fn assert_entities(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split(';').next().expect("a name");
        assert!(["amp", "lt", "gt", "quot", "#10", "#9"].contains(&name), "&{name}; in {text}");
    }
}

#[test]
fn names_are_nothing_but_text_in_test_cases() {
    for summary in [poor(), hostile(), sample().summary] {
        assert_well_formed(&junit::render(&summary, true));
    }
}

#[test]
fn annotations_tell_what_speaks_against_a_run_and_nothing_where_all_is_well() {
    insta::assert_snapshot!(github::render(&poor(), "bench/n-plus-one.toml", false));
    let mut well = sample().summary;
    well.expectations.clear();
    assert_eq!(github::render(&well, "x.toml", true), "");
}

#[test]
fn a_name_ends_no_command_and_begins_none() {
    let text = github::render(&hostile(), "a:b,c.toml", true);
    for line in text.lines() {
        assert!(line.starts_with("::error file=a%3Ab%2Cc.toml,title="), "{line}");
        let (_, rest) = line[2..].split_once("::").expect("a message");
        assert!(!line.contains('\u{1b}') && !rest.is_empty(), "{line}");
    }
    assert_eq!(text.matches("\n::error").count() + 1, text.lines().count());
}

/// GitHub shows ten of a kind; the last one says how many more there are.
#[test]
fn more_annotations_than_are_shown_are_counted() {
    let mut summary = sample().summary;
    summary.invalid_reasons = (0..14).map(|number| format!("reason {number}")).collect();
    let text = github::render(&summary, "", false);
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("::error")).collect();
    assert_eq!(errors.len(), 10);
    assert!(errors[9].ends_with("::5 more errors; the report has them all"), "{}", errors[9]);
}

#[test]
fn markdown_tells_the_verdict_and_one_table() {
    insta::assert_snapshot!(markdown::render(&poor(), false));
    let hostile = markdown::render(&hostile(), true);
    assert!(!hostile.contains("<c>") && !hostile.contains('\u{1b}'), "{hostile}");
}

#[test]
fn the_table_has_the_mix_and_each_operation_with_all_fields() {
    let summary = sample().summary;
    let text = csv::render(&summary).expect("encoded");
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().expect("a head").clone();
    let rows: Vec<::csv::StringRecord> = reader.records().map(|row| row.expect("as long as the head")).collect();
    let operations: usize = summary.variants.iter().map(|variant| variant.operations.len()).sum();
    assert_eq!((head.len(), rows.len()), (21 + 4 + 6 * 8, summary.variants.len() + operations));
    let field =
        |row: usize, name: &str| rows[row][head.iter().position(|field| field == name).expect("a field")].to_owned();
    let mix = &summary.variants[0].mix;
    assert_eq!(field(0, "response_us_p99"), mix.response_us.p99.expect("a figure").to_string());
    assert_eq!((field(0, "variant"), field(0, "operation")), ("n_plus_one".to_owned(), "*".to_owned()));
    assert_eq!(field(0, "queue_us_p50"), "", "not measured");
    assert!(csv::render(&hostile()).is_ok());
}

/// The grammar of OpenMetrics 1.0.0, and its rules about types, as far as this uses them. Gives back each family's type.
fn assert_openmetrics(text: &str) -> BTreeMap<String, String> {
    let mut families: BTreeMap<String, String> = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut family = String::new();
    let mut has_sample = true;
    let body = text.strip_suffix("# EOF\n").expect("the end");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let (keyword, rest) = rest.split_once(' ').expect("a keyword");
            let (name, value) = rest.split_once(' ').expect("a value");
            assert!(is_name(name, true) && !value.is_empty(), "{line}");
            match keyword {
                "TYPE" => {
                    assert!(has_sample, "{family} has no sample");
                    assert!(families.insert(name.to_owned(), value.to_owned()).is_none(), "{name} twice");
                    assert!(["counter", "gauge", "info", "stateset", "summary"].contains(&value), "{line}");
                    (family, has_sample) = (name.to_owned(), false);
                }
                "UNIT" => assert!(name == family && !has_sample && name.ends_with(&format!("_{value}")), "{line}"),
                "HELP" => assert!(name == family && !has_sample && is_escaped(value), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        has_sample = true;
        let (name, rest) = line.split_once('{').expect("labels");
        let (labels, value) = labels(rest);
        let value = value.strip_prefix(' ').expect("one blank");
        let number: f64 = value.parse().expect("a number");
        assert!(number.is_finite() && !value.contains(' '), "{line}");
        assert!(seen.insert(format!("{name} {labels:?}")), "twice: {line}");
        let suffix = name.strip_prefix(family.as_str()).expect("its family");
        let has = |label: &str| labels.contains_key(label);
        match (families[&family].as_str(), suffix) {
            ("counter", "_total") => assert!(number >= 0.0, "{line}"),
            ("gauge", "") => {}
            ("info", "_info") => assert!(number == 1.0, "{line}"),
            ("stateset", "") => assert!((number == 0.0 || number == 1.0) && has(&family), "{line}"),
            ("summary", "") => {
                let quantile: f64 = labels["quantile"].parse().expect("a number");
                assert!((0.0..=1.0).contains(&quantile) && number >= 0.0, "{line}");
            }
            ("summary", "_count" | "_sum") => assert!(!has("quantile") && number >= 0.0, "{line}"),
            _ => panic!("{line}"),
        }
    }
    families
}

fn is_name(name: &str, colons: bool) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    name.chars().all(ok) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// No quote, line end or lonely backslash.
fn is_escaped(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' if !matches!(letters.next(), Some('\\' | '"' | 'n')) => return false,
            '"' | '\n' => return false,
            _ => {}
        }
    }
    true
}

/// The labels up to the closing brace, and what stands behind it.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut found = BTreeMap::new();
    let mut rest = text;
    loop {
        if let Some(end) = rest.strip_prefix('}') {
            return (found, end);
        }
        rest = rest.strip_prefix(',').unwrap_or(rest);
        let (name, after) = rest.split_once("=\"").expect("a value in quotes");
        assert!(is_name(name, false), "{name}");
        let mut end = None;
        let mut escaped = false;
        for (at, c) in after.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let end = end.expect("a closing quote");
        assert!(is_escaped(&after[..end]), "{}", &after[..end]);
        assert!(found.insert(name.to_owned(), after[..end].to_owned()).is_none(), "{name} twice");
        rest = &after[end + 1..];
    }
}

#[test]
fn the_exposition_keeps_the_grammar_whatever_names_there_are() {
    for summary in [sample().summary, poor(), hostile(), Summary::default()] {
        assert_openmetrics(&openmetrics::render(&summary));
    }
    let families = assert_openmetrics(&openmetrics::render(&poor()));
    for (name, kind) in [
        ("dbbench_run", "info"),
        ("dbbench_operations", "counter"),
        ("dbbench_response_seconds", "summary"),
        ("dbbench_operation_response_seconds", "summary"),
        ("dbbench_ratio", "gauge"),
        ("dbbench_expectation", "stateset"),
    ] {
        assert_eq!(families.get(name).map(String::as_str), Some(kind), "{name}");
    }
    assert!(!families.contains_key("dbbench_queue_seconds"), "not measured, so not there");
}

#[test]
fn times_are_seconds_and_counts_those_of_the_summary() {
    let mut summary = sample().summary;
    let mix = &mut summary.variants[0].mix;
    (mix.response_us.p50, mix.response_us.mean, mix.succeeded) = (Some(12_140.0), Some(13_000.0), 2_000);
    let text = openmetrics::render(&summary);
    let line = |begin: &str| {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(begin)).collect();
        lines.first().map(|line| line.rsplit(' ').next().expect("a value").to_owned())
    };
    let of = "workload=\"n-plus-one\",variant=\"n_plus_one\"";
    assert_eq!(line(&format!("dbbench_response_seconds{{{of},quantile=\"0.5\"}}")).as_deref(), Some("0.01214"));
    assert_eq!(line(&format!("dbbench_response_seconds_count{{{of}}}")).as_deref(), Some("2000"));
    assert_eq!(line(&format!("dbbench_response_seconds_sum{{{of}}}")).as_deref(), Some("26"));
}

/// A thousand values from 1 to 1,000 ms.
fn ranked(censored: u64) -> Ranked {
    Ranked {
        values: (1..=1_000_u32).map(|ms| (f64::from(ms), u64::from(ms))).collect(),
        count: 1_000,
        censored,
        mean_ms: 500.5,
        deviation_ms: 288.675,
        max_ms: 1_000.0,
        buckets: 32,
        sub_buckets: 2_048,
    }
}

#[test]
fn percentiles_are_written_as_the_tool_writes_them() {
    insta::assert_snapshot!(hgrm::text(&ranked(0)));
}

/// Half of the operations were never seen to end: the curve ends at a half, and there is no hundredth percentile.
#[test]
fn a_curve_of_what_was_not_seen_to_end_ends_below_one() {
    let text = hgrm::text(&ranked(1_000));
    let last = text.lines().rfind(|line| !line.starts_with('#')).expect("a line");
    let fields: Vec<f64> = last.split_whitespace().map(|field| field.parse().expect("a number")).collect();
    assert_eq!(fields, [1_000.0, 0.5, 1_000.0, 2.0]);
    assert!(text.contains("#[Censored = 1000"), "{text}");
    // The value at every level is the smallest with as many at or below it.
    for line in hgrm::text(&ranked(0)).lines().skip(2).filter(|line| !line.starts_with('#')) {
        let fields: Vec<f64> = line.split_whitespace().map(|field| field.parse().expect("a number")).collect();
        assert_eq!(fields[0], (fields[1] * 1_000.0 - 1e-6).ceil().max(1.0), "{line}");
    }
}
