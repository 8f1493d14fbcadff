//! Keeps the rules that lints cannot: which room may use which, one door per external crate, sizes, no unexplained
//! panics, nothing that reveals the machine. Reads the sources as text; each message begins with `file:line`.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "in a test a panic is the message")]

#[path = "tidy/paths.rs"]
mod paths;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use std::path::Path;

use paths::{external, rooted, supers};
use rules::{ARROWS, DOORS, Door, EXCEPTIONS, FILE_LINES, FUNCTION_LINES, MACHINE, PRINTERS, PUBLIC};
use source::{Source, files, functions, sort_tests_out, sources, words};

/// How many lines above a panic may hold its reason.
const REASON_LINES: usize = 8;

/// Paths into rooms that the file's own room may not use; exceptions that were needed are noted.
fn arrow_problems(file: &Source, exceptions: &[(&str, &str, &str)], needed: &mut Vec<usize>) -> Vec<String> {
    let room = file.room();
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![file.say(0, &format!("the room {room} is not in the table of arrows"))];
    };
    let mut problems = Vec::new();
    let in_library = rooted(&file.shipped, "crate");
    let from_binary = if room == "main" { rooted(&file.shipped, "dbbench") } else { Vec::new() };
    for (at, path) in in_library.into_iter().chain(from_binary) {
        let target = path[0].as_str();
        let is_room = ARROWS.iter().any(|(name, _)| *name == target);
        if target == room || matches!(target, "words" | "event") && room != "words" {
            continue;
        }
        let opens = |door: &str| match door.split_once("::") {
            Some((outer, inner)) => path.len() > 1 && outer == target && inner == path[1],
            None => door == target,
        };
        if allowed.iter().any(|door| opens(door)) {
            continue;
        }
        if let Some(used) = exceptions.iter().position(|(from, to, _)| *from == room && opens(to)) {
            needed.push(used);
            continue;
        }
        let path = path.join("::");
        let text = if is_room {
            format!("{room} may not use {path}: it may use {allowed:?}, words and event")
        } else {
            format!("crate::{path} does not name a room: write the whole path")
        };
        problems.push(file.say(at, &text));
    }
    for (at, length) in supers(&file.shipped) {
        if length >= file.depth() {
            problems.push(file.say(at, "super:: leaves the room: write crate::room"));
        }
    }
    problems
}

/// External crates used in rooms that are not their door.
fn door_problems(file: &Source) -> Vec<String> {
    let room = file.room();
    let mut problems = Vec::new();
    for (name, door) in DOORS {
        let open = match door {
            Door::Rooms(rooms) => rooms.contains(&room),
            Door::AllBut(rooms) => !rooms.contains(&room),
        };
        if open {
            continue;
        }
        let rule = match door {
            Door::Rooms(rooms) => format!("only {rooms:?} may"),
            Door::AllBut(rooms) => format!("{rooms:?} may not"),
        };
        let say = |at| file.say(at, &format!("{room} uses the crate {name}: {rule}"));
        problems.extend(external(&file.shipped, name).into_iter().map(say));
    }
    problems
}

/// Files and functions that are too long.
fn size_problems(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = file.shipped_lines();
    if lines > FILE_LINES {
        problems.push(file.say(0, &format!("{lines} lines, at most {FILE_LINES} (tests aside): split it by topic")));
    }
    for (at, name, lines) in functions(&file.shipped) {
        if lines > FUNCTION_LINES {
            problems.push(file.say(at, &format!("fn {name} has {lines} lines, at most {FUNCTION_LINES}")));
        }
    }
    problems
}

/// What a shipped file must not do: panic without a reason, stay unfinished, print, be unsafe without saying why.
fn conduct_problems(file: &Source) -> Vec<String> {
    let code = &file.shipped;
    let mut problems = Vec::new();
    if !file.is_test() && !file.raw.starts_with("//!") {
        problems.push(file.say(0, "the file must open with //! and what it is responsible for"));
    }
    for (at, _) in code.match_indices(".unwrap()").chain(expects(code)).chain(code.match_indices("panic!")) {
        if !has_reason(file, at, "//") && !has_reason(file, at, "reason =") {
            problems.push(file.say(at, "unwrap, expect or panic without a reason next to it"));
        }
    }
    for name in ["todo", "unimplemented", "dbg"] {
        let unfinished = words(code, name).filter(|at| code[at + name.len()..].starts_with('!'));
        problems.extend(unfinished.map(|at| file.say(at, &format!("{name}! must not stay"))));
    }
    if !PRINTERS.contains(&file.room()) {
        for name in ["println", "eprintln", "print", "eprint"] {
            let prints = words(code, name).filter(|at| code[at + name.len()..].starts_with('!'));
            problems.extend(prints.map(|at| file.say(at, &format!("{name}!: only {PRINTERS:?} print"))));
        }
    }
    for at in words(code, "unsafe") {
        if code[at + 6..].trim_start().starts_with('{') && !has_reason(file, at, "SAFETY:") {
            problems.push(file.say(at, "unsafe without a SAFETY comment above it"));
        }
    }
    problems
}

/// `.expect(` with a message: a parser's own method of that name takes no literal text.
fn expects(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices(".expect(").filter(|(at, found)| {
        let argument = code[at + found.len()..].trim_start();
        argument.starts_with('"') || argument.starts_with('&')
    })
}

/// Whether the line, or one of those above it within the same function, says `mark`. Documentation does not count.
fn has_reason(file: &Source, at: usize, mark: &str) -> bool {
    let last = file.line(at);
    let lines: Vec<&str> = file.raw.lines().skip(last.saturating_sub(REASON_LINES + 1)).collect();
    let near = &lines[..(REASON_LINES + 1).min(last)];
    near.iter().any(|line| {
        let text = line.trim_start();
        !text.starts_with("///") && !text.starts_with("//!") && line.contains(mark)
    })
}

/// Lines of a public file that reveal the machine.
fn machine_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (head, tail) in MACHINE {
            let pattern = format!("{head}{tail}");
            if line.contains(&pattern) {
                problems.push(format!("{path}:{}: {pattern} is a place on somebody's machine", number + 1));
            }
        }
    }
    problems
}

/// The dependencies of the manifest, as they are written in paths.
fn dependencies(manifest: &str) -> Vec<String> {
    let after = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = after.split("\n[").next().unwrap_or_default();
    section.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim().replace('-', "_")).collect()
}

#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn rooms_use_only_what_the_architecture_allows() {
    let mut needed = Vec::new();
    let mut problems: Vec<String> =
        sources("src").iter().flat_map(|file| arrow_problems(file, EXCEPTIONS, &mut needed)).collect();
    for (index, (from, to, _)) in EXCEPTIONS.iter().enumerate() {
        if !needed.contains(&index) {
            problems.push(format!("tests/tidy/rules.rs:1: no file needs the exception {from} → {to} any more"));
        }
    }
    none(&problems);
}

#[test]
fn each_crate_enters_by_its_door() {
    let mut problems: Vec<String> = sources("src").iter().flat_map(door_problems).collect();
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let known = dependencies(&manifest);
    assert!(known.contains(&"tokio_postgres".to_owned()), "the manifest was not understood: {known:?}");
    for name in &known {
        if !DOORS.iter().any(|(door, _)| door == name) {
            problems.push(format!("Cargo.toml:1: the crate {name} has no door in tests/tidy/rules.rs"));
        }
    }
    for (door, _) in DOORS {
        if !known.iter().any(|name| name == door) {
            problems.push(format!("tests/tidy/rules.rs:1: the crate {door} is no dependency any more"));
        }
    }
    none(&problems);
}

#[test]
fn files_and_functions_stay_short() {
    none(&sources("src").iter().flat_map(size_problems).collect::<Vec<_>>());
}

#[test]
fn shipped_code_neither_panics_unexplained_nor_prints() {
    none(&sources("src").iter().flat_map(conduct_problems).collect::<Vec<_>>());
}

#[test]
fn nothing_reveals_the_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut problems = Vec::new();
    for path in PUBLIC.iter().flat_map(|name| files(&root.join(name))) {
        // Pictures and other binary files cannot be read as text and hold no such line.
        if let Ok(text) = std::fs::read_to_string(&path) {
            problems.extend(machine_problems(&path.strip_prefix(root).unwrap().display().to_string(), &text));
        }
    }
    none(&problems);
}

/// The scanner itself: each sample breaks a rule, so that a scanner that sees nothing fails here.
mod scanner {
    use super::*;

    fn arrows(path: &str, text: &str) -> Vec<String> {
        arrow_problems(&Source::new(path, text), EXCEPTIONS, &mut Vec::new())
    }

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        let text = "let a = \"fn { // no\\\" \"; /* b /* c */ d */ let e = r#\"x \" y\"#; // ü\nlet f: &'a str = '\\''; g('{')";
        let code = Source::new("src/param/a.rs", text).code;
        assert_eq!(code.len(), text.len());
        assert!(!code.contains("no") && !code.contains('{') && !code.contains(" d ") && !code.contains('x'), "{code}");
        assert!(code.contains("let e") && code.contains("&'a str") && code.contains("g('"), "{code}");
    }

    #[test]
    fn test_items_are_not_shipped() {
        let file = Source::new(
            "src/param/a.rs",
            "//! A.\nfn a() {}\n#[cfg(test)]\nuse x::y;\n#[cfg(test)]\nmod tests {\n    fn b() { c.unwrap() }\n}\nfn d() {}\n",
        );
        assert!(!file.shipped.contains("unwrap") && !file.shipped.contains('y'));
        assert!(file.shipped.contains("fn d"), "{}", file.shipped);
        assert_eq!(file.shipped_lines(), 3);
        assert_eq!(Source::new("src/param/tests.rs", "//! T.\nfn a() {}\n").shipped_lines(), 0);
    }

    #[test]
    fn files_declared_under_cfg_test_are_not_shipped() {
        let files = [
            ("src/report/mod.rs", "//! R.\nmod page;\n#[cfg(test)]\nmod fixture;\n"),
            ("src/report/fixture.rs", "fn a() {}\n"),
            ("src/report/fixture/deep.rs", "fn a() {}\n"),
            ("src/report/fixtures.rs", "fn a() {}\n"),
            ("src/report/page.rs", "#[cfg(test)]\npub(super) mod draft;\nfn a() {}"),
            ("src/report/page/draft.rs", "fn a() {}\n"),
        ];
        let files = sort_tests_out(files.iter().map(|(path, text)| Source::new(path, text)).collect());
        let shipped: Vec<usize> = files.iter().map(Source::shipped_lines).collect();
        assert_eq!(shipped, [2, 0, 0, 1, 1, 0]);
    }

    #[test]
    fn forbidden_arrows_are_seen_however_they_are_written() {
        let cases = [
            ("src/param/a.rs", "use crate::driver::Control;", 1),
            ("src/param/a.rs", "use crate::{words::X, driver::{self, Args}, engine as e};", 3),
            ("src/param/a.rs", "fn a() -> crate::driver::Args { crate :: driver :: b() }", 2),
            ("src/dataset/a.rs", "use crate::workload::plan::Plan;", 0),
            ("src/dataset/a.rs", "use crate::workload::{plan::Plan, spec::Spec};", 1),
            ("src/dataset/a.rs", "use crate::workload;", 1),
            ("src/dataset/mod.rs", "use super::engine::Run;", 1),
            ("src/dataset/a/b.rs", "use super::super::Loaded;", 0),
            ("src/dataset/a/b.rs", "use super::super::super::engine::Run;", 1),
            ("src/words/mod.rs", "use crate::event::Event;", 1),
            ("src/event/mod.rs", "use crate::words::ExitCode; // use crate::engine::x;", 0),
            ("src/driver/a.rs", "use crate::param::Value; pub(crate) struct A;", 0),
            ("src/param/a.rs", "use crate::*;", 1),
            ("src/main.rs", "fn main() { dbbench::cli::run(); dbbench::engine::run() }", 1),
            ("src/param/a.rs", "fn a() { \"crate::driver\"; }\n#[cfg(test)] mod tests { use crate::driver::A; }", 0),
            ("src/param/a.rs", "crate::driver::<T>::b(); crate::param::c::<u8>()", 1),
        ];
        for (path, text, expected) in cases {
            let found = arrows(path, text);
            assert_eq!(found.len(), expected, "{path}: {text}\n{found:?}");
        }
        assert!(
            arrows("src/param/a.rs", "\n\nuse crate::cli;")[0].starts_with("src/param/a.rs:3: param may not use cli")
        );
    }

    #[test]
    fn crates_outside_their_door_are_seen() {
        let problems = |path: &str, text: &str| door_problems(&Source::new(path, text)).len();
        assert_eq!(problems("src/engine/a.rs", "use tokio_postgres::Row; ::tokio_postgres::connect();"), 2);
        assert_eq!(problems("src/engine/a.rs", "#[derive(clap::Parser)] struct A; use clap as c;"), 2);
        assert_eq!(problems("src/driver/a.rs", "use tokio_postgres::Row;"), 0);
        assert_eq!(problems("src/engine/a.rs", "mod csv; use self::csv::A; a::csv::b(); csv::c()"), 0);
        assert_eq!(problems("src/stats/a.rs", "let bytes = 1; bytes.len(); my_bytes::a()"), 0);
    }

    #[test]
    fn long_files_and_functions_are_seen() {
        let body = "    a();\n".repeat(FUNCTION_LINES - 1);
        let long = Source::new("src/param/a.rs", &format!("//! A.\ntrait T {{ fn c(); }}\nfn a() {{\n{body}}}\n"));
        assert_eq!(size_problems(&long), ["src/param/a.rs:3: fn a has 71 lines, at most 70"]);
        let file = |lines: usize| size_problems(&Source::new("src/param/a.rs", &"//! A.\n".repeat(lines))).len();
        assert_eq!((file(FILE_LINES), file(FILE_LINES + 1)), (0, 1));
    }

    #[test]
    fn bad_conduct_is_seen() {
        let problems = |text: &str| conduct_problems(&Source::new("src/param/a.rs", text)).len();
        assert_eq!(problems("fn a() {}"), 1);
        assert_eq!(problems("//! A.\nfn a() { b.unwrap() }"), 1);
        assert_eq!(problems("//! A.\n/// Doc.\nfn a() { b.expect(\"c\") }"), 1);
        assert_eq!(problems("//! A.\nfn a() {\n    // b was checked above.\n    b.unwrap()\n}"), 0);
        assert_eq!(problems("//! A.\n#[expect(clippy::panic, reason = \"b\")]\nfn a() { panic!() }"), 0);
        assert_eq!(problems("//! A.\nfn a() { self.expect(b'x')?; todo!() }"), 1);
        assert_eq!(problems("//! A.\nfn a() { println!(); unsafe { b() } }"), 2);
        assert_eq!(problems("//! A.\n// SAFETY: c\nfn a() { unsafe { b() } } // println!()"), 0);
    }

    #[test]
    fn places_of_the_machine_are_seen() {
        let text = MACHINE.iter().map(|(head, tail)| format!("a {head}{tail}b\n")).collect::<String>();
        assert_eq!(machine_problems("README.md", &text).len(), MACHINE.len());
        assert!(machine_problems("README.md", &text)[1].starts_with("README.md:2: "));
    }
}
