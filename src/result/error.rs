//! What can go wrong with a result folder.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of writing results. What was written before stays readable.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder is there and holds something.
    #[error("result folder {} is not empty; give a new or an empty one with --out", .0.display())]
    NotEmpty(PathBuf),
    /// The path names something else.
    #[error("{} is not a folder; give a new or an empty folder with --out", .0.display())]
    NotAFolder(PathBuf),
    /// A file or the folder could not be written.
    #[error("cannot write {}; {remedy}", file.display())]
    Write {
        /// Which file.
        file: PathBuf,
        /// What to do.
        remedy: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file was removed while the run was writing to it.
    #[error("{} was removed during the run, so its results are lost; run again, with --out in a place that stays", .0.display())]
    Gone(PathBuf),
    /// A value could not be encoded.
    #[error("cannot encode what belongs into {}", file.display())]
    Encode {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    pub(super) fn write(file: &Path, source: io::Error) -> Self {
        let remedy = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free space on its file system or choose another with --out; what was written before stays readable"
            }
            io::ErrorKind::FileTooLarge => {
                "raise the limit on the size of files (ulimit -f); what was written before stays readable"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "choose a folder that you may write to with --out"
            }
            io::ErrorKind::NotFound => "the folder it belongs to is not there; choose another with --out",
            _ => "what was written before stays readable",
        };
        Self::Write { file: file.to_owned(), remedy: remedy.to_owned(), source }
    }

    pub(super) fn encode(file: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Encode { file: file.to_owned(), source: source.into() }
    }
}

/// A failure of reading results.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no `run.json`.
    #[error("{} is not a result folder: it has no run.json", .0.display())]
    NotAResult(PathBuf),
    /// What it holds are rates of a search, which are no rounds of a run.
    #[error(
        "{} is the result of a search, whose rates are no rounds of one run; `dbbench report` shows it", .0.display()
    )]
    IsSearch(PathBuf),
    /// There is none in or below it either.
    #[error("{} is not a result folder: it has no run.json, and no result lies below it", .0.display())]
    NoResults(PathBuf),
    /// A file could not be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} does not hold what a result of dbbench holds; it may have been cut off or edited", file.display())]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Written by a newer dbbench.
    #[error("{} has schema version {found}, and this dbbench knows versions up to {known}; read it with a newer dbbench", file.display())]
    Newer {
        /// Which file.
        file: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version that this program knows.
        known: u32,
    },
}

impl ReadError {
    pub(super) fn malformed(file: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Malformed { file: file.to_owned(), source: source.into() }
    }
}
