//! Every key of the language is either supported or refused by name: none is ignored, and none is called unknown.

use super::super::keys::{self, Key, Kind};
use super::{SMALL, compile};

/// A file that has the key at its place, with a value that may be wrong.
fn file_with(key: &Key) -> String {
    let parts: Vec<&str> = key.path.split('.').collect();
    let value = match key.kind {
        Kind::Table | Kind::Named | Kind::Overlay => "{}",
        Kind::Tables | Kind::Steps => "[{}]",
        _ => "[]",
    };
    let path = |parts: &[&str]| parts.join(".").replace('*', "zzz");
    match parts.as_slice() {
        ["generator", rest @ ..] => format!("{SMALL}[params.zzz]\n{} = {value}\n", path(rest)),
        ["step", rest @ ..] => format!("{SMALL}[operations.zzz]\nsteps = [{{ {} = {value} }}]\n", path(rest)),
        ["dataset", "tables"] => SMALL.to_owned(),
        ["dataset", "tables", rest @ ..] if !rest.is_empty() => {
            format!("{SMALL}[dataset.tables]\n{} = {value}\n", path(rest))
        }
        ["load", "stages", rest @ ..] if !rest.is_empty() => {
            format!("{SMALL}[load]\nstages = [{{ {} = {value} }}]\n", path(rest))
        }
        [list @ ("claim" | "expect"), rest @ ..] if !rest.is_empty() => {
            format!("{SMALL}[[{list}]]\n{} = {value}\n", path(rest))
        }
        [table @ ("variants" | "params" | "operations" | "constants" | "dataset"), rest @ ..] if !rest.is_empty() => {
            // The small file has these tables already, so the key goes under their headers.
            let header = format!("[{table}]\n");
            let line = format!("{} = {value}\n", path(rest));
            if SMALL.contains(&header) {
                SMALL.replace(&header, &format!("{header}{line}"))
            } else {
                format!("{SMALL}[{table}]\n{line}")
            }
        }
        [name] if SMALL.contains(&format!("[{name}")) || SMALL.contains(&format!("{name} =")) => SMALL.to_owned(),
        _ => format!("{} = {value}\n{SMALL}", path(&parts)),
    }
}

#[test]
fn every_key_is_supported_or_refused_by_name() {
    for key in keys::all() {
        let refused = keys::all().iter().find(|outer| {
            !outer.supported && (outer.path == key.path || key.path.starts_with(&format!("{}.", outer.path)))
        });
        let rendered = super::rendered(compile(&file_with(key)));
        assert!(!rendered.contains("is not TOML"), "{}: {rendered}", key.path);
        assert!(!rendered.contains("unknown key"), "{}: {rendered}", key.path);
        match refused {
            Some(refused) => {
                let name = if refused.name() == "*" { "zzz" } else { refused.name() };
                let message = format!("`{name}` is not supported by this version");
                assert!(rendered.contains(&message), "{}: {rendered}", key.path);
            }
            None => assert!(!rendered.contains("is not supported by this version"), "{}: {rendered}", key.path),
        }
    }
}

#[test]
fn the_documents_keys_are_all_known() {
    let documented = "
        replicas apply_delay synchronous quorum shards strategy pgbouncer pool_mode pool_size max_clients redis link rtt jitter
        bandwidth settings auth tls external mode pool size acquire_timeout max_lifetime hold via protocol session reads policy
        consistency window timeout fallback on_failure eject_after eject_for backoff_factor eject_max schema after_load seed
        roles tables rows columns shard_by constant uniform zipf over exponent scramble hotspot hot_fraction hot_weight normal
        mean deviation exponential choice text json null rate of timestamp next expr same_as distinct csv query steps answer
        ordered job about sql as for_each insert table chunk method values pause transaction isolation read_only two_phase
        pipeline together repeat draw on expect_rows retries retry_on backoff undo record collect key by max cache write leak
        clients think arrivals stages for ramp instances rounds warmup measure count drain clone workers pin backend ttl
        stampede operation every at enabled action target replication_lag activity plans equals setup title baseline
        same_answer answer_draws state margin claim source variant metric against ratio value at_most at_least name include
        topology connections routing dataset constants params operations mix load run background events probes checks variants
        sweep compare expect";
    for name in documented.split_whitespace() {
        assert!(keys::all().iter().any(|key| key.name() == name), "{name} is not in the table of keys");
    }
}
