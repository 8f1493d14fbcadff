//! A database of one run.

use super::super::external::{ExternalError, Wishes, on_own_thread};
use super::super::folders;
use super::{COPY, MARK, comment, database_name, identifier, literal};
use crate::driver::{Control, DriverError, Endpoint};

/// What a copy of a run's database is made with.
#[derive(Clone, Debug)]
pub struct CopySource {
    /// Where statements about databases are given.
    pub admin: Endpoint,
    /// The database to be copied.
    pub template: String,
    /// The comment that each copy gets at once.
    pub mark: String,
}

/// A database that this run has made. Dropping the value drops the database: what is to be kept is given to `end`.
#[derive(Debug)]
pub struct OwnDatabase {
    name: String,
    comment: String,
    /// Where statements about the database are given: not in it.
    admin: Endpoint,
    keep: bool,
    ended: bool,
    /// Tells other runs that somebody is there.
    alive: Control,
}

impl OwnDatabase {
    /// Makes one, marked.
    pub(in crate::topology) async fn create(base: &Endpoint, wishes: &Wishes<'_>) -> Result<Self, ExternalError> {
        let random = folders::random_hex().map_err(|error| ExternalError::Unsuitable(error.to_string()))?;
        let name = database_name(wishes.workload, &random);
        let comment = comment(wishes.workload, wishes.keep);
        let failed = || ExternalError::server(&format!("create the database \"{name}\""));
        let control = Control::connect(base).await.map_err(failed())?;
        let quoted = identifier(&name);
        // Nobody is ever connected to template0, and what is in template1 belongs to somebody.
        control.batch(&format!("CREATE DATABASE {quoted} TEMPLATE template0")).await.map_err(failed())?;
        let endpoint = Endpoint { database: name.clone(), ..base.clone() };
        let mark = format!("COMMENT ON DATABASE {quoted} IS {}", literal(&comment));
        // The session comes first: what has a mark and nobody in it, another run may drop at any time.
        let held = async {
            let alive = Control::connect(&endpoint).await?;
            match control.batch(&mark).await {
                Ok(()) => Ok(alive),
                Err(error) => {
                    alive.close().await;
                    Err(error)
                }
            }
        };
        let alive = match held.await {
            Ok(alive) => alive,
            Err(error) => {
                // It was made a moment ago, by this very session.
                let _ = control.batch(&format!("DROP DATABASE {quoted}")).await;
                return Err(failed()(error));
            }
        };
        control.close().await;
        Ok(Self { name, comment, admin: base.clone(), keep: wishes.keep, ended: false, alive })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What copies of it are made with. From here on no session of dbbench's own is in it, since a database is copied only
    /// while nobody is there: the run is known to others by a session beside it that bears its name.
    ///
    /// # Errors
    /// When the server does not let another session in.
    pub(in crate::topology) async fn make_copyable(&mut self, workload: &str) -> Result<CopySource, DriverError> {
        let beside = Control::connect(&self.admin).await?;
        beside.batch(&format!("SET application_name = {}", literal(&self.name))).await?;
        std::mem::replace(&mut self.alive, beside).close().await;
        Ok(CopySource { admin: self.admin.clone(), template: self.name.clone(), mark: comment(workload, false) })
    }

    /// Drops or keeps it; what the user should know.
    #[must_use]
    pub fn end(mut self) -> Option<String> {
        self.ended = true;
        let name = &self.name;
        if self.keep {
            // What a run that was cut off had copied is not what was to be kept.
            let _ = self.tidied();
            return Some(format!("database \"{name}\" is kept; `dbbench clean` drops it"));
        }
        self.remove().err().map(|why| {
            format!("database \"{name}\" could not be dropped ({why}): the next run on this server, or `dbbench clean`, does it")
        })
    }

    /// Drops copies, and lets sessions in again.
    fn tidied(&self) -> Result<(), String> {
        let name = self.name.clone();
        on_own_thread(&self.admin, async move |control| {
            drop_copies(control, &name).await?;
            control.batch(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", identifier(&name))).await
        })
    }

    fn remove(&self) -> Result<(), String> {
        let (name, comment) = (self.name.clone(), self.comment.clone());
        on_own_thread(&self.admin, async move |control| {
            drop_copies(control, &name).await?;
            let found = mark_of(control, &name).await?;
            // Without our mark it is not ours any more.
            if found.as_deref() != Some(&comment) {
                return Ok(());
            }
            control.batch(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(&name))).await
        })
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        // What fails here, the next run does. What was never made ready is not kept, even if that was asked for.
        if !self.ended {
            let _ = self.remove();
        }
    }
}

/// Drops the copies of a database of dbbench's, as far as they have its mark.
async fn drop_copies(control: &Control, of: &str) -> Result<(), DriverError> {
    let sql = format!(
        "SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname::text, {}) \
         AND starts_with(shobj_description(oid, 'pg_database'), {})",
        literal(&format!("{of}{COPY}")),
        literal(MARK)
    );
    for name in control.rows(&sql).await?.into_iter().flatten().flatten() {
        control.batch(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(&name))).await?;
    }
    Ok(())
}

/// The comment on a database.
pub(super) async fn mark_of(control: &Control, name: &str) -> Result<Option<String>, DriverError> {
    let sql = format!(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = {}",
        literal(name)
    );
    Ok(control.rows(&sql).await?.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
}
