//! A data folder: made by `initdb`, with the role and the database that a run uses, and configured for a run.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::Path;

use super::account::Account;
use super::copy::NO_FOLLOW;
use super::discover::Installation;
use super::error::{Doing, TopologyError};
use super::{folders, settings, spawn};
use crate::driver::Secret;

/// The superuser, for checkpoints and settings.
pub(super) const SUPERUSER: &str = "postgres";
/// The owner of the database, and the role of all load.
pub(super) const ROLE: &str = "dbbench";

/// The passwords of a cluster, kept in a 0600 file that libpq understands.
#[derive(Clone, Debug)]
pub(super) struct Passwords {
    pub(super) superuser: Secret,
    pub(super) role: Secret,
}

impl Passwords {
    fn random() -> Result<Self, TopologyError> {
        Ok(Self { superuser: Secret::new(folders::random_hex()?), role: Secret::new(folders::random_hex()?) })
    }

    /// Reads the file that [`create`] wrote.
    pub(super) fn read(pgpass: &Path) -> Result<Self, TopologyError> {
        let text = fs::read_to_string(pgpass).doing_to("read", pgpass)?;
        let of = |user: &str| {
            let prefix = format!("*:*:*:{user}:");
            let password = text.lines().find_map(|line| line.strip_prefix(&prefix));
            password.map(Secret::new).ok_or_else(|| io::Error::other(format!("no password of {user} in it")))
        };
        let read = || Ok::<_, io::Error>(Self { superuser: of(SUPERUSER)?, role: of(ROLE)? });
        read().doing_to("read", pgpass)
    }

    fn as_pgpass(&self) -> String {
        let line = |user: &str, secret: &Secret| format!("*:*:*:{user}:{}\n", secret.for_private_file());
        line(SUPERUSER, &self.superuser) + &line(ROLE, &self.role)
    }
}

/// Makes a cluster in `folder/data` and its passwords in `folder/pgpass`. Nothing is flushed to disk.
pub(super) fn create(
    installation: &Installation,
    account: Option<&Account>,
    folder: &Path,
    md5: bool,
) -> Result<(), TopologyError> {
    let (data, password_file) = (folder.join("data"), folder.join("initdb-password"));
    let passwords = Passwords::random()?;
    write_file(&folder.join("pgpass"), &passwords.as_pgpass(), account)?;
    write_file(&password_file, passwords.superuser.for_private_file(), account)?;
    let method = if md5 { "md5" } else { "scram-sha-256" };
    let initdb = |locale: &str| {
        let mut command = spawn::command(&installation.program("initdb"), account, folder);
        command.arg("--pgdata").arg(&data).arg("--pwfile").arg(&password_file);
        command.args(["--username", SUPERUSER, "--encoding=UTF8", "--no-sync"]);
        command.arg(format!("--auth={method}")).arg(format!("--locale={locale}"));
        spawn::run(command, "")
    };
    // Sorted by code point wherever it runs, and as in most databases an index is no help for LIKE by itself.
    match initdb("C.UTF-8") {
        Err(TopologyError::Program { reason, .. }) if reason.contains("locale") => {
            let _ = fs::remove_dir_all(&data);
            initdb("C")?
        }
        other => other?,
    };
    let _ = fs::remove_file(&password_file);
    let main = data.join("postgresql.conf");
    let include = OpenOptions::new().append(true).custom_flags(NO_FOLLOW).open(&main);
    include.and_then(|mut file| file.write_all(b"\ninclude 'dbbench.conf'\n")).doing_to("write", &main)?;
    write_file(&data.join("dbbench.conf"), "", account)?;

    let mut single = spawn::command(&installation.program("postgres"), account, folder);
    single.args(["--single", "-F", "-c", &format!("password_encryption={method}"), "-D"]).arg(&data).arg("template1");
    let password = passwords.role.for_private_file();
    let sql = format!(
        "CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'\nCREATE DATABASE {} OWNER {ROLE}\n",
        super::embedded::DATABASE
    );
    spawn::run(single, &sql)?;
    Ok(())
}

/// Where a server listens, and the settings of the workload.
#[derive(Debug)]
pub(super) struct Configuration<'a> {
    pub(super) socket_folder: &'a Path,
    pub(super) port: u16,
    pub(super) tcp: bool,
    pub(super) md5: bool,
    pub(super) settings: &'a BTreeMap<String, String>,
}

/// Writes the configuration of a run into a data folder, whatever run it was from.
pub(super) fn configure(data: &Path, account: Option<&Account>, with: &Configuration<'_>) -> Result<(), TopologyError> {
    let mut text = String::from("# Written by dbbench for one run.\n");
    text += &settings::line("port", &with.port.to_string());
    text += &settings::line("listen_addresses", if with.tcp { "127.0.0.1" } else { "" });
    text += &settings::line("unix_socket_directories", &with.socket_folder.display().to_string());
    text += &settings::line("password_encryption", if with.md5 { "md5" } else { "scram-sha-256" });
    for (name, value) in with.settings {
        text += &settings::line(name, value);
    }
    write_file(&data.join("dbbench.conf"), &text, account)?;
    // Also on the Unix socket: logging in costs the same on both ways.
    let method = if with.md5 { "md5" } else { "scram-sha-256" };
    let hba = format!("local all all {method}\nhost all all 127.0.0.1/32 {method}\n");
    write_file(&data.join("pg_hba.conf"), &hba, account)
}

/// Writes a new 0600 file in place of what may be there.
pub(super) fn write_file(path: &Path, text: &str, owner: Option<&Account>) -> Result<(), TopologyError> {
    let write = || {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        if let Some(owner) = owner {
            fchown(&file, Some(owner.uid), Some(owner.gid))?;
        }
        file.write_all(text.as_bytes())
    };
    write().doing_to("write", path)
}
