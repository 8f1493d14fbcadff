//! No text, however broken, makes the reading panic; every place lies within its text.

use proptest::prelude::*;

use super::{SMALL, compile, compile_set};
use crate::workload::{Problems, describe};

const N_PLUS_ONE: &str = include_str!("../../../workloads/n-plus-one.toml");

fn survives(text: &str) {
    match compile(text) {
        Ok(plan) => assert!(!describe(&plan).is_empty()),
        Err(problems) => check(&problems),
    }
}

fn check(problems: &Problems) {
    assert!(!problems.list().is_empty());
    for problem in problems.list() {
        assert!(!problem.title().is_empty());
        if let Some(place) = problem.place() {
            assert!(place.span.start <= place.source.text().len(), "{place}: {}", problem.title());
        }
    }
    assert!(!problems.render(false).is_empty() && !problems.render(true).is_empty());
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    for end in (0..SMALL.len()).filter(|end| SMALL.is_char_boundary(*end)) {
        survives(&SMALL[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_pieces_of_toml_are_survived(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("[operations.a]\n"), Just("steps = ["), Just("{ as = \"u\", "), Just("sql = \"SELECT :u.id[] "), Just("\" }]\n"),
                Just("[variants]\n"), Just("a = {}\n"), Just("[[claim]]\n"), Just("name = \"x\"\n"), Just("[dataset.tables.t]\n"),
                Just("rows = \":x * 2\"\n"), Just("columns.c = { zipf = { over = \"t.c\", exponent = 1 } }\n"), Just("[params]\n"),
                Just("a = { null = { rate = 0.1, of = { json = { k = \"now\" } } } }\n"), Just("\"\"\""), Just("'''\n"), Just("\\u00e4"),
                Just("[load]\nclients = "), Just("1"), Just("\n"), Just("\r\n"), Just("}"), Just("["), Just("ä"),
            ],
            0..24,
        )
    ) {
        survives(&pieces.concat());
    }

    #[test]
    fn a_changed_file_is_survived(at in 0..N_PLUS_ONE.len(), length in 0..12_usize, put in "[\\PC\n]{0,6}") {
        let mut start = at;
        while !N_PLUS_ONE.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (at + length).min(N_PLUS_ONE.len());
        while !N_PLUS_ONE.is_char_boundary(end) {
            end += 1;
        }
        survives(&format!("{}{put}{}", &N_PLUS_ONE[..start], &N_PLUS_ONE[end..]));
    }

    #[test]
    fn any_option_is_survived(key in "[a-z.\"= \\[]{0,24}", value in "\\PC{0,24}") {
        if let Err(problems) = compile_set(SMALL, &[(&key, &value, "--set")]) {
            check(&problems);
        }
    }
}
