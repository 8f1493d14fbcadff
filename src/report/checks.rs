//! What is said about checks after slices.

use crate::result::summary::{Check, Summary};

/// A check with what it expected and found: `balance in naive: expected 120, found 100 (round 2; failed in 3 of 7 rounds)`.
#[must_use]
pub fn in_words(check: &Check) -> String {
    let Check { name, variant, expected, found, .. } = check;
    let rounds = match (check.rounds, check.failed_rounds) {
        // Of a result without rounds nothing more is known.
        (0, _) => String::new(),
        (1, _) => format!(" (round {})", check.round),
        (rounds, failed) => format!(" (round {}; failed in {failed} of {rounds} rounds)", check.round),
    };
    format!("{name} in {variant}: expected {expected}, found {found}{rounds}")
}

/// One sentence about the checks that passed, if any did.
#[must_use]
pub fn passed(summary: &Summary) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for check in summary.checks.iter().filter(|check| check.passed) {
        if !names.contains(&check.name.as_str()) {
            names.push(&check.name);
        }
    }
    let of = |name: &&str| {
        let all = || summary.checks.iter().filter(|check| check.name == **name);
        let passed: Vec<&str> = all().filter(|check| check.passed).map(|check| check.variant.as_str()).collect();
        match passed.len() == all().count() {
            true => (*name).to_owned(),
            false => format!("{name} (in {})", passed.join(", ")),
        }
    };
    let names: Vec<String> = names.iter().map(of).collect();
    (!names.is_empty()).then(|| format!("Checks passed after every slice: {}.", names.join(", ")))
}
