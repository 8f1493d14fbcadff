//! What the options and the environment override in a workload file.

use super::args::OverrideArgs;
use super::failure::Failure;
use crate::words::ExitCode;
use crate::workload::Overrides;

/// Variables that stand below the file, and the keys that they set.
const VARIABLES: [(&str, &str); 5] = [
    ("DBBENCH_SEED", "run.seed"),
    ("DBBENCH_ROUNDS", "run.rounds"),
    ("DBBENCH_MEASURE", "run.measure"),
    ("DBBENCH_WARMUP", "run.warmup"),
    ("DBBENCH_WORKERS", "run.workers"),
];

/// Dotted key, value, and where it was given.
type Setting = (String, String, String);

/// Options first, then variables, which only set what neither option nor file does.
///
/// # Errors
/// When `--set` is not `KEY=VALUE`, or names a key twice.
pub fn overrides(args: &OverrideArgs) -> Result<Overrides, Failure> {
    let mut set: Vec<Setting> = Vec::new();
    for text in &args.set {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            let rule = format!("`--set` takes KEY=VALUE, got `{text}`: for example --set topology.link.rtt=2ms");
            Failure::text(ExitCode::Usage, rule)
        })?;
        set.push(setting(key.trim(), value.trim(), "--set"));
    }
    let short = [
        ("run.seed", &args.seed, "--seed"),
        ("run.rounds", &args.rounds, "--rounds"),
        ("run.measure", &args.measure, "--measure"),
        ("run.warmup", &args.warmup, "--warmup"),
    ];
    for (key, value, origin) in short {
        if let Some(value) = value {
            set.push(setting(key, value, origin));
        }
    }
    for (at, later) in set.iter().enumerate() {
        if let Some(earlier) = set[..at].iter().find(|earlier| earlier.0 == later.0) {
            let (key, first, second) = (&later.0, &earlier.2, &later.2);
            let rule = format!("`{key}` is set twice, by {first} and by {second}: give it once");
            return Err(Failure::text(ExitCode::Usage, rule));
        }
    }
    let variables = VARIABLES
        .into_iter()
        .filter_map(|(variable, key)| Some(setting(key, &std::env::var(variable).ok()?, variable)))
        .filter(|variable| set.iter().all(|option| option.0 != variable.0))
        .collect::<Vec<_>>();
    set.extend(variables);
    Ok(Overrides { set, only: args.only.clone(), without_baseline: false })
}

fn setting(key: &str, value: &str, origin: &str) -> Setting {
    (key.to_owned(), value.to_owned(), origin.to_owned())
}
