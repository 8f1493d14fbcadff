//! What `--a` and `--b` set, and what must not differ between sides.

use super::args::{AbArgs, Side};
use crate::cli::failure::Failure;
use crate::cli::overrides::overrides;
use crate::words::ExitCode;
use crate::workload::Overrides;

/// Sections that hold for both sides alike: what is measured would no longer be the same job, or would be judged otherwise.
const OF_BOTH: [&str; 10] =
    ["name", "title", "about", "include", "variants", "sweep", "compare", "claim", "expect", "probes"];
/// Keys of `run` that a side may have.
const RUN_OF_A_SIDE: [&str; 3] = ["run.clone", "run.cache", "run.workers"];
/// What dbbench can set only where it starts the server.
const OF_STARTED: [&str; 2] = ["topology.settings", "topology.auth"];

/// The overrides of a side: those of both and its own.
///
/// # Errors
/// When an option is not `KEY=VALUE`, sets a key twice, or one that both sides share.
pub fn of_side(args: &AbArgs, side: Side) -> Result<Overrides, Failure> {
    let mut all = overrides(&args.overrides)?;
    all.without_baseline = true;
    let option = side.option();
    let mut own: Vec<(String, String, String)> = Vec::new();
    for text in args.set(side) {
        if text.contains("://") && text.split_once('=').is_none_or(|(key, _)| key.contains("://")) {
            return refuse(format!(
                "`{option}` takes KEY=VALUE, got what looks like a connection string: the server of side {0} is named by \
                 --{0}-target",
                side.label()
            ));
        }
        let Some((key, value)) = text.split_once('=') else {
            return refuse(format!(
                "`{option}` takes KEY=VALUE, got `{text}`: for example {option} topology.link.rtt=2ms"
            ));
        };
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        may_differ(&key, option)?;
        if own.iter().any(|(known, ..)| *known == key) {
            return refuse(format!("`{key}` is set twice by {option}: give it once"));
        }
        own.push((key, value, option.to_owned()));
    }
    for (key, _, origin) in all.set.iter().filter(|(.., origin)| !origin.starts_with("DBBENCH_")) {
        if own.iter().any(|(known, ..)| known == key) {
            return refuse(format!(
                "`{key}` is set for both sides by {origin}, and for side {} by {option}: take one out, or give it to each side \
                 (--a {key}=… --b {key}=…)",
                side.label()
            ));
        }
    }
    // Variables fill in what nobody else says.
    all.set.retain(|(key, _, origin)| !origin.starts_with("DBBENCH_") || own.iter().all(|(known, ..)| known != key));
    let variables = all.set.iter().position(|(.., origin)| origin.starts_with("DBBENCH_")).unwrap_or(all.set.len());
    all.set.splice(variables..variables, own);
    Ok(all)
}

/// Whether a side may have a key of its own.
fn may_differ(key: &str, option: &str) -> Result<(), Failure> {
    let section = key.split('.').next().unwrap_or_default();
    if section == "run" && !RUN_OF_A_SIDE.contains(&key) {
        let hint = match key {
            "run.rounds" => "--rounds".to_owned(),
            "run.seed" => "--seed".to_owned(),
            "run.measure" => "--measure".to_owned(),
            "run.warmup" => "--warmup".to_owned(),
            _ => format!("--set {key}=…"),
        };
        return refuse(format!(
            "`{option} {key}`: both sides are measured in the same way (of `run` a side may have clone, cache and workers); for \
             both it is {hint}"
        ));
    }
    if OF_BOTH.contains(&section) {
        return refuse(format!(
            "`{option} {key}`: `{section}` holds for both sides alike, or they would not be the same work; for both it is --set \
             {key}=…"
        ));
    }
    Ok(())
}

/// Settings of a server that dbbench does not start would be left out, and the sides would be alike.
///
/// # Errors
/// When a side has such a key.
pub fn can_be_set(args: &AbArgs, side: Side, target: Option<&str>) -> Result<(), Failure> {
    let Some(target) = target else { return Ok(()) };
    let is_null = target.starts_with("null:");
    for key in args.set(side).iter().filter_map(|text| Some(text.split_once('=')?.0.trim())) {
        let of_started = OF_STARTED
            .iter()
            .any(|of| key.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        let of_null = is_null && (key.starts_with("topology") || key.starts_with("dataset"));
        if of_started || of_null {
            let why = match is_null {
                true => "the null target has neither server nor link nor data",
                false => {
                    "dbbench does not start that server, and changes no setting of it; for sessions there are `options` in the \
                          connection string"
                }
            };
            return refuse(format!(
                "`{} {key}` has no effect on the target of side {}: {why}",
                side.option(),
                side.label()
            ));
        }
    }
    if args.own_pg_bindir(side).is_some() {
        return refuse(format!(
            "--{0}-pg-bindir is about a server that dbbench starts, but side {0} has a target that already runs: take one out",
            side.label()
        ));
    }
    Ok(())
}

fn refuse<T>(rule: String) -> Result<T, Failure> {
    Err(Failure::text(ExitCode::Usage, crate::words::redacted(&rule)))
}

#[cfg(test)]
mod tests {
    use super::may_differ;

    #[test]
    fn what_decides_how_is_measured_is_for_both_sides() {
        for key in
            ["topology.link.rtt", "load.clients", "dataset.tables.users.rows", "run.workers", "constants.page", "mix.a"]
        {
            assert!(may_differ(key, "--a").is_ok(), "{key}");
        }
        for key in ["run.rounds", "run", "run.measure", "variants.x.load.clients", "compare.margin", "claim", "name"] {
            assert!(may_differ(key, "--a").is_err(), "{key}");
        }
        assert!(may_differ("run.rounds", "--b").unwrap_err().message.ends_with("for both it is --rounds"));
    }
}
