//! What stands outside of a connection string: variables, the home folder, the user.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// The environment, passed in.
pub struct Outside<'a> {
    /// A variable's value.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The user's name.
    pub user: Option<String>,
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("home", &self.home).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Outside<'static> {
    /// That of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let account = account();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        Self {
            variable: &|name| std::env::var(name).ok(),
            home: home.or_else(|| account.as_ref().map(|(_, home)| home.clone())),
            user: account.map(|(name, _)| name).or_else(|| std::env::var("USER").ok()),
        }
    }
}

/// Name and home folder of the user that this process runs as.
fn account() -> Option<(String, PathBuf)> {
    let id = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            [name, _, of, _, _, home, ..] if *of == id => Some(((*name).to_owned(), PathBuf::from(home))),
            _ => None,
        }
    })
}
