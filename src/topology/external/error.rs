//! What can go wrong with a server that already runs.

use crate::driver::DriverError;

/// The server cannot be used, or may not be used this way.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// No host of the target could be reached: each with its reason.
    #[error("{}", .0.join("\n"))]
    Unreachable(Vec<String>),
    /// An option does not fit the server.
    #[error("{0}")]
    Usage(String),
    /// The server is not what is needed.
    #[error("{0}")]
    Unsuitable(String),
    /// Something failed on the server.
    #[error("cannot {doing}")]
    Server {
        /// `create the database …`
        doing: String,
        /// Why.
        #[source]
        source: Box<DriverError>,
    },
}

impl ExternalError {
    /// What was being done when a statement failed.
    pub(in crate::topology) fn server(doing: &str) -> impl FnOnce(DriverError) -> Self + use<> {
        let doing = doing.to_owned();
        move |source| Self::Server { doing, source: Box::new(source) }
    }
}
