//! Statements and functions whose effect no read-only session stops, by how far it reaches.

use std::ops::Range;

use super::super::sql;

/// Functions that change something beyond the database although the session only reads; `*` stands for any end or middle.
const OF_THE_SERVER: [&str; 30] = [
    "dblink*",
    "lo_export",
    "lo_import",
    "pg_backup_*",
    "pg_cancel_backend",
    "pg_copy_*_replication_slot",
    "pg_create_*_replication_slot",
    "pg_create_restore_point",
    "pg_drop_replication_slot",
    "pg_file_*",
    "pg_import_system_collations",
    "pg_log_backend_memory_contexts",
    "pg_log_standby_snapshot",
    "pg_logical_slot_get_*",
    "pg_promote",
    "pg_reload_conf",
    "pg_replication_origin_*",
    "pg_replication_slot_advance",
    "pg_rotate_logfile*",
    "pg_start_backup",
    "pg_stat_reset_replication_slot",
    "pg_stat_reset_shared",
    "pg_stat_reset_slru",
    "pg_stat_reset_subscription_stats",
    "pg_stat_statements_reset",
    "pg_stop_backup",
    "pg_switch_wal",
    "pg_sync_replication_slots",
    "pg_terminate_backend",
    "pg_wal_replay_*",
];

/// The same within the database, or with a query given as text that is not looked at.
const OF_THE_DATABASE: [&str; 24] = [
    "brin_desummarize_range",
    "brin_summarize_*",
    "crosstab*",
    "gin_clean_pending_list",
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "lo_put",
    "lo_truncate*",
    "lo_unlink",
    "lowrite",
    "pg_advisory_*",
    "pg_clear_*_stats",
    "pg_export_snapshot",
    "pg_logical_emit_message",
    "pg_notify",
    "pg_restore_*_stats",
    "pg_stat_reset*",
    "pg_try_advisory_*",
    "query_to_xml*",
    "set_config",
    "ts_rewrite",
    "ts_stat",
    "xpath_table",
];

/// Whether a function changes something beyond the database.
pub(super) fn is_of_the_server(name: &str) -> bool {
    any(&OF_THE_SERVER, name)
}

/// Whether it changes something within the database, or what guards the session.
pub(super) fn is_of_the_database(name: &str) -> bool {
    any(&OF_THE_DATABASE, name)
}

/// The part of a statement that tells that it concerns the whole server.
pub(super) fn of_the_server(statement: &str) -> Option<Range<usize>> {
    let words = sql::words(statement);
    let upper: Vec<String> = words.iter().map(|word| statement[word.clone()].to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let count = match upper.as_slice() {
        ["CHECKPOINT" | "COPY" | "REASSIGN", ..] => 1,
        ["CREATE" | "ALTER" | "DROP", "USER", "MAPPING", ..] => return None,
        ["ALTER", "SYSTEM", ..]
        | ["CREATE" | "ALTER" | "DROP", "ROLE" | "USER" | "GROUP" | "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
        | ["DROP", "OWNED", ..] => 2,
        ["GRANT" | "REVOKE", rest @ ..] => match rest.iter().position(|word| *word == "ON") {
            // Of a role; ON is no name without quotes.
            None => 1,
            Some(at) => 1 + on_the_server(rest, at)?,
        },
        ["COMMENT" | "SECURITY", rest @ ..] => {
            let at = rest.iter().position(|word| *word == "ON")?;
            1 + on_the_server(rest, at)?
        }
        _ => return None,
    };
    Some(words[0].start..words[count - 1].end)
}

/// How many of the words up to what stands behind `ON`, where that is an object that all databases share.
fn on_the_server(words: &[&str], on: usize) -> Option<usize> {
    matches!(words.get(on + 1), Some(&("ROLE" | "DATABASE" | "TABLESPACE" | "PARAMETER"))).then_some(on + 2)
}

fn any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => *pattern == name,
    })
}
