//! A schema of one run, in a database that the user has allowed to be written to.

use super::super::external::{ExternalError, Wishes, on_own_thread};
use super::{KEPT_MARK, MARK, comment, identifier, literal};
use crate::driver::{Control, DriverError, Endpoint};

/// A schema that this run has made. Dropping the value drops the schema: what is to be kept is given to `end`.
#[derive(Debug)]
pub struct OwnSchema {
    name: String,
    comment: String,
    admin: Endpoint,
    keep: bool,
    ended: bool,
    /// Holds the lock that tells other runs that somebody is there.
    _alive: Control,
}

impl OwnSchema {
    /// Makes one, marked. One that a killed run has left is made anew; one that is kept, or without the mark, is refused.
    pub(in crate::topology) async fn create(
        base: &Endpoint,
        name: &str,
        wishes: &Wishes<'_>,
    ) -> Result<Self, ExternalError> {
        let failed = || ExternalError::server(&format!("create the schema \"{name}\""));
        let control = Control::connect(base).await.map_err(failed())?;
        let sql = format!("SELECT pg_try_advisory_lock(hashtext('dbbench'), hashtext({}))", literal(name));
        let rows = control.rows(&sql).await.map_err(failed())?;
        if rows.first().and_then(|row| row.first()).and_then(Option::as_deref) != Some("t") {
            let text =
                format!("--schema {name}: another run of dbbench is using it: name another, or wait for its end");
            return Err(ExternalError::Unsuitable(text));
        }
        match mark_of(&control, name).await.map_err(failed())? {
            None => {}
            Some(mark) if mark.starts_with(MARK) => drop_schema(&control, name).await.map_err(failed())?,
            Some(mark) if mark.starts_with(KEPT_MARK) => {
                let text = format!(
                    "--schema {name}: an earlier run was told to keep that schema: drop it with `dbbench clean`, or name another"
                );
                return Err(ExternalError::Usage(text));
            }
            Some(_) => {
                let text = format!(
                    "--schema {name}: there is a schema of that name, and dbbench has not made it: name one that does not \
                     exist (it is dropped when the run ends)"
                );
                return Err(ExternalError::Usage(text));
            }
        }
        let (quoted, comment) = (identifier(name), comment(wishes.workload, wishes.keep));
        let sql = format!("BEGIN; CREATE SCHEMA {quoted}; COMMENT ON SCHEMA {quoted} IS {}; COMMIT", literal(&comment));
        control.batch(&sql).await.map_err(failed())?;
        Ok(Self {
            name: name.to_owned(),
            comment,
            admin: base.clone(),
            keep: wishes.keep,
            ended: false,
            _alive: control,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Drops or keeps it; what the user should know.
    #[must_use]
    pub fn end(mut self) -> Option<String> {
        self.ended = true;
        let name = &self.name;
        if self.keep {
            return Some(format!("schema \"{name}\" is kept; `dbbench clean` drops it"));
        }
        self.remove().err().map(|why| {
            format!("schema \"{name}\" could not be dropped ({why}): the next run with --schema {name}, or `dbbench clean`, does it")
        })
    }

    fn remove(&self) -> Result<(), String> {
        let (name, comment) = (self.name.clone(), self.comment.clone());
        on_own_thread(&self.admin, async move |control| {
            // Without our mark it is not ours any more.
            if mark_of(control, &name).await?.as_deref() == Some(&comment) {
                drop_schema(control, &name).await?;
            }
            Ok(())
        })
    }
}

impl Drop for OwnSchema {
    fn drop(&mut self) {
        // What fails here, the next run or `dbbench clean` does. What was never made ready is not kept.
        if !self.ended {
            let _ = self.remove();
        }
    }
}

/// The comment on a schema: `None` without such a schema, empty without a comment.
async fn mark_of(control: &Control, name: &str) -> Result<Option<String>, DriverError> {
    let sql = format!(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_catalog.pg_namespace WHERE nspname = {}",
        literal(name)
    );
    Ok(control.rows(&sql).await?.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
}

/// Drops a schema of dbbench's with all that is in it; not when anything outside of it would go too.
pub(super) async fn drop_schema(control: &Control, name: &str) -> Result<(), DriverError> {
    let (quoted, text) = (identifier(name), literal(name));
    // What depends on something in the schema (a view, a foreign key, a function) goes with CASCADE: then nothing goes.
    let outside = format!(
        "WITH ours AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {text}) SELECT \
         (SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace NOT IN (SELECT oid FROM ours) \
            AND relnamespace <> 'pg_toast'::regnamespace) \
         + (SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace NOT IN (SELECT oid FROM ours)) \
         + (SELECT count(*) FROM pg_catalog.pg_constraint WHERE connamespace NOT IN (SELECT oid FROM ours)) \
         + (SELECT count(*) FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
            WHERE NOT attisdropped AND relnamespace NOT IN (SELECT oid FROM ours) \
            AND relnamespace <> 'pg_toast'::regnamespace)"
    );
    let guarded = format!(
        "DO $guard$ DECLARE n_before bigint; n_after bigint; BEGIN n_before := ({outside}); \
         EXECUTE {drop}; n_after := ({outside}); IF n_before <> n_after THEN \
         RAISE EXCEPTION 'something outside of the schema depends on it' USING ERRCODE = '2BP01'; END IF; END $guard$",
        drop = literal(&format!("DROP SCHEMA {quoted} CASCADE")),
    );
    control.batch(&guarded).await
}
