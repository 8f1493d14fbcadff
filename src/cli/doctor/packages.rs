//! Programs beside dbbench, and the command of this system's package manager that installs them.

use std::path::PathBuf;
use std::process::Command;

/// Package managers, each with what stands before the packages' names.
const MANAGERS: [(&str, &str); 6] = [
    ("apt-get", "apt-get install"),
    ("dnf", "dnf install"),
    ("pacman", "pacman -S"),
    ("apk", "apk add"),
    ("zypper", "zypper install"),
    ("brew", "brew install"),
];

/// Where servers lie that `PATH` of an ordinary user does not have.
const SYSTEM: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// The program's path, in `PATH` or where system programs lie.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SYSTEM.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The first line that a program prints about its version.
pub(super) fn version(path: &PathBuf) -> Option<String> {
    let output = Command::new(path).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Redis goes on with how it was built.
    let first = text.lines().next().and_then(|line| line.split(" sha=").next());
    first.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The command that installs a package here; Debian's name is given, the few others are known.
pub(super) fn install(package: &str) -> String {
    let found = MANAGERS.iter().find(|(manager, _)| program(manager).is_some());
    match found {
        Some((manager, command)) => format!("{command} {}", name_for(manager, package)),
        None => format!("install {package} with your system's packages"),
    }
}

fn name_for<'p>(manager: &str, package: &'p str) -> &'p str {
    match (manager, package) {
        ("apt-get", package) => package,
        (_, "redis-server") => "redis",
        (_, package) => package,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_the_name_of_the_system() {
        assert_eq!(name_for("apt-get", "redis-server"), "redis-server");
        assert_eq!(name_for("brew", "redis-server"), "redis");
        assert_eq!(name_for("dnf", "pgbouncer"), "pgbouncer");
        assert!(install("pgbouncer").contains("pgbouncer"));
    }

    #[test]
    fn programs_are_found_and_asked() {
        let shell = program("sh").expect("there is a shell");
        assert!(shell.is_absolute());
        assert_eq!(program("no-such-program-anywhere"), None);
    }
}
