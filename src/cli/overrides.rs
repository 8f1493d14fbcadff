//! What the options and the environment override in a workload file.

use super::args::OverrideArgs;
use super::failure::Failure;
use crate::words::ExitCode;
use crate::workload::{Override, Overrides};

/// Variables that stand below the file, and the keys that they set.
const VARIABLES: [(&str, &str); 5] = [
    ("DBBENCH_SEED", "run.seed"),
    ("DBBENCH_ROUNDS", "run.rounds"),
    ("DBBENCH_MEASURE", "run.measure"),
    ("DBBENCH_WARMUP", "run.warmup"),
    ("DBBENCH_WORKERS", "run.workers"),
];

/// Options first, then variables, which only set what neither option nor file does.
///
/// # Errors
/// When `--set` is not `KEY=VALUE`, or names a key twice.
pub fn overrides(args: &OverrideArgs) -> Result<Overrides, Failure> {
    let mut set = Vec::new();
    for text in &args.set {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            let rule = format!("`--set` takes KEY=VALUE, got `{text}`: for example --set topology.link.rtt=2ms");
            Failure::text(ExitCode::Usage, rule)
        })?;
        set.push(option(key.trim(), value.trim(), "--set"));
    }
    let short = [
        ("run.seed", &args.seed, "--seed"),
        ("run.rounds", &args.rounds, "--rounds"),
        ("run.measure", &args.measure, "--measure"),
        ("run.warmup", &args.warmup, "--warmup"),
    ];
    for (key, value, origin) in short {
        if let Some(value) = value {
            set.push(option(key, value, origin));
        }
    }
    for (at, later) in set.iter().enumerate() {
        if let Some(earlier) = set[..at].iter().find(|earlier| earlier.key == later.key) {
            let (key, first, second) = (&later.key, &earlier.origin, &later.origin);
            let rule = format!("`{key}` is set twice, by {first} and by {second}: give it once");
            return Err(Failure::text(ExitCode::Usage, rule));
        }
    }
    let defaults = VARIABLES
        .into_iter()
        .filter_map(|(variable, key)| Some(option(key, &std::env::var(variable).ok()?, variable)))
        .collect();
    Ok(Overrides { set, defaults, only: args.only.clone() })
}

fn option(key: &str, value: &str, origin: &str) -> Override {
    Override { key: key.to_owned(), value: value.to_owned(), origin: origin.to_owned() }
}
