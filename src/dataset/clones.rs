//! Copies of a loaded database, for variants that write: each begins with the same rows.
//!
//! The database copied from must have no sessions; it is closed to new ones when the first copy is made.

use super::error::DatasetError;
use super::server;
use crate::driver::{Control, Endpoint};
use crate::topology::{COPY, CopySource};

/// Makes and drops clones of one database.
#[derive(Debug)]
pub struct Clones {
    maintenance: Endpoint,
    template: String,
    whose: Whose,
    made: u32,
}

/// Whose the server is.
#[derive(Debug)]
enum Whose {
    /// Started for the run: everything may be done there. Clones belong to this role.
    Ours { owner: String },
    /// Somebody's: clones are marked, and belong to the role that the run has there.
    Theirs { mark: String },
}

impl Clones {
    /// Of the database `template` whose clones belong to the role `owner`. `maintenance` is a superuser's way to another
    /// database of the same server.
    #[must_use]
    pub fn new(maintenance: Endpoint, template: impl Into<String>, owner: impl Into<String>) -> Self {
        Self { maintenance, template: template.into(), whose: Whose::Ours { owner: owner.into() }, made: 0 }
    }

    /// Of a database that the run has made in somebody's server.
    #[must_use]
    pub fn marked(source: CopySource) -> Self {
        let CopySource { admin, template, mark } = source;
        Self { maintenance: admin, template, whose: Whose::Theirs { mark }, made: 0 }
    }

    /// Whether clones are marked, since the server is not the run's own.
    #[must_use]
    pub fn are_marked(&self) -> bool {
        matches!(self.whose, Whose::Theirs { .. })
    }

    /// Makes a clone. A server of the run's own is made to write it out, so that this does not happen while something is
    /// measured; somebody's is not made to write out what else it has. Gives the name of its database.
    ///
    /// # Errors
    /// When the server cannot copy: no space, sessions in the database.
    pub async fn make(&mut self) -> Result<String, DatasetError> {
        let template = quoted(&self.template);
        let name = format!("{}{COPY}{}", self.template, self.made + 1);
        let doing = || server(&format!("clone the database {}", self.template));
        let control = Control::connect(&self.maintenance).await.map_err(doing())?;
        if self.made == 0 {
            let close = format!("ALTER DATABASE {template} WITH ALLOW_CONNECTIONS false");
            control.batch(&close).await.map_err(doing())?;
        }
        let clone = quoted(&name);
        let copy = format!("CREATE DATABASE {clone} TEMPLATE {template}");
        match &self.whose {
            Whose::Ours { owner } => {
                control.batch(&format!("{copy} OWNER {}", quoted(owner))).await.map_err(doing())?;
                control.batch("CHECKPOINT").await.map_err(doing())?;
            }
            Whose::Theirs { mark } => {
                control.batch(&copy).await.map_err(doing())?;
                let mark = format!("COMMENT ON DATABASE {clone} IS {}", literal(mark));
                if let Err(error) = control.batch(&mark).await {
                    // Without a mark nobody would take it away.
                    let _ = control.batch(&format!("DROP DATABASE {clone}")).await;
                    return Err(doing()(error));
                }
            }
        }
        control.close().await;
        self.made += 1;
        Ok(name)
    }

    /// Drops a clone; sessions that are still in it end.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn remove(&self, name: &str) -> Result<(), DatasetError> {
        let doing = || server(&format!("drop the database {name}"));
        let control = Control::connect(&self.maintenance).await.map_err(doing())?;
        control.batch(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).await.map_err(doing())?;
        control.close().await;
        Ok(())
    }
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL takes it, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
