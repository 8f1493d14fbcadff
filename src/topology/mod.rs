//! Servers and the way to them: finding PostgreSQL on this machine, starting and ending a server of its own for a run,
//! keeping templates and loaded datasets, and the link with its round-trip time.
//!
//! What is loaded into a server, and what is measured on it, is left to others. Servers and their folders never outlive
//! dbbench by more than a moment, however it ends: see [`reaper`].

mod account;
mod cache;
mod cluster;
mod copy;
mod discover;
mod embedded;
mod error;
mod external;
mod folders;
mod guard;
mod info;
pub mod kept;
mod link;
mod postmaster;
mod processes;
pub mod reaper;
mod settings;
mod shared_memory;
mod spawn;
mod wal;

pub use account::{Account, server_account};
pub use cache::{Kind, cache_limit_bytes};
pub use discover::{Installation, Version, discover, installed};
pub use embedded::{DATABASE, Embedded, StartOptions};
pub use error::TopologyError;
pub use external::{Approach, External, ExternalError, Facts, Wishes, attach, reach};
pub use folders::{cache_root, run_root};
pub use guard::{COPY, Cleaned, CopySource, OwnDatabase, OwnSchema, clean};
pub use info::{ServerInfo, file_system_of};
pub use link::{AddedDelay, Link, measure_added_delay};
