//! Every crate that is compiled in must come under a licence that the project may pass on.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the message")]

use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

/// Each alone is enough; an expression needs one of its alternatives made of these only.
const ALLOWED: [&str; 11] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    // Parentheses bind first; without them AND binds before OR.
    if let Some((open, close)) = innermost(&expression) {
        let inner = if allowed(&expression[open + 1..close]) { "MIT" } else { "refused" };
        return allowed(&format!("{}{inner}{}", &expression[..open], &expression[close + 1..]));
    }
    expression.split(" OR ").any(|all| all.split(" AND ").all(|one| ALLOWED.contains(&one.trim())))
}

/// What the repository holds of others: file, SHA-256 of what was taken over, the licence beside it, and a line of it.
const TAKEN_OVER: [(&str, &str, &str, &str); 2] = [
    (
        "src/report/assets/uplot/uPlot.iife.min.js",
        "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        "src/report/assets/uplot/LICENSE.txt",
        "The MIT License (MIT)",
    ),
    (
        "src/report/assets/uplot/uPlot.min.css",
        "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
        "src/report/assets/uplot/LICENSE.txt",
        "The MIT License (MIT)",
    ),
];

#[test]
fn what_was_taken_over_is_unchanged_and_has_its_licence_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, expected, licence, line) in TAKEN_OVER {
        let found: String =
            Sha256::digest(std::fs::read(root.join(file)).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected, "{file} is not the file of uPlot 1.6.32");
        assert!(std::fs::read_to_string(root.join(licence)).unwrap().contains(line), "{licence}");
    }
}

fn innermost(expression: &str) -> Option<(usize, usize)> {
    let close = expression.find(')')?;
    Some((expression[..close].rfind('(')?, close))
}

#[test]
fn every_dependency_has_a_licence_that_may_be_passed_on() {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    command.args(["--filter-platform", "x86_64-unknown-linux-gnu"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "only {} packages were found", packages.len());
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !allowed(package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(refused.is_empty(), "not on the list of licences: {refused:#?}");
}

#[test]
fn an_expression_needs_one_alternative_that_is_allowed_as_a_whole() {
    assert!(
        allowed("MIT OR Apache-2.0") && allowed("GPL-3.0 OR MIT") && allowed("(MIT OR Apache-2.0) AND Unicode-3.0")
    );
    assert!(
        !allowed("GPL-3.0") && !allowed("(MIT OR Zlib) AND GPL-3.0") && !allowed("MIT AND GPL-3.0") && !allowed("")
    );
}
