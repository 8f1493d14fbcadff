//! Copies of a loaded database, for variants that write: each begins with the same rows.
//!
//! The database copied from must have no sessions; it is closed to new ones when the first copy is made.

use super::error::DatasetError;
use super::server;
use crate::driver::{Control, Endpoint};

/// Makes and drops clones of one database.
#[derive(Debug)]
pub struct Clones {
    maintenance: Endpoint,
    template: String,
    owner: String,
    made: u32,
}

impl Clones {
    /// Of the database `template` whose clones belong to the role `owner`. `maintenance` is a superuser's way to another
    /// database of the same server.
    #[must_use]
    pub fn new(maintenance: Endpoint, template: impl Into<String>, owner: impl Into<String>) -> Self {
        Self { maintenance, template: template.into(), owner: owner.into(), made: 0 }
    }

    /// Makes a clone and has the server write it out, so that this does not happen while something is measured. Gives the
    /// name of its database.
    ///
    /// # Errors
    /// When the server cannot copy: no space, sessions in the database.
    pub async fn make(&mut self) -> Result<String, DatasetError> {
        let (template, owner) = (quoted(&self.template), quoted(&self.owner));
        let name = format!("{}_clone_{}", self.template, self.made + 1);
        let doing = || server(&format!("clone the database {}", self.template));
        let control = Control::connect(&self.maintenance).await.map_err(doing())?;
        if self.made == 0 {
            let close = format!("ALTER DATABASE {template} WITH ALLOW_CONNECTIONS false");
            control.batch(&close).await.map_err(doing())?;
        }
        let copy = format!("CREATE DATABASE {} TEMPLATE {template} OWNER {owner}", quoted(&name));
        control.batch(&copy).await.map_err(doing())?;
        control.batch("CHECKPOINT").await.map_err(doing())?;
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
