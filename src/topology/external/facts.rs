//! What a server says about itself and about who else uses it. What it does not tell is left out, with a note.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::driver::Control;

/// How often sessions of others are looked for, and how far apart: between two statements they are idle.
const LOOKS: u32 = 4;
const LOOK_GAP: Duration = Duration::from_millis(40);

/// A server, as far as it tells.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `PostgreSQL 15.18 (Debian 15.18-0+deb12u1)`
    pub version: String,
    /// `150018`
    pub version_number: Option<u32>,
    /// Whether it follows another server.
    pub is_standby: bool,
    /// Settings that somebody changed, by name, without those that can hold secrets or places.
    pub settings: BTreeMap<String, String>,
    /// Sessions that the role can still have; `None` when it does not tell.
    pub sessions_available: Option<u32>,
    /// Sessions of others that do something: application (or `without a name`), most first.
    pub active: Vec<(String, u32)>,
    /// Whether the role may create databases.
    pub may_create_databases: bool,
    /// What it does not tell.
    pub notes: Vec<String>,
}

/// Settings by number or word; no command, connection string, file or custom option, which may hold secrets.
const SETTINGS: &str = "SELECT name, current_setting(name) FROM pg_catalog.pg_settings \
     WHERE source NOT IN ('default', 'override', 'client', 'session') AND setting IS DISTINCT FROM boot_val \
     AND category <> 'Customized Options' AND category NOT LIKE 'File Locations%' \
     AND category NOT LIKE '%Authentication%' AND category NOT LIKE '%SSL%' AND category NOT LIKE 'Reporting and Logging%' \
     AND category NOT LIKE 'Client Connection Defaults / Locale%' AND context <> 'internal' \
     AND name !~ '(command|conninfo|passw|secret|token|_key|_file|_directory|_directories|library|libraries|slot_name)' \
     AND name NOT IN ('port', 'listen_addresses', 'cluster_name', 'dynamic_shared_memory_type', 'bonjour_name') \
     AND name NOT IN ('application_name', 'lock_timeout', 'default_transaction_read_only', 'search_path') ORDER BY name";

/// Who else does something. Without pg_read_all_stats the state of others is hidden.
const ACTIVE: &str = "SELECT coalesce(nullif(application_name, ''), 'without a name'), count(*) \
     FROM pg_catalog.pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' \
     AND state IN ('active', 'idle in transaction', 'fastpath function call') GROUP BY 1 ORDER BY 2 DESC, 1";

const HIDDEN: &str = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid <> pg_backend_pid() \
     AND datid IS NOT NULL AND state IS NULL";

/// The least of what server, database and role allow, less what is in use.
const AVAILABLE: &str = "SELECT least(\
     current_setting('max_connections')::int \
       - coalesce(current_setting('superuser_reserved_connections', true), '0')::int \
       - coalesce(current_setting('reserved_connections', true), '0')::int \
       - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL), \
     (SELECT nullif(datconnlimit, -1) - (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) \
       FROM pg_catalog.pg_database d WHERE datname = current_database()), \
     (SELECT nullif(rolconnlimit, -1) - (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid) \
       FROM pg_catalog.pg_roles r WHERE rolname = current_user))";

impl Facts {
    /// Asks.
    pub(super) async fn ask(control: &Control) -> Self {
        let mut facts = Self::default();
        let version = facts.cell(control, "its version", "SELECT current_setting('server_version')").await;
        facts.version = format!("PostgreSQL {}", version.unwrap_or_else(|| "of unknown version".to_owned()));
        let number = "SELECT current_setting('server_version_num')";
        facts.version_number =
            facts.cell(control, "its version's number", number).await.and_then(|text| text.parse().ok());
        let standby = facts.cell(control, "whether it is a standby", "SELECT pg_is_in_recovery()").await;
        facts.is_standby = standby.as_deref() == Some("t");
        if facts.is_standby {
            facts.notes.push(
                "the server is a standby: it answers from what it has replayed, and conflicts with replay may \
                              cancel statements (40001)"
                    .to_owned(),
            );
        }
        let settings = facts.rows(control, "its settings", SETTINGS).await;
        facts.settings = settings.into_iter().filter_map(pair).collect();
        let available = facts.cell(control, "how many sessions it has to give", AVAILABLE).await;
        facts.sessions_available = available
            .and_then(|text| text.parse::<i64>().ok())
            .map(|count| u32::try_from(count.max(0)).unwrap_or(u32::MAX));
        let may = "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";
        facts.may_create_databases =
            facts.cell(control, "whether the role may create databases", may).await.as_deref() == Some("t");
        facts.look_at_others(control).await;
        facts
    }

    /// The busiest of a few looks.
    async fn look_at_others(&mut self, control: &Control) {
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(LOOK_GAP).await;
            }
            let notes = self.notes.len();
            let rows = self.rows(control, "who else uses it", ACTIVE).await;
            if self.notes.len() > notes {
                return;
            }
            let found: Vec<(String, u32)> = rows
                .into_iter()
                .filter_map(pair)
                .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
                .collect();
            let sum = |list: &[(String, u32)]| list.iter().map(|(_, count)| count).sum::<u32>();
            if sum(&found) > sum(&self.active) {
                self.active = found;
            }
        }
        let hidden = self.cell(control, "who else uses it", HIDDEN).await.and_then(|text| text.parse::<u32>().ok());
        if let Some(hidden) = hidden.filter(|hidden| *hidden > 0) {
            self.notes.push(format!(
                "{hidden} sessions of others are connected; whether they are active is hidden from this role (GRANT \
                 pg_read_all_stats to see it)"
            ));
        }
    }

    async fn rows(&mut self, control: &Control, what: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        match control.rows(sql).await {
            Ok(rows) => rows,
            Err(error) => {
                self.notes.push(format!("the server does not tell {what}: {error}"));
                Vec::new()
            }
        }
    }

    async fn cell(&mut self, control: &Control, what: &str, sql: &str) -> Option<String> {
        self.rows(control, what, sql).await.into_iter().next()?.into_iter().next()?
    }

    /// `20 sessions of other applications are active …`, if any.
    #[must_use]
    pub fn others(&self) -> Option<String> {
        let sum: u32 = self.active.iter().map(|(_, count)| count).sum();
        let list: Vec<String> = self.active.iter().take(5).map(|(name, count)| format!("{name}: {count}")).collect();
        let list = list.join(", ");
        match sum {
            0 => None,
            1 => Some(format!("1 session of another application is active ({list}): figures will be its too")),
            more => {
                Some(format!("{more} sessions of other applications are active ({list}): figures will be theirs too"))
            }
        }
    }
}

fn pair(row: Vec<Option<String>>) -> Option<(String, String)> {
    let mut row = row.into_iter();
    Some((row.next()??, row.next()??))
}
