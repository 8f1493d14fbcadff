//! What runs need of this machine, and what makes figures from it worse.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytesize::ByteSize;
use rustix::process::Resource;

use super::packages::{install, program, version};
use super::{Finding, Status};
use crate::probe::Machine;
use crate::topology;

/// Free space below which loading a dataset may fail.
const LITTLE_SPACE: u64 = 2 << 30;
/// Shared memory below which a server with parallel queries may fail.
const LITTLE_SHARED_MEMORY: u64 = 256 << 20;
/// Descriptors for a few thousand clients.
const FEW_DESCRIPTORS: u64 = 4096;
/// How long the CPU is watched.
const LOOK: Duration = Duration::from_millis(200);
/// Share of the CPU taken by the host above which figures suffer.
const MUCH_STEAL: f64 = 0.01;

/// Looks at everything.
pub(super) fn look(pg_bindir: Option<&Path>) -> Vec<Finding> {
    let steal = steal();
    let machine = Machine::look();
    let mut findings = vec![postgres(pg_bindir), account(), servers_folder()];
    findings.extend([
        beside("PgBouncer", "pgbouncer", "pgbouncer"),
        beside("Redis", "redis-server", "redis-server"),
        kept(),
        results(),
        shared_memory(),
        descriptors(),
        cores(&machine),
        clock(&machine),
        governor(),
        steal,
        locale(),
    ]);
    findings
}

fn postgres(pg_bindir: Option<&Path>) -> Finding {
    match topology::discover(pg_bindir) {
        Ok(found) => {
            let mut text = format!("{} in {}", found.version, found.bindir.display());
            for other in topology::installed().into_iter().filter(|other| other.bindir != found.bindir) {
                text.push_str(&format!("; not used: {} in {}", other.version, other.bindir.display()));
            }
            Finding::good("PostgreSQL", text)
        }
        Err(error) => {
            let text = super::super::failure::chain(&error);
            Finding::new(Status::Missing, "PostgreSQL", text).remedy(install("postgresql"))
        }
    }
}

fn account() -> Finding {
    match topology::server_account() {
        Ok(None) => Finding::good("servers run as", "the user that calls dbbench"),
        Ok(Some(account)) => Finding::good("servers run as", account.name),
        Err(error) => Finding::new(Status::Missing, "servers run as", super::super::failure::chain(&error)),
    }
}

/// Where data folders of running servers are made.
fn servers_folder() -> Finding {
    const NAME: &str = "servers' folder";
    // Without a user nothing can be said about what it may enter; that is a finding of its own.
    let owner = topology::server_account().ok().flatten();
    match topology::run_root(owner.as_ref()) {
        Err(error) => Finding::new(Status::Missing, NAME, super::super::failure::chain(&error)),
        Ok(folder) => space(NAME, &folder, "DBBENCH_RUN_DIR names another folder"),
    }
}

fn kept() -> Finding {
    const NAME: &str = "cache";
    match topology::cache_root() {
        None => Finding::new(Status::Note, NAME, "no folder for it")
            .remedy("set DBBENCH_CACHE_DIR: loaded datasets are kept there"),
        Some(folder) => {
            let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(&folder);
            if !is_writable(there) {
                let found = format!("{} may not be written to", there.display());
                return Finding::new(Status::Note, NAME, found)
                    .remedy("datasets are loaded anew in each run; DBBENCH_CACHE_DIR names another folder");
            }
            space(NAME, &folder, "DBBENCH_CACHE_DIR names another folder")
        }
    }
}

/// Results of runs from here.
fn results() -> Finding {
    const NAME: &str = "results";
    let here = std::env::current_dir().unwrap_or_default();
    let folder = Some(here.join("results")).filter(|folder| folder.is_dir()).unwrap_or(here);
    if !is_writable(&folder) {
        let found = format!("{} may not be written to", folder.display());
        return Finding::new(Status::Note, NAME, found).remedy("--out names another folder");
    }
    space(NAME, &folder, "--out names another folder")
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// A folder, its file system, and what is free there.
fn space(name: &'static str, folder: &Path, remedy: &str) -> Finding {
    // One that does not exist yet will lie where its parent does.
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(folder);
    let Ok(stat) = rustix::fs::statvfs(there) else { return Finding::unknown(name) };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let kind = topology::file_system_of(there).unwrap_or_else(|| "unknown file system".to_owned());
    let found = format!("{} ({kind}, {} free)", folder.display(), ByteSize::b(free));
    if kind == "tmpfs" || kind == "ramfs" {
        let why = format!("in memory: a commit waits for no disk there; {remedy}");
        return Finding::new(Status::Note, name, found).remedy(why);
    }
    match free < LITTLE_SPACE {
        true => Finding::new(Status::Note, name, found).remedy(format!("little space; {remedy}")),
        false => Finding::good(name, found),
    }
}

/// A program that only some workloads need.
fn beside(name: &'static str, file: &str, package: &str) -> Finding {
    match program(file) {
        None => Finding::new(Status::Optional, name, "not installed; no workload of this version needs it")
            .remedy(install(package)),
        Some(path) => {
            let version = version(&path).map(|version| format!("{version}, ")).unwrap_or_default();
            Finding::good(name, format!("{version}{}", path.display()))
        }
    }
}

fn shared_memory() -> Finding {
    const NAME: &str = "shared memory";
    let Ok(stat) = rustix::fs::statvfs("/dev/shm") else { return Finding::unknown(NAME) };
    let (free, all) = (stat.f_bavail.saturating_mul(stat.f_frsize), stat.f_blocks.saturating_mul(stat.f_frsize));
    let found = format!("{} free of {} in /dev/shm", ByteSize::b(free), ByteSize::b(all));
    match free < LITTLE_SHARED_MEMORY {
        true => Finding::new(Status::Note, NAME, found)
            .remedy("parallel queries may fail; in a container: docker run --shm-size=1g"),
        false => Finding::good(NAME, found),
    }
}

fn descriptors() -> Finding {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let shown = |limit: Option<u64>| limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    let found = format!("{} open files (at most {})", shown(limit.current), shown(limit.maximum));
    match limit.current.is_some_and(|limit| limit < FEW_DESCRIPTORS) {
        true => Finding::new(Status::Note, "limits", found)
            .remedy("each client takes one or two: for thousands of them `ulimit -n 65536` first"),
        false => Finding::good("limits", found),
    }
}

fn cores(machine: &Machine) -> Finding {
    let Some(cores) = machine.cores else { return Finding::unknown("cores") };
    let memory = machine.memory_bytes.map(|bytes| format!(", {} of memory", ByteSize::b(bytes))).unwrap_or_default();
    let model = machine.cpu_model.as_deref().map(|model| format!(" ({model})")).unwrap_or_default();
    let found = format!("{cores}{model}{memory}");
    match cores < 2 {
        true => Finding::new(Status::Note, "cores", found)
            .remedy("generator and server share one core: response times include waiting for it"),
        false => Finding::good("cores", found),
    }
}

fn clock(machine: &Machine) -> Finding {
    let Some(source) = &machine.clock_source else { return Finding::unknown("clock source") };
    match machine.warnings().into_iter().next() {
        Some(warning) => Finding::new(Status::Note, "clock source", source.clone()).remedy(warning),
        None => Finding::good("clock source", source.clone()),
    }
}

fn governor() -> Finding {
    const NAME: &str = "CPU governor";
    let path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    let Ok(governor) = fs::read_to_string(path) else { return Finding::unknown(NAME) };
    match governor.trim() {
        "performance" => Finding::good(NAME, "performance"),
        other => Finding::new(Status::Note, NAME, other)
            .remedy("the clock rate follows the load: `cpupower frequency-set -g performance` keeps it"),
    }
}

/// What the host took of the CPU time while this was looking.
fn steal() -> Finding {
    const NAME: &str = "CPU steal";
    let before = cpu_times();
    std::thread::sleep(LOOK);
    let (Some((stolen, all)), Some((stolen_then, all_then))) = (cpu_times(), before) else {
        return Finding::unknown(NAME);
    };
    let (stolen_now, all_now) = (stolen.saturating_sub(stolen_then), all.saturating_sub(all_then));
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = |part: u64, all: u64| if all == 0 { 0.0 } else { part as f64 / all as f64 };
    let (now, ever) = (share(stolen_now, all_now), share(stolen, all));
    let found = format!("{:.1} % now, {:.1} % since the start of the machine", now * 100.0, ever * 100.0);
    match now.max(ever) > MUCH_STEAL {
        true => Finding::new(Status::Note, NAME, found)
            .remedy("the host takes CPU time away: runs may end as not valid (exit code 5)"),
        false => Finding::good(NAME, found),
    }
}

/// Stolen and all CPU time, in ticks.
fn cpu_times() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; what follows is counted in user and nice already.
    Some((*ticks.get(7)?, ticks.iter().take(8).sum()))
}

fn locale() -> Finding {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| {
        std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| format!("{name}={value}"))
    });
    Finding::good("locale", named.unwrap_or_else(|| "none set: C".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_looked_at() {
        let findings = look(None);
        for name in ["PostgreSQL", "servers run as", "cache", "results", "limits", "cores", "CPU steal"] {
            assert!(findings.iter().any(|finding| finding.name == name), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_where_its_parent_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let found = space("cache", &folder.path().join("a/b"), "remedy").found.expect("told");
        assert!(found.contains("a/b") && found.contains("free"), "{found}");
    }
}
