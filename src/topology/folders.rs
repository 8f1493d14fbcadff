//! Where things lie: the cache, and the private folders of running servers, which never outlive dbbench for long.
//!
//! A private folder holds a lock file, locked by its dbbench as long as that lives; what a crash of the machine left
//! behind is recognized by the lock being free, and removed by the next start.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::Account;
use super::error::{Doing, TopologyError};
use super::{processes, reaper, shared_memory};

const PREFIX: &str = "dbb-";
const LOCK: &str = "lock";
/// Names the shared memory object through which all that a killed server would leave is found.
pub(super) const SHARED_MEMORY: &str = "shm";
/// A folder that never got its lock file is somebody's only for a moment.
const UNLOCKED_AGE: Duration = Duration::from_secs(600);
/// What the name of a Unix socket may have, its folder included.
const SOCKET_LIMIT: usize = 107;

/// A folder of this process alone (and of the servers' user), removed when dropped, by the reaper, or by a later start.
#[derive(Debug)]
pub(super) struct PrivateFolder {
    path: PathBuf,
    _lock: File,
}

impl PrivateFolder {
    /// Makes one in `parent`, 0700, owned by `owner` or by dbbench's user.
    pub(super) fn create(parent: &Path, owner: Option<&Account>) -> Result<Self, TopologyError> {
        let parent = parent.canonicalize().doing_to("open", parent)?;
        let path = parent.join(format!("{PREFIX}{}", &random_hex()?[..6]));
        // The reaper first: from the first moment on nothing is left behind.
        reaper::register(&path)?;
        if let Err(error) = fs::DirBuilder::new().mode(0o700).create(&path).doing_to("create", &path) {
            // What is there already is somebody else's.
            reaper::forget(&path);
            return Err(error);
        }
        let made = Self::fill(&path, owner);
        if made.is_err() {
            let _ = fs::remove_dir_all(&path);
            reaper::forget(&path);
        }
        Ok(Self { _lock: made?, path })
    }

    fn fill(path: &Path, owner: Option<&Account>) -> Result<File, TopologyError> {
        // Locked under another name first: a lock file that can be locked always is a dead one's.
        let (new, lock) = (path.join("lock.new"), path.join(LOCK));
        let file = File::create_new(&new).doing_to("create", &new)?;
        file.lock().doing_to("lock", &new)?;
        fs::rename(&new, &lock).doing_to("rename", &new)?;
        if let Some(owner) = owner {
            chown(path, Some(owner.uid), Some(owner.gid)).doing_to("change the owner of", path)?;
        }
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        clean(std::slice::from_ref(&self.path));
        reaper::forget(&self.path);
    }
}

/// Ends what works in `folders` and removes them.
pub(super) fn clean(folders: &[PathBuf]) {
    processes::end_all(folders);
    for folder in folders {
        let list = folder.join(SHARED_MEMORY);
        if let (Ok(names), Ok(metadata)) = (fs::read_to_string(&list), fs::symlink_metadata(&list)) {
            shared_memory::remove(&names, metadata.uid());
        }
        // Again if a dying process wrote meanwhile; what then is left, the next start finds.
        for _ in 0..3 {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => std::thread::sleep(Duration::from_millis(20)),
                _ => break,
            }
        }
    }
}

/// Removes the private folders in `parent` whose dbbench is gone.
pub(super) fn sweep(parent: &Path, owner: Option<&Account>) {
    let Ok(parent) = parent.canonicalize() else { return };
    let my_uid = rustix::process::geteuid().as_raw();
    let is_ours = |path: &Path| {
        let Ok(metadata) = fs::symlink_metadata(path) else { return false };
        metadata.is_dir() && (metadata.uid() == my_uid || owner.is_some_and(|owner| metadata.uid() == owner.uid))
    };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) && is_ours(&path) && is_dead(&path) {
            clean(&[path]);
        }
    }
}

fn is_dead(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => {
            let age =
                fs::metadata(folder).and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
            age.is_some_and(|age| age > UNLOCKED_AGE)
        }
    }
}

/// Where private folders of servers are made: `$DBBENCH_RUN_DIR`, else `/var/tmp` (usually a disk, while `/tmp` may be
/// memory), else the folder for temporary files.
///
/// # Errors
/// When no server could live there: its path is too long for sockets, or `owner` cannot enter it.
pub fn run_root(owner: Option<&Account>) -> Result<PathBuf, TopologyError> {
    let named = std::env::var_os("DBBENCH_RUN_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || Some(PathBuf::from("/var/tmp")).filter(|path| path.is_dir()).unwrap_or_else(std::env::temp_dir);
    let root = named.unwrap_or_else(usual);
    let root = root.canonicalize().doing_to("open", &root)?;
    let unusable = |reason: String| {
        let remedy = "name another folder in DBBENCH_RUN_DIR".into();
        Err(TopologyError::Unusable { what: format!("the folder for servers {}", root.display()), reason, remedy })
    };
    let socket = root.join(format!("{PREFIX}123456")).join(".s.PGSQL.65535");
    if socket.as_os_str().len() > SOCKET_LIMIT {
        return unusable(format!(
            "its path is too long for Unix sockets (limit {SOCKET_LIMIT} with the socket's name)"
        ));
    }
    if let Some(owner) = owner
        && let Some(closed) = root.ancestors().find(|folder| !may_enter(folder, owner))
    {
        return unusable(format!("user {} cannot enter {}", owner.name, closed.display()));
    }
    Ok(root)
}

fn may_enter(folder: &Path, user: &Account) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| {
        let bit = if metadata.uid() == user.uid {
            0o100
        } else if metadata.gid() == user.gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & bit != 0
    })
}

/// Where templates, datasets and calibrations are kept: `$DBBENCH_CACHE_DIR`, for root `/var/cache/dbbench`, else
/// `$XDG_CACHE_HOME/dbbench` or `~/.cache/dbbench`. No server runs in it. `None` without a home folder.
#[must_use]
pub fn cache_root() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = variable("DBBENCH_CACHE_DIR") {
        return Some(named);
    }
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/cache/dbbench"));
    }
    variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache"))).map(|base| base.join("dbbench"))
}

/// 128 random bits from the kernel, in hexadecimal.
pub(super) fn random_hex() -> Result<String, TopologyError> {
    let mut bytes = [0; 16];
    let read = File::open("/dev/urandom").and_then(|mut source| io::Read::read_exact(&mut source, &mut bytes));
    read.doing(|| "read /dev/urandom".into())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_whose_owner_is_gone_are_swept() {
        let root = tempfile::tempdir().expect("a folder");
        let [dead, alive, fresh, other] = ["dbb-dead", "dbb-alive", "dbb-fresh", "other"].map(|name| {
            fs::create_dir(root.path().join(name)).expect("a folder");
            root.path().join(name)
        });
        for folder in [&dead, &alive, &other] {
            fs::write(folder.join(LOCK), "").expect("a file");
        }
        let held = File::open(alive.join(LOCK)).expect("there");
        held.lock().expect("free");
        sweep(root.path(), None);
        assert_eq!([dead, alive, fresh, other].map(|path| path.exists()), [false, true, true, true]);
    }

    #[test]
    fn a_private_folder_is_private_locked_and_removed() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = PrivateFolder::create(root.path(), None).expect("created");
        let path = folder.path().to_path_buf();
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o700);
        sweep(root.path(), None);
        assert!(path.exists());
        fs::create_dir(path.join("data")).expect("a folder");
        drop(folder);
        assert!(!path.exists());
    }
}
