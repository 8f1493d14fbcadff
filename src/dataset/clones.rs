//! Copies of a loaded database, for variants that write: each begins with the same rows.
//!
//! The database copied from must have no sessions; it is closed to new ones when the first copy is made.

use super::error::DatasetError;
use super::server;
use crate::driver::{Control, DriverError, Endpoint};
use crate::topology::{COPY, CopySource};

/// Makes and drops clones of one database.
#[derive(Debug)]
pub struct Clones {
    maintenance: Endpoint,
    /// The loaded database: names of clones begin with its own.
    loaded: String,
    whose: Whose,
    made: u32,
    /// Databases that take no sessions any more.
    closed: Vec<String>,
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
    /// Of the database `loaded` whose clones belong to the role `owner`. `maintenance` is a superuser's way to another
    /// database of the same server.
    #[must_use]
    pub fn new(maintenance: Endpoint, loaded: impl Into<String>, owner: impl Into<String>) -> Self {
        let whose = Whose::Ours { owner: owner.into() };
        Self { maintenance, loaded: loaded.into(), whose, made: 0, closed: Vec::new() }
    }

    /// Of a database that the run has made in somebody's server.
    #[must_use]
    pub fn marked(source: CopySource) -> Self {
        let CopySource { admin, template, mark } = source;
        Self { maintenance: admin, loaded: template, whose: Whose::Theirs { mark }, made: 0, closed: Vec::new() }
    }

    /// The loaded database.
    #[must_use]
    pub fn loaded(&self) -> &str {
        &self.loaded
    }

    /// Whether clones are marked, since the server is not the run's own.
    #[must_use]
    pub fn are_marked(&self) -> bool {
        matches!(self.whose, Whose::Theirs { .. })
    }

    /// Makes a clone of the loaded database for a variant to change; both stay open to sessions. Gives its name.
    ///
    /// # Errors
    /// When the server cannot copy: no space, sessions in the database.
    pub async fn make_template(&mut self) -> Result<String, DatasetError> {
        let of = self.loaded.clone();
        let control = self.connect(&of).await?;
        let name = self.copy(&control, &of).await?;
        control.close().await;
        Ok(name)
    }

    /// Makes a clone of a database, which takes no sessions from then on. A server of the run's own is made to write the clone
    /// out, so that this does not happen while something is measured; somebody's is not made to write out what else it has.
    /// Gives the name of the clone.
    ///
    /// # Errors
    /// When the server cannot copy: no space, sessions in the database.
    pub async fn make(&mut self, of: &str) -> Result<String, DatasetError> {
        let control = self.connect(of).await?;
        if !self.closed.iter().any(|closed| closed == of) {
            let close = format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", quoted(of));
            control.batch(&close).await.map_err(cloning(of))?;
            self.closed.push(of.to_owned());
        }
        let name = self.copy(&control, of).await?;
        if let Whose::Ours { .. } = self.whose {
            control.batch("CHECKPOINT").await.map_err(cloning(of))?;
        }
        control.close().await;
        Ok(name)
    }

    async fn connect(&self, of: &str) -> Result<Control, DatasetError> {
        Control::connect(&self.maintenance).await.map_err(cloning(of))
    }

    async fn copy(&mut self, control: &Control, of: &str) -> Result<String, DatasetError> {
        let name = format!("{}{COPY}{}", self.loaded, self.made + 1);
        let clone = quoted(&name);
        let copy = format!("CREATE DATABASE {clone} TEMPLATE {}", quoted(of));
        match &self.whose {
            Whose::Ours { owner } => {
                control.batch(&format!("{copy} OWNER {}", quoted(owner))).await.map_err(cloning(of))?;
            }
            Whose::Theirs { mark } => {
                control.batch(&copy).await.map_err(cloning(of))?;
                let mark = format!("COMMENT ON DATABASE {clone} IS {}", literal(mark));
                if let Err(error) = control.batch(&mark).await {
                    // Without a mark nobody would take it away.
                    let _ = control.batch(&format!("DROP DATABASE {clone}")).await;
                    return Err(cloning(of)(error));
                }
            }
        }
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

fn cloning(of: &str) -> impl FnOnce(DriverError) -> DatasetError + use<> {
    server(&format!("clone the database {of}"))
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL takes it, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
