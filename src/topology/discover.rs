//! Which PostgreSQL of this machine is used.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::TopologyError;

/// The oldest major version that is supported.
const OLDEST: u32 = 13;

/// The binaries of a PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder with `postgres` and `initdb`, symbolic links resolved.
    pub bindir: PathBuf,
    /// Version.
    pub version: Version,
    /// What `postgres --version` prints.
    pub version_text: String,
}

/// A server version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 15 of 15.18.
    pub major: u32,
    /// 18 of 15.18; 0 of a beta.
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Installation {
    /// The path of a program of this installation; it need not exist.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }
}

/// Finds the binaries: those of `pg_bindir` (`--pg-bindir`) or `$PG_CONFIG` if given; else the newest of what
/// `pg_config`, `PATH` and the usual folders have.
///
/// # Errors
/// When nothing usable is there; says what to install on this system.
pub fn discover(pg_bindir: Option<&Path>) -> Result<Installation, TopologyError> {
    if let Some(bindir) = pg_bindir {
        return named(&format!("--pg-bindir {}", bindir.display()), bindir);
    }
    if let Some(pg_config) = std::env::var_os("PG_CONFIG").filter(|value| !value.is_empty()) {
        let what = format!("$PG_CONFIG = {}", Path::new(&pg_config).display());
        let bindir = bindir_of(&pg_config).ok_or_else(|| TopologyError::Unusable {
            what: what.clone(),
            reason: "it did not answer `--bindir`".into(),
            remedy: "correct or unset it".into(),
        })?;
        return named(&what, &bindir);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest(&candidates(&path, &usual_folders()))
}

fn named(what: &str, bindir: &Path) -> Result<Installation, TopologyError> {
    let unusable =
        |reason: String, remedy: String| Err(TopologyError::Unusable { what: what.to_owned(), reason, remedy });
    match inspect(bindir) {
        Ok(found) if found.version.major >= OLDEST => Ok(found),
        Ok(found) => unusable(format!("PostgreSQL {} is older than {OLDEST}", found.version), remedy()),
        Err(reason) => unusable(reason, "name the folder that has postgres and initdb, or leave it out".into()),
    }
}

/// Every PostgreSQL that is found where `discover` looks when nothing is named, the newest first; also those too old to use.
#[must_use]
pub fn installed() -> Vec<Installation> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    installations(&candidates(&path, &usual_folders()))
}

fn installations(candidates: &[PathBuf]) -> Vec<Installation> {
    let mut folders: Vec<PathBuf> = candidates.iter().map(|bindir| behind_links(bindir)).collect();
    let mut seen = HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    let mut found: Vec<Installation> = folders.iter().filter_map(|bindir| inspect(bindir).ok()).collect();
    found.sort_by_key(|installation| Reverse(installation.version));
    found
}

fn newest(candidates: &[PathBuf]) -> Result<Installation, TopologyError> {
    let found = installations(candidates);
    if let Some(best) = found.into_iter().next().filter(|best| best.version.major >= OLDEST) {
        return Ok(best);
    }
    Err(TopologyError::NotInstalled {
        looked_at: "$PG_CONFIG, pg_config, PATH, /usr/lib/postgresql/*/bin, Homebrew's folders".into(),
        remedy: remedy(),
    })
}

/// Folders that may hold `postgres`, best first among equals.
fn candidates(path: &OsStr, usual: &[PathBuf]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = bindir_of(OsStr::new("pg_config")).into_iter().collect();
    for folder in std::env::split_paths(path) {
        if folder.join("postgres").exists() {
            found.push(folder);
        }
    }
    found.extend_from_slice(usual);
    found
}

/// A folder may hold nothing but links, to `postgres` alone or to all programs: the folder where these really are.
fn behind_links(bindir: &Path) -> PathBuf {
    let real = bindir.join("postgres").canonicalize().ok();
    let folder = real.as_deref().and_then(Path::parent).filter(|folder| folder.join("initdb").is_file());
    folder.unwrap_or(bindir).to_path_buf()
}

fn bindir_of(pg_config: &OsStr) -> Option<PathBuf> {
    let output = Command::new(pg_config).arg("--bindir").output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim_end_matches('\n'))).filter(|bindir| bindir.is_absolute())
}

fn usual_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        let names = fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(names.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("postgres").exists()));
    }
    let red_hat = fs::read_dir("/usr").into_iter().flatten().flatten();
    let named_pgsql = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b"pgsql-");
    folders.extend(red_hat.filter(named_pgsql).map(|entry| entry.path().join("bin")));
    folders.extend(["/usr/local/pgsql/bin", "/usr/bin"].map(PathBuf::from));
    folders
}

fn inspect(bindir: &Path) -> Result<Installation, String> {
    let bindir = behind_links(bindir).canonicalize().map_err(|error| error.to_string())?;
    for program in ["postgres", "initdb"] {
        if !bindir.join(program).is_file() {
            return Err(format!("it has no {program}"));
        }
    }
    let output = Command::new(bindir.join("postgres"))
        .arg("--version")
        .output()
        .map_err(|error| format!("`postgres --version` cannot be run: {error}"))?;
    let version_text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = parse_version(&version_text).ok_or_else(|| format!("`postgres --version` says {version_text:?}"))?;
    Ok(Installation { bindir, version, version_text })
}

fn parse_version(text: &str) -> Option<Version> {
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let major = digits(number)?;
    let minor = number.split_once('.').and_then(|(_, minor)| digits(minor)).unwrap_or(0);
    Some(Version { major, minor })
}

fn remedy() -> String {
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    remedy_for(&os_release)
}

fn remedy_for(os_release: &str) -> String {
    let value = |key: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let ids = format!("{} {}", value("ID"), value("ID_LIKE"));
    let command = ids.split_whitespace().find_map(|id| match id {
        "debian" | "ubuntu" => Some("apt-get install postgresql"),
        "fedora" | "rhel" | "centos" => Some("dnf install postgresql-server"),
        "arch" => Some("pacman -S postgresql"),
        "alpine" => Some("apk add postgresql"),
        "suse" | "opensuse" => Some("zypper install postgresql-server"),
        _ if cfg!(target_os = "macos") => Some("brew install postgresql"),
        _ => None,
    });
    match command {
        Some(command) => format!("install it (`{command}`) or name its folder with --pg-bindir"),
        None => "install PostgreSQL with your system's packages or name its folder with --pg-bindir".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn fake(folder: &Path, version: &str) {
        fs::create_dir_all(folder).expect("a folder");
        for program in ["postgres", "initdb"] {
            let path = folder.join(program);
            fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).expect("a script");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
    }

    #[test]
    fn the_newest_wins_and_links_in_path_are_resolved() {
        let root = tempfile::tempdir().expect("a folder");
        let (old, new, path) = (root.path().join("14/bin"), root.path().join("17/bin"), root.path().join("path"));
        fake(&old, "14.9");
        fake(&new, "17beta2");
        fs::create_dir(&path).expect("a folder");
        symlink(old.join("postgres"), path.join("postgres")).expect("a link");
        let found = candidates(path.as_os_str(), &[]);
        let by_path = newest(&found[found.len() - 1..]).expect("the link leads to it");
        assert_eq!(by_path.bindir, old.canonicalize().expect("there"));
        let best = newest(&[old.clone(), new.clone()]).expect("both work");
        assert_eq!((best.bindir, best.version), (new.canonicalize().expect("there"), Version { major: 17, minor: 0 }));
    }

    #[test]
    fn what_cannot_be_used_is_said_with_a_remedy() {
        let root = tempfile::tempdir().expect("a folder");
        fake(&root.path().join("old"), "12.22 (Debian 12.22-1)");
        let old = named("--pg-bindir old", &root.path().join("old")).expect_err("too old").to_string();
        assert!(old.starts_with("--pg-bindir old: PostgreSQL 12.22 is older than 13; "), "{old}");
        let empty = discover(Some(root.path())).expect_err("nothing there").to_string();
        assert!(empty.contains("it has no postgres"), "{empty}");
        let none = newest(&[root.path().join("nowhere")]).expect_err("nothing anywhere").to_string();
        assert!(none.contains("/usr/lib/postgresql/*/bin"), "{none}");
    }

    #[test]
    fn the_remedy_fits_the_system() {
        for (os_release, command) in [
            ("ID=debian\nVERSION_ID=\"12\"\n", "apt-get install postgresql"),
            ("NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt-get install postgresql"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf install postgresql-server"),
            ("ID=unheard-of\n", "your system's packages"),
        ] {
            assert!(remedy_for(os_release).contains(command), "{os_release}");
        }
    }
}
