//! What a server says about itself, and where its data lies.

use std::path::Path;

use super::error::TopologyError;
use crate::driver::{Control, Endpoint};

/// A server, for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Settings that differ from PostgreSQL's own defaults, by name, with their units.
    pub changed_settings: Vec<(String, String)>,
    /// Sessions at the same time, those reserved for superusers included.
    pub max_connections: u32,
    /// Sessions that only superusers get.
    pub reserved_connections: u32,
    /// Type of the file system with the data folder (`ext4`, `tmpfs` …), if known.
    pub data_file_system: Option<String>,
    /// Process id of the postmaster.
    pub pid: i32,
}

impl ServerInfo {
    /// How many sessions a run can have.
    #[must_use]
    pub fn sessions_available(&self) -> u32 {
        self.max_connections.saturating_sub(self.reserved_connections)
    }
}

/// Settings that say nothing about how the server behaves: dbbench's own, and what `initdb` notes of the machine.
const NOT_WORTH_SAYING: &str = "'port','listen_addresses','unix_socket_directories','password_encryption',\
     'log_timezone','TimeZone','DateStyle','default_text_search_config','lc_messages','lc_monetary','lc_numeric','lc_time',\
     'dynamic_shared_memory_type'";

pub(super) async fn ask(endpoint: &Endpoint, data: &Path, pid: i32) -> Result<ServerInfo, TopologyError> {
    let control = Control::connect(endpoint).await.map_err(TopologyError::Ask)?;
    let sql = "SELECT current_setting('server_version'), current_setting('max_connections'), \
               coalesce(current_setting('superuser_reserved_connections', true), '0'), \
               coalesce(current_setting('reserved_connections', true), '0')";
    let rows = control.rows(sql).await.map_err(TopologyError::Ask)?;
    let text = |at: usize| rows.first().and_then(|row| row.get(at)?.clone()).unwrap_or_default();
    let number = |at: usize| text(at).parse().unwrap_or(0);
    let sql = format!(
        "SELECT name, current_setting(name) FROM pg_settings WHERE source = 'configuration file' \
         AND setting IS DISTINCT FROM boot_val AND name NOT IN ({NOT_WORTH_SAYING}) ORDER BY name"
    );
    let changed = control.rows(&sql).await.map_err(TopologyError::Ask)?;
    let pair = |row: Vec<Option<String>>| {
        let mut row = row.into_iter();
        Some((row.next()??, row.next()??))
    };
    Ok(ServerInfo {
        version: text(0),
        changed_settings: changed.into_iter().filter_map(pair).collect(),
        max_connections: number(1),
        reserved_connections: number(2) + number(3),
        data_file_system: file_system_of(data),
        pid,
    })
}

/// The type of the file system that holds `path`.
#[must_use]
pub fn file_system_of(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = procfs::process::Process::myself().and_then(|process| process.mountinfo()).ok()?;
    let holding = mounts.into_iter().filter(|mount| path.starts_with(&mount.mount_point));
    // Of two mounts on the same folder the later one is seen.
    holding.max_by_key(|mount| mount.mount_point.components().count()).map(|mount| mount.fs_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_told_apart() {
        assert_eq!(file_system_of(Path::new("/proc/self")).as_deref(), Some("proc"));
        assert_ne!(file_system_of(Path::new("/")).as_deref(), Some("proc"));
    }
}
