//! What is kept between runs: clusters made by `initdb`, and loaded datasets, as data folders of stopped servers.
//!
//! An entry appears whole, by a rename, and never changes; several dbbench may read, add and remove entries at the same
//! time. Who reads one holds a lock on it, and what is locked is not removed. No server runs here, so the folder is dbbench's
//! user's alone. What people see of it is in [`super::kept`].

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytesize::ByteSize;
use sha2::{Digest, Sha256};

use super::account::Account;
use super::copy::{copy_file, copy_tree};
use super::error::{Doing, TopologyError};
use super::folders::{self, PrivateFolder};

/// What all entries together may take, unless `$DBBENCH_CACHE_LIMIT` says otherwise.
const DEFAULT_LIMIT: ByteSize = ByteSize::gib(8);
/// The variable that says otherwise.
const LIMIT: &str = "DBBENCH_CACHE_LIMIT";
/// Holds the entry's size; its time of change is the time of the last use. Locked, shared, while the entry is read.
const SIZE: &str = "size";
/// What the entry is, in words.
const ABOUT: &str = "about";
/// Names the boot of the machine in which the entry was made: until then the kernel's memory has what the disk may not.
const BOOT: &str = "boot";
/// Is there once the disk has all of the entry.
const DURABLE: &str = "durable";

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A fresh cluster.
    Template,
    /// A cluster with a loaded dataset.
    Dataset,
}

/// An entry, as it is found.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
    pub(super) about: String,
    pub(super) bytes: u64,
    pub(super) made: SystemTime,
    pub(super) used: SystemTime,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Template, Self::Dataset];

    fn folder(self) -> &'static str {
        match self {
            Self::Template => "templates",
            Self::Dataset => "datasets",
        }
    }
}

/// The name of an entry: a hash over everything that makes it what it is.
pub(super) fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With their lengths, so that no two lists of parts run together.
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What all entries together may take, bytes.
///
/// # Errors
/// [`TopologyError::BadVariable`] when the variable is set to what is no size: a disk is not to be filled by a typing error.
pub fn cache_limit_bytes() -> Result<u64, TopologyError> {
    limit(std::env::var_os(LIMIT).map(|value| value.to_string_lossy().into_owned()))
}

fn limit(value: Option<String>) -> Result<u64, TopologyError> {
    // As for other variables: what is empty says nothing.
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(DEFAULT_LIMIT.as_u64()) };
    match value.parse::<ByteSize>() {
        Ok(limit) => Ok(limit.as_u64()),
        Err(_) => {
            Err(TopologyError::BadVariable { name: LIMIT, value, rule: "it is a size, for example 8GiB or 500MB" })
        }
    }
}

/// The cache of this user.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    root: PathBuf,
    limit_bytes: u64,
}

impl Cache {
    /// Opens or makes the cache in `root`, and removes what a crash left in it.
    pub(super) fn open(root: &Path) -> Result<Self, TopologyError> {
        for folder in [root.to_path_buf()].into_iter().chain(Kind::ALL.map(|kind| root.join(kind.folder()))) {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.doing_to("create", &folder)?;
        }
        let metadata = fs::metadata(root).doing_to("open", root)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return Err(TopologyError::Unusable {
                what: format!("the cache {}", root.display()),
                reason: "other users can write to it".into(),
                remedy: "name another folder in DBBENCH_CACHE_DIR".into(),
            });
        }
        folders::sweep(root, None);
        Ok(Self { root: root.to_path_buf(), limit_bytes: cache_limit_bytes()? })
    }

    fn entry(&self, kind: Kind, key: &str) -> PathBuf {
        self.root.join(kind.folder()).join(key)
    }

    /// Held by who removes entries: so that two do not both make room for the same.
    fn lock_file(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.root.join("lock"))
    }

    /// What all entries together may take.
    pub(super) fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Copies an entry into `folder` as `data` and `pgpass`, owned by `owner`. Returns whether there is one.
    pub(super) fn fetch(
        &self,
        kind: Kind,
        key: &str,
        folder: &Path,
        owner: Option<&Account>,
    ) -> Result<bool, TopologyError> {
        let entry = self.entry(kind, key);
        let doing = || format!("copy {} to {}", entry.display(), folder.display());
        let Some(_held) = hold(&entry).doing(doing)? else { return Ok(false) };
        if !is_whole(&entry) {
            self.discard(&entry);
            return Ok(false);
        }
        copy_tree(&entry.join("data"), &folder.join("data"), owner, &|_| false).doing(doing)?;
        copy_file(&entry.join("pgpass"), &folder.join("pgpass"), owner).doing(doing)?;
        // Only the order of eviction depends on it.
        let _ =
            File::options().write(true).open(entry.join(SIZE)).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(true)
    }

    /// Keeps `data` and `pgpass` of `folder`, of a server that is stopped; `skip` takes files out, `about` says in words what it
    /// is. Older entries go, if that is needed to stay within the limit. What is there already stays as it is.
    pub(super) fn store(
        &self,
        kind: Kind,
        key: &str,
        about: &str,
        folder: &Path,
        skip: &dyn Fn(&Path) -> bool,
    ) -> Result<(), TopologyError> {
        let target = self.entry(kind, key);
        if target.exists() {
            return Ok(());
        }
        let making = PrivateFolder::create(&self.root, None)?;
        let entry = making.path().join("entry");
        let copy = || -> io::Result<u64> {
            fs::DirBuilder::new().mode(0o700).create(&entry)?;
            let bytes = copy_tree(&folder.join("data"), &entry.join("data"), None, skip)?;
            copy_file(&folder.join("pgpass"), &entry.join("pgpass"), None)?;
            fs::write(entry.join(SIZE), bytes.to_string())?;
            fs::write(entry.join(BOOT), boot_id())?;
            fs::write(entry.join(ABOUT), about)?;
            Ok(bytes)
        };
        let doing = || format!("keep {} in the cache", folder.join("data").display());
        let bytes = copy().doing(doing)?;
        if bytes > self.limit_bytes {
            let limit = ByteSize::b(self.limit_bytes);
            let reason = format!("it takes {}, the cache may take {limit} (DBBENCH_CACHE_LIMIT)", ByteSize::b(bytes));
            return Err(io::Error::other(reason)).doing(doing);
        }
        match fs::rename(&entry, &target) {
            // Another dbbench was faster with the same.
            Err(_) if target.exists() => {}
            other => other.doing(doing)?,
        }
        self.evict(&target);
        make_durable(target);
        Ok(())
    }

    /// Removes an entry; out of sight first, since half an entry must never be found. Returns whether that was possible.
    fn discard(&self, entry: &Path) -> bool {
        let trash = PrivateFolder::create(&self.root, None);
        trash.is_ok_and(|trash| fs::rename(entry, trash.path().join("entry")).is_ok())
    }

    /// Removes the entries that were not used for longest until the rest is within the limit, but none that is being read.
    /// Does nothing while another dbbench removes some: the next store will.
    fn evict(&self, keep: &Path) {
        let Ok(lock) = self.lock_file() else { return };
        if lock.try_lock().is_err() {
            return;
        }
        let mut entries = self.entries();
        entries.sort_by_key(|entry| entry.used);
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        for entry in entries.into_iter().filter(|entry| entry.path != keep) {
            if total <= self.limit_bytes {
                break;
            }
            if self.remove(&entry) == Removed::Yes {
                total -= entry.bytes;
            }
        }
    }

    /// Removes entries one by one, unless they are being read, and says of each what came of it. Waits for others who remove.
    pub(super) fn remove_all(&self, entries: Vec<Entry>) -> Result<Vec<(Entry, Removed)>, TopologyError> {
        let doing = || format!("lock the cache {}", self.root.display());
        let lock = self.lock_file().doing(doing)?;
        lock.lock().doing(doing)?;
        let removed = |entry: Entry| {
            let removed = self.remove(&entry);
            (entry, removed)
        };
        Ok(entries.into_iter().map(removed).collect())
    }

    fn remove(&self, entry: &Entry) -> Removed {
        let Ok(size) = File::open(entry.path.join(SIZE)) else { return Removed::Gone };
        match size.try_lock() {
            Err(TryLockError::WouldBlock) => Removed::InUse,
            // It goes while the lock is held: who waits for it then finds that it is gone.
            _ if self.discard(&entry.path) => Removed::Yes,
            _ => Removed::Gone,
        }
    }

    /// All entries there are.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let of = |kind: Kind| {
            let folder = fs::read_dir(self.root.join(kind.folder()));
            folder.into_iter().flatten().flatten().filter_map(move |found| {
                let path = found.path();
                let size = path.join(SIZE);
                let changed = |file: &Path| fs::metadata(file).and_then(|file| file.modified());
                Some(Entry {
                    kind,
                    about: fs::read_to_string(path.join(ABOUT)).unwrap_or_default(),
                    bytes: fs::read_to_string(&size).ok()?.parse().ok()?,
                    made: changed(&path.join(BOOT)).ok()?,
                    used: changed(&size).ok()?,
                    path,
                })
            })
        };
        Kind::ALL.into_iter().flat_map(of).collect()
    }
}

/// What came of removing an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// It is gone.
    Yes,
    /// A dbbench is reading it.
    InUse,
    /// It was gone already, or cannot be moved away.
    Gone,
}

/// Holds an entry: it is not removed as long as the file is open. `None` when there is none.
fn hold(entry: &Path) -> io::Result<Option<File>> {
    let size = entry.join(SIZE);
    let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    loop {
        let file = match File::open(&size) {
            Err(error) if missing(&error) => return Ok(None),
            file => file?,
        };
        file.lock_shared()?;
        // Until the lock was there it could be removed, and made anew.
        match fs::metadata(&size) {
            Err(error) if missing(&error) => return Ok(None),
            now => {
                let (now, then) = (now?, file.metadata()?);
                if (now.dev(), now.ino()) == (then.dev(), then.ino()) {
                    return Ok(Some(file));
                }
            }
        }
    }
}

/// Whether a dbbench is reading an entry.
pub(super) fn in_use(entry: &Entry) -> bool {
    File::open(entry.path.join(SIZE)).is_ok_and(|size| matches!(size.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Whether no crash of the machine can have damaged the entry.
fn is_whole(entry: &Path) -> bool {
    entry.join(DURABLE).exists() || fs::read_to_string(entry.join(BOOT)).is_ok_and(|boot| boot == boot_id())
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Has the entry written to disk in the background, then marks it. Nobody waits: without the mark it is used until the
/// machine is started anew, and made again after that.
fn make_durable(entry: PathBuf) {
    let work = move || {
        let synced = File::open(&entry).and_then(|file| Ok(rustix::fs::syncfs(file)?));
        // An entry that was discarded meanwhile needs no mark.
        let _ = synced.and_then(|()| File::create_new(entry.join(DURABLE)));
    };
    let _ = std::thread::Builder::new().name("cache-sync".into()).spawn(work);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn cluster(bytes: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("data")).expect("a folder");
        fs::write(folder.path().join("data/file"), vec![1; bytes]).expect("a file");
        fs::write(folder.path().join("pgpass"), "*:*:*:postgres:x\n").expect("a file");
        folder
    }

    fn cache(root: &Path, limit_bytes: u64) -> Cache {
        Cache { limit_bytes, ..Cache::open(&root.join("cache")).expect("opened") }
    }

    #[test]
    fn what_is_stored_is_fetched_once_it_is_whole() {
        let root = tempfile::tempdir().expect("a folder");
        let cache = cache(root.path(), 1_000_000);
        let (from, to) = (cluster(1000), tempfile::tempdir().expect("a folder"));
        let key = key(&["a", "b"]);
        assert!(!cache.fetch(Kind::Dataset, &key, to.path(), None).expect("no error"));
        cache.store(Kind::Dataset, &key, "", from.path(), &|_| false).expect("stored");
        cache.store(Kind::Dataset, &key, "", from.path(), &|_| false).expect("there already");
        assert!(!cache.fetch(Kind::Template, &key, to.path(), None).expect("no error"));
        assert!(cache.fetch(Kind::Dataset, &key, to.path(), None).expect("fetched"));
        assert_eq!(fs::read(to.path().join("data/file")).expect("there"), vec![1; 1000]);
        let rest: Vec<_> =
            fs::read_dir(root.path().join("cache")).expect("there").flatten().map(|e| e.file_name()).collect();
        assert_eq!(rest.len(), 3, "templates, datasets, the lock of who removes, and nothing half made: {rest:?}");
    }

    #[test]
    fn the_longest_unused_goes_first_and_too_much_is_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let cache = cache(root.path(), 2500);
        for (at, name) in ["first", "second", "third"].into_iter().enumerate() {
            cache.store(Kind::Dataset, name, "", cluster(1000).path(), &|_| false).expect("stored");
            if name == "second" {
                let to = tempfile::tempdir().expect("a folder");
                assert!(cache.fetch(Kind::Dataset, "first", to.path(), None).expect("fetched"), "used {at}");
            }
            std::thread::sleep(Duration::from_millis(15));
        }
        let there = ["first", "second", "third"].map(|name| cache.entry(Kind::Dataset, name).exists());
        assert_eq!(there, [true, false, true]);
        let error = cache.store(Kind::Dataset, "big", "", cluster(3000).path(), &|_| false).expect_err("too big");
        assert!(std::error::Error::source(&error).expect("a reason").to_string().contains("DBBENCH_CACHE_LIMIT"));
    }

    #[test]
    fn a_limit_that_is_no_size_is_refused() {
        let limit = |text: &str| limit(Some(text.to_owned())).map_err(|error| error.to_string());
        assert_eq!((limit("500MB"), limit("8 GiB"), limit("0")), (Ok(500_000_000), Ok(8 << 30), Ok(0)));
        for wrong in ["500 megs", "half", "-1"] {
            let error = limit(wrong).expect_err("no size");
            assert!(
                error.contains(&format!("$DBBENCH_CACHE_LIMIT = \"{wrong}\"")) && error.contains("8GiB"),
                "{error}"
            );
        }
        assert_eq!([super::limit(None).ok(), limit("").ok()], [Some(DEFAULT_LIMIT.as_u64()); 2]);
    }

    #[test]
    fn what_a_crash_of_the_machine_may_have_damaged_is_discarded() {
        let root = tempfile::tempdir().expect("a folder");
        let cache = cache(root.path(), 1_000_000);
        cache.store(Kind::Template, "key", "", cluster(10).path(), &|_| false).expect("stored");
        let entry = cache.entry(Kind::Template, "key");
        let begin = std::time::Instant::now();
        while !entry.join(DURABLE).exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the disk is slow");
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::write(entry.join(BOOT), "another boot").expect("a file");
        let fetch = || {
            let to = tempfile::tempdir().expect("a folder");
            cache.fetch(Kind::Template, "key", to.path(), None).expect("no error")
        };
        assert!(fetch());
        fs::remove_file(entry.join(DURABLE)).expect("a file");
        assert!(!fetch());
        assert!(!entry.exists());
    }

    #[test]
    fn what_is_being_read_is_not_removed() {
        let root = tempfile::tempdir().expect("a folder");
        let cache = cache(root.path(), 2500);
        for name in ["read", "other"] {
            cache.store(Kind::Dataset, name, "made for tests", cluster(1000).path(), &|_| false).expect("stored");
            std::thread::sleep(Duration::from_millis(15));
        }
        let held = hold(&cache.entry(Kind::Dataset, "read")).expect("no error").expect("there");
        let all = cache.entries();
        assert_eq!(
            all.iter().map(|entry| (entry.bytes, entry.about.as_str())).collect::<Vec<_>>(),
            [(1000, "made for tests"); 2]
        );
        let came = |cache: &Cache| {
            let all = cache.remove_all(cache.entries()).expect("locked");
            let name = |entry: &Entry| entry.path.file_name().expect("a name").to_string_lossy().into_owned();
            all.iter().map(|(entry, removed)| (name(entry), *removed)).collect::<Vec<_>>()
        };
        // It is the longest unused, and stays when room is made.
        cache.store(Kind::Dataset, "third", "", cluster(1000).path(), &|_| false).expect("stored");
        let there = ["read", "other", "third"].map(|name| cache.entry(Kind::Dataset, name).exists());
        assert_eq!(there, [true, false, true]);
        let mut first = came(&cache);
        first.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(first, [("read".to_owned(), Removed::InUse), ("third".to_owned(), Removed::Yes)]);
        drop(held);
        assert_eq!(came(&cache), [("read".to_owned(), Removed::Yes)]);
        assert!(hold(&cache.entry(Kind::Dataset, "read")).expect("no error").is_none());
    }

    #[test]
    fn who_waited_for_an_entry_that_went_finds_none() {
        let root = tempfile::tempdir().expect("a folder");
        let cache = cache(root.path(), 1_000_000);
        cache.store(Kind::Dataset, "key", "", cluster(10).path(), &|_| false).expect("stored");
        let entry = cache.entry(Kind::Dataset, "key");
        let size = File::open(entry.join(SIZE)).expect("there");
        size.lock().expect("free");
        let waiting = std::thread::spawn({
            let entry = entry.clone();
            move || hold(&entry).expect("no error").is_some()
        });
        std::thread::sleep(Duration::from_millis(30));
        assert!(cache.discard(&entry));
        drop(size);
        assert!(!waiting.join().expect("ended"), "it holds what is gone");
    }

    #[test]
    fn keys_differ_where_parts_do() {
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["a"]).len(), 32);
    }
}
