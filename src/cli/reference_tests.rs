//! The parts of the documentation that repeat what the program knows: made from it, and compared. `DBBENCH_UPDATE=1` in this
//! test writes them anew (after a change of examples: twice, since they are a part of the program).

use std::fmt::Write as _;
use std::path::Path;

use crate::workload::keys::{self, Key, Kind};
use crate::workload::schema;

/// Headings of the reference, by the first part of the keys' paths.
const SECTIONS: [(&str, &str); 23] = [
    ("topology", "`[topology]`: servers and the link to them"),
    ("connections", "`[connections]`: how clients connect"),
    ("routing", "`[routing]`: which server takes a read"),
    ("dataset", "`[dataset]`: tables and their rows"),
    ("generator", "Generators: in `params`, `columns` and `values`"),
    ("constants", "`[constants]`"),
    ("params", "`[params]`"),
    ("operations", "`[operations.NAME]`"),
    ("step", "Steps: in `steps`, `transaction`, `pipeline`"),
    ("mix", "`[mix]`"),
    ("load", "`[load]`"),
    ("run", "`[run]`"),
    ("cache", "`[cache]`"),
    ("background", "`[background.NAME]`"),
    ("events", "`[events.NAME]`"),
    ("probes", "`[probes]`"),
    ("checks", "`[checks.NAME]`"),
    ("variants", "`[variants.NAME]`: also most keys of the top, for this variant alone"),
    ("sweep", "`[sweep]`"),
    ("compare", "`[compare]`"),
    ("claim", "`[[claim]]`"),
    ("expect", "`[[expect]]`: the same keys, as a gate (exit code 3)"),
    ("", "At the top"),
];

/// What a key takes, in words.
fn takes(key: &Key) -> String {
    if let Some(words) = schema::words(key.path) {
        return words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ");
    }
    match (key.kind, schema::bounds(key.path)) {
        (Kind::Integer, Some((low, i64::MAX))) => format!("integer, {low} or more"),
        (Kind::Integer, Some((low, high))) => format!("integer, {low} to {high}"),
        (Kind::Integer, None) => "integer".to_owned(),
        (Kind::Number, _) => "number".to_owned(),
        (Kind::Table, _) => "table".to_owned(),
        (Kind::Named, _) => "table of names".to_owned(),
        (Kind::Tables, _) => "list of tables".to_owned(),
        (Kind::Overlay, _) => "overlay".to_owned(),
        (Kind::Generator, _) => "generator".to_owned(),
        (Kind::Steps, _) => "list of steps".to_owned(),
        (Kind::Text, _) => "text".to_owned(),
        (Kind::Word, _) => "word".to_owned(),
        (Kind::Duration, _) => "duration".to_owned(),
        (Kind::Flag, _) => "`true` or `false`".to_owned(),
        (Kind::Scalar, _) => "text, number or flag".to_owned(),
        (Kind::List, _) => "list".to_owned(),
        (Kind::Other, _) => "see the example".to_owned(),
    }
}

fn row(key: &Key) -> String {
    let path = key.path.trim_start_matches("generator.").trim_start_matches("step.").replace('*', "NAME");
    let default = schema::default(key.path).map(|default| format!("`{default}`")).unwrap_or_default();
    let example = schema::example(key.path).map(|text| {
        let name = if key.name() == "*" { "NAME" } else { key.name() };
        format!("`{name} = {}`", text.replace('|', "\\|"))
    });
    let about = match schema::is_supported(key) {
        true => key.about.to_owned(),
        false => format!("{} *(refused: not in this version)*", key.about),
    };
    format!("| `{path}` | {} | {default} | {about} | {} |\n", takes(key), example.unwrap_or_default())
}

/// The reference of all keys.
fn language() -> String {
    let mut out = String::new();
    let first = |key: &Key| key.path.split('.').next().unwrap_or_default();
    let mut sections: Vec<(&str, &str)> = vec![SECTIONS[SECTIONS.len() - 1]];
    sections.extend(&SECTIONS[..SECTIONS.len() - 1]);
    let in_sections = |key: &Key| sections.iter().any(|(section, _)| *section == first(key));
    for (section, heading) in &sections {
        let _ = write!(
            out,
            "\n### {heading}\n\n| key | takes | default | what it is | example |\n| --- | --- | --- | --- | --- |\n"
        );
        for key in keys::all() {
            let belongs = match *section {
                "" => !in_sections(key),
                section => first(key) == section,
            };
            if belongs {
                out.push_str(&row(key));
            }
        }
    }
    out
}

/// The fields of `summary.json`, from the comments of the types that write it.
fn fields(source: &str) -> String {
    let mut out = String::new();
    let (mut about, mut name): (Vec<&str>, &str) = (Vec::new(), "");
    for line in source.lines() {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("///") {
            about.push(text.trim());
            continue;
        }
        if let Some(rest) = line.strip_prefix("pub struct ") {
            name = rest.split([' ', '<']).next().unwrap_or_default();
            let _ = write!(
                out,
                "\n### {name}\n\n{}\n\n| field | what it is |\n| --- | --- |\n",
                about.join(" ").replace("[`Figures`]", "`Figures`")
            );
        } else if let Some((field, ty)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": "))
            && !name.is_empty()
        {
            let nullable = if ty.starts_with("Option<") { " (or `null`)" } else { "" };
            let _ = writeln!(out, "| `{field}`{nullable} | {} |", about.join(" ").replace('|', "\\|"));
        } else if line.starts_with("pub enum ") {
            name = "";
        }
        if !line.starts_with("#[") {
            about.clear();
        }
    }
    out
}

/// Puts a made part between its markers, or compares it with what stands there.
#[track_caller]
fn keep(file: &str, mark: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("the document");
    let (begin, end) = (format!("<!-- {mark}: made from the program -->\n"), format!("\n<!-- end of {mark} -->"));
    let (before, rest) = text.split_once(&begin).expect("its beginning");
    let (now, after) = rest.split_once(&end).expect("its end");
    if std::env::var_os("DBBENCH_UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{begin}{made}{end}{after}")).expect("written");
    } else {
        let differs = now.lines().zip(made.lines()).find(|(now, made)| now != made);
        // Not the whole of both, which nobody could read.
        assert!(
            now == made,
            "{file} is not what the program knows, first at {differs:?}; DBBENCH_UPDATE=1 writes it anew"
        );
    }
}

#[test]
fn the_reference_of_keys_is_that_of_the_program() {
    keep("docs/workload.md", "keys", &language());
}

#[test]
fn the_fields_of_results_are_those_of_the_program() {
    let source = include_str!("../result/summary.rs");
    keep("docs/results.md", "fields", &fields(source));
}

#[test]
fn no_key_is_left_out_of_the_reference() {
    let language = language();
    for key in keys::all() {
        assert!(language.contains(&row(key)), "{}", key.path);
    }
    assert_eq!(language.matches("\n| `").count(), keys::all().len());
}
