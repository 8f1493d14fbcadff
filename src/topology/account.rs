//! Who owns the servers: PostgreSQL refuses root, so root hands them to an unprivileged user.

use std::fs;

use super::error::{Doing, TopologyError};

/// Users that may own servers, best first. `SUDO_USER` comes before `nobody`.
const CANDIDATES: [&str; 3] = ["postgres", "_postgres", "_postgresql"];
const LAST: &str = "nobody";

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id, never 0.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
}

/// The user that servers run as: `None` when dbbench is not root and they run as itself.
///
/// # Errors
/// When dbbench is root and no unprivileged user is known.
pub fn server_account() -> Result<Option<Account>, TopologyError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd".into())?;
    let sudo_user = std::env::var("SUDO_USER").ok();
    choose(&passwd, sudo_user.as_deref()).map(Some)
}

fn choose(passwd: &str, sudo_user: Option<&str>) -> Result<Account, TopologyError> {
    let names: Vec<&str> = CANDIDATES.into_iter().chain(sudo_user).chain([LAST]).collect();
    names
        .iter()
        .find_map(|name| lookup(passwd, name))
        .ok_or_else(|| TopologyError::NoUnprivilegedUser { looked_for: names.join(", ") })
}

fn lookup(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (login, _password) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (login == name && uid != 0).then(|| Account { name: name.into(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n\
                          anna:x:1000:1000:,,,:/home/anna:/bin/sh\n";

    #[test]
    fn postgres_comes_first_then_who_called_sudo_then_nobody() {
        let with_postgres = format!("{PASSWD}postgres:x:101:104::/var/lib/postgresql:/bin/bash\n");
        let name = |passwd: &str, sudo| choose(passwd, sudo).expect("one is there").name;
        assert_eq!(name(&with_postgres, Some("anna")), "postgres");
        assert_eq!(choose(&with_postgres, None).expect("one is there").gid, 104);
        assert_eq!(name(PASSWD, Some("anna")), "anna");
        assert_eq!(name(PASSWD, Some("root")), "nobody");
    }

    #[test]
    fn without_any_the_message_says_what_to_create() {
        let error = choose("root:x:0:0::/root:/bin/sh\n", None).expect_err("nobody is there").to_string();
        assert!(error.contains("useradd --system postgres") && error.contains("nobody"), "{error}");
    }
}
