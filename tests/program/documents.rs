//! What the documents show works: every workload in them is right, every command in them runs. A block that cannot says why,
//! in a comment above it.

use std::path::Path;

use crate::support::{Place, measured};

const DOCUMENTS: [&str; 5] = ["README.md", "docs/workload.md", "docs/targets.md", "docs/results.md", "docs/method.md"];

/// A fenced block.
struct Block {
    language: String,
    text: String,
    /// Where it begins.
    line: usize,
    /// The reason why it is neither run nor checked.
    excused: bool,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let mut above = "";
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let marked = ["<!-- not run: ", "<!-- not checked: "].iter().find_map(|mark| above.strip_prefix(mark));
                let reason = marked.and_then(|rest| rest.strip_suffix(" -->"));
                assert!(
                    marked.is_none() || reason.is_some_and(|reason| reason.len() > 9),
                    "line {at}: a reason belongs there"
                );
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                    line: at + 1,
                    excused: reason.is_some(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) if !line.trim().is_empty() => above = line.trim(),
            (None, None) => {}
        }
        if open.is_some() {
            above = "";
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The name that a workload gives itself.
fn name_of(workload: &str) -> Option<&str> {
    let line = workload.lines().find_map(|line| line.strip_prefix("name"))?;
    line.split('"').nth(1)
}

#[test]
fn the_workloads_and_commands_of_the_documents_work() {
    let (mut workloads, mut commands) = (0, 0);
    for name in DOCUMENTS {
        let place = Place::new();
        let bin = Path::new(env!("CARGO_BIN_EXE_dbbench")).parent().unwrap().display().to_string();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
        for block in blocks(&document(name)).into_iter().filter(|block| !block.excused) {
            let here = format!("{name}:{}", block.line);
            match block.language.as_str() {
                "toml" => {
                    let workload = name_of(&block.text).unwrap_or_else(|| panic!("{here}: no name"));
                    place.file(&format!("{workload}.toml"), &block.text);
                    let checked = place.run(&["check", &format!("{workload}.toml")]);
                    assert_eq!(checked.code, Some(0), "{here}: {}", checked.stderr);
                    workloads += 1;
                }
                "sh" => {
                    for line in block.text.lines().filter(|line| !line.trim().is_empty()) {
                        let line = line.split(" #").next().unwrap_or_default().trim();
                        assert!(
                            line.starts_with("dbbench "),
                            "{here}: {line} is not a command of dbbench: say why it cannot run"
                        );
                        let is_run = line.starts_with("dbbench run ");
                        // In short form: what is tested is that it works.
                        let short = if is_run { " --rounds 1 --warmup 20ms --measure 50ms --no-progress" } else { "" };
                        let mut command = place.command("bash");
                        command.args(["-c", &format!("{line}{short}")]).env("PATH", &path);
                        let ran = place.start(command).wait();
                        let expected = if is_run { measured(0) } else { 0 };
                        if ran.code != Some(expected) {
                            eprintln!("{here}: {line}");
                        }
                        ran.ends_with(expected);
                        commands += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(
        workloads >= 1 && commands >= 6,
        "{workloads} workloads and {commands} commands: were the blocks understood?"
    );
}

#[test]
fn blocks_are_told_apart_and_excuses_are_seen() {
    let text = "a\n\n```sh\ndbbench list   # all\n```\n<!-- not run: it needs a server -->\n\n```sh\nx\n```\n\n```toml\nname = \"n\"\n```\n";
    let found = blocks(text);
    let shown: Vec<(&str, usize, bool)> =
        found.iter().map(|block| (block.language.as_str(), block.line, block.excused)).collect();
    assert_eq!(shown, [("sh", 3, false), ("sh", 8, true), ("toml", 12, false)]);
    assert_eq!(name_of(&found[2].text), Some("n"));
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for name in DOCUMENTS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        for target in document(name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") || target.starts_with('#') {
                continue;
            }
            let path = folder.parent().unwrap().join(target.split('#').next().unwrap_or_default());
            assert!(path.exists(), "{name} links to {target}");
        }
    }
}
