//! What is kept between runs, as people see it: a list of it, and making room.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::cache::{self, Cache, Entry, Kind, Removed};
use super::error::TopologyError;

/// Something that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// A fresh cluster, or one with a loaded dataset.
    pub kind: Kind,
    /// In words; empty where it was kept by a dbbench that did not say.
    pub about: String,
    /// Size of its files.
    pub bytes: u64,
    /// When it was made.
    pub made: SystemTime,
    /// When a run last began with it, or made it.
    pub used: SystemTime,
    /// Whether a run is copying it now.
    pub in_use: bool,
    /// Its folder.
    pub path: PathBuf,
}

/// All that is kept.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Datasets and templates, the last used first.
    pub kept: Vec<Kept>,
    /// What they may take together.
    pub limit_bytes: u64,
}

/// What came of making room.
#[derive(Clone, Debug, Default)]
pub struct Cleared {
    /// What went.
    pub removed: Vec<Kept>,
    /// What was to go, and a run is copying it.
    pub in_use: Vec<Kept>,
    /// What could not be moved away.
    pub stayed: Vec<Kept>,
}

/// Lists what is kept in `root`. Nothing is made where nothing is.
///
/// # Errors
/// When the cache cannot be opened.
pub fn list(root: &Path) -> Result<Option<Listed>, TopologyError> {
    if !root.exists() {
        return Ok(None);
    }
    let cache = Cache::open(root)?;
    let mut kept: Vec<Kept> = cache.entries().into_iter().map(|entry| shown(&entry)).collect();
    kept.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.path.cmp(&b.path)));
    Ok(Some(Listed { kept, limit_bytes: cache.limit_bytes() }))
}

/// Removes what was not used for `unused`. What a run is copying stays; a run that has its copy needs it no more.
///
/// # Errors
/// When the cache cannot be opened or locked.
pub fn clear(root: &Path, unused: Duration) -> Result<Cleared, TopologyError> {
    let mut cleared = Cleared::default();
    if !root.exists() {
        return Ok(cleared);
    }
    let cache = Cache::open(root)?;
    let is_old = |entry: &Entry| is_unused(entry.used, unused);
    for (entry, removed) in cache.remove_all(cache.entries().into_iter().filter(is_old).collect())? {
        match removed {
            Removed::Yes => cleared.removed.push(shown(&entry)),
            Removed::InUse => cleared.in_use.push(shown(&entry)),
            Removed::Gone if entry.path.exists() => cleared.stayed.push(shown(&entry)),
            Removed::Gone => {}
        }
    }
    Ok(cleared)
}

/// Whether the last use is so long ago. What was used in the future, by a clock that was set, counts as used now.
#[must_use]
pub fn is_unused(used: SystemTime, unused: Duration) -> bool {
    used.elapsed().unwrap_or_default() >= unused
}

fn shown(entry: &Entry) -> Kept {
    Kept {
        kind: entry.kind,
        about: entry.about.clone(),
        bytes: entry.bytes,
        made: entry.made,
        used: entry.used,
        in_use: cache::in_use(entry),
        path: entry.path.clone(),
    }
}
