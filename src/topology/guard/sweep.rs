//! What runs that were killed have left.

use super::super::external::ExternalError;
use super::database::mark_of;
use super::schema::drop_schema;
use super::{KEPT_MARK, MARK, identifier};
use crate::driver::{Control, DriverError, Endpoint};

/// Databases that could be dbbench's: name, comment, sessions in it or beside it (of a run that copies it, or whose copy it is),
/// whether the role may drop it.
const DATABASES: &str = "SELECT d.datname, coalesce(shobj_description(d.oid, 'pg_database'), ''), \
     (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid \
     OR (a.application_name LIKE 'dbbench\\_%' AND starts_with(d.datname::text, a.application_name))), pg_has_role(d.datdba, 'USAGE') \
     FROM pg_catalog.pg_database d WHERE d.datname LIKE 'dbbench\\_%' ORDER BY 1";

/// Schemas of this database that are dbbench's, and whether the role may drop them.
const SCHEMAS: &str = "SELECT nspname, obj_description(oid, 'pg_namespace'), \
     CASE WHEN pg_try_advisory_lock(hashtext('dbbench'), hashtext(nspname)) THEN 0 ELSE 1 END, pg_has_role(nspowner, 'USAGE') \
     FROM pg_catalog.pg_namespace WHERE obj_description(oid, 'pg_namespace') LIKE 'dbbench: %' ORDER BY 1";

/// What `dbbench clean` did, in words: `database "x"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Dropped, or to be dropped.
    pub dropped: Vec<String>,
    /// Left, each with the reason.
    pub left: Vec<String>,
}

struct Found {
    name: String,
    mark: String,
    in_use: bool,
    is_ours: bool,
}

async fn list(control: &Control, sql: &str) -> Result<Vec<Found>, DriverError> {
    let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let found = |row: Vec<Option<String>>| Found {
        name: text(&row, 0),
        mark: text(&row, 1),
        in_use: text(&row, 2) != "0",
        is_ours: text(&row, 3) == "t",
    };
    Ok(control.rows(sql).await?.into_iter().map(found).collect())
}

/// Drops marked databases in which nobody is, but not what is to be kept. What cannot be dropped now is left to the next run.
/// Gives the names.
pub(in crate::topology) async fn sweep(control: &Control, base: &Endpoint) -> Vec<String> {
    let Ok(found) = list(control, DATABASES).await else { return Vec::new() };
    let leftover = |found: &Found| found.mark.starts_with(MARK) && !found.in_use && found.is_ours;
    if !found.iter().any(leftover) {
        return Vec::new();
    }
    // The other session is read-only.
    let Ok(writer) = Control::connect(base).await else { return Vec::new() };
    let mut dropped = Vec::new();
    // A database gets its mark when a session is in it, so that none of these is one that is being made.
    for found in found.into_iter().filter(leftover) {
        if drop_database(&writer, &found).await.is_ok() {
            dropped.push(found.name);
        }
    }
    writer.close().await;
    dropped
}

/// Drops only what still has the mark; a database in which somebody is refuses.
async fn drop_database(control: &Control, found: &Found) -> Result<(), DriverError> {
    if mark_of(control, &found.name).await?.as_deref() != Some(&found.mark) {
        return Ok(());
    }
    control.batch(&format!("DROP DATABASE IF EXISTS {}", identifier(&found.name))).await
}

/// Drops all that dbbench has made on a server: databases, and schemas of the database connected to; with `dry_run` nothing.
///
/// # Errors
/// When the server cannot be asked.
pub async fn clean(base: &Endpoint, dry_run: bool) -> Result<Cleaned, ExternalError> {
    let failed = || ExternalError::server("look for what dbbench has made");
    let control = Control::connect(base).await.map_err(failed())?;
    let mut cleaned = Cleaned::default();
    for found in list(&control, DATABASES).await.map_err(failed())? {
        let what = format!("database \"{}\"", found.name);
        match reason_to_leave(&found) {
            Some(why) => cleaned.left.push(format!("{what} {why}")),
            None if dry_run => cleaned.dropped.push(what),
            None => note(&mut cleaned, what, drop_database(&control, &found).await),
        }
    }
    for found in list(&control, SCHEMAS).await.map_err(failed())? {
        let what = format!("schema \"{}\" of database \"{}\"", found.name, base.database);
        match reason_to_leave(&found) {
            Some(why) => cleaned.left.push(format!("{what} {why}")),
            None if dry_run => cleaned.dropped.push(what),
            None => note(&mut cleaned, what, drop_schema(&control, &found.name).await),
        }
    }
    control.close().await;
    Ok(cleaned)
}

fn reason_to_leave(found: &Found) -> Option<&'static str> {
    if !found.mark.starts_with(MARK) && !found.mark.starts_with(KEPT_MARK) {
        Some("does not have dbbench's mark: it is somebody's own")
    } else if found.in_use {
        Some("is in use")
    } else if !found.is_ours {
        Some("belongs to another role")
    } else {
        None
    }
}

fn note(cleaned: &mut Cleaned, what: String, done: Result<(), DriverError>) {
    match done {
        Ok(()) => cleaned.dropped.push(what),
        Err(error) => cleaned.left.push(format!("{what} could not be dropped: {error}")),
    }
}
